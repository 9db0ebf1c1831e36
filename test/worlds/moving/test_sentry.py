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

"""The sentry's happenings keep their meaning while its camera moves."""

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.worlds.moving.sentry import MovingWorld
from streamo_ros.worlds.sentry_topics import TOPICS
from streamo_ros.worlds.streams import draw_stream

GOING = ('walk', 'drive', 'turn', 'cabin')


def worlds(skill, rides=GOING, count=6, skills=None):
    """Yield worlds in which the truth of a skill is clear, with its events."""
    found = 0
    for seed in range(300):
        ride = rides[seed % len(rides)]
        world = MovingWorld(seed, 16.0, 'validation', skills=skills or (skill,), ride=ride)
        events = [event for event in world.events
                  if event.skill == skill and 1.5 < event.start and event.end < 14.0]
        if world.clear(skill) and events:
            yield world, events
            found += 1
            if found == count:
                return
    raise AssertionError(f'only {found} worlds')


def test_a_frame_is_the_same_bytes_in_any_order_of_calls():
    one, other = (MovingWorld(7, 10.0, ride='drive') for _ in range(2))
    times = [1.0, 2.5, 4.0]
    frames = [one.render(time) for time in times]
    for time, frame in zip(reversed(times), reversed(frames)):
        assert np.array_equal(other.render(time), frame)


def test_the_place_passes_and_the_light_still_goes_off():
    for world, events in worlds('light_off', skills=('light_off', 'light_on')):
        event = events[0]
        before, after = (world.render(time).mean() for time in (event.start - 0.1, event.end))
        assert after < 0.85 * before
        assert world.lit(event.start - 0.1) and world.lit(event.end + 0.01) is False


def test_behind_a_cover_nothing_passes():
    for world, events in worlds('cover'):
        event = events[0]
        shown = [world.render(event.end + late).astype(float) for late in (0.05, 0.45)]
        assert np.abs(shown[0] - shown[1]).mean() < 25
        assert world.covered(event.end + 0.01)


def test_a_knock_is_a_leap_of_what_else_goes_steadily():
    for world, events in worlds('move', ('drive', 'walk', 'held')):
        for event in events:
            settled = event.settled
            assert settled - event.start <= 0.5 + 1e-6
            views = [world._view(time) for time in (event.start, settled)]
            assert world._moved(*views) > 0.04
            pair = world.observe(event.start - 0.05, settled + 0.05)
            if world.lit(event.start):
                assert pair.moved


def test_setting_off_and_stopping_is_no_move_but_counts_neither_way():
    topic = next(topic for topic in TOPICS['event_caption'] if topic.skill == 'move')
    doubts = 0
    for seed in range(40):
        world = MovingWorld(seed, 16.0, skills=('enter',), ride='drive')
        stamps = np.arange(0.3, 15.0).tolist()
        question = topic.ask(np.random.default_rng(0), 'train', world, stamps, 1.0)
        if question is None:
            continue
        assert not question.eventful
        for index, truth in enumerate(question.right):
            changing = index and world.ride.changing(stamps[index - 1], stamps[index])
            assert truth.state is not State.SILENCE or truth.counted is not bool(changing)
            doubts += bool(changing)
    assert doubts


@pytest.mark.parametrize('ride', [*GOING, 'sweep'])
def test_where_all_of_the_picture_moves_nobody_is_asked_what_started(ride):
    topics = {topic.skill: topic for topic in (*TOPICS['event_caption'], *TOPICS['tsqa'])}
    stamps = np.arange(0.3, 11.0).tolist()
    for seed in range(12):
        world = MovingWorld(seed, 12.0, ride=ride, skills=('enter', 'start'))
        assert topics['moving'].ask(np.random.default_rng(0), 'train', world, stamps, 1.0) is None
        if any(actor.track.segments for actor in world._plan.actors):
            assert not world.clear('start')
        assert ride != 'sweep' or not world.clear('move')


def test_nothing_stops_while_the_place_passes_and_what_stands_still_is_not_asked_about():
    passing = 0
    for seed in range(40):
        world = MovingWorld(seed, 12.0, ride='drive', skills=('enter', 'stop'))
        slowest = min(world.ride.passing(time) for time in np.arange(0, 12.0, 0.25))
        assert world.clear('stop') is (slowest > 0.03)
        if world.clear('stop'):
            assert not any(event.skill == 'stop' for event in world.events)
            passing += any(actor.track.segments for actor in world._plan.actors)
    assert passing


def test_where_the_place_passes_all_the_time_and_nothing_else_moves_nothing_starts():
    topics = [topic for topic in TOPICS['event_caption'] if topic.skill in ('start', 'stop')]
    stamps = np.arange(0.3, 11.0).tolist()
    found = 0
    for seed in range(60):
        world = MovingWorld(seed, 12.0, ride='drive', skills=('light_off',))
        for topic in topics:
            question = topic.ask(np.random.default_rng(0), 'train', world, stamps, 1.0)
            if question is not None:
                found += 1
                assert {truth.state for truth in question.right} == {State.SILENCE}
                assert all(world.ride.passing(stamp) > 0 for stamp in stamps)
    assert found


def test_scenery_that_passes_does_not_enter():
    passed = 0
    for seed in range(20):
        world = MovingWorld(seed, 12.0, skills=('light_off',), ride='drive')
        if world._plan.actors:
            continue
        assert not any(event.skill in ('enter', 'leave') for event in world.events)
        passed += bool(world._props)
    assert passed


def test_who_enters_does_so_by_their_own_way_across_the_border():
    for world, events in worlds('enter', ('drive', 'held', 'walk')):
        for event in events:
            assert any(
                world._shares(actor, (actor.track.pose(event.start - 0.05),
                                      actor.track.pose(event.end + 0.05)),
                              event.start - 0.05, event.end + 0.05)[1] > 0.65
                for actor in world._plan.actors)


def test_a_repeated_frame_shows_and_tells_nothing_new():
    repeated = 0
    for seed in range(40):
        stream = draw_stream(
            np.random.default_rng(seed), split='train', turns=12, questions=2, world='moving')
        for tick in range(1, 12):
            assert stream.taken[tick] in (stream.stamps[tick], stream.taken[tick - 1])
            if stream.taken[tick] == stream.taken[tick - 1]:
                repeated += 1
                if repeated < 5:
                    assert np.array_equal(stream.frame(tick), stream.frame(tick - 1))
                assert not stream.pair(tick).motion
    assert repeated
