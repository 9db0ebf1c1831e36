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

The node only connects: the camera samples, the worker's thread thinks, the reports speak.
Configured means that the checkpoint is loaded, active that the node watches. ``~/state`` and
``/diagnostics`` are ordinary publishers, so that a node that does not watch still says why.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextlib import nullcontext
import functools
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.executors import MultiThreadedExecutor
from rclpy.lifecycle import LifecycleState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import String
from std_srvs.srv import SetBool
from std_srvs.srv import Trigger

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import EngineFailure
from streamo_ros.engine import EngineProcess
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.instructions import GOAL
from streamo_ros.engine.instructions import Instructions
from streamo_ros.engine.instructions import PARAMETER
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.camera import Camera
from streamo_ros.nodes.diagnostics import diagnostics
from streamo_ros.nodes.diagnostics import Snapshot
from streamo_ros.nodes.managed_node import ManagedNode
from streamo_ros.nodes.managed_node import told
from streamo_ros.nodes.parameters import declare
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.parameters import read
from streamo_ros.nodes.reports import MAX_ECHO
from streamo_ros.nodes.reports import Reports
from streamo_ros.nodes.reports import Status
from streamo_ros.nodes.sim_time import SimTime
from streamo_ros.nodes.state_file import StateFile
from streamo_ros.nodes.watch_for import Goals
from streamo_ros.nodes.worker import Engine
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import Step
from streamo_ros.nodes.worker import Worker

CAMERA = 'image'
"""The node's name for its camera, and the relative topic it listens to."""

STATE_DEPTH = 16
"""Latched states: the last of each instruction while at most so many stand."""

SILENT_S = 2.0      # without a usable frame for so long, the camera is in trouble
STUCK_S = 5.0       # at one frame for so long, the model is in trouble
POLL_S = 0.2        # how often the camera's publishers and the age of the states are looked at
GOALS_S = 0.5       # how long the results of goals get to be sent when the node ends
STOP_S = 1.0        # how long the engine gets to let go of the frame at hand


def _both(first: Callable[[Any], None], then: Callable[[Any], None]) -> Callable[[Any], None]:
    def call(message: Any) -> None:
        first(message)
        then(message)
    return call


class StreamoNode(ManagedNode):
    """
    The lifecycle node, ``/streamo`` by default.

    Camera, instructions and services share one mutually exclusive callback group, so that they
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
        self._epoch = 0
        self._tick = 0
        self._counting = threading.RLock()  # the engine's thread too begins epochs
        self._dropped = 0
        self._late = 0
        self._failures = 0
        self._restarts = 0
        self._step_failure = ''
        self._refused = 0
        self._last_refusal = ''
        self._responses = 0
        self._drop_ratio, self._skipped_frames = 0.0, 0
        self._latencies: deque[float] = deque(maxlen=600)
        self._inferences: deque[float] = deque(maxlen=600)

        self._stream_group = MutuallyExclusiveCallbackGroup()
        state_publisher = self.create_publisher(StreamState, '~/state', QoSProfile(
            depth=STATE_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        response_publisher = self.create_publisher(Response, '~/response', 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self._instructions = Instructions(CAMERA)
        self._goals = Goals(
            self, self._take_goal, self._withdraw, self._stands_for_goal, self._idle,
            self._stream_group)
        self._reports = Reports(
            CAMERA, _both(state_publisher.publish, self._goals.take_state),
            _both(response_publisher.publish, self._goals.take_response),
            lambda: self.get_clock().now().nanoseconds)
        self._sim_time = SimTime(self.get_clock())
        self._time_trouble = ''
        self._state_file = StateFile(
            self.settings.state_file, self.get_fully_qualified_name(), self.get_logger())
        self._changed = self.create_guard_condition(
            self._keep_instructions, callback_group=self._health_group)
        self._tuned = self.create_guard_condition(self._tune, callback_group=self._stream_group)
        self.add_post_set_parameters_callback(lambda _: self._tuned.trigger())
        self._camera = Camera(
            self, CAMERA, self.settings.fps, self.settings.image_transport,
            self.settings.reliability, self._take_frame, self._take_jump, self._stream_group)

        self.create_subscription(
            Instruction, '~/instruction', self._take_instruction, 10,
            callback_group=self._stream_group)
        self.create_subscription(
            String, '~/instruction_text', self._take_text, 10, callback_group=self._stream_group)
        self.create_service(
            Trigger, '~/reset', self._reset, callback_group=self._stream_group)
        self.create_service(
            SetBool, '~/enable', self._enable, callback_group=self._stream_group)
        # Steady clocks: under simulated time that does not run, health must still be reported.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(
            POLL_S, self._poll_camera, callback_group=self._stream_group, clock=steady)
        self.create_timer(
            POLL_S, self._heartbeat, callback_group=self._health_group, clock=steady)
        self.create_timer(1.0, self._diagnose, callback_group=self._health_group, clock=steady)
        if self.settings.autostart:
            self._starter = self.create_timer(0.0, self._start, clock=steady)

        for message in self._state_file.read():
            self._take_instruction(message)
        if self.settings.instruction:
            try:
                self._instructions.put(
                    'parameter', self.settings.instruction, 'parameter', origin=PARAMETER)
            except InstructionError as error:
                raise ParameterError(f'parameter instruction: {error}') from error

    # Lifecycle

    @told
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the checkpoint, in the worker's thread; the timers go on meanwhile."""
        self._step_failure = ''
        if (result := super().on_configure(state)) is not TransitionCallbackReturn.SUCCESS:
            return result
        with self._counting:
            self.settings = read(self)
            worker = self._worker = Worker(
                self._load_checkpoint, self._publish_step, self._report_failure)
        while not worker.loaded.wait(POLL_S):
            if not self.context.ok() or self._worker is not worker:
                return TransitionCallbackReturn.FAILURE
        if worker.failure is not None:
            self._worker = None
            self.failed = f'the checkpoint cannot be loaded: {worker.failure}'
            self.get_logger().error(self.failed)
            return TransitionCallbackReturn.FAILURE
        worker.order(self._reconcile)
        return result

    @told
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to watch, in a new epoch."""
        result = super().on_activate(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._begin_epoch()
            self._watching = True
            self._camera.open()
        return result

    @told
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop watching; checkpoint and instructions stay."""
        result = super().on_deactivate(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._stop_watching()
        return result

    @told
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the checkpoint; the instructions stay."""
        result = super().on_cleanup(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._free()
        return result

    @told
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop watching and free the checkpoint."""
        self._stop_watching()
        self._free()
        return super().on_shutdown(state)

    @told
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
            worker.order(EngineProcess.check)

    def _stop_watching(self) -> None:
        self._watching = False
        self._camera.close()
        with self._counting:
            if self._worker is not None:
                self._dropped += self._worker.discard_frames()
                self._worker.interrupt()

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
        self._reports.repeat(self._instructions.standing, self._status(), self._dropped, 0.0)
        self._keep_instructions()
        self._goals.join(GOALS_S)
        self._free()

    # Frames

    def _poll_camera(self) -> None:
        self._camera.poll()

    def _tune(self) -> None:
        """Take over the parameters that take effect at once, between two frames."""
        with self._counting:
            settings = self.settings = self.settings.tuned(read(self))
            self._camera.tune(settings.fps)
            if self._worker is not None:
                self._worker.order(
                    lambda engine: engine.tune(settings.fps, settings.thresholds))

    def _take_frame(self, picture: NDArray[np.uint8], header: Any, stamp: int) -> None:
        with self._counting:
            if self._worker is None:
                return
            frame = Frame(picture, header, stamp, self._epoch, self._tick)
            self._tick += 1
            self._dropped += self._worker.submit(frame)

    def _take_jump(self) -> None:
        self.get_logger().warning(
            f'the stamps on {self._camera.topic} jumped: watching goes on in a new epoch')
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        """Start the stream again, window, grid and clock; the instructions stay."""
        with self._counting:
            self._epoch += 1
            self._tick = 0
            self._camera.restart()
            epoch, worker = self._epoch, self._worker
            if worker is None:
                self._reports.begin_epoch(epoch)
                return

            def reset(engine: Engine) -> None:
                engine.reset()
                self._reports.begin_epoch(epoch)

            self._dropped += worker.discard_frames()
            worker.order(reset)
            worker.interrupt()

    # Instructions and services

    def _take_instruction(self, message: Instruction) -> None:
        self._change(
            lambda: self._instructions.change(message), message.id, message.text, message.source)

    def _take_text(self, message: String) -> None:
        # This topic has one instruction: a new text takes its place, an empty one withdraws it.
        name = 'instruction_text'
        if message.data.strip():
            self._change(
                lambda: self._instructions.put(name, message.data, name), name, message.data, name)
        else:
            self._change(lambda: self._instructions.cancel(name), name, '', name)

    def _take_goal(self, message: Instruction) -> None:
        self._change(
            lambda: self._instructions.change(message, GOAL), message.id, message.text,
            message.source)

    def _stands_for_goal(self, id: str) -> bool:
        return any(
            request.id == id and request.origin == GOAL for request in self._instructions.standing)

    def _idle(self) -> str:
        if self._ending:
            return 'the node shuts down'
        return '' if self._watching else f'the node is {self.lifecycle}: activate it to watch'

    def _change(self, change: Callable[[], None], id: str, text: str, source: str) -> None:
        try:
            change()
        except InstructionError as error:
            self._refuse(id, text, source, str(error))
            return
        self._changed.trigger()
        if self._worker is not None:
            self._worker.order(self._reconcile)
            if not self._instructions.standing:
                self._worker.interrupt()

    def _refuse(self, id: str, text: str, source: str, reason: str) -> None:
        self._refused += 1
        self._last_refusal = reason
        self.get_logger().warning(
            f'instruction {id[:MAX_ECHO]!r} from {source[:MAX_ECHO]!r} refused: {reason}')
        self._reports.refuse(id, text, reason)
        self._goals.refuse(id, reason)

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._begin_epoch()
        response.success = True
        response.message = f'the window is empty and epoch {self._epoch} begins'
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

    def _reconcile(self, engine: Engine) -> None:
        for refusal in self._instructions.reconcile(engine):
            request = refusal.request
            self._refuse(request.id, request.text, request.source, refusal.reason)

    def _publish_step(self, outcome: Step) -> None:
        self._step_failure = ''
        self._drop_ratio, self._skipped_frames = outcome.drop_ratio, outcome.skipped_frames
        late, self._late = self._dropped - self._late, self._dropped
        status = Status() if not late else Status(
            StreamState.STATUS_LATE,
            f'the model does not keep up with {self.settings.fps:g} frames a second: '
            f'{late} dropped before this one; lower fps')
        decided = [
            (request, decision) for decision in outcome.decisions
            if (request := self._instructions.request_of(decision.instruction_id)) is not None]
        self._reports.step(outcome, decided, status, self._dropped)
        if now := self.get_clock().now().nanoseconds:  # else simulated time has not begun
            self._latencies.append((now - outcome.frame.stamp) / 1e9)
        self._inferences.append(outcome.inference_s)
        for request, decision in decided:
            if decision.state is State.RESPONSE:
                self._responses += 1
                self.get_logger().info(f'{request.id}: {decision.text}')
                if request.once:
                    self._withdraw(request.id)

    def _withdraw(self, id: str) -> None:
        try:
            self._instructions.cancel(id)
        except InstructionError:
            return  # its sender was quicker
        self._changed.trigger()
        if (worker := self._worker) is not None:  # another thread may free it
            worker.order(self._reconcile)
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
                worker.order(self._recover)
        elif str(self._failures).strip('0') == '1':
            trace = ''.join(traceback.format_exception(error))
            self.get_logger().error(f'failure {self._failures} of the model: {trace}')
        if lost or frame is not None:
            self._begin_epoch()  # the window is lost, or half a step may be in it
        self._heartbeat()

    def _recover(self, engine: Engine) -> None:
        """Give a new engine what the lost one had been given."""
        self._reconcile(engine)
        self._restarts += 1
        self._step_failure = ''
        self.get_logger().info(
            f'the model runs again (restart {self._restarts}); '
            f'{len(self._instructions.standing)} instructions stand')

    # Health

    def _status(self) -> Status:
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
        if self._camera.silent_s > max(SILENT_S, 2 / self.settings.fps):
            return Status(StreamState.STATUS_NO_FRAMES, '; '.join(
                filter(None, (self._camera.trouble, self._sim_time.trouble))))
        return Status()

    def _keep_instructions(self) -> None:
        self._state_file.write(self._instructions.standing)

    def _heartbeat(self) -> None:
        self._keep_instructions()  # before they are reported to stand
        self._reports.repeat(
            self._instructions.standing, self._status(), self._dropped, self.settings.heartbeat_s)

    def _diagnose(self) -> None:
        trouble = self._sim_time.trouble
        if trouble != self._time_trouble:
            self._time_trouble = trouble
            self.get_logger().warning(trouble or 'simulated time runs')
        source = self._camera.source
        snapshot = Snapshot(
            topic=self._camera.topic,
            source='' if source is None else
            f'{source.type} {"reliable" if source.reliable else "best effort"}',
            checkpoint=self.settings.checkpoint,
            backend=self.settings.backend,
            lifecycle=self.lifecycle,
            status=self._status(),
            epoch=self._epoch,
            fps=self.settings.fps,
            received=self._camera.received,
            sampled=self._camera.sampled,
            dropped=self._dropped,
            stale=self._camera.stale,
            clock=trouble,
            bad=dict(self._camera.bad),
            latencies=tuple(self._latencies),
            inferences=tuple(self._inferences),
            failures=self._failures,
            restarts=self._restarts,
            instructions=[request.text for request in self._instructions.standing],
            refused=self._refused,
            last_refusal=self._last_refusal,
            responses=self._responses,
            drop_ratio=self._drop_ratio,
            skipped_frames=self._skipped_frames)
        self._diagnostics.publish(diagnostics(
            self.get_fully_qualified_name(), self.get_clock().now().to_msg(), snapshot))


def main(args: list[str] | None = None) -> int:
    """Run the node until Ctrl-C or SIGTERM, and end in good order within two seconds."""
    # rclpy's own handlers tear the context down under the feet of running callbacks, so the
    # signals are taken here, and the executor spins in a thread beside.
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = StreamoNode()
    except ParameterError as error:
        print(f'streamo_node: {error}', file=sys.stderr)
        rclpy.shutdown()
        return 2
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    spinner = threading.Thread(target=executor.spin, name='executor', daemon=True)
    spinner.start()
    while spinner.is_alive() and not ended.wait(0.5):
        pass
    crashed = not ended.is_set()
    started = time.monotonic()
    node.end()
    executor.shutdown()
    spinner.join(STOP_S)
    if time.monotonic() - started > STOP_S:
        # The model hangs in native code, where no thread of Python can end it in good order.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(crashed))
    node.destroy_node()
    rclpy.shutdown()
    return int(crashed)


if __name__ == '__main__':
    sys.exit(main())
