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
What can be asked of the sentry world: instructions in many phrasings, and their answers.

Phrasings are split: the test split's frames and clauses are never trained on.
"""

from dataclasses import dataclass

import numpy as np

ANSWERS = {
    'start': 'Something started moving.',
    'stop': 'Everything stopped moving.',
    'enter': 'Something entered the view.',
    'leave': 'Something left the view.',
    'light_off': 'The light went off.',
    'light_on': 'The light came on.',
    'cover': 'The camera was covered.',
    'uncover': 'The camera was uncovered.',
    'move': 'The camera was moved.',
}

_FRAMES = {
    'train': (
        'Tell me when {}.', 'Say so when {}.', 'Let me know when {}.', 'Alert me when {}.',
        'Report when {}.', 'Speak up as soon as {}.', 'Warn me if {}.', 'Watch and tell me if {}.',
        'Please say when {}.', 'Call out every time {}.', 'I want to know when {}.',
        'Give a message when {}.'),
    'test': ('Notify me whenever {}.', 'Inform me once {}.', 'Keep watch and report if {}.'),
}


@dataclass(frozen=True)
class Task:
    """One kind of instruction: the skills it asks for and the ways to word it."""

    skills: tuple[str, ...]
    clauses: tuple[str, ...]
    test_clauses: tuple[str, ...]

    def wording(self, rng: np.random.Generator, split: str) -> str:
        """Return one instruction in the split's words."""
        frames = _FRAMES['test' if split == 'test' else 'train']
        clauses = self.test_clauses if split == 'test' else self.clauses
        return str(rng.choice(frames)).format(str(rng.choice(clauses)))


TASKS = (
    Task(('start',),
         ('something starts moving', 'something starts to move', 'anything begins to move',
          'motion begins', 'there is movement', 'an object starts moving', 'it starts moving'),
         ('something begins moving', 'an object begins to move')),
    Task(('stop',),
         ('something stops moving', 'everything stops moving', 'the motion stops',
          'everything is still again', 'all movement ends', 'it stops moving',
          'it comes to a stop'),
         ('the movement stops', 'something comes to a stop')),
    Task(('start', 'stop'),
         ('something starts or stops moving', 'motion starts or stops',
          'something begins or stops moving', 'movement starts or ends',
          'anything starts to move or stops moving'),
         ('something begins to move or comes to a stop', 'movement begins or stops')),
    Task(('enter',),
         ('something enters the view', 'something comes into view', 'someone enters',
          'somebody comes in', 'an object enters the picture', 'something appears from outside'),
         ('an object comes into view', 'someone enters the picture')),
    Task(('leave',),
         ('something leaves the view', 'something goes out of view', 'someone leaves',
          'somebody goes away', 'an object leaves the picture', 'something has gone from view'),
         ('an object goes out of view', 'someone leaves the picture')),
    Task(('enter', 'leave'),
         ('something enters or leaves the view', 'someone enters or leaves',
          'something comes into view or goes out of view', 'an object enters or leaves'),
         ('someone comes in or leaves', 'an object enters the view or leaves it')),
    Task(('light_off',),
         ('the light goes off', 'the lights go out', 'it gets dark', 'the light is switched off',
          'the lamp goes off', 'the room gets dark'),
         ('the lights go off', 'the lamp is switched off')),
    Task(('light_on',),
         ('the light goes on', 'the lights come on', 'it gets bright',
          'the light is switched on', 'the lamp goes on', 'the room gets bright'),
         ('the lights go on', 'the lamp is switched on')),
    Task(('light_off', 'light_on'),
         ('the light goes off or on', 'the light goes on or off', 'the light changes',
          'the lights are switched', 'the light is switched off or on'),
         ('the lamp goes on or off', 'the lights go off or come on')),
    Task(('cover',),
         ('the camera is covered', 'something covers the lens', 'the lens is blocked',
          'the view is blocked', 'somebody covers the camera'),
         ('the lens is covered', 'something blocks the camera')),
    Task(('uncover',),
         ('the camera is uncovered', 'the lens is free again', 'the view is clear again',
          'the camera can see again', 'the cover is taken away'),
         ('the lens is uncovered', 'the camera is free again')),
    Task(('cover', 'uncover'),
         ('the camera is covered or uncovered', 'the lens is covered or uncovered',
          'the view is blocked or clear again', 'the camera is blocked or free again'),
         ('the lens is blocked or free again', 'the view is covered or uncovered')),
    Task(('move',),
         ('the camera is moved', 'the camera moves', 'somebody moves the camera',
          'the camera is turned', 'the camera is bumped', 'the view shifts'),
         ('the camera is shifted', 'someone turns the camera')),
)
