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
What the node publishes on ``~/state``, ``~/response`` and ``~/structured_response``.

Fresh decisions come from the engine's thread, repeats and refusals from the executor's; one lock
for all cameras keeps their numbers in the order of their publication.
"""

from collections.abc import Callable
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
import threading
import time
from typing import TYPE_CHECKING

from builtin_interfaces.msg import Time

from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import State
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredResponse
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.worker import Step

if TYPE_CHECKING:
    from streamo_ros.engine import Decision


@dataclass(frozen=True)
class Status:
    """One of StreamState's STATUS_ values and its reason ('' only for STATUS_OK)."""

    code: int = StreamState.STATUS_OK
    detail: str = ''


@dataclass
class _Record:
    """What was last said about a standing instruction."""

    instruction: StandingInstruction
    message: StreamState
    decided_at: float               # steady time of the decision, or of the instruction
    published_at: float
    span: EventSpan[Time]


class SequencedPublisher:
    """
    Numbers the states and answers of all cameras in the order of their publication.

    :param on_state: called with each state, in their order: its publisher, and who else wants it
    :param on_response: likewise with each answer, and with its data where that was asked for
    """

    def __init__(
        self, on_state: Sequence[Callable[[StreamState], None]],
        on_response: Sequence[Callable[[Response, StructuredResponse | None], None]],
    ) -> None:
        self._on_state = on_state
        self._on_response = on_response
        self._states = self._responses = 0
        self.lock = threading.Lock()
        """Held while a message is put together and published."""

    def publish_state(self, message: StreamState) -> None:
        """Number a state and publish it."""
        self._states += 1
        message.seq = self._states
        for take in self._on_state:
            take(message)

    def number(self, response: Response) -> Response:
        """Number an answer, so that its state can name it before it is published."""
        self._responses += 1
        response.seq = self._responses
        return response

    def publish_response(self, response: Response, data: StructuredResponse | None) -> None:
        """Publish an answer that has its number."""
        for take in self._on_response:
            take(response, data)


class StatePublisher:
    """
    Builds and publishes the messages about one camera.

    :param camera: the node's name for the camera
    :param publisher: numbers and publishes them; the cameras of a node share one
    :param now: the node's clock, in nanoseconds; 0 where simulated time has not begun: there is
        no latency then
    """

    def __init__(self, camera: str, publisher: SequencedPublisher, now: Callable[[], int]) -> None:
        self._camera = camera
        self._publisher = publisher
        self._now = now
        self._lock = publisher.lock
        self._records: dict[str, _Record] = {}
        self._nobody: _Record | None = None  # speaks while no instruction stands
        self._status = Status()
        self._epoch = 0

    def begin_epoch(self, epoch: int) -> None:
        """Forget all decisions, which are about another stream; ``repeat`` publishes that next."""
        with self._lock:
            self._epoch = epoch
            self._nobody = None
            for id, record in self._records.items():
                record.span.begin_epoch()
                self._records[id] = self._new(record.instruction, record.span)

    def step(
        self,
        outcome: Step,
        decisions: 'Sequence[tuple[StandingInstruction, Decision]]',
        status: Status,
        dropped: int,
    ) -> None:
        """
        Publish what was decided about a frame, one state for each instruction.

        :param dropped: sampled frames that were dropped so far
        """
        with self._lock:
            for instruction, decision in decisions:
                record = self._record(instruction)
                event_start = record.span.follow(decision.state, outcome.frame.header.stamp)
                message = self._decided(outcome, decision, record)
                message.status = status.code
                message.detail = status.detail or printable(decision.stand_in)
                message.frames_dropped = dropped
                record.message = message
                record.decided_at = time.monotonic()
                if event_start is not None:
                    response = self._publisher.number(
                        self._answer(outcome, decision, record, event_start))
                    message.response_seq = record.span.response_seq = response.seq
                    self._say(record)
                    self._publisher.publish_response(response, StructuredResponse(
                        response=response, data=decision.data, error_msg=decision.data_error,
                    ) if instruction.answer else None)
                else:
                    self._say(record)
            self._status = status

    def repeat(
        self, standing: Sequence[StandingInstruction], status: Status, dropped: int,
        heartbeat_s: float,
    ) -> None:
        """
        Repeat the last state of each instruction that nothing was said about for a while.

        A change of status is published at once. Of an instruction that no longer stands a last
        state says so: a late reader must not take its latched state for a standing one's.
        """
        with self._lock:
            changed = status != self._status
            self._status = status
            for id, record in list(self._records.items()):
                if record.instruction not in standing:
                    del self._records[id]
                    if not any(instruction.id == id for instruction in standing):
                        self._stale(record, Status(
                            StreamState.STATUS_INACTIVE, 'the instruction was withdrawn'), dropped)
            if standing:
                self._nobody = None
                records = [self._record(instruction) for instruction in standing]
            else:
                if self._nobody is None:
                    self._nobody = self._new(StandingInstruction('', ''))
                records = [self._nobody]
            for record in records:
                if changed or time.monotonic() - record.published_at >= heartbeat_s:
                    self._stale(record, status, dropped)

    def refuse(self, id: str, text: str, reason: str) -> None:
        """Publish that an instruction was refused, and why."""
        with self._lock:
            message = self._blank(StandingInstruction(printable(id), printable(text)), 0)
            message.status = StreamState.STATUS_REFUSED
            message.detail = printable(reason)
            self._publisher.publish_state(message)

    def _record(self, instruction: StandingInstruction) -> _Record:
        record = self._records.get(instruction.id)
        if record is None or record.instruction is not instruction:
            record = self._records[instruction.id] = self._new(instruction)
        return record

    def _new(
        self, instruction: StandingInstruction, span: EventSpan[Time] | None = None
    ) -> _Record:
        span = span or EventSpan()
        return _Record(
            instruction, self._blank(instruction, span.response_seq), time.monotonic(),
            float('-inf'), span)

    def _blank(self, instruction: StandingInstruction, response_seq: int) -> StreamState:
        return StreamState(
            epoch=self._epoch, camera=self._camera, instruction_id=instruction.id,
            instruction=instruction.text, response_seq=response_seq)

    def _decided(self, outcome: Step, decision: 'Decision', record: _Record) -> StreamState:
        frame = outcome.frame
        silence, standby, response = map(float, decision.probabilities)
        return StreamState(
            header=frame.header,
            state=int(decision.state),
            probability_silence=silence,
            probability_standby=standby,
            probability_response=response,
            epoch=frame.epoch,
            tick=frame.tick,
            camera=self._camera,
            instruction_id=record.instruction.id,
            instruction=record.instruction.text,
            standby_since=record.span.standby_since or Time(),
            response_seq=record.span.response_seq,
            inference_s=outcome.inference_s,
            latency_s=self._latency(outcome))

    def _answer(
        self, outcome: Step, decision: 'Decision', record: _Record, event_start: Time
    ) -> Response:
        frame = outcome.frame
        return Response(
            header=frame.header,
            epoch=frame.epoch,
            camera=self._camera,
            instruction_id=record.instruction.id,
            instruction=record.instruction.text,
            text=decision.text,
            complete=bool(decision.complete),
            event_start=event_start,
            event_end=frame.header.stamp,
            probability=float(decision.probabilities[State.RESPONSE]),
            latency_s=self._latency(outcome),
            inference_s=outcome.inference_s)

    def _latency(self, outcome: Step) -> float:
        now = self._now()
        return (now - outcome.frame.stamp) / 1e9 if now else 0.0

    def _stale(self, record: _Record, status: Status, dropped: int) -> None:
        message = record.message = copy(record.message)
        message.age_s = max(1e-3, time.monotonic() - record.decided_at)  # 0 means fresh
        message.status, message.detail = status.code, status.detail
        message.frames_dropped = dropped
        self._say(record)

    def _say(self, record: _Record) -> None:
        record.published_at = time.monotonic()
        self._publisher.publish_state(record.message)
