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
Time does what it likes, the node goes on: over real DDS, over the fake engine.

Each test says what it injects, waits for what the node says of it, sees it go on, and looks
whether an instruction or an answer was lost.
"""

import signal
import time

import pytest
from rcl_interfaces.srv import GetParameters
from rcl_interfaces.srv import SetParameters
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from streamo_ros.msg import StreamState
from streamo_ros.nodes.health import STUCK_S

LIGHT = 'Tell me when the light goes off or on.'
SECOND = 10**9


class Robot:
    """A node that watches, and beside it a console, a camera and a clock."""

    def __init__(self, graph, fault='well', **parameters):
        self.graph = graph
        self.process = graph.start(
            **{'fault': fault, 'fps': 1.0, 'heartbeat_s': 0.5, **parameters})
        self.console = graph.console()
        self.console.ask(LIGHT, 'light')
        self.console.await_any('the instruction', lambda state: (
            state.instruction_id == 'light' and state.epoch == 1))
        self.camera = graph.camera()
        self.camera.await_reader()
        self._clock = graph.clock()

    def tell_time(self, now):
        """Publish simulated time until the node's diagnostics have it."""
        self._clock.tell(now, self.console)

    def show(self, stamp):
        """Send a frame and return what was decided of it."""
        self.camera.send(stamp)
        return self.console.await_decision(stamp)

    def await_reason(self, reason, seen=0, matches=lambda state: True):
        """Wait until it is said of the instruction why no frame comes; return the state."""
        return self.console.await_any(f'the reason, {reason!r}', lambda state: (
            state.instruction_id == 'light' and state.status == StreamState.STATUS_NO_FRAMES
            and reason in state.detail and matches(state)), seen)

    @property
    def ticks(self):
        """Return (epoch, tick) of each decision, and see that each is about the instruction."""
        fresh = self.console.fresh
        assert {state.instruction for state in fresh} == {LIGHT}
        first = fresh[0].epoch
        return [(state.epoch - first, state.tick) for state in fresh]


def test_simulated_time_that_never_begins_is_said_and_nothing_waits_for_it(graph):
    robot = Robot(graph, use_sim_time=True)
    robot.await_reason('simulated time has not begun')
    for second in range(1000, 1003):
        assert robot.show(second * SECOND).latency_s == 0
    graph.wait(lambda: len(robot.console.responses) == 1, 'the answer')

    def told():
        return [status.message for report in robot.console.diagnostics for status in report.status
                if status.name.endswith('stream') and status.message.startswith('simulated')]

    graph.wait(told, 'diagnostics that say so')
    assert robot.console.values('inference')['latency_p95_s'] == '0.0000'
    robot.tell_time(1003 * SECOND + SECOND // 2)
    assert robot.show(1003 * SECOND).latency_s == 0.5
    graph.wait(lambda: 'simulated time runs' in robot.process.log, 'the log')
    assert robot.process.log.count('simulated time has not begun') == 1
    assert robot.ticks == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_a_paused_bag_is_said_and_goes_on_where_it_was(graph):
    robot = Robot(graph, use_sim_time=True)
    robot.tell_time(1000 * SECOND)
    robot.show(1000 * SECOND)
    robot.show(1001 * SECOND)
    reports, repeats = len(robot.console.diagnostics), len(robot.console.states)
    robot.await_reason(  # a steady clock goes on
        'simulated time stands still at 1000.000 s',
        matches=lambda state: state.tick == 1 and state.age_s > 1.5)
    graph.wait(lambda: len(robot.console.diagnostics) > reports, 'diagnostics')
    graph.wait(lambda: len(robot.console.states) > repeats + 1, 'repeats')
    robot.tell_time(1002 * SECOND)
    assert robot.show(1002 * SECOND).status == StreamState.STATUS_OK
    assert robot.ticks == [(0, 0), (0, 1), (0, 2)]
    graph.wait(lambda: len(robot.console.responses) == 1, 'the answer to three frames in a row')


def test_each_round_of_a_looped_bag_is_an_epoch_with_its_own_answer(graph):
    robot = Robot(graph, use_sim_time=True)
    for _ in range(3):
        robot.tell_time(1000 * SECOND + SECOND // 4)
        for second in range(1000, 1003):
            decided = len(robot.console.fresh)
            robot.camera.send(second * SECOND)
            graph.wait(lambda decided=decided: len(robot.console.fresh) > decided, 'a decision')
    assert robot.ticks == [(epoch, tick) for epoch in range(3) for tick in range(3)]
    graph.wait(lambda: len(robot.console.responses) == 3, 'three answers')
    assert [answer.seq for answer in robot.console.responses] == [1, 2, 3]


def test_a_stamp_a_little_back_is_passed_over_and_one_far_back_begins_an_epoch(graph):
    robot = Robot(graph)
    robot.show(1000 * SECOND)
    robot.camera.send(1000 * SECOND - SECOND // 20)
    robot.show(1001 * SECOND)
    robot.show(900 * SECOND)
    assert robot.ticks == [(0, 0), (0, 1), (1, 0)]
    graph.wait(lambda: robot.console.values('stream').get('stale_stamps') == '1', 'the count')
    assert robot.process.log.count('jumped') == 1


def test_a_camera_that_restarts_with_its_clock_at_zero_is_watched_anew(graph):
    robot = Robot(graph)
    robot.show(1000 * SECOND)
    robot.show(1001 * SECOND)
    seen = len(robot.console.states)
    robot.camera.close()
    robot.await_reason('nobody publishes /image', seen)
    robot.camera = graph.camera()
    robot.camera.await_reader()
    for second in (0, 1, 2):
        robot.show(second * SECOND)
    assert robot.ticks == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    graph.wait(lambda: len(robot.console.responses) == 1, 'the answer')


def test_deactivated_in_the_middle_of_an_answer_it_says_what_there_is_and_goes_on(graph):
    robot = Robot(graph, 'talks')  # until it is cut, at the third tick

    def begun(times):
        graph.wait(lambda: robot.process.log.count('the answer has begun') == times, 'an answer')

    for number, start in enumerate((1000, 2000)):
        robot.show(start * SECOND)
        robot.show((start + 1) * SECOND)
        robot.camera.send((start + 2) * SECOND)
        begun(number + 1)
        assert robot.console.call(SetBool, 'enable', SetBool.Request(data=False)).success
        graph.wait(lambda number=number: len(robot.console.responses) == number + 1, 'the answer')
        robot.camera.await_no_reader()
        assert robot.console.call(SetBool, 'enable', SetBool.Request(data=True)).success
        robot.camera.await_reader()
    assert [(answer.instruction_id, answer.complete, answer.seq)
            for answer in robot.console.responses] == [('light', False, 1), ('light', False, 2)]
    assert robot.show(3000 * SECOND).tick == 0


def test_ctrl_c_in_the_middle_of_an_answer_ends_it_in_good_order(graph):
    robot = Robot(graph, 'talks')
    robot.show(1000 * SECOND)
    robot.show(1001 * SECOND)
    robot.camera.send(1002 * SECOND)
    graph.wait(lambda: 'the answer has begun' in robot.process.log, 'the answer')
    robot.process.send(signal.SIGINT)
    assert robot.process.wait() == 0
    assert 'Traceback' not in robot.process.log
    robot.console.await_any('its last words', lambda state: 'shuts down' in state.detail)


def test_parameters_change_together_or_not_at_all_and_nothing_is_forgotten(graph):
    robot = Robot(graph)
    console = robot.console

    def change(**values):
        return console.call(
            SetParametersAtomically, 'set_parameters_atomically', SetParametersAtomically.Request(
                parameters=[Parameter(name, value=value).to_parameter_msg()
                            for name, value in values.items()])).result

    def values():
        given = console.call(GetParameters, 'get_parameters', GetParameters.Request(
            names=['fps', 'response_threshold', 'release_threshold'])).values
        return [one.double_value for one in given]

    robot.show(1000 * SECOND)
    for refused, reason in [
            ({'fps': 5.0, 'response_threshold': 0.2, 'release_threshold': 0.5},
             'release_threshold is 0.5: it must be 0 to response_threshold, which is 0.2'),
            ({'fps': 5.0, 'backend': 'abacus'}, "'abacus': it must be one of"),
            ({'response_threshold': 0.5, 'fps': 99.0}, 'fps'),
            ({'response_threshold': 0.5, 'fps': float('nan')}, 'fps'),
            ({'fps': 5.0, 'instruction': 'Another.'}, 'read-only')]:
        result = change(**refused)
        assert not result.successful and reason in result.reason
    assert values() == [1.0, 0.0, 0.0]
    robot.camera.send(1000 * SECOND + SECOND // 2)  # not due yet
    robot.show(1001 * SECOND)
    assert 'reconfigured' not in robot.process.log

    assert change(fps=2.0, response_threshold=0.5, release_threshold=0.2).successful
    assert values() == [2.0, 0.5, 0.2]
    graph.wait(
        lambda: 'reconfigured to 2.0 Thresholds(response=0.5, release=0.2)' in robot.process.log,
        'the engine to hear of it')
    robot.show(1001 * SECOND + SECOND // 2)
    robot.show(1002 * SECOND)
    graph.wait(lambda: console.values('inference').get('fps') == '2.0', 'diagnostics')
    assert change(fps=0.5).successful
    graph.wait(lambda: 'reconfigured to 0.5' in robot.process.log, 'the engine to hear of it')
    robot.camera.send(1003 * SECOND)  # not due any more
    robot.show(1004 * SECOND)
    assert robot.ticks == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]
    graph.wait(lambda: console.responses, 'the answer')
    assert [answer.header.stamp.sec for answer in console.responses] == [1001]


def test_a_slider_of_fifteen_hundred_values_stops_no_decision(graph):
    robot = Robot(graph, 'slow to change')
    console = robot.console
    values = [1.0 + value / 200 for value in range(1500)]
    with robot.camera.running(20):
        console.await_any('a decision', lambda state: state.age_s == 0)
        for begin in range(0, len(values), 50):
            results = console.call(SetParameters, 'set_parameters', SetParameters.Request(
                parameters=[Parameter('fps', value=value).to_parameter_msg()
                            for value in values[begin:begin + 50]])).results
            assert all(result.successful for result in results)
        moved = time.time()
        graph.wait(
            lambda: f'reconfigured to {values[-1]} ' in robot.process.log, 'the last value')
        console.await_any('a decision with it', lambda state: (
            state.age_s == 0 and state.header.stamp.sec > moved))
    assert robot.process.log.count('reconfigured to') < len(values) / 10
    stale = 1 / values[0] + STUCK_S + 0.5  # a heartbeat may be under way
    assert not [state for state in console.states
                if state.status == StreamState.STATUS_OK and state.age_s > stale]


def test_an_engine_that_takes_a_lost_ones_place_has_the_parameters_of_now(graph):
    robot = Robot(graph, 'exit')  # at the second frame
    robot.show(1000 * SECOND)
    assert robot.console.call(
        SetParametersAtomically, 'set_parameters_atomically', SetParametersAtomically.Request(
            parameters=[Parameter('response_threshold', value=0.5).to_parameter_msg()])
    ).result.successful
    graph.wait(lambda: 'reconfigured to 1.0' in robot.process.log, 'the engine to hear of it')
    robot.camera.send(1001 * SECOND)
    graph.wait(lambda: 'the model runs again' in robot.process.log, 'another engine')
    made = 'made with 1.0 Thresholds(response=0.5, release=0.0)'
    graph.wait(lambda: made in robot.process.log, 'what it was made with')
    assert robot.process.log.count(made) == 1
    robot.show(1002 * SECOND)


@pytest.mark.parametrize('parameters, reason', [
    ({'release_threshold': 0.5}, 'release_threshold is 0.5: it must be 0 to response_threshold'),
    ({'response_threshold': 1.5}, 'response_threshold')])
def test_thresholds_that_make_no_sense_end_it_at_start_with_the_reason(graph, parameters, reason):
    process = graph.start(**parameters)
    graph.wait(lambda: not process.runs, 'its end')
    assert process.wait() == 2
    assert reason in process.log
    assert 'Traceback' not in process.log
