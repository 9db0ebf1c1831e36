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
         'anything at all is moving', 'one of the things gets moving'),
        ('(any|the first|the slightest|sudden|all|fresh) (movement|motion|sign of movement|stir)',
         '(something|someone|an object|a thing) (starting to move|getting going|that begins to'
         ' move'
         '|beginning to move)', 'the (start|beginning|onset) of (any motion|a movement|movement)',
         'a thing (set|put) in motion', 'activity'),
        ('nothing should move in here', 'this has to stay still', 'the machine is switched off',
         'everything ought to stand still', 'I am waiting for the belt to run',
         'they are about to set off', 'the cat is asleep', 'the shop is closed',
         'no one should be up at this hour', 'the experiment has not begun yet',
         'I have set a trap', 'the queue has been standing for ages'),
        ('(tell me|shout) (at|upon) the first (sign of life|movement|twitch)',
         'motion detector(, please| on|: speak when triggered)',
         'it is all still now. (Tell me|Say so|Shout) when that changes',
         '(anything|something) moving? Tell me when it starts')),
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
         'stillness returns', 'calm (returns|sets in)', 'things (settle down|come to rest)'),
        ('the end of (all|any|the) (movement|motion|activity)', 'stillness',
         '(everything|something|the last thing) coming to (rest|a stop|a halt|a standstill)',
         'a (standstill|halt|stop)', 'movement that ends', '(the moment of|a return to) (rest'
         '|calm)'),
        ('I need a steady picture', 'I can only measure when nothing'
        ' moves', 'they never stand still',
         'the belt ought to come to rest soon', 'I want to come in when it is quiet',
         'it has to be calm before I start', 'the dancers will be done in a minute',
         'the line must not stop', 'I am waiting for the swing to settle'),
        ('(tell me|say so|speak) once (all is quiet|all is still|it is all calm) again',
         'wait for stillness, then (tell me|speak|say so)',
         'is it all still? (Say so|Tell me) as soon as it is')),
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
         'I have a visitor', 'there is one more in the picture'),
        ('(a|any|each|every) (visitor|newcomer|arrival|intruder|guest|new arrival|person coming'
         ' in)',
         '(someone|somebody|something|an object|anyone) (coming in|entering|arriving|coming into'
         ' view|walking in|turning up|appearing)', '(visitors|newcomers|arrivals|company|intruders'
         '|people coming in)'),
        ('I am expecting a parcel', 'I am expecting guests', 'the postman is due',
         'no one is allowed in here', 'the plumber said he would be here by noon',
         'nobody has any business in there', 'I ordered a pizza', 'the shop has just opened',
         'my colleague is on the way', 'the delivery is late', 'I am waiting for my bus',
         'the children will be home soon', 'there have been burglaries around here'),
        ('(tell me|call me|shout|ring) when (I have company|the guests are here|we are not alone'
         '|there is a visitor|my visitor is here)',
         'who goes there? (Tell me|Say so) when (someone|anyone) (turns up|shows up|comes)',
         'be my doorbell', 'act as (a doorbell|a doorman|a gatekeeper) and report arrivals')),
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
         'the coast gets clear'),
        ('(a|any|each|every) (departure|exit|leaving|farewell)',
         '(someone|somebody|something|an object|anyone) (leaving|going out|going away|walking out'
         '|disappearing from view|going out of sight|leaving the picture)',
         '(departures|people going out|people leaving|things that go out of view)'),
        ('I want to lock up afterwards', 'the guests should be going'
        ' soon', 'nobody may go home yet',
         'I want to talk to you alone', 'nothing may be taken from here',
         'I need the room for myself', 'my ride goes at five', 'the dog tends to run off',
         'I will clean when they are done', 'I would like to know when the coast is clear'),
        ('(tell me|shout|call me) when (they have cleared off|the coast is clear|we lose one'
         '|the visitor has gone)', 'count nobody in, but tell me of everyone who goes out',
         'nobody may leave. Tell me (if|when) one does')),
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
         'the power (goes|is out|fails) and it gets dark'),
        ('(a|any|the) (blackout|power cut|loss of light|failure of the light|darkening)',
         'darkness', 'the (light|lights|lamp) (going out|going off|failing|being switched off)',
         'lights out', 'it getting dark'),
        ('the fuse keeps blowing', 'I am developing film', 'the bulb is old',
         'we have had power cuts all week', 'I pay the electricity', 'the plants need their lamp',
         'he reads too long in bed', 'the caretaker locks up at'
         ' night', 'the hens sleep in the dark',
         'I put in a new bulb', 'the switch is loose', 'they should save energy'),
        ('(tell me|shout) at lights out', 'bulb watch: say when it (fails|goes|dies)',
         '(tell me|say so|shout) when I am (left|sitting) in the dark',
         'it is bright now. (Tell me|Say so) when it no longer is')),
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
         'the power (is back|returns) and it gets bright'),
        ('the (light|lights|lamp) (coming on|being switched on|coming back|going on)',
         '(light|the return of the light|light in the room|the end of the blackout)',
         'it getting bright', 'a lamp that is lit', 'lights on'),
        ('the electrician is at work', 'nobody should be in that room at night',
         'we are waiting for the power to return', 'the motion lamp is being tested',
         'I want to know when she gets up', 'the timer should do it at six',
         'they said the power would be back', 'burglars need to see, too',
         'I cannot work before that', 'the photographs must not be exposed'),
        ('let there be light - and tell me when there is', '(tell me|say so) at lights on',
         'it is dark now. (Tell me|Say so|Shout) when it no longer is')),
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
         '|throw a coat over the camera|hold something in front of the camera)'),
        ('(something|a hand|a cloth|anything) (over|before|in front of) the (lens|camera)',
         '(a covered|a blocked|an obstructed|a blinded) (lens|camera|view)',
         '(someone|somebody) (covering|blocking|hiding) (the camera|the lens|your view|the view)',
         'the (camera|lens|view) (being covered|being blocked|getting covered)',
         '(sabotage of|tampering with|a cover over) the lens'),
        ('people do not like to be watched', 'the kids keep playing with you',
         'the curtain hangs close to you', 'someone has tampered with it before',
         'a blind guard is no use', 'they might tape you over', 'the wind blows leaves about',
         'someone hung a jacket there last week'),
        ('(tell me|say so|shout) when (you are blind|you go blind|they blindfold you|you see'
         ' nothing)',
         'if you get blindfolded, (say so|tell me|shout)',
         'hands off the lens! (Tell me|Say so) if one gets there')),
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
         'there is (a picture again|a view again|a clear view again|something to see again)'),
        ('the (cover|cloth|hand|obstacle) (being removed|coming off|going away)',
         'a (free|clear) (lens|view) again', 'the (return of the view|end of the cover)',
         '(someone|somebody) (uncovering|freeing) (the camera|the lens|the view)',
         'the (camera|lens|view) (being uncovered|getting free|becoming clear)'),
        ('they put a cloth over you', 'I am painting next to you and covered you',
         'a blind camera is of no use to me', 'the lens cap is still on',
         'they hung something over the lens'),
        ('(tell me|say so|shout) (when|once|as soon as) you can see (again|something|me again)',
         'you may be blindfolded now. (Tell me|Say so) when that ends',
         'I will take the cap off in a moment, (say so|tell me) when it is off')),
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
         ' camera|a shift of the view)'),
        ('(a|any) (knock|bump|jolt|push|nudge|shift|turn) (of|to) the (camera|view)',
         '(someone|somebody|anyone) (moving|bumping|turning|knocking|pushing) (the camera|you)',
         'the camera being (moved|bumped|turned|knocked|shifted)', 'camera movement',
         '(a shifted|a moved|a turned) (camera|view)', 'the view shifting'),
        ('the tripod is wobbly', 'the kids run about', 'I aimed you with care',
         'the mount is loose', 'it has to point at the door', 'the vacuum cleaner may bump into'
         ' you',
         'I calibrated this view', 'cats climb on everything'),
        ('hold your position. (Tell me|Say so|Shout) if you (lose it|are moved out of it)',
         '(tell me|say so) when (you get a knock|you are bumped|somebody touches your stand)',
         'tampering alarm: speak if the camera is moved')),
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
