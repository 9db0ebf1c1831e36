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
Cosines and sines of positions, computed on the host in float64.

In float32 the angle of position 1,000,000 is wrong by 1e-2. Here only the finished cosine is
rounded, so a stream may run for ever.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models import DecoderConfig


class Rope:
    """
    The rotary embedding of a decoder; each frequency rotates by the position on its own axis.

    :param dtype: that cosines and sines are rounded to
    """

    def __init__(self, config: DecoderConfig, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        # The exponent in float32, as the models were trained.
        exponent = np.arange(0, config.head_dim, 2, dtype=np.float32) / np.float32(config.head_dim)
        self.frequencies = (
            np.float32(1) / np.float32(config.rope_theta) ** exponent).astype(np.float64)
        self._axes = np.asarray(config.rope_axes)

    def __call__(
        self, positions: NDArray[np.int64]
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Return cosine and sine, (S, head_dim / 2) each, of (3, S) positions."""
        # A frame's tokens share few positions: angles are computed once for each.
        first = int(positions.min())
        angles = np.arange(first, int(positions.max()) + 1)[:, None] * self.frequencies
        at = (positions[self._axes].T - first, np.arange(len(self.frequencies)))
        return np.cos(angles).astype(self._dtype)[at], np.sin(angles).astype(self._dtype)[at]
