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

The node only connects: cameras sample, ``InstructionIntake`` keeps what stands, the worker's
thread runs the engine, ``StatePublisher`` publishes what is decided, ``Health`` knows how it all
is. Configured means that the checkpoint is loaded, active that the node watches. ``~/state`` and
``/diagnostics`` are ordinary publishers, so that a node that does not watch still says why.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
import sys
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from std_msgs.msg import String
from std_srvs.srv import SetBool
from std_srvs.srv import Trigger

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import Engine
from streamo_ros.engine import EngineFailure
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.engine.instruction_table import Refusal
from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredInstruction
from streamo_ros.nodes.answer_publisher import AnswerPublisher
from streamo_ros.nodes.camera import CameraSubscription
from streamo_ros.nodes.diagnostics import diagnostics
from streamo_ros.nodes.engine_loader import check_engine
from streamo_ros.nodes.engine_loader import load_engine
from streamo_ros.nodes.epochs import Epochs
from streamo_ros.nodes.event_log.recorder import EventRecorder
from streamo_ros.nodes.event_log.recorder import log_folder
from streamo_ros.nodes.event_log.services import EventServices
from streamo_ros.nodes.guarded_lifecycle_node import GuardedLifecycleNode
from streamo_ros.nodes.guarded_lifecycle_node import log_failures
from streamo_ros.nodes.health import allowed_s
from streamo_ros.nodes.health import Condition
from streamo_ros.nodes.health import Health
from streamo_ros.nodes.instruction_intake import InstructionIntake
from streamo_ros.nodes.parameters import declare
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.parameters import read
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.process.run_node import run_node
from streamo_ros.nodes.process.run_node import STOP_S
from streamo_ros.nodes.sim_time import SimTime
from streamo_ros.nodes.state_file import StateFileThread
from streamo_ros.nodes.state_publisher import SequencedPublisher
from streamo_ros.nodes.state_publisher import StatePublisher
from streamo_ros.nodes.stream import Stream
from streamo_ros.nodes.watch_for import Goals
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import Step
from streamo_ros.nodes.worker import Worker

STATE_DEPTH = 16
"""Latched states for each camera: the last of each instruction while at most so many stand."""

POLL_S = 0.2        # how often the camera's publishers and the age of the states are looked at
KEPT_S = 0.3        # how long the state file gets to be written when the node ends
HEARD_S = 0.3       # how long the readers of the last states get to have them
GOALS_S = 0.5       # how long the results of goals get to be sent when the node ends
ASKED_DEPTH = 32    # instructions that may wait for the executor


class StreamoNode(GuardedLifecycleNode):
    """
    The lifecycle node, ``/streamo`` by default.

    Threads. Subscriptions, services and the cameras share one mutually exclusive callback group,
    so that they need no locks among themselves; the timers of health have another, so that health
    is reported whatever goes on; transitions run in the default group, which ``NodeExecutor``
    gives a thread of its own. The engine's thread is the worker's: it publishes what is decided,
    reports failures, and begins epochs after them. Pictures and the state file have threads of
    their own (``picture_thread``, ``state_file``): the executor's waits for neither. ``end`` is
    called from outside, while the others still run. What several of them change is in ``Epochs``,
    ``InstructionIntake`` and ``Health``, which say who may do what.

    :param make_engine: loads a checkpoint, as ``StreamEngine.from_pretrained`` does; a picklable
        callable of an importable module
    :param options: of ``rclpy.node.Node``
    :raises ParameterError: when the parameters make no sense
    """

    def __init__(
        self, make_engine: Callable[..., Engine] = StreamEngine.from_pretrained, **options: Any
    ) -> None:
        self._health_group = MutuallyExclusiveCallbackGroup()
        super().__init__('streamo', self._health_group, **options)
        self.settings = declare(self)
        self._make_engine = make_engine
        self._worker: Worker | None = None
        self._watching = self._ending = False
        self._stream_group = MutuallyExclusiveCallbackGroup()

        self._instructions = InstructionIntake(
            InstructionTable(*self.settings.cameras, limit=self.settings.max_instructions),
            StateFileThread(
                self.settings.state_file, self.get_fully_qualified_name(), self.get_logger()),
            self._follow_instructions, self._tell_refusal)
        self._goals = Goals(
            self, self._instructions.take_goal, self._instructions.withdraw,
            self._instructions.stands_for_goal, self._idle, self._stream_group)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 1)
        publisher = self._new_publisher()
        self._streams = [
            self._new_stream(number, name, publisher)
            for number, name in enumerate(self.settings.cameras)]
        self._epochs = Epochs(self._streams, lambda: self._worker, self.get_logger())
        self._health = Health(
            self._streams, self._instructions, SimTime(self.get_clock()), self.get_logger())
        self._instructions_changed = self.create_guard_condition(
            self._instructions.keep, callback_group=self._health_group)
        self._parameters_changed = self.create_guard_condition(
            self._reconfigure, callback_group=self._stream_group)
        self._serve()
        self._start_timers()
        try:
            self._instructions.add_parameter(self.settings.instruction)
        except InstructionError as error:
            raise ParameterError(f'parameter instruction: {error}') from error
        self._instructions.restore()

    def _new_publisher(self) -> SequencedPublisher:
        states = self.create_publisher(StreamState, '~/state', QoSProfile(
            depth=STATE_DEPTH * len(self.settings.cameras),
            durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._acknowledged = states.wait_for_all_acked
        self._events = EventRecorder(
            self, self.settings, lambda: Stream.checkpoint_of(
                self._streams, self.settings.checkpoint), AnswerPublisher(self).publish)
        return SequencedPublisher(
            [states.publish, self._goals.take_state],
            [lambda response, _: self._goals.take_response(response),
             self._events.take_response])

    def _new_stream(self, number: int, name: str, publisher: SequencedPublisher) -> Stream:
        settings = self.settings
        camera = CameraSubscription(
            self, name, settings.fps, settings.image_transport, settings.reliability,
            lambda *frame: self._epochs.take_frame(stream, *frame),
            lambda reason: self._epochs.take_jump(stream, reason), self._stream_group)
        reports = StatePublisher(name, publisher, lambda: self.get_clock().now().nanoseconds)
        stream = Stream(number, camera, reports)
        return stream

    def _serve(self) -> None:
        group = self._stream_group
        asked = self._instructions
        self.create_subscription(
            Instruction, '~/instruction', asked.take_message, ASKED_DEPTH, callback_group=group)
        self.create_subscription(
            StructuredInstruction, '~/structured_instruction', asked.take_structured, ASKED_DEPTH,
            callback_group=group)
        self.create_subscription(
            String, '~/instruction_text', asked.take_text, ASKED_DEPTH, callback_group=group)
        self.create_service(Trigger, '~/reset', self._reset, callback_group=group)
        self.create_service(SetBool, '~/enable', self._enable, callback_group=group)
        self._event_services = EventServices(self, log_folder(self.settings))
        self.add_post_set_parameters_callback(lambda _: self._parameters_changed.trigger())

    def _start_timers(self) -> None:
        # Steady clocks: under simulated time that does not run, health must still be reported.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        streams, health = self._stream_group, self._health_group
        self.create_timer(POLL_S, self._poll_cameras, callback_group=streams, clock=steady)
        self.create_timer(POLL_S, self._heartbeat, callback_group=health, clock=steady)
        self.create_timer(1.0, self._diagnose, callback_group=health, clock=steady)
        if self.settings.autostart:
            self._starter = self.create_timer(0.0, self._start, clock=steady)

    # Lifecycle

    @log_failures
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the checkpoint, in the worker's thread; the timers go on meanwhile."""
        self._health.clear_failure()
        if (result := super().on_configure(state)) is not TransitionCallbackReturn.SUCCESS:
            return result
        with self._epochs.lock:
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
        worker.post(self._instructions.reconcile)
        return result

    @log_failures
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to watch, in a new epoch."""
        result = super().on_activate(state)
        if result is TransitionCallbackReturn.SUCCESS:
            self._epochs.begin_all()
            self._watching = True
            for stream in self._streams:
                stream.decided_at = time.monotonic()
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
        return load_engine(
            self._make_engine, self.settings, self.get_fully_qualified_name(), ended,
            lambda line: self.get_logger().info(f'engine: {printable(line, len(line))}'),
            self._check_engine)

    def _check_engine(self) -> None:
        """Have it found out, though no frame comes, that the engine's process has ended."""
        if (worker := self._worker) is not None:
            worker.post(check_engine)

    def _stop_watching(self) -> None:
        self._watching = False
        self._epochs.close()

    def _free(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and not worker.stop(STOP_S):
            self.get_logger().warning(
                f'the engine did not let go within {STOP_S} s: its memory is not free yet')
        self._instructions.detach()

    def end(self) -> None:
        """Leave nothing running; the last thing said, and heard, is that the node shuts down."""
        self._ending = True
        self._stop_watching()
        self._health.repeat(self._condition(), 0.0)
        self._instructions.keep()
        self._goals.join(GOALS_S)
        self._free()
        self._instructions.finish(KEPT_S)
        self._events.end()
        self._acknowledged(Duration(nanoseconds=int(HEARD_S * 1e9)))

    # Cameras and parameters

    def _poll_cameras(self) -> None:
        for stream in self._streams:
            stream.camera.poll()

    def _reconfigure(self) -> None:
        """Take over the parameters that take effect at once, between two frames."""
        with self._epochs.lock:
            settings = self.settings.reconfigured(read(self))
            if settings == self.settings:
                return  # as when a camera's quality of service became a parameter
            self.settings = settings
            for stream in self._streams:
                stream.camera.reconfigure(settings.fps)
            if self._worker is not None:
                self._worker.post(self._reconfigure_engines)

    # Instructions and services

    def _follow_instructions(self) -> None:
        """Have the file and the engines follow what stands now; in any thread."""
        self._instructions_changed.trigger()
        if (worker := self._worker) is not None:  # another thread may free it
            worker.post(self._instructions.reconcile)
            if not self._instructions.standing:
                worker.interrupt()

    def _tell_refusal(self, refusal: Refusal, aloud: bool) -> None:
        """Tell the sender of an instruction why it was refused; in any thread."""
        asked, reason = refusal.request, refusal.reason
        if aloud:
            self.get_logger().warning(
                f'instruction {printable(asked.id)!r} from {printable(asked.source)!r} refused: '
                f'{printable(reason)}')
            named = [stream for stream in self._streams if stream.name == asked.camera]
            for stream in named or self._streams:
                stream.reports.refuse(asked.id, asked.text, reason)
        self._goals.refuse(asked.id, reason)

    def _idle(self) -> str:
        """Return why no goal can be followed now; empty when they can."""
        if self._ending:
            return 'the node shuts down'
        return '' if self._watching else f'the node is {self.lifecycle}: activate it to watch'

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._epochs.begin_all()
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

    # In the engine's thread

    def _reconfigure_engines(self, *engines: Engine) -> None:
        for engine in engines:
            engine.reconfigure(self.settings.fps, self.settings.thresholds)

    def _publish_step(self, outcome: Step) -> None:
        self._health.clear_failure()
        stream = self._streams[outcome.frame.camera]
        stream.note(outcome)
        late, stream.late = stream.dropped - stream.late, stream.dropped
        status = self._health.step_status(late, self.settings.fps)
        decided = [
            (instruction, decision) for decision in outcome.decisions
            if (instruction := self._instructions.find(decision.instruction_id)) is not None]
        self._events.take_step(stream.name, outcome, decided)
        with stream.stopwatch.part('publication'):
            stream.reports.step(outcome, decided, status, stream.dropped)
        now = self.get_clock().now().nanoseconds  # 0: simulated time has not begun
        self._health.note_step(
            (now - outcome.frame.stamp) / 1e9 if now else None, outcome.inference_s)
        for instruction, decision in decided:
            if decision.state is State.RESPONSE:
                self._health.note_response()
                self.get_logger().info(
                    f'{instruction.id}: {printable(decision.text, len(decision.text))}')
                if instruction.once:
                    self._instructions.withdraw(instruction.id)

    def _report_failure(self, error: Exception, frame: Frame | None) -> None:
        self._health.note_failure(error)
        if isinstance(error, EngineFailure):
            self._instructions.detach()
            if (worker := self._worker) is not None:
                worker.post(self._recover)
            self._epochs.begin_all()  # the windows are lost
        elif frame is not None:
            self._epochs.begin(self._streams[frame.camera])  # half a step may be in its window
        self._heartbeat()

    def _recover(self, *engines: Engine) -> None:
        """Give new engines what the lost ones had been given."""
        self._instructions.reconcile(*engines)
        self._health.note_restart()

    # Health

    def _condition(self) -> Condition:
        worker = self._worker
        loads = worker is not None and not worker.loaded.is_set()
        return Condition(
            lifecycle=self.lifecycle,
            ending=self._ending,
            loading=self.settings.checkpoint if loads else None,
            failed=self.failed,
            watching=self._watching and worker is not None,
            busy_s=0.0 if worker is None else worker.busy_s,
            allowed_s=allowed_s(self.settings))

    def _heartbeat(self) -> None:
        self._instructions.keep()  # before they are reported to stand
        self._health.repeat(self._condition(), self.settings.heartbeat_s)

    def _diagnose(self) -> None:
        self._health.log_time()
        array = diagnostics(
            self.get_fully_qualified_name(), self.get_clock().now().to_msg(),
            self._health.snapshot(self._condition(), self.settings))
        array.status += self._events.diagnose()
        self._diagnostics.publish(array)


def main(
    args: list[str] | None = None,
    make_engine: Callable[..., Engine] = StreamEngine.from_pretrained,
) -> int:
    """Run the node until Ctrl-C or SIGTERM, and end in good order within two seconds."""
    return run_node('streamo_node', lambda: StreamoNode(make_engine), args, StreamoNode.end)


if __name__ == '__main__':
    sys.exit(main())
