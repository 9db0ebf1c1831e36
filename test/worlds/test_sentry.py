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

"""The sentry world: what is rendered is what is claimed."""

import cv2
import numpy as np
import pytest

from streamo_ros.worlds import SentryWorld
from streamo_ros.worlds import SKILLS
from streamo_ros.worlds import WorldError
from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.labels import box
from streamo_ros.worlds.script import Actor
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import Ramp
from streamo_ros.worlds.tracks import Segment
from streamo_ros.worlds.tracks import Track
from streamo_ros.worlds.tracks import View


def events_of(skill, count, **options):
    """Yield clear worlds of the test split with one complete event of a skill."""
    seed = found = 0
    while found < count:
        world = SentryWorld(seed, split='test', **options)
        seed += 1
        assert seed < 400, f'too few clear events of {skill}'
        if not world.clear(skill):
            continue
        for event in world.events:
            if event.skill == skill and 1.5 < event.start and event.end < 22.5:
                yield world, event
                found += 1
                break


def test_a_moment_is_the_same_bytes_in_any_order_of_calls():
    one, other = SentryWorld(5), SentryWorld(5)
    times = [0.3, 7.77, 15.2, 3.1]
    frames = [one.render(time) for time in times]
    for time, frame in reversed(list(zip(times, frames, strict=True))):
        assert np.array_equal(other.render(time), frame)
    assert one.events == other.events
    assert frames[0].shape == (112, 112, 3)
    assert frames[0].dtype == np.uint8


def test_neighbouring_moments_differ_by_noise():
    world = next(world for world in map(SentryWorld, range(50)) if not any(
        event.start < 1 for event in world.events))
    assert not np.array_equal(world.render(0.50), world.render(0.51))


def test_splits_and_seeds_are_different_worlds():
    frames = [
        SentryWorld(seed, split=split).render(0.5)
        for seed in (1, 2) for split in ('train', 'validation', 'test')]
    for index, frame in enumerate(frames):
        for other in frames[:index]:
            assert np.abs(frame.astype(int) - other).mean() > 5
    assert SentryWorld(1, split='train').events != SentryWorld(1, split='test').events


def test_what_happens_leaves_the_place_alone():
    quiet = SentryWorld(3, split='test', skills=('light_on',))
    busy = SentryWorld(3, split='test', skills=('cover',))
    assert quiet.events != busy.events
    lit = [world.render(max([0.5] + [event.end + 0.9 for event in world.events
                                     if event.skill in ('light_on', 'uncover')][:1]))
           for world in (quiet, busy)]
    assert np.corrcoef(lit[0].ravel(), lit[1].ravel())[0, 1] > 0.5


def test_any_size_shows_the_same_scene():
    for seed in range(12):
        small = SentryWorld(seed, split='test')
        large = SentryWorld(seed, split='test', size=(480, 640))
        assert small.events == large.events
        for time in (4.0, 13.0):
            frame = large.render(time)
            assert frame.shape == (480, 640, 3)
            frame = cv2.resize(frame, (112, 112), interpolation=cv2.INTER_AREA).astype(float)
            difference = cv2.blur(small.render(time).astype(float) - frame, (9, 9))
            assert np.abs(difference).mean() < 8


@pytest.mark.parametrize(('arguments', 'named'), [
    ({'split': 'dev'}, 'dev'), ({'skills': ('start', 'dance')}, 'dance')])
def test_unknown_names_are_refused(arguments, named):
    with pytest.raises(WorldError, match=named):
        SentryWorld(0, **arguments)


def test_light_off_darkens_and_light_on_brightens():
    for skill, sign in (('light_off', 1), ('light_on', -1)):
        for world, event in events_of(skill, 12, skills=('light_off', 'light_on', 'move')):
            before = world.render(event.start - 0.1).mean()
            after = world.render(event.end + 0.1).mean()
            assert sign * (before - after) > 0.15 * max(before, after)


def test_under_a_cover_the_place_is_gone():
    likeness = []
    for world, event in events_of('cover', 12, skills=('cover', 'uncover', 'light_off')):
        before, after = (
            cv2.blur(world.render(time).mean(axis=2), (5, 5))
            for time in (event.start - 0.2, event.end + 0.1))
        if after.std() > 0:  # a cap may leave pure black
            likeness.append(np.corrcoef(before.ravel(), after.ravel())[0, 1])
    assert np.mean(np.abs(likeness)) < 0.45


def test_after_an_uncovering_the_place_is_back():
    for world, event in events_of('cover', 8, skills=('cover',)):
        back = [later for later in world.events
                if later.skill == 'uncover' and later.start > event.end]
        if back and world.clear('stop') and not any(
                other.skill == 'stop' and other.start < back[0].end for other in world.events):
            before, after = (
                cv2.blur(world.render(time).astype(float), (5, 5))
                for time in (event.start - 0.1, back[0].end + 0.1))
            assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.8


def test_in_the_dark_the_place_is_still_faintly_there():
    likeness = []
    for world, event in events_of('light_off', 12, skills=('light_off', 'light_on')):
        before, after = (
            cv2.blur(np.mean(
                [world.render(time + late) for late in (0.0, 0.07, 0.13)], axis=(0, 3)), (3, 3))
            for time in (event.start - 0.3, event.end + 0.3))
        likeness.append(np.corrcoef(before.ravel(), after.ravel())[0, 1])
    assert np.median(likeness) > 0.6


def test_a_moved_camera_sees_another_picture_and_then_keeps_it():
    for world, event in events_of('move', 12, skills=('move',)):
        before, after, later = (
            cv2.blur(world.render(time).astype(float), (5, 5))
            for time in (event.start - 0.1, event.settled + 0.05, event.end + 0.1))
        assert np.abs(after - before).mean() > 1.5 * np.abs(later - after).mean()
        truth = world.observe(event.start - 0.1, event.settled + 0.05)
        assert truth.moved
        assert not world.observe(event.settled + 0.01, event.end + 0.2).moved


def strongest(one, other):
    """Give the change of the hundred pixels that changed most; noise is averaged away."""
    change = np.abs(cv2.blur(one.astype(float) - other, (3, 3))).max(axis=2)
    return np.sort(change.ravel())[-100:].mean()


def test_before_a_start_and_after_a_stop_there_is_only_noise():
    for skill in ('start', 'stop'):
        quiet, moving = [], []
        for world, event in events_of(skill, 25, skills=('start', 'stop')):
            still = event.start - 1.0 if skill == 'start' else event.settled + 0.01
            quiet.append(strongest(world.render(still), world.render(still + 0.9)))
            begun = event.start if skill == 'start' else event.settled - 1.0
            moving.append(strongest(world.render(begun), world.render(begun + 1.0)))
        assert np.mean(np.array(moving) > np.array(quiet)) >= 0.9
        assert np.median(moving) > 3 * np.median(quiet)


def test_a_start_is_due_when_motion_can_be_seen_and_no_sooner():
    seen = []
    for world, event in events_of('start', 25, skills=('start', 'stop')):
        assert not world.observe(event.start - 0.9, event.start - 0.02).motion
        seen.append(world.observe(event.start - 0.1, event.end + 0.01).motion)
        assert event.end - event.start < 1.5
    assert np.mean(seen) > 0.95


def test_nothing_is_seen_of_what_has_not_begun():
    for name, skill in (('light', 'light_off'), ('cover', 'cover')):
        for world, event in events_of(skill, 5, skills=('light_off', 'cover')):
            bare = SentryWorld(world._seed[0], split='test', skills=('light_off', 'cover'))
            ramps = getattr(bare._plan, name)
            ramps[:] = [ramp for ramp in ramps if ramp.start < event.start]
            assert ramps != getattr(world._plan, name)
            for early in (0.001, 0.4):
                time = event.start - early
                assert np.array_equal(world.render(time), bare.render(time))


def test_an_entering_thing_is_counted_in_and_a_leaving_one_out():
    for skill, sign in (('enter', 1), ('leave', -1)):
        gained = []
        for world, event in events_of(skill, 25, skills=('enter', 'leave')):
            few, many = (
                world.observe(time, time).cell_object.sum() for time in (event.start, event.end))
            gained.append(sign * (many - few) > 0)
            truth = world.observe(event.start, event.end)
            assert any(truth.entering if skill == 'enter' else truth.leaving)
            assert truth.motion
        assert np.mean(gained) > 0.9


def test_sides_are_balanced():
    counts = {'enter': np.zeros(4), 'leave': np.zeros(4)}
    for seed in range(150):
        world = SentryWorld(seed, skills=('enter', 'leave'))
        for event in world.events:
            if event.skill in counts and event.end < 24 and world.clear(event.skill):
                truth = world.observe(event.start, event.end)
                counts[event.skill] += (
                    truth.entering if event.skill == 'enter' else truth.leaving)
    for count in counts.values():
        left, right, top, bottom = count / count.sum()
        assert abs(left - right) < 0.13
        assert min(left, right) > 0.25
        assert min(top, bottom) > 0.03


def test_every_skill_happens_often_enough_and_is_mostly_clear():
    streams = dict.fromkeys(SKILLS, 0)
    clear = dict.fromkeys(SKILLS, 0)
    silent = 0
    for seed in range(200):
        world = SentryWorld(seed)
        happened = {event.skill for event in world.events if event.end < 24}
        silent += not happened
        for skill in SKILLS:
            streams[skill] += skill in happened
            clear[skill] += world.clear(skill)
    assert min(streams.values()) >= 25, streams
    assert max(streams.values()) <= 160, streams
    assert min(clear.values()) >= 150, clear
    assert silent >= 1


def test_asking_for_a_skill_brings_its_events():
    for skill in SKILLS:
        worlds = [SentryWorld(seed, skills=(skill,)) for seed in range(30)]
        happened = sum(any(
            event.skill == skill and event.end < 24 for event in world.events) for world in worlds)
        assert happened >= 20, skill


def test_events_come_by_their_end_and_begin_before_it():
    for seed in range(60):
        world = SentryWorld(seed, seconds=20.0)
        ends = [event.end for event in world.events]
        assert ends == sorted(ends)
        for event in world.events:
            assert event.skill in SKILLS
            assert event.start <= event.end
            assert event.start < 20.0
            assert (event.settled is not None) == (event.skill in ('stop', 'move'))
            if event.settled is not None:
                assert event.start < event.settled < event.end


def test_event_times_are_not_on_a_grid():
    phases = [event.end % 1 for seed in range(80) for event in SentryWorld(seed).events
              if event.end < 24]
    counts, _ = np.histogram(phases, bins=10, range=(0, 1))
    assert counts.min() > 0.5 * counts.mean()


def test_what_is_observed_agrees_with_the_events():
    flags = {'light_off': 'light_down', 'light_on': 'light_up', 'cover': 'cover_on',
             'uncover': 'cover_off'}
    for skill, flag in flags.items():
        for world, event in events_of(skill, 8, skills=('light_off', 'cover', 'start')):
            assert getattr(world.observe(event.start - 0.1, event.end + 0.05), flag)
            for other in flags.values():
                assert not getattr(world.observe(event.start - 0.4, event.start - 0.1), other)
                if other != flag:
                    assert not getattr(world.observe(event.start - 0.1, event.end + 0.05), other)


def test_cells_are_shares_and_motion_is_part_of_what_is_there():
    moved = 0.0
    for seed in range(25):
        world = SentryWorld(seed, skills=('start', 'enter'))
        for time in (3.0, 6.0, 9.0, 12.0):
            truth = world.observe(time - 1, time)
            assert truth.cell_motion.shape == truth.cell_object.shape == (4, 4)
            assert truth.cell_object.max() <= 1
            assert (truth.cell_motion <= truth.cell_object + 1e-6).all()
            assert truth.cell_motion.sum() == 0 or truth.motion
            moved += truth.cell_motion.sum()
    assert moved > 1


def test_cells_show_where_the_picture_changed():
    """The cells that hold moving things are those whose pixels change, not others."""
    inside, outside = [], []
    for world, event in events_of('start', 30, skills=('start',)):
        before, now = event.start - 0.05, event.end + 0.5
        truth = world.observe(before, now)
        change = np.abs(cv2.blur(
            world.render(now).astype(float) - world.render(before), (3, 3))).max(axis=2)
        cells = change.reshape(4, 28, 4, 28).transpose(0, 2, 1, 3).reshape(4, 4, -1)
        strong = np.quantile(cells, 0.9, axis=2)
        inside += strong[truth.cell_motion > 0.1].tolist()
        outside += strong[truth.cell_motion == 0].tolist()
    assert np.median(inside) > 3 * np.median(outside)


def test_a_thing_is_painted_where_the_truth_says():
    placed = 0
    for seed in range(60):
        with_it, without = (SentryWorld(seed, split='test', skills=('start',)) for _ in range(2))
        homes = [actor for actor in with_it._plan.actors if actor.track.present]
        if with_it.events and with_it.events[0].start < 1 or len(homes) != 1:
            continue
        without._plan.actors.clear()
        sway = with_it._sensor._sway
        change = np.abs(cv2.blur(
            with_it.render(0.5).astype(float) - without.render(0.5), (2, 2))).max(axis=2)
        actor, plan = homes[0], with_it._plan
        left, top, right, bottom = (112 * edge for edge in box(
            actor, actor.track.home, plan.view_first, plan.aspect))
        rows, columns = np.nonzero(change > max(0.5 * change.max(), 5.0))
        slack = 4 + 112 * sway
        inside = ((columns > left - slack) & (columns < right + slack)
                  & (rows > top - slack) & (rows < bottom + slack))
        assert inside.mean() > 0.9, seed
        assert np.quantile(rows, 0.95) > (top + bottom) / 2 - slack, seed
        assert np.quantile(rows, 0.05) < (top + bottom) / 2 + slack, seed
        placed += 1
    assert placed > 8


@pytest.mark.parametrize(('side', 'outside'), [
    (0, (-0.3, 0.6)), (1, (1.3, 0.6)), (2, (0.5, -0.1)), (3, (0.5, 1.5))])
def test_the_side_is_the_border_that_is_crossed(side, outside):
    world = SentryWorld(0, split='test', skills=('move',))
    plan = world._plan
    plan.light_first, plan.aspect = 1.0, 1.0
    plan.view_first = View(0.5, 0.5)
    for changes in (plan.light, plan.cover, plan.turns):
        changes.clear()
    inside, away = Pose(0.5, 0.6, 0.2), Pose(*outside, 0.2)
    plan.actors[:] = [Actor(Figure(1, 'test', 'box'), Track(inside, True, [
        Segment(3.0, 5.0, inside, away, hides=True),
        Segment(8.0, 10.0, away, inside, appears=True)]), 0.2)]
    expected = tuple(number == side for number in range(4))
    nothing = (False,) * 4
    for before, now in ((2.5, 5.5), (3.5, 4.9)):
        truth = world.observe(before, now)
        assert (truth.leaving, truth.entering) == (expected, nothing)
    for before, now in ((7.5, 10.5), (8.2, 9.6)):
        truth = world.observe(before, now)
        assert (truth.leaving, truth.entering) == (nothing, expected)
    assert world.observe(5.5, 7.5).leaving == nothing


def test_a_covered_lens_shows_no_things():
    for world, event in events_of('cover', 6, skills=('cover', 'start')):
        truth = world.observe(event.end + 0.05, event.end + 0.3)
        assert truth.cell_object.sum() == 0
        assert not truth.motion


def test_a_ramp_of_no_length_is_a_step():
    world = SentryWorld(0, split='test', skills=('move',))
    world._plan.light[:] = [Ramp(1.0, 1.0, 1.0, 0.0)]
    assert world.observe(0.9999, 1.0).light_down
    assert not world.observe(0.5, 0.9999).light_down
