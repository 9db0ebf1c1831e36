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
Streams to ask things of: a world, the moments its camera is sampled, and what is asked.

Tasks are drawn by their share, whatever is rare in a scene; then worlds are drawn until the truth
of what is asked is clear, and until, mostly, something of it happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
import itertools
from typing import Protocol

import numpy as np

from streamo_ros.worlds.composite.footage import FootageWorld
from streamo_ros.worlds.composite.topics import Asker as CompositeAsker
from streamo_ros.worlds.composite.world import CompositeWorld
from streamo_ros.worlds.composite.world import draw_cast
from streamo_ros.worlds.free_topics import FreeTopic
from streamo_ros.worlds.free_topics import loosened
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.moving.film import FilmWorld
from streamo_ros.worlds.moving.sentry import MovingWorld
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.sentry import PairTruth
from streamo_ros.worlds.sentry import SentryWorld
from streamo_ros.worlds.sentry import WorldError
from streamo_ros.worlds.sentry_topics import Topic
from streamo_ros.worlds.sentry_topics import TOPICS
from streamo_ros.worlds.textures import Image

RATES = (1.0, 1.0, 2.0)
"""Ticks per second, drawn evenly: a watcher must know both what 1 s and what 0.5 s can change."""

WORLDS = ('sentry', 'tabletop')
"""What is drawn from by default: the worlds that the scores were measured on."""

MORE_WORLDS = ('moving', 'film', 'moving_tabletop', 'composite', 'footage')
"""Those that are drawn by name only."""

_WORLD_SHARES = (0.6, 0.4)

EVENTFUL = 0.75
"""Share of questions whose world is drawn until something that they ask for happens."""

QUIET = 0.35
"""Share of the streams of MORE_WORLDS in which nothing asked for happens."""

_SHARES = {
    'sentry': {'narration': 0.12, 'event_caption': 0.48, 'grounding': 0.22, 'tsqa': 0.18},
    'tabletop': {'narration': 0.18, 'event_caption': 0.27, 'action_caption': 0.15,
                 'grounding': 0.17, 'tsqa': 0.23}}
_TRIES = 30
_OTHER_WAY = {
    'cover': 'uncover', 'uncover': 'cover', 'light_on': 'light_off', 'light_off': 'light_on'}
_OPPOSITE = {
    **_OTHER_WAY, 'start': 'stop', 'stop': 'start', 'enter': 'leave', 'leave': 'enter'}
_SILENT = ('refused', 'unknown')  # what must never be answered
_ABOUT_THINGS = {'composite': 0.85, 'footage': 0.5}  # share of the questions
_OF_CAMERAS = ('light_off', 'light_on', 'cover', 'uncover', 'move')
_CONTRASTED = (*_OPPOSITE, 'enter', 'leave')  # drawn from evenly; these two are the hardest


class World(Protocol):
    """What any world can do; times in seconds of the world."""

    def render(self, time: float) -> Image:
        """Return the frame of a moment, (H, W, 3) uint8 RGB."""

    def observe(self, before: float, now: float, grid: tuple[int, int] = ...) -> PairTruth:
        """Return what can be seen to have changed between two moments."""


@dataclass(frozen=True)
class Stream:
    """
    One stream and what is asked of it.

    :param kind: one of WORLDS
    :param stamps: of the sampled frames, in seconds of the world
    :param taken: when the frame that each tick shows was taken; a repeated one is older
    :param rate: ticks per second
    """

    kind: str
    world: World
    stamps: tuple[float, ...]
    rate: float
    questions: tuple[Question, ...]
    taken: tuple[float, ...] = ()

    def frame(self, tick: int) -> Image:
        """Render the frame of a tick, (H, W, 3) uint8 RGB."""
        return self.world.render((self.taken or self.stamps)[tick])

    @cached_property
    def frames(self) -> tuple[Image, ...]:
        """Return all frames; rendered when first asked for."""
        return tuple(self.frame(tick) for tick in range(len(self.stamps)))

    def pair(self, tick: int, grid: tuple[int, int] = (4, 4)) -> PairTruth:
        """
        Return what can be seen to have changed from the tick before to this one.

        :param grid: rows and columns of cells in its dense truths
        """
        taken = self.taken or self.stamps
        return self.world.observe(taken[max(0, tick - 1)], taken[tick], grid)


@dataclass(frozen=True)
class Asking:
    """What is asked of a stream; see ``draw_stream``."""

    questions: int
    contrast: float
    free: float
    eventful: float | None

    def wish(self, rng: np.random.Generator) -> bool | None:
        """Say whether something asked for shall happen; None where it may or may not."""
        happens = bool(rng.random() < (EVENTFUL if self.eventful is None else self.eventful))
        return happens if happens or self.eventful is not None else None


def draw_stream(
    rng: np.random.Generator, *, split: str, turns: int, questions: int,
    size: tuple[int, int] = (112, 112), world: str | None = None, rate: float | None = None,
    contrast: float = 0.0, free: float = 0.0, eventful: float | None = None,
) -> Stream:
    """
    Draw a stream.

    :param split: 'train', 'validation' or 'test'
    :param turns: frames to sample
    :param questions: how many different instructions to ask; with none, anything may happen,
        even what could not be asked about
    :param size: (height, width) of the frames
    :param world: one of WORLDS or MORE_WORLDS; None draws one of WORLDS
    :param rate: ticks per second; None draws one of RATES
    :param contrast: share of the sentry's streams that are asked for both directions of a skill,
        apart or at once
    :param free: share of the instructions that are put in free words; there are none for the test
        split, whose free words are written by somebody who does not know these
    :param eventful: share of the instructions that ask for something that happens; nothing that
        they ask for happens to the others. None: EVENTFUL of them do, and others may; of
        MORE_WORLDS, QUIET of the streams have nothing of what any of them asks for
    :raises WorldError: for an unknown world or split, or a tabletop without pybullet
    """
    if free and split == 'test':
        raise WorldError('There are no free words for the test split: draw with free=0.')
    if world is None:
        world = str(rng.choice(WORLDS, p=_WORLD_SHARES))
    if eventful is None and world in MORE_WORLDS:
        eventful = 0.0 if rng.random() < QUIET else EVENTFUL
    asking = Asking(questions, contrast, free, eventful)
    if world in ('sentry', 'moving'):
        return _draw_sentry(rng, split, turns, asking, size, rate, world)
    if world == 'film':
        return _draw_film(rng, split, turns, asking, size, rate)
    if world in ('composite', 'footage'):
        return _draw_composite(rng, split, turns, asking, size, rate, world)
    if world in ('tabletop', 'moving_tabletop'):
        return _draw_tabletop(rng, split, turns, asking, size, rate, world)
    known = ', '.join((*WORLDS, *MORE_WORLDS))
    raise WorldError(f'There is no world {world!r}; take one of {known}.')


def draw_stamps(rng: np.random.Generator, turns: int, rate: float) -> tuple[float, ...]:
    """Return the stamps of a stream's ticks: a phase of its own, and a camera's jitter."""
    jitter = rng.uniform(0, 0.033, turns)
    return tuple((rng.uniform(0, 1 / rate) + np.arange(turns) / rate + jitter).tolist())


def _draw_sentry(
    rng: np.random.Generator, split: str, turns: int, asking: Asking, size: tuple[int, int],
    given: float | None, kind: str,
) -> Stream:
    while True:
        topics = _topics(rng, asking)
        wished = [asking.wish(rng) and topic.skill not in _SILENT for topic in topics]
        rate = given or float(rng.choice(RATES))
        for _ in range(_TRIES):
            stamps = draw_stamps(rng, turns, rate)
            taken = stamps if kind == 'sentry' else _taken(rng, stamps)
            world = (SentryWorld if kind == 'sentry' else MovingWorld)(
                int(rng.integers(2**62)), seconds=stamps[-1] + 1.0, split=split, size=size,
                skills=_acts(rng, [
                    topic for topic, wish in zip(topics, wished, strict=True)
                    if wish is not False or topic.skill in _SILENT]))
            asked = []
            for topic, wish in zip(topics, wished, strict=True):
                question = topic.ask(rng, split, world, taken, rate)
                if question is None or wish not in (None, question.eventful):
                    break
                asked.append(question)
            else:
                return Stream(kind, world, stamps, rate, tuple(asked), taken)


def _draw_film(
    rng: np.random.Generator, split: str, turns: int, asking: Asking, size: tuple[int, int],
    given: float | None,
) -> Stream:
    wished = [asking.wish(rng) for _ in range(asking.questions)]
    one = replace(asking, questions=1)
    while True:  # a film takes long to draw: ask it again and again
        rate = given or float(rng.choice(RATES))
        stamps = draw_stamps(rng, turns, rate)
        taken = _taken(rng, stamps)
        world = FilmWorld(int(rng.integers(2**62)), taken, split, size, _acts(rng, ()))
        asked: list[Question] = []
        for _ in range(_TRIES * asking.questions):
            if len(asked) == asking.questions:
                break
            (topic,) = _topics(rng, one)
            question = topic.ask(rng, split, world, taken, rate)
            if (question is not None and wished[len(asked)] in (None, question.eventful)
                    and all(question.skill != other.skill for other in asked)):
                asked.append(question)
        if len(asked) == asking.questions:
            return Stream('film', world, stamps, rate, tuple(asked), taken)


def _draw_composite(
    rng: np.random.Generator, split: str, turns: int, asking: Asking, size: tuple[int, int],
    given: float | None, kind: str,
) -> Stream:
    wished = [asking.wish(rng) for _ in range(asking.questions)]
    about_things = _ABOUT_THINGS[kind]
    while True:
        rate = given or float(rng.choice(RATES))
        stamps = draw_stamps(rng, turns, rate)
        taken = _taken(rng, stamps)
        cast = draw_cast(rng, split, int(rng.integers(1, 5)))
        acts = ['enter', 'enter', 'leave']
        if rng.random() > about_things - 0.15:  # a camera's own events are no news of a thing
            acts = acts[1:] + [str(skill) for skill in rng.choice(_OF_CAMERAS, 2)]
        world = (CompositeWorld if kind == 'composite' else FootageWorld)(
            int(rng.integers(2**62)), cast, stamps[-1] + 1.0, split, size, acts)
        asker = CompositeAsker(world, split, taken, rate, asking.free)
        asked: list[Question] = []
        for _ in range(_TRIES * asking.questions):
            if len(asked) == asking.questions:
                break
            question = (asker.ask(rng) if rng.random() < about_things
                        else _of_cameras(rng, asking, world, split, taken, rate))
            wish = wished[len(asked)]
            if (question is not None and wish in (None, question.eventful)
                    and all(question.text != other.text for other in asked)):
                asked.append(question)
        if len(asked) == asking.questions:
            return Stream(kind, world, stamps, rate, tuple(asked), taken)


def _of_cameras(
    rng: np.random.Generator, asking: Asking, world: CompositeWorld, split: str,
    stamps: Sequence[float], rate: float,
) -> Question | None:
    """Ask what the sentry is asked, but of coming and going, where things have names to tell."""
    topic = _topics(rng, replace(asking, questions=1, contrast=0.0))[0]
    if topic.task == 'narration' or {'enter', 'leave'} & {*topic.skills}:
        return None
    return topic.ask(rng, split, world, stamps, rate)


def _taken(rng: np.random.Generator, stamps: tuple[float, ...]) -> tuple[float, ...]:
    """Return when frames were taken, some of them repeated where the next got lost."""
    if rng.random() < 0.75:
        return stamps
    lost = rng.random(len(stamps)) < rng.uniform(0.03, 0.25)
    taken = [stamps[0]]
    for stamp, repeated in zip(stamps[1:], lost[1:], strict=True):
        taken.append(taken[-1] if repeated else stamp)
    return tuple(taken)


def _task(rng: np.random.Generator, world: str) -> str:
    shares = _SHARES[world]
    return str(rng.choice(list(shares), p=list(shares.values())))


def _draw_tabletop(
    rng: np.random.Generator, split: str, turns: int, asking: Asking, size: tuple[int, int],
    given: float | None, kind: str,
) -> Stream:
    try:  # here, for who asks for the sentry alone does without pybullet
        from streamo_ros.worlds.moving.tabletop import MovingTabletopWorld
        from streamo_ros.worlds.tabletop.topics import Asker
        from streamo_ros.worlds.tabletop.topics import clear
        from streamo_ros.worlds.tabletop.world import TabletopWorld
    except ModuleNotFoundError as error:
        raise WorldError(
            f'The tabletop is rendered by {error.name}, which is not installed: '
            "pip install 'streamo_ros[train]', or ask for the sentry alone.") from error
    while True:
        rate = given or float(rng.choice(RATES))
        stamps = draw_stamps(rng, turns, rate)
        world = (TabletopWorld if kind == 'tabletop' else MovingTabletopWorld)(
            int(rng.integers(2**62)), seconds=stamps[-1] + 1.0, split=split, size=size)
        if asking.questions and not clear(world, stamps):
            continue
        asker = Asker(world, split, stamps, rate, asking.free)
        asked: list[Question] = []
        for _ in range(_TRIES):
            if len(asked) == asking.questions:
                break
            task, wish = _task(rng, 'tabletop'), asking.wish(rng)
            for _ in range(_TRIES):
                question = asker.ask(rng, task)
                if question is None or wish not in (None, question.eventful):
                    continue
                if all((question.task, question.right) != (other.task, other.right)
                       or asking.free and question.skill != other.skill for other in asked):
                    asked.append(question)
                break
        if len(asked) == asking.questions:
            return Stream(kind, world, stamps, rate, tuple(asked))


def _topics(rng: np.random.Generator, asking: Asking) -> tuple[Topic | FreeTopic, ...]:
    """Draw different topics, tasks by their share."""
    count = asking.questions
    topics: list[Topic] = []
    if asking.contrast and rng.random() < asking.contrast:
        skill = str(rng.choice(_CONTRASTED))
        both = {skill, _OPPOSITE[skill]}
        of_both = [topic for topic in TOPICS['event_caption'] if both.issuperset(topic.skills)]
        topics = [of_both[index] for index in rng.permutation(len(of_both))[:count]]
    while len(topics) < count:
        task = _task(rng, 'sentry')
        topic = TOPICS[task][rng.integers(len(TOPICS[task]))]
        if topic not in topics:
            topics.append(topic)
    if not asking.free:
        return tuple(topics)
    return tuple(loosened(rng, topic) if rng.random() < asking.free else topic
                 for topic in topics)


def _acts(rng: np.random.Generator, topics: Sequence[Topic | FreeTopic]) -> tuple[str, ...]:
    """Return what happens in a stream: mostly what is asked for, and something that is not."""
    acts = set(itertools.chain.from_iterable(
        rng.choice(SKILLS, 3) if topic.task == 'narration' else topic.skills for topic in topics))
    acts |= {skill for topic in topics for skill in topic.besides}
    acts |= {_OTHER_WAY[skill] for skill in acts if skill in _OTHER_WAY}
    if rng.random() < 0.15:
        acts = set()
    acts |= {str(skill) for skill in rng.choice(SKILLS, rng.integers(1, 4))}
    return tuple(skill for skill in SKILLS if skill in acts)
