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
The default backend: ONNX Runtime over numpy arrays, on a processor.

Its CUDA provider is not used: the cache lies in arrays of the host, and all of it would cross the
bus at every step. The torch backend and TensorRT keep it on the device.
"""

from collections.abc import Callable
from collections.abc import Sequence
import copy
import ctypes
import time
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from onnx import ModelProto
from onnx import TensorProto

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import step_feeds
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.denormals import denormals_as_zero
from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.engine.backends.silent_onnxruntime import session_options
from streamo_ros.engine.graphs.builder import inline
from streamo_ros.engine.graphs.builder import Store
from streamo_ros.engine.graphs.lm_head import given_head_graph
from streamo_ros.engine.graphs.lm_head import lm_head_graph
from streamo_ros.engine.graphs.step import head_name
from streamo_ros.engine.graphs.step import matrix_of
from streamo_ros.engine.graphs.step import rows_of
from streamo_ros.engine.graphs.step import step_graph
from streamo_ros.engine.graphs.vision import vision_graph
from streamo_ros.models import Checkpoint
from streamo_ros.models.blocks import BlockMatrix

_INLINE_BYTES = 4096
_LINE = 16  # floats in a line of a CPU's cache
_PROVIDERS = ['CPUExecutionProvider']


class OnnxRuntimeBackend:
    """
    Runs the graphs in ONNX Runtime.

    ``graph_seconds`` is the time spent in them so far. ``sink`` and ``ring`` are the cache,
    (slots, KV heads, rows, D), keys and values of each layer in turn.

    :param threads: as in ``given_threads``
    :raises CheckpointError: when the checkpoint's weights cannot be read
    """

    static_shapes = False
    dtype: np.dtype[Any] = np.dtype(np.float32)

    def __init__(self, checkpoint: Checkpoint, threads: int = 0) -> None:
        if 'CUDAExecutionProvider' in ort.get_available_providers():
            warnings.warn(
                'ONNX Runtime computes on the processor here, although it has CUDA: for a GPU '
                'choose the backend torch, or tensorrt with engines that streamo export made',
                stacklevel=2)
        self._threads = threads
        self.graph_seconds = 0.0
        self._checkpoint = checkpoint
        weights = checkpoint.weights
        name = head_name(weights)
        self._head = matrix_of(weights, name)
        self._table = matrix_of(
            weights, 'decoder.embed_tokens.weight') if name == 'head' else self._head
        states = rows_of(self._head, np.asarray(checkpoint.tokenizer.state_ids))
        self._step = _session(lambda store: self._write_step(states, store), threads)
        self._lm_head: ort.InferenceSession | None = None  # made for the first answer
        _trim()
        self._towers: dict[tuple[int, int], ort.InferenceSession] = {}
        self.sink: list[Floats] = []
        self.ring: list[Floats] = []
        self._sinks_in_use: tuple[tuple[int, ...], list[Floats]] = ((), [])
        # Cache tensors in the order in which the graph names them, two a layer
        layers = range(checkpoint.decoder.layers)
        self._kinds = [f'{kind}_{layer}' for layer in layers for kind in ('key', 'value')]

    def _write_step(self, states: Floats, store: Store) -> ModelProto:
        """
        Return the step's graph.

        :param states: (3, hidden) the head's rows of the states
        """
        checkpoint = self._checkpoint
        return step_graph(
            checkpoint.decoder, checkpoint.weights, checkpoint.tokenizer.state_ids, static=False,
            store=store, state_rows=states)

    def new_stream(self) -> 'OnnxRuntimeBackend':
        """Return one over the same weights with a cache of its own."""
        other = copy.copy(self)
        other.graph_seconds = 0.0
        other.sink, other.ring, other._sinks_in_use = [], [], ((), [])
        return other

    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """Return the visual tokens of a frame's cut patches, (1 + D, rows * columns, hidden)."""
        if grid not in self._towers:
            self._towers[grid] = _session(lambda store: vision_graph(
                self._checkpoint.vision, self._checkpoint.frame, self._checkpoint.weights, grid,
                store=store), self._threads)
            _trim()
        return self._run(self._towers[grid], ['tokens'], {'patches': patches})[0]

    def embed(self, ids: NDArray[np.int64]) -> Floats:
        """Return the embeddings, (S, hidden), of token ids."""
        return rows_of(self._table, ids)

    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits of the whole vocabulary, (B, vocabulary)."""
        # In the runtime, for its threads: those of numpy's product are as many as they like.
        if self._lm_head is None:
            self._lm_head = _session(self._write_head, self._threads)
            _trim()
        if isinstance(self._head, BlockMatrix):
            return self._run(self._lm_head, ['logits'], {'hidden': hidden})[0]
        logits: Floats = self._run(self._lm_head, ['logits'], {
            'head': self._head, 'hidden': np.ascontiguousarray(hidden.T)})[0].T
        return logits

    def _write_head(self, store: Store) -> ModelProto:
        if isinstance(self._head, BlockMatrix):
            return lm_head_graph(self._checkpoint.weights, store=store, standard=False)
        return given_head_graph(*self._head.shape)

    def allocate(self, max_batch: int, sink_rows: int, ring_rows: int) -> None:
        """Make an empty cache of so many batch slots; what was there is gone."""
        config = self._checkpoint.decoder

        def empty(rows: int) -> list[Floats]:
            shape = (max_batch, config.kv_heads, rows, config.head_dim)
            return [np.zeros(shape, np.float32) for _ in self._kinds]

        # The ring has one more row, of zeros: the graph gathers it where no row is visible.
        self.sink, self.ring = empty(sink_rows), empty(ring_rows + 1)
        self._sinks_in_use = ((), [])

    def grow(self, ring_rows: int) -> None:
        """Add empty rows behind the last one of the rings; what is in the cache stays."""
        self.enlarge(len(self.ring[0]), self.sink[0].shape[2], ring_rows)

    def enlarge(self, slots: int, sink_rows: int, ring_rows: int) -> None:
        """Add empty slots and rows behind the last ones; what is in the cache stays."""
        self.sink = [_enlarged(sink, slots, sink_rows) for sink in self.sink]
        self.ring = [_enlarged(ring, slots, ring_rows + 1) for ring in self.ring]

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a chunk for the slots from ``first`` on, and write its keys and values."""
        return self.step_slots(range(first, first + len(inputs.embeds)), inputs)

    def step_slots(self, slots: Sequence[int], inputs: StepInputs) -> StepOutputs:
        """Run a chunk for some slots, wherever they lie, and write its keys and values."""
        feeds = step_feeds(inputs)
        feeds['slots'] = np.asarray(slots)
        feeds['visible_rows'], feeds['ring_mask'] = _visible_rows(
            inputs.ring_mask, self.ring[0].shape[2] - 1)
        sinks = self._used_sinks(slots, inputs.sink_chunk_mask.shape[2] - inputs.embeds.shape[1])
        for kind, sink, ring in zip(self._kinds, sinks, self.ring, strict=True):
            feeds[f'sink_{kind}'] = sink
            feeds[f'ring_{kind}'] = ring
        states, hidden, *written = self._run(
            self._step, ['states', 'hidden', *self._kinds], feeds)
        if inputs.into_sink:
            self._sinks_in_use = ((), [])
        caches = self.sink if inputs.into_sink else self.ring
        rows = caches[0].shape[2] - (0 if inputs.into_sink else 1)
        for cache, delta in zip(caches, written, strict=True):
            for index, (slot, offset, length) in enumerate(zip(
                    slots, inputs.cache_offsets, inputs.lengths, strict=True)):
                assert offset + length <= rows, 'a write past the end of the cache'
                cache[slot, :, offset:offset + length] = delta[index, :, :length]
        return StepOutputs(states=states, hidden=hidden)

    def _used_sinks(self, slots: Sequence[int], rows: int) -> list[Floats]:
        """Return the sinks of some slots, only the rows in use: the same from tick to tick."""
        if self._sinks_in_use[0] != (rows, *slots):
            self._sinks_in_use = ((rows, *slots), [
                np.ascontiguousarray(sink[list(slots), :, :rows]) for sink in self.sink])
        return self._sinks_in_use[1]

    def copy(self, source: int, target: int) -> None:
        """Copy the cache of one slot to another."""
        for cache in (*self.sink, *self.ring):
            cache[target] = cache[source]
        self._sinks_in_use = ((), [])

    def copy_sink(self, source: int, target: int) -> None:
        """Copy the sink of one slot to another, whose ring stays."""
        for cache in self.sink:
            cache[target] = cache[source]
        self._sinks_in_use = ((), [])

    def _run(
        self, session: ort.InferenceSession, outputs: list[str],
        feeds: dict[str, NDArray[Any]],
    ) -> list[Floats]:
        begin = time.perf_counter()
        with denormals_as_zero():
            results: list[Floats] = session.run(outputs, feeds)
        self.graph_seconds += time.perf_counter() - begin
        return results


def _enlarged(cache: Floats, slots: int, rows: int) -> Floats:
    """Return an array, (slots, KV heads, rows, D), with zeros behind its slots and rows."""
    old_slots, heads, old_rows, dim = cache.shape
    if slots <= old_slots and rows <= old_rows:
        return cache
    enlarged = np.zeros((max(slots, old_slots), heads, max(rows, old_rows), dim), cache.dtype)
    enlarged[:old_slots, :, :old_rows] = cache
    return enlarged


def _visible_rows(
    mask: NDArray[np.bool_], zeros: int,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """
    Return the rows that some token sees, (B, rows), then the row of zeros; and their mask.

    :param zeros: where that row is
    """
    visible = mask[:, 0] | mask[:, 1]
    # Together with the row of zeros, whole cache lines: unaligned scores cost a tenth of a tick.
    count = -(-(int(visible.sum(1).max()) + 1) // _LINE) * _LINE - 1
    rows = np.full((len(mask), count), zeros)
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


def _session(
    write: Callable[[Store], ModelProto], threads: int = 0,
) -> ort.InferenceSession:
    """
    Return a session; weights are passed beside the graph, which may not exceed 2 GiB.

    :param write: writes the graph, and hands each weight over when it has read it
    :param threads: as in ``given_threads``
    """
    options = session_options(threads)
    options.add_session_config_entry('session.set_denormal_as_zero', '1')
    weights: dict[str, ort.OrtValue] = {}

    def store(name: str, value: NDArray[np.generic]) -> TensorProto:
        # Small ones stay inline: shapes and the like must be known when the graph is optimised.
        if value.nbytes <= _INLINE_BYTES:
            return inline(name, value)
        weights[name] = ort.OrtValue.ortvalue_from_numpy(value)
        tensor = TensorProto(
            name=name, dims=value.shape, data_location=TensorProto.EXTERNAL,
            data_type=helper.np_dtype_to_tensor_dtype(value.dtype))
        tensor.external_data.add(key='location', value=name)
        return tensor

    model = write(store).SerializeToString()
    options.add_external_initializers(list(weights), list(weights.values()))
    with denormals_as_zero():
        return ort.InferenceSession(model, options, providers=_PROVIDERS)
