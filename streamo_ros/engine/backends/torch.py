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
The reference backend: Hugging Face's own modules, with our positions, masks and cache.

The only part of a network written here is attention, which has to see a sink, a ring and a chunk.
On CUDA each shape is captured once as a CUDA graph over static buffers, and replayed.
"""

from collections.abc import Sequence
import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers import AutoConfig
from transformers import AutoModelForImageTextToText

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.threads import given_threads
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models.errors import brief
from streamo_ros.models.weights import plain_name

_MASKED = -1e30


@dataclass
class _Step:
    """
    One step's tensors, the same for every layer's attention.

    :param to_sink: cosine and sine, (B, 1, S, D / 2), that rotate a query from its token's
        position to the one against the sink
    :param visible: (B, 1, 1, S, rows) what each token sees of the sink, the ring and the chunk
    :param used: (B, 1, rows, 1) the rows that some token sees
    :param cache: keys and values of sink and ring, by layer
    :param deltas: receives the chunk's keys and values of each layer in turn
    """

    to_sink: tuple[Tensor, Tensor]
    visible: Tensor
    used: Tensor
    cache: list[tuple[Tensor, ...]]
    deltas: list[Tensor]


class TorchBackend:
    """
    Runs a checkpoint with torch and transformers.

    ``sink`` and ``ring`` are the cache, (slots, KV heads, rows, D), keys and values of each
    layer in turn.

    :param device: ``cuda`` where there is one if not given
    :param dtype: bfloat16 on CUDA, float32 elsewhere if not given; float64 is for tests
    :param threads: as in ``given_threads``; of all that the calling thread does with torch
    :raises CheckpointError: when the checkpoint's weights cannot be read, or not all are there
    """

    def __init__(
        self, checkpoint: Checkpoint, device: str | None = None, dtype: torch.dtype | None = None,
        threads: int = 0,
    ) -> None:
        torch.set_num_threads(given_threads(threads))
        self._device = torch.device(device or ('cuda' if torch.cuda.is_available() else 'cpu'))
        # One graph is captured for each shape.
        self._capture = self.static_shapes = self._device.type == 'cuda'
        if dtype is None:
            dtype = torch.bfloat16 if self._capture else torch.float32
        self._dtype = dtype
        self._boundary = torch.float64 if dtype is torch.float64 else torch.float32
        self.dtype = np.dtype(np.float64 if dtype is torch.float64 else np.float32)
        self._checkpoint = checkpoint
        self._model = _load(checkpoint, dtype).to(self._device).eval()
        inner = self._model.model
        self._text: Any = getattr(inner, 'language_model', None) or inner.text_model
        AttentionInterface.register('streamo', _attend)
        self._text.config._attn_implementation = 'streamo'
        self._head: Tensor = self._model.get_output_embeddings().weight
        self._states = self._head[list(checkpoint.tokenizer.state_ids)]
        self.sink: list[Tensor] = []
        self.ring: list[Tensor] = []
        self._graphs: dict[tuple[int, ...], _Captured] = {}
        self._pool = torch.cuda.graph_pool_handle() if self._capture else None

    def new_stream(self) -> 'TorchBackend':
        """Return one over the same weights with a cache of its own."""
        other = copy.copy(self)
        other.sink, other.ring, other._graphs = [], [], {}
        return other

    @torch.inference_mode()
    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """Return the visual tokens of a frame's cut patches, (1 + D, rows * columns, hidden)."""
        vision = self._checkpoint.vision
        pixels = self._given(self._checkpoint.frame.normalise(patches, vision)).to(self._dtype)
        rows, columns = grid
        if vision.temporal_patch > 1:
            features = self._model.model.visual(pixels, grid_thw=torch.tensor(
                [[1, rows * vision.merge, columns * vision.merge]], device=self._device))
            layers = [
                features.pooler_output,
                *getattr(features, 'deepstack_features', [])[:len(vision.deepstack)]]
        else:
            cells = pixels.reshape(
                rows, columns, vision.merge, vision.merge, vision.channels, vision.patch,
                vision.patch)
            image = cells.permute(4, 0, 2, 5, 1, 3, 6).reshape(
                1, vision.channels, rows * vision.cell, columns * vision.cell)
            if vision.family == 'smolvlm':
                features = self._model.model.get_image_features(image[None])
            else:
                features = self._model.model.get_image_features(
                    image, vision_feature_layer=-1, vision_feature_select_strategy='default')
            layers = [features.pooler_output[0]]
        return self._taken(torch.stack(layers))

    @torch.inference_mode()
    def embed(self, ids: NDArray[np.int64]) -> Floats:
        """Return the embeddings, (S, hidden), of token ids."""
        return self._taken(self._model.get_input_embeddings()(self._given(ids)))

    @torch.inference_mode()
    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits of the whole vocabulary, (B, vocabulary)."""
        return self._taken(self._given(hidden).to(self._dtype) @ self._head.T)

    def allocate(self, max_batch: int, sink_rows: int, ring_rows: int) -> None:
        """Make an empty cache of so many batch slots; what was there is gone."""
        config = self._checkpoint.decoder

        def empty(rows: int) -> list[Tensor]:
            return [
                torch.zeros(max_batch, config.kv_heads, rows, config.head_dim,
                            dtype=self._dtype, device=self._device)
                for _ in range(2 * config.layers)]

        self.sink, self.ring = empty(sink_rows), empty(ring_rows)
        self._graphs.clear()

    def grow(self, ring_rows: int) -> None:
        """Add empty rows behind the last one of the rings; what is in the cache stays."""
        self.enlarge(len(self.ring[0]), self.sink[0].shape[2], ring_rows)

    def enlarge(self, slots: int, sink_rows: int, ring_rows: int) -> None:
        """Add empty slots and rows behind the last ones; what is in the cache stays."""
        def enlarged(cache: Tensor, rows: int) -> Tensor:
            return torch.nn.functional.pad(cache, (
                0, 0, 0, max(0, rows - cache.shape[2]), 0, 0, 0, max(0, slots - len(cache))))

        self.sink = [enlarged(sink, sink_rows) for sink in self.sink]
        self.ring = [enlarged(ring, ring_rows) for ring in self.ring]
        self._graphs.clear()

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a chunk for the slots from ``first`` on, and write its keys and values."""
        return self.step_slots(range(first, first + len(inputs.embeds)), inputs)

    @torch.inference_mode()
    def step_slots(self, slots: Sequence[int], inputs: StepInputs) -> StepOutputs:
        """Run a chunk for some slots, wherever they lie, and write its keys and values."""
        given = {
            name: self._given(getattr(inputs, name)) for name in (
                'embeds', 'deepstack', 'cos', 'sin', 'sink_cos', 'sink_sin', 'ring_mask',
                'is_new_turn', 'sink_chunk_mask')}
        given['last'] = self._given(inputs.lengths - 1)
        if self._capture:
            key = (*slots, inputs.embeds.shape[1])
            if key not in self._graphs:
                self._graphs[key] = _Captured(
                    lambda tensors: self._forward(slots, tensors), given, self._pool)
            hidden, deltas = self._graphs[key].replay(given)
        else:
            hidden, deltas = self._forward(slots, given)
        for cache, delta in zip(
                self.sink if inputs.into_sink else self.ring, deltas, strict=True):
            for index, (slot, offset, length) in enumerate(zip(
                    slots, inputs.cache_offsets, inputs.lengths, strict=True)):
                assert offset + length <= cache.shape[2], 'a write past the end of the cache'
                cache[slot, :, offset:offset + length] = delta[index, :, :length]
        return StepOutputs(
            states=self._taken(hidden @ self._states.T), hidden=self._taken(hidden))

    def copy(self, source: int, target: int) -> None:
        """Copy the cache of one slot to another."""
        for cache in (*self.sink, *self.ring):
            cache[target] = cache[source]

    def copy_sink(self, source: int, target: int) -> None:
        """Copy the sink of one slot to another, whose ring stays."""
        for cache in self.sink:
            cache[target] = cache[source]

    def _given(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _taken(self, tensor: Tensor) -> Floats:
        array: Floats = tensor.to('cpu', self._boundary).numpy()
        return array

    def _forward(
        self, slots: Sequence[int], given: dict[str, Tensor],
    ) -> tuple[Tensor, list[Tensor]]:
        """Return (B, hidden) behind each chunk's last real token, and its keys and values."""
        x = given['embeds'].to(self._dtype)
        # Neighbours are a view; others are copied.
        end = slots[0] + len(slots)
        at_slots = slice(slots[0], end) if list(slots) == list(range(slots[0], end)) else [*slots]
        cos, sin, sink_cos, sink_sin = (
            given[name] for name in ('cos', 'sin', 'sink_cos', 'sink_sin'))
        sink_chunk, by_turn = given['sink_chunk_mask'], given['ring_mask']
        sink_rows = sink_chunk.shape[2] - sink_chunk.shape[1]
        ring = torch.where(given['is_new_turn'][:, :, None], by_turn[:, 1:], by_turn[:, :1])
        visible = torch.cat([sink_chunk[:, :, :sink_rows], ring, sink_chunk[:, :, sink_rows:]], -1)
        step = _Step(
            to_sink=((sink_cos * cos + sink_sin * sin)[:, None],
                     (sink_sin * cos - sink_cos * sin)[:, None]),
            visible=visible[:, None, None], used=visible.any(1)[:, None, :, None],
            cache=[tuple(part[at_slots, :, :rows] for part, rows in (
                (self.sink[at], sink_rows), (self.sink[at + 1], sink_rows),
                (self.ring[at], by_turn.shape[2]), (self.ring[at + 1], by_turn.shape[2])))
                for at in range(0, len(self.sink), 2)],
            deltas=[])
        both = torch.cat([cos, cos], -1), torch.cat([sin, sin], -1)
        for index, layer in enumerate(self._text.layers):
            x = layer(x, position_embeddings=both, attention_mask=None, stream=step)
            if index < len(given['deepstack']):
                x = x + given['deepstack'][index].to(self._dtype)
        last = given['last'][:, None, None].expand(-1, 1, x.shape[2])
        return self._text.norm(x.gather(1, last)[:, 0]), step.deltas


def _attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: None, *,
    scaling: float, stream: _Step, **_: Any,
) -> tuple[Tensor, None]:
    """
    Return (B, S, heads, D), the attention over the sink, the ring and the chunk.

    Queries, (B, heads, S, D), and the chunk's keys are already rotated to their positions.
    """
    dtype = value.dtype
    key = key.to(dtype)
    stream.deltas += [key, value]
    sink_key, sink_value, ring_key, ring_value = stream.cache[module.layer_idx]
    batch, heads, chunk, dim = query.shape
    shared = (batch, key.shape[1], -1, dim)
    cos, sin = stream.to_sink
    one, two = query.chunk(2, -1)
    to_sink = torch.cat([one * cos - two * sin, two * cos + one * sin], -1)
    query = query.to(dtype).reshape(shared)
    scores = torch.cat([
        to_sink.to(dtype).reshape(shared) @ sink_key.transpose(2, 3),
        query @ ring_key.transpose(2, 3), query @ key.transpose(2, 3)], -1) * scaling
    if dtype is not torch.float64:
        scores = scores.float()
    scores = scores.view(batch, key.shape[1], -1, chunk, scores.shape[-1])
    probabilities = torch.where(stream.visible, scores, _MASKED).softmax(-1).to(dtype)
    # Any row that no token sees may hold anything, NaN included: it must not enter a sum.
    values = torch.cat([sink_value, ring_value, value], 2)
    values = torch.where(stream.used, values, torch.zeros((), dtype=dtype, device=values.device))
    gathered = probabilities.flatten(2, 3) @ values
    return gathered.reshape(batch, heads, chunk, dim).transpose(1, 2), None


def _load(checkpoint: Checkpoint, dtype: torch.dtype) -> Any:
    """Return Hugging Face's model; its frequencies stay float32 in any precision."""
    from streamo_ros.models import small_torch  # noqa: F401 - makes the built-in family known
    directory = checkpoint.directory
    try:
        if checkpoint.layout is not None:
            return _unpacked(checkpoint, dtype)
        loaded: Any = AutoModelForImageTextToText.from_pretrained(
            directory, dtype=dtype, local_files_only=True, use_safetensors=True,
            trust_remote_code=False, output_loading_info=True)
    except CheckpointError:
        raise
    except Exception as error:  # its configurations raise errors of many kinds
        raise CheckpointError(
            f'transformers cannot load {directory} ({brief(error)}): copy the checkpoint again'
        ) from error
    model, report = loaded
    # transformers would run on with random weights in their place.
    if report['missing_keys']:
        raise CheckpointError(
            f'{directory} has no tensor {min(report["missing_keys"])!r}: its safetensors are not '
            'all there, or are of another model than its config.json; copy the checkpoint again')
    return model


def _unpacked(checkpoint: Checkpoint, dtype: torch.dtype) -> Any:
    """Return Hugging Face's model with the floats that quantised weights stand for."""
    config = AutoConfig.from_pretrained(
        checkpoint.directory, local_files_only=True, trust_remote_code=False)
    for part in (config, config.get_text_config()):
        if hasattr(part, 'quantization_config'):
            del part.quantization_config
    model: Any = AutoModelForImageTextToText.from_config(config, dtype=dtype)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(checkpoint.weights[plain_name(name)]))
    return model


class _Captured:
    """
    One CUDA graph over static buffers.

    :param pool: memory that all graphs share, since only one runs at a time
    """

    def __init__(self, run: Any, given: dict[str, Tensor], pool: Any) -> None:
        self._buffers = {name: tensor.clone() for name, tensor in given.items()}
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            run(self._buffers)  # libraries choose and allocate now: a capture may not
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool):
            self._results = run(self._buffers)

    def replay(self, given: dict[str, Tensor]) -> Any:
        """Return the results for these inputs; they hold until the next replay."""
        for name, tensor in given.items():
            self._buffers[name].copy_(tensor)
        self._graph.replay()
        return self._results
