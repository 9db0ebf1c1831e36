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
The robot's own cv_bridge, for those encodings that it converts as this package does.

Which these are is found out once, by converting a small picture of each both ways: releases of
cv_bridge and of OpenCV differ, and one that was built for another numpy cannot even be imported.
Sixteen bits and planes are never among them: cv_bridge cuts the range of the former and refuses
the latter.
"""

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 8
_RGB = 'rgb8'

Convert = Callable[[Any], NDArray[np.uint8]]


class Bridge:
    """
    What a cv_bridge converts right.

    :param convert: makes RGB of a message, as cv_bridge does
    :param encodings: channels of each encoding of 8 bits that it may know
    :param ours: makes RGB of a message, as it has to be
    """

    def __init__(
        self, convert: Convert, encodings: dict[str, int], ours: Convert,
    ) -> None:
        self._convert = convert
        self.encodings = {
            name: channels for name, channels in encodings.items()
            if _agree(convert, ours, name, channels)}

    def takes(self, message: Any) -> bool:
        """Say whether a message that was checked may go through it."""
        channels = self.encodings.get(message.encoding)
        # It wants whole rows, and as many bytes of padding as are pixels.
        return channels is not None and message.step % channels == 0 and (
            len(message.data) >= message.step * message.height)

    def to_rgb(self, message: Any) -> NDArray[np.uint8]:
        """Return the picture of a message that it takes, (height, width, 3)."""
        return np.ascontiguousarray(self._convert(message))


@cache
def installed() -> Convert | None:
    """Return what the installed cv_bridge makes of messages; None where none runs."""
    try:
        from cv_bridge import CvBridge
        bridge = CvBridge()
    except Exception:  # ImportError, or what a module for another numpy raises
        return None
    return lambda message: bridge.imgmsg_to_cv2(message, _RGB)


def _agree(convert: Convert, ours: Convert, name: str, channels: int) -> bool:
    """Say whether both make the same of noise in an encoding, in rows that are padded."""
    width = _SIDE + 2
    data = np.random.default_rng(0).integers(0, 256, (_SIDE, width, channels), np.uint8)
    message = SimpleNamespace(
        height=_SIDE, width=_SIDE, encoding=name, is_bigendian=0, step=width * channels,
        data=data.tobytes())
    try:
        theirs = convert(message)
    except Exception:  # of many kinds, for what it does not know
        return False
    return theirs.dtype == np.uint8 and np.array_equal(theirs, ours(message))
