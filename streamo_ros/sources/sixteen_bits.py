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
Grey values of 16 bits become the 8 bits that a picture has.

Drivers use the type for sensors of 10, 12, 14 and 16 bits alike, and a thermal camera's scene
takes a few hundred values somewhere among them. A picture that takes a quarter of the values or
more keeps its upper 8 bits, as image viewers show it. One that takes fewer would be nearly flat
that way; it is shown with its own range, from the darkest to the brightest thousandth, as thermal
cameras do when they send 8 bits.
"""

import numpy as np
from numpy.typing import NDArray

_NARROW = 1 << 14
_TAIL = 0.001  # of the pixels, on each side: dead and hot ones
_STRIP = 1 << 20  # pixels at a time: counting takes 8 bytes for each


def to_eight_bits(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """
    Return a picture's values in 8 bits.

    :param values: (H, W) in either order of bytes
    :returns: (H, W); nothing that is brighter becomes darker, and one value more never makes more
        than one level
    """
    rows = max(1, _STRIP // values.shape[1])
    strips = [slice(top, top + rows) for top in range(0, len(values), rows)]
    counts = np.zeros(1 << 16, np.int64)
    for strip in strips:
        counts += np.bincount(values[strip].ravel(), minlength=1 << 16)
    levels = _levels(counts)
    found = np.empty(values.shape, np.uint8)
    for strip in strips:
        found[strip] = levels[values[strip]]
    return found


def _levels(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the level of each of the 65536 values, by how many pixels have each value."""
    below = np.cumsum(counts)
    tail = int(below[-1] * _TAIL)
    low, high = (int(np.searchsorted(below, count, 'right'))
                 for count in (tail, below[-1] - 1 - tail))
    span = high - low
    every = np.arange(1 << 16)
    if span >= _NARROW:
        return (every >> 8).astype(np.uint8)
    first = min(low >> 8, 255 - span) if span < 255 else 0
    return np.clip((every - low) * 255 // max(span, 255) + first, 0, 255).astype(np.uint8)
