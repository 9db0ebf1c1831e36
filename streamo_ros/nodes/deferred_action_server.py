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

"""An action server whose goals are ended by other code, whenever it is time."""

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node


class DeferredActionServer(ActionServer):
    """
    An action server that runs nothing while a goal lasts.

    :param kind: the action
    :param name: the action's
    :param begin: called with each goal that is accepted
    :param options: of ``ActionServer``
    """

    def __init__(
        self, node: Node, kind: Any, name: str, *, begin: Callable[[ServerGoalHandle], None],
        **options: Any,
    ) -> None:
        self._begin = begin
        super().__init__(node, kind, name, lambda _: None, **options)

    def notify_execute(self, goal_handle: ServerGoalHandle, execute_callback: Any) -> None:
        """Begin a goal: rclpy would have a task of its own wait for it to end."""
        self._begin(goal_handle)

    def conclude(self, goal_handle: ServerGoalHandle, result: Any) -> None:
        """Hand the result of a goal that has ended to whoever asks for it."""
        super().notify_execute(goal_handle, lambda _: result)
