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

"""What becomes of the standing instructions when the node ends, however it ends."""

import json
import os
import signal
import stat

import pytest
from rclpy.logging import get_logger
from std_srvs.srv import SetBool

from streamo_ros.action import WatchFor
from streamo_ros.action_client import ActionClient
from streamo_ros.dialogue import AnswerFormat
from streamo_ros.engine.instruction_table import GOAL
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.engine.instruction_table import PARAMETER
from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState
from streamo_ros.nodes.state_file import FORMAT
from streamo_ros.nodes.state_file import MAX_BYTES
from streamo_ros.nodes.state_file import StateFile

DOOR = 'Tell me when the door opens.'
LIGHT = 'Tell me when the light goes off or on.'


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'state' / 'instructions.json'


@pytest.fixture
def table():
    table = InstructionTable('image')
    table.add('door', DOOR, 'console')
    table.add('', '«Licht» 光 "\\', once=True, taken=False)
    return table


def open_file(path, node='/streamo'):
    return StateFile(str(path), node, get_logger('test'))


def read(path, **options):
    return [(m.id, m.text, m.source, m.once, m.action)
            for m in messages(path, **options)]


def messages(path, **options):
    return [kept.instruction for kept in open_file(path, **options).read()]


def test_what_stood_is_read_again_in_its_order(path, table):
    open_file(path).write(table.standing)
    assert read(path) == [
        ('door', DOOR, 'console', False, Instruction.ADD),
        ('instruction-1', '«Licht» 光 "\\', '', True, Instruction.ADD)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_every_change_is_written_and_nothing_else_is(path, table):
    file = open_file(path)
    file.write(table.standing)
    written = path.stat().st_ino
    file.write(table.standing)
    assert path.stat().st_ino == written
    table.cancel('door')
    file.write(table.standing)
    assert [id for id, *_ in read(path)] == ['instruction-1']
    assert path.stat().st_ino != written  # another file took its place


def test_nothing_is_written_while_nothing_ever_stood(path):
    file = open_file(path)
    assert file.read() == []
    file.write(())
    assert not path.parent.exists()


def test_goals_and_the_parameters_instruction_are_not_kept(path, table):
    table.add('goal-1', LIGHT, origin=GOAL)
    table.add('parameter', LIGHT, origin=PARAMETER)
    open_file(path).write(table.standing)
    assert [id for id, *_ in read(path)] == ['door', 'instruction-1']


def test_without_a_path_nothing_is_kept(tmp_path, monkeypatch, table):
    monkeypatch.setenv('ROS_HOME', str(tmp_path))
    file = open_file('')
    assert file.read() == []
    file.write(table.standing)
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_lies_in_the_ros_home(tmp_path, monkeypatch, table):
    monkeypatch.setenv('ROS_HOME', str(tmp_path / 'home'))
    open_file('streamo/left.json').write(table.standing)
    assert (tmp_path / 'home' / 'streamo' / 'left.json').exists()


ENTRY = {'id': 'a', 'text': 'one', 'source': '', 'once': False}


def state(*entries, **fields):
    return json.dumps(
        {'format': FORMAT, 'node': '/streamo', 'instructions': list(entries), **fields}).encode()


def test_what_answers_have_beside_their_words_is_kept(path, table):
    table.add('choices', 'three', answer=AnswerFormat(('a', 'b')))
    table.add('schema', 'four', answer=AnswerFormat(json_schema='{"type": "null"}'))
    open_file(path).write(table.standing)
    kept = open_file(path).read()
    assert [(one.instruction.id, list(one.choices), one.json_schema) for one in kept][-2:] == [
        ('choices', ['a', 'b'], ''), ('schema', [], '{"type": "null"}')]
    assert {(tuple(one.choices), one.json_schema) for one in kept[:-2]} == {((), '')}


@pytest.mark.parametrize('more', [
    {'choices': ['a']}, {'choices': [1], 'json_schema': ''}, {'choices': 'ab', 'json_schema': ''}])
def test_a_format_that_is_none_makes_it_no_file_of_ours(path, more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(state({**ENTRY, 'camera': '', **more}))
    assert open_file(path).read() == []
    assert not path.exists()


def test_the_camera_is_kept_and_an_older_file_that_names_none_is_read(path):
    pair = InstructionTable('front', 'rear')
    pair.add('a', 'one', camera='rear')
    open_file(path).write(pair.standing)
    (message,) = messages(path)
    assert message.camera == 'rear'
    path.write_bytes(state(ENTRY))
    (message,) = messages(path)
    assert (message.text, message.camera) == ('one', '')


@pytest.mark.parametrize('content', [
    state(ENTRY)[:-9], state(instructions=None), state('text'), state({**ENTRY, 'once': 1}),
    state({**ENTRY, 'more': 1}), state(node=7),
    state(format='streamo_ros instructions, version 9'), state({**ENTRY, 'text': 'x' * MAX_BYTES}),
], ids=range(8))
def test_a_file_that_is_spoilt_is_moved_aside_and_a_new_one_begun(path, table, content):
    path.parent.mkdir()
    path.write_bytes(content)
    file = open_file(path)
    assert file.read() == []
    assert not path.exists()
    assert path.with_name('instructions.json.bad').read_bytes() == content
    file.write(table.standing)
    assert len(read(path)) == 2


@pytest.mark.parametrize('content', [
    b'\xff\xfe', b'null', b'[1]', b'{"format": "another"}', b'[' * 200_000,
], ids=lambda content: content[:12])
def test_what_no_node_wrote_is_left_alone(path, table, content):
    path.parent.mkdir()
    path.write_bytes(content)
    file = open_file(path)
    assert file.read() == []
    file.write(table.standing)
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file_is_written(path, table):
    path.parent.mkdir()
    path.touch()
    file = open_file(path)
    assert file.read() == []
    file.write(table.standing)
    assert len(read(path)) == 2


def test_the_file_of_another_node_is_left_alone(path, table):
    open_file(path, '/left/streamo').write(table.standing)
    before = path.read_bytes()
    file = open_file(path, '/right/streamo')
    assert file.read() == []
    file.write(table.standing[:1])
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_read_or_written_is_no_reason_to_stop(path, table, tmp_path):
    path.mkdir(parents=True)
    assert open_file(path).read() == []
    (tmp_path / 'file').write_text('')
    open_file(tmp_path / 'file' / 'instructions.json').write(table.standing)


def standing(console, id):
    return console.await_any(f'instruction {id}', lambda state: state.instruction_id == id)


def test_a_node_that_is_killed_takes_its_instructions_up_again(graph, path):
    options = {'fps': 5.0, 'fault': 'well', 'state_file': path}
    process = graph.start(**options)
    console = graph.console()
    console.ask(DOOR, 'door')
    console.ask(LIGHT)
    console.ask('Say it once.', 'once', once=True)
    console.ask('nothing', 'gone')
    for id in ('door', 'instruction-1', 'once', 'gone'):
        standing(console, id)
    console.ask(id='gone', action=Instruction.CANCEL)
    client = ActionClient(graph.node, WatchFor, '/streamo/watch_for')
    graph.wait(client.server_is_ready, 'the action server')
    console.await_discovery()
    graph.wait(lambda: console.call(  # a goal needs a node that watches
        SetBool, 'enable', SetBool.Request(data=True)).success, 'an active node')
    client.send_goal_async(WatchFor.Goal(instruction='Watch for me.'))
    console.await_any('the goal', lambda s: s.instruction == 'Watch for me.')
    graph.wait(lambda: [id for id, *_ in read(path)] == ['door', 'instruction-1', 'once'], 'it')
    process.kill()
    console.states.clear()
    process = graph.start(**options)
    for id, text in (('door', DOOR), ('instruction-1', LIGHT), ('once', 'Say it once.')):
        assert standing(console, id).instruction == text
    camera = graph.camera()
    camera.await_reader()
    for number in range(3):
        camera.send((1000 + number) * 10**9)
        graph.wait(lambda number=number: len(console.fresh) == 3 * number + 3, 'decisions')
    graph.wait(lambda: [id for id, *_ in read(path)] == ['door', 'instruction-1'], 'once, gone')
    process.send(signal.SIGINT)
    assert process.wait() == 0
    assert [id for id, *_ in read(path)] == ['door', 'instruction-1']


def test_what_is_read_is_trusted_no_more_than_the_network(graph, path):
    path.parent.mkdir()
    path.write_bytes(state(
        {**ENTRY, 'id': 'odd', 'text': 'Tell\n\x1b[31mme.'}, {**ENTRY, 'id': 'x' * 99},
        {**ENTRY, 'id': 'empty', 'text': '\x07'}, ENTRY, ENTRY))
    process = graph.start(fault='well', state_file=path)
    console = graph.console()
    assert standing(console, 'odd').instruction == 'Tell [31mme.'
    standing(console, 'a')
    assert process.log.count('refused') == 3
    graph.wait(lambda: [id for id, *_ in read(path)] == ['odd', 'a'], 'the file in order')


def test_a_corrupt_file_is_said_and_the_node_watches(graph, path):
    path.parent.mkdir()
    path.write_bytes(os.urandom(1000))
    process = graph.start(fault='well', state_file=path)
    console = graph.console()
    console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
    assert 'is none of ours' in process.log and 'nothing is kept' in process.log


def test_what_a_file_says_reaches_the_log_without_its_codes(path):
    class Log(list):
        info = warning = error = list.append

    log = Log()
    path.parent.mkdir()
    path.write_bytes(state(ENTRY, node='/\x1b]0;title\x07\x1b[31mleft'))
    assert StateFile(str(path), '/streamo', log).read() == []
    (said,) = log
    assert 'left' in said and said.isprintable()


def test_a_file_that_became_anothers_meanwhile_is_left_alone(path, table):
    left, right = open_file(path, '/left/streamo'), open_file(path, '/right/streamo')
    assert left.read() == right.read() == []
    left.write(table.standing)
    before = path.read_bytes()
    right.write(table.standing[:1])
    assert path.read_bytes() == before
