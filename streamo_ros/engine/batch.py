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

"""Chunks of neighbouring batch slots, padded to one width: what a backend runs at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.engine.rope import Rope
from streamo_ros.engine.static_scene import ImageFeatures
from streamo_ros.engine.window import Chunk
from streamo_ros.engine.window import chunk_width
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import Checkpoint


@dataclass(frozen=True)
class PlannedChunk:
    """
    The tokens that one sequence is fed next, and how.

    :param ids: (S,) token ids
    """

    ids: NDArray[np.int64]
    chunk: Chunk


class Batcher:
    """
    Plans chunks and puts them together for a backend.

    Where the backend's shapes are static, widths are few and the whole sink is in the masks.

    :param layout: of the backend's cache
    """

    def __init__(self, checkpoint: Checkpoint, backend: Backend, layout: CacheLayout) -> None:
        self._decoder = checkpoint.decoder
        self._image_id = checkpoint.tokenizer.image_id
        self._backend = backend
        self._layout = layout
        self._rope = Rope(checkpoint.decoder, backend.dtype)

    def plan(
        self, plans: Sequence[WindowPlan], parts: Sequence[tuple[list[int], list[int]]],
        features: ImageFeatures | None,
    ) -> list[PlannedChunk]:
        """
        Plan the next chunk of some sequences; nothing is committed.

        :param parts: (close, opening) of each; an empty opening goes on with its turn
        :param features: of the frame that every opening contains; None where there is none
        """
        pruned = int((~features.kept).sum()) if features else 0
        longest = max(len(close) + len(opening) - pruned for close, opening in parts)
        width = self._width(longest) if self._backend.static_shapes else 0
        planned = []
        for plan, (close, opening) in zip(plans, parts, strict=True):
            ids = np.asarray(close + opening)
            is_image = ids == self._image_id
            kept = ~is_image
            if features:
                kept[is_image] = features.kept
            planned.append(PlannedChunk(
                ids[kept], plan.plan(is_image, len(close) if opening else None, width, kept)))
        return planned

    def inputs(
        self, planned: Sequence[PlannedChunk], features: ImageFeatures | None,
        into_sink: bool = False,
    ) -> StepInputs:
        """
        Return what a backend is given to run planned chunks, padded to one width.

        :param features: as in ``plan``
        """
        decoder, batch = self._decoder, len(planned)
        width = self._width(max(len(part.ids) for part in planned))
        sink_rows = self._layout.sink_rows if self._backend.static_shapes else max(
            part.chunk.visible_sink_rows for part in planned)
        dtype = self._backend.dtype
        embeds = np.zeros((batch, width, decoder.hidden), dtype)
        deepstack = np.zeros((decoder.deepstack, batch, width, decoder.hidden), dtype)
        rotary = np.zeros((4, batch, width, decoder.head_dim // 2), dtype)
        is_new_turn = np.zeros((batch, width), np.bool_)
        sink_chunk_mask = np.zeros((batch, width, sink_rows + width), np.bool_)
        # Padding sees itself, so that no row of a softmax is empty.
        sink_chunk_mask[:, np.arange(width), sink_rows + np.arange(width)] = True
        for index, part in enumerate(planned):
            chunk, length = part.chunk, len(part.ids)
            embeds[index, :length] = self._backend.embed(part.ids)
            if features:
                is_image = part.ids == self._image_id
                embeds[index, :length][is_image] = features.tokens[0]
                deepstack[:, index, :length][:, is_image] = features.tokens[1:]
            rotary[:2, index, :length] = self._rope(chunk.positions)
            rotary[2:, index, :length] = self._rope(chunk.sink_positions)
            is_new_turn[index, :length] = chunk.is_new_turn
            sink_chunk_mask[index, :length, :chunk.visible_sink_rows] = True
            sink_chunk_mask[index, :length, sink_rows:sink_rows + length] = chunk.chunk_mask
        return StepInputs(
            embeds=embeds, deepstack=deepstack, cos=rotary[0], sin=rotary[1],
            sink_cos=rotary[2], sink_sin=rotary[3],
            ring_mask=np.stack([part.chunk.ring_mask for part in planned]),
            is_new_turn=is_new_turn, sink_chunk_mask=sink_chunk_mask,
            lengths=np.asarray([len(part.ids) for part in planned]),
            cache_offsets=np.asarray([part.chunk.cache_offset for part in planned]),
            into_sink=into_sink)

    def _width(self, longest: int) -> int:
        if not self._backend.static_shapes:
            return longest
        return chunk_width(longest, self._layout.turn_rows)
