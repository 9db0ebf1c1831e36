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
Streams to ask what can only be told by who knows what was answered before, however long ago.

The sentry's world, long enough for an answer to leave the window before the next one is due. What
is asked for are events that the sentry is asked for, with a rule that goes by earlier answers:
which time it is, that it happened again, only so many times, one thing since another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.worlds.phrases import Phrases
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.sentry import SentryWorld
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.sentry_topics import CLAUSES
from streamo_ros.worlds.sentry_topics import doubted
from streamo_ros.worlds.sentry_topics import tell
from streamo_ros.worlds.streams import draw_stamps
from streamo_ros.worlds.streams import RATES
from streamo_ros.worlds.streams import Stream

Right = tuple[Truth, ...]

SKILLS_ASKED = ('light_off', 'light_on', 'cover', 'uncover', 'move')
"""What is asked for: events that come again and again, and that are seen in two frames."""

FRAMES = {
    'numbered': Phrases(
        ('Each time {}, tell me which time it is.', 'Count how often {}, aloud.',
         'Whenever {}, say so and the number of times so far.', 'Number each time that {}.'),
        ('Every time {}, say how many times that makes.', 'Keep count, aloud, of when {}.')),
    'again': Phrases(
        ('Tell me when {}, and say "again" if it is not the first time.',
         'When {}, say so; from the second time on, say that it happened again.',
         'Report it when {}, and whether it happened again.'),
        ('Whenever {}, tell me, with "again" from the second time on.',
         'Say so when {}, and if you have said it before, add "again".')),
    'limited': Phrases(
        ('Tell me when {}, but only the first {} times.',
         'The first {1} times that {0}, tell me. After that stay silent.',
         'Say so when {}, {} times at most.', 'Report when {}; after {} reports say nothing.'),
        ('Only for the first {1} times, say so when {0}.',
         'Let me know when {}, {} times and no more.')),
    'since': Phrases(
        ('First tell me when {}. From then on, tell me when {} instead.',
         'Wait until {} and say so; since then, report only when {}.',
         'As soon as {}, tell me. After that, only tell me when {}.'),
        ('When {}, say so once; since then tell me only when {}.',
         'Start by telling me when {}. Since that, just report when {}.')),
}
"""What may be asked, by kind: {} is a clause; then a number of times, or another clause."""

_NUMBERS = ('one', 'two', 'three')
_TRIES = 200


@dataclass(frozen=True)
class Recall:
    """
    A question that depends on earlier answers.

    :param plain: the truth for who knows none of them: every event that is asked for at any time
    """

    question: Question
    plain: Right


def draw_recall(
    rng: np.random.Generator, *, split: str, turns: int, apart: int,
    size: tuple[int, int] = (112, 112), rate: float | None = None, kind: str | None = None,
) -> tuple[Stream, Recall]:
    """
    Draw a stream with one question.

    :param split: 'train', 'validation' or 'test'
    :param turns: frames to sample
    :param apart: turns after which an answer has left the window: at some event, what is right
        depends on answers of which the last is further back
    :param size: (height, width) of the frames
    :param rate: ticks per second; None draws one of RATES
    :param kind: of FRAMES; None draws one
    """
    kind = kind or str(rng.choice(list(FRAMES)))
    while True:
        skills = [str(skill) for skill in rng.choice(SKILLS_ASKED, 2, replace=False)]
        ticks = rate or float(rng.choice(RATES))
        for _ in range(_TRIES):
            stamps = draw_stamps(rng, turns, ticks)
            world = SentryWorld(
                int(rng.integers(2**62)), seconds=stamps[-1] + 1.0, split=split, size=size,
                skills=skills)
            recall = _ask(rng, split, world, stamps, ticks, kind, skills, apart)
            if recall is not None:
                return Stream('sentry', world, stamps, ticks, (recall.question,), stamps), recall


def _ask(
    rng: np.random.Generator, split: str, world: SentryWorld, stamps: Sequence[float],
    rate: float, kind: str, skills: Sequence[str], apart: int,
) -> Recall | None:
    """Return the question; None where the world has no clear truth, or asks for no memory."""
    asked = skills if kind == 'since' else skills[:1]
    if not all(world.clear(skill) for skill in asked):
        return None
    truths = []
    for skill in asked:
        right = tell((skill,))(world, stamps)
        if right is None:
            return None
        truths.append(doubted(world, (skill,), stamps, right))
    clauses = [CLAUSES[skill].draw(rng, split) for skill in asked]
    frame = FRAMES[kind].draw(rng, split)
    first = _due(truths[0])
    if kind == 'limited':
        most = int(rng.integers(1, 3))
        text = frame.format(clauses[0], _NUMBERS[most - 1])
        if most == 1:
            text = text.replace('times', 'time').replace('reports', 'report')
        if not any(_far(first[most - 1:most], at, apart) for at in first[most:]):
            return None
        right = tuple(
            Truth(State.SILENCE) if tick > first[most - 1] else truth
            for tick, truth in enumerate(truths[0]))
        plain = truths[0]
    elif kind == 'since':
        text = frame.format(*clauses)
        second = _due(truths[1])
        if not first or any(abs(at - first[0]) < 3 for at in second) or not any(
                _far(first[:1], at, apart) for at in (*first[1:], *second)):
            return None
        right = tuple(
            truths[int(tick > first[0])][tick] for tick in range(len(stamps)))
        plain = tuple(max(both, key=lambda truth: truth.state)
                      for both in zip(*truths, strict=True))
    else:
        text = frame.format(clauses[0])
        if not any(_far(first[:index], at, apart) for index, at in enumerate(first) if index):
            return None
        right = tuple(
            replace(truth, text=_worded(kind, skills[0], first.index(tick) + 1))
            if truth.state is State.RESPONSE else truth
            for tick, truth in enumerate(truths[0]))
        plain = truths[0]
    question = Question('event_caption', f'recall_{kind}', text, rate, right, tuple(asked))
    return Recall(question, plain)


def _worded(kind: str, skill: str, number: int) -> str:
    said = ANSWERS[skill]
    if kind == 'numbered':
        return f'{said} Number {number}.'
    return said if number == 1 else f'{said[:-1]} again.'


def _due(right: Right) -> list[int]:
    return [tick for tick, truth in enumerate(right) if truth.state is State.RESPONSE]


def _far(before: Sequence[int], at: int, apart: int) -> bool:
    """Say whether the last answer before a tick is out of sight by then."""
    return bool(before) and at - before[-1] > apart
