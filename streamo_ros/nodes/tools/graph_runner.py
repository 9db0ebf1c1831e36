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
What demo and bench play on: the node and its cameras as processes, a console in this one.

All in a ROS domain of their own, away from every other graph and from the network.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
import json
import math
import os
from pathlib import Path
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any
from typing import Generic
from typing import TypeVar

from ament_index_python.packages import get_package_prefix
from ament_index_python.packages import PackageNotFoundError
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions

from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState

PATIENCE_S = 60.0
END_S = 1.5
"""What children get to end by themselves, so that all is over within two seconds."""


class GraphError(RuntimeError):
    """The graph cannot go on; the message says why and what would help."""


class Console(Node):
    """Gives instructions, and hears what the node says of itself."""

    def __init__(self) -> None:
        super().__init__('console')
        self.ready = False
        self.standing: set[str] = set()
        self.reports = 0
        self.counts: Counter[str] = Counter()   # of frames, all cameras together
        self.create_subscription(
            StreamState, '/streamo/state', self.take_state,
            QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.create_subscription(DiagnosticArray, '/diagnostics', self._take_diagnostics, 10)
        self.instructions = self.create_publisher(Instruction, '/streamo/instruction', 10)

    def take_state(self, message: StreamState) -> None:
        """Note what a state says of the node."""
        self.ready = self.ready or message.status in (
            StreamState.STATUS_OK, StreamState.STATUS_NO_FRAMES)
        self.standing.add(message.instruction_id)

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        counts: Counter[str] = Counter()
        for status in message.status:
            if status.name.startswith('/streamo: stream'):
                counts.update({
                    value.key: int(value.value) for value in status.values
                    if value.key.startswith('frames_')})
        if counts:
            self.reports += 1
            self.counts = counts


C = TypeVar('C', bound=Console)


class GraphRunner(Generic[C]):
    """
    The node, a console and one camera after another, until ``close``.

    :param domain: the ROS_DOMAIN_ID for all of them
    :param console: makes the console
    :param parameters: of the node, as ``name:=value``
    :raises GraphError: when the package is not installed
    """

    def __init__(self, domain: int, console: Callable[[], C], *parameters: str) -> None:
        executable = installed() / 'lib' / 'streamo_ros' / 'streamo_node'
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self.console = console()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.console)
        self._children: list[subprocess.Popen[str]] = []
        self._node = self._start([
            str(executable), '--ros-args', '--log-level', 'warn',
            *(part for parameter in parameters for part in ('-p', parameter))])

    def _start(self, command: list[str], **options: Any) -> 'subprocess.Popen[str]':
        # A terminal sends Ctrl-C to all processes at once. The children are to hear of it from
        # here, as SIGTERM, which ends them quietly even while they still start.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            child = subprocess.Popen(command, text=True, **options)
        finally:
            signal.signal(signal.SIGINT, before)
        self._children.append(child)
        return child

    @property
    def node_pid(self) -> int:
        """Return the id of the node's process."""
        return self._node.pid

    def close(self) -> None:
        """End all processes, whatever signals still come."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in self._children:
            child.terminate()
        end = time.monotonic() + END_S
        for child in self._children:
            try:
                child.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._executor.shutdown()
        self.console.destroy_node()
        rclpy.shutdown()

    def wait(
        self, condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S
    ) -> None:
        """
        Listen until the condition holds.

        :raises GraphError: when it does not in good time, or the node has ended
        """
        end = time.monotonic() + patience_s
        while not condition():
            self._executor.spin_once(timeout_sec=0.05)
            if self._node.poll() is not None:
                raise GraphError(f'the node has ended with {self._node.returncode}: see above')
            if time.monotonic() > end:
                raise GraphError(f'waited {patience_s:g} s in vain for {what}')

    def wait_for_the_node(self) -> None:
        """Listen until the node can hear instructions and follow them."""
        self.wait(lambda: self.console.ready, 'the node to load its checkpoint')
        self.wait(self.console.instructions.get_subscription_count, 'a reader of ~/instruction')

    def wait_for_a_report(self) -> None:
        """Listen until there are diagnostics that were made after this call."""
        # One may have been on its way; the second was not.
        reports = self.console.reports
        self.wait(lambda: self.console.reports > reports + 1, 'diagnostics')

    def start_camera(
        self, module: str, *arguments: str, patience_s: float = math.inf
    ) -> Iterator[dict[str, Any]]:
        """
        Start a camera, a module of this folder; return what it will say, in lines of JSON.

        :param patience_s: with each line
        :raises GraphError: on reading, when none comes in good time or the camera has failed
        """
        camera = self._start(
            [sys.executable, '-m', f'streamo_ros.nodes.tools.{module}', *arguments],
            stdout=subprocess.PIPE)
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read, args=(camera, lines), daemon=True).start()
        return self._lines(camera, lines, patience_s)

    def _lines(
        self, camera: 'subprocess.Popen[str]', lines: 'queue.Queue[str]', patience_s: float
    ) -> Iterator[dict[str, Any]]:
        while True:
            self.wait(lambda: not lines.empty(), 'the camera', patience_s)
            if not (line := lines.get()):
                break
            yield json.loads(line)
        if camera.wait():
            raise GraphError('the camera has failed: see above')


def _read(child: 'subprocess.Popen[str]', lines: 'queue.Queue[str]') -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put('')


def installed() -> Path:
    """
    Return where the package is installed.

    :raises GraphError: when it is not
    """
    try:
        return Path(get_package_prefix('streamo_ros'))
    except (PackageNotFoundError, OSError) as error:  # OSError: nothing is sourced
        raise GraphError(
            'the package is not installed: `make build`, `source env.sh`') from error
