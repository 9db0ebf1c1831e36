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

"""The action ~/watch_for over real DDS: goals that stand, and every way in which they end."""

import os
from pathlib import Path
import re
import signal
import sys
import threading
from types import SimpleNamespace

from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from fake_engine import MAX_INSTRUCTIONS
from graph import Graph
import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from std_srvs.srv import SetBool
from std_srvs.srv import Trigger
from waiting import wait_for

from streamo_ros.action import WatchFor
from streamo_ros.action_client import ActionClient
from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState
from streamo_ros.nodes import watch_for
from streamo_ros.nodes.process.large_pictures import VARIABLE
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S
from streamo_ros.nodes.watch_for import _SWEEP_S
from streamo_ros.nodes.watch_for import FEEDBACK_S
from streamo_ros.nodes.watch_for import Goals

DOOR = 'Tell me when the door opens.'
LIGHT = 'Tell me when the light goes off or on.'
SECOND = 10**9

SHORT_LEASE = """<builtin>
        <discovery_config>
          <leaseDuration><sec>2</sec></leaseDuration>
          <leaseAnnouncement><sec>0</sec><nanosec>500000000</nanosec></leaseAnnouncement>
        </discovery_config>
"""
"""So that a client that is killed is missed after 2 s, and not after the usual 20."""


class Goal:
    """A goal that was sent, and all that came back."""

    def __init__(self, graph, client, text, **fields):
        self.feedback = []
        self._graph = graph
        sent = client.send_goal_async(
            WatchFor.Goal(instruction=text, **fields),
            feedback_callback=lambda message: self.feedback.append(message.feedback))
        graph.wait(sent.done, 'word on the goal')
        self._handle = sent.result()
        assert self._handle.accepted
        self.id = f'goal-{bytes(self._handle.goal_id.uuid).hex()}'
        self._result = self._handle.get_result_async()

    @property
    def lasts(self):
        return not self._result.done()

    def cancel(self):
        asked = self._handle.cancel_goal_async()
        self._graph.wait(asked.done, 'word on the cancellation')
        return asked.result()

    def end(self):
        """Wait for the end; return (status, result)."""
        self._graph.wait(self._result.done, 'the result')
        return self._result.result().status, self._result.result().result

    def stand(self, console):
        console.await_any('the goal to stand', lambda s: (
            s.instruction_id == self.id and s.status != StreamState.STATUS_REFUSED))
        return self


def new_client(graph, console):
    """Return a client of ~/watch_for that the node has discovered."""
    client = ActionClient(graph.node, WatchFor, '/streamo/watch_for')
    graph.wait(client.server_is_ready, 'the action server')
    console.await_discovery()
    return client


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    with Graph(tmp_path_factory.mktemp('shared')) as graph:
        graph.start(fps=20.0, heartbeat_s=60.0, fault='well')
        console = graph.console()
        yield graph, console, new_client(graph, console)


@pytest.fixture
def watching(shared):
    """Return graph, console, and what sends goals; nothing stands, the next tick is a Silence."""
    graph, console, client = shared
    graph.wait(lambda: console.call(  # it may be configuring still
        SetBool, 'enable', SetBool.Request(data=True)).success, 'an active node')
    console.ask(action=Instruction.CLEAR)
    epoch = max((state.epoch for state in console.states), default=0) + 1
    console.call(Trigger, 'reset')
    console.await_any('an empty table', lambda s: s.epoch >= epoch and not s.instruction_id)
    console.states.clear()
    console.responses.clear()
    return graph, console, lambda text, **fields: Goal(graph, client, text, **fields)


def frames(graph, console, count, start=1000):
    """Show one frame after the other, each when the one before was judged."""
    camera = graph.camera()
    camera.await_reader()
    for number in range(start, start + count):
        console.await_decision(camera.send(number * SECOND))


def decided(goal):
    """Return the states that the feedback tells of frames, without repeats."""
    return [f.state for f in goal.feedback if f.age_s == 0 and f.header.stamp.sec]


def test_goals_stand_side_by_side_and_each_answer_comes_once_as_result_and_as_response(watching):
    graph, console, watch = watching
    console.ask(LIGHT, 'always')
    door, light = watch(DOOR).stand(console), watch(LIGHT).stand(console)
    console.await_any('the instruction', lambda s: s.instruction_id == 'always')
    frames(graph, console, 6)  # answers at the third, and what still stands at the sixth
    for goal, text in ((door, DOOR), (light, LIGHT)):
        status, result = goal.end()
        assert (status, result.error_code) == (GoalStatus.STATUS_SUCCEEDED, WatchFor.Result.NONE)
        assert result.error_msg == ''
        assert result.response.instruction == text
        graph.wait(lambda goal=goal: len(decided(goal)) == 3, 'feedback about each frame')
        assert decided(goal) == [StreamState.SILENCE, StreamState.STANDBY, StreamState.RESPONSE]
    graph.wait(lambda: len(console.responses) == 4, 'the answers of the one that stands on')
    for goal in (door, light):
        said = [answer for answer in console.responses if answer.instruction_id == goal.id]
        assert said == [goal.end()[1].response]
    assert [r.instruction_id for r in console.responses].count('always') == 2


def test_without_frames_feedback_still_comes_and_says_how_old_it_is(watching):
    graph, console, watch = watching
    goal = watch(DOOR)
    graph.wait(lambda: len(goal.feedback) > 3, 'feedback')
    ages = [feedback.age_s for feedback in goal.feedback]
    assert 0 < ages[1] < ages[2] < ages[3]
    assert goal.feedback[3].header.stamp.sec == 0
    frames(graph, console, 1)
    graph.wait(lambda: goal.feedback[-1].header.stamp.sec == 1000 and goal.feedback[-1].age_s > 0,
               'a repeat of the decision')
    times = [f.elapsed.sec * SECOND + f.elapsed.nanosec for f in goal.feedback]
    assert times == sorted(times)
    assert FEEDBACK_S + _SWEEP_S < 1.0  # the promise, which no test may time on a busy machine


def test_a_cancelled_goal_is_withdrawn_and_the_others_stand_on(watching):
    graph, console, watch = watching
    door, light = watch(DOOR).stand(console), watch(LIGHT).stand(console)
    assert len(door.cancel().goals_canceling) == 1
    status, result = door.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_CANCELED, WatchFor.Result.CANCELED)
    assert result.response.seq == 0
    console.await_any('its leave', lambda s: (
        s.instruction_id == door.id and 'withdrawn' in s.detail))
    frames(graph, console, 3)
    assert light.end()[0] == GoalStatus.STATUS_SUCCEEDED
    graph.wait(lambda: console.responses, 'the answer')
    assert [answer.instruction_id for answer in console.responses] == [light.id]
    assert not light.cancel().goals_canceling  # it has its result


def test_a_reset_keeps_the_goals(watching):
    graph, console, watch = watching
    goal = watch(DOOR).stand(console)
    frames(graph, console, 2)
    epoch = console.fresh[-1].epoch
    console.call(Trigger, 'reset')
    frames(graph, console, 3, start=2000)
    status, result = goal.end()
    assert (status, result.response.epoch) == (GoalStatus.STATUS_SUCCEEDED, epoch + 1)
    graph.wait(lambda: console.responses, 'the answer')
    assert len(console.responses) == 1


def test_what_cannot_stand_is_refused_with_its_reason_and_disturbs_nothing(watching):
    graph, console, watch = watching
    for fields, reason in (
            ({'text': ' '}, 'no text'), ({'text': 'this is too long'}, 'too long'),
            ({'text': DOOR, 'camera': 'rear'}, "no camera 'rear'"),
            ({'text': DOOR, 'timeout': Duration(sec=-1)}, 'negative')):
        status, result = watch(**fields).end()
        assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, WatchFor.Result.REFUSED)
        assert reason in result.error_msg
    goals = [watch(f'{DOOR} {number}').stand(console) for number in range(MAX_INSTRUCTIONS)]
    _, result = watch('one too many').end()
    assert result.error_code == WatchFor.Result.REFUSED
    assert f'{MAX_INSTRUCTIONS} instructions stand already' in result.error_msg
    console.ask('another', goals[0].id)  # an id that is in use: refused, and no harm to the goal
    console.await_any('the refusal', lambda s: 'in use' in s.detail)
    assert all(feedback.age_s > 0 for feedback in goals[0].feedback)  # nothing was decided yet
    frames(graph, console, 3)
    for goal in goals:
        assert goal.end()[0] == GoalStatus.STATUS_SUCCEEDED
    graph.wait(lambda: len(console.responses) == MAX_INSTRUCTIONS, 'all answers')


@pytest.mark.parametrize('fields', [
    {'action': Instruction.CLEAR},
    {'action': Instruction.REPLACE, 'text': LIGHT},
    {'action': Instruction.REPLACE, 'text': 'this is too long'},
])
def test_a_goal_whose_instruction_others_withdraw_ends_and_says_so(watching, fields):
    _, console, watch = watching
    goal = watch(DOOR).stand(console)
    console.ask(**fields)
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, WatchFor.Result.UNKNOWN)
    assert 'withdrew' in result.error_msg
    console.ask(LIGHT, 'last')
    console.await_any('the last', lambda s: s.instruction_id == 'last')
    assert console.last(goal.id).status == StreamState.STATUS_INACTIVE  # nothing is left of it


def test_a_timeout_ends_a_goal_and_tells_no_answer_from_no_frames(graph):
    graph.start(fault='well', fps=20.0, use_sim_time=True)  # it takes as long as the test does
    console, clock = graph.console(), graph.clock()
    client = new_client(graph, console)
    console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
    clock.tell(1000 * SECOND, console)
    goal = Goal(graph, client, DOOR, timeout=Duration(sec=2)).stand(console)
    clock.tell(1003 * SECOND, console)
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, WatchFor.Result.NO_FRAMES)
    patient = Goal(graph, client, LIGHT).stand(console)
    goal = Goal(graph, client, DOOR, timeout=Duration(sec=2)).stand(console)
    frames(graph, console, 1)
    assert goal.lasts
    clock.tell(1006 * SECOND, console)
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, WatchFor.Result.TIMEOUT)
    assert result.error_msg == 'no answer within 2 s'
    assert patient.lasts


def test_a_node_that_is_deactivated_ends_its_goals_and_takes_no_new_ones(watching):
    graph, console, watch = watching
    console.ask(LIGHT, 'topic')
    goal = watch(DOOR).stand(console)
    assert console.call(SetBool, 'enable', SetBool.Request(data=False)).success
    for ended in (goal, watch(DOOR)):
        status, result = ended.end()
        assert (status, result.error_code) == (
            GoalStatus.STATUS_ABORTED, WatchFor.Result.SHUTDOWN)
        assert 'activate' in result.error_msg
    graph.wait(lambda: not graph.node.count_subscribers('/image'), 'the end of the subscription')
    assert console.call(SetBool, 'enable', SetBool.Request(data=True)).success
    frames(graph, console, 1)
    assert {state.instruction_id for state in console.fresh} == {'topic'}


def test_a_client_that_is_killed_takes_its_goal_along(graph, tmp_path):
    graph.start(fault='well', fps=20.0)
    console = graph.console()
    console.ask(LIGHT, 'topic')
    profiles = tmp_path / 'profiles.xml'
    usual = Path(os.environ[VARIABLE]).read_text()
    assert '<builtin>' in usual
    profiles.write_text(usual.replace('<builtin>', SHORT_LEASE))
    client = graph.run(
        'env', f'{VARIABLE}={profiles}', sys.executable,
        str(Path(__file__).with_name('watcher.py')), DOOR)
    graph.wait(lambda: 'is watched for' in client.log, 'its goal')
    client.kill()
    state = console.await_any('its leave', lambda s: (
        s.instruction == DOOR and 'withdrawn' in s.detail))
    assert re.fullmatch('goal-[0-9a-f]{32}', state.instruction_id)
    frames(graph, console, 3)
    assert console.last('topic').age_s == 0


@pytest.fixture
def goals():
    """Return goals without a node that watches, their node, and the ids of what they ask for."""
    with own_domain() as domain:
        context = Context()
        rclpy.init(context=context, domain_id=domain)
        node = rclpy.create_node('streamo', context=context)
        asked = []
        group = MutuallyExclusiveCallbackGroup()
        made = Goals(
            node, lambda message: asked.append(message.id), asked.remove, asked.__contains__,
            lambda: '', group)
        executor = MultiThreadedExecutor(2, context=context)
        executor.add_node(node)
        spinner = threading.Thread(target=executor.spin)
        spinner.start()
        yield made, node, asked
        made.join(PATIENCE_S)
        executor.shutdown()
        spinner.join()
        node.destroy_node()
        context.shutdown()


def test_a_client_that_leaves_ends_its_goal(goals, monkeypatch):
    made, node, asked = goals
    monkeypatch.setattr(watch_for, '_LOOK_S', 0.1)
    context = Context()
    rclpy.init(context=context, domain_id=node.context.get_domain_id())
    other = rclpy.create_node('client', context=context)
    client = ActionClient(other, WatchFor, '/streamo/watch_for')
    assert client.wait_for_server(PATIENCE_S)
    client.send_goal_async(WatchFor.Goal(instruction=DOOR))
    goal = wait_for(lambda: next(iter(made._goals.values()), None), 'the goal')
    wait_for(lambda: goal.clients, 'its client to be seen')
    for _ in range(3):
        seen_at = goal.seen_at
        wait_for(lambda seen_at=seen_at: goal.seen_at > seen_at, 'it to be seen again')
    assert len(asked) == 1  # while it is there
    monkeypatch.setattr(watch_for, 'ABSENT_S', 0.5)
    client.destroy()
    wait_for(lambda: not asked, 'the end of the goal')
    context.shutdown()


def test_the_time_of_a_goal_never_goes_back_and_its_beginning_is_no_interval(goals, monkeypatch):
    made, node, _ = goals
    readings = [0, 0, 100, 101, 50, 52]  # simulated time that begins late, and a bag that loops
    times = [SimpleNamespace(nanoseconds=seconds * SECOND) for seconds in readings]
    made._now_at = 0
    with monkeypatch.context() as patch:
        patch.setattr(node, 'get_clock', lambda: SimpleNamespace(now=lambda: times.pop(0)))
        assert [made._read_clock() // SECOND for _ in readings] == [0, 0, 0, 1, 1, 3]


def test_cancelling_cuts_the_answer_under_way(graph):
    process = graph.start(fault='talks', fps=20.0)  # until it is cut, at the third tick
    console = graph.console()
    client = new_client(graph, console)
    console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
    goal = Goal(graph, client, DOOR).stand(console)
    frames(graph, console, 2)
    graph.camera().send(1002 * SECOND)
    graph.wait(lambda: 'the answer has begun' in process.log, 'the answer')
    goal.cancel()
    assert goal.end()[1].error_code == WatchFor.Result.CANCELED
    graph.wait(lambda: 'the answer is' in process.log, 'the end of the answer')
    assert 'the answer is cut' in process.log
    Goal(graph, client, LIGHT).stand(console)
    frames(graph, console, 1, start=1003)  # the model has its hands free
    assert not console.responses


def test_a_node_that_ends_ends_its_goals_first(graph):
    process = graph.start(fault='well')
    console = graph.console()
    client = new_client(graph, console)
    console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
    goals = [Goal(graph, client, text).stand(console) for text in (DOOR, LIGHT)]
    process.send(signal.SIGINT)
    for goal in goals:
        status, result = goal.end()
        assert (status, result.error_code) == (
            GoalStatus.STATUS_ABORTED, WatchFor.Result.SHUTDOWN)
    assert process.wait() == 0
    assert 'Traceback' not in process.log


def test_goals_that_are_refused_without_end_are_logged_now_and_then(graph):
    process = graph.start(fault='well', autostart=False)
    console = graph.console()
    client = ActionClient(graph.node, WatchFor, '/streamo/watch_for')
    graph.wait(client.server_is_ready, 'the action server')
    console.await_discovery()
    ended = []
    for _ in range(80):
        sent = client.send_goal_async(WatchFor.Goal(instruction=LIGHT))
        graph.wait(sent.done, 'word on the goal')
        result = sent.result().get_result_async()
        graph.wait(result.done, 'its result')
        ended.append(result.result().result.error_code)
    assert ended == [WatchFor.Result.SHUTDOWN] * 80
    logged = process.log.count('ended without an answer')
    began, now = clock_of(process.log)
    assert watch_for.BURST <= logged <= watch_for.BURST + watch_for.PER_S * (now - began + 2)
    client.destroy()


def clock_of(log):
    """Return when the first and the last line were logged, in seconds."""
    stamps = [float(stamp) for stamp in re.findall(r'\] \[(\d+\.\d+)\]', log)]
    return stamps[0], stamps[-1]
