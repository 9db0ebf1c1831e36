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

"""The leaf for behaviour trees: against a server that does as the test says, and the real one."""

import threading

from graph import Graph
import py_trees
from py_trees.common import Status
import pytest
import rclpy
from rclpy.action import ActionServer
from rclpy.action import CancelResponse
from rclpy.action import GoalResponse
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from waiting import wait_for

from streamo_ros.action import WatchFor as Action
from streamo_ros.behaviors import watch_for
from streamo_ros.behaviors import WatchFor
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S

DOOR = 'Tell me when the door opens.'


class Server:
    """An action server whose goals last until the test ends them."""

    def __init__(self, node):
        self.goals = []
        self.accepts = True
        self._server = ActionServer(
            node, Action, '/streamo/watch_for', lambda handle: Action.Result(),
            goal_callback=lambda _: GoalResponse.ACCEPT if self.accepts else GoalResponse.REJECT,
            handle_accepted_callback=self.goals.append,
            cancel_callback=lambda _: CancelResponse.ACCEPT)

    def end(self, handle, how, **fields):
        def conclude(handle):
            getattr(handle, how)()
            return Action.Result(**fields)
        handle.execute(conclude)

    def destroy(self):
        self._server.destroy()


@pytest.fixture(autouse=True)
def clear_the_blackboard():
    yield
    py_trees.blackboard.Blackboard.clear()


@pytest.fixture
def world():
    """Return a node for the leaf and a fake server, in one process and a domain of their own."""
    with own_domain() as domain:
        context = Context()
        rclpy.init(context=context, domain_id=domain)
        node = rclpy.create_node('tree', context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        server = Server(node)
        spinner = threading.Thread(target=executor.spin)
        spinner.start()
        yield node, server
        executor.shutdown()
        spinner.join()
        node.destroy_node()
        context.shutdown()


@pytest.fixture
def leaf(world, monkeypatch):
    node, _ = world
    monkeypatch.setattr(watch_for, 'SILENT_S', PATIENCE_S)
    leaf = WatchFor('watch', DOOR, key='answer', camera='front', timeout_s=1.5)
    leaf.setup(node=node)
    yield leaf
    leaf.shutdown()


def answer():
    """Return what stands on the blackboard."""
    reader = py_trees.blackboard.Client(name='reader')
    reader.register_key(key='answer', access=py_trees.common.Access.READ)
    return reader.answer if reader.exists('answer') else None


def tick_until(leaf, condition):
    """Tick, as a tree does, until the condition holds; return the statuses on the way."""
    seen = set()

    def tick():
        leaf.tick_once()
        seen.add(leaf.status)
        return condition()

    wait_for(tick, 'what the leaf is ticked for')
    return seen


def done(leaf):
    return leaf.status is not Status.RUNNING


def test_it_runs_until_the_answer_is_on_the_blackboard(world, leaf):
    _, server = world
    tick_until(leaf, lambda: server.goals)
    (goal,) = server.goals
    assert (goal.request.instruction, goal.request.camera) == (DOOR, 'front')
    assert (goal.request.timeout.sec, goal.request.timeout.nanosec) == (1, 500_000_000)
    feedback = Action.Feedback(state=StreamState.STANDBY, age_s=0.5)
    feedback.header.stamp.sec = 7
    goal.publish_feedback(feedback)
    assert tick_until(leaf, lambda: 'standby' in leaf.feedback_message) == {Status.RUNNING}
    assert answer() is None
    server.end(goal, 'succeed', response=Response(seq=1, text='It is open.'))
    assert tick_until(leaf, lambda: done(leaf)) <= {Status.RUNNING, Status.SUCCESS}
    assert leaf.status is Status.SUCCESS
    assert answer().text == 'It is open.'
    assert len(server.goals) == 1


def test_each_round_sends_one_goal_and_forgets_the_last_answer(world, leaf):
    _, server = world
    for number in (1, 2):
        tick_until(leaf, lambda number=number: len(server.goals) == number)
        assert answer() is None
        server.end(server.goals[-1], 'succeed', response=Response(seq=number))
        tick_until(leaf, lambda: done(leaf))
        assert answer().seq == number


def test_a_leaf_that_was_not_set_up_says_so():
    leaf = WatchFor('watch', DOOR)
    with pytest.raises(RuntimeError, match='call setup'):
        leaf.tick_once()


def test_a_goal_that_ends_without_an_answer_is_a_failure_with_its_reason(world, leaf):
    _, server = world
    tick_until(leaf, lambda: server.goals)
    server.end(server.goals[0], 'abort', error_code=Action.Result.TIMEOUT, error_msg='too late')
    tick_until(leaf, lambda: done(leaf))
    assert leaf.status is Status.FAILURE
    assert (leaf.error_code, leaf.feedback_message) == (Action.Result.TIMEOUT, 'too late')
    assert answer() is None


def test_a_server_that_aborts_without_a_code_is_no_success(world, leaf):
    _, server = world
    tick_until(leaf, lambda: server.goals)
    server.end(server.goals[0], 'abort')
    tick_until(leaf, lambda: done(leaf))
    assert leaf.status is Status.FAILURE


def test_a_rejected_goal_is_a_failure(world, leaf):
    _, server = world
    server.accepts = False
    tick_until(leaf, lambda: done(leaf))
    assert (leaf.status, leaf.feedback_message) == (Status.FAILURE, 'the goal was rejected')


def test_interrupted_it_cancels_its_goal(world, leaf):
    _, server = world
    tick_until(leaf, lambda: server.goals and leaf._attempt._handle)
    leaf.stop(Status.INVALID)
    wait_for(lambda: server.goals[0].is_cancel_requested, 'the cancellation')


def test_interrupted_before_its_goal_was_accepted_it_cancels_it_then(world, leaf):
    _, server = world
    gate = threading.Event()
    accept = server.goals.append
    server._server.register_handle_accepted_callback(lambda goal: (gate.wait(), accept(goal)))
    tick_until(leaf, lambda: leaf._attempt._sent)
    assert leaf._attempt._handle is None
    leaf.stop(Status.INVALID)
    gate.set()
    wait_for(lambda: server.goals and server.goals[0].is_cancel_requested, 'the cancellation')


def test_a_late_end_of_an_interrupted_goal_does_not_end_the_next(world, leaf):
    _, server = world
    tick_until(leaf, lambda: server.goals and leaf._attempt._handle)
    leaf.stop(Status.INVALID)
    tick_until(leaf, lambda: len(server.goals) == 2 and leaf._attempt._handle)
    old = server.goals[0]
    server.end(old, 'succeed', response=Response(seq=1))
    server.goals[1].publish_feedback(Action.Feedback())
    tick_until(leaf, lambda: leaf.feedback_message == 'no frame yet')
    assert (leaf.status, answer()) == (Status.RUNNING, None)


def test_a_server_that_falls_silent_is_a_failure(world, leaf, monkeypatch):
    _, server = world
    monkeypatch.setattr(watch_for, 'SILENT_S', 0.5)
    tick_until(leaf, lambda: server.goals)
    tick_until(leaf, lambda: done(leaf))  # no feedback comes
    assert leaf.status is Status.FAILURE
    assert 'silent' in leaf.feedback_message


def test_a_server_that_is_not_there_is_a_failure_after_a_while(world, leaf, monkeypatch):
    _, server = world
    server.destroy()
    monkeypatch.setattr(watch_for, 'SILENT_S', 0.2)
    assert Status.RUNNING in tick_until(leaf, lambda: done(leaf))
    assert leaf.status is Status.FAILURE


def test_over_the_real_node_it_gets_the_answer_and_halted_it_leaves_nothing_behind(
        tmp_path, monkeypatch):
    monkeypatch.setattr(watch_for, 'SILENT_S', PATIENCE_S)
    with Graph(tmp_path) as graph:
        graph.start(fps=20.0, fault='well')
        console = graph.console()
        console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
        leaf = WatchFor('watch', DOOR)
        leaf.setup(node=graph.node)
        console.await_discovery()
        camera = graph.camera()
        camera.await_reader()
        tick_until(leaf, lambda: leaf.feedback_message == 'no frame yet')
        with camera.running():
            tick_until(leaf, lambda: done(leaf))
        assert leaf.status is Status.SUCCESS
        graph.wait(lambda: console.responses, 'the answer')
        assert console.responses == [answer()]
        tick_until(leaf, lambda: leaf.feedback_message.endswith('old') or
                   leaf.feedback_message == 'no frame yet')
        leaf.shutdown()
        graph.wait(lambda: console.states[-1].instruction_id == '', 'an empty table')


def test_feedback_with_a_state_that_is_none_is_named_and_ends_nothing():
    attempt = watch_for._Attempt(None, None)
    feedback = Action.Feedback(state=7, age_s=0.5)
    feedback.header.stamp.sec = 1
    attempt._take_feedback(Action.Impl.FeedbackMessage(feedback=feedback))
    assert attempt.progress == 'unknown state 7, 0.5 s old'
