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

"""Events of the log as messages."""

import array

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from geometry_msgs.msg import Pose
from geometry_msgs.msg import PoseStamped
from geometry_msgs.msg import Quaternion
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from streamo_ros.events.event import Event
from streamo_ros.events.event import Picture
from streamo_ros.msg import EventRecord


def nanoseconds(time: Time) -> int:
    """Return a stamp in nanoseconds."""
    return int(time.sec) * 10**9 + int(time.nanosec)


def stamp(time: int) -> Time:
    """Return nanoseconds as a stamp."""
    seconds, rest = divmod(time, 10**9)
    return Time(sec=seconds, nanosec=rest)


def record(event: Event) -> EventRecord:
    """Return an event as a message."""
    return EventRecord(
        header=Header(stamp=stamp(event.ended), frame_id=event.frame_id),
        id=event.id,
        state=int(event.state),
        epoch=event.epoch,
        camera=event.camera,
        instruction_id=event.instruction_id,
        instruction=event.instruction,
        text=event.text,
        complete=event.complete,
        event_start=stamp(event.began),
        event_end=stamp(event.ended),
        probability=event.probability,
        latency_s=event.latency_s,
        response_seq=event.response_seq,
        checkpoint=event.checkpoint,
        logged=stamp(event.logged),
        pose=_pose(event),
        pictures=event.pictures,
        data=event.data)


def image(picture: Picture, frame_id: str) -> CompressedImage:
    """Return a picture of an event as a message."""
    return CompressedImage(
        header=Header(stamp=stamp(picture.stamp), frame_id=frame_id), format='jpeg',
        # rclpy takes an array as it is; bytes it would check one by one.
        data=array.array('B', picture.jpeg))


def _pose(event: Event) -> PoseStamped:
    if event.pose is None:
        return PoseStamped()
    x, y, z = event.pose.position
    qx, qy, qz, qw = event.pose.orientation
    return PoseStamped(
        header=Header(stamp=stamp(event.ended), frame_id=event.pose.frame),
        pose=Pose(
            position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw)))
