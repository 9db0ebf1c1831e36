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

"""What is known of a node, from its messages alone."""

import json
import math

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
import pytest
from std_msgs.msg import Header

from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredResponse
from streamo_ros.nodes.console.board import ANSWERS
from streamo_ros.nodes.console.board import Board
from streamo_ros.nodes.console.board import LANES
from streamo_ros.nodes.console.board import SILENT_S
from streamo_ros.nodes.console.board import TEXT
from streamo_ros.nodes.console.board import TICKS
from streamo_ros.nodes.console.board import WITHDRAWN


class Told:
    """A board, and what it has the browsers told."""

    def __init__(self):
        self.events = []
        self.board = Board('/streamo', self.events.append)
        self._seq = 0

    def state(self, id, stamp=1.0, state=0, **fields):
        self._seq += 1
        probabilities = [0.1, 0.1, 0.1]
        probabilities[state] = 0.8
        message = StreamState(
            header=Header(stamp=Time(sec=int(stamp), nanosec=round(stamp % 1 * 1e9))),
            instruction_id=id, instruction=f'Tell me of {id}.' if id else '', camera='front',
            state=state, probability_silence=probabilities[0],
            probability_standby=probabilities[1], probability_response=probabilities[2])
        message.seq = self._seq
        for name, value in fields.items():
            setattr(message, name, value)
        self.board.take_state(message, 0.0)

    def lanes(self):
        return {lane['id']: lane for lane in self.board.snapshot()['lanes']}

    def kinds(self):
        return [event['kind'] for event in self.events]


@pytest.fixture
def told():
    return Told()


def test_states_make_lanes_whose_ticks_are_kept(told):
    told.state('a', 1.0, 0)
    told.state('a', 2.0, 1)
    told.state('a', 2.0, 1, age_s=3.0)  # a repeat
    assert [(stamp, state) for stamp, state, *_ in told.lanes()['a']['ticks']] == [
        (1.0, 0), (2.0, 1)]
    assert told.lanes()['a']['age_s'] == 3.0
    assert [event['tick'] is not None for event in told.events if event['kind'] == 'state'] == [
        True, True, False]


def test_a_withdrawn_instruction_stands_no_longer(told):
    told.state('a')
    told.state('b')
    told.state('a', 2.0, status=StreamState.STATUS_INACTIVE)
    assert told.lanes()['a']['standing']
    told.state('b', 2.0)
    assert not told.lanes()['a']['standing'] and told.lanes()['b']['standing']


def test_the_empty_id_says_that_none_stands(told):
    told.state('a')
    told.state('', 2.0)
    assert not told.lanes()['a']['standing']


def test_a_node_that_is_not_active_keeps_its_instructions(told):
    for id in ('a', 'b', 'a', 'b'):
        told.state(id, status=StreamState.STATUS_INACTIVE)
    assert all(lane['standing'] for lane in told.lanes().values())


def test_another_camera_says_nothing_of_this_one(told):
    told.state('a', status=StreamState.STATUS_INACTIVE)
    told.state('', camera='rear')
    told.state('b', camera='rear')
    assert told.lanes()['a']['standing']


def test_a_restart_is_said_and_all_is_taken_to_be_withdrawn(told):
    told.state('a')
    told.state('a', 2.0)
    told.state('b', 3.0, seq=1)
    assert not told.lanes()['a']['standing'] and told.lanes()['b']['standing']
    assert [event for event in told.events if event.get('restarted')][0]['starts'] == 1


def test_it_is_gone_when_nothing_is_heard_and_back_when_something_is(told):
    told.state('a')
    told.board.look_after(SILENT_S - 0.1)
    assert told.board.present
    told.board.look_after(SILENT_S + 0.1)
    assert not told.board.present
    told.state('a', 2.0)
    assert told.board.present
    assert [event['present'] for event in told.events if event['kind'] == 'presence'] == [
        True, False, True]


def test_a_refusal_is_told_and_makes_no_lane(told):
    told.state('a', status=StreamState.STATUS_REFUSED, detail='too many')
    assert told.events[-1]['kind'] == 'refused' and told.events[-1]['detail'] == 'too many'
    assert told.lanes() == {}


def test_earlier_stamps_of_a_later_epoch_begin_the_lane_anew(told):
    told.state('a', 100.0)
    told.state('a', 5.0, epoch=2)
    assert [stamp for stamp, *_ in told.lanes()['a']['ticks']] == [5.0]


def test_everything_is_bounded_and_is_json(told):
    for number in range(TICKS + 10):
        told.state('a', 1.0 + number)
    for number in range(LANES + 20):
        told.state(f'lane {number}', camera=f'camera {number}')
    told.state('long', instruction='x' * (TEXT + 5), detail='y' * (TEXT + 5))
    told.state('odd', probability_response=math.nan, probability_silence=math.inf,
               age_s=-math.inf, latency_s=math.nan)
    for _ in range(ANSWERS + 5):
        told.board.take_response(Response(text='z' * (TEXT + 5), probability=math.nan), 0.0)
    snapshot = told.board.snapshot()
    assert len(snapshot['lanes']) <= LANES and len(snapshot['answers']) == ANSWERS
    assert all(len(lane['ticks']) <= TICKS for lane in snapshot['lanes'])
    assert max(map(len, (lane['text'] for lane in snapshot['lanes']))) == TEXT
    json.dumps([snapshot, told.events], allow_nan=False)


def test_a_state_and_a_status_that_there_are_not_are_shown_as_ones_that_there_are(told):
    told.state('a', 1.0, 0)
    told.board.take_state(StreamState(
        seq=9, state=77, status=88, instruction_id='a', camera='front',
        instruction='Tell me of a.', probability_response=1.0), 0.0)
    assert (told.lanes()['a']['state'], told.lanes()['a']['status']) == (2, 'error')


def test_withdrawn_lanes_are_forgotten_in_the_end(told):
    for number in range(WITHDRAWN + 9):
        told.state(f'{number}')
        told.state('')
    assert len(told.lanes()) == WITHDRAWN
    assert told.kinds().count('forgotten') == 9


def test_diagnostics_tell_health_and_the_topics_of_the_cameras(told):
    told.board.take_cameras(['front'])

    def statuses(*names):
        return [DiagnosticStatus(
            level=DiagnosticStatus.ERROR, name=name, message='no frames',
            values=[KeyValue(key='topic', value=f'/{name.split()[-1]}/image')]) for name in names]

    told.board.take_diagnostics(statuses('/other: stream'), 0.0)
    assert not told.board.present
    told.board.take_diagnostics(statuses('/streamo: stream'), 0.0)
    assert told.board.topics == {'front': '/stream/image'}
    told.board.take_diagnostics(statuses('/streamo: stream front', '/streamo: stream rear'), 0.0)
    assert told.board.topics == {'front': '/front/image', 'rear': '/rear/image'}
    assert told.board.snapshot()['health'][0] == {
        'part': 'stream front', 'level': 'error', 'message': 'no frames',
        'values': {'topic': '/front/image'}}


@pytest.mark.parametrize('topic', ['', 'relative', '/with blank', '/~', '//', '/a/../b'])
def test_a_topic_that_is_none_is_never_subscribed_to(told, topic):
    told.board.take_diagnostics([DiagnosticStatus(
        name='/streamo: stream front', values=[KeyValue(key='topic', value=topic)])], 0.0)
    assert told.board.topics == {}


def test_an_answer_is_known_by_its_event_that_was_logged_before_it(told):
    for number in range(3):
        told.board.take_event({
            'id': number, 'camera': 'front', 'instruction_id': 'a', 'end': float(number),
            'pictures': 1})
    told.board.take_response(Response(
        camera='front', instruction_id='a', header=Header(stamp=Time(sec=1))), 0.0)
    assert (told.board.answers[0]['event'], told.board.answers[0]['event_pictures']) == (1, 1)


def test_an_answer_is_known_by_its_event_that_is_logged_after_it(told):
    stamp = Time(sec=7)
    told.board.take_response(Response(
        camera='front', instruction_id='a', header=Header(stamp=stamp)), 0.0)
    event = {'id': 5, 'camera': 'front', 'instruction_id': 'a', 'end': 7.0, 'pictures': 2}
    told.board.take_event({**event, 'end': 8.0})
    assert told.board.answers[0]['event'] == 0
    told.board.take_event(event)
    assert (told.board.answers[0]['event'], told.board.answers[0]['event_pictures']) == (5, 2)
    assert told.events[-1] == {'kind': 'event', 'node': '/streamo', 'event': event}


@pytest.mark.parametrize('first', ['the words', 'the data'])
def test_an_answer_is_shown_with_its_data_whichever_comes_first(told, first):
    response = Response(
        seq=3, camera='front', instruction_id='a', header=Header(stamp=Time(sec=7)))
    other = Response(seq=3, header=Header(stamp=Time(sec=1)))  # of an earlier run of the node
    told.board.take_response(other, 0.0)
    if first == 'the words':
        told.board.take_response(response, 0.0)
    told.board.take_structured(StructuredResponse(response=response, data='{"n": 1}'), 0.0)
    if first == 'the words':
        assert told.events[-1] == {
            'kind': 'data', 'node': '/streamo', 'number': 2, 'id': 'a', 'camera': 'front',
            'data': '{"n": 1}', 'data_error': ''}
    else:
        told.board.take_response(response, 0.0)
    assert [answer['data'] for answer in told.board.answers] == ['', '{"n": 1}']


def test_data_that_is_too_long_is_not_cut_but_left_out(told):
    told.board.take_response(Response(seq=3), 0.0)
    told.board.take_structured(
        StructuredResponse(response=Response(seq=3), data='"' + 'z' * TEXT + '"'), 0.0)
    answer = told.board.answers[0]
    assert answer['data'] == '' and 'too many to show' in answer['data_error']
