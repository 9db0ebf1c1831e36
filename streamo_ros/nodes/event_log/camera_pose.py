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

"""Where a camera is, by tf2, where that is installed and asked for."""

from importlib import import_module
from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from streamo_ros.events.event import Pose


class CameraPose:
    """
    Looks up poses of cameras; nobody waits for a transform.

    :param node: hears ``/tf`` and ``/tf_static``
    :param frame: the frame of reference, such as ``map``; empty: nothing is looked up or heard
    """

    def __init__(self, node: Node, frame: str) -> None:
        self._frame = frame
        self._buffer: Any = None
        if not frame:
            return
        try:
            tf2_ros = import_module('tf2_ros')
        except ImportError as error:
            node.get_logger().error(
                f'no pose is logged, though event_log_map_frame is {frame!r}: tf2_ros cannot be '
                f'imported ({error}); install ros-$ROS_DISTRO-tf2-ros-py')
            return
        self._buffer = tf2_ros.Buffer(node=node)
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def at(self, camera_frame: str, stamp: int) -> Pose | None:
        """
        Return where a camera's frame was; None where that is not known.

        :param stamp: nanoseconds
        """
        if self._buffer is None or not camera_frame:
            return None
        try:
            found = self._buffer.lookup_transform(
                self._frame, camera_frame, Time(nanoseconds=stamp)).transform
        except Exception:  # tf2's own kinds: not connected, too old, too new
            return None
        place, turn = found.translation, found.rotation
        return Pose(self._frame, (place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))
