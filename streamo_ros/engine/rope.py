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

_KEPT = 16  # of the latest positions: two for each of eight instructions


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
        self._kept: dict[bytes, tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]] = {}

    def __call__(
        self, positions: NDArray[np.int64]
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """Return cosine and sine, (S, head_dim / 2) each, of (3, S) positions; to be read only."""
        # Against the sink they are the same from tick to tick, and of instructions given together
        # the same against the ring.
        key = positions.tobytes()
        found = self._kept.pop(key, None)
        self._kept[key] = self._angles(positions) if found is None else found
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]  # used longest ago
        return self._kept[key]

    def _angles(
        self, positions: NDArray[np.int64]
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        # A frame's tokens share few positions: angles are computed once for each.
        first = int(positions.min())
        angles = np.arange(first, int(positions.max()) + 1)[:, None] * self.frequencies
        at = (positions[self._axes].T - first, np.arange(len(self.frequencies)))
        cos, sin = (turn(angles).astype(self._dtype)[at] for turn in (np.cos, np.sin))
        cos.flags.writeable = sin.flags.writeable = False
        return cos, sin
