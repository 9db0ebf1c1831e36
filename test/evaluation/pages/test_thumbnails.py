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

"""Which pictures a page has room for."""

import base64

import cv2
from made_report import instruction
from made_report import pictures
from made_report import report
import numpy as np
import pytest

from streamo_ros.evaluation.pages import thumbnails
from streamo_ros.evaluation.pages.thumbnails import data_uri
from streamo_ros.evaluation.pages.thumbnails import Thumbnails
from streamo_ros.sources.source_error import SourceError


@pytest.fixture
def bag():
    return report(instruction('one', 400, [], [])).bags[0]


def test_a_picture_is_a_small_jpeg_of_the_same_colours():
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:] = (200, 100, 20)
    uri = data_uri(frame)
    assert uri.startswith('data:image/jpeg;base64,')
    jpeg = np.frombuffer(base64.b64decode(uri.partition(',')[2]), np.uint8)
    small = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert small.shape == (132, 176, 3)
    assert np.abs(small.mean((0, 1)) - (200, 100, 20)).max() < 4
    assert len(uri) < 2000


def test_moments_get_the_picture_of_the_tick_nearest_to_them(bag):
    asked = []

    def frames(path, camera, stamps):
        asked.extend(stamps)
        return pictures(path, camera, stamps)

    shots = Thumbnails(frames, 1, 'the worst').of(
        bag, bag.cameras[0], [3.1, 500.0], [2.9, -1.0, 7.3])
    assert list(shots) == [0.0, 3.0, 7.5, 199.5]
    assert asked == [10**18 + round(stamp * 1e9) for stamp in shots]


def test_what_went_wrong_comes_first_and_the_page_says_what_it_left_out(bag, monkeypatch):
    monkeypatch.setattr(thumbnails, 'MOST', 6)
    many = Thumbnails(pictures, 1, 'the worst')
    shots = many.of(bag, bag.cameras[0], [1.0, 2.0, 3.0], range(10, 110, 10))
    assert {1.0, 2.0, 3.0} < set(shots) and len(shots) == 6
    assert max(shots) > 50, 'the rest is spread over the bag'
    assert many.notes() == [
        'Pictures of 6 of 13 moments are in this page, the worst first.']


def test_the_bytes_of_a_page_are_limited_too(bag, monkeypatch):
    monkeypatch.setattr(thumbnails, 'MOST_BYTES', 9000)
    few = Thumbnails(pictures, 1, 'the worst')
    shots = few.of(bag, bag.cameras[0], [7.0], range(20, 180, 5))
    assert 0 < sum(map(len, shots.values())) <= 9000
    assert 7.0 in shots and max(shots) > 90
    assert 'of 33 moments' in few.notes()[0]


def test_what_one_camera_leaves_is_there_for_the_next(bag, monkeypatch):
    monkeypatch.setattr(thumbnails, 'MOST', 10)
    both = Thumbnails(pictures, 2, 'the worst')
    assert len(both.of(bag, bag.cameras[0], [], [1.0])) == 1
    assert len(both.of(bag, bag.cameras[0], [], range(30))) == 9


def test_a_bag_that_is_gone_or_a_frame_that_is_bad_leaves_a_page_without_their_pictures(bag):
    def gone(path, camera, stamps):
        raise SourceError(f'{path} does not exist')

    without = Thumbnails(gone, 1, 'the worst')
    assert without.of(bag, bag.cameras[0], [], [1.0]) == {}
    assert without.notes()[1:] == ['No pictures of room /camera: nowhere does not exist']
    bad = Thumbnails(lambda path, camera, stamps: [None] * len(stamps), 1, '')
    assert bad.of(bag, bag.cameras[0], [], [1.0]) == {}
    assert bad.notes()


def test_few_frames_are_held_in_full_size_at_once(bag):
    sizes = []

    def frames(path, camera, stamps):
        sizes.append(len(stamps))
        return pictures(path, camera, stamps)

    assert len(Thumbnails(frames, 1, 'the worst').of(bag, bag.cameras[0], [], range(150))) == 150
    assert max(sizes) <= 32
