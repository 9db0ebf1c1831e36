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

"""Of several clocks on one topic that of one publisher is followed."""

import pytest

from streamo_ros.sources.one_clock import OneClock
from streamo_ros.sources.one_clock import SILENT_S
from streamo_ros.sources.one_clock import TOLD_S

SECOND = 10**9


class Topic:
    """A topic with so many publishers, and the steady clock beside it."""

    def __init__(self, publishers):
        self.publishers = publishers
        self.now = 100.0
        self.clock = OneClock(lambda: self.publishers, lambda: self.now)
        self._numbers = {}

    def send(self, second, publisher):
        """Send a frame, numbered by its publisher; return whether it is admitted."""
        first = 1000 * (1 + list(self._numbers).index(publisher)) if (
            publisher in self._numbers) else 1000 * (1 + len(self._numbers))
        self._numbers[publisher] = self._numbers.get(publisher, first) + 1
        return self.clock.admits(round(second * SECOND), self._numbers[publisher])


@pytest.mark.parametrize('apart', [3600.0, -3600.0, -5.0])
def test_of_two_clocks_one_is_followed_from_the_third_frame_on(apart):
    topic = Topic(2)
    admitted = []
    for number in range(100):
        topic.now += 0.5
        stamp = 10_000 + number / 2
        admitted.append((topic.send(stamp, 'one'), topic.send(stamp + apart, 'other')))
    assert admitted == [(True, True)] + 99 * [(False, True)]
    assert topic.clock.several


def test_a_clock_that_is_known_is_told_after_a_long_time_too():
    topic = Topic(2)
    assert [topic.send(9000.0, 'other'), topic.send(10.0, 'one')] == [True, True]
    for second in range(600):
        topic.now += 1.0
        assert topic.send(11.0 + second, 'one')
    assert not topic.send(9600.0, 'other')
    assert topic.send(611.0, 'one')


def test_when_the_clock_that_is_followed_falls_silent_another_is():
    topic = Topic(2)
    assert [topic.send(10.0, 'one'), topic.send(9000.0, 'other')] == [True, True]
    assert not topic.send(10.1, 'one')
    topic.now += SILENT_S
    assert [topic.send(12.0, 'one'), topic.send(9002.0, 'other')] == [True, False]
    topic.now += TOLD_S
    assert not topic.clock.several


def test_the_jump_of_a_single_publisher_is_believed_at_once():
    topic = Topic(1)
    assert [topic.clock.admits(second * SECOND) for second in (10, 9000, 10, 9000)] == [True] * 4
    assert not topic.clock.several


def test_the_jump_of_one_publisher_beside_idle_ones_is_believed_at_once():
    topic = Topic(3)
    assert [topic.send(second, 'one') for second in (10.0, 9000.0, 10.1, 500.0)] == [True] * 4


def test_a_camera_that_takes_the_place_of_another_is_believed_at_once():
    topic = Topic(2)  # DDS has not noticed yet that the first one has gone
    assert [topic.send(10.0, 'one'), topic.send(0.0, 'other')] == [True, True]
    assert topic.send(0.0, 'other')  # stale, as the sampler will say


def test_several_publishers_of_one_clock_are_all_heard():
    topic = Topic(3)
    assert [topic.send(second, second) for second in (10.0, 10.02, 9.99, 10.1, 11.0, 60.0)] == (
        [True] * 6)


def test_after_a_reset_no_clock_is_known():
    topic = Topic(2)
    assert [topic.send(10.0, 'one'), topic.send(9000.0, 'other')] == [True, True]
    topic.clock.reset()
    assert [topic.send(10.1, 'one'), topic.send(9000.1, 'other')] == [True, True]


class Recorded:
    """A topic of a bag: nobody can tell how many published, but when each frame was recorded."""

    def __init__(self):
        self._now = 0.0
        self.clock = OneClock(None, lambda: self._now)

    def hears(self, second, recorded):
        self._now = recorded
        return self.clock.admits(round(second * SECOND))


@pytest.mark.parametrize('apart', [3600.0, -3600.0, -5.0])
def test_of_two_clocks_in_a_bag_that_of_one_is_followed(apart):
    topic = Recorded()
    admitted = [
        (topic.hears(10_000 + at, 70 + at), topic.hears(10_000 + at + apart, 70.1 + at))
        for at in range(100)]
    assert admitted == [(True, True)] + 99 * [(True, False)]


def test_a_clock_in_a_bag_that_was_set_and_set_back_is_believed_at_once():
    topic = Recorded()
    assert all(topic.hears(second, at) for at, second in enumerate((0, 1, 2, 900, 901, 5, 6)))


def test_a_clock_that_comes_back_without_having_kept_time_is_believed():
    topic = Recorded()
    heard = [(95.0, 10.0), (95.4, 11.0), (0.0, 12.0), (0.5, 13.0), (96.0, 15.0), (96.5, 16.0)]
    assert all(topic.hears(second, recorded) for second, recorded in heard)
