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

"""The kinds of numbers that a checkpoint can be written in."""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.narrow_floats import FP4_BLOCK
from streamo_ros.models.narrow_floats import in_fp8
from streamo_ros.models.narrow_floats import in_nvfp4
from streamo_ros.models.narrow_floats import largest
from streamo_ros.models.narrow_floats import NarrowMatrix
from streamo_ros.quantisation.calibration import Flow
from streamo_ros.quantisation.rounding import inverse_hessian_factor
from streamo_ros.quantisation.rounding import rounded

Floats = NDArray[np.float32]
Rounded = Sequence[BlockMatrix] | Sequence[NarrowMatrix]


@dataclass(frozen=True)
class NumberFormat:
    """
    One kind of numbers.

    :param bits: of each
    :param block: inputs that a matrix's width is to be a multiple of
    :param in_blocks: they are stored in our own blocks, and embedding table and head as well
    :param trial: rounds a matrix to find its channels' scales; None where a matrix has one scale
        alone, and its channels need none
    :param rounding: rounds matrices that take the same input, which flowed and was divided by
        (in,)
    """

    bits: int
    block: int
    in_blocks: bool
    trial: Callable[[Floats], Floats] | None
    rounding: Callable[[Sequence[Floats], Flow, Floats], Rounded]


def _int8(matrices: Sequence[Floats], flow: Flow, scales: Floats) -> list[BlockMatrix]:
    return [in_blocks(matrix, 8) for matrix in matrices]


def _int4(matrices: Sequence[Floats], flow: Flow, scales: Floats) -> list[BlockMatrix]:
    factor = inverse_hessian_factor(flow, scales)
    return [rounded(matrix, factor, 4) for matrix in matrices]


def _narrow(
    put: Callable[[Floats, float, float], NarrowMatrix],
) -> Callable[[Sequence[Floats], Flow, Floats], list[NarrowMatrix]]:
    def together(
        matrices: Sequence[Floats], flow: Flow, scales: Floats,
    ) -> list[NarrowMatrix]:
        # One scale for all, so that whoever multiplies by them at once can.
        most, most_input = largest(matrices), float((flow.largest / scales).max())
        return [put(matrix, most, most_input) for matrix in matrices]
    return together


FORMATS = {
    'int8': NumberFormat(8, BLOCK, True, lambda matrix: in_blocks(matrix, 8).floats(), _int8),
    'int4': NumberFormat(4, BLOCK, True, lambda matrix: in_blocks(matrix, 4).floats(), _int4),
    'fp8': NumberFormat(8, 1, False, None, _narrow(in_fp8)),
    'nvfp4': NumberFormat(
        4, FP4_BLOCK, False, lambda matrix: in_nvfp4(matrix, largest([matrix]), 1.0).floats(),
        _narrow(in_nvfp4))}
"""By name."""
