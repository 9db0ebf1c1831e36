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


"""A camera that shows what the test gives it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.node import Node

from streamo_ros.nodes.sim_time import check_clock
from streamo_ros.nodes.tools.picture_publisher import PicturePublisher


def grey(seconds: float) -> NDArray[np.uint8]:
    """Return a picture of nothing."""
    return np.full((48, 64, 3), 128, np.uint8)


class MockCamera(Node):
    """
    Publishes pictures as a camera driver does, stamped with the time.

    :param render: returns the picture, (height, width, 3; RGB), of a moment, in seconds since the
        first one: ``SentryWorld(seed).render``, or a function that returns a given picture
    :param rate: pictures a second; 0: ``publish`` is all that shows one
    :param topic: the node's name for the camera
    :param options: of ``rclpy.node.Node``
    """

    def __init__(
        self, render: Callable[[float], NDArray[np.uint8]] = grey, rate: float = 10.0,
        topic: str = 'image', **options: Any,
    ) -> None:
        super().__init__('mock_camera', **options)
        check_clock(self)
        self._publisher = PicturePublisher(self, topic, depth=10)
        self._render = render
        self._start: int | None = None
        if rate:
            # Steady, so that it also runs where simulated time does not.
            self.create_timer(
                1 / rate, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def readers(self) -> int:
        """Return how many listen."""
        return self._publisher.readers

    def publish(self, stamp: int | None = None) -> int:
        """
        Publish the picture of a moment, and return its stamp.

        :param stamp: nanoseconds; None: now, by this node's clock
        """
        if stamp is None:
            stamp = self.get_clock().now().nanoseconds
        if self._start is None:
            self._start = stamp
        self._publisher.publish(self._render((stamp - self._start) / 1e9), stamp)
        return stamp
