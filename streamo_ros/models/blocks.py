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
Matrices of few bits: symmetric levels, with a scale for each block of neighbouring inputs.

This is how ``streamo quantize`` stores what is multiplied by. Level 0 is the number 0, so no zero
points are kept; 4 bits hold -7 to 7, 8 bits -127 to 127.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.narrow_floats import NarrowMatrix
from streamo_ros.models.narrow_floats import NarrowStack

BLOCK = 32
"""Neighbouring inputs that share a scale."""

MOST = {4: 7, 8: 127}
"""The greatest level, by the number of bits."""

LEAST_SCALE = 2.0 ** -14
"""The least float16 that keeps all its digits."""


@dataclass(frozen=True)
class BlockMatrix:
    """
    A matrix as Linear layers store it, (out, in), in blocks along its rows.

    :param levels: (out, in)
    :param scales: (out, in / BLOCK)
    """

    levels: NDArray[np.int8]
    scales: NDArray[np.float32]
    bits: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (out, in)."""
        return self.levels.shape

    def __mul__(self, factor: np.float32) -> 'BlockMatrix':
        """Return the matrix times a number above 0."""
        return BlockMatrix(self.levels, self.scales * factor, self.bits)

    def floats(self) -> NDArray[np.float32]:
        """Return the numbers, (out, in)."""
        blocks = self.levels.reshape(*self.scales.shape, BLOCK).astype(np.float32)
        blocks *= self.scales[..., None]
        return blocks.reshape(self.shape)

    def rows(self, at: Any) -> NDArray[np.float32]:
        """Return the numbers of some rows."""
        return BlockMatrix(self.levels[at], self.scales[at], self.bits).floats()


Matrix = NDArray[np.float32] | BlockMatrix

LayerMatrix = Matrix | NarrowMatrix | NarrowStack
"""What a decoder's layer may be multiplied by."""


def in_blocks(matrix: NDArray[np.float32], bits: int) -> BlockMatrix:
    """
    Return a matrix, (out, in), in so few bits; scales are float16 numbers.

    :raises ValueError: when its rows do not come in blocks, or a number is too large
    """
    out, width = matrix.shape
    if width % BLOCK:
        raise ValueError(f'{width} inputs do not come in blocks of {BLOCK}')
    blocks = matrix.reshape(out, width // BLOCK, BLOCK)
    scales = block_scales(blocks, bits)
    levels = np.rint(blocks / scales[..., None]).clip(-MOST[bits], MOST[bits]).astype(np.int8)
    return BlockMatrix(levels.reshape(out, width), scales, bits)


def block_scales(blocks: NDArray[np.floating], bits: int) -> NDArray[np.float32]:
    """
    Return the scale of each block, (...), that reaches its greatest number; a float16 number.

    :param blocks: (..., BLOCK)
    :raises ValueError: when a number is too large
    """
    with np.errstate(over='ignore'):
        scales = np.maximum(np.abs(blocks).max(-1) / MOST[bits], LEAST_SCALE).astype(np.float16)
    if not np.isfinite(scales).all():
        raise ValueError('its numbers are too large for scales of float16')
    wide: NDArray[np.float32] = scales.astype(np.float32)
    return wide


def stacked(*parts: LayerMatrix) -> LayerMatrix:
    """Return matrices of one kind and width, one under the other."""
    if narrow := [part for part in parts if isinstance(part, NarrowMatrix)]:
        assert len(narrow) == len(parts)
        return NarrowStack(tuple(narrow))
    blocks = [part for part in parts if isinstance(part, BlockMatrix)]
    if not blocks:
        return np.concatenate([part for part in parts if isinstance(part, np.ndarray)])
    assert len(blocks) == len(parts)
    return BlockMatrix(
        np.concatenate([part.levels for part in blocks]),
        np.concatenate([part.scales for part in blocks]), blocks[0].bits)


def packed(levels: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return levels of 4 bits, (out, in), two in a byte with 8 added, (out, in / 2)."""
    pairs = (levels + np.int8(8)).view(np.uint8).reshape(len(levels), -1, 2)
    bytes_: NDArray[np.uint8] = pairs[..., 0] | pairs[..., 1] << 4
    return bytes_


def unpacked(pairs: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return what ``packed`` packed."""
    both = np.stack([pairs & 15, pairs >> 4], -1).view(np.int8) - np.int8(8)
    levels: NDArray[np.int8] = both.reshape(len(pairs), -1)
    return levels
