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

"""What the event log holds of an event."""

from dataclasses import dataclass

from streamo_ros.dialogue.state import State


@dataclass(frozen=True)
class Pose:
    """
    Where a camera was.

    :param frame: the frame of reference, such as ``map``
    :param position: (x, y, z), metres
    :param orientation: the quaternion (x, y, z, w)
    """

    frame: str
    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """
    A frame of an event.

    :param stamp: of the frame, in nanoseconds
    :param jpeg: the picture as a JPEG file
    """

    stamp: int
    jpeg: bytes


@dataclass(frozen=True)
class Event:
    """
    An answer, or a Standby that came to nothing.

    :param state: Response or Standby
    :param began: stamp of the first frame of the Standby, in nanoseconds
    :param ended: stamp of the answered frame, or of the last frame of the Standby
    :param camera: by the node's name for it
    :param frame_id: the camera's optical frame
    :param text: the answer; empty with Standby
    :param complete: whether the model ended the answer itself
    :param response_seq: number of the Response, in that run of the node
    :param checkpoint: the model
    :param logged: the node's clock when it was logged, in nanoseconds; 0: it did not run
    :param data: of the answer, as JSON; empty where there is none
    :param pictures: how many the log has of it
    :param id: its number in the log; 0 before it is there
    """

    state: State
    began: int
    ended: int
    camera: str
    instruction_id: str
    instruction: str
    text: str = ''
    complete: bool = True
    epoch: int = 0
    probability: float = 0.0
    latency_s: float = 0.0
    response_seq: int = 0
    checkpoint: str = ''
    frame_id: str = ''
    logged: int = 0
    pose: Pose | None = None
    pictures: int = 0
    id: int = 0
    data: str = ''


@dataclass(frozen=True)
class Gap:
    """
    Events that the log could not keep, as on a full disk.

    :param began: stamp of the first of them, in nanoseconds
    :param ended: stamp of the last
    :param count: how many there were
    """

    began: int
    ended: int
    count: int
