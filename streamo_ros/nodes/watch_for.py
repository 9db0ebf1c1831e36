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
``~/watch_for``: each goal is an instruction that stands until its first answer.

Goals stand side by side, among themselves and beside the instructions of the topics; a new one
never takes the place of an older one, so a client that changes its mind cancels first. Every goal
is accepted and gets a result; one that cannot be followed is aborted at once, since a rejection
could not carry the reason.

No thread waits for an answer. Feedback goes out with the states as they are published, and from
a steady timer in between; the same timer ends goals whose time is up, whose instruction was
withdrawn by others, or whose client is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
import threading
import time

from builtin_interfaces.msg import Duration
from rclpy.action import CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.node import Node

from streamo_ros.action import WatchFor
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.deferred_action_server import DeferredActionServer
from streamo_ros.nodes.rate_limiter import RateLimiter

NAME = '~/watch_for'

FEEDBACK_S = 0.5
"""Without a fresh state for so long the feedback is repeated; once a second is promised."""

ABSENT_S = 5.0
"""
A client that is not discovered for so long is gone. One that shut down is undiscovered at once;
one that crashed when its DDS lease ends (Fast DDS: after 20 s).
"""

BURST, PER_S = 20, 1.0
"""Goals without an answer that are logged at once, and a second."""

_LONGEST = 2**31 * 10**9 - 1    # nanoseconds that a Duration holds
_SWEEP_S = 0.1      # how often the goals are looked through
_LOOK_S = 1.0       # how often their clients are looked for
_LOST_S = 0.2       # an instruction that does not stand for so long was withdrawn, not refused
_PARTICIPANT_BYTES = 12  # of an endpoint's identity, those that name the participant
_SENT_S = 0.1       # what the last results need to leave before the node may go


@dataclass(eq=False)
class _Goal:
    """
    One goal on its way.

    :param id: of its instruction
    :param began: when it was accepted, on the goals' own clock, in nanoseconds
    """

    handle: ServerGoalHandle
    id: str
    began: int
    since: float = field(default_factory=time.monotonic)
    feedback: WatchFor.Feedback = field(default_factory=WatchFor.Feedback)
    result: WatchFor.Result | None = None
    decided_at: float = field(default_factory=time.monotonic)   # steady times, as all below
    said_at: float = float('-inf')
    stood_at: float = field(default_factory=time.monotonic)
    seen_at: float = field(default_factory=time.monotonic)
    clients: set[bytes] = field(default_factory=set)            # those that may have sent it
    camera: str = ''                                            # that the feedback is about
    judged: bool = False
    trouble: str = ''


class Goals:
    """
    The goals of ``~/watch_for``.

    ``take_state``, ``take_response``, ``refuse`` and ``join`` may be called from any thread; the
    rest runs in the callback group.

    :param node: carries the action server
    :param ask: has an instruction stand; calls ``refuse`` now or later if it cannot
    :param withdraw: withdraws the instruction of that id, if it stands
    :param stands: whether an instruction of that id stands on behalf of a goal
    :param idle: why no goal can be followed now, and those that stand end; empty when they can
    :param group: mutually exclusive, so that no goal changes while another callback looks at it
    """

    def __init__(
        self,
        node: Node,
        ask: Callable[[Instruction], None],
        withdraw: Callable[[str], None],
        stands: Callable[[str], bool],
        idle: Callable[[], str],
        group: MutuallyExclusiveCallbackGroup,
    ) -> None:
        self._node = node
        self._ask = ask
        self._withdraw = withdraw
        self._stands = stands
        self._idle = idle
        self._lock = threading.RLock()
        self._goals: dict[str, _Goal] = {}
        self._aloud = RateLimiter(BURST, PER_S)
        self._now = self._now_at = 0
        self._looked_at = self._concluded_at = float('-inf')
        self._server = DeferredActionServer(
            node, WatchFor, NAME, begin=self._begin, cancel_callback=self._cancel,
            callback_group=group)
        node.create_timer(
            _SWEEP_S, self._sweep, callback_group=group,
            clock=Clock(clock_type=ClockType.STEADY_TIME))
        # In the group, too: it runs after the callback that triggered it has returned.
        self._soon = node.create_guard_condition(self._sweep, callback_group=group)

    # From any thread

    def take_state(self, message: StreamState) -> None:
        """Pass a state that is published on as feedback, if it is about a goal."""
        with self._lock:
            goal = self._open(message.instruction_id)
            if goal is None or message.status == StreamState.STATUS_REFUSED:
                return
            decided_at = time.monotonic() - message.age_s
            if message.camera != goal.camera and decided_at < goal.decided_at:
                return  # a repeat, while another camera has brought something newer
            goal.camera = message.camera
            goal.feedback.header = message.header
            goal.feedback.state = message.state
            goal.decided_at = decided_at
            goal.judged = goal.judged or message.age_s == 0
            goal.trouble = (
                message.detail if message.status == StreamState.STATUS_NO_FRAMES else '')
            self._say(goal, message.age_s)

    def take_response(self, message: Response) -> None:
        """End the goal that an answer is about, if it is about one."""
        self._settle(message.instruction_id, WatchFor.Result(response=message))

    def refuse(self, id: str, reason: str) -> None:
        """End the goal whose instruction was refused, if it was one's."""
        if not self._stands(id):  # else another's of the same name was refused
            self._settle(id, _failure(WatchFor.Result.REFUSED, reason))

    def join(self, timeout_s: float) -> None:
        """Wait until all goals have ended, as they do when the node is idle, and are sent."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and (
                self._goals or time.monotonic() < self._concluded_at + _SENT_S):
            time.sleep(0.01)

    def _open(self, id: str) -> _Goal | None:
        goal = self._goals.get(id)
        return None if goal is None or goal.result is not None else goal

    def _settle(self, id: str, result: WatchFor.Result) -> None:
        with self._lock:
            goal = self._open(id)
            if goal is None:
                return
            goal.result = result  # the first result counts
        self._soon.trigger()

    def _say(self, goal: _Goal, age_s: float) -> None:
        goal.said_at = time.monotonic()
        goal.feedback.age_s = age_s
        goal.feedback.elapsed = _duration(self._read_clock() - goal.began)
        goal.handle.publish_feedback(goal.feedback)

    def _read_clock(self) -> int:
        """Return the time on a clock that runs as the node's does, but never goes back."""
        with self._lock:
            now = self._node.get_clock().now().nanoseconds
            if self._now_at:  # 0: simulated time has not begun, and its beginning is no interval
                self._now += max(0, now - self._now_at)
            self._now_at = now
            return self._now

    # In the callback group

    def _begin(self, handle: ServerGoalHandle) -> None:
        goal_id = bytes(handle.goal_id.uuid).hex()
        goal = _Goal(handle, f'goal-{goal_id}', self._read_clock())
        self._goals[goal.id] = goal
        request = handle.request
        if reason := self._idle():
            self._settle(goal.id, _failure(WatchFor.Result.SHUTDOWN, reason))
        elif _nanoseconds(request.timeout) < 0:
            self._settle(goal.id, _failure(
                WatchFor.Result.REFUSED, 'the timeout is negative: give 0 to wait for ever'))
        else:
            self._ask(Instruction(
                action=Instruction.ADD, id=goal.id, text=request.instruction, source='watch_for',
                camera=request.camera, once=True))
            self._look_for_clients()

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        goal = self._open(f'goal-{bytes(handle.goal_id.uuid).hex()}')
        if goal is None:
            return CancelResponse.REJECT  # it has its result
        self._soon.trigger()  # the goal is canceled only when this has returned
        return CancelResponse.ACCEPT

    def _sweep(self) -> None:
        if self._goals and time.monotonic() - self._looked_at >= _LOOK_S:
            self._look_for_clients()
        for goal in list(self._goals.values()):
            if goal.result is None and (failure := self._judge(goal)) is not None:
                self._settle(goal.id, failure)
            if goal.result is not None:
                self._conclude(goal)
            elif time.monotonic() - goal.said_at >= FEEDBACK_S:
                with self._lock:
                    self._say(goal, max(1e-3, time.monotonic() - goal.decided_at))

    def _judge(self, goal: _Goal) -> WatchFor.Result | None:
        """Return how a goal without an answer ends; None while it goes on."""
        now = time.monotonic()
        if goal.handle.is_cancel_requested:
            return _failure(WatchFor.Result.CANCELED, 'the client withdrew the goal')
        if reason := self._idle():
            return _failure(WatchFor.Result.SHUTDOWN, reason)
        if self._stands(goal.id):
            goal.stood_at = now
        elif now - goal.stood_at >= _LOST_S:
            return _failure(
                WatchFor.Result.UNKNOWN, 'others withdrew the instruction, on ~/instruction')
        timeout = _nanoseconds(goal.handle.request.timeout)
        if 0 < timeout <= self._read_clock() - goal.began:
            within = f'within {timeout / 1e9:g} s'
            if goal.judged:
                return _failure(WatchFor.Result.TIMEOUT, f'no answer {within}')
            return _failure(WatchFor.Result.NO_FRAMES, f'no usable frame {within}' + (
                f': {goal.trouble}' if goal.trouble else ''))
        if now - goal.seen_at >= ABSENT_S:
            return _failure(WatchFor.Result.UNKNOWN, 'the client is gone')
        return None

    def _conclude(self, goal: _Goal) -> None:
        result = goal.result
        assert result is not None
        if self._stands(goal.id):
            self._withdraw(goal.id)
        if result.error_code == WatchFor.Result.NONE:
            goal.handle.succeed()
        elif result.error_code == WatchFor.Result.CANCELED:
            goal.handle.canceled()
        else:
            goal.handle.abort()
            if self._aloud.take():  # there may be as many goals as clients like
                self._node.get_logger().warning(
                    f'{goal.id}, {goal.handle.request.instruction[:80]!r}, ended without an '
                    f'answer: {result.error_msg}')
        self._server.conclude(goal.handle, result)
        self._concluded_at = time.monotonic()
        del self._goals[goal.id]

    def _look_for_clients(self) -> None:
        """
        See which goals still have a client.

        rclpy does not say who sent a goal: its client is taken to be one of those that read the
        feedback when the goal was young, and to be there while any of them is.
        """
        now = self._looked_at = time.monotonic()
        readers = {
            bytes(reader.endpoint_gid)[:_PARTICIPANT_BYTES] for reader in
            self._node.get_subscriptions_info_by_topic(f'{NAME}/_action/feedback')}
        for goal in self._goals.values():
            if now - goal.since < ABSENT_S:
                goal.clients |= readers
            if goal.clients & readers:
                goal.seen_at = now


def _failure(code: int, reason: str) -> WatchFor.Result:
    return WatchFor.Result(error_code=code, error_msg=reason)


def _nanoseconds(duration: Duration) -> int:
    return int(duration.sec) * 10**9 + int(duration.nanosec)


def _duration(nanoseconds: int) -> Duration:
    seconds, rest = divmod(min(nanoseconds, _LONGEST), 10**9)
    return Duration(sec=seconds, nanosec=rest)
