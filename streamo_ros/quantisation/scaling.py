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
Scales by activations, after AWQ (arXiv 2306.00978), and matrices in blocks.

A channel that carries much is made larger in the matrix before it is rounded, and smaller in what
comes before the matrix: nothing changes but which numbers are rounded well. How strongly is tried
out on what flowed. Then each block's scale is tried out, too: a little less range may round the
rest better.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.blocks import MOST
from streamo_ros.quantisation.calibration import Flow

Floats = NDArray[np.float32]

_STRENGTHS = np.linspace(0, 1, 11)
_RANGES = (1.0, 0.94, 0.88, 0.82, 0.76)
_LEAST = 1e-4


def channel_scales(matrices: Sequence[Floats], flow: Flow, bits: int) -> Floats:
    """
    Return (in,), by what matrices that take the same input are multiplied, column by column.

    :param matrices: (out, in) each
    """
    rows = np.stack(flow.rows)
    mean = np.maximum(flow.magnitude / flow.count, 1e-12)
    best, least = np.ones(len(mean), np.float32), np.inf
    whole = [rows @ matrix.T for matrix in matrices]
    for strength in _STRENGTHS:
        scales = mean ** strength
        scales = (scales / np.sqrt(scales.max() * scales.min())).clip(_LEAST, 1 / _LEAST)
        candidate = scales.astype(np.float32)
        error = sum(
            float(np.square(exact - (rows / candidate) @ in_blocks(
                matrix * candidate, bits).floats().T).sum())
            for matrix, exact in zip(matrices, whole, strict=True))
        if error < least:
            best, least = candidate, error
    return best


def calibrated(matrix: Floats, flow: Flow, scales: Floats, bits: int) -> BlockMatrix:
    """
    Return a matrix in blocks, each with the range that costs least.

    :param matrix: (out, in), already multiplied by ``scales``
    """
    plain = in_blocks(matrix, bits)
    if bits > 4:
        return plain
    weight = (flow.square / flow.count / np.square(scales, dtype=np.float64)).astype(np.float32)
    weight = weight.reshape(-1, BLOCK) + np.float32(1e-12)
    blocks = matrix.reshape(*plain.scales.shape, BLOCK)
    best, levels = plain.scales, plain.levels.reshape(blocks.shape)
    least = np.full(best.shape, np.inf, np.float32)
    for part in _RANGES:
        tried = np.maximum(plain.scales * np.float32(part), 2.0 ** -14).astype(
            np.float16).astype(np.float32)
        rounded = np.rint(blocks / tried[..., None]).clip(-MOST[bits], MOST[bits])
        error = (np.square(rounded * tried[..., None] - blocks) * weight).sum(-1)
        better = error < least
        least = np.where(better, error, least)
        best = np.where(better, tried, best)
        levels = np.where(better[..., None], rounded.astype(np.int8), levels)
    return BlockMatrix(levels.reshape(matrix.shape), best, bits)
