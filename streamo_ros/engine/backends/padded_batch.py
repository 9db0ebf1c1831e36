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
Chunks of several streams as one batch: padded to the widest, masks to the most rows.

Padding sees itself alone, as in ``Batcher.inputs``: nothing sees it, no softmax is empty, and
what it computes is not written. Rows of sink and ring behind those that a stream knows of are
masked for it. Positions stay each stream's own: they came with its chunk, as angles.
"""

from collections.abc import Sequence

import numpy as np

from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs

_PADDING = 0.25
"""At most this share of a chunk is padding; beyond it, forwards of their own cost less."""


def alike(widths: Sequence[int]) -> bool:
    """Say whether chunks of so many tokens cost less together than apart."""
    return min(widths) >= (1 - _PADDING) * max(widths)


def padded_batch(parts: Sequence[StepInputs]) -> StepInputs:
    """Return the chunks of all parts, in their order; none is written to the sink."""
    if len(parts) == 1:
        return parts[0]
    width = max(_width(part) for part in parts)
    sink_rows = max(_sink_rows(part) for part in parts)
    ring_rows = max(part.ring_mask.shape[2] for part in parts)
    batch = sum(len(part.embeds) for part in parts)
    dtype, (layers, _, _, hidden) = parts[0].embeds.dtype, parts[0].deepstack.shape
    embeds = np.zeros((batch, width, hidden), dtype)
    deepstack = np.zeros((layers, batch, width, hidden), dtype)
    cos, sin, sink_cos, sink_sin = rotary = np.zeros(
        (4, batch, width, parts[0].cos.shape[2]), dtype)
    ring_mask = np.zeros((batch, 2, ring_rows), np.bool_)
    is_new_turn = np.zeros((batch, width), np.bool_)
    sink_chunk_mask = np.zeros((batch, width, sink_rows + width), np.bool_)
    sink_chunk_mask[:, np.arange(width), sink_rows + np.arange(width)] = True
    at = 0
    for part in parts:
        assert not part.into_sink
        rows, length, sink = slice(at, at + len(part.embeds)), _width(part), _sink_rows(part)
        at = rows.stop
        embeds[rows, :length] = part.embeds
        deepstack[:, rows, :length] = part.deepstack
        for angles, given in zip(
                rotary, (part.cos, part.sin, part.sink_cos, part.sink_sin), strict=True):
            angles[rows, :length] = given
        ring_mask[rows, :, :part.ring_mask.shape[2]] = part.ring_mask
        is_new_turn[rows, :length] = part.is_new_turn
        sink_chunk_mask[rows, :length, :sink] = part.sink_chunk_mask[:, :, :sink]
        sink_chunk_mask[rows, :length, sink_rows:sink_rows + length] = (
            part.sink_chunk_mask[:, :, sink:])
    return StepInputs(
        embeds=embeds, deepstack=deepstack, cos=cos, sin=sin, sink_cos=sink_cos,
        sink_sin=sink_sin, ring_mask=ring_mask, is_new_turn=is_new_turn,
        sink_chunk_mask=sink_chunk_mask,
        lengths=np.concatenate([part.lengths for part in parts]),
        cache_offsets=np.concatenate([part.cache_offsets for part in parts]))


def unbatched(outputs: StepOutputs, parts: Sequence[StepInputs]) -> list[StepOutputs]:
    """Return what each part of a batch came to."""
    ends = np.cumsum([len(part.embeds) for part in parts])[:-1]
    return [StepOutputs(states, hidden) for states, hidden in zip(
        np.split(outputs.states, ends), np.split(outputs.hidden, ends), strict=True)]


def _width(part: StepInputs) -> int:
    return int(part.embeds.shape[1])


def _sink_rows(part: StepInputs) -> int:
    return int(part.sink_chunk_mask.shape[2]) - _width(part)
