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

"""Instructions with choices or a schema, and the data of their answers, over real DDS."""

import json
import signal
import time

from graph import SECOND
import pytest

from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredInstruction
from streamo_ros.msg import StructuredResponse

DOOR = 'Tell me when the door opens.'
SCHEMA = json.dumps({
    'type': 'object', 'required': ['open', 'n'], 'properties': {
        'open': {'type': 'boolean'}, 'n': {'type': 'integer', 'minimum': 0, 'maximum': 9}}})


class Machine:
    """Asks for data, and has it."""

    def __init__(self, graph):
        self._graph = graph
        self.heard = []
        self._asked = graph.node.create_publisher(
            StructuredInstruction, '/streamo/structured_instruction', 10)
        graph.node.create_subscription(
            StructuredResponse, '/streamo/structured_response', self.heard.append, 10)

    def ask(self, id, choices=(), schema='', **fields):
        self._graph.wait(self._asked.get_subscription_count, 'a reader')
        self._asked.publish(StructuredInstruction(
            instruction=Instruction(id=id, text=DOOR, **fields), choices=list(choices),
            json_schema=schema))


def watch(graph, console, camera, ticks):
    """Have the node judge so many frames, one after the other."""
    for _ in range(ticks):
        due = time.time_ns() + SECOND // 20
        graph.wait(lambda due=due: time.time_ns() >= due, 'the next frame to be due')
        console.await_decision(camera.send())


def test_the_model_gives_data_that_fits_and_a_schema_that_none_fits_is_refused(graph):
    pytest.importorskip('llguidance')
    graph.start(fps=10.0, response_threshold=1e-9, release_threshold=1e-9)
    console, camera, machine = graph.console(), graph.camera(), Machine(graph)
    console.await_ready()
    machine.ask('choice', ['open', 'shut'])
    machine.ask('schema', schema=SCHEMA)
    for id, schema, reason in (
            ('type', '{"type": "strin"}', 'Invalid type: strin'), ('none', '{', 'is no JSON')):
        machine.ask(id, schema=schema)
        refused = console.await_any(id, lambda state, id=id: (
            state.instruction_id == id and state.status == StreamState.STATUS_REFUSED))
        assert reason in refused.detail
    console.ask('Tell me.', 'plain')
    console.await_any('plain', lambda state: state.instruction_id == 'plain')
    camera.await_reader()
    watch(graph, console, camera, 1)
    graph.wait(lambda: len(console.responses) == 3 and len(machine.heard) == 2, 'the answers')
    data = {one.response.instruction_id: one for one in machine.heard}
    for id, one in data.items():
        assert one.error_msg == '' and one.response in console.responses, id
    assert json.loads(data['choice'].data) in ('open', 'shut')
    assert set(json.loads(data['schema'].data)) == {'open', 'n'}


def test_data_is_logged_beside_the_words_and_formats_survive_a_restart(graph, tmp_path):
    def start():
        return graph.start(
            fault='well', fps=30.0, event_log=tmp_path / 'log', state_file=tmp_path / 'standing')

    node, machine = start(), Machine(graph)
    console, camera = graph.console(), graph.camera()
    camera.await_reader()
    console.await_discovery()
    machine.ask('door', ['open', 'shut'])
    console.await_any('door', lambda state: state.instruction_id == 'door')
    watch(graph, console, camera, 3)
    graph.wait(lambda: machine.heard, 'the data')
    assert machine.heard[0].data == '"open"'
    with EventReader(tmp_path / 'log') as reader:
        ((event,), _) = reader.page(EventQuery())
    assert (event.text, event.data) == (machine.heard[0].response.text, '"open"')
    graph.wait(lambda: 'choices' in (tmp_path / 'standing').read_text(), 'the state file')

    node.send(signal.SIGINT)
    node.wait()
    camera.await_no_reader()
    start()
    camera.await_reader()
    again = len(console.states)
    console.await_any('door', lambda state: state.instruction_id == 'door', again)
    watch(graph, console, camera, 3)
    graph.wait(lambda: len(machine.heard) > 1, 'the data of the next run')
    assert machine.heard[-1].data == '"open"'

    machine.ask('door', action=Instruction.CANCEL)
    console.await_any('the end', lambda state: state.detail == 'the instruction was withdrawn')
