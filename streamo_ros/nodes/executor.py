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
One thread for all callbacks, and threads of their own for the few that take long.

``rclpy.executors.MultiThreadedExecutor`` offers a callback again and again, at full speed and with
the interpreter's lock in hand, until a thread of its pool has begun it (ros2/rclpy issue 1452):
under images at 30 Hz that took a core and a sixth of the frames. Python runs one thread at a time
anyway.
"""

import threading
from typing import Any

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import Subscription


class NodeExecutor(SingleThreadedExecutor):
    """
    Runs a node's callbacks in the thread that spins; beside it, those that may take long.

    Those are the callbacks of the node's default group, where rclpy puts transitions; but the
    subscriptions of that group, such as ``/clock``, stay in the thread that spins.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(context=node.context)
        self._slow = node.default_callback_group
        self._beside: list[threading.Thread] = []
        self.add_node(node)

    def wait_for_ready_callbacks(self, *args: Any, **kwargs: Any) -> Any:
        """Return the next callback for this thread; start a thread for each slow one."""
        while True:
            ready: Any = super().wait_for_ready_callbacks(*args, **kwargs)
            task, entity, node = ready
            if (entity is None or entity.callback_group is not self._slow
                    or isinstance(entity, Subscription)):
                return task, entity, node
            thread = threading.Thread(target=task, name='slow callback', daemon=True)
            self._beside = [*filter(threading.Thread.is_alive, self._beside), thread]
            thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for each slow callback that still runs, at most so long."""
        for thread in self._beside:
            thread.join(timeout_s)
