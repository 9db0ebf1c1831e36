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


"""A publisher of pictures, as a camera driver has one."""

import array

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image


class PicturePublisher:
    """
    Publishes raw pictures, reliable, stamped with the moment that they show.

    :param node: carries the publisher, and names the frame of the camera
    :param depth: pictures that wait for a reader that is held up
    """

    def __init__(self, node: Node, topic: str, depth: int) -> None:
        self._publisher = node.create_publisher(Image, topic, QoSProfile(depth=depth))
        self._frame_id = f'{node.get_name()}_optical'

    @property
    def readers(self) -> int:
        """Return how many subscriptions have been discovered."""
        return int(self._publisher.get_subscription_count())

    def publish(self, picture: NDArray[np.uint8], stamp: int) -> None:
        """
        Publish a picture.

        :param picture: (height, width, 3), RGB
        :param stamp: the moment it shows, nanoseconds
        """
        height, width, _ = picture.shape
        message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
        message.header.frame_id = self._frame_id
        # rclpy takes an array as it is; a numpy array it would copy byte by byte.
        message.data = array.array('B', picture.tobytes())
        self._publisher.publish(message)

    def finish(self) -> None:
        """Wait until all that was published has arrived."""
        self._publisher.wait_for_all_acked(Duration(seconds=2))
