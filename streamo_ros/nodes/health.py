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
How the node is: its status, what it repeats while nothing is decided, and its figures.

It is told of steps and failures, and asked for what is published; it publishes nothing itself.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import time
import traceback

from rclpy.impl.rcutils_logger import RcutilsLogger

from streamo_ros.engine import EngineFailure
from streamo_ros.engine.stopwatch import shares
from streamo_ros.msg import StreamState
from streamo_ros.nodes.diagnostics import CameraFigures
from streamo_ros.nodes.diagnostics import Snapshot
from streamo_ros.nodes.instruction_intake import InstructionIntake
from streamo_ros.nodes.parameters import Settings
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.rounded_time import rounded_down
from streamo_ros.nodes.sim_time import SimTime
from streamo_ros.nodes.state_publisher import Status
from streamo_ros.nodes.stream import Stream

STUCK_S = 5.0
"""At one frame for so long, the model is in trouble."""

MIN_ALLOWED_S = 1.0
"""A machine that is busy is not in trouble for less, whatever ``deadline_s`` says."""

LATEST = 600
"""Steps whose latencies and inference times are kept: ten minutes at one frame a second."""


@dataclass(frozen=True)
class Condition:
    """
    The node at one moment, as far as its status depends on it.

    :param lifecycle: the name of its state
    :param ending: it shuts down
    :param loading: the checkpoint that is being loaded; None: none is
    :param failed: how the latest transition failed; empty: it did not
    :param watching: it is active, and there is a model
    :param busy_s: seconds that the model has been at the frame at hand
    :param allowed_s: seconds that a stream may be without a fresh decision: see ``allowed_s``
    """

    lifecycle: str
    ending: bool = False
    loading: str | None = None
    failed: str = ''
    watching: bool = False
    busy_s: float = 0.0
    allowed_s: float = float('inf')


def allowed_s(settings: Settings) -> float:
    """
    Return for how long a stream may be without a fresh decision.

    That is the period of its frames and the time that one frame may take: ``deadline_s``, but no
    more than ``STUCK_S``, from which on the model is in trouble in any case.
    """
    deadline_s = settings.deadline_s if settings.engine_process else STUCK_S
    return 1 / settings.fps + max(MIN_ALLOWED_S, min(STUCK_S, deadline_s))


class Health:
    """
    What is known of how the node is.

    The ``note_`` methods belong to the engine's thread, ``log_time`` and ``snapshot`` to the
    executor; the others may be called from any thread. What threads share here is single figures,
    and queues that are appended to in one and copied in another.

    :param streams: of all cameras
    :param instructions: those that stand, and what is counted of them
    :param sim_time: looks at the node's clock
    """

    def __init__(
        self, streams: Sequence[Stream], instructions: InstructionIntake, sim_time: SimTime,
        logger: RcutilsLogger,
    ) -> None:
        self._streams = streams
        self._instructions = instructions
        self._failures = 0      # steps and engines that have failed
        self._restarts = 0      # engines that took the place of a lost one
        self._responses = 0
        self._step_failure = ''
        self._latencies: deque[float] = deque(maxlen=LATEST)
        self._inferences: deque[float] = deque(maxlen=LATEST)
        self._sim_time = sim_time
        self._time_trouble = ''
        self._logger = logger

    def clear_failure(self) -> None:
        """Forget the model's latest failure: it has judged a frame, or is about to be loaded."""
        self._step_failure = ''

    def note_step(self, latency_s: float | None, inference_s: float) -> None:
        """
        Note that what was decided about a frame has been published.

        :param latency_s: from its stamp to now; None where there is no clock to tell
        """
        if latency_s is not None:
            self._latencies.append(latency_s)
        self._inferences.append(inference_s)

    def note_response(self) -> None:
        """Note that an answer was given."""
        self._responses += 1

    def note_failure(self, error: Exception) -> None:
        """Note that the model has failed, over a frame or altogether, and log it."""
        self._failures += 1
        lost = isinstance(error, EngineFailure)
        reason = str(error) if lost else f'{type(error).__name__}: {error}'
        # Numbered, so that each is a change of status and said at once.
        self._step_failure = printable(
            f'failure {self._failures} of the model: {reason}')
        if lost:
            self._logger.error(f'{self._step_failure}; it is started anew')
        elif str(self._failures).strip('0') == '1':  # the 1st, 10th, 100th ...
            trace = ''.join(traceback.format_exception(error))
            self._logger.error(f'failure {self._failures} of the model: {trace}')

    def note_restart(self) -> None:
        """Note that an engine has taken the place of a lost one, and log it."""
        self._restarts += 1
        self._step_failure = ''
        self._logger.info(
            f'the model runs again (restart {self._restarts}); '
            f'{len(self._instructions.standing)} instructions stand')

    def step_status(self, late: int, fps: float) -> Status:
        """
        Return how it is about a frame that was judged.

        :param late: frames that were dropped since the one before
        :param fps: frames a second that are to be judged
        """
        return Status() if not late else Status(
            StreamState.STATUS_LATE,
            f'the model does not keep up with {fps:g} frames a second: '
            f'{late} dropped before this one; lower fps')

    def status(self, condition: Condition) -> Status:
        """Return how the node is, whatever its cameras do: of several things the gravest."""
        if condition.ending:
            return Status(StreamState.STATUS_INACTIVE, 'the node shuts down')
        if condition.loading is not None:
            return Status(
                StreamState.STATUS_LOADING, f'loading checkpoint {condition.loading!r}')
        if condition.failed:
            return Status(StreamState.STATUS_ERROR, printable(condition.failed))
        if not condition.watching:
            return Status(
                StreamState.STATUS_INACTIVE,
                f'the node is {condition.lifecycle}: activate it to watch')
        if self._step_failure:
            return Status(StreamState.STATUS_ERROR, self._step_failure)
        if condition.busy_s > STUCK_S:
            return Status(
                StreamState.STATUS_LATE, 'the model has been at one frame for more than '
                f'{STUCK_S:g} s')
        return Status()

    def repeat(self, condition: Condition, heartbeat_s: float) -> None:
        """Have each stream repeat the states that nothing was said about for so long."""
        standing, status = self._instructions.standing, self.status(condition)
        for stream in self._streams:
            stream.reports.repeat(
                [instruction for instruction in standing if instruction.watches(stream.name)],
                self._stream_status(stream, condition, status), stream.dropped, heartbeat_s)

    def log_time(self) -> None:
        """Log when simulated time stops, and when it runs again."""
        trouble = self._sim_time.trouble
        if trouble != self._time_trouble:
            self._time_trouble = trouble
            self._logger.warning(trouble or 'simulated time runs')

    def snapshot(self, condition: Condition, settings: Settings) -> Snapshot:
        """Return the figures of now."""
        status = self.status(condition)
        return Snapshot(
            cameras=[self._figures(
                stream, self._stream_status(stream, condition, status))
                for stream in self._streams],
            checkpoint=settings.checkpoint,
            backend=settings.backend,
            lifecycle=condition.lifecycle,
            status=status,
            fps=settings.fps,
            latencies=tuple(self._latencies),
            inferences=tuple(self._inferences),
            failures=self._failures,
            restarts=self._restarts,
            instructions=[
                one.text + (f' (camera {one.camera})' if one.camera else '')
                for one in self._instructions.standing],
            refused=self._instructions.refused,
            last_refusal=self._instructions.last_refusal,
            unkept=self._instructions.unkept,
            responses=self._responses,
            links={stream.name: stream.link for stream in self._streams if stream.link},
            shares=shares(*itertools.chain.from_iterable(
                (stream.camera.stopwatch.seconds, stream.seconds, stream.stopwatch.seconds)
                for stream in self._streams)) if settings.profile else {})

    def _stream_status(self, stream: Stream, condition: Condition, status: Status) -> Status:
        """
        Return how one stream is: what the node's status is, or else why nothing is decided.

        It watches what has come of the stream, not what should: however frames, calls and
        parameters hold each other up, a stream without a fresh decision is not well.
        """
        if status.detail:
            return status
        if no_frames := stream.camera.no_frames:
            return Status(
                StreamState.STATUS_NO_FRAMES,
                '; '.join(filter(None, (no_frames, self._sim_time.trouble))))
        undecided_s = time.monotonic() - stream.decided_at
        if undecided_s <= condition.allowed_s:
            return status
        undecided = f'nothing was decided for {rounded_down(undecided_s):g} s'
        if stream.sampled_at > stream.decided_at:
            return Status(
                StreamState.STATUS_LATE,
                f'{undecided} though frames come: the model does not get to them; lower fps')
        return Status(
            StreamState.STATUS_NO_FRAMES,
            f'{undecided} because no frame was due: the stamps on {stream.camera.topic} advance '
            'slower than time does, or its frames stop now and then')

    def _figures(self, stream: Stream, status: Status) -> CameraFigures:
        camera, source = stream.camera, stream.camera.source
        return CameraFigures(
            name=stream.name,
            topic=camera.topic,
            source='' if source is None else
            f'{source.type} {"reliable" if source.reliable else "best effort"}',
            epoch=stream.epoch,
            no_frames=status.detail if status.code == StreamState.STATUS_NO_FRAMES else '',
            late=status.detail if status.code == StreamState.STATUS_LATE else '',
            clocks=camera.clocks,
            passed_over=camera.passed_over,
            clock=self._sim_time.trouble,
            publishers=camera.publishers,
            incompatible=camera.incompatible,
            received=camera.frames.received,
            sampled=camera.frames.sampled,
            dropped=stream.dropped,
            stale=camera.frames.stale,
            bad=dict(camera.frames.bad),
            visual_tokens_pruned=stream.visual_tokens_pruned,
            skipped_frames=stream.skipped_frames)
