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
One run of ``streamo bench node``: a camera and the node as processes, and what came through.

Everything is real: the node with its engine in its process, raw images over DDS, in a domain of
its own. Prints one line of JSON:

``sent``, ``received``
    Frames that the camera sent after discovery; those that the node counts in /diagnostics.
``decided``, ``dropped``
    Frames that were judged, and those that were due and given up because the model was busy.
``cpu_share``
    Processor time of the node and its engine while the camera sent, over that time: 1 is a core.
``transport_ms``, with ``--reader``
    From a frame's stamp, just before it is sent, to the callback of a plain rclpy subscriber in
    this process: p50 and p95.
``overhead_ms``, with ``--reader``
    What the node adds: from a frame's stamp to its state's publication, less inference (both the
    node's own figures), less the same frame's transport to the plain subscriber. p50 and p95.
"""

import argparse
from collections.abc import Callable
import json
import os
from pathlib import Path
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from ament_index_python.packages import get_package_prefix
from ament_index_python.packages import PackageNotFoundError
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import qos_profile_sensor_data
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState
from streamo_ros.nodes.diagnostics import quantile
from streamo_ros.nodes.domain import DomainError
from streamo_ros.nodes.domain import own_domain

FPS = 2.0
INSTRUCTIONS = (
    'Tell me when the light goes off or on.',
    'Tell me when something starts or stops moving.',
    'Tell me when a person comes in.',
    'Tell me when the door opens.',
)
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
PATIENCE_S = 60.0
END_S = 5.0


class RunError(RuntimeError):
    """The run cannot go on; the message says why."""


class Console(Node):
    """
    Sends the instructions and hears what the node says of itself.

    :param reader: whether it is a plain subscriber of the camera as well
    """

    def __init__(self, reader: bool) -> None:
        super().__init__('bench_console')
        self.loaded = False
        self.standing: set[str] = set()
        self.reports = 0
        self.counts: dict[str, int] = {}
        self.transport: dict[int, float] = {}   # by the frame's stamp, seconds
        self.outside: dict[int, float] = {}     # likewise: stamp to state, less inference
        self.create_subscription(
            StreamState, '/streamo/state', self._take_state,
            QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.create_subscription(DiagnosticArray, '/diagnostics', self._take_diagnostics, 10)
        self.instructions = self.create_publisher(Instruction, '/streamo/instruction', 10)
        if reader:
            self.create_subscription(Image, 'image', self._take_image, qos_profile_sensor_data)

    def _take_image(self, message: Image) -> None:
        now = time.time_ns()
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        self.transport[stamp] = (now - stamp) / 1e9

    def _take_state(self, message: StreamState) -> None:
        self.loaded = self.loaded or message.status in (
            StreamState.STATUS_OK, StreamState.STATUS_NO_FRAMES)
        self.standing.add(message.instruction_id)
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        if stamp and message.age_s == 0:
            # With several instructions, the frame's first one.
            self.outside.setdefault(stamp, message.latency_s - message.inference_s)

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == '/streamo: stream':
                self.reports += 1
                self.counts = {
                    value.key: int(value.value) for value in status.values
                    if value.key.startswith('frames_')}


class Run:
    """The node, the console and a camera, until ``close``."""

    def __init__(self, reader: bool) -> None:
        executable = installed() / 'lib' / 'streamo_ros' / 'streamo_node'
        self._reader = reader
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._console = Console(reader)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._console)
        self._children: list[subprocess.Popen[str]] = []
        self._node = self._start([
            str(executable), '--ros-args', '-p', f'fps:={FPS}', '--log-level', 'warn'])

    def _start(self, command: list[str], **options: Any) -> 'subprocess.Popen[str]':
        # Sessions of their own: a terminal's Ctrl-C is for this process to pass on, and the
        # node's processor time is that of its session.
        child = subprocess.Popen(command, text=True, start_new_session=True, **options)
        self._children.append(child)
        return child

    def close(self) -> None:
        """End all processes."""
        for child in self._children:
            child.terminate()
        end = time.monotonic() + END_S
        for child in self._children:
            try:
                child.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self._executor.shutdown()
        self._console.destroy_node()
        rclpy.shutdown()

    def _await(self, condition: Callable[[], Any], what: str, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while not condition():
            self._executor.spin_once(timeout_sec=0.05)
            if self._node.poll() is not None:
                raise RunError(f'the node has ended with {self._node.returncode}')
            if time.monotonic() > end:
                raise RunError(f'waited {patience_s:g} s in vain for {what}')

    def measure(
        self, size: tuple[int, int], instructions: int, seconds: float
    ) -> dict[str, Any]:
        """
        Play the camera once; return the figures.

        :param size: width and height of the camera's pictures
        :param instructions: how many stand, 1 to 4
        """
        console = self._console
        self._await(lambda: console.loaded, 'the node to load its checkpoint', PATIENCE_S)
        self._await(
            console.instructions.get_subscription_count, 'a reader of ~/instruction', PATIENCE_S)
        for number, text in enumerate(INSTRUCTIONS[:instructions]):
            console.instructions.publish(Instruction(id=f'bench {number}', text=text))
        self._await(
            lambda: len(console.standing - {''}) == instructions, 'the instructions to stand',
            PATIENCE_S)

        camera = self._start(
            [sys.executable, '-m', 'streamo_ros.nodes.bench_camera', *map(str, size),
             '--readers', str(1 + self._reader), '--seconds', str(seconds)],
            stdout=subprocess.PIPE)
        lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=_read, args=(camera, lines), daemon=True).start()
        self._await(lambda: not lines.empty(), 'the camera and its readers', PATIENCE_S)
        self._take(lines)
        begin, used = time.monotonic(), cpu_seconds(self._node.pid)
        self._await(lambda: not lines.empty(), "the camera's end", seconds + PATIENCE_S)
        share = (cpu_seconds(self._node.pid) - used) / (time.monotonic() - begin)
        sent = self._take(lines)['sent']
        # One report may have been on its way; the second was made after the last frame.
        reports = console.reports
        self._await(lambda: console.reports > reports + 1, 'diagnostics', PATIENCE_S)

        figures = {
            'sent': sent, 'received': console.counts['frames_received'],
            'decided': len(console.outside), 'dropped': console.counts['frames_dropped'],
            'cpu_share': share}
        if self._reader:
            both = console.outside.keys() & console.transport.keys()
            if not both:
                raise RunError('the node and the plain subscriber had no frame in common')
            figures['transport_ms'] = _quantiles(list(console.transport.values()))
            figures['overhead_ms'] = _quantiles(
                [console.outside[stamp] - console.transport[stamp] for stamp in both])
        return figures

    def _take(self, lines: 'queue.Queue[dict[str, Any]]') -> dict[str, Any]:
        said = lines.get_nowait()
        if not said:
            raise RunError('the camera has failed: see above')
        return said


def _read(child: 'subprocess.Popen[str]', lines: 'queue.Queue[dict[str, Any]]') -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(json.loads(line))
    lines.put({})


def _quantiles(seconds: list[float]) -> dict[str, float]:
    return {'p50': 1e3 * quantile(seconds, 0.5), 'p95': 1e3 * quantile(seconds, 0.95)}


def cpu_seconds(session: int) -> float:
    """Return the processor time that the running processes of a session have used (Linux)."""
    ticks = 0
    for file in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = file.read_text().rpartition(')')[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def installed() -> Path:
    """
    Return where the package is installed.

    :raises RunError: when it is not
    """
    try:
        return Path(get_package_prefix('streamo_ros'))
    except (PackageNotFoundError, OSError) as error:  # OSError: nothing is sourced
        raise RunError(
            'the package is not installed: `make build`, `source env.sh`') from error


def choose_profile(large_images: bool) -> None:
    """
    Have this process and its children use the shipped profile, or Fast DDS as it comes.

    :raises RunError: when the profile is not installed
    """
    for variable in PROFILE_VARIABLES:
        os.environ.pop(variable, None)
    if not large_images:
        return
    profile = installed() / 'share' / 'streamo_ros' / 'config' / 'fastdds_large_images.xml'
    if not profile.is_file():
        raise RunError(f'{profile} is missing: build the package again')
    for variable in PROFILE_VARIABLES:
        os.environ[variable] = str(profile)


def main(args: list[str] | None = None) -> int:
    """Run once and print the figures; return 1 when something failed, 130 at Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0].strip())
    parser.add_argument('width', type=int)
    parser.add_argument('height', type=int)
    parser.add_argument('--profile', action='store_true', help='for large images')
    parser.add_argument('--reader', action='store_true', help='a plain subscriber beside the node')
    parser.add_argument('--instructions', type=int, default=1, choices=range(1, 5))
    parser.add_argument('--seconds', type=float, default=10.0)
    options = parser.parse_args(args)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        choose_profile(options.profile)
        with own_domain() as domain:
            # Away from every other graph, and from the network.
            os.environ['ROS_DOMAIN_ID'] = str(domain)
            os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
            run = Run(options.reader)
            try:
                figures = run.measure(
                    (options.width, options.height), options.instructions, options.seconds)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                run.close()
    except KeyboardInterrupt:
        return 130
    except (DomainError, RunError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(figures))
    return 0


if __name__ == '__main__':
    sys.exit(main())
