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
From decisions to the event log: what began, what was answered, and what came to nothing.

It hears of each step before it is published, in the engine's thread, and waits for nothing there:
the log's own thread writes, another publishes the answers in their order (``events.release`` has
the rule). Without a log, answers are published as they come.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
import functools
import os
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_msgs.msg import KeyValue
from rclpy.node import Node

from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import State
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.events.event import Event
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_writer import EventWriter
from streamo_ros.events.release import Release
from streamo_ros.msg import EventRecord
from streamo_ros.msg import Response
from streamo_ros.msg import StructuredResponse
from streamo_ros.nodes.event_log.camera_pose import CameraPose
from streamo_ros.nodes.event_log.messages import nanoseconds
from streamo_ros.nodes.event_log.messages import record
from streamo_ros.nodes.event_log.pictures import find_blur
from streamo_ros.nodes.event_log.pictures import jpeg
from streamo_ros.nodes.parameters import Settings
from streamo_ros.nodes.worker import Step

if TYPE_CHECKING:
    from streamo_ros.engine import Decision

END_S = 0.3
"""When the node ends: what writing the log to its end may take, and publishing what is held."""

EVENT_DEPTH = 100
"""Records that wait for a slow reader: several may come with one tick."""


@dataclass(frozen=True)
class _Shot:
    """A frame of an event; its image is None where pictures are not logged."""

    stamp: int
    frame_id: str
    image: Any


@dataclass(eq=False)
class _Watched:
    """
    What is followed of an instruction on a camera.

    :param last: the latest frame of the Standby, and its probability
    """

    instruction: StandingInstruction
    epoch: int
    span: EventSpan[_Shot]
    last: tuple[_Shot, float] | None = None


def log_folder(settings: Settings) -> Path | None:
    """Return where the log lies; relative to the ROS home; None where there is none."""
    if not settings.event_log:
        return None
    home = Path(os.environ.get('ROS_HOME') or Path.home() / '.ros')
    return home / Path(settings.event_log).expanduser()


class EventRecorder:
    """
    Logs the node's events.

    ``take_step`` and ``take_response`` belong to the engine's thread.

    :param settings: as of the node's start; ``checkpoint`` returns the present one
    :param publish: publishes an answer, and its data where that was asked for
    :raises ParameterError: when there is no such blur
    """

    def __init__(
        self, node: Node, settings: Settings, checkpoint: Callable[[], str],
        publish: Callable[[Response, StructuredResponse | None], None],
    ) -> None:
        self._node = node
        self._settings = settings
        self._checkpoint = checkpoint
        self._publish = publish
        self._watched: dict[tuple[str, str], _Watched] = {}
        self._answered: dict[tuple[str, str], tuple[_Shot, _Shot]] = {}
        self._writer: EventWriter | None = None
        records = node.create_publisher(EventRecord, '~/event', EVENT_DEPTH)
        blur = find_blur(settings.event_log_blur)
        folder = log_folder(settings)
        if folder is None:
            return
        self._pose = CameraPose(node, settings.event_log_map_frame)
        self._release = Release(lambda error: self._warn(f'an answer was not published: {error}'))
        self._writer = EventWriter(
            folder,
            Bounds(settings.event_log_max_days, settings.event_log_max_mib * 2**20,
                   settings.event_log_max_events),
            functools.partial(jpeg, blur=blur), lambda event: records.publish(record(event)),
            self._warn)

    def _warn(self, sentence: str) -> None:
        self._node.get_logger().warning(sentence)

    def take_step(
        self, camera: str, outcome: Step,
        decisions: 'Sequence[tuple[StandingInstruction, Decision]]',
    ) -> None:
        """Follow what was decided about a frame, before that is published."""
        if self._writer is None:
            return
        frame = outcome.frame
        shot = _Shot(frame.stamp, frame.header.frame_id,
                     frame.image if self._settings.event_log_pictures else None)
        seen = set()
        for instruction, decision in decisions:
            key = (camera, instruction.id)
            seen.add(key)
            watched = self._watched.get(key)
            if watched is None or (
                    watched.instruction is not instruction or watched.epoch != frame.epoch):
                self._come_to_nothing(key)
                watched = self._watched[key] = _Watched(instruction, frame.epoch, EventSpan())
            if decision.state is State.SILENCE:
                self._come_to_nothing(key)
                continue
            began = watched.span.follow(decision.state, shot)
            watched.last = (shot, float(decision.probabilities[decision.state]))
            if began is not None:
                watched.last = None
                self._answered[key] = (began, shot)
        for key in [key for key in self._watched if key[0] == camera and key not in seen]:
            self._come_to_nothing(key)

    def take_response(self, response: Response, data: StructuredResponse | None) -> None:
        """Log an answer, and publish it when it is logged."""
        writer = self._writer
        if writer is None:
            self._publish(response, data)
            return
        end = nanoseconds(response.event_end)
        unseen = _Shot(end, response.header.frame_id, None)
        began, ended = self._answered.pop(
            (response.camera, response.instruction_id), (unseen, unseen))
        event = Event(
            State.RESPONSE, nanoseconds(response.event_start), end, response.camera,
            response.instruction_id, response.instruction, response.text,
            complete=response.complete, epoch=response.epoch, probability=response.probability,
            latency_s=response.latency_s, response_seq=response.seq,
            frame_id=response.header.frame_id, checkpoint=self._checkpoint(),
            logged=self._node.get_clock().now().nanoseconds,
            pose=self._pose.at(response.header.frame_id, end),
            data=data.data if data else '')
        done = self._release.hold(
            lambda: self._publish(response, data), lambda: writer.keep(event))
        self._log(writer, event, began, ended, done)

    def _come_to_nothing(self, key: tuple[str, str]) -> None:
        """Forget what began on a camera for an instruction; log it where that is asked for."""
        watched = self._watched.pop(key, None)
        if watched is None or watched.last is None or self._writer is None or (
                not self._settings.event_log_standby):
            return
        began = watched.span.standby_since
        ended, probability = watched.last
        assert began is not None
        self._log(self._writer, Event(
            State.STANDBY, began.stamp, ended.stamp, key[0], key[1], watched.instruction.text,
            epoch=watched.epoch, probability=probability, frame_id=ended.frame_id,
            checkpoint=self._checkpoint(), logged=self._node.get_clock().now().nanoseconds,
            pose=self._pose.at(ended.frame_id, ended.stamp)), began, ended, lambda: None)

    def _log(
        self, writer: EventWriter, event: Event, began: _Shot, ended: _Shot,
        done: Callable[[], None],
    ) -> None:
        shots = [began] if began.stamp == ended.stamp else [began, ended]
        writer.offer(
            event, [(shot.stamp, shot.image) for shot in shots if shot.image is not None], done)

    def diagnose(self) -> list[DiagnosticStatus]:
        """Return the log's status for ``/diagnostics``; none where there is no log."""
        if self._writer is None:
            return []
        figures, early = self._writer.figures, self._release.early
        level, message = DiagnosticStatus.OK, 'events are logged'
        if figures.trouble:
            level, message = DiagnosticStatus.ERROR, figures.trouble
        elif figures.left_out:
            level, message = DiagnosticStatus.WARN, f'{figures.left_out} events were left out'
        return [DiagnosticStatus(
            level=level, name=f'{self._node.get_fully_qualified_name()}: event log',
            message=message, hardware_id=str(log_folder(self._settings)),
            values=[KeyValue(key=key, value=str(value)) for key, value in {
                'events_logged': figures.logged, 'events_left_out': figures.left_out,
                'events_without_pictures': figures.without_pictures,
                'events_waiting': figures.waiting, 'events_kept': figures.kept,
                'published_before_logged': early}.items()])]

    def end(self) -> None:
        """Write what waits, publish what is kept, and close the log."""
        if self._writer is None:
            return
        if not self._writer.stop(END_S):
            self._warn('the event log was not written to its end: the disk is too slow')
        self._release.stop(END_S)
