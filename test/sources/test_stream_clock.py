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

"""The stamps of live pictures: those of the stream where it can be believed, and never back."""

import random

import pytest

from streamo_ros.sources.stream_clock import StreamClock

SECOND = 10**9
START = 1_700_000_000 * SECOND


def connected(fetched=False):
    clock = StreamClock()
    clock.reconnect(fetched)
    return clock


def test_pictures_that_the_network_holds_up_keep_their_distances():
    clock, rng = connected(), random.Random(1)
    stamps, taken = [], []
    for number in range(300):
        taken.append(number * SECOND // 10)
        held = 0 if number % 7 == 0 else rng.randrange(SECOND // 20)
        stamps.append(clock.stamp(taken[-1] + 5 * SECOND, START + taken[-1] + held))
    apart = [stamp - START - time for stamp, time in zip(stamps, taken)]
    assert max(apart[50:]) - min(apart[50:]) < SECOND // 500
    assert all(0 <= one < SECOND // 20 for one in apart)


def test_what_waited_for_the_connection_is_not_settled_until_pictures_come_as_they_are_taken():
    clock = connected()
    settled = []
    for number in range(30):    # two seconds of them at once
        arrived = START + max(2 * SECOND, number * SECOND // 10)
        stamp = clock.stamp(number * SECOND // 10, arrived)
        settled.append(clock.settled)
        if clock.settled:
            assert abs(arrived - stamp) < SECOND // 100
    assert settled.index(True) == 21 and all(settled[21:])


def test_a_clock_that_runs_slow_is_followed_without_a_jump():
    clock = connected()
    stamps = []
    for number in range(20_000):
        arrived = number * SECOND // 10
        stamps.append(clock.stamp(round(arrived * (1 - 2e-4)), START + arrived))
    assert START + arrived - stamps[-1] < SECOND // 100
    steps = [after - before for before, after in zip(stamps, stamps[1:])]
    assert max(steps) < SECOND // 9 and min(steps) > SECOND // 11


@pytest.mark.parametrize('leap', [-3600, -1, 11, 86_400])
@pytest.mark.parametrize('fetched', [False, True])
def test_where_the_streams_times_leap_stamps_go_on_from_the_moment_of_arrival(leap, fetched):
    clock = connected(fetched)
    before = [clock.stamp(n * SECOND // 10, START + n * SECOND // 10) for n in range(20)][-1]
    arrived = START + 2 * SECOND
    stamp = clock.stamp((2 + leap) * SECOND, arrived)
    assert stamp == arrived > before
    assert clock.stamp((2 + leap) * SECOND + SECOND // 10, arrived + SECOND // 10) == (
        arrived + SECOND // 10)


@pytest.mark.parametrize('fetched', [False, True])
def test_stamps_advance_over_connections_and_times_that_repeat_or_are_missing(fetched):
    clock, rng = connected(fetched), random.Random(2)
    last, now = 0, START
    for _ in range(2000):
        now += rng.randrange(SECOND // 5)
        if rng.random() < 0.02:
            clock.reconnect(fetched)
        stamp = clock.stamp(rng.choice((None, now - START, now - START, 0)), now)
        assert stamp > last
        assert fetched or stamp <= now + 2000
        last = stamp


def test_what_is_fetched_is_due_at_its_own_pace_and_later_after_a_stall():
    clock = connected(fetched=True)
    assert [clock.stamp(n * SECOND, START) for n in range(4)] == [
        START + n * SECOND for n in range(4)]
    assert clock.stamp(4 * SECOND, START + 6 * SECOND) == START + 6 * SECOND
    assert clock.stamp(5 * SECOND, START + 6 * SECOND) == START + 7 * SECOND


def test_a_clock_that_is_put_back_is_followed():
    clock = connected()
    clock.stamp(None, START)
    assert clock.stamp(None, START - 3600 * SECOND) == START - 3600 * SECOND
    assert clock.stamp(None, START - 3600 * SECOND - 1) == START - 3600 * SECOND + 1
