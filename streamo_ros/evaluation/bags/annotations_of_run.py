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
What a run decided, as annotations: its answers are taken for what is true.

An event is from the Standby that led to an answer to the answer itself. A camera has its own
decisions, so each has its own instructions. Where an instruction was withdrawn, its stream would
have to end: such instructions have no events, which nobody can learn from.
"""

from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected


def annotations_of_run(bag: Bag) -> Annotations:
    """Return what was asked of a bag and how it was answered, in stamps of its headers."""
    start = bag.start_ns * 1e-9
    cameras = [camera for camera in bag.cameras if camera.instructions]
    return Annotations(tuple(
        _asked(camera, found, start, f'{place}.{number}')
        for place, camera in enumerate(cameras, 1)
        for number, found in enumerate(camera.instructions, 1)), absolute=True)


def _asked(camera: Camera, found: Instruction, start: float, id: str) -> Asked:
    events = None if found.withdrawn is not None else tuple(
        Expected(start + answer.started, start + answer.stamp, answer.text)
        for answer in found.answers)
    return Asked(
        f'{id} {found.id}', found.text, start + found.asked, camera.topic, '', found.task,
        found.skill, events)
