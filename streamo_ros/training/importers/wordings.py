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

"""
What is asked of a film: each task in many words.

The paper names three levels of granularity for what is told: the moment (narration), the action or
step, and the event as a whole. ``{}`` stands for what is asked about.
"""

import zlib

NARRATION = (
    'Comment on what you see, as it happens.',
    'Keep talking me through the video, moment by moment.',
    'Act as a live commentator for this video.',
    'Say what is going on, each time something new has been shown.',
    'I cannot see the picture. Keep me informed, moment by moment.',
    'Give a running account of this footage.',
    'Describe each moment as soon as it is over.',
    'Tell me all along what the camera shows.',
    'Narrate this while it plays.',
    'Follow the scene and put every moment into a sentence.',
)
ACTION_CAPTION = (
    'Name each step when it has been carried out.',
    'Write down the actions one by one, each as soon as it is finished.',
    'What is being done here? Give me every single step once it is complete.',
    'Log every action in this video when it ends.',
    'Watch the work and report each step that has been completed.',
    'Each time an action is over, say which one it was.',
    'Keep a list of the steps: add one whenever it is done.',
    'After every step, tell me in a few words what was done.',
    'Follow the procedure and call out each step that is finished.',
    'Which actions are performed? Report them one after the other, when they are complete.',
)
EVENT_CAPTION = (
    'Sum up every event of this video once it is over.',
    'Whenever an event has ended, describe it as a whole.',
    'Tell me about each event, but only after it has come to its end.',
    'Divide the video into events and give a sentence on each when it is complete.',
    'Report what has happened, event by event.',
    'For every event in this stream, write a short summary at its end.',
    'Wait until something has happened completely, then describe it.',
    'Give an account of all events, each at the moment it is finished.',
    'Let me know what took place, each time an event is concluded.',
    'Describe the events of this video, one at a time, when each is done.',
)
GROUNDING = (
    'When does this happen: "{}"? Tell me from when to when, as soon as it is over.',
    'Wait for the following event and give its start and end once it has ended: "{}"',
    'Find the time span of this event: "{}"',
    'Look out for this: "{}" When it is over, say when it began and ended.',
    'I am looking for the part of the video that shows this: "{}" Give me its times.',
    'Between which seconds does this take place: "{}"?',
    'Report the interval of this event after it has finished: "{}"',
    'Watch for "{}" and tell me its beginning and its end.',
    'Mark where in the video this is seen: "{}"',
    'As soon as this has happened, name its start and end time: "{}"',
)
LATEST = (
    'What was the last thing that happened? Correct your answer whenever something new is over.',
    'Which event was completed most recently? Keep the answer up to date.',
    'Keep answering: what has just come to an end?',
    'At any time, I want to know what happened last. Update it when that changes.',
    'What has just been done? Answer again each time the answer is another.',
    'Tell me the most recent event, and tell me again as soon as there is a newer one.',
    'What is the latest event that is over by now? Renew your answer when needed.',
    'Always know what happened last, and say so whenever it changes.',
)
FOLLOWING = (
    'Which step comes next? Answer again after every step.',
    'Each time a step is done, tell me the one that follows.',
    'What has to be done next? Update the answer when a step is finished.',
    'After each step, say what the next one is.',
    'Keep telling me the step that is to follow, as the work goes on.',
    'What will be done after the step that is now complete? Renew the answer at each step.',
)
COUNT = (
    'How many times has this happened so far: "{}"? Count on with each time.',
    'Count how often this is done: "{}"',
    'Keep count of "{}" and give me the new number each time.',
    'How often has "{}" been seen until now? Update the number.',
    'Every time this is over, tell me how many times it has been: "{}"',
    'Count up whenever this is complete: "{}"',
)
HAPPENED = (
    'Has this happened yet: "{}"? Tell me when the answer changes.',
    'Is it already over: "{}"? Correct your answer when it is.',
    'Did this take place already: "{}"? Answer now, and again if that changes.',
    'Say whether this has happened, and update your answer: "{}"',
    'Has "{}" been seen so far? Let me know as soon as it has.',
    'Answer at once, and again when it is no longer true: is "{}" still to come?',
)
NOTIFY = (
    'Tell me when this happens: "{}"',
    'Give a sign as soon as this has been done: "{}"',
    'Notify me of "{}", and keep quiet otherwise.',
    'Speak up only if this is seen: "{}"',
    'Should "{}" happen, let me know.',
    'Watch out for "{}" and report it.',
    'I want to hear from you only about this: "{}"',
    'Alert me if there is "{}"',
)
HIGHLIGHT = (
    'Tell me each time a part that shows this especially well is over: "{}"',
    'Point out the best moments of "{}", each when it has passed.',
    'Which passages are highlights of "{}"? Name them as they end.',
    'Pick out the parts that are worth keeping for "{}"',
    'Say so whenever an outstanding moment of this has been shown: "{}"',
    'Collect the highlights of "{}" and report each one at its end.',
)
TOLD = (
    'Seen from {}s to {}s.',
    'That was it, from {}s to {}s.',
    'It happened from {}s to {}s.',
    'Done: from {}s to {}s.',
)
NOW = (
    'What is being done right now? Answer when you are sure.',
    'Name the action that goes on at this moment.',
    'Which activity is this?',
    'What are they doing here?',
    'Say in a few words what is happening at the moment.',
    'What do these seconds show?',
)
WHETHER = (
    'Is this being done now: "{}"? Yes or no.',
    'Do the next seconds show "{}"?',
    'Is this "{}" what is going on here?',
    'Decide whether this is happening at the moment: "{}"',
    'Can "{}" be seen right now?',
)
STILL = ('Answer as soon as you can see it: {}', '{} Answer when it can be seen.',
         'As soon as the video shows it, tell me: {}', '{} Wait until you know.')


def chosen(wordings: tuple[str, ...], *key: object) -> str:
    """Return one of several wordings, always the same for a key."""
    return wordings[zlib.crc32('\n'.join(map(str, key)).encode()) % len(wordings)]
