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
Matrices of floating-point numbers in 8 or 4 bits, which GPUs multiply by as they are.

FP8 (E4M3) has one scale for a matrix. NVFP4 (E2M1) has one in FP8 for each 16 neighbouring inputs,
and one for all of these. What they are multiplied with is rounded to the same kind of numbers: in
FP8 by a scale of its own, in NVFP4 with a scale for each block that is found on the spot, as a
multiple of one of its own. Both are stored as NVIDIA's Model Optimizer publishes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

FP8 = np.dtype(ml_dtypes.float8_e4m3fn)
FP4 = np.dtype(ml_dtypes.float4_e2m1fn)

FP4_BLOCK = 16
"""Neighbouring inputs that share a scale."""

MOST_FP8, MOST_FP4 = 448.0, 6.0
"""The greatest numbers of both."""

_LEAST = 1e-12  # of what is divided by

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NarrowMatrix:
    """
    A matrix as Linear layers store it, (out, in).

    :param numbers: (out, in) in FP8 or FP4
    :param scale: of all numbers, or of all scales
    :param input_scale: of what it is multiplied with, or of the scales of that
    :param scales: (out, in / FP4_BLOCK) FP8 of FP4 numbers; None of FP8 ones
    """

    numbers: NDArray[np.generic]
    scale: float
    input_scale: float
    scales: NDArray[np.generic] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (out, in)."""
        return self.numbers.shape

    def __mul__(self, factor: np.float32) -> 'NarrowMatrix':
        """Return the matrix times a number above 0."""
        return replace(self, scale=self.scale * float(factor))

    def floats(self) -> Floats:
        """Return the numbers that it stands for, (out, in)."""
        floats = self.numbers.astype(np.float32)
        if self.scales is not None:
            blocks = floats.reshape(*self.scales.shape, FP4_BLOCK)
            floats = (blocks * self.scales.astype(np.float32)[..., None]).reshape(self.shape)
        whole: Floats = floats * np.float32(self.scale)
        return whole


@dataclass(frozen=True)
class NarrowStack:
    """Matrices of one width that take the same input, one under the other."""

    parts: tuple[NarrowMatrix, ...]

    def floats(self) -> Floats:
        """Return the numbers that they stand for, (out of all, in)."""
        return np.concatenate([part.floats() for part in self.parts])


def largest(matrices: Sequence[Floats]) -> float:
    """Return the greatest magnitude in some matrices, which may then share a scale."""
    return max(_LEAST, *(float(np.abs(matrix).max()) for matrix in matrices))


def in_fp8(matrix: Floats, most: float, most_input: float) -> NarrowMatrix:
    """
    Return a matrix in FP8.

    :param most: the greatest magnitude that its scale is to reach
    :param most_input: the same, of what it is multiplied with
    """
    scale = most / MOST_FP8
    return NarrowMatrix(
        (matrix / np.float32(scale)).clip(-MOST_FP8, MOST_FP8).astype(FP8), scale,
        max(_LEAST, most_input) / MOST_FP8)


def in_nvfp4(matrix: Floats, most: float, most_input: float) -> NarrowMatrix:
    """
    Return a matrix in NVFP4.

    :param most: as above
    :param most_input: as above
    :raises ValueError: when its rows do not come in blocks
    """
    out, width = matrix.shape
    if width % FP4_BLOCK:
        raise ValueError(f'{width} inputs do not come in blocks of {FP4_BLOCK}')
    scale = most / (MOST_FP8 * MOST_FP4)
    blocks = matrix.reshape(out, -1, FP4_BLOCK) / np.float32(scale)
    scales = (np.abs(blocks).max(-1) / MOST_FP4).clip(0, MOST_FP8).astype(FP8)
    wide = scales.astype(np.float32)[..., None]
    # A block whose scale rounds to nothing is nothing.
    numbers = np.divide(blocks, wide, out=np.zeros_like(blocks), where=wide > 0)
    return NarrowMatrix(
        numbers.clip(-MOST_FP4, MOST_FP4).astype(FP4).reshape(out, width), scale,
        max(_LEAST, most_input) / (MOST_FP8 * MOST_FP4), scales)


def fp4_pairs(numbers: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return FP4 numbers, (out, in), two in a byte, the first one lower: (out, in / 2)."""
    codes = np.ascontiguousarray(numbers).view(np.uint8)
    pairs: NDArray[np.uint8] = codes[:, ::2] | codes[:, 1::2] * np.uint8(16)
    return pairs


def fp4_numbers(pairs: NDArray[np.uint8]) -> NDArray[np.generic]:
    """Return what ``fp4_pairs`` packed."""
    codes = np.stack([pairs & 15, pairs >> 4], -1).reshape(len(pairs), -1)
    return codes.view(FP4)
