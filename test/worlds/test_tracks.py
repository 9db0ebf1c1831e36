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

"""Motion between two instants, stillness outside of them."""

from dataclasses import replace

import pytest

from streamo_ros.worlds.tracks import displacement
from streamo_ros.worlds.tracks import FIDGETS
from streamo_ros.worlds.tracks import level
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import Ramp
from streamo_ros.worlds.tracks import Segment
from streamo_ros.worlds.tracks import Track
from streamo_ros.worlds.tracks import Turn
from streamo_ros.worlds.tracks import View
from streamo_ros.worlds.tracks import view_at

HERE, THERE = Pose(0.2, 0.7, 0.3), Pose(0.8, 0.6, 0.25)


def test_a_thing_stands_still_but_between_start_and_end():
    track = Track(HERE, True, [Segment(2.0, 4.0, HERE, THERE, bend=0.2)])
    assert track.pose(-5.0) == track.pose(2.0) == HERE
    assert track.pose(4.0) == track.pose(99.0) == track.last == THERE
    along = [track.pose(2.0 + step / 10).x for step in range(21)]
    assert along == sorted(along)
    assert len(set(along)) == 21


def test_a_thing_is_out_of_the_world_before_it_appears_and_after_it_hides():
    track = Track(HERE, False, [
        Segment(2.0, 4.0, HERE, THERE, appears=True), Segment(6.0, 8.0, THERE, HERE, hides=True)])
    assert [track.pose(time) is None for time in (1.9, 2.0, 5.0, 7.9, 8.0)] == [
        True, False, False, False, True]
    assert not track.there


@pytest.mark.parametrize('fidget', FIDGETS)
def test_a_fidget_moves_from_its_first_to_its_last_moment_and_stays_in_place(fidget):
    segment = Segment(1.0, 5.0, HERE, HERE, fidget=fidget, pace=0.7)
    track = Track(HERE, True, [segment])
    poses = [track.pose(1.0 + step / 20) for step in range(81)]
    assert poses[0] == poses[-1] == HERE
    assert max(displacement(HERE, pose, 1.0, True) for pose in poses) > 0.012
    assert all(one != other for one, other in zip(poses[1:-2], poses[2:-1], strict=True))
    assert max(abs(pose.x - HERE.x) for pose in poses) < 0.2


def test_displacement_is_in_frame_widths():
    moved = replace(HERE, x=HERE.x + 0.2)
    assert displacement(HERE, moved, 1.0, False) == pytest.approx(0.2)
    assert displacement(HERE, moved, 2.0, False) == pytest.approx(0.1)
    assert displacement(HERE, replace(HERE, size=0.4), 1.0, False) == pytest.approx(0.05)
    waving = replace(HERE, wave=1.0)
    assert displacement(HERE, waving, 1.0, True) > displacement(HERE, waving, 1.0, False) == 0


def test_a_level_holds_between_its_ramps():
    ramps = [Ramp(2.0, 4.0, 1.0, 0.0), Ramp(6.0, 6.0, 0.0, 1.0)]
    assert [level(ramps, time, 1.0) for time in (0.0, 2.0, 3.0, 4.0, 5.9, 6.0, 9.0)] == [
        1.0, 1.0, 0.5, 0.0, 0.0, 1.0, 1.0]


def test_a_view_moves_only_during_its_turn_and_without_a_jump():
    first, last = View(0.5, 0.5), View(0.8, 0.4, 0.1, 1.2)
    turns = [Turn(3.0, 4.0, first, last, shake=0.04)]
    assert view_at(turns, 2.9, first) == first
    assert view_at(turns, 4.0, first) == view_at(turns, 9.0, first) == last
    steps = [view_at(turns, 2.98 + step * 0.01, first).x for step in range(106)]
    assert max(abs(one - other) for one, other in zip(steps, steps[1:], strict=False)) < 0.03
