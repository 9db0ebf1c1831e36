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

Each direction of a skill (off and on, covered and free) has many clauses of its own, active and
passive, with several nouns: a model that has seen few clauses takes one direction for the other.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Protocol

import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.worlds.labels import Event
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.phrases import ASK
from streamo_ros.worlds.phrases import GROUND
from streamo_ros.worlds.phrases import NARRATE
from streamo_ros.worlds.phrases import Phrases
from streamo_ros.worlds.phrases import TELL
from streamo_ros.worlds.phrases import word
from streamo_ros.worlds.question import changing
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.sentry import MOVING
from streamo_ros.worlds.sentry import PairTruth
from streamo_ros.worlds.truth import due_tick
from streamo_ros.worlds.truth import grounding
from streamo_ros.worlds.truth import happenings

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

CLAUSES = {
    'start': Phrases(
        ('something starts moving', 'something starts to move', 'anything begins to move',
         'motion begins', 'there is movement', 'an object starts moving', 'it starts moving',
         'someone starts to move', 'a thing begins moving', 'something is set in motion',
         'movement begins', 'movement starts', 'the motion starts', 'anything starts moving',
         'somebody begins to move', 'a still object starts to move', 'something moves'),
        ('something begins moving', 'an object begins to move', 'someone starts moving')),
    'stop': Phrases(
        ('something stops moving', 'everything stops moving', 'the motion stops',
         'everything is still again', 'all movement ends', 'it stops moving',
         'it comes to a stop', 'the movement ends', 'everything comes to rest',
         'something comes to rest', 'the object stops moving', 'all motion stops',
         'nothing moves any more', 'everything stands still', 'someone stops moving',
         'a moving object comes to a stop', 'the scene is still again'),
        ('the movement stops', 'something comes to a stop', 'all motion ends')),
    'enter': Phrases(
        ('something enters the view', 'something comes into view', 'someone enters',
         'somebody comes in', 'an object enters the picture', 'something appears from outside',
         'someone comes into the picture', 'somebody enters the view', 'an object comes in',
         'a thing moves into the picture', 'someone walks into the view',
         'something appears at the edge and comes in', 'anything enters the frame',
         'somebody steps into the frame', 'something new comes into the frame',
         'someone enters the frame from the side'),
        ('an object comes into view', 'someone enters the picture',
         'something comes into the picture')),
    'leave': Phrases(
        ('something leaves the view', 'something goes out of view', 'someone leaves',
         'somebody goes away', 'an object leaves the picture', 'something has gone from view',
         'someone goes out of the picture', 'somebody leaves the view', 'an object goes away',
         'a thing moves out of the picture', 'someone walks out of the view',
         'something disappears at the edge', 'anything leaves the frame',
         'somebody steps out of the frame', 'something goes out of the frame',
         'someone leaves the frame at the side'),
        ('an object goes out of view', 'someone leaves the picture',
         'something goes out of the picture')),
    'light_off': Phrases(
        ('the light goes off', 'the lights go out', 'it gets dark', 'the light is switched off',
         'the lamp goes off', 'the room gets dark', 'the light is turned off',
         'the lights are switched off', 'the lamp is turned off', 'someone switches off the light',
         'somebody turns the light off', 'someone turns off the lamp',
         'somebody switches the lights off', 'the room becomes dark', 'the room goes dark',
         'the picture gets dark', 'it becomes dark in the room', 'the lamp goes out',
         'darkness falls', 'the light in the room goes out', 'the view becomes dark'),
        ('the lights go off', 'the lamp is switched off', 'someone turns off the lights',
         'the picture becomes dark')),
    'light_on': Phrases(
        ('the light goes on', 'the lights come on', 'it gets bright',
         'the light is switched on', 'the lamp goes on', 'the room gets bright',
         'the light is turned on', 'the lights are switched on', 'the lamp is turned on',
         'someone switches on the light', 'somebody turns the light on',
         'someone turns on the lamp', 'somebody switches the lights on',
         'the room becomes bright', 'the room lights up', 'the picture gets bright',
         'it becomes bright in the room', 'the lamp comes on', 'the darkness ends',
         'the light in the room comes on', 'the view becomes bright'),
        ('the lights go on', 'the lamp is switched on', 'someone turns on the lights',
         'the picture becomes bright')),
    'cover': Phrases(
        ('the camera is covered', 'something covers the lens', 'the lens is blocked',
         'the view is blocked', 'somebody covers the camera', 'the lens gets covered',
         'the camera is blocked', 'someone covers the lens', 'a hand covers the camera',
         'the view gets covered', 'something blocks the view', 'somebody blocks the lens',
         'the picture is covered', 'something is put over the camera',
         'someone puts something over the lens', 'a cloth covers the view',
         'the camera can no longer see', 'something hides the whole view',
         'the view of the camera is covered', 'something is held before the lens'),
        ('the lens is covered', 'something blocks the camera', 'someone covers the view',
         'the picture is blocked')),
    'uncover': Phrases(
        ('the camera is uncovered', 'the lens is free again', 'the view is clear again',
         'the camera can see again', 'the cover is taken away', 'the lens gets uncovered',
         'the camera is clear again', 'someone uncovers the lens', 'a hand uncovers the camera',
         'the view gets uncovered', 'nothing blocks the view any more',
         'somebody frees the lens', 'the picture is uncovered',
         'something is taken off the camera', 'someone takes the cover off the lens',
         'the view is free again', 'somebody uncovers the camera',
         'the whole view can be seen again', 'the view of the camera is uncovered',
         'the lens is no longer covered'),
        ('the lens is uncovered', 'the camera is free again', 'someone uncovers the view',
         'the picture is clear again')),
    'move': Phrases(
        ('the camera is moved', 'the camera moves', 'somebody moves the camera',
         'the camera is turned', 'the camera is bumped', 'the view shifts',
         'someone moves the camera', 'the camera shifts', 'somebody turns the camera',
         'someone bumps the camera', 'the camera looks elsewhere', 'the picture shifts',
         'the camera turns', 'the camera is pushed', 'the whole view moves',
         'somebody shifts the camera', 'the camera gets shifted'),
        ('the camera is shifted', 'someone turns the camera', 'the whole picture shifts')),
}

_BOTH = {
    ('start', 'stop'): Phrases(
        ('something starts or stops moving', 'motion starts or stops',
         'something begins or stops moving', 'movement starts or ends',
         'anything starts to move or stops moving', 'something moves or comes to rest'),
        ('something begins to move or comes to a stop', 'movement begins or stops')),
    ('enter', 'leave'): Phrases(
        ('something enters or leaves the view', 'someone enters or leaves',
         'something comes into view or goes out of view', 'an object enters or leaves',
         'something comes into the frame or leaves it', 'somebody comes in or goes away'),
        ('someone comes in or leaves', 'an object enters the view or leaves it')),
    ('light_off', 'light_on'): Phrases(
        ('the light goes off or on', 'the light goes on or off', 'the light changes',
         'the lights are switched', 'the light is switched off or on',
         'the lamp is turned on or off', 'the room gets dark or bright'),
        ('the lamp goes on or off', 'the lights go off or come on')),
    ('cover', 'uncover'): Phrases(
        ('the camera is covered or uncovered', 'the lens is covered or uncovered',
         'the view is blocked or clear again', 'the camera is blocked or free again',
         'someone covers or uncovers the camera', 'the view gets covered or uncovered'),
        ('the lens is blocked or free again', 'the view is covered or uncovered')),
}

_QUESTIONS = {
    'light': Phrases(
        ('Is the light on?', 'Is the lamp on?', 'Are the lights on?', 'Is it bright in the room?',
         'Is the room bright?', 'Is the light of the room switched on?'),
        ('Is the room lit?', 'Is the lamp switched on?')),
    'covered': Phrases(
        ('Is the camera covered?', 'Is the lens covered?', 'Is the view blocked?',
         'Is something before the lens?', 'Is the lens blocked?', 'Does something hide the view?'),
        ('Is the camera blocked?', 'Is the view covered?')),
    'moving': Phrases(
        ('Is anything moving?', 'Is something moving?', 'Is there any movement?',
         'Does anything move?', 'Is anything in motion?', 'Is there motion in the view?'),
        ('Is there any motion?', 'Does something move?')),
}


class Watched(Protocol):
    """What a world tells of itself to who asks for the sentry's skills."""

    @property
    def events(self) -> tuple[Event, ...]:
        """Return what happens."""

    @property
    def dim(self) -> bool:
        """Say whether its dark could be taken for a dim room by who has not seen the light."""

    def clear(self, skill: str) -> bool:
        """Say whether the truth of a skill is beyond doubt."""

    def doubtful(self, skills: Sequence[str], before: float, now: float) -> bool:
        """Say whether what is seen between two moments could be taken for one of some skills."""

    def lit(self, time: float) -> bool | None:
        """Say whether the light is on; None while it changes."""

    def covered(self, time: float) -> bool | None:
        """Say whether the lens is covered; None while that changes."""

    def observe(self, before: float, now: float, grid: tuple[int, int] = ...) -> PairTruth:
        """Return what can be seen to have changed between two moments."""


Rule = Callable[[Watched, Sequence[float]], 'tuple[Truth, ...] | None']
"""The truth of a topic in a world at some ticks; None where it has no clear one."""


@dataclass(frozen=True)
class Topic:
    """
    One kind of instruction to the sentry world.

    :param skills: the skills whose events must be beyond doubt
    :param frames: what the clauses are put in
    :param besides: what else shall happen in the stream, doubtful or not
    """

    task: str
    skill: str
    skills: tuple[str, ...]
    frames: Phrases
    clauses: Phrases
    rule: Rule
    besides: tuple[str, ...] = ()

    def ask(
        self, rng: np.random.Generator, split: str, world: Watched, stamps: Sequence[float],
        rate: float,
    ) -> Question | None:
        """Return the question with its truth; None where the world gives it no clear one."""
        if not all(world.clear(skill) for skill in self.skills):
            return None
        right = self.rule(world, stamps)
        if right is None:
            return None
        right = doubted(world, self.skills, stamps, right)
        text = word(rng, split, self.frames, self.clauses)
        return Question(self.task, self.skill, text, rate, right)


def doubted(
    world: Watched, skills: Sequence[str], stamps: Sequence[float], right: tuple[Truth, ...],
) -> tuple[Truth, ...]:
    """Return the truth without those silences in which a careful person could hesitate."""
    return tuple(
        replace(truth, counted=False)
        if index and truth.state is State.SILENCE and world.doubtful(
            skills, stamps[index - 1], stamps[index]) else truth
        for index, truth in enumerate(right))


def tell(skills: tuple[str, ...]) -> Rule:
    """Return the rule of what asks for the events of some skills."""
    def rule(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...]:
        asked = (event for event in world.events if event.skill in skills)
        return happenings(asked, stamps, lambda event: ANSWERS[event.skill])
    return rule


def _ground(skill: str) -> Rule:
    def rule(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
        return grounding([event for event in world.events if event.skill == skill], stamps)
    return rule


def _yes(*answers: bool | None) -> tuple[Truth, ...]:
    return changing([None if answer is None else 'Yes.' if answer else 'No.'
                     for answer in answers])


def _light(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
    lit = world.lit(stamps[0])
    if world.covered(stamps[0]) is not False or lit is None or not lit and world.dim:
        return None  # what the light does is not to be seen
    return _yes(*(world.lit(stamp) for stamp in stamps))


def _covered(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
    if world.covered(stamps[0]) is not False or not world.lit(stamps[0]):
        return None  # a single frame may not tell a cover from a wall, nor from the dark
    return _yes(*(world.covered(stamp) for stamp in stamps))


def _moving(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
    if world.covered(stamps[0]) is not False or not world.lit(stamps[0]):
        return None
    if any(world.doubtful((MOVING,), before, now)
           for before, now in zip(stamps, stamps[1:], strict=False)):
        return None
    changes: list[tuple[float, bool, Event]] = []
    for event in world.events:
        if event.skill == 'start':
            changes.append((event.end, True, event))
        elif event.skill == 'stop':
            changes.append((event.end, False, event))
    running = any(event.skill == 'stop' and event.start <= stamps[0] for event in world.events)
    answers: list[bool | None] = [None] + [running] * (len(stamps) - 1)
    faint = set()
    for _, starts, event in sorted(changes, key=lambda change: change[0]):
        due = due_tick(event, stamps)
        if starts:
            faint |= {index for index in range(len(stamps) if due is None else due)
                      if stamps[index] >= event.start}
        if due is not None:
            first = max(due, 1)
            answers[first:] = [starts] * (len(stamps) - first)
    right = _yes(*answers)
    return tuple(
        Truth(truth.state, truth.text, counted=truth.state is not truth.state.SILENCE
              or index not in faint)
        for index, truth in enumerate(right))


_ALL = tuple(SKILLS)
_GROUNDED = ('enter', 'leave', 'light_off', 'light_on', 'cover', 'uncover', 'move')
_NOTHING = Phrases(('',), ('',))

TOPICS: dict[str, tuple[Topic, ...]] = {
    'narration': (Topic('narration', 'all', _ALL, NARRATE, _NOTHING, tell(_ALL)),),
    'event_caption': (
        *(Topic('event_caption', skill, (skill,), TELL, CLAUSES[skill], tell((skill,)))
          for skill in SKILLS),
        *(Topic('event_caption', '/'.join(skills), skills, TELL, clauses, tell(skills))
          for skills, clauses in _BOTH.items())),
    'grounding': tuple(
        Topic('grounding', skill, (skill,), GROUND, CLAUSES[skill], _ground(skill))
        for skill in _GROUNDED),
    'tsqa': (
        Topic('tsqa', 'light', ('light_off', 'light_on'), ASK, _QUESTIONS['light'], _light),
        Topic('tsqa', 'covered', ('cover', 'uncover'), ASK, _QUESTIONS['covered'], _covered),
        Topic('tsqa', 'moving', ('start', 'stop'), ASK, _QUESTIONS['moving'], _moving)),
}
"""What may be asked, by task."""
