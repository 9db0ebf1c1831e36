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

"""A frame leaves as large as the model sees it, and as the link carries it."""

import io

import numpy as np
from PIL import Image
import pytest

from streamo_ros.engine.remote.picture import PictureSize
from streamo_ros.engine.remote.picture import SHARE
from streamo_ros.engine.remote.picture import STEPS

SIZE = 160, 240
NOISE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)


def smooth():
    rows, columns = np.mgrid[:SIZE[0], :SIZE[1]]
    return np.stack([rows, columns % 256, rows // 2 + columns // 4], 2).astype(np.uint8)


def decoded(picture):
    return np.asarray(Image.open(io.BytesIO(picture.jpeg)).convert('RGB'))


def test_a_link_that_nothing_is_known_of_gets_the_best_in_the_right_colours():
    picture = PictureSize().encode(smooth(), SIZE, fps=1.0)
    assert (picture.quality, picture.scale) == STEPS[0]
    assert np.abs(decoded(picture).astype(int) - smooth()).max() <= 12


@pytest.mark.parametrize('kbit_s', [30, 100, 300, 1000])
def test_a_frame_has_no_more_than_its_share_of_the_period(kbit_s):
    size = PictureSize(1e3 * kbit_s)
    for _ in range(5):
        picture = size.encode(NOISE, SIZE, fps=2.0)
        smallest = (picture.quality, picture.scale) == STEPS[-1]
        assert len(picture.jpeg) <= SHARE * 1e3 * kbit_s / 8 / 2.0 or smallest
        assert picture.shown == SIZE


def test_a_link_that_slows_down_gets_smaller_frames_and_one_that_recovers_better_ones():
    size = PictureSize()
    best = size.encode(NOISE, SIZE, fps=1.0)
    for _ in range(20):
        size.note(20_000, 2.0)  # ten kilobytes a second
    small = size.encode(NOISE, SIZE, fps=1.0)
    assert len(small.jpeg) < SHARE * 10_000 < len(best.jpeg)
    for _ in range(40):
        size.note(20_000, 0.001)
        again = size.encode(NOISE, SIZE, fps=1.0)
    assert (again.quality, again.scale) == STEPS[0]


def test_messages_that_are_all_latency_say_nothing_of_the_link():
    size = PictureSize()
    for _ in range(20):
        size.note(100, 5.0)
    assert size.carried_bytes_per_s == 0
