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
What flows into each matrix of the language model while it watches.

The step's graph is given its own inputs of products as further outputs. Of each are kept the mean
magnitude by channel, and some rows. Where this machine cannot hold the checkpoint in float32, the
language model watches in 8 bits, uncalibrated: what flows is nearly the same, and a quarter of the
memory is enough.
"""

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from onnx import ModelProto
from onnx import TensorProto

from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.footprint import check_fits
from streamo_ros.engine.footprint import fits
from streamo_ros.engine.footprint import footprint
from streamo_ros.engine.graphs.builder import Store
from streamo_ros.models import Checkpoint
from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.blocks import Matrix
from streamo_ros.models.weights import Weights

Floats = NDArray[np.float32]

MOST_ROWS = 4096
"""Kept of each input, drawn evenly from the calibration's ticks: the more, the better."""

ROOM = 2 ** 30
"""Bytes that the rows of all inputs take at most."""

_BITS = 8
"""In which the language model watches where there is little memory."""

_IN_FLOATS = 1
"""How ONNX Runtime is told not to round what is multiplied by a matrix in few bits."""

PLACES = ('qkv', 'o', 'mlp', 'down')
"""The products of a layer, as its graph calls them."""


@dataclass
class Flow:
    """
    What flowed into one product.

    :param magnitude: (in,) sum of absolute values
    :param largest: (in,) the greatest of them
    :param rows: (up to MOST_ROWS, in) a sample
    :param count: rows seen
    """

    magnitude: NDArray[np.float64]
    largest: Floats
    rows: list[Floats]
    count: int = 0


@dataclass(frozen=True)
class CalibrationStream:
    """
    A stream to calibrate on.

    :param frames: (H, W, 3) uint8 RGB and seconds, growing
    :param instructions: what is watched for
    """

    frames: Iterable[tuple[NDArray[np.uint8], float]]
    instructions: tuple[str, ...]
    fps: float = 1.0


class _RoundedWeights(Weights):
    """Tensors of which the language model's matrices are in 8 bits, where they can be."""

    def matrix(self, name: str) -> Matrix:
        """Return a matrix; it is read when it is asked for, and rounded then."""
        matrix = self[name]
        if matrix.shape[1] % BLOCK:
            return matrix
        try:
            return in_blocks(matrix, _BITS)
        except ValueError:
            return matrix   # too large for it: writing refuses it, with its reason


@dataclass(frozen=True)
class _Rounded(Checkpoint):
    """A checkpoint with such tensors."""

    @cached_property
    def weights(self) -> Weights:
        return _RoundedWeights(self.directory, self.layout)


class _Listening(OnnxRuntimeBackend):
    """The default backend, whose step also says what flowed."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.taps: dict[str, str] = {}
        self.flows: dict[str, Flow] = {}
        self._random = np.random.default_rng(0)
        self._most = rows_kept(checkpoint)
        super().__init__(checkpoint)

    def _write_step(self, states: Floats, store: Store) -> ModelProto:
        model = super()._write_step(states, store)
        wanted = {
            f'{product}.{stored}': product for stored in ('weight', 'levels') for product in (
                f'decoder.layers.{layer}.{place}'
                for layer in range(self._checkpoint.decoder.layers) for place in PLACES)}
        outputs = {output.name for output in model.graph.output}
        for node in model.graph.node:
            if node.op_type in ('MatMul', 'MatMulNBits') and node.input[1] in wanted:
                self.taps[wanted[node.input[1]]] = node.input[0]
                for attribute in node.attribute:
                    if attribute.name == 'accuracy_level':
                        attribute.i = _IN_FLOATS    # there is time, and what flows is exact
                if node.input[0] not in outputs:
                    outputs.add(node.input[0])
                    model.graph.output.append(helper.make_tensor_value_info(
                        node.input[0], TensorProto.FLOAT, None))
        return model

    def _run(
        self, session: ort.InferenceSession, outputs: list[str], feeds: dict[str, NDArray[Any]],
    ) -> list[Floats]:
        if session is not self._step:
            return super()._run(session, outputs, feeds)
        results = super()._run(session, [*outputs, *self.taps.values()], feeds)
        for name, flowed in zip(self.taps, results[len(outputs):], strict=True):
            self._note(name, flowed.reshape(-1, flowed.shape[-1]))
        return results[:len(outputs)]

    def _note(self, name: str, rows: Floats) -> None:
        width = rows.shape[1]
        flow = self.flows.setdefault(name, Flow(
            np.zeros(width), np.zeros(width, np.float32), []))
        magnitudes = np.abs(rows)
        flow.magnitude += magnitudes.sum(0)
        np.maximum(flow.largest, magnitudes.max(0), out=flow.largest)
        numbers = flow.count + 1 + np.arange(len(rows))
        flow.count += len(rows)
        # Each has the same chance to be among those kept.
        for row in rows[self._random.random(len(rows)) * numbers < self._most]:
            if len(flow.rows) < self._most:
                flow.rows.append(row.copy())
            else:
                flow.rows[int(self._random.integers(self._most))] = row.copy()


def rows_kept(checkpoint: Checkpoint) -> int:
    """Return how many rows of each input there is room for."""
    decoder = checkpoint.decoder
    widths = 2 * decoder.hidden + decoder.heads * decoder.head_dim + decoder.mlp
    return min(MOST_ROWS, ROOM // (widths * decoder.layers * np.dtype(np.float32).itemsize))


def listen(
    checkpoint: Checkpoint, streams: Iterable[CalibrationStream],
    tell: Callable[[int], None] = lambda ticks: None,
) -> dict[str, Flow]:
    """
    Return what flowed into each product, named ``decoder.layers.N.PLACE``.

    :param tell: told the ticks done so far
    :raises CheckpointError: when this machine's memory cannot hold the checkpoint in 8 bits
    """
    if not fits(footprint(checkpoint)):
        check_fits(footprint(checkpoint, bits=_BITS), checkpoint)
        checkpoint = _Rounded(**{
            field.name: getattr(checkpoint, field.name) for field in fields(checkpoint)})
    backend = _Listening(checkpoint)
    ticks = 0
    for stream in streams:
        engine = StreamEngine(checkpoint, backend, fps=stream.fps)
        for text in stream.instructions[:MAX_INSTRUCTIONS]:
            engine.watch(text)
        for frame, stamp in stream.frames:
            engine.step(frame, stamp)
            ticks += 1
            tell(ticks)
    return backend.flows
