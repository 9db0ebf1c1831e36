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

"""A camera goes steadily or changes smoothly; what it does is no event."""

import numpy as np
import pytest

from streamo_ros.worlds.moving.ride import draw_ride
from streamo_ros.worlds.moving.ride import KINDS
from streamo_ros.worlds.tracks import View

TIMES = np.arange(0, 20, 0.05)


def rides(kind, count=8):
    return [draw_ride(np.random.default_rng([seed, 3]), 20.0, 4 / 3, kind)
            for seed in range(count)]


@pytest.mark.parametrize('kind', KINDS)
def test_a_ride_begins_where_the_camera_looks_and_never_leaps(kind):
    for ride in rides(kind):
        start = ride.passed(View(0.5, 0.5), 0.0)
        assert (start.x, start.y, start.zoom) == pytest.approx((0.5, 0.5, 1.0))
        xs = np.array([ride.travelled(time) for time in TIMES])
        assert np.abs(np.diff(xs)).max() < 0.05 * 2.5 * 4 / 3
        speeds = np.array([ride.passing(time) for time in TIMES])
        assert np.abs(np.diff(speeds)).max() < 0.3


@pytest.mark.parametrize('kind', ['still', 'held'])
def test_who_does_not_travel_stays(kind):
    for ride in rides(kind):
        assert not ride.travels
        assert all(ride.passing(time) == ride.travelled(time) == 0 for time in TIMES)
        stirred = [ride.shaken(View(0.5, 0.5), time) for time in TIMES]
        assert max(abs(view.x - 0.5) for view in stirred) < 0.07


@pytest.mark.parametrize('kind', ['walk', 'drive', 'turn', 'cabin'])
def test_each_way_of_going_lasts_and_all_changes_are_told(kind):
    some = False
    for ride in rides(kind):
        assert ride.travels
        starts = [start for start, _ in ride.changes]
        assert all(later - sooner > 3.5 for sooner, later in zip(starts, starts[1:]))
        for before, now in zip(TIMES, TIMES[1:]):
            if abs(ride.passing(now) - ride.passing(before)) > 1e-6:
                assert ride.changing(before - 0.03, now + 0.03)
        some |= any(0 < start < 20 for start in starts)
    assert some


def test_a_sweep_turns_about_where_it_says():
    for ride in rides('sweep'):
        xs = np.array([ride.travelled(time) for time in TIMES])
        for index in np.nonzero(np.diff(np.sign(np.diff(xs))))[0]:
            assert ride.changing(TIMES[index], TIMES[index + 2])
