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

"""The camera's thread: order kept, what waits bounded, nobody kept waiting."""

import threading
from types import SimpleNamespace

import pytest
from waiting import wait_for

from streamo_ros.nodes import picture_thread
from streamo_ros.nodes.failures import Failures
from streamo_ros.nodes.picture_thread import PictureThread
from streamo_ros.nodes.picture_thread import WAITING
from streamo_ros.nodes.picture_thread import WAITING_BYTES
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S


class Log(list):
    """A logger that keeps what was logged."""

    error = list.append


class Recorder:
    """A thread, what it has taken, and a gate before each."""

    def __init__(self):
        self.taken, self.log = [], Log()
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.pictures = PictureThread('/image', self.take, Failures(self.log))
        self.pictures.open()

    def take(self, message, number):
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        self.taken.append(message.number)
        if message.number == 'bad':
            raise ValueError('not a \x1b[31mpicture')

    def put(self, *numbers, size=1):
        for number in numbers:
            self.pictures.put(SimpleNamespace(number=number, data=bytes(1) * size), 0)

    def await_taken(self, *numbers):
        wait_for(lambda: self.taken[-len(numbers):] == list(numbers), numbers)


@pytest.fixture
def recorder():
    made = Recorder()
    yield made
    made.gate.set()
    made.pictures.close()


def test_messages_are_taken_in_their_order_and_the_oldest_go_when_too_many_wait(recorder):
    recorder.put(0)
    assert recorder.entered.wait(PATIENCE_S)
    assert recorder.pictures.busy_s > 0
    recorder.put(*range(1, WAITING + 4))
    assert recorder.pictures.passed_over == 3
    recorder.gate.set()
    recorder.await_taken(0, *range(4, WAITING + 4))
    wait_for(lambda: recorder.pictures.busy_s == 0, 'idleness')


def test_what_waits_is_bounded_in_bytes_but_one_always_may(recorder):
    recorder.put(0)
    assert recorder.entered.wait(PATIENCE_S)
    recorder.put(1, 2, 3, size=WAITING_BYTES // 2)
    assert recorder.pictures.passed_over == 1
    recorder.put(4, size=2 * WAITING_BYTES)
    assert recorder.pictures.passed_over == 3
    recorder.gate.set()
    recorder.await_taken(0, 4)


def test_after_a_picture_that_took_long_only_the_newest_is_looked_at(recorder, monkeypatch):
    monkeypatch.setattr(picture_thread, 'COSTLY_S', -1.0)
    recorder.put(0)
    assert recorder.entered.wait(PATIENCE_S)
    recorder.put(1, 2, 3)
    recorder.gate.set()
    recorder.await_taken(0, 3)
    assert recorder.pictures.passed_over == 2


def test_after_a_picture_that_cost_much_its_memory_is_given_back(recorder, monkeypatch):
    given_back = []
    monkeypatch.setattr(picture_thread, 'give_freed_memory_back', lambda: given_back.append(1))
    recorder.gate.set()
    recorder.put(0, 1)
    recorder.await_taken(0, 1)
    assert not given_back
    monkeypatch.setattr(picture_thread, 'LARGE_S', -1.0)
    recorder.put(2)
    wait_for(lambda: given_back, 'memory to be given back')


def test_a_message_that_fails_is_told_and_the_next_one_taken(recorder):
    recorder.gate.set()
    recorder.put('bad', 1)
    recorder.await_taken('bad', 1)
    (said,) = recorder.log
    assert 'the node goes on' in said and '\x1b' not in said


def test_closed_it_ends_and_opened_again_it_takes_what_comes_then(recorder):
    recorder.put(0)
    assert recorder.entered.wait(PATIENCE_S)
    recorder.put(1)
    recorder.pictures.close()
    recorder.put(2)
    recorder.pictures.open()
    recorder.put(3)
    recorder.gate.set()
    recorder.await_taken(0, 3)
    thread = recorder.pictures._thread
    recorder.pictures.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
