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

"""The pictures of one camera, as JPEG, for as long as somebody looks at them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from streamo_ros.nodes.camera import CameraSubscription

RATE = 5.0          # pictures a second at most, by the stamps of the messages
WIDTH = 640         # pixels at most
QUALITY = 75        # of the JPEG, of 100
KEPT_S = 20.0
"""For so long pictures are kept for an answer about them: as long as a slow model takes."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent; the stamp in seconds, the size in pixels."""

    stamp: float
    width: int
    height: int
    jpeg: bytes


class CameraPictures:
    """
    One camera of one node; subscribed to, and decoded, only between ``open`` and ``close``.

    All of it belongs to the callback group.

    :param topic: of its images
    :param take: takes each picture
    """

    def __init__(
        self, node: Node, topic: str, take: Callable[[Picture], None], group: CallbackGroup
    ) -> None:
        self._take = take
        self._kept: deque[Picture] = deque(maxlen=round(RATE * KEPT_S))
        self._camera = CameraSubscription(
            node, topic, RATE, 'auto', 'auto', self._take_frame, lambda reason: None, group)
        self._open = False

    @property
    def trouble(self) -> str:
        """Return in a sentence why no pictures come; empty while they do or nobody looks."""
        return self._camera.no_frames if self._open else ''

    def open(self) -> None:
        """Begin to look."""
        if not self._open:
            self._open = True
            self._camera.open()

    def close(self) -> None:
        """Look no longer."""
        if self._open:
            self._open = False
            self._camera.close()
            self._camera.poll()
            self._kept.clear()

    def poll(self) -> None:
        """Fit the subscription to what is published now; to be called every now and then."""
        if self._open:
            self._camera.poll()

    def find(self, stamp: float) -> Picture | None:
        """Return the picture that was taken nearest to a stamp, if one was within a period."""
        nearest = min(self._kept, key=lambda picture: abs(picture.stamp - stamp), default=None)
        near = nearest is not None and abs(nearest.stamp - stamp) <= 1 / RATE
        return nearest if near else None

    def _take_frame(self, pixels: NDArray[np.uint8], header: Any, stamp: int) -> None:
        picture = to_picture(pixels, stamp / 1e9)
        self._kept.append(picture)
        self._take(picture)


def to_picture(pixels: NDArray[np.uint8], stamp: float) -> Picture:
    """Return pixels (height, width, 3; RGB) as a picture of at most ``WIDTH``."""
    height, width = pixels.shape[:2]
    if width > WIDTH:
        height, width = max(1, round(height * WIDTH / width)), WIDTH
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(
        '.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    return Picture(round(stamp, 4), width, height, data.tobytes())
