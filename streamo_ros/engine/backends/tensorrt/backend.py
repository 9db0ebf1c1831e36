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

"""The TensorRT backend: three engines and the cache, on one GPU."""

from collections.abc import Callable
import copy
from dataclasses import replace
import importlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import step_feeds
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.tensorrt.cuda import CudaDevice
from streamo_ros.engine.backends.tensorrt.cuda import Device
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.manifest import EMBEDDINGS
from streamo_ros.engine.backends.tensorrt.manifest import export_command
from streamo_ros.engine.backends.tensorrt.manifest import read_manifest
from streamo_ros.engine.backends.tensorrt.runner import Binding
from streamo_ros.engine.backends.tensorrt.runner import EngineRunner
from streamo_ros.engine.precision import PRECISIONS
from streamo_ros.models import Checkpoint
from streamo_ros.models.errors import brief

_PARTS = ('sink', 'ring')


class TensorRtBackend:
    """
    Runs the engines in a checkpoint's directory.

    :param open_device: opens the GPU
    :param open_module: imports the TensorRT module of a name
    :raises TensorRtError: when TensorRT, cuda-python, a GPU or the engines are missing, or the
        engines are stale
    """

    static_shapes = True
    dtype: np.dtype[Any] = np.dtype(np.float32)

    def __init__(
        self, checkpoint: Checkpoint, *, open_device: Callable[[], Device] = CudaDevice,
        open_module: Callable[[str], Any] = importlib.import_module,
    ) -> None:
        self._directory = checkpoint.directory
        self._manifest = read_manifest(self._directory)
        flavour = self._manifest.flavour
        try:
            trt = open_module(flavour)
        except (ImportError, OSError) as error:
            raise TensorRtError(
                f'{flavour} cannot be imported ({error}): install {flavour} '
                f'{self._manifest.version}, which these engines were built with') from error
        self._device = device = open_device()
        self._manifest.check(
            self._directory, version=trt.__version__, device=device.name,
            capability=device.capability)
        self._table = self._embeddings(
            (checkpoint.decoder.vocab, checkpoint.decoder.hidden))
        self._vision, self._step, self._lm_head = (
            EngineRunner(self._directory / f'{name}.engine', trt, device, bound)
            for name, bound in (
                ('vision', ()), ('step', ('sink_key', 'sink_value', 'ring_key', 'ring_value')),
                ('words', ())))
        self._in_place = 'write_index' in self._step.tensors
        # Cache tensors in the order of layers, two a layer
        layers = range(checkpoint.decoder.layers)
        self._kinds = [f'{kind}_{layer}' for layer in layers for kind in ('key', 'value')]
        if self._in_place:
            self._check_aliases()
        self._cache = self._new_cache()

    def new_stream(self) -> 'TensorRtBackend':
        """Return one over the same engines with a cache of its own."""
        other = copy.copy(self)
        other._cache = self._new_cache()
        return other

    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """Return the visual tokens of a frame's cut patches, (1 + D, rows * columns, hidden)."""
        self._manifest.check_grid(self._directory, grid)
        return self._vision.run({'patches': patches}, {}, ['tokens'])[0]

    def embed(self, ids: NDArray[np.int64]) -> Floats:
        """Return the embeddings, (S, hidden), of token ids."""
        embeds: Floats = self._table[ids].astype(np.float32)
        return embeds

    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits of the whole vocabulary, (B, vocabulary)."""
        return self._lm_head.run({'hidden': hidden}, {}, ['logits'])[0]

    def allocate(self, max_batch: int, sink_rows: int, ring_rows: int) -> None:
        """Make an empty cache of so many batch slots; what was there is gone."""
        self._manifest.check_cache(self._directory, max_batch, sink_rows, ring_rows)
        # Masks hide what is there, but a fused kernel might still multiply by it: no NaN.
        for part in self._cache.values():
            part.clear()

    def grow(self, ring_rows: int) -> None:
        """
        Refuse to: the engines' shapes are fixed.

        :raises TensorRtError: with the command that makes fitting ones
        """
        shapes = self._manifest.shapes
        self._manifest.check_cache(self._directory, shapes.max_batch, shapes.sink_rows, ring_rows)

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a chunk for the slots from ``first`` on, and write its keys and values."""
        batch, chunk = inputs.embeds.shape[:2]
        sink, ring = (self._cache[part] for part in _PARTS)
        target = sink if inputs.into_sink else ring
        # TensorRT drops rows behind the end silently.
        written = chunk if self._in_place and not inputs.into_sink else int(inputs.lengths.max())
        end = int(inputs.cache_offsets.max()) + written
        assert end <= target.rows, 'a write past the end of the cache'
        assert first + batch <= ring.max_batch, 'more instructions than batch slots'
        sink_chunk_mask = inputs.sink_chunk_mask
        feeds = step_feeds(replace(
            inputs, ring_mask=_spread(inputs.ring_mask, inputs.ring_mask.shape[2], ring.rows),
            sink_chunk_mask=_spread(
                sink_chunk_mask, sink_chunk_mask.shape[2] - chunk, sink.rows)))
        bindings = {**sink.bindings(first, batch), **ring.bindings(first, batch)}
        if self._in_place:
            # A sink is written below; here its keys fall on ring rows, which its chunk cannot see
            # and which are put back, for turns may be in them.
            offsets = inputs.cache_offsets
            if inputs.into_sink:
                ring.keep(first, batch, chunk)
            feeds['write_index'] = (
                np.zeros_like(offsets) if inputs.into_sink else offsets).astype(np.int32)
            bindings.update({f'{name}_out': binding for name, binding in bindings.items()
                             if name.startswith('ring')})
        states, hidden = self._step.run(feeds, bindings, ['states', 'hidden'])
        if inputs.into_sink or not self._in_place:
            for index, (offset, length) in enumerate(zip(
                    inputs.cache_offsets, inputs.lengths, strict=True)):
                target.write(first + index, int(offset), index, int(length), chunk)
        if self._in_place and inputs.into_sink:
            ring.put_back(first, batch, chunk)
        return StepOutputs(states=states, hidden=hidden)

    def copy(self, source: int, target: int) -> None:
        """Copy the cache of one slot to another."""
        for part in self._cache.values():
            part.copy(source, target)

    def copy_sink(self, source: int, target: int) -> None:
        """Copy the sink of one slot to another, whose ring stays."""
        self._cache['sink'].copy(source, target)

    def _new_cache(self) -> dict[str, '_CachePart']:
        chunk = self._manifest.shapes.chunk if self._in_place else 0
        return {
            part: _CachePart(
                self._step, part, self._kinds, self._device, chunk if part == 'ring' else 0)
            for part in _PARTS}

    def _embeddings(self, shape: tuple[int, int]) -> NDArray[Any]:
        path = self._directory / EMBEDDINGS
        if not path.is_file():
            raise TensorRtError(f'{path} is missing: {export_command(self._directory)}')
        try:
            loaded: NDArray[Any] = np.load(path, mmap_mode='r')
            table: NDArray[Any] = loaded.view(PRECISIONS[self._manifest.precision])
        except (OSError, ValueError, TypeError, EOFError, KeyError) as error:
            raise TensorRtError(
                f'{path} cannot be read ({brief(error)}): {export_command(self._directory)}'
            ) from error
        if table.shape != shape:
            raise TensorRtError(
                f'{path} is of shape {table.shape}, and config.json calls for {shape}: '
                f'{export_command(self._directory)}')
        return table

    def _check_aliases(self) -> None:
        for kind in self._kinds:
            if not self._step.writes_over(f'ring_{kind}_out', f'ring_{kind}'):
                self._manifest.refuse(self._directory, f'do not write ring_{kind} in place')


class _CachePart:
    """
    The sinks or the rings of all slots: one block a tensor, in which slots are neighbours.

    :param kept: how many of each slot's first rows can be kept aside
    """

    def __init__(
        self, step: EngineRunner, part: str, kinds: list[str], device: Device, kept: int,
    ) -> None:
        self._step, self._part, self._kinds, self._device = step, part, kinds, device
        tensor = step.tensors[f'{part}_{kinds[0]}']
        self.max_batch = step.most(f'{part}_{kinds[0]}')[0]
        self._shape = tensor.shape[1:]
        self._heads, self.rows, dim = self._shape
        self._row_bytes = dim * tensor.dtype.itemsize
        self._slot_bytes = math.prod(self._shape) * tensor.dtype.itemsize
        self._size = len(kinds) * self.max_batch * self._slot_bytes
        self._base = device.allocate(self._size)
        self._kept_bytes = kept * self._row_bytes  # of a head
        self._aside = device.allocate(
            len(kinds) * self.max_batch * self._heads * self._kept_bytes) if kept else 0

    def clear(self) -> None:
        self._device.clear(self._base, self._size)

    def bindings(self, first: int, batch: int) -> dict[str, Binding]:
        """Return where the tensors of some slots lie, by the engine's names."""
        return {
            f'{self._part}_{kind}': Binding(self._at(index, first), (batch, *self._shape))
            for index, kind in enumerate(self._kinds)}

    def write(self, slot: int, offset: int, index: int, length: int, chunk: int) -> None:
        """
        Copy a step's new keys and values of one slot into the cache.

        :param offset: the cache row that the first one goes to
        :param index: of the slot in the step's batch
        :param length: how many are copied of the ``chunk`` that the step has put out
        """
        for tensor, kind in enumerate(self._kinds):
            self._device.copy_rows(
                self._at(tensor, slot) + offset * self._row_bytes, self.rows * self._row_bytes,
                self._step.address(kind) + index * self._heads * chunk * self._row_bytes,
                chunk * self._row_bytes, length * self._row_bytes, self._heads)

    def keep(self, first: int, batch: int, rows: int) -> None:
        """Copy the first rows of some slots aside."""
        for tensor in range(len(self._kinds)):
            self._device.copy_rows(
                self._aside_at(tensor, batch), self._kept_bytes, self._at(tensor, first),
                self.rows * self._row_bytes, rows * self._row_bytes, batch * self._heads)

    def put_back(self, first: int, batch: int, rows: int) -> None:
        """Copy what was kept back."""
        for tensor in range(len(self._kinds)):
            self._device.copy_rows(
                self._at(tensor, first), self.rows * self._row_bytes,
                self._aside_at(tensor, batch), self._kept_bytes, rows * self._row_bytes,
                batch * self._heads)

    def copy(self, source: int, target: int) -> None:
        pitch = self.max_batch * self._slot_bytes
        self._device.copy_rows(
            self._at(0, target), pitch, self._at(0, source), pitch, self._slot_bytes,
            len(self._kinds))

    def _aside_at(self, tensor: int, batch: int) -> int:
        return self._aside + tensor * batch * self._heads * self._kept_bytes

    def _at(self, tensor: int, slot: int) -> int:
        return self._base + (tensor * self.max_batch + slot) * self._slot_bytes


def _spread(mask: NDArray[np.bool_], rows: int, wanted: int) -> NDArray[np.bool_]:
    """Return a mask whose first rows are followed by invisible ones up to the number wanted."""
    if rows == wanted:
        return mask
    invisible = np.zeros((*mask.shape[:2], wanted - rows), np.bool_)
    return np.concatenate([mask[:, :, :rows], invisible, mask[:, :, rows:]], axis=2)
