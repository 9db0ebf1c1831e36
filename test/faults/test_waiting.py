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

"""
Pictures, disks and readers that never come to an end, and a node that waits for none of them.

Over real DDS: while something is held up, diagnostics and states are waited for, services answer,
and SIGTERM ends the node in good order.
"""

import json
import os
from pathlib import Path
import signal
import sys

import pytest
from std_srvs.srv import Trigger

from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.msg import StreamState

HELD = Path(__file__).parents[1] / 'nodes' / 'held_node.py'
LIGHT = 'Tell me when the light goes off or on.'
DOOR = 'Tell me when the door opens.'


class Held:
    """A node of which something can be held up, and the console beside it."""

    def __init__(self, graph, **parameters):
        self.graph = graph
        options = [option for name, value in {
            'checkpoint': 'well', 'fps': 10.0, 'heartbeat_s': 0.5, 'engine_process': False,
            **parameters}.items() for option in ('-p', f'{name}:={value}')]
        self.process = graph.run(sys.executable, str(HELD), '--ros-args', *options)
        self.console = graph.console()

    def hold(self, what):
        """Hold up 'pictures', 'writes', 'reads' or 'commits'."""
        self.graph.folder.joinpath(f'hold {what}').touch()

    def release(self, what):
        self.graph.folder.joinpath(f'hold {what}').unlink()

    def stand(self, id, text):
        self.console.ask(text, id)
        self.console.await_any(f'instruction {id}', lambda s: s.instruction_id == id)

    def await_liveness(self):
        """Wait for a few diagnostics and states, and an answer."""
        reports, states = len(self.console.diagnostics), len(self.console.states)
        self.graph.wait(lambda: len(self.console.diagnostics) > reports + 2, 'diagnostics')
        self.graph.wait(lambda: len(self.console.states) > states + 2, 'states')
        assert self.console.call(Trigger, 'reset').success

    def message(self, part):
        """Return what the newest diagnostics say about a part."""
        return next((status.message for array in self.console.diagnostics[-1:]
                     for status in array.status if status.name == f'/streamo: {part}'), '')

    def end(self, number=signal.SIGTERM):
        os.kill(self.process.pid, number)
        assert self.process.wait() == 0
        assert 'Traceback' not in self.process.log


def test_a_picture_that_takes_for_ever_is_named_and_holds_up_nothing(graph):
    held = Held(graph)
    held.stand('light', LIGHT)
    camera = graph.camera()
    camera.await_reader()
    held.hold('pictures')
    with camera.running(20):
        held.console.await_any('the reason', lambda state: (
            state.status == StreamState.STATUS_NO_FRAMES
            and 'takes that long to decode' in state.detail))
        held.await_liveness()
        graph.wait(lambda: int(
            held.console.values('stream')['frames_passed_over']) > 0, 'frames passed over')
        held.release('pictures')
        held.console.await_any('a decision', lambda s: (
            s.age_s == 0 and s.status == StreamState.STATUS_OK and s.instruction_id == 'light'))
    held.end()


def test_a_picture_of_before_a_reset_is_not_the_first_one_after_it(graph):
    held = Held(graph)
    held.stand('light', LIGHT)
    camera = graph.camera()
    camera.await_reader()
    held.hold('pictures')
    camera.send(1000 * 10**9)
    held.await_liveness()  # with a reset
    held.release('pictures')
    state = held.console.await_decision(camera.send(1001 * 10**9))
    assert (state.tick, {stamp.header.stamp.sec for stamp in held.console.fresh}) == (0, {1001})
    held.end()


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_while_picture_and_disk_are_held_up(graph, number):
    held = Held(graph, state_file=graph.folder / 'state.json')
    held.stand('light', LIGHT)
    camera = graph.camera()
    camera.await_reader()
    held.hold('pictures')
    held.hold('writes')
    camera.send()
    held.stand('door', DOOR)
    held.end(number)


def test_a_disk_that_does_not_answer_is_named_and_holds_up_nothing(graph):
    file = graph.folder / 'state.json'
    held = Held(graph, state_file=file)
    held.stand('light', LIGHT)
    graph.wait(file.exists, 'the file')
    held.hold('writes')
    held.stand('door', DOOR)
    held.await_liveness()
    graph.wait(lambda: 'has not answered' in held.message('instructions'), 'the reason')
    assert 'has not answered' in held.process.log
    held.release('writes')
    graph.wait(lambda: [one['id'] for one in json.loads(file.read_text())['instructions']] == [
        'light', 'door'], 'both of them in the file')
    graph.wait(lambda: held.message('instructions') == '2 standing', 'good news')
    held.end()


def test_what_a_disk_hands_out_late_stands_from_then_on(graph):
    file = graph.folder / 'state.json'
    first = Held(graph, state_file=file)
    first.stand('light', LIGHT)
    first.end()
    kept = file.read_text()
    held = Held(graph, state_file=file)
    held.hold('reads')
    held.console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
    held.release('reads')
    held.console.await_any('it', lambda s: s.instruction_id == 'light')
    held.end()
    assert json.loads(file.read_text()) == json.loads(kept)


def test_a_pipe_as_a_state_file_is_refused_and_holds_up_nothing(graph):
    file = graph.folder / 'pipe'
    os.mkfifo(file)
    held = Held(graph, state_file=file)
    held.stand('light', LIGHT)
    held.await_liveness()
    assert 'is no plain file' in held.process.log
    held.end()


def test_an_answer_heard_while_the_disk_stalls_is_in_the_log_after_a_kill(graph, tmp_path):
    graph.folder.joinpath('hold commits').touch()
    held = Held(graph, event_log=tmp_path / 'log')
    held.stand('door', DOOR)
    camera = graph.camera()
    camera.await_reader()
    held.console.await_discovery()
    with camera.running(rate=20):
        graph.wait(lambda: len(held.console.responses) >= 2, 'answers that are not in the log')
        held.process.kill()
        held.process.wait()
    heard = {(answer.text, answer.seq) for answer in held.console.responses}
    held.release('commits')
    after = graph.run(sys.executable, str(HELD), '--ros-args', '-p', 'checkpoint:=well', '-p',
                      'engine_process:=False', '-p', f'event_log:={tmp_path / "log"}')
    graph.wait(lambda: 'published before a kill are in the event log now' in after.log,
               'what was left over')
    with EventReader(tmp_path / 'log') as log:
        kept = {(event.text, event.response_seq)
                for event in log.page(EventQuery(), 0, 100)[0]}
    assert heard and heard <= kept
