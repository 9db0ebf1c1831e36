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

"""Grey of 16 bits is seen, whatever the sensor's bits and range."""

import numpy as np
import pytest

from streamo_ros.sources.sixteen_bits import to_eight_bits

NOISE = np.random.default_rng(0).random((60, 80))


def between(low, high):
    values = low + NOISE * (high - low)
    return values.round().astype(np.uint16)


@pytest.mark.parametrize('low, high', [
    (0, 1023), (0, 4095), (0, 16383), (7200, 8600), (29300, 31000), (65000, 65535)])
def test_a_narrow_range_is_shown_from_black_to_white(low, high):
    values = between(low, high)
    found = to_eight_bits(values)
    assert found.min() < 5 and found.max() > 250
    rising = np.argsort(values.ravel())
    assert (np.diff(found.ravel()[rising].astype(int)) >= 0).all()


def test_a_wide_range_keeps_its_upper_bits():
    for values in (between(0, 65535), between(20000, 50000)):
        np.testing.assert_array_equal(to_eight_bits(values), values >> 8)


def test_dead_and_hot_pixels_change_nothing():
    values = between(7200, 8600)
    spoilt = values.copy()
    spoilt[0, :2], spoilt[1, :2] = 0, 65535
    found, expected = to_eight_bits(spoilt)[2:], to_eight_bits(values)[2:]
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_noise_on_an_even_wall_stays_noise():
    found = to_eight_bits(between(8000, 8010))
    assert np.ptp(found) <= 10
    assert abs(int(found.mean()) - (8000 >> 8)) <= 10


@pytest.mark.parametrize('value', [0, 200, 0x8000, 65535])
def test_an_even_picture_keeps_its_brightness(value):
    assert (to_eight_bits(np.full((4, 5), value, np.uint16)) == value >> 8).all()


def test_the_order_of_bytes_and_strides_do_not_matter():
    values = between(7200, 8600)
    expected = to_eight_bits(values)
    np.testing.assert_array_equal(to_eight_bits(values.astype('>u2')), expected)
    wide = np.zeros((60, 200), np.uint16)
    wide[:, :80] = values
    np.testing.assert_array_equal(to_eight_bits(wide[:, :80]), expected)
