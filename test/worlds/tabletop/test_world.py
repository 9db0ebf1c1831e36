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

"""The tabletop: what is rendered is what is claimed."""

import numpy as np
import pytest

pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')

from streamo_ros.worlds import WorldError  # noqa: E402
from streamo_ros.worlds.names import COLOURS  # noqa: E402
from streamo_ros.worlds.names import NAMES  # noqa: E402
from streamo_ros.worlds.tabletop.simulation import EVENTS  # noqa: E402
from streamo_ros.worlds.tabletop.things import _PAINT  # noqa: E402
from streamo_ros.worlds.tabletop.world import ARM  # noqa: E402
from streamo_ros.worlds.tabletop.world import TabletopWorld  # noqa: E402

SECONDS = 24.0


@pytest.fixture(scope='module')
def worlds():
    return [TabletopWorld(seed, SECONDS, 'test') for seed in range(40)]


@pytest.fixture(scope='module')
def happened(worlds):
    """Events that end in time, by kind, each with its world."""
    found = {kind: [] for kind in EVENTS}
    for world in worlds:
        for event in world.events:
            if event.end < SECONDS - 0.5:
                found[event.kind].append((world, event))
    return found


def pose(world, thing, time):
    record = world._record
    return record.poses[record.step(time), thing]


def test_a_moment_is_the_same_bytes_in_any_order_of_calls():
    one, other = (TabletopWorld(5, SECONDS) for _ in range(2))
    times = [0.3, 7.77, 15.2, 3.1]
    frames = [one.render(time) for time in times]
    for time, frame in reversed(list(zip(times, frames, strict=True))):
        assert np.array_equal(other.render(time), frame)
    assert one.events == other.events
    assert frames[0].shape == (112, 112, 3) and frames[0].dtype == np.uint8


def test_splits_and_seeds_are_different_worlds():
    frames = [TabletopWorld(seed, 3.0, split).render(0.5)
              for seed in (1, 2) for split in ('train', 'validation', 'test')]
    for index, frame in enumerate(frames):
        for other in frames[:index]:
            assert np.abs(frame.astype(int) - other).mean() > 5


def test_any_size_shows_the_same_scene():
    small, large = (TabletopWorld(3, 4.0, 'test', size) for size in ((112, 112), (168, 224)))
    assert small.events == large.events
    assert large.render(0.5).shape == (168, 224, 3)
    for thing in range(len(small.things)):
        assert small.shown(thing, 0.5) == pytest.approx(large.shown(thing, 0.5), abs=0.15)


def test_an_unknown_split_is_refused():
    with pytest.raises(WorldError, match='dev'):
        TabletopWorld(0, split='dev')


def test_every_kind_of_event_happens(happened):
    assert min(map(len, happened.values())) >= 4, {k: len(v) for k, v in happened.items()}


def test_before_its_first_sign_a_thing_is_where_it_was(happened):
    for kind in ('pick_up', 'bump', 'fall'):
        for world, event in happened[kind]:
            if kind == 'fall':  # it may have been pushed or rolled to the edge before
                assert pose(world, event.thing, event.start - 0.02)[2] > 0
                continue
            early, late = (pose(world, event.thing, event.start - ago) for ago in (0.9, 0.02))
            assert np.abs(early - late)[:3].max() < 0.011


def test_what_falls_leaves_the_tables_height_and_does_not_come_back(happened):
    for world, event in happened['fall']:
        assert world.height(event.thing, event.start - 0.02) > 0
        assert world.height(event.thing, event.end) < -0.1
        assert world.height(event.thing, SECONDS) < -0.1
        assert world.state(event.thing, SECONDS) == ('away', None)


def test_what_is_picked_up_hangs_in_the_air_with_the_hand(happened):
    for world, event in happened['pick_up']:
        rise = world.height(event.thing, event.end) - world.height(event.thing, event.start)
        assert 0.075 < rise < 0.12
        hand = world._record.hands[world._record.step(event.end)]
        assert np.allclose(pose(world, event.thing, event.end)[:2], (hand.x, hand.y), atol=1e-6)
        assert world.state(event.thing, event.end)[0] == 'held'


def test_what_is_put_down_stays_and_the_hand_has_left_it(happened):
    for kind in ('put_down', 'stack'):
        for world, event in happened[kind]:
            now, later = (pose(world, event.thing, event.end + late) for late in (0.05, 0.4))
            assert np.abs(now - later).max() < 0.01
            hand = world._record.hands[world._record.step(event.end + 0.05)]
            assert hand.z > now[2] + world.things[event.thing].half[2] + 0.05


def test_what_is_stacked_stands_on_the_other(happened):
    for world, event in happened['stack']:
        top, below = (pose(world, thing, event.end + 0.1) for thing in (event.thing, event.on))
        halves = [world.things[thing].half[2] for thing in (event.thing, event.on)]
        assert top[2] - below[2] == pytest.approx(sum(halves), abs=0.01)
        assert np.linalg.norm(top[:2] - below[:2]) < 0.04
        assert world.state(event.thing, event.end) == ('table', event.on)


def test_what_is_bumped_has_moved_and_rests(happened):
    for world, event in happened['bump']:
        before, after, later = (
            pose(world, event.thing, time)
            for time in (event.start - 0.1, event.settled, event.settled + 0.5))
        assert np.linalg.norm(before[:2] - after[:2]) > 0.05
        assert np.linalg.norm(after - later) < 0.01
        assert event.end >= event.settled


def test_what_is_taken_away_or_comes_is_out_of_the_picture_before_or_after(happened):
    for world, event in happened['take_away']:
        assert world.shown(event.thing, event.start - 0.1) > 0.1
        assert world.shown(event.thing, event.end) < 0.05
    for world, event in happened['arrive']:
        assert world.shown(event.thing, event.start - 0.05) == 0
        assert world.shown(event.thing, event.end) > 0.3


def test_nothing_else_moves_while_the_arm_is_at_work(happened):
    for world, event in happened['pick_up'] + happened['bump']:
        for other in range(len(world.things)):
            if other == event.thing or world.state(other, event.start)[0] != 'table':
                continue
            before, after = (pose(world, other, time) for time in (event.start, event.end))
            assert np.abs(before - after)[:3].max() < 0.01


def test_a_thing_has_the_colour_of_its_name(worlds):
    """By the nearest of the named colours, in the light that falls on it."""
    paint = np.array([_PAINT[colour] for colour in COLOURS], float)
    light = np.linspace(0.5, 1.1, 13)[:, None, None]
    right = []
    for world in worlds:
        picture, mask = world._look(0.5)
        picture = picture[::2, ::2]
        for index, thing in enumerate(world.things):
            own = picture[mask == index]
            if len(own) < 20:
                continue
            seen = np.median(own, axis=0)
            likeness = np.linalg.norm(light * paint - seen, axis=2).min(axis=0)
            right.append(COLOURS[likeness.argmin()] == thing.colour)
    assert len(right) > 40 and np.mean(right) > 0.9


def test_things_are_large_enough_to_be_named(worlds):
    sizes = [int((world._look(0.5)[1] == index).sum()) * 4
             for world in worlds for index in range(len(world.things))
             if world.state(index, 0.5)[0] == 'table' and world.shown(index, 0.5) > 0.8]
    assert len(sizes) > 40
    assert np.median(sizes) > 250 and np.quantile(sizes, 0.05) > 100  # of 112 x 112 pixels


def test_names_are_told_where_the_things_are(worlds):
    for world in worlds[:10]:
        truth = world.observe(0.4, 0.5, grid=(6, 6))
        assert truth.cell_names.shape == (len(NAMES), 6, 6)
        mask = world._look(0.5)[1]
        for index, thing in enumerate(world.things):
            own = (mask == index).sum() / mask.size * 36
            for name in (thing.colour, thing.kind):
                told = truth.cell_names[NAMES.index(name)].sum()
                assert told >= own - 0.05
        there = {name for thing in world.things for name in (thing.colour, thing.kind)}
        for index, name in enumerate(NAMES):
            assert name in there or truth.cell_names[index].max() == 0
        covered = truth.cell_names[:len(COLOURS)].sum()
        assert covered == pytest.approx((mask >= 0).mean() * 36, abs=0.1)


def test_motion_is_told_where_the_picture_changes(happened):
    for world, event in happened['bump'][:6] + happened['pick_up'][:6]:
        truth = world.observe(event.start - 0.02, event.end)
        assert truth.motion and truth.cell_motion.max() > 0.02
        assert (truth.cell_motion <= truth.cell_object + 1e-6).all()
        change = np.abs(world._look(event.end)[0].astype(float) - world._look(
            event.start - 0.02)[0]).max(axis=2).reshape(4, 28, 4, 28).max(axis=(1, 3))
        assert change[truth.cell_motion > 0.05].min() > 12
    world, event = happened['bump'][0]
    assert not world.observe(0.1, 0.3).motion and not world.observe(0.1, 0.3).cell_motion.any()


def test_the_arm_comes_over_a_border_and_hides_nothing_from_the_truth(worlds):
    sides = np.zeros(4)
    for world in worlds[:20]:
        for time in np.arange(1.0, 12.0, 1.0):
            truth = world.observe(time - 1, time)
            sides += truth.entering
            if world.shown(ARM, time - 1) == 0 and world.shown(ARM, time) > 0.02:
                assert any(truth.entering)
    assert sides.sum() > 10
