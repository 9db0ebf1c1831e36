# Copyright 2026 The streamo_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What the sentry can be asked in free words: many words for each skill, and for other tasks."""

from dataclasses import replace

from streamo_ros.worlds.sentry_topics import CLAUSES
from streamo_ros.worlds.spoken import Speech

_ONE = 'something|anything|someone|anyone|somebody|anybody|an object|a thing|some object|a person'
_BODY = 'someone|somebody|anyone|anybody|a person|a visitor|a stranger|someone or other'

_SPEECH = {
    'start': Speech(
        (f'({_ONE}) (starts moving|starts to move|begins to move|gets moving|stirs|budges|gets'
         ' going|sets off|sets itself in motion|comes alive|starts up|makes a move|begins to stir'
         '|moves|moves at all|no longer stands still|does not stay where it is|starts to shift)',
         '(something|an object|a thing) (that stood still|at rest|that was still|motionless'
         ' before)'
         ' (starts moving|moves|begins to move|gets going|stirs)',
         '(there is|you see|you notice|you spot|you detect|you catch|I get) (any|some|the first'
         '|the'
         ' slightest|even a little|sudden|fresh) (movement|motion|stir|sign of movement)',
         '(movement|motion|activity|the action|moving) (sets in|starts up|picks up|begins|starts'
         '|is under way|kicks off)',
         '(the scene|the picture|the room|the place|this place|the view) (comes to life|gets'
         ' lively'
         '|stops being still|is no longer still|is not still any more|wakes up|gets busy)',
         'the (stillness|calm|quiet|rest) (ends|is over|is broken|gets disturbed)',
         'things (start|begin) (to move|moving|to happen)', 'it (starts|begins) to move',
         'anything at all is moving', 'one of the things gets moving',
         '(a man|a woman|a dog|a car|a worker) or (anything else|whatever else) (starts moving'
         '|gets going)',
         '(a box|a ball|a robot|a cart) or (anything else|whatever else) (begins to move|starts'
         ' to move)',
         '(any person|any animal|any vehicle|any object|any figure) in the shot (begins to stir'
         '|gets moving)',
         '(a man|a woman|somebody|one of the workers) (starts walking|begins to walk|starts to'
         ' pace about)',
         'something that (was standing|has been still|was parked|lay there) (is moving now|is'
         ' in motion now)',
         '(scene motion|object motion|motion in the scene) (is detected|sets in|begins|has been'
         ' detected|is registered)',
         '(movement in the room|movement in the scene) (is picked up|gets detected|is noticed'
         '|gets under way)',
         '(a motion detector|a motion trigger|a motion sensor) (would fire|would go off|would'
         ' trip)',
         'the (motion level|motion score|object velocity) (rises from zero|is no longer zero'
         '|goes above zero)',
         'the position of (some object|a thing|somebody) (starts to change|begins to change)',
         'an object (is shifted from where it lay|shifts from its resting place|is pushed along'
         '|is dragged along)',
         'the (state|scene|picture) (changes|goes|switches|passes) from (still|static|idle) to'
         ' moving',
         'the (scene|picture|shot) (is no longer static|is not static any more|ceases to be'
         ' static)',
         'the (footage|feed|stream|video) (stops looking like a photo|no longer looks like a'
         ' photo)',
         'the (footage|feed|stream|video|shot) shows (the first movement|some movement|things'
         ' in motion)',
         'you (see|notice|catch|observe|register|pick out) (somebody|something) (moving|on the'
         ' move|stirring)',
         '(I|we) (could see|can see|would see) (something|somebody) move on the (screen|monitor)',
         'there has been (some|a bit of|the least) (movement|motion|stirring) (on screen|in the'
         ' shot|out there)',
         'there is (a bit of|the least bit of) (movement|motion) (in the feed|in the footage'
         '|among them)',
         'not everything (stands still any more|is at rest any longer|keeps still any longer|is'
         ' still now)',
         "(somebody|something) (won't keep still any more|is not at rest any longer|is no"
         ' longer motionless)',
         '(somebody|something|anything) (has begun to move|has started to move|has got moving'
         '|has stirred)',
         '(somebody|something|anybody) no longer (holds still|stays put|sits still|stays'
         ' motionless|keeps still)',
         'something (twitches|wiggles|wriggles|quivers|shuffles|lurches|creeps|hops|sways|rolls'
         '|slides)',
         '(somebody|a person|one of them) (fidgets|shuffles|paces|sways|stirs|takes a step'
         '|moves a limb)',
         '(something|an object|one of the objects|a toy) (has been set in motion|gets set in'
         ' motion|is set going)',
         '(someone|somebody) (breaks the stillness|ends the standstill|unfreezes|moves after'
         ' standing still)',
         '(they|the people in there|the figures) (start moving|begin to move|get moving|are on'
         ' the move)',
         '(the objects|the things in there|things out there) (begin to move|are in motion|start'
         ' to shift)',
         'the first (thing|one|of them) (moves|stirs|gets going|budges|makes a move)',
         '(the scene|it) goes from (rest|stillness|a standstill) to (motion|movement)',
         "(something's|somebody's|someone's|anything's) (moving|on the move|stirring|in motion)",
         '(something|anything) (in there|in the room|out there|over there) (moves|stirs|is'
         ' moving|has moved)',
         '(the camera records|the camera sees|the lens catches) (a first stir|some movement'
         '|motion after the calm)',
         '(action|activity|motion|movement) (breaks out|resumes|starts again|starts afresh|is'
         ' resumed)',
         'the (belt|line|machine|traffic) or whatever else (starts running|begins to run|gets'
         ' going)',
         '(a movement|some motion|some movement) (has begun|occurs|takes place|becomes visible'
         '|can be seen)',
         '(what|whatever) (stood still|lay still|was at rest) (starts moving|is moving now'
         '|moves again)',
         '(the standstill|the pause|the waiting) (is over and things move|ends and something'
         ' moves)',
         '(somebody|something) is not (so still|as still as before|standing still|motionless)'
         ' any more'),
        ('(any|the first|the slightest|sudden|all|fresh) (movement|motion|sign of movement|stir)',
         '(something|someone|an object|a thing) (starting to move|getting going|that begins to'
         ' move'
         '|beginning to move)', 'the (start|beginning|onset) of (any motion|a movement|movement)',
         'a thing (set|put) in motion', 'activity',
         '(motion|movement) (of any kind|in the scene|in the room|in your view|on screen|of any'
         ' object)',
         '(anything that|whatever) (moves|starts to move|begins to stir|gets going)',
         '(anyone who|whoever) (moves|starts to move|begins to walk|does not keep still)',
         '(a|any|the first) (twitch|wiggle|stirring|shuffle|flicker of movement)',
         '(the change|a transition|the passage) from (rest|stillness) to (motion|movement)',
         '(a motion event|a motion trigger|a detection of motion|motion onset|scene motion)',
         '(a man|a dog|a car|a box|a robot) or whatever else (starting to move|that starts to'
         ' move)',
         '(motion|movement) after (a pause|stillness|a rest|a calm spell)',
         'moving (things|objects|people|figures)'),
        ('nothing should move in here', 'this has to stay still', 'the machine is switched off',
         'everything ought to stand still', 'I am waiting for the belt to run',
         'they are about to set off', 'the cat is asleep', 'the shop is closed',
         'no one should be up at this hour', 'the experiment has not begun yet',
         'I have set a trap', 'the queue has been standing for ages',
         'the patient ought to lie still',
         'the line has been idle since noon',
         'I want to catch the first frame of motion',
         'nothing is supposed to run before eight',
         'the robot arm should be parked',
         'the baby is fast asleep',
         'they are playing statues',
         'the race starts any minute',
         'the model has to sit still'),
        ('(tell me|shout) (at|upon) the first (sign of life|movement|twitch)',
         'motion detector(, please| on|: speak when triggered)',
         'it is all still now. (Tell me|Say so|Shout) when that changes',
         '(anything|something) moving? Tell me when it starts',
         'motion! (That is what I want to hear about|Tell me at once when there is some)',
         'if it moves, (tell me|shout|say so|I want to know)',
         '(call|report|flag|log) any motion(, please|, at once|)',
         'they stand like statues. (Tell me|Say so|Call) when one (moves|stirs|gets going)',
         'it looks like a photo now. (Tell me|Say so|Shout) when (it comes alive|something stirs)',
         'motion detection(, please| on|: report each onset|: alert at the onset)',
         'who moves first? (Tell me|Say so) when somebody does',
         'on motion( start|): (alert|notify me|say so|report)',
         'nobody move! (Tell me|Say so|Shout) if (someone|anybody|anything) does',
         'do you see anything move? (Tell me|Say so|Speak) when you do')),
    'stop': Speech(
        (f'({_ONE}|it|whatever moves) (stops moving|comes to rest|comes to a halt|halts|stands'
         ' still again|settles|comes to a standstill|stops|has stopped|is at rest again'
         '|stops in its tracks|is done moving|freezes|ceases to move|calms down)',
         '(everything|everyone|all of it|the whole scene|all) (is still|stands still|stops moving'
         '|has come to rest|is at rest|is quiet again|has settled|comes to a halt|holds still'
         '|is calm again|stops|freezes)',
         '(nothing|no one|nobody|not a thing) (moves any longer|is moving any more|moves any more'
         '|stirs any more|is in motion any more|stirs any longer)',
         '(the movement|all movement|the motion|any motion|the activity|the hustle|moving)'
         ' (dies down|is over|comes to an end|ceases|has ended|stops|subsides|ends|fades out)',
         '(the scene|the picture|the room|the view|the place) (is still once more|calms down'
         '|becomes still|goes still|settles down|comes to rest|falls still|is quiet again)',
         'there is no (more movement|motion left|movement any more|more motion)',
         'stillness returns', 'calm (returns|sets in)', 'things (settle down|come to rest)',
         '(a man|a woman|a dog|a worker) or whatever else moves (stops moving|stands still'
         '|halts|comes to rest)',
         '(a car|a ball|a box|a robot) or whatever else moves (comes to a halt|stops|has come'
         ' to rest)',
         '(scene motion|object motion|motion in the scene) (has ended|is no longer detected'
         '|drops to zero|ceases)',
         '(movement in the scene|movement in the room) (dies away|has ceased|stops|is at an end'
         '|has stopped)',
         'the (motion level|motion score|object velocity) (drops to zero|is zero again|falls'
         ' back to zero)',
         'no (motion|movement) (is detected any more|is seen any more|can be seen any longer'
         '|remains|is left)',
         'the (state|scene|picture) (goes|changes|switches|passes) from moving to (still|static'
         '|idle)',
         'the (scene|picture|shot) (becomes static|is static again|turns static|turns into a'
         ' still life)',
         'the (footage|feed|stream|video) (could be taken for a photo|looks like a photo|shows'
         ' no more motion)',
         'you (see|notice|observe|register|pick up) no (more movement|motion any more|further'
         ' motion)',
         '(I|we) see nothing move on the (screen|monitor) (any more|any longer)',
         'not (a thing|a muscle|one thing|one of them) (moves any more|stirs any longer|is'
         ' moving any more)',
         '(everybody|everyone|each of them) (has stopped moving|holds still|freezes on the spot'
         '|has halted)',
         'the last (thing|mover|of them|one still moving) (stops|halts|comes to rest|has'
         ' stopped|settles)',
         '(they|the people in there|the figures) (stop moving|stand still|have stopped moving'
         '|hold still|freeze)',
         '(the objects|the things in there|the parts) (stop moving|lie still|have come to rest'
         '|no longer move)',
         '(movement|motion|moving) (is done|has come to an end|peters out|tails off|grinds to a'
         ' halt)',
         '(the action|the commotion|the bustle|the running about) (is over|dies down|stops|has'
         ' died down)',
         '(it|all|everything) (has gone still|has fallen still|is motionless|has come to a'
         ' standstill)',
         '(whatever|whoever|anything that) (was moving|moved before) (stops|comes to rest|is'
         ' still now)',
         '(something|somebody|someone) (no longer moves|does not move any more|has quit moving'
         '|stays put)',
         "(something|somebody|someone) (isn't moving any more|stops where it is|is not on the"
         ' move any more)',
         '(something|someone) (stalls|slows to a standstill|slows down and stops|goes no'
         ' further|pauses)',
         'the (belt|line|machine|traffic) or whatever else moved (stops|comes to a standstill'
         '|stands still)',
         '(stillness|a total halt|quiet|a standstill) (is reached|has set in|is restored'
         '|settles on the scene)',
         '(the scene|it) goes from (motion|movement) to (rest|stillness|a standstill)',
         'things (have calmed down|have settled|have stopped moving|are still again|are at rest'
         ' again)',
         'there is (not a stir|not a twitch|no stir|no movement) (any longer|in the shot any'
         ' more)',
         'there is nothing (moving|in motion|on the move|stirring) (any more|any longer|in the'
         ' shot any more)',
         'the whole (place|room|scene|shot) (has come to a standstill|is motionless|is without'
         ' motion|freezes)',
         'you (get|have) (a motionless scene|stillness|a scene without motion) (at last|again'
         '|once more)',
         '(the camera|the lens) (sees|records|catches) (no more movement|no motion any more)',
         '(somebody|the person|the man|the woman) (stops dead|stands stock-still|freezes in'
         ' place)',
         '(the movement|the motion) (has been|gets|is) (brought to a halt|brought to an end'
         '|halted)',
         'the (moving|walking|rolling|running about) (has stopped|comes to an end|is over|stops)',
         '(the dust has settled|the fuss is over|the game is over) and (nothing moves|all stand'
         ' still)',
         '(all of them|both of them|the lot of them) (stand still|have come to rest|have'
         ' stopped moving)',
         'everything (in there|in the room|out there|on screen) (is still|has stopped|holds'
         ' still|is at rest)',
         '(somebody|something) that (was moving|was on the move) (has stopped|does not move now'
         '|stands still)'),
        ('the end of (all|any|the) (movement|motion|activity)', 'stillness',
         '(everything|something|the last thing) coming to (rest|a stop|a halt|a standstill)',
         'a (standstill|halt|stop)', 'movement that ends', '(the moment of|a return to) (rest'
         '|calm)',
         '(a complete|a full|a total|a sudden) (standstill|halt|stop)',
         '(an end to|a stop to|the end of) (the moving about|the bustle|the movement|what moves)',
         '(the change|a transition|the passage) from (motion|movement) to (rest|stillness)',
         '(anything|someone|whatever moves) (that comes to rest|coming to rest|that stops'
         ' moving|stopping)',
         '(a motionless|a static) (scene|picture) (after all the movement|again)',
         '(the last|the final) (step|move|movement|twitch)',
         '(the stop of all motion|the end of scene motion|motion offset|the end of motion)',
         'a return of (stillness|calm|quiet)',
         '(a car|a man|a dog|a box|a robot) or whatever else moves (coming to rest|that stops)'),
        ('I need a steady picture', 'I can only measure when nothing'
        ' moves', 'they never stand still',
         'the belt ought to come to rest soon', 'I want to come in when it is quiet',
         'it has to be calm before I start', 'the dancers will be done in a minute',
         'the line must not stop', 'I am waiting for the swing to settle',
         'I must not open the door while they move',
         'a blurred photo is useless',
         'the parts have to settle before I count them',
         'I am timing how long they keep going',
         'the dance will be over soon',
         'the mixer should run down by itself',
         'the toddler tires soon',
         'a jam on the line costs us money'),
        ('(tell me|say so|speak) once (all is quiet|all is still|it is all calm) again',
         'wait for stillness, then (tell me|speak|say so)',
         'is it all still? (Say so|Tell me) as soon as it is',
         'is all calm in there yet? (Tell me|Say so|Speak) when nothing moves any more',
         'they are running about. (Tell me|Say so|Call) when they stand still',
         '(once|when) motion stops: (alert|say so|notify me)',
         'freeze, all of you! (Tell me|Say so) when (they have|all of them do)',
         'standstill alarm(, please| on|: speak at each standstill)',
         'motion over? (Tell me|Say so|Report)(, please|)',
         'idle detection(, please| on|: report when the scene goes idle|: report when motion is'
         ' over)',
         'nothing moving any more? (Say so|Tell me|Report it)',
         'they will tire. (Tell me|Say so) when (they stop|it is over) and all is still',
         'something is moving now. (Tell me|Say so|Shout) when it stops',
         'on motion end: (alert|notify me|say so|report)')),
    'enter': Speech(
        (f'({_BODY}|something|anything|an object|somebody new) (comes into view|comes into the'
         ' picture|enters the scene|walks in|shows up|turns up|appears|comes in|steps in|arrives'
         '|gets into the frame|enters|enters the room|comes along|comes by|moves into the frame'
         '|pops up|makes an appearance|drops in|walks into the picture|gets into the picture'
         '|comes in from the side|strolls in|moves in|rolls in|is coming in|joins the scene)',
         '(there is|we have|I have|you see|you spot|here comes|in comes) (a visitor|a newcomer'
         '|company|somebody new|someone new|something new|an arrival|an intruder|a new arrival)',
         '(a visitor|a newcomer|a guest|a stranger|an intruder|a new thing|company|another one)'
         ' (arrives|comes in|appears|shows up|turns up|is there|comes into sight|gets here)',
         '(someone|something) (crosses the edge of the picture and comes in|comes within sight'
         '|comes into sight|can be seen that was not there before|gets in front of the camera'
         '|new is in the picture|steps in front of the camera)',
         'the camera gets to see (someone|something) new', 'we get company', 'I get company',
         'I have a visitor', 'there is one more in the picture',
         '(a man|a woman|a dog|a car|a worker) or (anything else|whatever else) (comes in'
         '|enters|shows up)',
         '(a box|a ball|a robot|a cart) or (anything else|whatever else) (comes into view|turns'
         ' up|appears)',
         '(a man|a woman|a child|a worker) (comes through the door|walks into view|steps into'
         ' the shot)',
         '(an entry|a new arrival|an entrance|a new object) (is detected|is registered|gets'
         ' detected|occurs)',
         '(a new object|an additional figure|a new track|an unknown object) enters the (field'
         ' of view|frame)',
         "(something|somebody) enters the (region of interest|field of view|camera's range|zone)",
         'the (object count|head count|number of people in view) (goes up|rises by one'
         '|increases|rises)',
         'the (group|crowd|party) in the picture (grows|gets bigger by one|gets a new member)',
         '(somebody|someone|anyone|any person) (has come in|has entered|has shown up|has walked'
         ' in|has arrived)',
         '(somebody|someone|a guest) (pays us a visit|drops by|pops in|calls round|looks in'
         '|pokes a head in)',
         '(somebody|someone|something) (sneaks in|creeps in|slips in|bursts in|barges in'
         '|wanders in|rushes in)',
         'the (room|place|scene|stage) (is not empty any longer|is no longer empty|is empty no'
         ' more)',
         'the (room|place|scene|shot|picture) (has one more in it|gets one more occupant|has'
         ' somebody new in it)',
         '(we|you) (are no longer alone|are not alone any more|get a visitor|have a guest|are'
         ' visited)',
         'you (see|notice|spot|observe) (somebody|something|a person|a car) (come in|coming in'
         '|entering)',
         'you (see|spot|catch) (somebody|an animal|something) (walk in|arriving|appear at the'
         ' edge)',
         '(the feed|the footage|the stream|the shot|the lens) (shows|gets|catches) (a newcomer'
         '|a new arrival)',
         '(somebody|something) new (turns up|comes in|is in the shot|appears on the screen|is'
         ' on the monitor)',
         '(someone|somebody) who was not there before (is there|is in the shot|shows up|can be'
         ' seen)',
         '(somebody|something|anything) comes in from (the left|the right|outside|beyond the'
         ' edge|off screen)',
         '(someone|anybody) (sets foot in|steps into|walks into|finds a way into) (the room|the'
         ' scene|the shot)',
         '(something|an object) (gets into|finds its way into|moves into) (the shot|the scene'
         '|the frame)',
         '(an intruder|a trespasser|a burglar|an outsider) (gets in|breaks in|comes in|is on'
         ' the premises)',
         '(one more|another person|another thing|another one) (comes in|joins|enters|has joined'
         ' the scene)',
         'there (is|has been) (an entry|an arrival|an intrusion|somebody coming in)',
         '(somebody|something) is (in the room|in the picture|in there) all of a sudden',
         'the empty (room|scene|picture) (is entered|is empty no longer|gets a visitor|gets an'
         ' occupant)',
         '(your view|the frame|the field of view|the picture) (is entered|is entered by somebody)',
         '(somebody|something) (emerges at the edge of the picture|comes on screen|comes on'
         ' stage|walks on)',
         'a (figure|shape|face|person) (appears at the side|comes into view from outside|shows'
         ' up at the edge)',
         '(he|she|it|the person) (arrives|comes back in|comes in again|shows up again|has come'
         ' back)',
         '(somebody|something) (comes inside|is let in|has got in|makes it in|gets in|is'
         ' brought in)',
         'the camera (has somebody new in view|picks up a newcomer|gets somebody new in view)',
         '(somebody|someone) (joins us|joins them|comes to join them|comes to see me|comes to'
         ' see us)',
         '(anybody|any person|any vehicle|any animal|anything at all) (enters|comes in|arrives'
         '|comes into view)',
         '(somebody|something) that was (outside|out of view|out of shot) comes (in|into the'
         ' picture|into shot)'),
        ('(a|any|each|every) (visitor|newcomer|arrival|intruder|guest|new arrival|person coming'
         ' in)',
         '(someone|somebody|something|an object|anyone) (coming in|entering|arriving|coming into'
         ' view|walking in|turning up|appearing)', '(visitors|newcomers|arrivals|company|intruders'
         '|people coming in)',
         '(any|the next|each|an) (entry|entrance|intrusion|appearance)',
         '(a man|a dog|a car|a robot|a box) or whatever else (coming in|that enters|coming into'
         ' view)',
         '(somebody new|something new|a new face|one more person) (in the picture|in the room'
         '|on screen)',
         '(unexpected|uninvited|new|further) (visitors|guests|company|arrivals)',
         'a rise in the number of (people|things|objects) (in view|in the picture)',
         '(an entry event|a new object in the frame|a newly visible object|a new track)',
         '(whoever|whatever) (comes in|enters|turns up|arrives)',
         'the arrival of (someone|anybody|something|a guest|the courier|anything at all)',
         '(callers|guests|trespassers|newcomers|customers|people who come in)'),
        ('I am expecting a parcel', 'I am expecting guests', 'the postman is due',
         'no one is allowed in here', 'the plumber said he would be here by noon',
         'nobody has any business in there', 'I ordered a pizza', 'the shop has just opened',
         'my colleague is on the way', 'the delivery is late', 'I am waiting for my bus',
         'the children will be home soon', 'there have been burglaries around here',
         'my in-laws may drop by',
         'the courier wants a signature',
         'we are closed today',
         'the cat is not allowed in here',
         'I must put on a tie for the visitors',
         'this area is off limits',
         'the next patient has an appointment',
         'I get startled easily',
         'the door bell is broken',
         'the lesson begins with the last pupil'),
        ('(tell me|call me|shout|ring) when (I have company|the guests are here|we are not alone'
         '|there is a visitor|my visitor is here)',
         'who goes there? (Tell me|Say so) when (someone|anyone) (turns up|shows up|comes)',
         'be my doorbell', 'act as (a doorbell|a doorman|a gatekeeper) and report arrivals',
         '(anybody|anyone) there? (Tell me|Say so|Shout) when (somebody comes in|one turns up)',
         'the room is empty now. (Tell me|Say so|Shout) when it is not(any more|)',
         'announce (everyone who comes in|whoever enters|each visitor)(, please|)',
         'intruder alert(, please| on|: speak when somebody gets in)',
         'on (entry|arrival): (alert|notify me|say so|report)',
         'man the front desk and (announce|report) (each visitor|whoever comes in)',
         'I am alone here. (Tell me|Warn me|Say so) when I no longer am',
         'company? (Tell me|Say so)(, please| right then|)',
         'somebody will come in sooner or later. (Tell me|Say so) when it happens',
         'guests! (Tell me|Say so|Call me) when they (come in|arrive|are here)')),
    'leave': Speech(
        (f'({_BODY}|something|anything|an object|it) (goes out of view|leaves|walks out|goes away'
         '|disappears from view|leaves the scene|is gone|has gone|takes off|vanishes from the'
         ' picture|steps out|walks off|goes off to the side|exits|departs|clears off|gets out of'
         ' the frame|goes out|goes out of sight|drops out of sight|heads out|rolls out of view'
         '|moves out of the frame|is no longer there|is no longer in the picture|makes an exit'
         '|can no longer be seen|slips out|wanders off)',
         '(one of them|one of the things|the visitor|one) (leaves|goes|is gone|goes away'
         '|is missing|walks out|goes out of sight|has left)',
         '(someone|something) (crosses the edge of the picture and is gone|passes out of sight'
         '|that was there is gone|that I saw before is missing|goes out at the side'
         '|goes beyond the edge of the picture)',
         'there is one less in the picture', 'the camera loses sight of (someone|something)',
         'we lose (someone|something) from view', '(someone|something) goes missing',
         'the coast gets clear',
         '(a man|a woman|a dog|a car|a worker) or (anything else|whatever else) (leaves|goes'
         ' out|exits)',
         '(a box|a ball|a robot|a cart) or (anything else|whatever else) (goes out of view|is'
         ' gone|goes away)',
         '(a man|a woman|a child|a worker) (goes out through the door|walks out of view|steps'
         ' out of the shot)',
         '(an exit|a departure|a lost object|an object leaving) (is detected|is registered|gets'
         ' detected)',
         '(an object|a figure|a tracked thing|a person) exits the (field of view|frame|region'
         ' of interest)',
         "(something|somebody) leaves the (region of interest|field of view|camera's range|zone)",
         'the (object count|head count|number of people in view) (goes down|drops by one'
         '|decreases|falls)',
         'the (group|crowd|party) in the picture (shrinks|gets smaller by one|loses a member)',
         '(somebody|someone|anyone|any person) (has left|has gone out|has walked out|has'
         ' departed|has gone away)',
         '(somebody|someone|a guest) (says goodbye and goes|goes home|takes their leave|makes'
         ' off|hops it)',
         '(somebody|someone|something) (sneaks out|creeps out|slips away|storms out|wanders out'
         '|rushes out)',
         'the (room|place|scene|stage) (loses somebody|has lost somebody|is quit by someone)',
         'the (room|place|scene|shot|picture) (has one fewer in it|loses an occupant|has lost'
         ' one)',
         '(we|you) (lose a visitor|have one guest fewer|are left by somebody|have lost somebody'
         '|lose one)',
         'you (see|notice|spot|observe) (somebody|something|a person|a car) (go out|going out'
         '|leaving)',
         'you (see|spot|catch) (somebody|an animal|something) (walk out|leave|disappear at the'
         ' edge)',
         '(the feed|the footage|the stream|the shot|the lens) (loses|no longer has) (somebody'
         '|one of them)',
         '(somebody|something) that was (in the shot|on the screen|on the monitor|in there) has'
         ' gone',
         "(someone|somebody) who was there before (is there no more|is out of the shot|can't be"
         ' seen any more)',
         '(somebody|something|anything) goes out (to the left|to the right|over the edge|at the'
         ' far side)',
         '(someone|anybody) (sets foot outside|steps out of|walks out of|withdraws from) (the'
         ' room|the scene)',
         '(something|an object) (gets out of|makes its way out of|moves out of) (the shot|the'
         ' scene|view)',
         '(one of the people|one of the objects|another one) (goes out|has gone|leaves us|quits'
         ' the scene)',
         'there (is|has been) (an exit|a departure|an escape|somebody going out)',
         '(somebody|something) is (not there any more|nowhere to be seen|out of shot|out of the'
         ' picture)',
         'the (room|scene|picture) (somebody was in is empty again|is vacated by somebody|is'
         ' left by somebody)',
         '(your view|the frame|the field of view|the picture) is left by (somebody|something'
         '|one of them)',
         '(somebody|something) (vanishes over the edge of the picture|goes off screen|exits the'
         ' stage)',
         'a (figure|shape|face|person) (disappears at the side|passes out of view|is lost over'
         ' the edge)',
         '(he|she|it|the person) (departs|goes out again|has gone away|has left|goes off again'
         '|exits again)',
         '(somebody|something) (goes outside|is let out|has got out|makes it out|gets out|is'
         ' taken out)',
         'the camera (has one fewer in view|no longer has somebody in view|loses somebody it'
         ' had in view)',
         '(somebody|someone) (leaves us|leaves them|goes off and away|is out of here|quits the'
         ' room)',
         '(anybody|any person|any vehicle|any animal|anything at all) (leaves|goes away|departs'
         '|goes out of view)',
         '(somebody|something) that was (inside|in view|in shot) goes (out|out of the frame'
         '|outside|out of shot)',
         'there is one (fewer|person fewer|thing fewer) in (the picture|the room|the shot|the'
         ' scene)'),
        ('(a|any|each|every) (departure|exit|leaving|farewell)',
         '(someone|somebody|something|an object|anyone) (leaving|going out|going away|walking out'
         '|disappearing from view|going out of sight|leaving the picture)',
         '(departures|people going out|people leaving|things that go out of view)',
         '(any|the next|each|an) (exit|departure|escape|disappearance from view)',
         '(a man|a dog|a car|a robot|a box) or whatever else (going out|that leaves|going out'
         ' of view)',
         '(somebody|something) (missing from the picture|gone from the room|gone from the screen)',
         '(departing|leaving) (visitors|guests|people)',
         'a drop in the number of (people|things|objects) (in view|in the picture)',
         '(an exit event|an object lost from the frame|an object no longer visible at all)',
         '(whoever|whatever) (goes out|leaves|goes away|departs)',
         'the departure of (someone|anybody|something|a guest|the courier|anything at all)',
         '(runaways|people on their way out|people who go out|those who go away)'),
        ('I want to lock up afterwards', 'the guests should be going'
        ' soon', 'nobody may go home yet',
         'I want to talk to you alone', 'nothing may be taken from here',
         'I need the room for myself', 'my ride goes at five', 'the dog tends to run off',
         'I will clean when they are done', 'I would like to know when the coast is clear',
         'my in-laws will go home at last',
         'the courier still owes me a receipt',
         'we close in ten minutes',
         'the cat must not get out',
         'I only relax once the visitors are off',
         'the exhibits belong to the museum',
         'the last patient should be done by now',
         'the prisoners are up to something',
         'somebody has to lock the door behind them',
         'the pupils must not slip away before the bell'),
        ('(tell me|shout|call me) when (they have cleared off|the coast is clear|we lose one'
         '|the visitor has gone)', 'count nobody in, but tell me of everyone who goes out',
         'nobody may leave. Tell me (if|when) one does',
         'somebody is in there. (Tell me|Say so|Shout) when (they go|they have gone|they are out)',
         'has (he|she|anybody|one of them) left? (Tell me|Say so) when it happens',
         'announce (everyone who goes out|whoever leaves|each departure)(, please|)',
         'exit alert(, please| on|: speak when somebody gets out)',
         'on (exit|departure|leaving): (alert|notify me|say so|report)',
         'man the gate and (announce|report) (each departure|whoever goes out)',
         'I want to be alone. (Tell me|Say so) when (he|she|the visitor) has gone',
         'gone? (Tell me|Say so)(, please| right then|) when someone is',
         'somebody will go home sooner or later. (Tell me|Say so) when it happens',
         'goodbye, everybody! (Tell me|Say so|Call me) when one (goes out|departs|is off)')),
    'light_off': Speech(
        ('(the light|the lamp|the lighting|the room light|the ceiling light|the bulb) (goes off'
         '|goes out|fails|dies|is turned off|is put out|gets switched off|is killed|quits|is cut'
         '|is off|is out|stops shining|is extinguished|breaks down|is no longer on)',
         '(the lights|the lamps|all lights) (go out|fail|die|are turned off|are put out|get'
         ' switched off|are out|are off|quit|are killed|are cut)',
         '(it|the room|the place|the scene|the picture|everything|the house) (gets dark|goes dark'
         '|turns dark|darkens|goes black|falls dark|is suddenly dark|is plunged into darkness'
         '|gets gloomy|lies in the dark|goes dim|is dark)',
         '(someone|somebody|anyone|a person) (turns out the light|puts out the light|switches the'
         ' light off|kills the lights|flips the switch and it gets dark|turns the lamp off'
         '|cuts the light|turns the lights out|leaves us in the dark)',
         '(darkness|the dark|night) (sets in|falls|comes|takes over)',
         'there is (no light any more|no more light|a blackout|a power cut|darkness)',
         'we (lose the light|are in the dark|have a blackout|sit in the dark)',
         'the power (goes|is out|fails) and it gets dark',
         '(illumination|the illumination|the room lighting|the lighting level) (drops|falls'
         ' away|is lost|collapses)',
         '(loss of light|a lighting failure|a lights-off event) (is detected|occurs|is'
         ' registered)',
         'the (lux value|light level|ambient light|light reading) (drops|falls to zero|plunges'
         '|goes down sharply)',
         'the (scene|room|place) (loses its lighting|is no longer lit|is not lit any more|is'
         ' unlit)',
         'the (room|place|house|scene) (is in darkness|has gone dark|lies in darkness|is'
         ' pitch-dark|turns pitch-black)',
         'it (has gone dark|has got dark|goes pitch-dark|is dark all of a sudden|turns dark in'
         ' there)',
         '(the bulb|the lamp|the light|the tube) (burns out|blows|gives out|packs up|conks out'
         '|has gone out)',
         '(the light|the lamp|the lighting) (has been|has just been) (switched off|turned off'
         '|put out|cut)',
         '(the lights|all the lights|the lamps) (have gone out|have been switched off|have been'
         ' turned off)',
         '(the lights|all the lights|the lamps) (give out|are no longer on|are dead|no longer'
         ' burn|are shut off)',
         '(someone|somebody|the caretaker) (flicks the light off|shuts the light off|switches'
         ' off the lamp)',
         '(someone|somebody|the last one) (hits the lights and it goes dark|douses the light'
         '|douses the lamp)',
         '(someone|somebody|he|she) (has put out the light|has turned the lights out|cuts the'
         ' lighting)',
         '(they|people|the kids) (turn the light off|switch the lights off|put out the lamp'
         '|turn out the lights)',
         '(no lamp|no light|not one lamp|not a single light) (is on any more|burns any longer'
         '|is lit any more)',
         "the (light|lamp|lighting) (isn't on any more|does not burn any more|no longer shines"
         '|burns no more)',
         'there is no (lighting|lamp on|lamplight|illumination) any (more|longer)',
         '(you|we) (are plunged into darkness because the lamp went out|sit there without light)',
         '(we|you) (are without light|have no light any more|are left without a lamp|get no'
         ' more lamplight)',
         '(the electricity|the mains|the power) (fails|is cut|goes) and (the lamp dies|the'
         ' lights die)',
         'the (screen|feed|footage|picture) (goes black|goes dark) because (the lamp was put'
         ' out|the light is out)',
         'the (screen|feed|shot|video) turns dark with the lights (out|off|gone)',
         'the (feed|footage|video|stream) (shows a room in the dark|shows a dark room|darkens'
         ' as the light dies)',
         '(you|we) can hardly see in there (for lack of light|because the light is out|without'
         ' the lamp)',
         '(one would need|you would need|somebody needs) a torch in there',
         '(daylight bulbs|the strip lights|the spotlights|the neon tubes) (go out|are switched'
         ' off|die|fail)',
         '(the desk lamp|the ceiling lamp|the floor lamp|the main light) (goes dead|is out|goes'
         ' off|is switched off)',
         '(a fuse|the fuse|the breaker) (blows|trips|goes) and (takes the lights with it|the'
         ' room goes dark)',
         '(brightness|the brightness of the room) (ends with the lamp|gives way to darkness)',
         'the room (turns from bright to dark|passes from light to dark|goes from lit to unlit)',
         'the (lighting|light) (state|status) (goes|changes|switches|flips) (to off|from on to'
         ' off)',
         'the (light|lamp|lighting) (quits on us|leaves us|says goodbye|bites the dust|gives up'
         ' the ghost)',
         'the light in (the room|there|the hall|the lab|the ward) (goes off|fails|is out|has'
         ' been put out)',
         '(somebody|something|a timer|the automatic switch) (turns the light off|has the light'
         ' go off)',
         '(the scene|the room|everything) (sinks into darkness|drowns in darkness|is swallowed'
         ' by the dark)',
         '(blackness|gloom|pitch darkness|complete darkness) (fills the room|takes over the'
         ' room|sets in)',
         '(you|we) (are in a dark room|look into a dark room|end up in the dark|find ourselves'
         ' without light)',
         '(everything|the room) (grows dark|grows dim|dims all the way|fades to dark|gets'
         ' darker at a stroke)',
         'it (gets too dark to see much|is night in there|turns to night in there|becomes too'
         ' dark to read)',
         '(the lights|the house lights|the stage lights) (are dimmed to nothing|are brought'
         ' down|go down)',
         '(the bright room|the lit room) (turns dark|is bright no more|is lit no longer|is not'
         ' bright any more)'),
        ('(a|any|the) (blackout|power cut|loss of light|failure of the light|darkening)',
         'darkness', 'the (light|lights|lamp) (going out|going off|failing|being switched off)',
         'lights out', 'it getting dark',
         '(a lighting failure|a lamp failure|a dead lamp|a dead bulb|a blown bulb|a blown fuse)',
         '(a drop in|a loss of|the end of) (illumination|brightness|the lighting)',
         '(the switching off|the turning off|the extinguishing) of the (light|lights|lamp)',
         '(sudden|total|complete|any) darkness',
         '(a lights-off event|the transition from bright to dark|the change from light to'
         ' darkness)',
         '(someone|somebody) (turning off the light|switching off the lamp|putting out the light)',
         '(an unlit|a darkened|a dark) room',
         '(an outage|a failure|a cut) of the lighting'),
        ('the fuse keeps blowing', 'I am developing film', 'the bulb is old',
         'we have had power cuts all week', 'I pay the electricity', 'the plants need their lamp',
         'he reads too long in bed', 'the caretaker locks up at'
         ' night', 'the hens sleep in the dark',
         'I put in a new bulb', 'the switch is loose', 'they should save energy',
         'the tomatoes need sixteen hours of light',
         'the ward must never be without light',
         'the generator coughs',
         'he said he would go to bed early',
         'the lamp flickers',
         'the landlord saves on everything',
         'the slides look better without it',
         'I have not paid the bill',
         'the cinema begins soon'),
        ('(tell me|shout) at lights out', 'bulb watch: say when it (fails|goes|dies)',
         '(tell me|say so|shout) when I am (left|sitting) in the dark',
         'it is bright now. (Tell me|Say so) when it no longer is',
         'lights out( - tell me|! Tell me when it happens|? Say so|, then speak)',
         '(lamp|light) off? (Tell me|Say so|Report it)',
         'the lamp burns now. (Tell me|Say so|Shout) when it (does not|no longer does|goes out)',
         'on (lights off|light off|loss of light|darkness): (alert|notify me|say so|report)',
         'who turned out the light? (Tell me|Say so|Shout) when it is out',
         'blackout alarm(, please| on|: speak when the light fails)',
         '(mind|watch|guard) the lamp and (tell me|say so) when it (goes out|dies)',
         'darkness! (That is what I wait for|Tell me when it comes)')),
    'light_on': Speech(
        ('(the light|the lamp|the lighting|the room light|the ceiling light|the bulb) (goes on'
         '|comes on|is turned on|is back|comes back|gets switched on|is on again|lights up|shines'
         '|starts to shine|is lit|returns|flickers on|works again)',
         '(the lights|the lamps|all lights) (come on|come back on|are back|are turned on|get'
         ' switched on|are on again|light up|return)',
         '(it|the room|the place|the scene|the picture|everything|the house) (gets bright|gets'
         ' light|lights up|brightens|is lit|is bright again|is lit up|becomes light|is no longer'
         ' dark|turns bright|can be seen in the light)',
         '(someone|somebody|anyone|a person) (turns on a light|puts on the light|puts the light on'
         '|switches the light on|flips the switch and it gets bright|turns the lamp on'
         '|turns the lights up|makes light|lights the room)',
         'the (dark|darkness|blackout|power cut) (is over|ends|lifts)',
         'there is (light|light again|some light|light in the room)',
         'we (have light again|get light|can see again by the lamp|are out of the dark)',
         'the power (is back|returns) and it gets bright',
         '(illumination|the illumination|the room lighting|the lighting level) (rises|is'
         ' restored|comes up)',
         '(light|a lit lamp|a lights-on event|lighting) (is detected|is registered) (in the'
         ' dark|after the dark)',
         'the (lux value|light level|ambient light|light reading) (rises|shoots up|jumps up'
         '|goes up sharply)',
         'the (scene|room|place) (gets its lighting back|is lit again|is lit at last|is not'
         ' dark any longer)',
         'the (room|place|house|scene) (is bright|has lit up|is bathed in light|is flooded with'
         ' light|is alight)',
         'it (has got bright|has become bright|is bright all of a sudden|turns bright in there'
         '|is light again)',
         '(the bulb|the lamp|the light|the tube) (lights|glows|burns again|has come on|flares'
         ' up|blinks on)',
         '(the light|the lamp|the lighting) (has been|has just been) (switched on|turned on|put'
         ' on|restored)',
         '(the lights|all the lights|the lamps) (have come on|have been switched on|have been'
         ' turned on)',
         '(the lights|all the lights|the lamps) (are no longer off|burn again|flicker back on'
         '|shine again)',
         '(someone|somebody|the caretaker) (flicks the light on|turns the lights on|switches on'
         ' the lamp)',
         '(someone|somebody|the first one in) (hits the lights and it gets bright|lights a lamp'
         '|lights the lamp)',
         '(someone|somebody|he|she) (has put on the light|has switched the lights on|gets the'
         ' light going)',
         '(they|people|the kids) (turn the light on|switch the lights on|put on the lamp|turn'
         ' on the lights)',
         '(a lamp|a light|at least one lamp|some lamp) (is on again|is burning|is lit|burns at'
         ' last|comes on)',
         "the (light|lamp|lighting) (isn't off any more|does not stay off|no longer is off|is"
         ' off no more)',
         'there is (lighting|a lamp on|lamplight|illumination) (again|once more|at last|in'
         ' there again)',
         '(we|you) (are no longer in the dark|have light at last|get some light|have the light'
         ' back)',
         '(we|you) (get our light back|see the lamp come on|see the light come on|have'
         ' lamplight again)',
         '(the electricity|the mains|the power) (is restored|comes back) and the (lamp burns'
         '|lights come on)',
         'the (screen|feed|footage|picture) (gets bright|brightens) because (the lamp was lit'
         '|the light is on)',
         'the (screen|feed|shot|video) turns bright with the lights (on|back on|up)',
         'the (feed|footage|video|stream) (shows a lit room|shows a bright room|brightens as'
         ' the light comes on)',
         '(you|we) can see in there (thanks to the lamp|because the light is on|now that the'
         ' lamp burns)',
         '(nobody needs a|you need no|one needs no) torch in there (any more|any longer)',
         '(the strip lights|the spotlights|the neon tubes) (come on|are switched on|flicker to'
         ' life|blaze)',
         '(the desk lamp|the ceiling lamp|the floor lamp|the main light) (goes live|is on|comes'
         ' on|is switched on)',
         '(the fuse is back in|the breaker is reset|the fuse is mended) and the (lights come on'
         '|room lights up)',
         '(darkness|the darkness of the room|the night in there) (ends with the lamp|gives way'
         ' to light)',
         'the room (turns from dark to bright|passes from dark to light|goes from unlit to lit)',
         'the (lighting|light) (state|status) (goes|changes|switches|flips) (to on|from off to'
         ' on)',
         'the (light|lamp|lighting) (comes back to us|comes to life|springs to life|is alive'
         ' again)',
         'the light in (the room|there|the hall|the lab|the ward) (goes on|is back|is on|has'
         ' been put on)',
         '(somebody|something|a timer|the automatic switch) (turns the light on|has the light'
         ' come on)',
         '(the scene|the room|everything) (steps out of the dark|rises from the dark|is dipped'
         ' in light)',
         '(brightness|light|lamplight) (fills the room|takes over the room|floods the room'
         '|pours into the room)',
         '(you|we) (are in a bright room|look into a lit room|end up in the light|have a lit'
         ' room before us)',
         '(everything|the room) (grows bright|grows light|gets brighter at a stroke|is brightly'
         ' lit)',
         'it (gets bright enough to read|is like day in there|turns to day in there|becomes'
         ' bright enough to see)',
         '(the lights|the house lights|the stage lights) (are brought up|go up|are turned up'
         '|are faded up)',
         '(the dark room|the unlit room) (gets light|is dark no more|is dark no longer|is not'
         ' dark any more)'),
        ('the (light|lights|lamp) (coming on|being switched on|coming back|going on)',
         '(light|the return of the light|light in the room|the end of the blackout)',
         'it getting bright', 'a lamp that is lit', 'lights on',
         '(a lamp coming on|a bulb lighting up|a burning lamp|a lit bulb)',
         '(a rise in|a return of|the start of) (illumination|brightness|the lighting)',
         '(the switching on|the turning on|the lighting) of the (light|lights|lamp)',
         '(sudden|full|some|any) brightness in the (room|dark)',
         '(a lights-on event|the transition from dark to bright|the change from darkness to'
         ' light)',
         '(someone|somebody) (turning on the light|switching on the lamp|putting on the light)',
         '(a lit|a lighted|a bright) room',
         '(a lamp|a light) in the dark'),
        ('the electrician is at work', 'nobody should be in that room at night',
         'we are waiting for the power to return', 'the motion lamp is being tested',
         'I want to know when she gets up', 'the timer should do it at six',
         'they said the power would be back', 'burglars need to see, too',
         'I cannot work before that', 'the photographs must not be exposed',
         'the ward should stay dark at night',
         'the mushrooms like it dark',
         'I sit in here with a candle',
         'he gets up at five',
         'nobody is supposed to burn lamps at this hour',
         'the film must not be exposed',
         'the owls wake up by it',
         'the janitor makes his rounds',
         'the fuse has to be changed'),
        ('let there be light - and tell me when there is', '(tell me|say so) at lights on',
         'it is dark now. (Tell me|Say so|Shout) when it no longer is',
         'lights on( - tell me|! Tell me when it happens|? Say so|, then speak)',
         '(lamp|light) on? (Tell me|Say so|Report it) when it is',
         'the lamp is out now. (Tell me|Say so|Shout) when it (is not|burns|is lit again)',
         'on (lights on|light on|return of light|brightness): (alert|notify me|say so|report)',
         'who turned on the light? (Tell me|Say so|Shout) when it is on',
         'lights-on alarm(, please| on|: speak when the lamp is lit)',
         '(mind|watch|guard) the dark lamp and (tell me|say so) when it (comes on|lights up)',
         'light! (That is what I wait for|Tell me when it comes)')),
    'cover': Speech(
        ('(the camera|the lens|the view|the picture|your eye|your view|the whole picture)'
         ' (gets covered|gets blocked|is blocked|is covered up|is obstructed|is hidden|is blinded'
         '|is obscured|gets hidden|is blocked off|is shut off|is masked|is sealed off|is cut off)',
         '(someone|somebody|anyone|a hand|something|anything|a cloth|a person) (covers the camera'
         '|covers the lens|covers you up|blocks your view|gets in front of the lens|hides the view'
         '|puts a hand over the lens|blocks the whole picture|blinds you|blinds the camera'
         '|obstructs the camera|is put before the lens|is right in front of the lens'
         '|stands in the way of the whole view|hangs over the lens|masks the lens)',
         'you (can no longer see|cannot see anything any more|are blinded|go blind'
         '|lose the view|see nothing but a cover|see nothing any more|have something over the lens'
         '|lose sight of everything)',
         'the camera (goes blind|is blinded|sees nothing any more|loses the view)',
         'there is (something|a hand|a cloth|an obstacle) (over|before|in front of|on) the lens',
         'your (sight|view|vision|eye) gets (blocked|covered)',
         '(they|he|she|people) (put something over the camera|cover you|tape over the lens'
         '|throw a coat over the camera|hold something in front of the camera)',
         '(an occlusion of|an obstruction of|a cover on) the (lens|camera) (is detected|occurs'
         '|is registered)',
         'the (lens|camera|sensor|field of view) is (occluded|fully occluded|obstructed'
         '|screened off)',
         'the (lens|camera) (has been|has just been) (covered up|taped over|blocked|wrapped up'
         '|blindfolded)',
         'the lens cap (goes on|is put on|is back on|gets put on|has been put on|is pushed onto'
         ' the lens)',
         '(someone|somebody|a person) puts (the lens cap on|a bag over you|a cap on you|a cover'
         ' over you)',
         '(someone|somebody|a child) (holds a hand|holds a sheet of paper|puts a finger) over'
         ' the lens',
         '(someone|somebody|he|she) (drapes|hangs|throws|lays|pulls) (a cloth|a towel|a coat)'
         ' over the camera',
         '(they|people|the kids) (cover the lens|cover your eye|block the lens|tape you up'
         '|blindfold you)',
         '(a hand|a palm|a finger|a thumb|a glove) (is on the lens|lies over the lens|sits over'
         ' the lens)',
         '(a hand|a palm|a finger|a thumb|a glove) (covers your eye|blocks the lens|gets onto'
         ' the lens)',
         '(a cloth|a towel|a bag|a coat|a sheet) (hangs over the camera|falls over you|is'
         ' thrown over the camera)',
         '(paper|tape|a sticker|cardboard|a rag) (covers your lens|is stuck over the lens|is'
         ' put over your eye)',
         '(something|anything) (is held up against|is stuck to|is pressed against|clings to)'
         ' the lens',
         '(something|somebody) (sits right on|stands right before|is right up against) the lens'
         ' and hides all',
         '(something|somebody) (shuts you off from the room|screens you off|shuts out your view'
         ' of the room)',
         '(something|somebody) (gets between you and the room|is between the lens and the whole'
         ' room)',
         'the (whole|entire) (view|shot|frame) is (blocked by something|hidden behind something'
         '|taken up by a hand)',
         'the (room|scene|place) (is hidden from you|disappears behind a cover|is hidden behind'
         ' a cloth)',
         'the (feed|footage|stream|video) (shows nothing but a hand|shows only a cover|is'
         ' blocked by an object)',
         'the (feed|footage|stream|video) is no use because (the lens is blocked|a cover is'
         ' over the lens)',
         '(you|we) cannot make out the room any more because (something is over the lens|you'
         ' are covered)',
         '(you|we) (see only a hand|see only cloth|see nothing but what is over the lens) now',
         "(I|we) can't see the room through you (with that cover on|with a hand over the lens"
         '|for a cover)',
         'your (eye|lens|camera) (is shut|is closed) by (a hand|a cover|somebody|something)',
         "your (eye|lens|camera) (is no longer uncovered|no longer is free|isn't free any more"
         '|is wrapped up)',
         'your (view|sight|vision) (is taken away|is robbed|is lost) by (a cover|a hand'
         '|something over the lens)',
         '(somebody|someone) (wraps you up|puts you in a bag|puts a hood on you|pulls something'
         ' over you)',
         '(somebody|someone) (shields the lens|shutters the lens|plugs the lens|tapes the lens'
         ' shut)',
         '(somebody|someone) (wants not to be filmed and covers you|hides from you with a hand'
         ' on the lens)',
         '(someone|somebody) (claps a hand on the lens|slaps something on the lens|sticks gum'
         ' on the lens)',
         '(the lens|the camera|your eye) has (something over it|a cover over it|a cap on it|a'
         ' hand before it)',
         '(the lens|the camera) (is not free any more|is no longer free|is not clear any longer'
         '|is bagged)',
         '(a lens cover|a cap|a hood|a blindfold|a shutter) (goes over the lens|is put on the'
         ' camera|is put on)',
         '(an obstacle|an obstruction|a foreign object) (blocks the lens|sits on the lens'
         '|covers the whole frame)',
         '(an object|a thing|a body|a back) (fills the whole frame and hides the room|hides all'
         ' of the view)',
         '(you|we) have (a hand|a cloth|a cover|a cap|tape) over (the lens|your eye|the camera)',
         'there is (tape|a cap|a bag|a towel|a sticker|a palm) (on|over) (the lens|the camera'
         '|your eye)',
         'you (get covered up|get blindfolded|are covered up|are blindfolded|are put in a bag)',
         '(you|we) are (blinded by a cover|robbed of the view by a cover|shut off from the room'
         ' by something)',
         '(a bird|an insect|a leaf) (sits on the lens and hides all|covers the whole lens)',
         '(the camera view|the image) (gets occluded|is occluded|is obstructed by something|is'
         ' masked off)'),
        ('(something|a hand|a cloth|anything) (over|before|in front of) the (lens|camera)',
         '(a covered|a blocked|an obstructed|a blinded) (lens|camera|view)',
         '(someone|somebody) (covering|blocking|hiding) (the camera|the lens|your view|the view)',
         'the (camera|lens|view) (being covered|being blocked|getting covered)',
         '(sabotage of|tampering with|a cover over) the lens',
         '(an occlusion|an obstruction|a blockage) of the (lens|camera|view)',
         '(a hand|a finger|a palm|a cloth|tape|a cap|a bag) (over|on) (the lens|your eye|the'
         ' camera)',
         '(the covering|the taping over|the blocking|the masking) of the (lens|camera)',
         '(an occlusion event|lens occlusion|camera blockage|view obstruction|a fully occluded'
         ' frame)',
         '(someone|somebody) (putting the cap on|taping you over|wrapping you up|covering your'
         ' eye)',
         '(a blindfold|a cover|a cap|a lid) put on (you|the camera|the lens)',
         '(an object|something|a thing) that (hides the whole view|blocks the lens|sits on the'
         ' lens)'),
        ('people do not like to be watched', 'the kids keep playing with you',
         'the curtain hangs close to you', 'someone has tampered with it before',
         'a blind guard is no use', 'they might tape you over', 'the wind blows leaves about',
         'someone hung a jacket there last week',
         'thieves cover cameras first',
         'the pupils think it is funny to tape you over',
         'some here value their privacy',
         'the laundry hangs near you',
         'a pigeon likes to sit on you',
         'the painters hang sheets everywhere',
         'the last camera got chewing gum on it',
         'you are within reach of everybody'),
        ('(tell me|say so|shout) when (you are blind|you go blind|they blindfold you|you see'
         ' nothing)',
         'if you get blindfolded, (say so|tell me|shout)',
         'hands off the lens! (Tell me|Say so) if one gets there',
         '(lens|camera) covered? (Tell me|Say so|Report it)',
         'on (lens cover|occlusion|lens blocked|camera blocked): (alert|notify me|say so|report)',
         'occlusion alarm(, please| on|: speak when the lens is occluded)',
         'no hands on the lens! (Tell me|Say so|Shout) if one is',
         'your lens is free now. (Tell me|Say so|Shout) when it (is not|no longer is)',
         'peekaboo! (Tell me|Say so) when I cover your eye',
         'I will put (a cloth|my hand|the cap) over you. (Tell me|Say so) when it is on',
         '(mind|guard|watch) your own eye and (tell me|say so) when something covers it')),
    'uncover': Speech(
        ('(the camera|the lens|the view|the picture|your eye|your view) (gets uncovered|is free'
         ' again|is clear again|is unblocked|is cleared|is revealed|is no longer blocked'
         '|is no longer covered|is no longer hidden|is visible again|is restored|clears up'
         '|gets free|is open again)',
         '(someone|somebody|anyone|a hand|a person) (uncovers the camera|takes the cover away'
         '|takes the cloth off|frees your view|unblocks the lens|takes the hand off the lens'
         '|clears the lens|removes the cover|frees the camera|takes away what hides the view)',
         '(the cover|the cloth|the hand|the obstacle|what blocks the view|whatever covers you)'
         ' (comes off|is removed|is taken off|goes away|is gone|is lifted|moves out of the way'
         '|drops off)',
         'you (can see again|can see once more|see something again|are no longer blind|get your'
         ' sight back|have a view again|have a clear view again|are free again)',
         'the camera (can see once more|sees again|has a free view again|gets its sight back)',
         '(nothing|no hand|no cloth) (blocks the lens any more|covers the lens any more|is before'
         ' the lens any more|hides the view any longer)',
         'there is (a picture again|a view again|a clear view again|something to see again)',
         'the (occlusion|obstruction|blockage) (is gone|ends|is removed|has cleared|has been'
         ' removed|is over)',
         'the (lens|camera|sensor|field of view) is (no longer occluded|not obstructed any more'
         '|unobstructed again)',
         'the (lens|camera) (has been|has just been) (uncovered|cleared|unblocked|unwrapped'
         '|freed)',
         'the lens cap (comes off|is taken off|is off|gets taken off|has been removed|is pulled'
         ' off)',
         '(someone|somebody|a person) takes (the lens cap off|the bag off you|the cap off you'
         '|the cover off you)',
         '(someone|somebody|a child) takes (a hand|the paper|a finger) (away from|off) the lens',
         '(someone|somebody|he|she) (pulls|takes|lifts|draws) the (cloth|towel|coat) (off the'
         ' camera|off you)',
         '(they|people|the kids) (uncover the lens|free your eye|unblock the lens|take the'
         ' blindfold off you)',
         '(the hand|the palm|the finger|the glove) (is off the lens|leaves the lens|comes away'
         ' from the lens)',
         '(the hand|the palm|the finger|the thumb) (no longer covers your eye|no longer blocks'
         ' the lens)',
         '(the cloth|the towel|the bag|the coat) (falls off the camera|slips off you|is taken'
         ' off the camera)',
         '(the paper|the tape|the sticker|the rag) (comes off your lens|is peeled off the lens'
         '|falls off the lens)',
         '(nothing|no hand|no cap) (is held against|sticks to|is pressed against|is over) the'
         ' lens any more',
         'whatever (sat on|was over|covered|hung over|was before) the lens (is gone|is removed'
         '|goes away)',
         '(nothing|no cover) (shuts you off from the room|screens you off|stands before the'
         ' lens) any longer',
         '(you|we) can see past (what was over the lens|where the cover was|where the hand was)'
         ' again',
         'the (whole|entire) (view|shot|frame) is (unblocked|free of the cover|no longer hidden'
         '|revealed again)',
         'the (room|scene|place) (is no longer hidden from you|reappears from behind the cover'
         '|is revealed again)',
         'the (feed|footage|stream|video) (shows the room again without the cover|is no longer'
         ' blocked)',
         'the (feed|footage|stream|video) is (of use again|good again) because the cover is off',
         '(you|we) can make out the room again because (nothing is over the lens|you are'
         ' uncovered)',
         '(you|we) (see the room in place of the hand|see more than a cover|see the room and'
         ' not the cloth) again',
         '(I|we) can see the room through you again (without that cover|now that the cover is'
         ' off)',
         'your (eye|lens|camera) (is opened|is set free|is cleared|is laid bare) (again|by'
         ' somebody|at last)',
         "your (eye|lens|camera) (is not covered any more|is covered no longer|isn't blocked"
         ' any more)',
         'your (view|sight|vision) (is given back|returns|comes back) (as the cover goes|from'
         ' behind the cover)',
         '(somebody|someone) (unwraps you|takes you out of the bag|takes the hood off you|pulls'
         ' the cover away)',
         '(somebody|someone) (unmasks the lens|opens the shutter over the lens|unplugs the lens'
         '|peels you free)',
         '(somebody|someone) (gives you your sight back|lets you see again|rids you of the'
         ' cover|strips off the tape)',
         '(the lens|the camera|your eye) has (nothing over it any more|no cover any more|no cap'
         ' on it any longer)',
         "(the lens|the camera) (is bare again|is out in the open again|isn't covered any"
         ' longer|is unwrapped)',
         '(the lens cover|the cap|the hood|the blindfold) (comes off|has come off|is pulled off'
         '|is removed)',
         '(the obstacle|the obstruction|the foreign object) (is off the lens|is cleared away|no'
         ' longer covers you)',
         '(the object|the thing|the body|the back) that hid the whole view (moves away|is gone'
         '|is out of the way)',
         '(you|we) have (no hand|no cloth|no cover|no tape) over (the lens|your eye|the camera)'
         ' any more',
         'there is no (tape|cap|bag|towel|cover) (on|over) (the lens|the camera|your eye) any'
         ' (more|longer)',
         'you (get uncovered|are uncovered|are no longer blindfolded|are no longer covered up)',
         '(you|we) (get the view back|regain the view|get to see the room again) as the cover'
         ' comes off',
         '(the bird|the leaf|the curtain) that covered the lens (is gone|is off it|has moved'
         ' away)',
         '(the camera view|the image) (is no longer occluded|is unobstructed again|is not'
         ' masked any longer)',
         'the (blindness|blindfolding|covering up) of the camera (ends|is over|is undone|is at'
         ' an end)'),
        ('the (cover|cloth|hand|obstacle) (being removed|coming off|going away)',
         'a (free|clear) (lens|view) again', 'the (return of the view|end of the cover)',
         '(someone|somebody) (uncovering|freeing) (the camera|the lens|the view)',
         'the (camera|lens|view) (being uncovered|getting free|becoming clear)',
         '(an end|the end) of the (occlusion|obstruction|blockage|covering)',
         '(the cap|the hand|the cloth|the tape|the bag) (coming off the lens|taken off you|off'
         ' the lens)',
         '(the uncovering|the unblocking|the unwrapping|the freeing) of the (lens|camera)',
         '(an occlusion-cleared event|a cleared lens|an unblocked view|an unobstructed lens'
         '|lens clearance)',
         '(someone|somebody) (taking the cap off|taking the cover off|unwrapping you|freeing'
         ' your eye)',
         'the (blindfold|cover|cap|lid) (taken off|coming off|being taken off)',
         '(the removal of|an end to) (the cover|what hides the view|the blindfold|the'
         ' obstruction)',
         'a lens that is (free|bare|uncovered) again'),
        ('they put a cloth over you', 'I am painting next to you and covered you',
         'a blind camera is of no use to me', 'the lens cap is still on',
         'they hung something over the lens',
         'the painters have their sheet over you',
         'the pupils have taped you over',
         'I left the cap on by mistake',
         'somebody has put a hat on you',
         'the laundry was hung in front of you',
         'they promised to take the tape off',
         'the cleaner has laid her cloth on you',
         'you are still in your wrapping'),
        ('(tell me|say so|shout) (when|once|as soon as) you can see (again|something|me again)',
         'you may be blindfolded now. (Tell me|Say so) when that ends',
         'I will take the cap off in a moment, (say so|tell me) when it is off',
         '(cover|cap|blindfold) off? (Tell me|Say so|Report it)',
         'on (lens cleared|lens uncovered|end of occlusion): (alert|notify me|say so|report)',
         'occlusion watch: (speak|report|tell me) when the lens is cleared',
         '(something|a hand|a cloth) is over your lens now. (Tell me|Say so|Shout) when it (is'
         ' not|comes off)',
         'peekaboo! (Tell me|Say so) when I take my hand off your eye',
         'I will take (the cloth|my hand|the cap) off you. (Tell me|Say so) when it is off',
         'you are in the bag for now. (Tell me|Say so) when you are out of it',
         'you are covered up. (Tell me|Say so|Shout) when you are (free|uncovered|no longer so)')),
    'move': Speech(
        ('(the camera|your camera|the whole camera|you) (gets moved|gets bumped|gets knocked|gets'
         ' pushed|gets turned|gets shoved|gets shifted|gets jolted)',
         '(the camera|your camera) (is knocked|is nudged|is pushed aside|is shoved|is jolted|is'
         ' knocked over|is turned away|is tampered with|is tilted|has been moved|slips|swings'
         ' round'
         '|points somewhere else|no longer points where it did|is turned aside|is displaced'
         '|changes its position|changes its direction|is pulled round|looks the other way)',
         '(someone|somebody|anyone|a person|something|anything) (moves you|bumps you|knocks the'
         ' camera|pushes the camera|turns you|shifts the camera|nudges the camera|bumps into the'
         ' camera|jolts the camera|tilts the camera|moves the camera|turns the camera away'
         '|runs into you|knocks against you)',
         '(the view|the whole picture|the picture|the whole scene|the frame|the field of view)'
         ' (jumps|is shifted|gets shifted|slides aside|is turned|tilts|changes because the camera'
         ' moved|is not where it was|moves as a whole|jerks|swings)',
         'you (look|point|face) (somewhere else|another way|elsewhere|in another direction)',
         '(there is|you feel|you notice) (a knock on the camera|a jolt|a bump|a push|a shift of'
         ' the'
         ' camera|a shift of the view)',
         '(camera motion|camera displacement|ego motion|a pose change of the camera) (is'
         ' detected|occurs)',
         '(a change of|a jump in|an error in) the camera (pose|position|orientation) (is'
         ' detected|occurs)',
         'the camera (pose|position|orientation|heading) (changes|has changed|is no longer the'
         ' same|drifts)',
         'the (calibration|alignment) is (lost because the camera was moved|off because you'
         ' were moved)',
         'the camera (has been|has just been) (knocked|bumped|shoved aside|turned round'
         '|displaced|put elsewhere)',
         'the camera (is knocked out of place|is out of place|gets out of position|is no longer'
         ' in place)',
         'the camera (gets a knock|takes a knock|gets a shove|suffers a bump|gets a jolt|is hit'
         ' by something)',
         'the camera (wobbles|tips|topples|falls over|sags|drops|rotates|pans|swivels|is spun'
         ' round)',
         'the camera (is pointed at something else|ends up crooked|is askew|hangs crooked|is'
         ' aimed elsewhere)',
         'the camera (does not stay put|does not stay where I put it|no longer sits as it should)',
         'the camera is (not where it was any more|no longer where I put it|no longer aimed as'
         ' it was)',
         '(someone|somebody) (bangs into|crashes into|bumps into|trips over|stumbles against)'
         ' your (mount|stand)',
         '(someone|somebody) (knocks your stand|kicks the tripod|shakes the tripod|moves your'
         ' mount|shoves your stand)',
         '(someone|somebody|a child) (grabs you and turns you|picks up the camera|lifts the'
         ' camera|twists the camera)',
         '(someone|somebody|he|she) (has moved you|has turned you|has knocked the camera|has'
         ' shoved the camera)',
         '(they|people|the kids) (move the camera|turn the camera round|knock the camera|push'
         ' you about|jolt you)',
         '(a ball|a cart|a broom|the dog|the cat) (hits the camera|knocks the camera askew'
         '|bumps the tripod)',
         '(something|anything) (hits you|strikes the camera|jogs the camera|jars the camera'
         '|shakes the mount)',
         '(the tripod|the mount|the stand|the bracket) (is knocked|gets bumped|gives way|slips'
         '|is shoved|tips over)',
         '(the tripod|your stand|your mount) (is moved|is turned|gets shifted|has been moved|is'
         ' kicked)',
         'you (get knocked|get bumped|are jolted|are nudged|are turned round|are pushed out of'
         ' place|are jostled)',
         'you (are no longer where you were|do not point where you did|have been moved|lose'
         ' your position)',
         'you (are put somewhere else|are carried off|are picked up|are swung round|are tilted'
         '|topple|fall over)',
         'you (end up looking at something else|end up facing another way|no longer face the'
         ' same way)',
         '(your aim|your direction|your position|your angle) (is changed|gets changed|is lost'
         '|is off)',
         'your (viewpoint|vantage point|viewing angle|line of sight) (changes|shifts|is changed'
         '|has shifted)',
         'the (viewpoint|camera angle|viewing direction|perspective) (changes|shifts|jumps|is'
         ' changed|has changed)',
         'the (whole image|entire image|complete view|whole shot) (shifts|jumps|slides|lurches'
         '|tilts) at once',
         'the (background|whole room|entire scene) (seems to jump|shifts in the picture|jumps'
         ' in the frame)',
         'the (feed|footage|stream|video) (jolts|lurches|jerks as a whole|shakes and is off|is'
         ' shifted as a whole)',
         'the (feed|footage|stream|video) shows (another part of the room|another angle|the'
         ' room from another angle)',
         'the (framing|picture detail|camera setup) (is no longer the same|changes|is not as I'
         ' set it|is off)',
         'the (horizon|picture|shot) (is suddenly crooked|is askew all at once|tilts with the'
         ' camera)',
         '(I|we) see (another part of the room|the room from another angle) because you were'
         ' (moved|turned)',
         '(all of the picture|the lot in the picture) (shifts the same way|slides the same way)'
         ' at once',
         "(somebody|someone) (messes with|fiddles with|tampers with) the (tripod|mount|camera's"
         ' aim|camera mount)',
         '(somebody|someone) (puts you out of place|knocks you off course|changes where you'
         ' point|realigns you)',
         "(the camera|your camera) (isn't steady any more|is no longer steady|does not hold its"
         ' position)',
         '(the camera|your camera) (comes loose and turns|slides off its place|falls off its'
         ' mount|is swept aside)',
         '(a jolt|a bump|a blow|a shock) (goes through the camera|hits the camera|shifts the'
         ' view)',
         '(there is|there has been) a (jolt to the mount|blow to the camera|kick against the'
         ' tripod)',
         '(the head of the camera|the camera head) (turns|is turned|swivels|is twisted|tilts)'),
        ('(a|any) (knock|bump|jolt|push|nudge|shift|turn) (of|to) the (camera|view)',
         '(someone|somebody|anyone) (moving|bumping|turning|knocking|pushing) (the camera|you)',
         'the camera being (moved|bumped|turned|knocked|shifted)', 'camera movement',
         '(a shifted|a moved|a turned) (camera|view)', 'the view shifting',
         '(camera displacement|ego motion|a change of camera pose|a viewpoint change|a jump of'
         ' the camera)',
         '(a knock|a kick|a blow|a bang) (against|to|on) (the tripod|your stand|your mount|the'
         ' camera)',
         '(the displacement|the turning|the tilting|the shifting) of the camera',
         '(a change|any change) of (viewpoint|camera angle|camera position|your viewing'
         ' direction)',
         '(someone|somebody) (kicking the tripod|banging into your mount|turning you round'
         '|moving your stand)',
         '(a jolted|a displaced|a crooked|a misaligned|a knocked-over) camera',
         '(tampering with|a hit on|a shove against) the (mount|tripod|stand)'),
        ('the tripod is wobbly', 'the kids run about', 'I aimed you with care',
         'the mount is loose', 'it has to point at the door', 'the vacuum cleaner may bump into'
         ' you',
         'I calibrated this view', 'cats climb on everything',
         'my calibration is gone with the slightest knock',
         'the shelf you stand on is not stable',
         'the cleaners shove everything about',
         'I measured out your place to the millimetre',
         'the forklift comes close to you',
         'the tape that holds you is old',
         'the children play football around you',
         'the door slams against your stand'),
        ('hold your position. (Tell me|Say so|Shout) if you (lose it|are moved out of it)',
         '(tell me|say so) when (you get a knock|you are bumped|somebody touches your stand)',
         'tampering alarm: speak if the camera is moved',
         '(camera moved|camera bumped|mount hit)? (Tell me|Say so|Report it)',
         'on (camera motion|camera bump|pose change|camera displacement): (alert|notify me|say'
         ' so|report)',
         'bump alarm(, please| on|: speak when the camera gets a knock)',
         'do not touch the tripod! (Tell me|Say so|Shout) if somebody (does|kicks it|moves it)',
         'stay just where you are. (Tell me|Say so|Shout) if you are (moved|turned|pushed)',
         'ouch is what I want to hear when (somebody bangs into you|you get knocked|the tripod'
         ' is hit)',
         'you point at the right spot now. (Tell me|Say so) when you no longer do',
         'hands off the camera mount! (Tell me|Say so|Shout) if (somebody turns you|you are'
         ' shifted)')),
}

SPEECH = {skill: replace(speech, never=CLAUSES[skill].test) for skill, speech in _SPEECH.items()}
"""Free words for each skill of the sentry."""

NARRATING = (
    '(tell me|describe|report|narrate|say) (what happens|what is happening|what goes on|everything'
    ' that happens|all that happens|whatever happens)( here|, please|, as it happens|, bit by bit'
    '|)',
    "what('s| is) (happening|going on)(?| here? Keep telling me| there? Tell me as it goes on)",
    '(keep|go on) (talking|telling me what you see happen|reporting|describing what happens)',
    '(give me|I want|I would like|let me have) (a running report|a live report|the play-by-play'
    '|every detail of what happens|a commentary|a blow-by-blow account)(, please|)',
    '(mention|say|report|log) (every|each|any) (event|change|incident|happening|occurrence)(,'
    ' please'
    '| you notice| you see|)',
    "(I can't see|I am blind|I cannot look)(. Be my eyes|. Tell me what happens|, so tell me"
    ' everything that happens|, so describe what happens)',
    '(play|be) the (reporter|commentator|narrator)(, please| for me|)',
    'whatever happens, (say it|tell me|let me know|I want to hear it|report it)',
    '(keep|hold) me (informed|posted|up to date|in the picture) (about|on|of) (everything'
    '|whatever happens|what happens|all that happens)',
    '(anything|everything) that happens: (tell me|say it|report it|let me know)',
    '(leave out|skip|omit) (nothing|nothing that happens), tell me all',
    '(could|would|can) you (please|) (tell me|describe|report) (everything that happens|what is'
    ' going'
    ' on|all you see happening)?',
    'if (anything|something) (at all|) happens, (say what|tell me what it is|describe it)',
    '(watch|look) and (comment|tell|report|describe it as it happens|tell me what you see happen)',
)

GROUNDING = (
    '(if|when|once) {}, give me the (time span|seconds it took|start and end|start and end time'
    '|beginning and end|time from start to finish)(, please|, nothing else|)',
    '(note|log|record|write down|keep track of|find out|tell me|mark) (from when to when|the'
    ' seconds'
    ' in which|the time in which|the time span in which|between which seconds) {}',
    '(I need|I want|give me|report) (timestamps|the exact time|the start and the end|the time|from'
    ' and to) for this: {}', '(start and end|time span|timestamps|from when to when)(, please|):'
    ' {}', '(how long|when exactly|from which second to which) (is it that|does it happen that)'
           ' {}?',
    '{}: (between which seconds|from when to when|when exactly|which seconds|what time span)?',
    "(I don't need words|no words|no description), just the seconds between which {}",
    'wait until {} and then (give me the time it took|tell me from when to when that was)',
    'as soon as {}, (say when it began and when it was over|give its first and last second)',
    '(could|would|can) you (please|) (tell me|note|say) from when to when {}?',
    '(locate|find|pin down) the moment when {} and (give its start and end|name its seconds)',
)
"""``{}`` is a clause."""

QUESTIONS = {
    'light': (
        'is (there light|it bright|it light|the lamp burning|it lit) (in here|in there|in the room'
        '|)?', 'do we have light (in there|now|)?', 'is the lamp lit?',
        'is the (light|lamp|lighting) on (now|right now|at the moment|)?',
        '(I wonder whether|tell me whether|say whether|I want to know whether) (the light is on'
        '|it is'
        ' bright|the lamp is on|the room is lit up|there is light)',
        'did (someone|anyone) leave the light on?', 'light on or'
        ' not?', 'can one see in there without'
        ' a torch?'),
    'covered': (
        'is (something|anything|a hand) (before|in front of|over) (the lens|the camera|you)?',
        'is (your view|your sight|the lens|the camera|the picture) (obstructed|hidden|covered up'
        '|blocked off|obscured)?',
        '(I wonder whether|tell me whether|say whether|I want to know whether) (the camera is'
        ' covered'
        '|something hides the view|your view is blocked|the lens is covered)',
        'are you (blindfolded|blinded|covered up)?', 'does (something|anything) block (the lens'
        '|your'
        ' view|the camera)?', 'has (someone|anyone) covered you up?', 'lens covered or not?'),
    'moving': (
        'is (anyone|someone|anything|something|anybody) (on the move|moving about|moving around'
        '|moving at the moment|stirring|moving right now)?',
        'do you see (anything|something|someone) (moving|move|in motion)?',
        '(I wonder whether|tell me whether|say whether|I want to know whether) (anything moves'
        '|something is moving|there is movement|anyone is on the move)',
        'is there (any movement|movement|motion|any activity) (in there|now|right now|in the'
        ' picture'
        '|)?', 'are things moving?', 'anything moving?', 'is there something on the move?'),
}

ASKING = (
    '{}', '{} (Tell me|Say so|Let me know) (when|if|as soon as) (that changes|it changes|it is'
    ' different|the answer is another)',
    '{} (Keep me posted|Keep me updated|Keep it current|And from now on at each change)',
    '(one question|question|I have a question|a question): {} (Answer again when it changes|Update'
    ' me when it changes|)',
    '{} I want to know (now|at once) and (at every change|whenever it changes|each time it'
    ' changes)')
YES_OR_NO = ('{} (Answer|Reply) yes or no(, and again at each change|, each time it changes|)',)
"""``{}`` is a question, capitalised as it stands first or not."""
