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
A lifecycle node that no transition, and no client of ``change_state``, can break.

In rclpy an exception in a transition's callback becomes an error state and is not logged; a
transition that the present state does not have raises in the executor, so that any client can end
the node; and two transitions at a time break the state machine.
"""

from collections.abc import Callable
import functools
import threading
import traceback
from typing import Any
from typing import TypeVar

from lifecycle_msgs.srv import ChangeState
from rclpy.callback_groups import CallbackGroup
from rclpy.lifecycle import LifecycleNode
from rclpy.lifecycle import LifecycleState
from rclpy.lifecycle import TransitionCallbackReturn

from streamo_ros.nodes.rate_limiter import RateLimiter
from streamo_ros.nodes.sim_time import check_clock

N = TypeVar('N', bound='GuardedLifecycleNode')
Transition = Callable[[N, LifecycleState], TransitionCallbackReturn]


def log_failures(transition: Transition[N]) -> Transition[N]:
    """Log how a transition failed, and keep the reason in ``failed`` until the next one."""
    @functools.wraps(transition)
    def wrapped(node: N, state: LifecycleState) -> TransitionCallbackReturn:
        name = transition.__name__
        if name != 'on_error':
            node.failed = ''
        try:
            result = transition(node, state)
        except Exception as error:
            node.failed = '; '.join(filter(None, (node.failed, f'{name} failed: {error}')))
            node.get_logger().error(f'{node.failed}\n{traceback.format_exc()}')
            return TransitionCallbackReturn.ERROR
        if result is TransitionCallbackReturn.ERROR:
            node.failed = '; '.join(filter(None, (node.failed, f'{name} returned an error')))
            node.get_logger().error(node.failed)
        elif result is TransitionCallbackReturn.FAILURE and not node.failed:
            node.get_logger().warning(f'{name} has failed')
        return result
    return wrapped


class GuardedLifecycleNode(LifecycleNode):
    """
    A lifecycle node with one transition at a time.

    :param name: the node's
    :param quick: the group that ``get_state`` answers in, so that it does so while a transition
        takes its time in the default group
    :param options: of ``rclpy.node.Node``
    """

    def __init__(self, name: str, quick: CallbackGroup, **options: Any) -> None:
        super().__init__(name, **options)
        check_clock(self)
        self._aloud = RateLimiter(20, 0.2)  # any client may ask for what cannot be
        self.failed = ''
        self._transition = threading.Lock()
        # rclpy has no parameter for the group of one service, nor for its callback.
        self._service_get_state.callback_group = quick
        quick.add_entity(self._service_get_state)
        self._change_state = self._service_change_state.callback
        self._service_change_state.callback = self._take_change

    @property
    def lifecycle(self) -> str:
        """Return the name of the present state: unconfigured, inactive, active ..."""
        return str(self._state_machine.current_state[1])

    def transit(self, trigger: Callable[[], Any]) -> Any:
        """
        Make a transition, and return what that returns.

        :returns: None when there is no such transition now, or another one is under way
        """
        if not self._transition.acquire(blocking=False):
            self._warn(f'no transition now: the node is {self.lifecycle}')
            return None
        try:
            before = self.lifecycle
            return trigger()
        except RuntimeError as error:  # rclpy's does not name the state
            self._warn(f'no such transition while the node is {before}: {error}')
            return None
        finally:
            self._transition.release()

    def _warn(self, sentence: str) -> None:
        if self._aloud.take():
            self.get_logger().warning(sentence)

    def _take_change(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        refused = ChangeState.Response(success=False)
        return self.transit(lambda: self._change_state(request, response)) or refused
