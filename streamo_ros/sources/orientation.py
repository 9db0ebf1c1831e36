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
Which way up a picture is shown: EXIF's eight orientations, and the display matrix of films.

A phone stores what its sensor sees and how the phone was held. The numbers are those of the tag
Orientation in EXIF (CIPA DC-008): 1 as stored, 2 to 4 mirrored or upside down, 5 to 8 with rows
and columns exchanged.
"""

from collections.abc import Sequence
import math

import cv2
import numpy as np
from numpy.typing import NDArray

AS_STORED = 1
# Of each orientation: whether rows and columns are exchanged, and which are reversed after that.
_TURNS = {
    1: (False, False, False), 2: (False, False, True), 3: (False, True, True),
    4: (False, True, False), 5: (True, False, False), 6: (True, False, True),
    7: (True, True, True), 8: (True, True, False)}
_UPRIGHT = 0.02  # a matrix this little off a quarter turn, about a degree, means the quarter turn


def upright(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """
    Return a picture as it is to be shown.

    :param picture: (H, W) or (H, W, 3)
    :param orientation: 1 to 8; any other number leaves it as it is, as the standard asks
    """
    exchanged, down, across = _TURNS.get(orientation, _TURNS[AS_STORED])
    turned = np.swapaxes(picture, 0, 1) if exchanged else picture
    return np.ascontiguousarray(turned[::-1 if down else 1, ::-1 if across else 1])


def displayed(picture: NDArray[np.uint8], matrix: Sequence[int]) -> NDArray[np.uint8]:
    """
    Return a film's picture as its display matrix wants it; moves and scales in it are left out.

    :param picture: (H, W, 3)
    :param matrix: the nine numbers of ISO/IEC 14496-12: x of the stored picture goes to
        (a, b) = (matrix[0], matrix[1]), y to (c, d) = (matrix[3], matrix[4])
    """
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if not a * d - b * c:
        return picture  # it shows nothing at all: no camera means that
    straight, exchanged = max(abs(a), abs(d)), max(abs(b), abs(c))
    if exchanged <= _UPRIGHT * straight:
        return upright(picture, {
            (False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}[a < 0, d < 0])
    if straight <= _UPRIGHT * exchanged:
        return upright(picture, {
            (False, False): 5, (True, False): 6, (True, True): 7, (False, True): 8}[c < 0, b < 0])
    return _rotated(picture, a, b, c, d)


def _rotated(
    picture: NDArray[np.uint8], a: int, b: int, c: int, d: int,
) -> NDArray[np.uint8]:
    """Return a picture turned about its middle, with its corners cut off, as players do."""
    height, width = picture.shape[:2]
    across, down = math.hypot(a, b), math.hypot(c, d)
    turn = np.array([[a / across, c / down], [b / across, d / down]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([turn, middle - turn @ middle])
    turned: NDArray[np.uint8] = np.asarray(
        cv2.warpAffine(picture, matrix, (width, height)), np.uint8)
    return turned
