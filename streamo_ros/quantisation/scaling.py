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
Scales by activations, after AWQ (arXiv 2306.00978).

A channel that carries much is made larger in the matrix before it is rounded, and smaller in what
comes before the matrix: nothing changes but which numbers are rounded well. How strongly is tried
out on what flowed.
"""

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamo_ros.quantisation.calibration import Flow

Floats = NDArray[np.float32]

_STRENGTHS = np.linspace(0, 1, 11)
_LEAST = 1e-4


def channel_scales(
    matrices: Sequence[Floats], flow: Flow, rounded: Callable[[Floats], Floats],
) -> Floats:
    """
    Return (in,), by what matrices that take the same input are multiplied, column by column.

    :param matrices: (out, in) each
    :param rounded: returns the numbers that a matrix has once it is rounded
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
            float(np.square(exact - (rows / candidate) @ rounded(matrix * candidate).T).sum())
            for matrix, exact in zip(matrices, whole, strict=True))
        if error < least:
            best, least = candidate, error
    return best
