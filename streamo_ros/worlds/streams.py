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
Streams to ask things of: a world, the moments its camera is sampled, and the tasks asked.

Tasks are drawn evenly, whatever is rare in a scene; then worlds are drawn until the truth of
what is asked is clear, and until, mostly, something of it happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import itertools

import numpy as np

from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.sentry import SentryWorld
from streamo_ros.worlds.tasks import Task
from streamo_ros.worlds.tasks import TASKS
from streamo_ros.worlds.truth import due_tick

RATES = (1.0, 1.0, 2.0)
"""Ticks per second, drawn evenly: a watcher must know both what 1 s and what 0.5 s can change."""

EVENTFUL = 0.75
"""Share of tasks whose world is drawn until something that they ask for happens."""

_TRIES = 30
_OTHER_WAY = {
    'cover': 'uncover', 'uncover': 'cover', 'light_on': 'light_off', 'light_off': 'light_on'}


@dataclass(frozen=True)
class Stream:
    """
    One stream and what is asked of it.

    :param stamps: of the sampled frames, in seconds of the world
    :param rate: ticks per second
    """

    world: SentryWorld
    tasks: tuple[Task, ...]
    stamps: tuple[float, ...]
    rate: float


def draw_stream(
    rng: np.random.Generator, *, split: str, turns: int, tasks: int,
    size: tuple[int, int] = (112, 112),
) -> Stream:
    """
    Draw a stream.

    :param split: 'train', 'validation' or 'test'
    :param turns: frames to sample
    :param tasks: how many different tasks to ask
    :param size: (height, width) of the frames
    """
    while True:
        asked = tuple(TASKS[choice] for choice in rng.choice(len(TASKS), tasks, replace=False))
        wanted = rng.random(tasks) < EVENTFUL
        rate = float(rng.choice(RATES))
        for _ in range(_TRIES):
            stamps = _stamps(rng, turns, rate)
            world = SentryWorld(
                int(rng.integers(2**62)), seconds=stamps[-1] + 1.0, split=split, size=size,
                skills=_acts(rng, asked))
            if not all(world.clear(skill) for task in asked for skill in task.skills):
                continue
            if all(_happens(world, task, stamps) for task in itertools.compress(asked, wanted)):
                return Stream(world, asked, stamps, rate)


def _stamps(rng: np.random.Generator, turns: int, rate: float) -> tuple[float, ...]:
    """Return the stamps of a stream's ticks: a phase of its own, and a camera's jitter."""
    jitter = rng.uniform(0, 0.033, turns)
    return tuple((rng.uniform(0, 1 / rate) + np.arange(turns) / rate + jitter).tolist())


def _acts(rng: np.random.Generator, tasks: Sequence[Task]) -> tuple[str, ...]:
    """Return what happens in a stream: mostly what is asked for, and something that is not."""
    acts = {skill for task in tasks for skill in task.skills}
    acts |= {_OTHER_WAY[skill] for skill in acts if skill in _OTHER_WAY}
    if rng.random() < 0.15:
        acts = set()
    acts |= {str(skill) for skill in rng.choice(SKILLS, rng.integers(1, 4))}
    return tuple(skill for skill in SKILLS if skill in acts)


def _happens(world: SentryWorld, task: Task, stamps: Sequence[float]) -> bool:
    return any(
        event.skill in task.skills and due_tick(event, stamps) is not None
        for event in world.events)
