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

An index gives the same example on any machine and in any order, so that a run can be resumed
anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from streamo_ros.dialogue import State
from streamo_ros.dialogue import time_tag
from streamo_ros.models import Checkpoint
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import TrainingSequence
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.worlds import PairTruth
from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import NAMES
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.recall import draw_recall
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import Stream

WINDOWS = (3, 4, 5, 6, 8)
"""Windows, drawn uniformly; small ones slide often in a short stream."""

CONTRAST = 0.4
"""Share of the sentry's streams in which both directions of a skill are asked for, one by one or
together, so that the model decides by the words and not by frequency."""

TABLETOP = 0.4
"""Share of streams on the tabletop; the others are the sentry's."""

RECOLOURED = 0.6
"""Share of the tabletops without a question that are shown in false colours: the splits combine
colours and kinds differently, and a kind should be recognised by its shape."""

RECALL = 0.4
"""Share of the streams of a checkpoint with a memory in which what is right depends on answers
that have left a window."""

FLIPPED = 0.05
"""Share of wrong states in the history, so that the model recovers from its own mistakes."""


@dataclass(frozen=True)
class StreamExample:
    """
    One stream with its instructions.

    :param patches: (T, patches of a frame, values of a patch), inputs of the vision tower
    :param pairs: (T, P) truth of each pair (previous frame, frame), see ``pair_vector``
    :param cells: (T, 2, rows, columns) share of each visual token's cell that moves, and that an
        object covers
    :param names: (T, len(NAMES), rows, columns) share that objects of a kind or colour cover; NaN
        where the world's things have no names
    :param windows: for each sequence, the turns of its window
    :param features: (T, tokens of a frame, features) of a frozen trunk; None where there is none
    """

    patches: NDArray[np.float32]
    pairs: NDArray[np.float32]
    cells: NDArray[np.float32]
    names: NDArray[np.float32]
    sequences: tuple[TrainingSequence, ...]
    windows: tuple[int, ...]
    features: NDArray[np.float16] | None = None


class StreamDataset(Dataset[StreamExample]):
    """
    Rendered training streams.

    :param questions: numbers of instructions, which the streams take in turn
    :param turns: ticks of a stream
    :param first: index of the first example, to resume
    :param split: 'train', 'validation' or 'test'
    """

    def __init__(
        self, checkpoint: Checkpoint, *, seed: int, count: int, turns: int,
        questions: Sequence[int], first: int = 0, split: str = 'train',
    ) -> None:
        self._split = split
        self._checkpoint = checkpoint
        self._seed = seed
        self._count = count
        self._turns = turns
        self._questions = questions
        self._first = first

    def __len__(self) -> int:
        """Return the number of examples that are left of the run."""
        return self._count - self._first

    def __getitem__(self, index: int) -> StreamExample:
        """Return the example of an index."""
        index += self._first
        rng = np.random.default_rng([self._seed, index])
        questions = self._questions[index % len(self._questions)]
        spec, vision = self._checkpoint.frame, self._checkpoint.vision
        assert spec.size is not None
        stream = self._recalled(rng, questions, spec.size) or self.draw(
            rng, questions, spec.size)
        frames = np.stack(stream.frames)
        false_colours = (
            not questions and stream.kind == 'tabletop' and rng.random() < RECOLOURED)
        if false_colours:
            frames = _recoloured(rng, frames)
        cut = np.stack([
            spec.cut(last, frame, vision)
            for last, frame in zip([frames[0], *frames[:-1]], frames, strict=True)])
        observed = [stream.pair(tick, self._grid) for tick in range(self._turns)]
        return StreamExample(
            patches=self.patches(cut),
            pairs=np.stack([pair_vector(truth) for truth in observed]),
            cells=np.stack([
                np.stack([truth.cell_motion, truth.cell_object]) for truth in observed]),
            names=np.stack([self._names(truth, false_colours) for truth in observed]),
            sequences=tuple(
                self._sequence(rng, question)
                for question in stream.questions),
            windows=self.windows(rng, index, questions),
            features=self.features(cut))

    def draw(
        self, rng: np.random.Generator, questions: int, size: tuple[int, int]
    ) -> Stream:
        """Return a stream with so many questions; frames are of size (height, width)."""
        return draw_stream(
            rng, split=self._split, turns=self._turns, questions=questions, size=size,
            world='tabletop' if rng.random() < TABLETOP else 'sentry', contrast=CONTRAST)

    def _recalled(
        self, rng: np.random.Generator, questions: int, size: tuple[int, int]
    ) -> Stream | None:
        """Return a stream that is asked for what takes a memory, now and then, if there is one."""
        if not self._checkpoint.memory_tokens or not questions or rng.random() >= RECALL:
            return None
        stream, _ = draw_recall(
            rng, split=self._split, turns=self._turns, apart=min(WINDOWS), size=size)
        return replace(stream, questions=stream.questions * questions)

    def patches(self, cut: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the vision tower takes of a stream's cut patches, (T, patches, values)."""
        return np.stack([
            self._checkpoint.frame.normalise(frame, self._checkpoint.vision) for frame in cut])

    def features(self, cut: NDArray[np.uint8]) -> NDArray[np.float16] | None:
        """Return what a frozen trunk makes of a stream's cut patches; here there is none."""
        return None

    def turns_of(
        self, rng: np.random.Generator, truths: Sequence[Truth]
    ) -> list[TrainingTurn]:
        """Return the turns of a sequence, history and all."""
        return [_turn(rng, truth) for truth in truths]

    def windows(
        self, rng: np.random.Generator, index: int, questions: int
    ) -> tuple[int, ...]:
        """Return the turns in view for each question of an example."""
        return tuple(rng.choice(WINDOWS, questions).tolist())

    @property
    def _grid(self) -> tuple[int, int]:
        assert self._checkpoint.frame.size is not None
        rows, columns = (
            side // self._checkpoint.vision.cell for side in self._checkpoint.frame.size)
        return rows, columns

    def _names(self, truth: PairTruth, false_colours: bool) -> NDArray[np.float32]:
        if truth.cell_names is None:
            return np.full((len(NAMES), *self._grid), np.nan, np.float32)
        names = truth.cell_names.copy()
        if false_colours:
            names[:len(COLOURS)] = np.nan
        return names

    def _sequence(self, rng: np.random.Generator, question: Question) -> TrainingSequence:
        checkpoint = self._checkpoint
        start = 0 if rng.random() < 0.4 else int(np.exp(rng.uniform(0, np.log(40000))))
        return build_sequence(
            checkpoint.tokenizer, checkpoint.system_prompt, question.text,
            [time_tag(start + index, question.rate) for index in range(self._turns)],
            self.turns_of(rng, question.truths(start)),
            self._grid, checkpoint.decoder.mrope, checkpoint.memory_tokens)


def _recoloured(rng: np.random.Generator, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames, (T, H, W, 3), in grey, as a negative, or with permuted channels."""
    kind = rng.random()
    if kind < 0.3:
        return np.broadcast_to(
            frames.mean(-1, keepdims=True).astype(np.uint8), frames.shape)
    if kind < 0.5:
        frames = 255 - frames
    return frames[..., rng.permutation(3)]


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
