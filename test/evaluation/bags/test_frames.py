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

"""Frames are found by their stamps, and by them alone."""

import numpy as np
import pytest
from tiny_bags import CAMERA
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.evaluation.bags.frames import frames_at
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.source_error import SourceError


def picture(value):
    return np.full((12, 16, 3), value, np.uint8)


@pytest.fixture
def bag(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        for index in range(60):
            bag.image(index, picture(index))
        # Recorded half a minute late
        bag.image(60.0, picture(60), logged=90.0)
        bag.write(CAMERA, IMAGE, b'\0\1\0\0', START + 91 * 10**9)
    return tmp_path / 'bag'


def test_frames_come_in_the_order_asked_for(bag):
    stamps = [START + second * 10**9 for second in (40, 3, 40, 60)]
    found = frames_at(bag, CAMERA, stamps)
    assert [int(frame[0, 0, 0]) for frame in found] == [40, 3, 40, 60]
    assert found[0].shape == (12, 16, 3)


def test_a_stamp_without_a_frame_has_none(bag):
    found = frames_at(bag, CAMERA, [START + 1, START + 10**9])
    assert found[0] is None and int(found[1][0, 0, 0]) == 1
    assert frames_at(bag, CAMERA, []) == []


def test_a_camera_that_is_not_there_is_refused(bag):
    with pytest.raises(SourceError, match='no camera /rear'):
        frames_at(bag, '/rear', [START])
