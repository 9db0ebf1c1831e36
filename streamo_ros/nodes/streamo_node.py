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
``streamo_node``: cameras and instructions in, states and answers out.

The node only connects: the cameras sample, the worker's thread thinks, the reports speak.
Configured means that the checkpoint is loaded, active that the node watches. ``~/state`` and
``/diagnostics`` are ordinary publishers, so that a node that does not watch still says why.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextlib import nullcontext
import functools
import sys
import threading
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.lifecycle import LifecycleState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from std_msgs.msg import String
from std_srvs.srv import SetBool
from std_srvs.srv import Trigger

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import EngineFailure
from streamo_ros.engine import EngineProcess
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.instruction_table import GOAL
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.engine.instruction_table import PARAMETER
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.camera import CameraSubscription
from streamo_ros.nodes.diagnostics import CameraFigures
from streamo_ros.nodes.diagnostics import diagnostics
from streamo_ros.nodes.diagnostics import Snapshot
from streamo_ros.nodes.guarded_lifecycle_node import GuardedLifecycleNode
from streamo_ros.nodes.guarded_lifecycle_node import log_failures
from streamo_ros.nodes.parameters import declare
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.parameters import read
from streamo_ros.nodes.rate_limiter import RateLimiter
from streamo_ros.nodes.run_node import run_node
from streamo_ros.nodes.run_node import STOP_S
from streamo_ros.nodes.sim_time import SimTime
from streamo_ros.nodes.state_file import StateFile
from streamo_ros.nodes.state_publisher import MAX_ECHO
from streamo_ros.nodes.state_publisher import SequencedPublisher
from streamo_ros.nodes.state_publisher import StatePublisher
from streamo_ros.nodes.state_publisher import Status
from streamo_ros.nodes.stream import Stream
from streamo_ros.nodes.watch_for import Goals
from streamo_ros.nodes.worker import Engine
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import Step
from streamo_ros.nodes.worker import Worker

STATE_DEPTH = 16
"""Latched states for each camera: the last of each instruction while at most so many stand."""

STUCK_S = 5.0       # at one frame for so long, the model is in trouble
POLL_S = 0.2        # how often the camera's publishers and the age of the states are looked at
GOALS_S = 0.5       # how long the results of goals get to be sent when the node ends

ASKED_DEPTH = 32
"""Instructions that may wait for the executor."""

BURST, PER_S = 20, 5.0
"""Instructions that each way of asking is open to at once, and a second; refusals said aloud."""


def _both(first: Callable[[Any], None], then: Callable[[Any], None]) -> Callable[[Any], None]:
    def call(message: Any) -> None:
        first(message)
        then(message)
    return call


class StreamoNode(GuardedLifecycleNode):
    """
    The lifecycle node, ``/streamo`` by default.

    Cameras, instructions and services share one mutually exclusive callback group, so that they
    need no locks among themselves; the timers have another, so that health is reported whatever
    goes on; transitions run in the default group.

    :raises ParameterError: when the parameters make no sense
    """

    def __init__(self) -> None:
        self._health_group = MutuallyExclusiveCallbackGroup()
        super().__init__('streamo', self._health_group)
        self.settings = declare(self)
        self._worker: Worker | None = None
        self._watching = False
        self._ending = False
        self._counting = threading.RLock()  # the engine's thread too begins epochs
        self._failures = 0
        self._restarts = 0
        self._step_failure = ''
        self._refused = 0
        self._last_refusal = ''
        self._responses = 0
        self._latencies: deque[float] = deque(maxlen=600)
        self._inferences: deque[float] = deque(maxlen=600)

        self._stream_group = MutuallyExclusiveCallbackGroup()
        state_publisher = self.create_publisher(StreamState, '~/state', QoSProfile(
            depth=STATE_DEPTH * len(self.settings.cameras),
            durability=DurabilityPolicy.TRANSIENT_LOCAL))
        response_publisher = self.create_publisher(Response, '~/response', 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self._instructions = InstructionTable(
            *self.settings.cameras, limit=self.settings.max_instructions)
        self._asked = {
            name: RateLimiter(BURST, PER_S)
            for name in ('instruction', 'instruction_text', 'watch_for')}
        self._refusals = RateLimiter(BURST, PER_S)
        self._goals = Goals(
            self, self._take_goal, self._withdraw, self._stands_for_goal, self._idle,
            self._stream_group)
        publisher = SequencedPublisher(
            _both(state_publisher.publish, self._goals.take_state),
            _both(response_publisher.publish, self._goals.take_response))
        self._sim_time = SimTime(self.get_clock())
        self._time_trouble = ''
        self._state_file = StateFile(
            self.settings.state_file, self.get_fully_qualified_name(), self.get_logger())
        self._changed = self.create_guard_condition(
            self._keep_instructions, callback_group=self._health_group)
        self._parameters_changed = self.create_guard_condition(
            self._reconfigure, callback_group=self._stream_group)
        self.add_post_set_parameters_callback(lambda _: self._parameters_changed.trigger())
        self._streams = [
            self._new_stream(number, name, publisher)
            for number, name in enumerate(self.settings.cameras)]

        self.create_subscription(
            Instruction, '~/instruction', self._hear_instruction, ASKED_DEPTH,
            callback_group=self._stream_group)
        self.create_subscription(
            String, '~/instruction_text', self._take_text, ASKED_DEPTH,
            callback_group=self._stream_group)
        self.create_service(
            Trigger, '~/reset', self._reset, callback_group=self._stream_group)
        self.create_service(
            SetBool, '~/enable', self._enable, callback_group=self._stream_group)
        # Steady clocks: under simulated time that does not run, health must still be reported.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(
            POLL_S, self._poll_cameras, callback_group=self._stream_group, clock=steady)
        self.create_timer(
            POLL_S, self._heartbeat, callback_group=self._health_group, clock=steady)
        self.create_timer(1.0, self._diagnose, callback_group=self._health_group, clock=steady)
        if self.settings.autostart:
            self._starter = self.create_timer(0.0, self._start, clock=steady)

        if self.settings.instruction:
            try:
                self._instructions.add(
                    'parameter', self.settings.instruction, 'parameter', origin=PARAMETER)
            except InstructionError as error:
                raise ParameterError(f'parameter instruction: {error}') from error
        for message in self._state_file.read():
            self._take_instruction(message)

    def _new_stream(self, number: int, name: str, publisher: SequencedPublisher) -> Stream:
        settings = self.settings

        def on_frame(picture: NDArray[np.uint8], header: Any, stamp: int) -> None:
            self._take_frame(stream, picture, header, stamp)

        camera = CameraSubscription(
            self, name, settings.fps, settings.image_transport, settings.reliability,
            on_frame, lambda reason: self._take_jump(stream, reason), self._stream_group)
        stream = Stream(number, camera, StatePublisher(
            name, publisher, lambda: self.get_clock().now().nanoseconds))
        return stream

    # Lifecycle

    @log_failures
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the checkpoint, in the worker's thread; the timers go on meanwhile."""
        self._step_failure = ''
        if (result := super().on_configure(state)) is not TransitionCallbackReturn.SUCCESS:
            return result
        with self._counting:
            self.settings = read(self)
            worker = self._worker = Worker(
                self._load_checkpoint, self._publish_step, self._report_failure,
                len(self._streams))
        while not worker.loaded.wait(POLL_S):
            if not self.context.ok() or self._worker is not worker:
                return TransitionCallbackReturn.FAILURE
        if worker.failure is not None:
            self._worker = None
            self.failed = f'the checkpoint cannot be loaded: {worker.failure}'
            self.get_logger().error(self.failed)
            return TransitionCallbackReturn.FAILURE
        worker.post(self._reconcile)
        return result

    @log_failures
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to watch, in a new epoch."""
        result = super().on_activate(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._begin_epochs()
            self._watching = True
            for stream in self._streams:
                stream.camera.open()
        return result

    @log_failures
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop watching; checkpoint and instructions stay."""
        result = super().on_deactivate(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._stop_watching()
        return result

    @log_failures
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the checkpoint; the instructions stay."""
        result = super().on_cleanup(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._free()
        return result

    @log_failures
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop watching and free the checkpoint."""
        self._stop_watching()
        self._free()
        return super().on_shutdown(state)

    @log_failures
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, so that configuring again can work."""
        self._stop_watching()
        self._free()
        return TransitionCallbackReturn.SUCCESS

    def _start(self) -> None:
        self._starter.cancel()
        if self.transit(self.trigger_configure) is TransitionCallbackReturn.SUCCESS:
            self.transit(self.trigger_activate)

    def _load_checkpoint(self, ended: threading.Event) -> AbstractContextManager[Engine]:
        settings = self.settings
        make = functools.partial(
            StreamEngine.from_pretrained,
            settings.checkpoint, backend=settings.backend,
            window_turns=settings.window_turns or None, fps=settings.fps,
            max_answer_tokens=settings.max_answer_tokens,
            still=StillScene() if settings.still_scene else None, zero_shot=settings.zero_shot,
            thresholds=settings.thresholds)
        if not settings.engine_process:
            return nullcontext(make())
        return EngineProcess(
            make, settings.deadline_s, ended,
            lambda line: self.get_logger().info(f'engine: {line}'), self._check_engine)

    def _check_engine(self) -> None:
        """Have it found out, though no frame comes, that the engine's process has ended."""
        worker = self._worker
        if worker is not None:
            worker.post(lambda process, *_: process.check())

    def _stop_watching(self) -> None:
        self._watching = False
        with self._counting:
            for stream in self._streams:
                stream.camera.close()
                if self._worker is not None:
                    stream.dropped += self._worker.discard_frames(stream.number)
                    self._worker.interrupt(stream.number)

    def _free(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and not worker.stop(STOP_S):
            self.get_logger().warning(
                f'the engine did not let go within {STOP_S} s: its memory is not free yet')
        self._instructions.detach()

    def end(self) -> None:
        """Leave nothing running; the last thing said is that the node shuts down."""
        self._ending = True
        self._stop_watching()
        self._repeat(0.0)
        self._keep_instructions()
        self._goals.join(GOALS_S)
        self._free()

    # Frames

    def _poll_cameras(self) -> None:
        for stream in self._streams:
            stream.camera.poll()

    def _reconfigure(self) -> None:
        """Take over the parameters that take effect at once, between two frames."""
        def reconfigure(*engines: Engine) -> None:
            for engine in engines:
                engine.reconfigure(settings.fps, settings.thresholds)

        with self._counting:
            settings = self.settings.reconfigured(read(self))
            if settings == self.settings:
                return  # as when a camera's quality of service became a parameter
            self.settings = settings
            for stream in self._streams:
                stream.camera.reconfigure(settings.fps)
            if self._worker is not None:
                self._worker.post(reconfigure)

    def _take_frame(
        self, stream: Stream, picture: NDArray[np.uint8], header: Any, stamp: int
    ) -> None:
        with self._counting:
            if self._worker is None:
                return
            frame = Frame(picture, header, stamp, stream.epoch, stream.tick, stream.number)
            stream.tick += 1
            stream.dropped += self._worker.submit(frame)

    def _take_jump(self, stream: Stream, reason: str) -> None:
        self.get_logger().warning(f'{reason}: watching goes on in a new epoch')
        self._begin_epoch(stream)  # its camera has begun anew by itself

    def _begin_epochs(self) -> None:
        for stream in self._streams:
            self._restart(stream)

    def _restart(self, stream: Stream) -> None:
        """Begin an epoch of which the next frame is the first."""
        with self._counting:
            stream.camera.restart()
            self._begin_epoch(stream)

    def _begin_epoch(self, stream: Stream) -> None:
        """Start a stream again, window and clock; the instructions stay."""
        with self._counting:
            stream.epoch += 1
            stream.tick = 0
            epoch, worker = stream.epoch, self._worker
            if worker is None:
                stream.reports.begin_epoch(epoch)
                return

            def reset(*engines: Engine) -> None:
                engines[stream.number].reset()
                stream.reports.begin_epoch(epoch)

            stream.dropped += worker.discard_frames(stream.number)
            worker.post(reset)
            worker.interrupt(stream.number)

    # Instructions and services

    def _hear_instruction(self, message: Instruction) -> None:
        # Whoever floods the topic must not keep others from withdrawing what stands.
        if message.action in (Instruction.CANCEL, Instruction.CLEAR) or self._allows(
                'instruction', message.id, message.text, message.source):
            self._take_instruction(message)

    def _take_instruction(self, message: Instruction) -> None:
        self._change(
            lambda: self._instructions.apply(message), message.id, message.text, message.source,
            message.camera)

    def _allows(self, name: str, id: str, text: str, source: str) -> bool:
        """Return whether one more instruction may come this way now; refuse it if not."""
        if self._asked[name].take():
            return True
        self._refuse(
            id, text, source, f'too many at once on ~/{name}, where {PER_S:g} a second may come: '
            'send it again later')
        return False

    def _take_text(self, message: String) -> None:
        # This topic has one instruction: a new text takes its place, an empty one withdraws it.
        name = 'instruction_text'
        if not message.data.strip():
            self._change(lambda: self._instructions.cancel(name), name, '', name)
        elif self._allows(name, name, message.data, name):
            self._change(
                lambda: self._instructions.add(name, message.data, name), name, message.data, name)

    def _take_goal(self, message: Instruction) -> None:
        if self._allows('watch_for', message.id, message.text, message.source):
            self._change(
                lambda: self._instructions.apply(message, GOAL), message.id, message.text,
                message.source, message.camera)

    def _stands_for_goal(self, id: str) -> bool:
        return any(
            instruction.id == id and instruction.origin == GOAL
            for instruction in self._instructions.standing)

    def _idle(self) -> str:
        if self._ending:
            return 'the node shuts down'
        return '' if self._watching else f'the node is {self.lifecycle}: activate it to watch'

    def _change(
        self, change: Callable[[], None], id: str, text: str, source: str, camera: str = ''
    ) -> None:
        before = self._instructions.standing
        try:
            change()
        except InstructionError as error:
            self._refuse(id, text, source, str(error), camera)
            return
        if self._instructions.standing == before:
            return  # nothing was cleared
        self._changed.trigger()
        if self._worker is not None:
            self._worker.post(self._reconcile)
            if not self._instructions.standing:
                self._worker.interrupt()

    def _refuse(
        self, id: str, text: str, source: str, reason: str, camera: str = ''
    ) -> None:
        self._refused += 1
        self._last_refusal = reason
        if self._refusals.take():  # the others are counted: a flood must not become two
            self.get_logger().warning(
                f'instruction {id[:MAX_ECHO]!r} from {source[:MAX_ECHO]!r} refused: {reason}')
            named = [stream for stream in self._streams if stream.name == camera]
            for stream in named or self._streams:
                stream.reports.refuse(id, text, reason)
        self._goals.refuse(id, reason)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._begin_epochs()
        response.success = True
        response.message = '; '.join(
            f'{stream.name}: the window is empty and epoch {stream.epoch} begins'
            for stream in self._streams)
        return response

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if request.data and self.lifecycle == 'inactive':
            self.transit(self.trigger_activate)
        elif not request.data and self.lifecycle == 'active':
            self.transit(self.trigger_deactivate)
        response.success = self.lifecycle == ('active' if request.data else 'inactive')
        response.message = f'the node is {self.lifecycle}'
        return response

    # In the worker's thread

    def _reconcile(self, *engines: Engine) -> None:
        for refusal in self._instructions.reconcile(*engines):
            instruction = refusal.request
            self._refuse(
                instruction.id, instruction.text, instruction.source, refusal.reason,
                instruction.camera)

    def _publish_step(self, outcome: Step) -> None:
        self._step_failure = ''
        stream = self._streams[outcome.frame.camera]
        stream.visual_tokens_pruned = outcome.visual_tokens_pruned
        stream.skipped_frames = outcome.skipped_frames
        late, stream.late = stream.dropped - stream.late, stream.dropped
        status = Status() if not late else Status(
            StreamState.STATUS_LATE,
            f'the model does not keep up with {self.settings.fps:g} frames a second: '
            f'{late} dropped before this one; lower fps')
        decided = [
            (instruction, decision) for decision in outcome.decisions
            if (instruction := self._instructions.request_of(decision.instruction_id)) is not None]
        stream.reports.step(outcome, decided, status, stream.dropped)
        if now := self.get_clock().now().nanoseconds:  # else simulated time has not begun
            self._latencies.append((now - outcome.frame.stamp) / 1e9)
        self._inferences.append(outcome.inference_s)
        for instruction, decision in decided:
            if decision.state is State.RESPONSE:
                self._responses += 1
                self.get_logger().info(f'{instruction.id}: {decision.text}')
                if instruction.once:
                    self._withdraw(instruction.id)

    def _withdraw(self, id: str) -> None:
        try:
            self._instructions.cancel(id)
        except InstructionError:
            return  # its sender was quicker
        self._changed.trigger()
        if (worker := self._worker) is not None:  # another thread may free it
            worker.post(self._reconcile)
            if not self._instructions.standing:
                worker.interrupt()

    def _report_failure(self, error: Exception, frame: Frame | None) -> None:
        self._failures += 1
        lost = isinstance(error, EngineFailure)
        reason = str(error) if lost else f'{type(error).__name__}: {error}'
        # Numbered, so that each is a change of status and said at once.
        self._step_failure = f'failure {self._failures} of the model: {reason}'[:MAX_ECHO]
        if lost:
            self.get_logger().error(f'{self._step_failure}; it is started anew')
            worker = self._worker
            self._instructions.detach()
            if worker is not None:
                worker.post(self._recover)
        elif str(self._failures).strip('0') == '1':
            trace = ''.join(traceback.format_exception(error))
            self.get_logger().error(f'failure {self._failures} of the model: {trace}')
        if lost:
            self._begin_epochs()  # the windows are lost
        elif frame is not None:
            self._restart(self._streams[frame.camera])  # half a step may be in its window
        self._heartbeat()

    def _recover(self, *engines: Engine) -> None:
        """Give new engines what the lost ones had been given."""
        self._reconcile(*engines)
        self._restarts += 1
        self._step_failure = ''
        self.get_logger().info(
            f'the model runs again (restart {self._restarts}); '
            f'{len(self._instructions.standing)} instructions stand')

    # Health

    def _status(self) -> Status:
        """Return how the node is, whatever its cameras do."""
        worker = self._worker
        if self._ending:
            return Status(StreamState.STATUS_INACTIVE, 'the node shuts down')
        if worker is not None and not worker.loaded.is_set():
            return Status(
                StreamState.STATUS_LOADING, f'loading checkpoint {self.settings.checkpoint!r}')
        if self.failed:
            return Status(StreamState.STATUS_ERROR, self.failed[:MAX_ECHO])
        if not self._watching or worker is None:
            return Status(
                StreamState.STATUS_INACTIVE,
                f'the node is {self.lifecycle}: activate it to watch')
        if self._step_failure:
            return Status(StreamState.STATUS_ERROR, self._step_failure)
        if worker.busy_s > STUCK_S:
            return Status(
                StreamState.STATUS_LATE, 'the model has been at one frame for more than '
                f'{STUCK_S:g} s')
        return Status()

    def _keep_instructions(self) -> None:
        self._state_file.write(self._instructions.standing)

    def _heartbeat(self) -> None:
        self._keep_instructions()  # before they are reported to stand
        self._repeat(self.settings.heartbeat_s)

    def _repeat(self, heartbeat_s: float) -> None:
        standing, status = self._instructions.standing, self._status()
        for stream in self._streams:
            no_frames = '' if status.detail else self._no_frames(stream)
            stream.reports.repeat(
                [instruction for instruction in standing if instruction.watches(stream.name)],
                Status(StreamState.STATUS_NO_FRAMES, no_frames) if no_frames else status,
                stream.dropped, heartbeat_s)

    def _no_frames(self, stream: Stream) -> str:
        """Return why no usable frame comes; empty while they do."""
        no_frames = stream.camera.no_frames
        return no_frames and '; '.join(filter(None, (no_frames, self._sim_time.trouble)))

    def _diagnose(self) -> None:
        status, trouble = self._status(), self._sim_time.trouble
        if trouble != self._time_trouble:
            self._time_trouble = trouble
            self.get_logger().warning(trouble or 'simulated time runs')
        snapshot = Snapshot(
            cameras=[self._figures(stream, status) for stream in self._streams],
            checkpoint=self.settings.checkpoint,
            backend=self.settings.backend,
            lifecycle=self.lifecycle,
            status=status,
            fps=self.settings.fps,
            latencies=tuple(self._latencies),
            inferences=tuple(self._inferences),
            failures=self._failures,
            restarts=self._restarts,
            instructions=[
                one.text + (f' (camera {one.camera})' if one.camera else '')
                for one in self._instructions.standing],
            refused=self._refused,
            last_refusal=self._last_refusal,
            responses=self._responses)
        self._diagnostics.publish(diagnostics(
            self.get_fully_qualified_name(), self.get_clock().now().to_msg(), snapshot))

    def _figures(self, stream: Stream, status: Status) -> CameraFigures:
        camera, source = stream.camera, stream.camera.source
        return CameraFigures(
            name=stream.name,
            topic=camera.topic,
            source='' if source is None else
            f'{source.type} {"reliable" if source.reliable else "best effort"}',
            epoch=stream.epoch,
            no_frames='' if status.detail else self._no_frames(stream),
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


def main(args: list[str] | None = None) -> int:
    """Run the node until Ctrl-C or SIGTERM, and end in good order within two seconds."""
    return run_node('streamo_node', StreamoNode, args, StreamoNode.end)


if __name__ == '__main__':
    sys.exit(main())
