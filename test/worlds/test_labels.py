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

"""The truth of a plan: exact instants, and no claim where a careful person could doubt."""

import numpy as np
import pytest

from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.labels import label
from streamo_ros.worlds.labels import SEEN
from streamo_ros.worlds.labels import visible_share
from streamo_ros.worlds.script import Actor
from streamo_ros.worlds.script import Plan
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import Ramp
from streamo_ros.worlds.tracks import Segment
from streamo_ros.worlds.tracks import Track
from streamo_ros.worlds.tracks import Turn
from streamo_ros.worlds.tracks import View

HOME = View(0.5, 0.5)


def box_at(x, y=0.6, size=0.2, present=True):
    figure = Figure(1, 'test', 'box')
    figure.width = 1.0
    return Actor(figure, Track(Pose(x, y, size), present), size)


def slide(actor, start, end, x0, x1, y=0.6, **options):
    """Let a box move evenly along a level line."""
    actor.track.segments.append(Segment(
        start, end, Pose(x0, y, 0.2), Pose(x1, y, 0.2), ramp=0.0, **options))
    return actor


def stage(*actors, **options):
    return Plan(1.0, 0.3, 0.0, list(actors), view_first=HOME, **options)


def named(events, skill):
    return [event for event in events if event.skill == skill]


def test_a_stroll_starts_when_seen_and_stops_when_still():
    events, unclear = label(stage(slide(box_at(0.3), 5.0, 9.0, 0.3, 0.7)), 24.0)
    start, stop = named(events, 'start')[0], named(events, 'stop')[0]
    assert [event.skill for event in events] == ['start', 'stop']
    assert start.start == 5.0
    assert start.end == pytest.approx(5.0 + SEEN / 0.1, abs=0.025)
    assert (stop.start, stop.settled, stop.end) == (5.0, 9.0, 9.5)
    assert not unclear


def test_what_moved_from_the_beginning_stops_but_never_started():
    events, unclear = label(stage(slide(box_at(0.2), -1.0, 6.0, 0.2, 0.8)), 24.0)
    assert [(event.skill, event.start, event.settled) for event in events] == [('stop', 0.0, 6.0)]
    assert not unclear


def test_a_second_mover_is_no_second_start():
    events, unclear = label(stage(
        slide(box_at(0.2), 5.0, 9.0, 0.2, 0.4), slide(box_at(0.8), 7.0, 12.0, 0.8, 0.6)), 24.0)
    assert [(event.skill, event.start) for event in events] == [('start', 5.0), ('stop', 5.0)]
    assert named(events, 'stop')[0].settled == 12.0
    assert not unclear


def test_motion_to_the_end_leaves_the_stop_open():
    events, _ = label(stage(slide(box_at(0.2), 20.0, 40.0, 0.2, 0.8)), 24.0)
    assert named(events, 'stop')[0].end > 24.0


def test_a_crossing_enters_leaves_and_is_motion_while_visible():
    actor = slide(box_at(-0.2, present=False), 5.0, 12.0, -0.2, 1.2, appears=True, hides=True)
    events, unclear = label(stage(actor), 24.0)
    enter, leave = named(events, 'enter')[0], named(events, 'leave')[0]
    start, stop = named(events, 'start')[0], named(events, 'stop')[0]
    # Its middle is at -0.2 + 0.2 (t - 5); it is 0.2 wide.
    assert enter.start == pytest.approx(5.0 + (0.1 + 0.02) / 0.2, abs=0.01)
    assert enter.end == pytest.approx(5.0 + (0.1 + 0.14) / 0.2, abs=0.01)
    assert leave.start == pytest.approx(5.0 + (1.1 + 0.06) / 0.2, abs=0.01)
    assert leave.end == pytest.approx(5.0 + (1.1 + 0.18) / 0.2, abs=0.01)
    assert start.start == enter.start
    assert start.end == pytest.approx(start.start + SEEN / 0.2, abs=0.025)
    assert leave.end < stop.settled < 12.0
    assert not unclear


def test_entering_among_movers_is_no_start():
    walker = slide(box_at(0.5), -1.0, 30.0, 0.5, 0.6, y=0.9)
    guest = slide(box_at(-0.2, present=False), 5.0, 9.0, -0.2, 0.2, appears=True)
    events, unclear = label(stage(walker, guest), 24.0)
    assert len(named(events, 'enter')) == 1
    assert not named(events, 'start')
    assert not unclear


def test_resting_half_in_view_is_unclear():
    guest = slide(box_at(-0.2, present=False), 5.0, 9.0, -0.2, 0.0, appears=True)
    _, unclear = label(stage(guest), 24.0)
    assert {'enter', 'leave'} <= unclear


def test_two_entering_at_once_is_unclear_and_one_after_the_other_is_clear():
    for late, doubtful in ((0.5, True), (6.0, False)):
        guests = [
            slide(box_at(-0.2, y, present=False), 5.0 + wait, 9.0 + wait, -0.2, 0.3, y=y,
                  appears=True) for y, wait in ((0.3, 0.0), (0.8, late))]
        assert ('enter' in label(stage(*guests), 24.0)[1]) is doubtful


def test_entering_behind_a_nearer_thing_is_unclear():
    guest = slide(box_at(-0.2, present=False), 5.0, 9.0, -0.2, 0.3, appears=True)
    screen = Actor(Figure(2, 'test', 'box'), Track(Pose(0.0, 0.62, 0.3), True), 0.3)
    screen.figure.width = 1.5
    assert 'enter' in label(stage(guest, screen), 24.0)[1]


@pytest.mark.parametrize('hidden', [
    {'light': [Ramp(6.0, 6.2, 1.0, 0.0), Ramp(15.0, 15.0, 0.0, 1.0)]},
    {'light': [Ramp(2.0, 2.2, 1.0, 0.0), Ramp(7.0, 7.0, 0.0, 1.0)]},
    {'light_first': 0.0},
    {'cover': [Ramp(8.5, 8.8, 0.0, 1.0)]},
    {'turns': [Turn(6.0, 6.5, HOME, View(0.6, 0.5))]},
    {'turns': [Turn(9.6, 9.9, HOME, View(0.6, 0.5))]}])
def test_motion_that_is_partly_unseen_is_unclear(hidden):
    _, unclear = label(stage(slide(box_at(0.4), 5.0, 9.0, 0.4, 0.6), **hidden), 24.0)
    assert {'start', 'stop'} <= unclear


def test_motion_long_after_dark_is_clear():
    _, unclear = label(stage(
        slide(box_at(0.4), 15.0, 18.0, 0.4, 0.6),
        light=[Ramp(3.0, 3.5, 1.0, 0.0), Ramp(8.0, 9.0, 0.0, 1.0)]), 24.0)
    assert not unclear


def test_stillness_too_short_for_two_ticks_is_unclear():
    actor = slide(box_at(0.2), 5.0, 8.0, 0.2, 0.4)
    slide(actor, 9.0, 12.0, 0.4, 0.6)
    assert {'start', 'stop'} <= label(stage(actor), 24.0)[1]


def test_motion_too_slight_to_see_is_no_start_and_makes_it_unclear():
    events, unclear = label(stage(slide(box_at(0.5), 5.0, 8.0, 0.5, 0.51)), 24.0)
    assert not named(events, 'start')
    assert 'start' in unclear


def test_a_camera_that_carries_a_thing_over_the_border_makes_crossings_unclear():
    turn = Turn(5.0, 5.6, HOME, View(0.8, 0.5), 0.0)
    events, unclear = label(stage(box_at(0.25), turns=[turn]), 24.0)
    assert {'enter', 'leave'} == unclear
    assert [(event.skill, event.start, event.settled, event.end) for event in events] == [
        ('move', 5.0, 5.6, 5.6 + 0.5)]
    assert not label(stage(box_at(0.7), turns=[Turn(5.0, 5.6, HOME, View(0.6, 0.5))]), 24.0)[1]


def test_covering_in_the_dark_is_unclear_and_so_is_light_behind_a_cover():
    dark, covered = [Ramp(3.0, 3.5, 1.0, 0.0)], [Ramp(8.0, 8.5, 0.0, 1.0)]
    assert label(stage(light=dark, cover=covered), 24.0)[1] == {'cover', 'uncover'}
    dark = [*dark, Ramp(12.0, 12.5, 0.0, 1.0)]
    assert label(stage(light=dark, cover=covered), 24.0)[1] == {
        'cover', 'uncover', 'light_off', 'light_on'}


def test_light_and_cover_last_from_the_first_sign_to_the_last():
    events, unclear = label(stage(
        light=[Ramp(3.0, 4.5, 1.0, 0.0), Ramp(8.0, 8.0, 0.0, 1.0)],
        cover=[Ramp(12.0, 12.4, 0.0, 1.0), Ramp(16.0, 16.3, 1.0, 0.0)]), 24.0)
    assert [(event.skill, event.start, event.end, event.settled) for event in events] == [
        ('light_off', 3.0, 4.5, None), ('light_on', 8.0, 8.0, None),
        ('cover', 12.0, 12.4, None), ('uncover', 16.0, 16.3, None)]
    assert not unclear


def test_what_begins_after_the_stream_is_no_event_of_it():
    assert label(stage(light=[Ramp(25.0, 25.5, 1.0, 0.0)]), 24.0) == ((), frozenset())


@pytest.mark.parametrize('kind', ['person', 'car', 'robot', 'box', 'ball', 'cutout', 'animal'])
def test_the_visible_share_is_that_of_the_painted_figure(kind):
    """The share is reckoned from the outline's box; the paint must agree."""
    worst = 0.0
    for seed in range(6):
        figure = Figure(seed, 'test', kind)
        actor = Actor(figure, Track(Pose(0, 0, 0.3), True), 0.3)
        for x, y in ((0.0, 0.7), (0.05, 0.7), (1.0, 0.7), (0.5, 0.15), (0.5, 1.1)):
            pose = Pose(x, y, 0.3)
            foot_x, foot_y, unit = figure.frame(60)
            body = figure.sheet(pose, 60).body.astype(float)
            rows, columns = body.shape
            step = 0.3 / unit
            across = x + (np.arange(columns) + 0.5 - foot_x) * step
            down = y + (np.arange(rows) + 0.5 - foot_y) * step
            inside = body[(down >= 0) & (down <= 1)][:, (across >= 0) & (across <= 1)].sum()
            worst = max(worst, abs(
                inside / body.sum() - visible_share(actor, pose, HOME, 1.0)))
    assert worst < 0.25
