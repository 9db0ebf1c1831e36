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
The links of a console to all nodes that it shows.

All callbacks share one mutually exclusive group; what other threads ask for is handed to it.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Iterable

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import ParameterEvent
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.node import Node

from streamo_ros.nodes.console.board import Emit
from streamo_ros.nodes.console.link import Link
from streamo_ros.nodes.console.pictures import Picture

POLL_S = 0.2        # how often the publishers of cameras that are looked at are looked for


class Links:
    """
    The links of one console.

    :param names: of the nodes, full
    :param emit: takes what changes, in the executor's thread
    :param show: takes the pictures of the cameras that are looked at, by node and camera
    """

    def __init__(
        self, node: Node, names: Iterable[str], emit: Emit,
        show: Callable[[tuple[str, str], Picture], None],
    ) -> None:
        group = MutuallyExclusiveCallbackGroup()
        self._asked: deque[Callable[[], None]] = deque()
        self._work = node.create_guard_condition(self._do_work, callback_group=group)
        self.all = {name: Link(node, name, group, emit, _of(show, name)) for name in names}
        """By the names of the nodes."""
        node.create_subscription(
            DiagnosticArray, '/diagnostics', self._take_diagnostics, 100, callback_group=group)
        node.create_subscription(
            ParameterEvent, '/parameter_events', self._take_parameter_event, 100,
            callback_group=group)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(POLL_S, self._poll, callback_group=group, clock=steady)
        node.create_timer(1.0, self._look_after, callback_group=group, clock=steady)

    def post(self, work: Callable[[], None]) -> None:
        """Have something done in the executor's thread; from any thread."""
        self._asked.append(work)
        self._work.trigger()

    def _do_work(self) -> None:
        while self._asked:
            self._asked.popleft()()

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for link in self.all.values():
            link.take_diagnostics(message)

    def _take_parameter_event(self, message: ParameterEvent) -> None:
        link = self.all.get(message.node)
        if link is not None:
            link.take_parameter_event(message)

    def _poll(self) -> None:
        for link in self.all.values():
            link.poll()

    def _look_after(self) -> None:
        for link in self.all.values():
            link.look_after()


def _of(
    show: Callable[[tuple[str, str], Picture], None], node: str,
) -> Callable[[str, Picture], None]:
    return lambda camera, picture: show((node, camera), picture)
