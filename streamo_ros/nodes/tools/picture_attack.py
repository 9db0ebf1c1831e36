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
Hostile pictures at 10 Hz, and what they cost the node: its worst silence, and its memory.

``python -m streamo_ros.nodes.tools.picture_attack --seconds 60 --json FILE``. The node runs as on
a robot, with two cameras, one of compressed pictures and one of raw ones, and every frame due.
They send the pictures of ``hostile_pictures`` in a random order, and in the end a sound one each,
which has to be decided.

``worst_gap_s``: between two of the node's diagnostics, which are due once a second.
``peak_mib``: the node's resident memory at its highest, above that before the first picture.

Returns 0 when the node went on and both are within the bounds of ``--gap`` and ``--mib``.
"""

import argparse
import array
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
import random
import sys
import tempfile
import time
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.nodes.tools.graph_runner import run_tool
from streamo_ros.nodes.tools.hostile_pictures import hostile_pictures
from streamo_ros.output import check_figures
from streamo_ros.output import write_json

RATE = 10.0
SOUND_S = 0.5       # between sound pictures, until one is decided
INSTRUCTION = 'Tell me when the light goes off or on.'


class AttackConsole(Console):
    """Hears the node, and when it reported."""

    def __init__(self, runner: GraphRunner) -> None:
        super().__init__(runner)
        self.made_at: list[float] = []
        self._fresh: Counter[str] = Counter()

    def take_state(self, message: StreamState) -> None:
        """Count fresh decisions."""
        super().take_state(message)
        self._fresh[message.camera] += (
            message.age_s == 0 and message.status != StreamState.STATUS_REFUSED)

    def decisions_about(self, camera: str) -> int:
        """Return how many decisions there were about a camera."""
        return self._fresh[camera]

    def take_diagnostics(self, message: DiagnosticArray) -> None:
        """Note when it was made: by its stamp, for this process is busy itself."""
        super().take_diagnostics(message)
        stamp = message.header.stamp
        self.made_at.append(stamp.sec + stamp.nanosec / 1e9)


def message_of(compressed: bool, fields: dict[str, Any]) -> Image | CompressedImage:
    """Return a message; rclpy takes an array as it is, and would check bytes one by one."""
    kind = CompressedImage if compressed else Image
    return kind(**{**fields, 'data': array.array('B', fields['data'])})


def stamped(message: Image | CompressedImage) -> Image | CompressedImage:
    """Return the message with the stamp of now."""
    stamp = message.header.stamp
    stamp.sec, stamp.nanosec = divmod(time.time_ns(), 10**9)
    return message


def memory_mib(pid: int, name: str) -> float:
    """Return a figure of a process's memory: VmRSS, or VmHWM for its highest."""
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(f'{name}:'):
            return int(line.split()[1]) / 1024
    return 0.0


def attack(seconds: float, seed: int) -> dict[str, Any]:
    """
    Return the figures.

    :raises GraphError: when the node ends, or does not go on
    """
    corpus = [(one.compressed, message_of(one.compressed, one.fields))
              for one in hostile_pictures()]
    chance = random.Random(seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='attack-')))
        runner = stack.enter_context(GraphRunner({'ROS_LOG_DIR': str(folder)}))
        node = runner.start_node(
            '-p', 'cameras:=[packed, raw]', '-p', 'fps:=30.0', '-p',
            f'instruction:="{INSTRUCTION}"', log=folder / 'node.log')
        console = AttackConsole(runner)
        publishers = {
            True: runner.node.create_publisher(CompressedImage, '/packed/compressed', 10),
            False: runner.node.create_publisher(Image, '/raw', 10)}
        for publisher in publishers.values():
            runner.wait(publisher.get_subscription_count, 'the node to find its cameras')
        console.await_ready()
        black = np.zeros((48, 64, 3), np.uint8)
        sound = {
            True: message_of(True, {
                'format': 'jpeg', 'data': cv2.imencode('.jpg', black)[1].tobytes()}),
            False: message_of(False, {
                'height': 48, 'width': 64, 'encoding': 'rgb8', 'step': 192,
                'data': black.tobytes()})}

        def decide() -> None:
            begun = {camera: console.decisions_about(camera) for camera in ('packed', 'raw')}
            sent_at = float('-inf')

            def decided() -> bool:
                nonlocal sent_at
                if time.monotonic() - sent_at > SOUND_S:
                    sent_at = time.monotonic()
                    for compressed, publisher in publishers.items():
                        publisher.publish(stamped(sound[compressed]))
                return all(console.decisions_about(camera) > before
                           for camera, before in begun.items())

            runner.wait(decided, 'decisions about sound pictures')

        decide()
        console.await_report()
        rest = memory_mib(node.pid, 'VmRSS')
        Path(f'/proc/{node.pid}/clear_refs').write_text('5')  # the highest from now on
        console.made_at.clear()
        begin = time.monotonic()
        sent = 0
        order: list[int] = []
        while (now := time.monotonic()) < begin + seconds:
            if now < begin + sent / RATE:
                runner.listen(begin + sent / RATE - now)
                continue
            order = order or chance.sample(range(len(corpus)), len(corpus))
            compressed, message = corpus[order.pop()]
            publishers[compressed].publish(stamped(message))
            sent += 1
        decide()
        console.await_report()
        peak = memory_mib(node.pid, 'VmHWM')
        counts = console.frame_counts()
    gaps = [after - before for before, after in pairwise(console.made_at)]
    return {
        'seconds': seconds, 'seed': seed, 'pictures': len(corpus), 'sent': sent,
        'received': counts['frames_received'], 'passed_over': counts['frames_passed_over'],
        'sampled': counts['frames_sampled'], 'reports': len(console.made_at),
        'worst_gap_s': round(max(gaps), 3), 'rest_mib': round(rest, 1),
        'peak_mib': round(peak - rest, 1)}


def main(args: list[str] | None = None) -> int:
    """Attack; return 0 when the node went on within its bounds, 1 when not, 130 at Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog='picture_attack', description=__doc__.split('\n\n')[0].strip())
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--gap', type=float, default=1.2, help='seconds')
    parser.add_argument('--mib', type=float, default=500.0)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures there')
    options = parser.parse_args(args)

    def run() -> int:
        check_figures(options.json)
        figures = attack(options.seconds, options.seed)
        for name, value in figures.items():
            print(f'{name:14} {value}')
        if options.json:
            write_json(options.json, figures)
        return int(figures['worst_gap_s'] > options.gap or figures['peak_mib'] > options.mib)

    return run_tool('picture_attack', run)


if __name__ == '__main__':
    sys.exit(main())
