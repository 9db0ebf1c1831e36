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

A callback that fails is reported, and the others go on: whatever comes from a topic may be wrong
in a way that nobody thought of, and must not end the node. Only a failure of the executor itself
ends ``spin``.
"""

import threading
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.task import Task

from streamo_ros.nodes.failures import Failures


class SlowCallbackGroup(MutuallyExclusiveCallbackGroup):
    """Callbacks that may take long, as those that read a disk: one at a time, in a thread."""


class NodeExecutor(SingleThreadedExecutor):
    """
    Runs a node's callbacks in the thread that spins; beside it, those that may take long.

    Those are the callbacks of a ``SlowCallbackGroup`` and of the node's default group, where rclpy
    puts transitions; but the subscriptions of that group, such as ``/clock``, stay in the thread
    that spins.
    """

    def __init__(self, node: Node) -> None:
        super().__init__(context=node.context)
        self._slow = node.default_callback_group
        self._beside: list[threading.Thread] = []
        self._failures = Failures(node.get_logger())
        self.add_node(node)

    def wait_for_ready_callbacks(self, *args: Any, **kwargs: Any) -> Any:
        """Return the next callback for this thread; start a thread for each slow one."""
        while True:
            ready: Any = super().wait_for_ready_callbacks(*args, **kwargs)
            task, entity, node = ready
            task = _Reported(task, entity, self._failures)
            if entity is None or isinstance(entity, Subscription) or not (
                    entity.callback_group is self._slow
                    or isinstance(entity.callback_group, SlowCallbackGroup)):
                return task, entity, node
            thread = threading.Thread(target=task, name='slow callback', daemon=True)
            self._beside = [*filter(threading.Thread.is_alive, self._beside), thread]
            thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for each slow callback that still runs, at most so long."""
        for thread in self._beside:
            thread.join(timeout_s)


class _Reported:
    """
    A callback's task as ``SingleThreadedExecutor`` takes one, but that its failure is reported.

    :param entity: what the callback belongs to; None for a task of the executor
    """

    def __init__(self, task: Task, entity: Any, failures: Failures) -> None:
        self._task = task
        self._entity = entity
        self._failures = failures

    def __call__(self) -> None:
        self._task()
        error = self._task.exception()
        if error is None:
            return
        topic = getattr(self._entity, 'topic_name', '') or getattr(self._entity, 'srv_name', '')
        self._failures.report(error, f'a callback of {topic or type(self._entity).__name__}')
        # rclpy leaves the group locked for good when a message cannot even be taken.
        if self._entity is not None and self._entity._executor_event:
            self._entity._executor_event = False
            self._entity.callback_group.ending_execution(self._entity)

    def exception(self) -> None:
        """Return that nothing is left to be raised."""

    def result(self) -> None:
        """Return nothing: callbacks have no result that anybody reads."""
