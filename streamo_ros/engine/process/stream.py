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

"""One stream of an engine in a process of its own."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.connection import Connection
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.process.protocol import FRAME_BYTES
from streamo_ros.engine.process.protocol import LOAD_S
from streamo_ros.engine.process.protocol import read_decision
from streamo_ros.engine.thresholds import Thresholds


class ProcessStream(Engine):
    """
    One stream of an engine in a process of its own.

    :param connection: to the process
    :param number: of the stream among those of the process
    """

    def __init__(self, connection: Connection, number: int) -> None:
        self._visual_tokens_pruned = 0.0
        self._skipped_frames = 0
        self._seconds: dict[str, float] = {}
        self._connection = connection
        self._number = number
        self._watches: dict[str, Watch] = {}

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""
        return self._visual_tokens_pruned

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""
        return self._skipped_frames

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return what the seconds of all steps so far went into, by ``stopwatch.PARTS``."""
        return self._seconds

    def new_stream(self) -> 'ProcessStream':
        """
        Return another stream of the same process, over the same weights.

        :raises EngineFailure: when the engine is lost
        """
        reply = self._connection.call('new_stream', self._number, LOAD_S)
        return ProcessStream(self._connection, int(reply['number']))

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
        answer: AnswerFormat | None = None,
    ) -> Watch:
        """
        Add a standing instruction, as ``StreamEngine.watch`` does.

        :raises InstructionError: when the engine does not take it
        :raises EngineFailure: when the engine is lost
        """
        given = self._connection.call(
            'watch', self._number, text=text, instruction_id=instruction_id, look_back=look_back,
            answer=[answer.choices, answer.json_schema] if answer else [[], ''])
        watch = Watch(given['instruction_id'], given['text'], self._cancel)
        self._watches[watch.instruction_id] = watch
        return watch

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Take one frame and decide, as ``StreamEngine.step`` does.

        :raises StampError: when the stamp does not grow
        :raises ValueError: when the frame has more than ``FRAME_BYTES``
        :raises EngineFailure: when the engine is lost
        """
        if frame.nbytes > FRAME_BYTES:
            raise ValueError(
                f'the frame has {frame.nbytes} bytes: scale it to at most {FRAME_BYTES}')
        self._connection.put_frame(frame)
        before = dict(self._watches)
        reply = self._connection.call('step', self._number, shape=frame.shape, stamp=stamp)
        self._connection.forget_frame(frame.nbytes)
        try:
            decisions = [read_decision(stamp, fields) for fields in reply['decisions']]
            decided = [decision.instruction_id for decision in decisions]
            expected = [id for id, watch in before.items()
                        if not watch.cancelled or id in decided]
            if decided != expected:
                raise ValueError(f'decisions about {decided}, not about {expected}')
            self._visual_tokens_pruned = float(reply['visual_tokens_pruned'])
            self._skipped_frames = int(reply['skipped_frames'])
            self._seconds = {part: float(reply['seconds'][part]) for part in reply['seconds']}
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            self._connection.kill()
            raise EngineFailure(f'the model returned garbage: {error}') from error
        return [decision for decision in decisions
                if not before[decision.instruction_id].cancelled]

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """
        Go on at another rate and with other thresholds, as ``StreamEngine.reconfigure`` does.

        :raises EngineFailure: when the engine is lost, as over time tags it has no room for
        """
        self._connection.call(
            'reconfigure', self._number, fps=fps,
            thresholds=[thresholds.response, thresholds.release])

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""
        self._connection.send_control('reset', self._number)

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""
        self._connection.send_control('interrupt', self._number)

    def _cancel(self, watch: Watch) -> None:
        watch.cancelled = True
        if self._watches.pop(watch.instruction_id, None) is watch:
            self._connection.send_control('cancel', self._number, watch.instruction_id)
