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

"""The rows are the instructions that stand, with what was last said about each."""

import pytest

from streamo_ros.dialogue import State
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.overlay.drawing import Row
from streamo_ros.nodes.overlay.rows import LINGER_S
from streamo_ros.nodes.overlay.rows import MOST
from streamo_ros.nodes.overlay.rows import OverlayRows


class Node:
    """Says things at chosen times, numbered as a node numbers them."""

    def __init__(self):
        self.shown = OverlayRows('/streamo/state')
        self.seq = 0
        self.now = 100.0

    def say(self, id, text='', **fields):
        self.seq += 1
        self.shown.take_state(
            StreamState(instruction_id=id, instruction=text, seq=self.seq, **fields), self.now)

    def decide(self, id, state, **fields):
        self.say(id, f'text of {id}', state=int(state), probability_standby=1.0, **fields)

    def answer(self, id, words):
        self.shown.take_response(
            Response(instruction_id=id, instruction=f'text of {id}', text=words), self.now)

    @property
    def rows(self):
        return self.shown.rows(self.now)

    @property
    def texts(self):
        return [row.instruction for row in self.rows]


@pytest.fixture
def node():
    return Node()


def test_before_anything_is_heard_it_says_where_it_listens(node):
    (row,) = node.rows
    assert '/streamo/state' in row.instruction
    assert row.state is None


def test_a_row_has_the_last_decision_and_ages_with_the_clock(node):
    node.decide('door', State.STANDBY)
    node.decide('door', State.RESPONSE, latency_s=0.25)
    node.now += 3.0
    assert node.rows == [Row('text of door', State.RESPONSE, 3.0, 0.25, '', node.now)]
    node.decide('door', State.RESPONSE, age_s=4.0)
    node.now += 1.0
    assert node.rows[0].age_s == 5.0


def test_an_instruction_without_a_decision_has_no_state_but_its_trouble(node):
    node.say('door', 'text', status=StreamState.STATUS_NO_FRAMES, detail='no camera')
    assert (node.rows[0].state, node.rows[0].trouble) == (None, 'no camera')


@pytest.mark.parametrize('latency', [0.0, -5.0, 1.7e9])
def test_a_latency_between_clocks_that_differ_is_not_shown(node, latency):
    node.decide('door', State.SILENCE, latency_s=latency)
    assert node.rows[0].latency_s is None


def test_the_last_answer_stays_with_its_instruction_and_ages(node):
    node.decide('door', State.RESPONSE)
    node.decide('light', State.SILENCE)
    node.answer('door', 'It opened.')
    node.now += 5.0
    node.decide('door', State.SILENCE)
    assert [(row.answer, row.state) for row in node.rows] == [
        ('It opened.', State.SILENCE), ('', State.SILENCE)]
    assert node.rows[0].answer_age_s == 5.0
    node.say('door', 'another text')
    assert node.rows[0].answer == ''
    node.answer('door', 'It opened.')  # to the text before, and late
    assert node.rows[0].answer == ''


def test_an_instruction_that_is_withdrawn_goes_after_a_while_and_the_others_stay(node):
    node.decide('door', State.SILENCE)
    node.decide('light', State.SILENCE)
    node.say('door', 'text of door', status=StreamState.STATUS_INACTIVE, detail='withdrawn')
    node.decide('light', State.SILENCE)
    assert node.texts == ['text of door', 'text of light']
    assert node.rows[0].trouble == 'withdrawn'
    node.now += LINGER_S
    node.decide('light', State.SILENCE)
    assert node.texts == ['text of light']


def test_the_last_instruction_goes_when_none_stands_and_comes_back_when_asked_again(node):
    node.decide('door', State.SILENCE)
    node.say('door', 'text of door', status=StreamState.STATUS_INACTIVE, detail='withdrawn')
    node.say('')
    assert node.texts == ['text of door', 'No instruction stands.']
    node.now += LINGER_S
    node.say('')
    assert node.texts == ['No instruction stands.']
    node.decide('door', State.SILENCE)
    assert node.texts == ['text of door']
    node.now += 2 * LINGER_S
    assert node.texts == ['text of door']


def test_a_node_that_is_not_active_keeps_its_rows_in_their_order(node):
    for _ in range(2):
        for id in ('door', 'light'):
            node.decide(id, State.SILENCE, status=StreamState.STATUS_INACTIVE, detail='inactive')
            node.now += LINGER_S
    assert node.texts == ['text of door', 'text of light']
    for _ in range(2):
        for id in ('door', 'light'):
            node.decide(id, State.SILENCE)
        node.now += LINGER_S
    assert node.texts == ['text of door', 'text of light']


def test_what_is_refused_is_no_row(node):
    node.decide('door', State.SILENCE)
    for id in ('door', 'other'):
        node.say(id, 'refused', status=StreamState.STATUS_REFUSED, detail='in use')
    assert node.texts == ['text of door']


def test_a_node_that_starts_again_starts_with_no_rows(node):
    node.decide('door', State.SILENCE)
    node.decide('door', State.SILENCE)
    node.seq = 0
    node.decide('light', State.SILENCE)
    assert node.texts == ['text of light']


@pytest.mark.parametrize('fields', [
    {'state': 7}, {'age_s': float('nan')}, {'age_s': float('inf')}], ids=str)
def test_what_no_node_says_is_passed_over(node, fields):
    node.say('door', 'text', **fields)
    (row,) = node.rows
    assert '/streamo/state' in row.instruction


def test_of_very_many_instructions_and_of_long_texts_a_part_is_kept(node):
    for number in range(2 * MOST):
        node.say(f'door {number}', 'x' * 2**20, detail='y' * 2**20)
    node.answer(f'door {2 * MOST - 1}', 'z' * 2**20)
    rows = node.rows
    assert len(rows) == MOST
    assert max(len(row.instruction + row.trouble + row.answer) for row in rows) < 3000
