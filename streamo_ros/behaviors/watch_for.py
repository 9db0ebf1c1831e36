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
A leaf for behaviour trees of py_trees and py_trees_ros: RUNNING until the robot has seen it.

It needs py_trees and rclpy, and not py_trees_ros: `setup` takes the node as py_trees_ros passes
it. A tick never blocks: answers of the action server arrive by callbacks and are looked at in
the next tick.
"""

import time
from typing import Any

from action_msgs.msg import GoalStatus
import py_trees
from py_trees.common import Access
from py_trees.common import Status
from rclpy.duration import Duration
from rclpy.task import Future

from streamo_ros.action import WatchFor as Action
from streamo_ros.action_client import ActionClient

SILENT_S = 5.0
"""Feedback comes once a second; after so long without any the server counts as gone."""

_STATES = {
    Action.Feedback.SILENCE: 'silence', Action.Feedback.STANDBY: 'standby',
    Action.Feedback.RESPONSE: 'response'}


class WatchFor(py_trees.behaviour.Behaviour):
    """
    Watch for something through the action ``~/watch_for`` of streamo_node.

    RUNNING while the model watches; SUCCESS with its answer, a ``streamo_ros/Response``, on the
    blackboard; FAILURE with the reason as ``feedback_message`` and its code as ``error_code``.
    When interrupted it cancels its goal, which removes the instruction from the node.

    :param instruction: what to watch for, in plain words
    :param key: the blackboard's key for the answer; unset while there is none
    :param camera: the node's name for the camera; empty for all cameras
    :param timeout_s: FAILURE after so many seconds; 0 for never
    :param server: the action's name
    """

    def __init__(
        self, name: str, instruction: str, key: str = 'answer', camera: str = '',
        timeout_s: float = 0.0, server: str = '/streamo/watch_for',
    ) -> None:
        super().__init__(name)
        self.error_code = Action.Result.NONE
        self._goal = Action.Goal(
            instruction=instruction, camera=camera, timeout=Duration(seconds=timeout_s).to_msg())
        self._key = key
        self._server = server
        self._client: ActionClient | None = None
        self._attempt: _Attempt | None = None
        self.blackboard = self.attach_blackboard_client(name=name)
        self.blackboard.register_key(key=key, access=Access.WRITE)

    def setup(self, **kwargs: Any) -> None:
        """
        Make the action client; the server need not be there yet.

        :param node: the rclpy node the client belongs to; it must be spun by its owner
        """
        self._client = ActionClient(kwargs['node'], Action, self._server)

    def initialise(self) -> None:
        """Start over: every first tick sends one goal."""
        if self._client is None:
            raise RuntimeError(f'{self.name} has no node: call setup(node=...) before ticking it')
        self.error_code = Action.Result.NONE
        self.blackboard.unset(self._key)
        self._attempt = _Attempt(self._client, self._goal)

    def update(self) -> Status:
        """Return the status by what has arrived since the last tick."""
        attempt = self._attempt
        assert attempt is not None  # py_trees calls initialise() first
        attempt.send()
        if attempt.result is not None:
            self.error_code = attempt.result.error_code
            if attempt.succeeded and self.error_code == Action.Result.NONE:
                self.blackboard.set(self._key, attempt.result.response)
                self.feedback_message = attempt.result.response.text
                return Status.SUCCESS
            self.feedback_message = attempt.result.error_msg or 'ended without an answer'
            return Status.FAILURE
        if attempt.trouble or time.monotonic() - attempt.heard_at > SILENT_S:
            self.error_code = Action.Result.UNKNOWN
            self.feedback_message = attempt.trouble or (
                f'{self._server} is silent: the node is gone or not there yet')
            return Status.FAILURE
        self.feedback_message = attempt.progress
        return Status.RUNNING

    def terminate(self, new_status: Status) -> None:
        """Cancel the goal if it was interrupted or given up."""
        if self._attempt is not None:
            self._attempt.withdraw()

    def shutdown(self) -> None:
        """Cancel a goal that still stands, and destroy the client."""
        self.terminate(Status.INVALID)
        if self._client is not None:
            self._client.destroy()


class _Attempt:
    """One goal from sending to result; its late callbacks cannot disturb a later goal."""

    def __init__(self, client: ActionClient, goal: Action.Goal) -> None:
        self._client = client
        self._goal = goal
        self._handle: Any = None
        self._sent = False
        self._withdrawn = False
        self.heard_at = time.monotonic()
        self.progress = 'waiting for the server'
        self.trouble = ''
        self.result: Action.Result | None = None
        self.succeeded = False

    def send(self) -> None:
        if not self._sent and self._client.server_is_ready():
            self._sent = True
            self._client.send_goal_async(self._goal, self._take_feedback).add_done_callback(
                self._take_handle)

    def withdraw(self) -> None:
        self._withdrawn = True
        if self._handle is not None and self.result is None:
            self._handle.cancel_goal_async()

    def _take_handle(self, future: Future) -> None:
        handle = future.result()
        self.heard_at = time.monotonic()
        if not handle.accepted:
            self.trouble = 'the goal was rejected'
            return
        self._handle = handle
        if self._withdrawn:  # while the goal was on its way
            handle.cancel_goal_async()
        handle.get_result_async().add_done_callback(self._take_result)

    def _take_feedback(self, message: Any) -> None:
        self.heard_at = time.monotonic()
        feedback = message.feedback
        state = _STATES.get(feedback.state, f'unknown state {feedback.state}')
        self.progress = (
            f'{state}, {feedback.age_s:.1f} s old'
            if feedback.header.stamp.sec or feedback.header.stamp.nanosec else 'no frame yet')

    def _take_result(self, future: Future) -> None:
        answer = future.result()
        self.succeeded = answer.status == GoalStatus.STATUS_SUCCEEDED
        self.result = answer.result
