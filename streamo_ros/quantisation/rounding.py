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
Rounding to 4 bits column by column, after GPTQ (arXiv 2210.17323).

What a product loses by rounding one column of its matrix is made up for by the columns that are
not rounded yet, as far as what flows into them allows. A block's scale is chosen when its turn
comes: a little less range may round the rest better.
"""

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import block_scales
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import LEAST_SCALE
from streamo_ros.models.blocks import MOST
from streamo_ros.quantisation.calibration import Flow

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

_RANGES = (1.0, 0.94, 0.88, 0.82, 0.76)
_DAMPING = 0.01
"""Of the mean square, added to each channel's: what did not flow here may flow elsewhere."""


def inverse_hessian_factor(flow: Flow, scales: Floats) -> Doubles:
    """
    Return the upper Cholesky factor of the inverse Hessian of a product's error, (in, in).

    Its row ``j`` over its own diagonal tells by how much an error in column ``j`` is to move each
    later one.

    :param scales: (in,), by which the matrix is multiplied and what flows into it divided
    """
    rows = np.stack(flow.rows).astype(np.float64) / scales
    hessian = rows.T @ rows / len(rows)
    squares = hessian.diagonal().mean() or 1.0
    hessian[np.diag_indices_from(hessian)] += _DAMPING * squares
    return np.ascontiguousarray(np.linalg.cholesky(np.linalg.inv(hessian)).T)


def rounded(matrix: Floats, factor: Doubles, bits: int) -> BlockMatrix:
    """
    Return a matrix in blocks.

    :param matrix: (out, in), already multiplied by its scales
    :param factor: as ``inverse_hessian_factor`` returns it
    :raises ValueError: when a number is too large
    """
    rest = matrix.astype(np.float64)
    levels = np.empty(matrix.shape, np.int8)
    scales = np.empty((len(matrix), matrix.shape[1] // BLOCK), np.float32)
    errors = np.empty((len(matrix), BLOCK))
    for number, begin in enumerate(range(0, matrix.shape[1], BLOCK)):
        end = begin + BLOCK
        scale = _scale(rest[:, begin:end], factor.diagonal()[begin:end], bits)
        scales[:, number] = scale
        for column in range(begin, end):
            level = np.rint(rest[:, column] / scale).clip(-MOST[bits], MOST[bits])
            levels[:, column] = level
            error = (rest[:, column] - level * scale) / factor[column, column]
            rest[:, column + 1:end] -= np.outer(error, factor[column, column + 1:end])
            errors[:, column - begin] = error
        rest[:, end:] -= errors @ factor[begin:end, end:]
    return BlockMatrix(levels, scales, bits)


def _scale(block: Doubles, diagonal: Doubles, bits: int) -> Floats:
    """Return the scale of each row of a block, (out,), that costs least."""
    whole = block_scales(block, bits)
    best, least = whole, np.full(len(block), np.inf)
    for part in _RANGES:
        tried = np.maximum(whole * np.float32(part), LEAST_SCALE).astype(np.float16).astype(
            np.float32)
        levels = np.rint(block / tried[:, None]).clip(-MOST[bits], MOST[bits])
        error = np.square((levels * tried[:, None] - block) / diagonal).sum(1)
        best = np.where(error < least, tried, best)
        least = np.minimum(error, least)
    return best
