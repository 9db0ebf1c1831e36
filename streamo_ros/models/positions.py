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
Positions of a stream's tokens on three axes: time, height and width.

They are computed here and passed explicitly wherever a model runs: a library that keeps an offset
on the model lets two streams disturb each other.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def stream_positions(
    is_image: NDArray[np.bool_], grid: tuple[int, int] | None, start: int
) -> tuple[NDArray[np.int64], int]:
    """
    Return the positions of a run of tokens, and the position that follows it.

    A text token takes the next position on all axes. With M-RoPE (Qwen2.5-VL, Qwen3-VL) a still
    image at position p takes p on the time axis, p + row and p + column on the others, and the
    text goes on at p + max(grid). With plain RoPE a visual token counts like a text token.

    :param is_image: (S,), True for visual tokens, which stand in whole frames
    :param grid: (rows, columns) of visual tokens in a frame; None for plain RoPE
    :param start: the position of the first token
    :returns: (3, S) for time, height and width; the next free position
    """
    if grid is None:
        end = start + len(is_image)
        return np.tile(np.arange(start, end), (3, 1)), end
    relative, length = _relative(is_image.tobytes(), grid)
    return relative + start, start + length


@lru_cache(maxsize=64)  # turns differ in their texts' lengths alone
def _relative(is_image_bytes: bytes, grid: tuple[int, int]) -> tuple[NDArray[np.int64], int]:
    """Return positions as ``stream_positions`` does, from 0 on; they are not to be changed."""
    is_image = np.frombuffer(is_image_bytes, np.bool_)
    rows, columns = grid
    place = (np.cumsum(is_image) - 1) % (rows * columns)
    # By how much each token moves what follows: a frame as a whole by its longer side
    ends_frame = is_image & (place == rows * columns - 1)
    moves = np.where(is_image, np.where(ends_frame, max(grid), 0), 1)
    following = np.cumsum(moves)
    row, column = np.where(is_image, np.divmod(place, columns), 0)
    positions = following - moves + np.stack([np.zeros_like(row), row, column])
    return positions, int(following[-1])
