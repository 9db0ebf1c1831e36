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

"""The shapes that TensorRT engines are built for: which are fixed, and the ranges of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamo_ros.engine.cache_layout import cache_layout
from streamo_ros.models import Checkpoint

# TensorRT takes addresses at multiples of 256 bytes. With rows in multiples of 16, of at least 8
# values of two bytes each, the cache of every batch slot begins at one.
_ROWS = 16

Shape = tuple[int, ...]


@dataclass(frozen=True)
class EngineShapes:
    """
    What a stream engine asks of its backend, once its frames and window are known.

    :param frame: (height, width) in pixels, to which frames are scaled
    :param grid: (rows, columns) of visual tokens
    :param window_turns: turns that stay in view
    :param fps: ticks per second, which set the length of time tags
    :param max_batch: most instructions at a time
    :param sink_rows: cache rows of each batch slot's sink, before padding
    :param ring_rows: of its ring, likewise
    :param chunk: tokens of the longest chunk
    """

    frame: Shape
    grid: Shape
    window_turns: int
    fps: float
    max_batch: int
    sink_rows: int
    ring_rows: int
    chunk: int

    def fixed(self, name: str, dims: Sequence[int]) -> Shape:
        """Return a network input's dimensions with the cache's rows filled in; -1 stays free."""
        shape = list(dims)
        part = name.split('_')[0]
        if part in ('sink', 'ring') and len(shape) == 4:
            shape[2] = padded(self.sink_rows if part == 'sink' else self.ring_rows)
        elif name == 'ring_mask':
            shape[2] = padded(self.ring_rows)
        return tuple(shape)

    def filled(self, name: str, dims: Sequence[int], batch: int, chunk: int) -> Shape:
        """Return a network input's shape for so many instructions and tokens."""
        free = [batch] + [chunk] * (len(dims) - 1)
        if name == 'near_mask':
            free[2] += padded(self.sink_rows)
        return tuple(
            free[axis] if length < 0 else length
            for axis, length in enumerate(self.fixed(name, dims)))

    def ranges(self, name: str, dims: Sequence[int]) -> list[tuple[Shape, Shape, Shape]]:
        """
        Return the least, the optimal and the greatest shape of a network input, by profile.

        The first profile is for chunks, the second for single tokens.
        """
        return [
            (self.filled(name, dims, 1, 1), self.filled(name, dims, 1, chunk),
             self.filled(name, dims, self.max_batch, chunk))
            for chunk in (self.chunk, 1)]


def padded(rows: int) -> int:
    """Return how many rows the sink or the ring has where so many are asked for."""
    return -(-rows // _ROWS) * _ROWS


def shapes_of(
    checkpoint: Checkpoint, frame: tuple[int, int], window_turns: int | None = None,
    fps: float = 1.0, memory_tokens: int | None = None,
) -> EngineShapes:
    """
    Return the shapes of a checkpoint on a camera.

    :param frame: (height, width) of the camera's frames in pixels
    :param window_turns: turns that stay in view; None takes what the checkpoint was trained on
    :param fps: ticks per second, which set the length of time tags
    :param memory_tokens: for what is remembered of answers; None takes what it was trained with
    """
    cell = checkpoint.vision.cell
    layout = cache_layout(
        checkpoint, checkpoint.frame.target(*frame, cell), fps, window_turns, memory_tokens)
    return EngineShapes(
        frame=(layout.grid[0] * cell, layout.grid[1] * cell), grid=layout.grid,
        window_turns=layout.window_turns, fps=fps, max_batch=layout.max_batch,
        sink_rows=layout.sink_rows, ring_rows=layout.ring_rows, chunk=layout.turn_rows)
