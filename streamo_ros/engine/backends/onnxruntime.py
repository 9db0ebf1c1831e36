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
The default backend: ONNX Runtime over numpy arrays.

Where the installed ONNX Runtime has CUDA, the graphs run there. The cache stays in host memory and
is copied at each step, which suits small models; for large ones take torch or TensorRT.
"""

import copy
import ctypes
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto
from onnx import numpy_helper
from onnx import TensorProto

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import step_feeds
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.denormals import denormals_as_zero
from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.engine.graphs.step import head_weight
from streamo_ros.engine.graphs.step import step_graph
from streamo_ros.engine.graphs.vision import vision_graph
from streamo_ros.models import Checkpoint

_INLINE_BYTES = 4096
_LINE = 16  # floats in a line of a CPU's cache
_PROVIDERS = ('CUDAExecutionProvider', 'CPUExecutionProvider')


class OnnxRuntimeBackend:
    """
    Runs the graphs in ONNX Runtime.

    ``graph_seconds`` is the time spent in them so far. ``sink`` and ``ring`` are the cache,
    (slots, KV heads, rows, D), keys and values of each layer in turn.

    :raises CheckpointError: when the checkpoint's weights cannot be read
    """

    static_shapes = False
    dtype: np.dtype[Any] = np.dtype(np.float32)

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.graph_seconds = 0.0
        self._checkpoint = checkpoint
        self._head = head_weight(checkpoint.weights)
        self._table = (
            checkpoint.weights['decoder.embed_tokens.weight'] if 'head' in checkpoint.weights
            else self._head)
        self._step = _session(step_graph(
            checkpoint.decoder, checkpoint.weights, checkpoint.tokenizer.state_ids, static=False))
        _trim()
        self._towers: dict[tuple[int, int], ort.InferenceSession] = {}
        self.sink: list[Floats] = []
        self.ring: list[Floats] = []
        self._sinks_in_use: tuple[tuple[int, int, int] | None, list[Floats]] = (None, [])
        # Cache tensors in the order in which the graph names them, two a layer
        layers = range(checkpoint.decoder.layers)
        self._kinds = [f'{kind}_{layer}' for layer in layers for kind in ('key', 'value')]

    def new_stream(self) -> 'OnnxRuntimeBackend':
        """Return one over the same weights with a cache of its own."""
        other = copy.copy(self)
        other.graph_seconds = 0.0
        other.sink, other.ring, other._sinks_in_use = [], [], (None, [])
        return other

    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """Return the visual tokens of a frame's cut patches, (1 + D, rows * columns, hidden)."""
        if grid not in self._towers:
            self._towers[grid] = _session(vision_graph(
                self._checkpoint.vision, self._checkpoint.frame, self._checkpoint.weights, grid))
            _trim()
        return self._run(self._towers[grid], ['tokens'], {'patches': patches})[0]

    def embed(self, ids: NDArray[np.int64]) -> Floats:
        """Return the embeddings, (S, hidden), of token ids."""
        return self._table[ids]

    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits of the whole vocabulary, (B, vocabulary)."""
        logits: Floats = hidden @ self._head.T
        return logits

    def allocate(self, max_batch: int, sink_rows: int, ring_rows: int) -> None:
        """Make an empty cache of so many batch slots; what was there is gone."""
        config = self._checkpoint.decoder

        def empty(rows: int) -> list[Floats]:
            shape = (max_batch, config.kv_heads, rows, config.head_dim)
            return [np.zeros(shape, np.float32) for _ in self._kinds]

        # The ring has one more row, of zeros: the graph gathers it where no row is visible.
        self.sink, self.ring = empty(sink_rows), empty(ring_rows + 1)
        self._sinks_in_use = (None, [])

    def grow(self, ring_rows: int) -> None:
        """Add empty rows behind the last one of the rings; what is in the cache stays."""
        more = ring_rows + 1 - self.ring[0].shape[2]
        self.ring = [np.pad(ring, ((0, 0), (0, 0), (0, more), (0, 0))) for ring in self.ring]

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a chunk for the slots from ``first`` on, and write its keys and values."""
        batch, chunk = inputs.embeds.shape[:2]
        slots = slice(first, first + batch)
        feeds = step_feeds(inputs)
        feeds['visible_rows'], feeds['ring_mask'] = _visible_rows(inputs.ring_mask)
        sinks = self._used_sinks(first, batch, inputs.sink_chunk_mask.shape[2] - chunk)
        for kind, sink, ring in zip(self._kinds, sinks, self.ring, strict=True):
            feeds[f'sink_{kind}'] = sink
            feeds[f'ring_{kind}'] = ring[slots]
        states, hidden, *written = self._run(
            self._step, ['states', 'hidden', *self._kinds], feeds)
        if inputs.into_sink:
            self._sinks_in_use = (None, [])
        caches = self.sink if inputs.into_sink else self.ring
        rows = caches[0].shape[2] - (0 if inputs.into_sink else 1)
        for cache, delta in zip(caches, written, strict=True):
            for index, (offset, length) in enumerate(zip(
                    inputs.cache_offsets, inputs.lengths, strict=True)):
                assert offset + length <= rows, 'a write past the end of the cache'
                cache[first + index, :, offset:offset + length] = delta[index, :, :length]
        return StepOutputs(states=states, hidden=hidden)

    def _used_sinks(self, first: int, batch: int, rows: int) -> list[Floats]:
        """Return the sinks of some slots, only the rows in use: the same from tick to tick."""
        if self._sinks_in_use[0] != (first, batch, rows):
            self._sinks_in_use = ((first, batch, rows), [
                np.ascontiguousarray(sink[first:first + batch, :, :rows]) for sink in self.sink])
        return self._sinks_in_use[1]

    def copy(self, source: int, target: int) -> None:
        """Copy the cache of one slot to another."""
        for cache in (*self.sink, *self.ring):
            cache[target] = cache[source]
        self._sinks_in_use = (None, [])

    def copy_sink(self, source: int, target: int) -> None:
        """Copy the sink of one slot to another, whose ring stays."""
        for cache in self.sink:
            cache[target] = cache[source]
        self._sinks_in_use = (None, [])

    def _run(
        self, session: ort.InferenceSession, outputs: list[str],
        feeds: dict[str, NDArray[Any]],
    ) -> list[Floats]:
        begin = time.perf_counter()
        with denormals_as_zero():
            results: list[Floats] = session.run(outputs, feeds)
        self.graph_seconds += time.perf_counter() - begin
        return results


def _visible_rows(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the rows that some token sees, (B, rows), then the row of zeros; and their mask."""
    visible = mask[:, 0] | mask[:, 1]
    # Together with the row of zeros, whole cache lines: unaligned scores cost a tenth of a tick.
    count = -(-(int(visible.sum(1).max()) + 1) // _LINE) * _LINE - 1
    rows = np.full((len(mask), count), mask.shape[2])
    short = np.zeros((len(mask), 2, count), np.bool_)
    for index, live in enumerate(visible):
        at = np.nonzero(live)[0]
        rows[index, :len(at)] = at
        short[index, :, :len(at)] = mask[index][:, at]
    return rows, short


def _trim() -> None:
    """Return to the system what building a graph leaves in the heap, a quarter of all it took."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # not glibc
        pass


def _session(model: ModelProto) -> ort.InferenceSession:
    """Return a session; weights are passed beside the graph, which may not exceed 2 GiB."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Threads may not spin between ticks: the cores belong to the robot's other processes.
    options.add_session_config_entry('session.force_spinning_stop', '1')
    options.add_session_config_entry('session.set_denormal_as_zero', '1')
    weights: dict[str, ort.OrtValue] = {}
    for tensor in model.graph.initializer:
        # Small ones stay inline: shapes and the like must be known when the graph is optimised.
        if len(tensor.raw_data) > _INLINE_BYTES:
            weights[tensor.name] = ort.OrtValue.ortvalue_from_numpy(numpy_helper.to_array(tensor))
            tensor.ClearField('raw_data')
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key='location', value=tensor.name)
    options.add_external_initializers(list(weights), list(weights.values()))
    with denormals_as_zero():
        return ort.InferenceSession(
            model.SerializeToString(), options, providers=[
                name for name in _PROVIDERS if name in ort.get_available_providers()])
