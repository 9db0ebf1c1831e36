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

"""Training streams with what the frozen trunk sees of them."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from streamo_ros.dialogue import State
from streamo_ros.models import Checkpoint
from streamo_ros.models.small_torch import Trunk
from streamo_ros.training.memory_blocks import SINK
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.training.small.decoder import WORKING
from streamo_ros.training.streams import StreamDataset
from streamo_ros.training.streams import StreamExample
from streamo_ros.training.train import Batch
from streamo_ros.training.train import collate
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import Stream

WINDOWS = (4, 6, 8, 12)
"""Turns in view; one for all sequences of a step, for attention costs what the largest sees."""

SHARES = {
    'sentry': 0.15, 'moving': 0.2, 'film': 0.15, 'tabletop': 0.1, 'moving_tabletop': 0.1,
    'composite': 0.2, 'footage': 0.1}
"""Of the worlds; the last two take pictures (`make pictures`)."""

CONTRAST, FREE = 0.3, 0.6
"""Shares: of streams asked for both directions of a skill, and of instructions in free words."""

Floats = NDArray[np.float32]


class FrozenTrunk:
    """
    The trunk over cut patches, in half precision, which is three times as fast.

    :param weights: of EfficientNet-Lite0, named as in the checkpoint
    """

    def __init__(self, checkpoint: Checkpoint, weights: Mapping[str, Tensor]) -> None:
        self._checkpoint = checkpoint
        trunk = Trunk()
        trunk.load_state_dict({
            name.removeprefix('visual.trunk.'): weight for name, weight in weights.items()
            if name.startswith('visual.trunk.')})
        trunk = trunk.eval().to(WORKING)
        self._trunk = trunk.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, cut: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Return the features of frames' cut patches, (T, tokens of a frame, features)."""
        vision, frame = self._checkpoint.vision, self._checkpoint.frame
        assert vision.image is not None
        side, cells = vision.image[0], vision.image[0] // vision.cell
        pictures = cut.reshape(
            len(cut), cells, cells, vision.merge, vision.merge, vision.temporal_patch,
            vision.patch, vision.patch, vision.channels)[:, :, :, :, :, -1].transpose(
                0, 1, 3, 5, 2, 4, 6, 7).reshape(len(cut), side, side, vision.channels)
        mean, std = (np.asarray(value, np.float32) * 255 for value in (frame.mean, frame.std))
        levels = torch.from_numpy((pictures.astype(np.float32) - mean) / std)
        # Their channels are last in memory as they come.
        features = self._trunk(levels.permute(0, 3, 1, 2).to(WORKING), cells)
        return np.asarray(features.to(torch.float16).numpy(), np.float16)


class SmallStreams(StreamDataset):
    """
    Endless training streams for ``small``.

    :param trunk: the frozen one
    :param silent: share of the silent ticks between silent ones that train; all others do
    :param options: as ``StreamDataset`` takes them
    """

    def __init__(
        self, checkpoint: Checkpoint, trunk: FrozenTrunk, silent: float = 1.0, **options: object,
    ) -> None:
        super().__init__(checkpoint, **options)  # type: ignore[arg-type]
        self._trunk = trunk
        self._silent = silent

    def draw(
        self, rng: np.random.Generator, questions: int, size: tuple[int, int]
    ) -> Stream:
        """Return a stream of one of the worlds, moving ones and films among them."""
        return draw_stream(
            rng, split=self._split, turns=self._turns, questions=questions, size=size,
            world=str(rng.choice(list(SHARES), p=list(SHARES.values()))), contrast=CONTRAST,
            free=FREE)

    def patches(self, cut: NDArray[np.uint8]) -> Floats:
        """Return what the change tower takes: patches at half their size."""
        frame, vision = self._checkpoint.frame, self._checkpoint.vision
        half = vision.patch // 2
        halved = cut.astype(np.float32).reshape(
            -1, vision.temporal_patch, half, 2, half, 2, vision.channels).mean((3, 5))
        return frame.normalise(
            halved.reshape(len(halved), -1), replace(vision, patch=half)).reshape(
                len(cut), cut.shape[1], -1)

    def features(self, cut: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Return what the trunk sees."""
        return self._trunk(cut)

    def turns_of(
        self, rng: np.random.Generator, truths: Sequence[Truth]
    ) -> list[TrainingTurn]:
        """Return the turns of a sequence; of long silence only a share trains."""
        turns = super().turns_of(rng, truths)
        if self._silent == 1:
            return turns
        quiet = [truth.state is State.SILENCE for truth in truths]
        return [
            replace(turn, counted=turn.counted and (
                not all(quiet[max(0, tick - 1):tick + 2]) or rng.random() < self._silent))
            for tick, turn in enumerate(turns)]

    def windows(
        self, rng: np.random.Generator, index: int, questions: int
    ) -> tuple[int, ...]:
        """Return the step's window for each question."""
        step = np.random.default_rng([self._seed, index // len(self._questions), len(WINDOWS)])
        return (int(step.choice(WINDOWS)),) * questions


@dataclass(frozen=True)
class SmallBatch:
    """
    Streams side by side.

    :param seen: (frames, tokens of a frame, features) of the trunk
    :param sink: tokens of the longest sink
    """

    batch: Batch
    seen: Tensor
    sink: int


def collate_small(examples: list[StreamExample]) -> SmallBatch:
    """Return examples as one batch of tensors."""
    seen = [example.features for example in examples if example.features is not None]
    return SmallBatch(
        collate(examples), torch.from_numpy(np.concatenate(seen)).float(),
        max((int((sequence.turns == SINK).sum())
             for example in examples for sequence in example.sequences), default=0))
