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
``overlay_node``: the camera's picture with the node's states and answers drawn on it.

It subscribes to the camera only while somebody subscribes to ``~/overlay/compressed``. States and
answers, some hundred bytes a second, are taken all the time, so that a viewer who comes later sees
the last answer, too.
"""

import array
import sys
import threading
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage

from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.camera import CameraSubscription
from streamo_ros.nodes.overlay.drawing import draw
from streamo_ros.nodes.overlay.rows import OverlayRows
from streamo_ros.nodes.parameters import declared
from streamo_ros.nodes.parameters import Parameter
from streamo_ros.nodes.parameters import SPECIFICATION as NODE_SPECIFICATION
from streamo_ros.nodes.process.large_pictures import make_room
from streamo_ros.nodes.process.run_node import run_node
from streamo_ros.nodes.sim_time import check_clock

POLL_S = 0.2        # how often subscribers are counted
QUALITY = 80        # of the JPEG, of 100
STATE_DEPTH = 64    # as many as the node latches with four cameras

SPECIFICATION: dict[str, Parameter] = {
    'rate': Parameter(
        5.0, 'Pictures per second at most, by the stamps of the messages.', range=(0.1, 30.0)),
    'camera': Parameter(
        '', "The node's name for the camera, where it has several; empty: the only one."),
    'image_transport': NODE_SPECIFICATION['image_transport'],
    'reliability': NODE_SPECIFICATION['reliability'],
}


class OverlayNode(Node):
    """
    The overlay of the node ``streamo`` in the same namespace, ``/streamo_overlay`` by default.

    :raises ParameterError: when the parameters make no sense
    """

    def __init__(self) -> None:
        super().__init__('streamo_overlay')
        check_clock(self)
        settings = {
            name: declared(self, name, parameter) for name, parameter in SPECIFICATION.items()}
        self._name = settings['camera']
        group = MutuallyExclusiveCallbackGroup()
        self._publisher = self.create_publisher(
            CompressedImage, '~/overlay/compressed', QoSProfile(depth=1))
        state_topic = self.resolve_topic_name('streamo/state')
        self._rows = OverlayRows(state_topic)
        self.create_subscription(
            StreamState, 'streamo/state',
            self._take_state,
            QoSProfile(depth=STATE_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL),
            callback_group=group)
        self.create_subscription(
            Response, 'streamo/response', self._take_response, 10, callback_group=group)
        self._camera = CameraSubscription(
            self, 'image', settings['rate'], settings['image_transport'],
            settings['reliability'], self._take_frame, lambda reason: None, group)
        self._lock = threading.Lock()  # states come in the executor's thread, pictures in theirs
        self._watched = False
        self.create_timer(
            POLL_S, self._poll, callback_group=group,
            clock=Clock(clock_type=ClockType.STEADY_TIME))

    def end(self) -> None:
        """Draw no more."""
        self._camera.close()

    def _take_state(self, message: StreamState) -> None:
        if self._is_ours(message):
            with self._lock:
                self._rows.take_state(message, time.monotonic())

    def _take_response(self, message: Response) -> None:
        if self._is_ours(message):
            with self._lock:
                self._rows.take_response(message, time.monotonic())

    def _is_ours(self, message: StreamState | Response) -> bool:
        return self._name in ('', message.camera)

    def _poll(self) -> None:
        watched = self._publisher.get_subscription_count() > 0
        if watched != self._watched:
            self._watched = watched
            if watched:
                self._camera.open()
            else:
                self._camera.close()
        self._camera.poll()

    def _take_frame(self, picture: NDArray[np.uint8], header: Any, stamp: int) -> None:
        with self._lock:
            rows = self._rows.rows(time.monotonic())
        drawn = draw(picture, rows)
        _, data = cv2.imencode(
            '.jpg', cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        # rclpy takes an array as it is; bytes it would check one by one.
        self._publisher.publish(CompressedImage(
            header=header, format='rgb8; jpeg compressed bgr8',
            data=array.array('B', data.tobytes())))


def main(args: list[str] | None = None) -> int:
    """Run the node until Ctrl-C or SIGTERM."""
    make_room()
    return run_node('overlay_node', OverlayNode, args, OverlayNode.end)


if __name__ == '__main__':
    sys.exit(main())
