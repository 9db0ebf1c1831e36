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

"""An action client that any thread may use while another one runs its executor."""

import threading
from typing import Any

import rclpy.action
from rclpy.task import Future


class ActionClient(rclpy.action.ActionClient):
    """
    rclpy's, in which requests are sent and answers are taken by turns.

    rclpy notes a request only after it was sent: an answer that the executor's thread takes in
    between belongs to no request it knows, is dropped with "Ignoring unexpected goal response",
    and the future is never done.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._turn = threading.Lock()
        # Kilted's makes its lock when the executor may already have asked for it.
        self._lock = threading.Lock()
        super().__init__(*args, **options)

    def send_goal_async(self, *args: Any, **options: Any) -> Future:
        """Send a goal; the future is done when it was accepted or rejected."""
        with self._turn:
            return super().send_goal_async(*args, **options)

    def _cancel_goal_async(self, goal_handle: Any) -> Future:
        with self._turn:
            return super()._cancel_goal_async(goal_handle)

    def _get_result_async(self, goal_handle: Any) -> Future:
        with self._turn:
            return super()._get_result_async(goal_handle)

    def take_data(self) -> Any:
        """Take what has come; the executor asks for it."""
        with self._turn:
            return super().take_data()
