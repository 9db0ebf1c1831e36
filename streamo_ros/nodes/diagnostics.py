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
The node's health, once a second on ``/diagnostics``.

Built from a snapshot of plain figures, so that what is healthy and what is not is decided in one
place and can be tested without a graph.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from statistics import mean
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
from std_msgs.msg import Header

from streamo_ros.msg import StreamState
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.state_publisher import Status

LEVELS = {
    StreamState.STATUS_OK: DiagnosticStatus.OK,
    StreamState.STATUS_LOADING: DiagnosticStatus.WARN,
    StreamState.STATUS_INACTIVE: DiagnosticStatus.WARN,
    StreamState.STATUS_NO_FRAMES: DiagnosticStatus.ERROR,
    StreamState.STATUS_LATE: DiagnosticStatus.WARN,
    StreamState.STATUS_ERROR: DiagnosticStatus.ERROR,
}


@dataclass(frozen=True)
class CameraFigures:
    """
    What one camera brought; counts are since the node started.

    :param name: the node's name for it
    :param clock: why simulated time does not run; empty where it does, or time is real
    :param no_frames: why no usable frame comes; empty while they do
    :param late: why frames come and nothing is decided about them; empty while something is
    :param clocks: that frames of several clocks come; empty while they do not
    :param passed_over: messages that were not looked at, because pictures before them took long
    :param incompatible: publishers that offered another quality of service than was asked for
    :param bad: images that could not be used, by cause
    :param visual_tokens_pruned: share of visual tokens that a still scene has spared in this epoch
    :param skipped_frames: frames of this epoch that it did not look at
    """

    name: str
    topic: str
    source: str
    epoch: int
    no_frames: str = ''
    late: str = ''
    clocks: str = ''
    passed_over: int = 0
    publishers: int = 0
    incompatible: int = 0
    received: int = 0
    sampled: int = 0
    dropped: int = 0
    stale: int = 0
    clock: str = ''
    bad: Mapping[str, int] = field(default_factory=dict)
    visual_tokens_pruned: float = 0.0
    skipped_frames: int = 0


@dataclass(frozen=True)
class Snapshot:
    """
    The figures of one moment; counts are since the node started, times in seconds.

    :param cameras: at least one
    :param status: of the node, whatever the cameras do
    :param latencies: from image stamp to publication, the latest ones
    :param inferences: time the model took, the latest ones
    :param unkept: why instructions are not kept in the state file; empty while they are
    :param restarts: engines that took the place of one that was lost
    :param shares: of the time, by what it went into; empty unless that is asked for
    :param links: how the link of each camera's engine is, where that runs elsewhere
    """

    cameras: Sequence[CameraFigures]
    checkpoint: str
    backend: str
    lifecycle: str
    status: Status
    fps: float
    latencies: Sequence[float] = ()
    inferences: Sequence[float] = ()
    failures: int = 0
    restarts: int = 0
    instructions: Sequence[str] = ()
    refused: int = 0
    last_refusal: str = ''
    unkept: str = ''
    responses: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which the share of the values lies (nearest rank); 0 of none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


def diagnostics(node: str, stamp: Time, snapshot: Snapshot) -> DiagnosticArray:
    """
    Return the statuses of a node: stream, inference, model, instructions.

    Of several cameras each has a stream of its own, named after it.
    """
    code, detail = snapshot.status.code, snapshot.status.detail
    level = LEVELS[code]
    pruned = f'{mean(camera.visual_tokens_pruned for camera in snapshot.cameras):.3f}'
    late = '; '.join(camera.late for camera in snapshot.cameras if camera.late)
    if not detail and late:
        code, detail, level = StreamState.STATUS_LATE, late, LEVELS[StreamState.STATUS_LATE]
    inference = code in (StreamState.STATUS_LATE, StreamState.STATUS_ERROR)
    parts = [
        *(_stream(camera, 'stream' if len(snapshot.cameras) == 1 else f'stream {camera.name}')
          for camera in snapshot.cameras),
        ('inference',
         level if inference else DiagnosticStatus.OK,
         detail if inference else 'keeps up',
         {'fps': snapshot.fps,
          **{f'{name}_{rank}_s': f'{quantile(values, share):.4f}'
             for name, values in (
                 ('latency', snapshot.latencies), ('inference', snapshot.inferences))
             for rank, share in (('p50', 0.5), ('p95', 0.95))},
          'failures': snapshot.failures, 'responses': snapshot.responses,
          'visual_tokens_pruned': pruned,
          'drop_ratio': pruned,  # its name before 0.2, said for one more release
          'skipped_frames': sum(camera.skipped_frames for camera in snapshot.cameras),
          **{f'share_{part}': f'{share:.3f}' for part, share in snapshot.shares.items()}}),
        ('model',
         DiagnosticStatus.OK if code not in (
             StreamState.STATUS_LOADING, StreamState.STATUS_INACTIVE, StreamState.STATUS_ERROR)
         else level,
         detail if code in (
             StreamState.STATUS_LOADING, StreamState.STATUS_INACTIVE, StreamState.STATUS_ERROR)
         else 'loaded',
         {'checkpoint': snapshot.checkpoint, 'backend': snapshot.backend,
          'lifecycle': snapshot.lifecycle, 'restarts': snapshot.restarts}),
        ('instructions',
         DiagnosticStatus.OK if snapshot.instructions and not snapshot.unkept
         else DiagnosticStatus.WARN,
         snapshot.unkept or f'{len(snapshot.instructions)} standing' if snapshot.instructions
         else 'no instruction stands: send one to ~/instruction',
         {'refused': snapshot.refused, 'last_refusal': snapshot.last_refusal,
          **{f'instruction {number}': text
             for number, text in enumerate(snapshot.instructions, 1)}}),
        *(_link(name if len(snapshot.cameras) > 1 else '', link)
          for name, link in snapshot.links.items()),
    ]
    return DiagnosticArray(
        header=Header(stamp=stamp),
        status=[
            DiagnosticStatus(
                level=level, name=f'{node}: {name}', message=message,
                hardware_id=', '.join(camera.topic for camera in snapshot.cameras),
                values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
            for name, level, message, values in parts])


def _link(camera: str, link: Mapping[str, str]) -> tuple[str, bytes, str, Mapping[str, str]]:
    stand_in = printable(link.get('stand_in', ''))
    return (
        f'link {camera}'.strip(), DiagnosticStatus.WARN if stand_in else DiagnosticStatus.OK,
        stand_in or f'frames go to {link["server"]}', link)


def _stream(camera: CameraFigures, name: str) -> tuple[str, bytes, str, dict[str, Any]]:
    bad = sum(camera.bad.values())
    level, message = DiagnosticStatus.OK, 'frames arrive'
    if camera.no_frames:
        level, message = DiagnosticStatus.ERROR, camera.no_frames
    elif camera.late:
        level, message = DiagnosticStatus.WARN, camera.late
    elif camera.clock:
        level, message = DiagnosticStatus.WARN, camera.clock
    elif camera.clocks:
        level, message = DiagnosticStatus.WARN, camera.clocks
    elif bad:
        level, message = DiagnosticStatus.WARN, f'{bad} bad images'
    elif camera.publishers > 1:
        level, message = DiagnosticStatus.WARN, f'{camera.publishers} publishers on one topic'
    elif camera.incompatible:
        level, message = DiagnosticStatus.WARN, (
            f'{camera.incompatible} publishers with an incompatible quality of service')
    return name, level, message, {
        'topic': camera.topic, 'source': camera.source, 'publishers': camera.publishers,
        'incompatible_qos': camera.incompatible, 'epoch': camera.epoch,
        'frames_received': camera.received, 'frames_sampled': camera.sampled,
        'frames_dropped': camera.dropped, 'stale_stamps': camera.stale,
        'frames_passed_over': camera.passed_over,
        **{f'bad_images ({cause})': count for cause, count in sorted(camera.bad.items())}}
