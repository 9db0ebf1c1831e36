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

"""The event log of a running node: kept, served, asked, killed, and never in the way."""

import os
import random
import sys
import time
import types

from diagnostic_msgs.msg import DiagnosticStatus
from graph import Graph
from graph import SECOND
import numpy as np
import pytest

from streamo_ros.action import Ask
from streamo_ros.action_client import ActionClient
from streamo_ros.dialogue import State
from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.mock.engine import Cue
from streamo_ros.mock.robot import MockRobot
from streamo_ros.msg import EventRecord
from streamo_ros.msg import Instruction
from streamo_ros.nodes.event_log.messages import nanoseconds
from streamo_ros.nodes.event_log.pictures import find_blur
from streamo_ros.nodes.event_log.pictures import jpeg
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.srv import GetEvent
from streamo_ros.srv import ListEvents

DOOR = 'Tell me when the door opens.'
KILLS = int(os.environ.get('STREAMO_KILLS', '2'))
"""Nodes that are killed; 50 for a long run."""


class Clients:
    """What asks a node's event log."""

    def __init__(self, graph, node='/streamo'):
        self._graph = graph
        self.events = []
        graph.node.create_subscription(EventRecord, f'{node}/event', self.events.append, 100)
        self._ask = ActionClient(graph.node, Ask, f'{node}/ask')

    def ask(self, question, **fields):
        self._graph.wait(self._ask.server_is_ready, 'the action server')
        sent = self._ask.send_goal_async(Ask.Goal(question=question, **fields))
        self._graph.wait(sent.done, 'the goal')
        result = sent.result().get_result_async()
        self._graph.wait(result.done, 'the result')
        return result.result().result


def watch(graph, console, camera, ticks):
    """Have the node judge so many frames, one after the other."""
    for _ in range(ticks):
        due = time.time_ns() + SECOND // 20
        graph.wait(lambda due=due: time.time_ns() >= due, 'the next frame to be due')
        console.await_decision(camera.send())


def start(graph, path, name='streamo', **parameters):
    process = graph.start(
        f'__node:={name}', f'image:=/{name}_image', fault='well', fps=30.0, event_log=path,
        **parameters)
    console, camera = graph.console(f'/{name}'), graph.camera(f'/{name}_image')
    camera.await_reader()
    console.await_discovery()
    console.ask(DOOR, 'door')
    console.await_any('the instruction', lambda state: state.instruction_id == 'door')
    return process, console, camera


def test_answers_are_logged_with_their_frames_served_and_asked(graph, tmp_path):
    clients = Clients(graph)
    _, console, camera = start(graph, tmp_path / 'log')
    before = time.time_ns()
    watch(graph, console, camera, 6)
    graph.wait(lambda: len(clients.events) == 2, 'the events')
    graph.wait(lambda: len(console.responses) == 2, 'the answers')
    event, response = clients.events[0], console.responses[0]
    assert (event.id, event.state, event.text) == (1, EventRecord.RESPONSE, response.text)
    assert (event.instruction_id, event.instruction) == ('door', DOOR)
    assert (event.event_start, event.event_end) == (response.event_start, response.event_end)
    assert event.event_start != event.event_end and event.header == response.header
    assert event.response_seq == response.seq and event.checkpoint == 'well'
    assert abs(event.probability - response.probability) < 1e-6
    assert before <= nanoseconds(event.logged) <= time.time_ns()

    listed = console.call(ListEvents, 'list_events', ListEvents.Request(words='doors', limit=1))
    assert (listed.error_msg, listed.total) == ('', 2)
    assert listed.events == [clients.events[1]]
    got = console.call(GetEvent, 'get_event', GetEvent.Request(id=1))
    assert got.event == event and event.pictures == 2
    assert [picture.header.stamp for picture in got.pictures] == [
        event.event_start, event.event_end]
    assert all(bytes(picture.data[:2]) == b'\xff\xd8' for picture in got.pictures)
    assert 'no event 99' in console.call(
        GetEvent, 'get_event', GetEvent.Request(id=99)).error_msg

    answered = clients.ask('How often did the door open in the last ten minutes?')
    assert (answered.kind, list(answered.event_ids)) == (Ask.Result.COUNT, [1, 2])
    assert answered.answer.startswith('2 times')
    declined = clients.ask('Why did the door open?')
    assert declined.kind == Ask.Result.DECLINED and list(declined.event_ids) == [1, 2]
    watch(graph, console, camera, 3)
    graph.wait(lambda: len(clients.events) == 3, 'another event')
    away = clients.ask('What happened while I was away?')  # since the last question
    assert list(away.event_ids) == [3]

    def status():
        return console.diagnostics and {
            one.name: one for one in console.diagnostics[-1].status}.get('/streamo: event log')
    graph.wait(lambda: status() and {
        value.key: value.value for value in status().values}['events_logged'] == '3', 'figures')
    assert status().level == DiagnosticStatus.OK


def test_without_the_parameter_no_file_is_written_and_requests_are_told(graph, tmp_path):
    clients = Clients(graph)
    graph.start(fault='well', fps=30.0)
    console = graph.console()
    console.await_discovery()
    before = sorted(path.name for path in tmp_path.iterdir() if 'log' not in path.name)
    assert 'event_log' in console.call(ListEvents, 'list_events').error_msg
    assert 'event_log' in console.call(GetEvent, 'get_event').error_msg
    answered = clients.ask('What happened?')
    assert answered.kind == Ask.Result.DECLINED and 'event_log' in answered.answer
    assert sorted(path.name for path in tmp_path.iterdir() if 'log' not in path.name) == before


def test_a_second_node_on_one_log_watches_without_one_and_says_so(graph, tmp_path):
    start(graph, tmp_path / 'log')
    clients = Clients(graph, '/second')
    graph.start(
        '__node:=second', 'image:=/other', fault='well', fps=30.0, event_log=tmp_path / 'log')
    console = graph.console('/second')
    console.await_discovery()

    def trouble():
        return [
            one.message for array in console.diagnostics for one in array.status
            if one.name == '/second: event log' and one.level == DiagnosticStatus.ERROR]
    graph.wait(trouble, 'the refusal')
    assert 'in use' in trouble()[-1]
    camera = graph.camera('/other')
    camera.await_reader()
    console.ask(DOOR, 'door')
    console.await_any('the instruction', lambda state: state.instruction_id == 'door')
    watch(graph, console, camera, 3)
    graph.wait(lambda: console.responses, 'an answer all the same')
    assert clients.events == []


def test_no_answer_that_was_heard_is_missing_after_kills(tmp_path):
    rng = random.Random(time.time_ns())
    heard = set()
    with Graph(tmp_path, {'STREAMO_HOLD_S': '60'}) as graph:
        for number in range(KILLS):
            # By a name of its own: DDS takes what a killed process had for alive for a while.
            process, console, camera = start(graph, tmp_path / 'log', f'node_{number}')
            count = 1 + rng.randrange(4)
            with camera.running(rate=60):
                graph.wait(lambda: len(console.responses) >= count, 'answers')  # noqa: B023
                time.sleep(rng.random() * 0.1)
                process.kill()
                process.wait()
            heard |= {
                (answer.text, nanoseconds(answer.event_end)) for answer in console.responses}
    with EventReader(tmp_path / 'log') as log:
        kept = {(event.text, event.ended) for event in log.page(EventQuery(), 0, 1000)[0]}
    assert heard and heard - kept == set()


@pytest.mark.parametrize('standby, states', [(True, [1, 2]), (False, [2])])
def test_a_standby_that_came_to_nothing_is_logged_if_asked_for(tmp_path, standby, states):
    script = [Cue(State.STANDBY, frame=1), Cue(State.STANDBY, frame=2),
              Cue(State.STANDBY, frame=4), Cue(State.RESPONSE, 'It is open.', frame=5)]
    events, stamps = [], []
    with MockRobot(script, rate=0, fps=30.0, event_log=str(tmp_path / 'log'),
                   event_log_standby=standby, event_log_pictures=standby) as robot:
        robot.node.create_subscription(EventRecord, '/streamo/event', events.append, 10)
        instructions = robot.node.create_publisher(Instruction, '/streamo/instruction', 1)
        robot.wait(instructions.get_subscription_count, 'the node')
        robot.wait(lambda: robot.streamo.count_subscribers('/streamo/event'), 'this reader')
        instructions.publish(Instruction(action=Instruction.ADD, id='door', text=DOOR))
        robot.wait(lambda: robot.streamo._instructions.standing, 'the instruction')
        steps = robot.streamo._health._inferences
        for number in range(6):
            stamps.append(robot.camera.publish(10**18 + number * SECOND))
            robot.wait(lambda number=number: len(steps) > number, 'a step')
        robot.wait(lambda: len(events) == len(states), 'the events')
    assert [event.state for event in events] == states
    assert {event.pictures for event in events} == ({2} if standby else {0})
    if standby:
        assert [nanoseconds(stamp) for stamp in (
            events[0].event_start, events[0].event_end)] == stamps[1:3]
        assert events[0].text == '' and events[0].response_seq == 0


def test_a_blur_is_found_and_applied_or_refused_in_a_sentence(monkeypatch):
    module = types.ModuleType('my_blur')
    module.black = lambda picture: picture * 0
    module.broken = lambda picture: picture[0]
    monkeypatch.setitem(sys.modules, 'my_blur', module)
    import cv2
    white = np.full((1080, 1920, 3), 255, np.uint8)
    plain = cv2.imdecode(np.frombuffer(jpeg(white), np.uint8), cv2.IMREAD_COLOR)
    assert plain.shape == (360, 640, 3) and plain.min() > 250
    dark = cv2.imdecode(np.frombuffer(
        jpeg(white, find_blur('my_blur:black')), np.uint8), cv2.IMREAD_COLOR)
    assert dark.max() < 5 and white.min() == 255
    with pytest.raises(ValueError, match='did not return a picture'):
        jpeg(white, find_blur('my_blur:broken'))
    assert find_blur('') is None
    for wrong in ('my_blur', 'my_blur:missing', 'no_such_module:blur', ':'):
        with pytest.raises(ParameterError, match='event_log_blur'):
            find_blur(wrong)


@pytest.mark.parametrize('frame, found', [('map', 'map'), ('elsewhere', '')])
def test_a_pose_is_logged_where_tf2_has_one(monkeypatch, tmp_path, frame, found):
    class Buffer:
        def __init__(self, **options):
            self.asked = []

        def lookup_transform(self, target, source, when):
            if target != 'map':
                raise RuntimeError('not connected')
            vector = types.SimpleNamespace(x=1.0, y=2.0, z=3.0)
            turn = types.SimpleNamespace(x=0.0, y=0.0, z=0.0, w=1.0)
            return types.SimpleNamespace(
                transform=types.SimpleNamespace(translation=vector, rotation=turn))

    tf2 = types.ModuleType('tf2_ros')
    tf2.Buffer, tf2.TransformListener = Buffer, lambda buffer, node: None
    monkeypatch.setitem(sys.modules, 'tf2_ros', tf2)
    events = []
    with MockRobot(fps=30.0, rate=30.0, instruction=DOOR, event_log_map_frame=frame,
                   event_log=str(tmp_path / 'log')) as robot:
        robot.node.create_subscription(EventRecord, '/streamo/event', events.append, 10)
        robot.wait(lambda: events, 'an event')
    assert events[0].pose.header.frame_id == found
    assert events[0].pose.pose.position.z == (3.0 if found else 0.0)
