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
What was decided about a bag, as a bag: opened beside it, in Foxglove say, the two line up.

The messages are those that the node would have published, and carry their definitions. What the
node measures of its own clock, ``latency_s`` and ``inference_s``, is zero: the same bag evaluated
again gives the same bytes.
"""

from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer

from streamo_ros.dialogue import EventSpan
from streamo_ros.engine import Decision
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.sources.bag import INSTRUCTION
from streamo_ros.sources.bag import RESPONSE
from streamo_ros.sources.bag import STATE
from streamo_ros.sources.bag import typestore

NAMESPACE = '/streamo'


class DecisionsBag:
    """
    A new bag with the topics ``/streamo/instruction``, ``state`` and ``response``.

    :param path: where it goes; must not be there
    :param source: the name of the bag that was watched, kept in the metadata
    """

    def __init__(self, path: Path, source: str) -> None:
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_custom_data('evaluated_bag', source)
        self._types = typestore().types
        self._seq = self._response_seq = 0

    def __enter__(self) -> 'DecisionsBag':
        """Create the bag."""
        self._writer.open()
        self._connections = {
            type: self._writer.add_connection(
                f'{NAMESPACE}/{name}', type, typestore=typestore())
            for name, type in (
                ('instruction', INSTRUCTION), ('state', STATE), ('response', RESPONSE))}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish it; after an error it is left unreadable."""
        self._writer.__exit__(kind, error, trace)

    def ask(self, request: StandingInstruction, camera: str, logged: int) -> None:
        """Write that an instruction stands from now on."""
        message: Any = self._types[INSTRUCTION]
        self._write(logged, message(
            header=self._header(0, ''), action=message.ADD, id=request.id, text=request.text,
            source=request.source, camera=camera, once=request.once))

    def decide(
        self, request: StandingInstruction, decision: Decision, camera: str, frame_id: str,
        stamp: int, logged: int, epoch: int, tick: int, span: EventSpan[int],
        event_start: int | None,
    ) -> None:
        """
        Write a state, and number and write the answer if there is one.

        :param stamp: of the frame, nanoseconds
        :param logged: when the frame was recorded
        :param span: of this instruction on this camera; has followed this decision
        :param event_start: what it returned: of an answer, the stamp at which its event began
        """
        if event_start is not None:
            self._response_seq += 1
            span.response_seq = self._response_seq
        self._seq += 1
        silence, standby, response = decision.probabilities
        self._write(logged, self._types[STATE](
            header=self._header(stamp, frame_id), state=int(decision.state),
            probability_silence=silence, probability_standby=standby,
            probability_response=response, seq=self._seq, epoch=epoch, tick=tick, camera=camera,
            instruction_id=request.id, instruction=request.text,
            standby_since=self._time(span.standby_since or 0),
            response_seq=span.response_seq, inference_s=0.0, latency_s=0.0, age_s=0.0,
            frames_dropped=0, status=0, detail=''))
        if event_start is not None:
            self._write(logged, self._types[RESPONSE](
                header=self._header(stamp, frame_id), seq=span.response_seq, epoch=epoch,
                camera=camera, instruction_id=request.id, instruction=request.text,
                text=decision.text, complete=decision.complete,
                event_start=self._time(event_start), event_end=self._time(stamp),
                probability=response, latency_s=0.0, inference_s=0.0))

    def _time(self, stamp: int) -> Any:
        return self._types['builtin_interfaces/msg/Time'](*divmod(stamp, 10**9))

    def _header(self, stamp: int, frame_id: str) -> Any:
        return self._types['std_msgs/msg/Header'](stamp=self._time(stamp), frame_id=frame_id)

    def _write(self, logged: int, message: Any) -> None:
        type = message.__msgtype__
        self._writer.write(
            self._connections[type], logged, typestore().serialize_cdr(message, type))
