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
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.small import trunk_features
from streamo_ros.models import Checkpoint
from streamo_ros.models.efficientnet import COARSE
from streamo_ros.models.efficientnet import FINE
from streamo_ros.training.sequence import SINK
from streamo_ros.training.streams import StreamDataset
from streamo_ros.training.streams import StreamExample
from streamo_ros.training.train import Batch
from streamo_ros.training.train import collate
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import Stream

WINDOWS = (4, 6, 8, 12)
"""Turns in view; one for all sequences of a step, for attention costs what the largest sees."""

SHARES = {
    'sentry': 0.25, 'moving': 0.3, 'film': 0.2, 'tabletop': 0.15, 'moving_tabletop': 0.1}
"""Of the worlds."""

CONTRAST, FREE, EVENTFUL = 0.3, 0.6, 0.65
"""Shares: of streams asked for both directions of a skill, of instructions in free words, and of
those that ask for something that happens."""

Floats = NDArray[np.float32]


class Trunk:
    """The frozen trunk in ONNX Runtime, on one thread; its session is made where it is used."""

    def __init__(self, checkpoint: Checkpoint, weights: Mapping[str, Floats]) -> None:
        self._checkpoint = checkpoint
        self._weights = weights
        self._sessions: dict[int, ort.InferenceSession] = {}

    def __call__(self, cut: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Return the features of frames' cut patches, (T, tokens of a frame, features)."""
        if len(cut) not in self._sessions:
            self._sessions[len(cut)] = self._session(len(cut))
        vision, frame = self._checkpoint.vision, self._checkpoint.frame
        levels = (cut.reshape(-1, vision.channels).astype(np.float32) / 255
                  - np.asarray(frame.mean, np.float32)) / np.asarray(frame.std, np.float32)
        features, = self._sessions[len(cut)].run(
            None, {'patches': levels.reshape(-1, cut.shape[-1])})
        return np.asarray(features, np.float16)

    def _session(self, frames: int) -> ort.InferenceSession:
        vision = self._checkpoint.vision
        assert vision.image is not None
        cells = (vision.image[0] // vision.cell) ** 2
        values = vision.channels * vision.temporal_patch * vision.patch ** 2
        graph = Graph('trunk')
        patches = graph.input('patches', np.float32, (frames * cells * vision.merge ** 2, values))
        graph.output(
            'features', trunk_features(graph, patches, vision, self._weights, frames),
            (frames, cells, FINE + COARSE))
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        return ort.InferenceSession(graph.model().SerializeToString(), options)


class SmallStreams(StreamDataset):
    """
    Endless training streams for ``small``.

    :param trunk: the frozen one
    :param options: as ``StreamDataset`` takes them
    """

    def __init__(self, checkpoint: Checkpoint, trunk: Trunk, **options: object) -> None:
        super().__init__(checkpoint, **options)  # type: ignore[arg-type]
        self._trunk = trunk

    def draw(
        self, rng: np.random.Generator, questions: int, size: tuple[int, int]
    ) -> Stream:
        """Return a stream of one of the worlds, moving ones and films among them."""
        return draw_stream(
            rng, split=self._split, turns=self._turns, questions=questions, size=size,
            world=str(rng.choice(list(SHARES), p=list(SHARES.values()))), contrast=CONTRAST,
            free=FREE, eventful=EVENTFUL)

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
