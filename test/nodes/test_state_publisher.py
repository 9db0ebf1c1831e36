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

"""What is published about each instruction, fresh and repeated."""

from builtin_interfaces.msg import Time
import numpy as np
import pytest
from std_msgs.msg import Header

from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.msg import StreamState
from streamo_ros.nodes.state_publisher import SequencedPublisher
from streamo_ros.nodes.state_publisher import StatePublisher
from streamo_ros.nodes.state_publisher import Status
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import Step

DOOR = StandingInstruction('door', 'Tell me when the door opens.')
RAIN = StandingInstruction('rain', 'Tell me when it rains.')
LATENCY_NS = 250_000_000
NEVER = 3600.0
WELL = Status()


class Heard:
    """Reports, and all they have published."""

    def __init__(self):
        self.states = []
        self.responses = []
        self.now = 0
        publisher = SequencedPublisher(
            [self.states.append], [lambda response, data: self.responses.append(response)])
        self.reports = StatePublisher('image', publisher, lambda: self.now)
        self.reports.begin_epoch(1)
        self.beside = StatePublisher('rear', publisher, lambda: self.now)
        self.beside.begin_epoch(7)

    def step(self, tick, *decisions, status=WELL, dropped=0, epoch=1, reports=None):
        """Report that (instruction, state[, text, complete]) were decided about a frame."""
        header = Header(stamp=Time(sec=tick, nanosec=5), frame_id='optical')
        frame = Frame(np.zeros((2, 2, 3), np.uint8), header, tick * 10**9 + 5, epoch, tick)
        self.now = frame.stamp + LATENCY_NS
        decided = [
            (instruction, Decision(
                instruction.id, state, (0.25, 0.125, 0.625), *more, stamp=float(tick)))
            for instruction, state, *more in (
                (*decision, '', True)[:5] if len(decision) == 2 else decision
                for decision in decisions)]
        (reports or self.reports).step(Step(frame, [], 0.125), decided, status, dropped)
        return self.states[-len(decisions):]

    def repeat(self, *standing, status=WELL, dropped=0, heartbeat_s=NEVER):
        before = len(self.states)
        self.reports.repeat(standing, status, dropped, heartbeat_s)
        return self.states[before:]


@pytest.fixture
def heard():
    return Heard()


def test_a_state_copies_its_frame_and_names_its_instruction(heard):
    state, other = heard.step(3, (DOOR, State.SILENCE), (RAIN, State.STANDBY), dropped=9)
    assert (state.header.stamp, state.header.frame_id) == (Time(sec=3, nanosec=5), 'optical')
    assert (state.instruction_id, state.instruction) == ('door', DOOR.text)
    assert (state.state, state.epoch, state.tick, state.camera) == (
        StreamState.SILENCE, 1, 3, 'image')
    assert (state.probability_silence, state.probability_standby, state.probability_response) == (
        0.25, 0.125, 0.625)
    assert (state.inference_s, state.latency_s, state.age_s) == (0.125, 0.25, 0.0)
    assert (state.frames_dropped, state.status, state.detail) == (9, StreamState.STATUS_OK, '')
    assert (other.instruction_id, other.state) == ('rain', StreamState.STANDBY)


def test_seq_counts_every_state(heard):
    heard.step(0, (DOOR, State.SILENCE), (RAIN, State.SILENCE))
    heard.repeat(DOOR, RAIN, heartbeat_s=0.0)
    heard.reports.refuse('x', 'text', 'because')
    heard.step(1, (DOOR, State.SILENCE))
    assert [state.seq for state in heard.states] == [1, 2, 3, 4, 5, 6]


def test_cameras_are_counted_as_one_and_keep_apart_otherwise(heard):
    heard.step(1, (DOOR, State.STANDBY))
    heard.step(2, (DOOR, State.RESPONSE, 'It opened.', True), reports=heard.beside, epoch=7)
    heard.step(3, (DOOR, State.RESPONSE, 'It opened.', True))
    assert [(state.seq, state.camera, state.epoch, state.response_seq)
            for state in heard.states] == [
                (1, 'image', 1, 0), (2, 'rear', 7, 1), (3, 'image', 1, 2)]
    assert [(answer.seq, answer.camera, answer.event_start.sec) for answer in heard.responses] == [
        (1, 'rear', 2), (2, 'image', 1)]


def test_standby_says_since_when_and_the_answer_spans_it(heard):
    states = [
        heard.step(tick, (DOOR, kind))[0]
        for tick, kind in enumerate([State.SILENCE, State.STANDBY, State.STANDBY])]
    assert [state.standby_since.sec for state in states] == [0, 1, 1]
    heard.step(3, (DOOR, State.RESPONSE, 'It opened.', True))
    (answer,) = heard.responses
    assert (answer.event_start.sec, answer.event_end.sec) == (1, 3)
    assert heard.states[-1].standby_since == Time()


def test_an_answer_without_standby_spans_its_own_frame(heard):
    heard.step(1, (DOOR, State.STANDBY))
    heard.step(2, (DOOR, State.SILENCE))
    heard.step(3, (DOOR, State.RESPONSE, 'It opened.', True))
    heard.step(4, (DOOR, State.STANDBY))
    heard.step(5, (DOOR, State.RESPONSE, 'It opened.', True))
    heard.step(6, (DOOR, State.RESPONSE, 'It opened.', True))
    assert [(answer.event_start.sec, answer.event_end.sec) for answer in heard.responses] == [
        (3, 3), (4, 5), (6, 6)]


def test_an_answer_names_its_instruction_and_is_counted(heard):
    heard.step(1, (DOOR, State.RESPONSE, 'It opened.', True), (RAIN, State.RESPONSE, 'It', False))
    first, second = heard.responses
    assert (first.instruction_id, first.instruction, first.text, first.complete, first.seq) == (
        'door', DOOR.text, 'It opened.', True, 1)
    assert (second.instruction_id, second.text, second.complete, second.seq) == (
        'rain', 'It', False, 2)
    assert (first.epoch, first.camera, first.header.stamp.sec) == (1, 'image', 1)
    assert (first.probability, first.latency_s, first.inference_s) == (0.625, 0.25, 0.125)


def test_states_name_the_latest_answer_to_their_instruction(heard):
    heard.step(1, (DOOR, State.RESPONSE, 'It opened.', True), (RAIN, State.SILENCE))
    heard.step(2, (DOOR, State.SILENCE), (RAIN, State.RESPONSE, 'It rains.', True))
    heard.reports.begin_epoch(2)
    heard.step(3, (DOOR, State.SILENCE), (RAIN, State.SILENCE), epoch=2)
    assert [state.response_seq for state in heard.states] == [1, 0, 1, 2, 1, 2]


def test_nothing_is_repeated_before_its_time(heard):
    heard.step(1, (DOOR, State.STANDBY))
    assert heard.repeat(DOOR) == []


def test_a_repeat_is_the_last_state_with_its_age(heard):
    fresh, = heard.step(1, (DOOR, State.STANDBY))
    repeat, = heard.repeat(DOOR, heartbeat_s=0.0, dropped=4)
    assert repeat.age_s > 0
    assert (repeat.state, repeat.header, repeat.tick, repeat.standby_since) == (
        fresh.state, fresh.header, fresh.tick, fresh.standby_since)
    assert repeat.frames_dropped == 4
    assert fresh.age_s == 0


def test_a_change_of_status_is_said_at_once_and_once(heard):
    heard.step(1, (DOOR, State.SILENCE))
    trouble = Status(StreamState.STATUS_NO_FRAMES, 'nobody publishes /image')
    said, = heard.repeat(DOOR, status=trouble)
    assert (said.status, said.detail) == (trouble.code, trouble.detail)
    assert heard.repeat(DOOR, status=trouble) == []
    assert heard.repeat(DOOR)[0].status == StreamState.STATUS_OK


def test_a_new_instruction_is_acknowledged_before_its_first_decision(heard):
    said, = heard.repeat(DOOR)
    assert (said.instruction_id, said.state, said.header) == (
        'door', StreamState.SILENCE, Header())
    assert said.probability_silence == said.probability_standby == said.probability_response == 0
    assert said.age_s > 0


def test_without_instructions_the_node_still_speaks(heard):
    said, = heard.repeat()
    assert said.instruction_id == ''
    assert heard.repeat() == []
    assert len(heard.repeat(heartbeat_s=0.0)) == 1


def test_a_withdrawn_instruction_is_taken_leave_of_once(heard):
    heard.step(1, (DOOR, State.STANDBY), (RAIN, State.SILENCE))
    said, = heard.repeat(RAIN)
    assert (said.instruction_id, said.status) == ('door', StreamState.STATUS_INACTIVE)
    assert 'withdrawn' in said.detail
    assert heard.repeat(RAIN) == []


def test_a_replaced_instruction_starts_with_nothing_decided(heard):
    heard.step(1, (DOOR, State.STANDBY))
    new = StandingInstruction('door', 'Tell me when the door shuts.')
    said, = heard.repeat(new)
    assert (said.instruction, said.state, said.standby_since) == (
        new.text, StreamState.SILENCE, Time())


def test_an_epoch_begins_with_nothing_decided_and_says_so(heard):
    heard.step(1, (DOOR, State.STANDBY))
    heard.reports.begin_epoch(2)
    said, = heard.repeat(DOOR)
    assert (said.epoch, said.state, said.header) == (2, StreamState.SILENCE, Header())
    heard.step(2, (DOOR, State.RESPONSE, 'It opened.', True), epoch=2)
    assert heard.responses[0].event_start.sec == 2


def test_a_refusal_says_what_and_why(heard):
    heard.reports.refuse('door', 'x' * 10_000, 'it is too long')
    (said,) = heard.states
    assert (said.instruction_id, said.status, said.detail) == (
        'door', StreamState.STATUS_REFUSED, 'it is too long')
    assert 0 < len(said.instruction) < 1000


def test_what_is_refused_is_repeated_without_control_characters(heard):
    heard.reports.refuse('\x1b[2J', 'a\nb\u202e', 'it is odd')
    (said,) = heard.states
    assert (said.instruction_id, said.instruction) == ('\ufffd[2J', 'a\ufffdb\ufffd')
