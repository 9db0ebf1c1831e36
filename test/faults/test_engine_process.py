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
The model fails, the node does not: over real DDS, with the engine in its own process.

Each test says what it injects, waits for what the node says of it, sees it go on, and looks
whether an instruction or an answer was lost.
"""

from collections import Counter
import os
from pathlib import Path
import random
import signal
import time

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from streamo_ros.msg import StreamState

LIGHT = 'Tell me when the light goes off or on.'
MOTION = 'Tell me when something starts or stops moving.'
SECOND = 10**9
KILLS = 20


class Robot:
    """A node that watches with two instructions, and the console and camera beside it."""

    def __init__(self, graph, fault, **parameters):
        self.graph = graph
        self.process = graph.start(
            **{'fault': fault, 'fps': 10.0, 'deadline_s': 60.0, **parameters})
        self.console = graph.console()
        self.console.ask(LIGHT, 'light')
        self.console.ask(MOTION, 'motion')
        self.await_all('the instructions', lambda state: state.epoch == 1)
        self.camera = graph.camera()
        self.camera.await_reader()

    @property
    def engine(self):
        """Return the id of the engine's process; None while there is none."""
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                state, parent = (folder / 'stat').read_text().rpartition(')')[2].split()[:2]
            except OSError:
                continue  # it ended meanwhile
            if int(parent) == self.process.pid and state != 'Z':
                return int(folder.name)
        return None

    def kill_engine(self):
        """Kill the engine's process as the kernel does when memory runs out."""
        os.kill(self.graph.wait(lambda: self.engine, 'an engine'), signal.SIGKILL)

    def await_all(self, what, matches, seen=0):
        """Wait until such a state was heard of both instructions."""
        for id in ('light', 'motion'):
            self.console.await_any(
                what, lambda state, id=id: state.instruction_id == id and matches(state), seen)

    def await_decisions(self, epoch):
        """Wait for fresh decisions about both instructions in this epoch or a later one."""
        self.await_all(f'decisions of epoch {epoch}', lambda state: (
            state.age_s == 0 and state.status == StreamState.STATUS_OK and state.epoch >= epoch))

    def await_figures(self, failures, restarts):
        def told():
            values = self.console.values
            return (values('inference').get('failures'), values('model').get('restarts')) == (
                str(failures), str(restarts))
        self.graph.wait(told, f'{failures} failures and {restarts} restarts in the diagnostics')

    @property
    def epoch(self):
        return max(state.epoch for state in self.console.states)


def gone(pid):
    return not Path(f'/proc/{pid}').exists()


@pytest.mark.parametrize('fault, reason', [
    ('hang', 'did not return within 3 s'),
    ('segfault', 'SIGSEGV'),
    ('out_of_memory', 'MemoryError: no room for another window'),
    ('not_a_number', 'probabilities (nan, nan, nan) are none'),
])
def test_a_fault_is_told_once_and_the_node_goes_on(graph, fault, reason):
    robot = Robot(graph, fault, deadline_s=3.0)
    epoch = robot.epoch
    with robot.camera.running(20):
        robot.await_all('the failure', lambda state: (
            state.status == StreamState.STATUS_ERROR and reason in state.detail))
        robot.await_decisions(epoch + 1)
        robot.await_figures(failures=1, restarts=1)
    assert robot.process.log.count('failure 1 of the model') == 1
    assert 'failure 2' not in robot.process.log
    assert {state.epoch for state in robot.console.fresh} == {epoch, epoch + 1}


@pytest.mark.parametrize('fault, reason', [
    ('out_of_memory', 'MemoryError'), ('not_a_number', 'probabilities (nan, nan, nan) are none')])
def test_without_a_process_of_its_own_an_exception_is_told_and_the_node_goes_on(
        graph, fault, reason):
    robot = Robot(graph, fault, engine_process=False)
    assert robot.engine is None
    epoch = robot.epoch
    with robot.camera.running(20):
        robot.await_all('the failure', lambda state: (
            state.status == StreamState.STATUS_ERROR and reason in state.detail))
        robot.await_decisions(epoch + 1)
        robot.await_figures(failures=1, restarts=0)


def kill_at_random_moments(robot, kills):
    """Kill the engine so often; return how long (seconds) the node took to decide again."""
    moments = random.Random(5)
    pauses = []
    with robot.camera.running(20):
        robot.await_decisions(robot.epoch)
        for _ in range(kills):
            time.sleep(moments.uniform(0.0, 0.3))
            epoch = robot.epoch
            robot.kill_engine()
            killed = time.monotonic()
            robot.await_decisions(epoch + 1)
            pauses.append(time.monotonic() - killed)
            assert robot.epoch == epoch + 1
        robot.await_figures(failures=kills, restarts=kills)
    return pauses


def test_twenty_kills_cost_one_restart_each_and_no_instruction(graph):
    robot = Robot(graph, 'well', instruction=f'"{LIGHT}"')
    pauses = kill_at_random_moments(robot, KILLS)
    print(f'decided again after {min(pauses):.2f} to {max(pauses):.2f} s')
    told = {state.detail for state in robot.console.states
            if state.status == StreamState.STATUS_ERROR}
    assert len(told) == KILLS and all('SIGKILL' in detail for detail in told)
    last = {state.instruction_id: state.instruction for state in robot.console.fresh[-3:]}
    assert last == {'light': LIGHT, 'motion': MOTION, 'parameter': LIGHT}
    answers = robot.console.responses
    assert [answer.seq for answer in answers] == list(range(1, len(answers) + 1))
    assert max(Counter(
        (answer.instruction_id, answer.header.stamp.sec, answer.header.stamp.nanosec)
        for answer in answers).values()) == 1


def test_killed_again_while_it_restarts_it_comes_back(graph):
    robot = Robot(graph, 'well')
    with robot.camera.running(20):
        robot.await_decisions(robot.epoch)
        epoch = robot.epoch
        for _ in range(3):
            before = robot.engine
            robot.kill_engine()
            graph.wait(lambda before=before: robot.engine not in (None, before), 'the next')
        robot.await_decisions(epoch + 1)


def test_an_engine_that_dies_idle_is_missed_before_the_next_frame(graph):
    robot = Robot(graph, 'well')
    robot.kill_engine()
    robot.await_all('the failure', lambda state: state.status == StreamState.STATUS_ERROR)
    robot.await_figures(failures=1, restarts=1)
    seen = len(robot.console.states)
    robot.await_all('the silent camera', lambda state: (
        state.status == StreamState.STATUS_NO_FRAMES), seen)
    robot.camera.send()
    robot.await_decisions(0)


def test_an_answer_that_was_given_stays_and_is_not_asked_for_again(graph):
    robot = Robot(graph, 'well')  # answers at every third frame
    robot.console.ask(LIGHT, 'once', once=True)
    robot.console.await_any('the third', lambda state: state.instruction_id == 'once')
    for number in range(3):
        robot.camera.send((1000 + number) * SECOND)
        graph.wait(lambda number=number: len(robot.console.fresh) == 3 * (number + 1), 'states')
    robot.kill_engine()
    graph.wait(lambda: len(robot.console.responses) == 3, 'three answers')
    robot.await_figures(failures=1, restarts=1)
    for number in range(3, 6):
        robot.camera.send((1000 + number) * SECOND)
        graph.wait(lambda number=number: len(robot.console.fresh) == 9 + 2 * (number - 2), 'two')
    graph.wait(lambda: len(robot.console.responses) == 5, 'two more answers')
    assert Counter(answer.instruction_id for answer in robot.console.responses) == {
        'light': 2, 'motion': 2, 'once': 1}


def test_a_death_in_the_middle_of_an_answer_is_no_answer_and_the_next_is_given(graph):
    robot = Robot(graph, 'talks')  # at the third frame, until it is cut

    def begun(times):
        graph.wait(lambda: robot.process.log.count('the answer has begun') == times, 'an answer')

    with robot.camera.running(20):
        begun(1)
        robot.kill_engine()
        begun(2)
        assert robot.console.responses == []
        robot.console.call(Trigger, 'reset')
        graph.wait(lambda: len(robot.console.responses) == 2, 'the answers of the new engine')
    assert {(answer.instruction_id, answer.complete, answer.seq)
            for answer in robot.console.responses} == {('light', False, 1), ('motion', False, 2)}


@pytest.mark.parametrize('fault, reason', [
    ('unloadable', 'the weights are not there'), ('dies at load', 'SIGSEGV')])
def test_a_failure_at_load_fails_to_configure_and_a_mended_parameter_helps(graph, fault, reason):
    process = graph.start(fault=f'"{fault}"')
    console = graph.console()
    console.ask(LIGHT, 'light')
    console.await_any('the failure', lambda state: (
        state.status == StreamState.STATUS_ERROR and 'cannot be loaded' in state.detail
        and reason in state.detail))
    console.await_lifecycle('unconfigured')

    def change(id):
        return console.call(ChangeState, 'change_state', ChangeState.Request(
            transition=Transition(id=id))).success

    assert not change(Transition.TRANSITION_CONFIGURE)
    (result,) = console.call(SetParameters, 'set_parameters', SetParameters.Request(
        parameters=[Parameter('checkpoint', value='well').to_parameter_msg()])).results
    assert result.successful
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_ACTIVATE)
    camera = graph.camera()
    with camera.running():
        console.await_any('a decision', lambda s: s.age_s == 0 and s.instruction_id == 'light')
    assert process.runs


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_engine_does_not_outlive_the_node(graph, number):
    robot = Robot(graph, 'hang')
    robot.camera.send(1000 * SECOND)
    graph.wait(lambda: robot.console.fresh, 'a decision')
    robot.camera.send(1001 * SECOND)
    graph.wait(lambda: graph.folder.joinpath('failed').exists(), 'the hang')
    engine = robot.engine
    os.kill(robot.process.pid, number)
    assert robot.process.wait() == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    graph.wait(lambda: gone(engine), 'its end')
