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
A frame as it leaves the robot: JPEG, no larger than the model sees it or the link carries in time.

A frame has the bytes that go up in its period, at the rate that was asked for or, where the link
is slower, at what it has carried of late. What does not fit is made smaller step by step, first in
quality and then in size; what does not fit at the last step either makes ticks late, and the node
drops frames as with any engine that does not keep up. When there is room again, steps are taken
back one at a time, so that quality does not swing with every frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.remote.protocol import MOST_SIDE
from streamo_ros.engine.remote.protocol import PICTURE_BYTES

STEPS = ((95, 1.0), (85, 1.0), (75, 1.0), (60, 1.0), (45, 1.0), (45, 0.7), (45, 0.5), (30, 0.35))
"""Quality, and size in parts of the model's, from the best to the smallest."""

SHARE = 0.7
"""Of the period in which a frame may be on its way up, and of what was measured to be carried."""

ROOM = 0.5
"""Of its bytes a frame must leave free before the next better step is tried."""

WEIGHT = 0.3
"""Of the latest frame in what the link carries."""

TIMED_BYTES = 4096
"""A smaller frame says nothing of a link: it is all latency."""


@dataclass(frozen=True)
class Picture:
    """
    A frame on its way.

    :param shown: (height, width) at which the model is shown it
    """

    jpeg: bytes
    shown: tuple[int, int]
    quality: int
    scale: float


class PictureSize:
    """
    Decides how large the frames of one stream are.

    :param bits_per_s: that may go up at most; 0: what the link carries
    """

    def __init__(self, bits_per_s: float = 0.0) -> None:
        self._limit = bits_per_s / 8
        self._carried = 0.0     # bytes a second, as measured; 0: not known
        self._step = 0

    @property
    def carried_bytes_per_s(self) -> float:
        """Return what the link has carried of late; 0 where it is not known."""
        return self._carried

    def budget(self, fps: float) -> float:
        """Return the bytes that a frame may have."""
        rates = [rate for rate in (self._limit, self._carried * SHARE) if rate]
        return min(PICTURE_BYTES, *(SHARE * rate / fps for rate in rates)) if rates else (
            PICTURE_BYTES)

    def encode(
        self, frame: NDArray[np.uint8], shown: tuple[int, int], fps: float,
    ) -> Picture:
        """
        Return a frame for the link.

        :param frame: (height, width, 3), RGB, as large as the model is shown it
        :param shown: (height, width) of that
        :param fps: frames a second
        """
        budget = self.budget(fps)
        while True:
            picture = _encode(frame, shown, *STEPS[self._step])
            if len(picture.jpeg) <= budget or self._step == len(STEPS) - 1:
                break
            self._step += 1
        if len(picture.jpeg) < ROOM * budget and self._step:
            self._step -= 1     # with the next one
        return picture

    def note(self, size: int, up_s: float) -> None:
        """Note that so many bytes took so many seconds to go up."""
        if size < TIMED_BYTES or up_s <= 0:
            return
        rate = size / up_s
        self._carried = rate if not self._carried else (
            WEIGHT * rate + (1 - WEIGHT) * self._carried)


def _encode(
    frame: NDArray[np.uint8], shown: tuple[int, int], quality: int, scale: float,
) -> Picture:
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in shown)
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    # Colour in full at the best quality: a model that is shown small frames sees little else.
    sampling = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality == STEPS[0][0]
                else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
    done, jpeg = cv2.imencode('.jpg', cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), [
        cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])
    assert done and max(shown) <= MOST_SIDE
    return Picture(jpeg.tobytes(), shown, quality, scale)
