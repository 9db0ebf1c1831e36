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
Training examples drawn from the worlds, each from its index alone.

An index gives the same example on any machine and in any order, so that a run can stop and
resume anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import itertools

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from streamo_ros.dialogue import State
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import time_tag
from streamo_ros.models import Checkpoint
from streamo_ros.models import StreamTokenizer
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import TrainingSequence
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.training.still_lifes import looks
from streamo_ros.worlds import PairTruth
from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import NAMES
from streamo_ros.worlds.names import SHARED_COLOURS
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.textures import Image

WINDOWS = (3, 4, 5, 6, 8)
"""Turns in view, drawn evenly: small ones make the window slide often in a short stream."""

CONTRAST = 0.3
"""Share of the sentry's streams in which both directions of a skill are asked for, so that the
one is told from the other by the words and not by what is frequent."""

TABLETOP = 0.5
"""Share of streams on the tabletop, which has more to tell apart than the sentry."""

SLIDES = 0.4
"""Share of the tabletops that are slide shows: there is far more to name in them."""

FLIPPED = 0.05
"""Share of history states shown wrong, so that the model survives its own mistakes."""

MISNAMED = 0.3
"""Share of colours in its answers that the model reads as others: what kinds a colour comes in
differs between the splits, and a kind shall be told by looking, not by the word before it."""


@dataclass(frozen=True)
class StreamExample:
    """
    One stream with the instructions asked of it.

    :param patches: (T, patches of a frame, values of a patch) as the vision tower takes them
    :param pairs: (T, P) truth of each pair (previous frame, frame), see ``pair_vector``
    :param cells: (T, 2, rows, columns) share of each visual token's cell that moves, and that an
        object covers
    :param names: (T, len(NAMES), rows, columns) share that objects of a colour or kind cover; NaN
        where that is not told
    :param windows: for each sequence, the turns in view
    """

    patches: NDArray[np.float32]
    pairs: NDArray[np.float32]
    cells: NDArray[np.float32]
    names: NDArray[np.float32]
    sequences: tuple[TrainingSequence, ...]
    windows: tuple[int, ...]


class StreamDataset(Dataset[StreamExample]):
    """
    Endless training streams.

    :param questions: instructions asked of a stream; one number after another, round and round;
        None shows still lifes instead
    :param turns: ticks of a stream
    :param first: index of the first example, to resume
    """

    def __init__(
        self, checkpoint: Checkpoint, *, seed: int, count: int, turns: int,
        questions: Sequence[int | None], first: int = 0,
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
        index += self._first
        rng = np.random.default_rng([self._seed, index])
        questions = self._questions[index % len(self._questions)]
        if questions is None:
            return self._still_lifes(rng)
        stream = draw_stream(
            rng, split='train', turns=self._turns, questions=questions, size=self._size,
            world='tabletop' if rng.random() < TABLETOP else 'sentry', contrast=CONTRAST,
            slides=SLIDES)
        frames = stream.frames
        observed = [stream.pair(tick, self._grid) for tick in range(self._turns)]
        return StreamExample(
            patches=np.stack([
                self._patches(frames[max(0, tick - 1)], frames[tick])
                for tick in range(self._turns)]),
            pairs=np.stack([pair_vector(truth) for truth in observed]),
            cells=np.stack([
                np.stack([truth.cell_motion, truth.cell_object]) for truth in observed]),
            names=np.stack([self._names(truth) for truth in observed]),
            sequences=tuple(self._sequence(rng, question) for question in stream.questions),
            windows=tuple(rng.choice(WINDOWS, questions).tolist()))

    def _still_lifes(self, rng: np.random.Generator) -> StreamExample:
        shown = list(itertools.islice(looks(rng, self._size, self._grid), self._turns))
        return StreamExample(
            patches=np.stack([self._patches(*look.pair) for look in shown]),
            pairs=np.zeros((self._turns, PAIR_TRUTHS), np.float32),
            cells=np.stack([
                np.stack([np.zeros_like(look.covered), look.covered]) for look in shown]),
            names=np.stack([look.names for look in shown]),
            sequences=(), windows=())

    def _patches(self, before: Image, now: Image) -> NDArray[np.float32]:
        spec, vision = self._checkpoint.frame, self._checkpoint.vision
        return spec.normalise(spec.cut(before, now, vision), vision)

    @property
    def _size(self) -> tuple[int, int]:
        assert self._checkpoint.frame.size is not None
        return self._checkpoint.frame.size

    @property
    def _grid(self) -> tuple[int, int]:
        rows, columns = (side // self._checkpoint.vision.cell for side in self._size)
        return rows, columns

    def _names(self, truth: PairTruth) -> NDArray[np.float32]:
        names = np.full((len(NAMES), *self._grid), np.nan, np.float32)
        if truth.cell_names is not None:
            colours = slice(len(COLOURS))  # kinds are told of still lifes alone
            names[colours] = truth.cell_names[colours]
        return names

    def _sequence(self, rng: np.random.Generator, question: Question) -> TrainingSequence:
        checkpoint = self._checkpoint
        start = 0 if rng.random() < 0.4 else int(np.exp(rng.uniform(0, np.log(40000))))
        return misnamed(rng, checkpoint.tokenizer, build_sequence(
            checkpoint.tokenizer, checkpoint.system_prompt, question.text,
            [time_tag(start + index, question.rate) for index in range(self._turns)],
            [_turn(rng, truth) for truth in question.truths(start)],
            self._grid))


def misnamed(
    rng: np.random.Generator, tokenizer: StreamTokenizer, sequence: TrainingSequence,
) -> TrainingSequence:
    """Return a sequence with some colours of its answers exchanged, but not where they are due."""
    colours = [tokenizer.encode([Text(f' {colour}')])[0] for colour in SHARED_COLOURS]
    said = np.flatnonzero(np.isin(sequence.text_labels, colours)) + 1
    wrong = said[rng.random(len(said)) < MISNAMED]
    ids = sequence.ids.copy()
    ids[wrong] = rng.choice(colours, len(wrong))
    return replace(sequence, ids=ids)


def pair_vector(truth: PairTruth) -> NDArray[np.float32]:
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
