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
One run of ``streamo bench node``: cameras and the node as processes, and what came through.

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
from collections.abc import Sequence
import json
import os
from pathlib import Path
import sys
import time
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from streamo_ros.msg import StreamState
from streamo_ros.nodes.diagnostics import quantile
from streamo_ros.nodes.process.large_pictures import profile
from streamo_ros.nodes.process.large_pictures import VARIABLE
from streamo_ros.nodes.process.large_pictures import VARIABLES
from streamo_ros.nodes.process.memory import keep_freed_memory
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.nodes.tools.graph_runner import installed
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S
from streamo_ros.nodes.tools.graph_runner import run_tool

FPS = 2.0
CAMERAS = 'image', 'image_2'
INSTRUCTIONS = (
    'Tell me when the light goes off or on.',
    'Tell me when something starts or stops moving.',
    'Tell me when a person comes in.',
    'Tell me when the door opens.',
)


class BenchConsole(Console):
    """
    Hears when each frame was decided.

    :param topics: those of the cameras that it is a plain subscriber of as well
    """

    def __init__(self, runner: GraphRunner, topics: Sequence[str]) -> None:
        super().__init__(runner)
        self.transport: dict[int, float] = {}   # by the frame's stamp, seconds
        self.outside: dict[int, float] = {}     # likewise: stamp to state, less inference
        for topic in topics:
            runner.node.create_subscription(
                Image, topic, self._take_image, qos_profile_sensor_data)

    def _take_image(self, message: Image) -> None:
        now = time.time_ns()
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        self.transport[stamp] = (now - stamp) / 1e9

    def take_state(self, message: StreamState) -> None:
        """Note what a state says of the node and of its frame."""
        super().take_state(message)
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        if stamp and message.age_s == 0:
            # With several instructions, the frame's first one.
            self.outside.setdefault(stamp, message.latency_s - message.inference_s)


def measure(
    runner: GraphRunner, size: tuple[int, int], cameras: int, instructions: int, seconds: float,
    reader: bool,
) -> dict[str, Any]:
    """
    Have the node watch the cameras once; return the figures.

    :param size: width and height of their pictures
    :param cameras: how many the node has, 1 or 2
    :param instructions: how many stand, 1 to 4
    :param reader: whether the console is one of their readers
    """
    topics = CAMERAS[:cameras]
    node = runner.start_node(
        '--log-level', 'warn', '-p', f'fps:={FPS}', '-p', f'cameras:=[{", ".join(topics)}]')
    console = BenchConsole(runner, topics if reader else ())
    console.await_ready()
    for number, text in enumerate(INSTRUCTIONS[:instructions]):
        console.ask(text, f'bench {number}')
    runner.wait(
        lambda: len(console.latest.keys() - {''}) == instructions, 'the instructions to stand')

    sending = [
        runner.start_camera(
            'bench_camera', topic, *map(str, size), '--readers', str(1 + reader),
            '--seconds', str(seconds), patience_s=seconds + PATIENCE_S)
        for topic in topics]
    for camera in sending:
        next(camera)  # it begins to send
    begin, used = time.monotonic(), cpu_seconds(node.pid)
    sent = sum(next(camera)['sent'] for camera in sending)
    share = (cpu_seconds(node.pid) - used) / (time.monotonic() - begin)
    console.await_report()
    counts = console.frame_counts()
    figures = {
        'sent': sent, 'received': counts['frames_received'], 'decided': len(console.outside),
        'dropped': counts['frames_dropped'], 'cpu_share': share}
    if reader:
        both = console.outside.keys() & console.transport.keys()
        if not both:
            raise GraphError('the node and the plain subscriber had no frame in common')
        figures['transport_ms'] = _quantiles(list(console.transport.values()))
        figures['overhead_ms'] = _quantiles(
            [console.outside[stamp] - console.transport[stamp] for stamp in both])
    return figures


def _quantiles(seconds: list[float]) -> dict[str, float]:
    return {'p50': 1e3 * quantile(seconds, 0.5), 'p95': 1e3 * quantile(seconds, 0.95)}


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and those it started have used (Linux)."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for file in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = file.read_text().rpartition(')')[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(file.parent.name)] = int(fields[1])
        ticks[int(file.parent.name)] = int(fields[11]) + int(fields[12])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return sum(ticks.get(member, 0) for member in family) / os.sysconf('SC_CLK_TCK')


def choose_profile(large_images: bool) -> None:
    """
    Have this process and its children use the shipped profile, or Fast DDS as it comes.

    :raises GraphError: when the profile is not installed
    """
    for variable in VARIABLES:
        os.environ.pop(variable, None)
    if not large_images:
        return
    installed()
    if not profile().is_file():
        raise GraphError(f'{profile()} is missing: build the package again')
    os.environ[VARIABLE] = str(profile())


def main(args: list[str] | None = None) -> int:
    """Run once and print the figures; return 1 when something failed, 130 at Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0].strip())
    parser.add_argument('width', type=int)
    parser.add_argument('height', type=int)
    parser.add_argument('--profile', action='store_true', help='for large images')
    parser.add_argument('--reader', action='store_true', help='a plain subscriber beside the node')
    parser.add_argument('--cameras', type=int, default=1, choices=range(1, 3))
    parser.add_argument('--instructions', type=int, default=1, choices=range(1, 5))
    parser.add_argument('--seconds', type=float, default=10.0)
    options = parser.parse_args(args)

    def run() -> int:
        choose_profile(options.profile)
        keep_freed_memory()  # the plain subscriber is to be as good as one can be
        with GraphRunner() as runner:
            figures = measure(
                runner, (options.width, options.height), options.cameras, options.instructions,
                options.seconds, options.reader)
        print(json.dumps(figures))
        return 0

    return run_tool('bench', run)


if __name__ == '__main__':
    sys.exit(main())
