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


"""What is computed next: encodings before steps, but no step is passed over for ever."""

from types import SimpleNamespace

import numpy as np

from streamo_ros.engine.backends.batch_queue import BatchQueue
from streamo_ros.engine.backends.batch_queue import Request


def request(name, width=0):
    """Return a step of so many tokens, or anything else."""
    inputs = SimpleNamespace(embeds=np.zeros((1, width, 4))) if width else None
    return Request(name, lambda: None, inputs=inputs)


def queue(*requests):
    waiting = BatchQueue()
    for each in requests:
        waiting.add(each)
    return waiting


def order(waiting, streams=9):
    """Return the names in the order in which they are taken, until none is left."""
    taken = []
    while waiting:
        taken.append([each.stream for each in waiting.take(streams)])
    return taken


def test_steps_wait_for_what_else_was_asked_for_and_go_together():
    assert order(queue(
        request('a', 40), request('b'), request('c', 38), request('d'))) == [
            ['b'], ['d'], ['a', 'c']]


def test_a_step_lets_no_more_pass_than_there_are_streams():
    waiting = queue(request('step', 40))
    taken = []
    for number in range(5):
        waiting.add(request(number))
        taken += [each.stream for each in waiting.take(streams=3)]
    assert taken == [0, 1, 2, 'step', 3]


def test_chunks_of_other_widths_go_apart_the_oldest_first():
    assert order(queue(
        request('a', 1), request('b', 40), request('c', 1), request('d', 29),
        request('e', 31))) == [['a', 'c'], ['b', 'e'], ['d']]


def test_who_waits_for_the_head_is_served_together():
    one, two = (Request(name, lambda: None, hidden=np.zeros((1, 4))) for name in 'ab')
    assert order(queue(one, request('c'), two, request('d', 1))) == [['a', 'b'], ['c'], ['d']]


def test_what_waits_is_forgotten_at_once():
    waiting = queue(request('a', 40), request('b'))
    assert [each.stream for each in waiting.empty()] == ['a', 'b']
    assert not waiting


def test_a_batch_is_ready_when_those_who_were_served_are_there():
    waiting = queue(request('a', 40), request('b'), request('c'))
    for _ in 'bc':
        assert waiting.ready()  # there is something else to do
        waiting.take(9)
        waiting.add(request('d', 40))
    assert not waiting.ready()
    waiting.add(request('c', 40))
    assert not waiting.ready()
    waiting.add(request('b', 40))
    assert waiting.ready()
    waiting.take(9)
    waiting.add(request('a', 40))
    assert waiting.ready()  # nobody was given anything but decisions
