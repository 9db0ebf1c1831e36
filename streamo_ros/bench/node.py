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
``streamo bench node``: how many of a camera's frames reach the node, and what the node costs.

A camera process (raw images, best effort, 30 Hz) and the node with the built-in checkpoint, at
2 fps, over real DDS. Names with ``default`` are of Fast DDS without a profile, all others of the
shipped ``config/fastdds_large_images.xml``.

``delivered_...``
    Frames that the node counts over those sent after discovery, at 640x480 and 1920x1080;
    ``four_instructions`` instead of one, ``two_cameras`` with four instructions.
``cpu_share_480p``, ``cpu_share_1080p``
    Processor time of the node and its engine while it receives; 1 is one core.
``transport_p50_ms_1080p``, ``transport_p95_ms_1080p``
    From a frame's stamp, just before it is sent, to the callback of a plain rclpy subscriber that
    runs next to the node.
``overhead_p50_ms_1080p``, ``overhead_p95_ms_1080p``
    What the node adds from the arrival of an image to the publication of its state: from stamp to
    state, minus inference, minus that frame's transport to the plain subscriber. The two
    subscribers share the CPU, so one may be served before the other; that is included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import json
import subprocess
import sys
from typing import Any

from tqdm import tqdm

from streamo_ros.errors import UserError

SMALL, LARGE = (640, 480), (1920, 1080)


class BenchError(UserError, RuntimeError):
    """Nothing could be measured; the message says why."""


@dataclass(frozen=True)
class NodeFigures:
    """The figures: shares from 0, times in milliseconds."""

    delivered_480p_default: float
    delivered_480p: float
    delivered_1080p_default: float
    delivered_1080p_profile: float
    delivered_1080p_four_instructions: float
    delivered_1080p_two_cameras: float
    cpu_share_480p: float
    cpu_share_1080p: float
    cpu_share_1080p_two_cameras: float
    transport_p50_ms_1080p: float
    transport_p95_ms_1080p: float
    overhead_p50_ms_1080p: float
    overhead_p95_ms_1080p: float


@dataclass(frozen=True)
class _Run:
    """One run; its figures are described in ``streamo_ros.nodes.tools.bench``."""

    size: tuple[int, int]
    options: tuple[str, ...] = ()


_RUNS = {
    'small_default': _Run(SMALL),
    'small': _Run(SMALL, ('--profile',)),
    'large_default': _Run(LARGE),
    'large': _Run(LARGE, ('--profile',)),
    'four': _Run(LARGE, ('--profile', '--instructions', '4')),
    'two': _Run(LARGE, ('--profile', '--instructions', '4', '--cameras', '2')),
    'latency': _Run(LARGE, ('--profile', '--reader')),
}


def measure(seconds: float) -> NodeFigures:
    """
    Return the figures of the node on this machine.

    :param seconds: for which the camera sends, in each of seven runs
    :raises BenchError: when a run fails
    """
    bar = tqdm(_RUNS.items(), unit=' run', leave=False, disable=not sys.stderr.isatty())
    return summary({
        name: _measured([*map(str, run.size), *run.options, '--seconds', str(seconds)])
        for name, run in bar})


def summary(runs: dict[str, dict[str, Any]]) -> NodeFigures:
    """Return the figures of all runs, each as ``streamo_ros.nodes.tools.bench`` prints it."""
    delivered = {name: run['received'] / run['sent'] for name, run in runs.items()}
    transport, overhead = (runs['latency'][name] for name in ('transport_ms', 'overhead_ms'))
    return NodeFigures(
        delivered_480p_default=round(delivered['small_default'], 4),
        delivered_480p=round(delivered['small'], 4),
        delivered_1080p_default=round(delivered['large_default'], 4),
        delivered_1080p_profile=round(delivered['large'], 4),
        delivered_1080p_four_instructions=round(delivered['four'], 4),
        delivered_1080p_two_cameras=round(delivered['two'], 4),
        cpu_share_480p=round(runs['small']['cpu_share'], 3),
        cpu_share_1080p=round(runs['large']['cpu_share'], 3),
        cpu_share_1080p_two_cameras=round(runs['two']['cpu_share'], 3),
        transport_p50_ms_1080p=round(transport['p50'], 2),
        transport_p95_ms_1080p=round(transport['p95'], 2),
        overhead_p50_ms_1080p=round(overhead['p50'], 2),
        overhead_p95_ms_1080p=round(overhead['p95'], 2))


def _measured(arguments: Sequence[str]) -> dict[str, Any]:
    """Run once, in a process of its own: Fast DDS reads its profile only once in each."""
    run = subprocess.Popen(
        [sys.executable, '-m', 'streamo_ros.nodes.tools.bench', *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        printed, problems = run.communicate()
    finally:
        # At Ctrl-C it has camera and node to end, which it does when it is asked to.
        run.terminate()
        run.wait()
    if run.returncode:
        reason = problems.strip().rpartition('\n')[2] or 'it said nothing'
        if 'No module named' in reason:
            reason = f'ROS 2 and the built package are needed ({reason}): source them first'
        raise BenchError(f'the run {" ".join(arguments)} failed: {reason}')
    figures: dict[str, Any] = json.loads(printed)
    if not figures['sent']:
        raise BenchError('the camera sent nothing: give more --seconds')
    return figures
