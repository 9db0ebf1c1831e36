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
Training examples drawn from the sentry world, each from its index alone.

An index gives the same example on any machine and in any order, so that a run can stop and
resume anywhere. Skills are drawn by quota: what is rare in a scene is not rare in training.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from streamo_ros.dialogue import State
from streamo_ros.dialogue import time_tag
from streamo_ros.models import Checkpoint
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import TrainingSequence
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.worlds import SentryWorld
from streamo_ros.worlds import SKILLS
from streamo_ros.worlds.tasks import Task
from streamo_ros.worlds.tasks import TASKS
from streamo_ros.worlds.truth import Truth
from streamo_ros.worlds.truth import truths

RATES = (1.0, 1.0, 2.0)
"""Ticks per second, drawn evenly: the model must know both what 1 s and what 0.5 s can change."""

FLIPPED = 0.05
"""Share of history states shown wrong, so that the model survives its own mistakes."""


@dataclass(frozen=True)
class StreamExample:
    """
    One stream with the instructions asked of it.

    :param patches: (T, patches of a frame, values of a patch) as the vision tower takes them
    :param pairs: (T, P) truth of each pair (previous frame, frame), see ``pair_vector``
    :param cells: (T, 2, 4, 4) share of each cell that moves, and that an object covers
    """

    patches: NDArray[np.float32]
    pairs: NDArray[np.float32]
    cells: NDArray[np.float32]
    sequences: tuple[TrainingSequence, ...]


class SentryDataset(Dataset[StreamExample]):
    """
    Endless training streams.

    :param questions: instructions asked of each stream
    :param turns: ticks of a stream
    :param first: index of the first example, to resume
    """

    def __init__(
        self, checkpoint: Checkpoint, *, seed: int, count: int, turns: int, questions: int,
        first: int = 0,
    ) -> None:
        self._checkpoint = checkpoint
        self._seed = seed
        self._count = count
        self._turns = turns
        self._questions = questions
        self._first = first

    def __len__(self) -> int:
        """Return how many examples are left of the run."""
        return self._count - self._first

    def __getitem__(self, index: int) -> StreamExample:
        """Return the example of an index."""
        rng = np.random.default_rng([self._seed, self._first + index])
        while True:
            tasks = [TASKS[choice] for choice in rng.choice(
                len(TASKS), max(1, self._questions), replace=False)]
            rate = float(rng.choice(RATES))
            stamps = sampled_stamps(rng, self._turns, rate)
            world = SentryWorld(
                int(rng.integers(2**62)), seconds=stamps[-1] + 1.0, split='train',
                size=self._checkpoint.frame.size, skills=drawn_skills(rng, tasks))
            if all(world.clear(skill) for task in tasks for skill in task.skills):
                break
            if not self._questions:
                break
        frames = [world.render(stamp) for stamp in stamps]
        before = [frames[0], *frames[:-1]]
        spec, vision = self._checkpoint.frame, self._checkpoint.vision
        patches = np.stack([
            spec.patches(last, frame, vision)
            for last, frame in zip(before, frames, strict=True)])
        observed = [
            world.observe(last, now)
            for last, now in zip([stamps[0], *stamps[:-1]], stamps, strict=True)]
        return StreamExample(
            patches=patches,
            pairs=np.stack([pair_vector(truth) for truth in observed]),
            cells=np.stack([
                np.stack([truth.cell_motion, truth.cell_object]) for truth in observed]
            ).astype(np.float32),
            sequences=tuple(
                self._sequence(rng, task, world, stamps, rate) for task in tasks
            ) if self._questions else ())

    def _sequence(
        self, rng: np.random.Generator, task: Task, world: SentryWorld, stamps: list[float],
        rate: float,
    ) -> TrainingSequence:
        checkpoint = self._checkpoint
        start = 0 if rng.random() < 0.4 else int(np.exp(rng.uniform(0, np.log(40000))))
        assert checkpoint.frame.size is not None
        rows, columns = (side // checkpoint.vision.cell for side in checkpoint.frame.size)
        return build_sequence(
            checkpoint.tokenizer, checkpoint.system_prompt, task.wording(rng, 'train'),
            [time_tag(start + index, rate) for index in range(len(stamps))],
            [_turn(rng, truth) for truth in truths(world.events, task.skills, stamps)],
            (rows, columns))


def sampled_stamps(rng: np.random.Generator, turns: int, rate: float) -> list[float]:
    """Return the stamps of a stream's ticks: a phase of its own, and a camera's jitter."""
    jitter = rng.uniform(0, 0.033, turns)
    return [float(stamp) for stamp in rng.uniform(0, 1 / rate) + np.arange(turns) / rate + jitter]


def drawn_skills(rng: np.random.Generator, tasks: list[Task]) -> tuple[str, ...]:
    """Return what happens in a stream: mostly what is asked for, and something that is not."""
    asked = {skill for task in tasks for skill in task.skills}
    pairs = {'cover': 'uncover', 'uncover': 'cover', 'light_on': 'light_off',
             'light_off': 'light_on'}
    asked |= {pairs[skill] for skill in asked if skill in pairs}
    if rng.random() < 0.15:
        asked = set()
    asked |= {str(skill) for skill in rng.choice(SKILLS, rng.integers(1, 4))}
    return tuple(skill for skill in SKILLS if skill in asked)


def pair_vector(truth) -> NDArray[np.float32]:
    """Return the yes-no truths of one pair as a vector of 0 and 1, sides last."""
    return np.asarray([
        truth.light_down, truth.light_up, truth.cover_on, truth.cover_off, truth.moved,
        truth.motion, *truth.entering, *truth.leaving], np.float32)


PAIR_TRUTHS = 14


def _turn(rng: np.random.Generator, truth: Truth) -> TrainingTurn:
    shown = truth.state
    if truth.state is not State.RESPONSE and rng.random() < FLIPPED:
        shown = State.STANDBY if truth.state is State.SILENCE else State.SILENCE
    return TrainingTurn(truth.state, truth.text, shown, truth.counted)
