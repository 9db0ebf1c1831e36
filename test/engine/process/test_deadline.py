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

"""An answer is waited for as long as its caller says, and cut before that is over."""

import threading

import pytest

from streamo_ros.engine.process import deadline as module
from streamo_ros.engine.process.deadline import CUT
from streamo_ros.engine.process.deadline import Deadline
from streamo_ros.engine.process.deadline import END_S
from streamo_ros.engine.process.deadline import POLL_S


@pytest.fixture
def clock(monkeypatch):
    """Return the time, which a test sets."""
    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now
    made = Clock()
    monkeypatch.setattr(module, 'time', made)
    return made


def test_an_answer_is_cut_once_and_then_given_up(clock):
    cuts = []
    deadline = Deadline(10.0, threading.Event(), lambda: cuts.append(clock.now))
    assert deadline.wait_s() == POLL_S
    clock.now += CUT * 10.0 - 0.01
    assert deadline.wait_s() and not cuts
    for _ in range(3):
        clock.now += 0.01
        assert deadline.wait_s() == POLL_S
    assert cuts == [pytest.approx(100.0 + CUT * 10.0)]
    clock.now = 110.0 - POLL_S / 2
    assert deadline.wait_s() == pytest.approx(POLL_S / 2)
    clock.now = 110.0
    assert deadline.wait_s() == 0.0
    assert not deadline.ending


def test_a_caller_that_ends_cuts_the_answer_and_waits_a_little(clock):
    cuts, ended = [], threading.Event()
    deadline = Deadline(10.0, ended, lambda: cuts.append(clock.now))
    ended.set()
    clock.now += 1.0
    assert deadline.wait_s() and cuts == [101.0] and deadline.ending
    clock.now += END_S
    assert deadline.wait_s() == 0.0


def test_a_caller_that_ends_waits_no_longer_than_it_would_have(clock):
    ended = threading.Event()
    deadline = Deadline(10.0, ended, lambda: None)
    clock.now += 9.9
    ended.set()
    assert deadline.wait_s() == pytest.approx(0.1)
    clock.now += 0.1
    assert deadline.wait_s() == 0.0
