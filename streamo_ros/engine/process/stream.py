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

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.engine.called_engine import CalledEngine
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.connection import Connection
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.process.protocol import FRAME_BYTES
from streamo_ros.engine.process.protocol import LOAD_S
from streamo_ros.engine.process.protocol import write_answer_format
from streamo_ros.engine.thresholds import Thresholds


class ProcessStream(CalledEngine):
    """
    One stream of an engine in a process of its own.

    :param connection: to the process
    :param number: of the stream among those of the process
    """

    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__()
        self._connection = connection
        self._number = number

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
        return self._add(self._connection.call(
            'watch', self._number, text=text, instruction_id=instruction_id, look_back=look_back,
            answer=write_answer_format(answer)))

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
            return self._decided(before, stamp, reply)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            self._connection.kill()
            raise EngineFailure(f'the model returned garbage: {error}') from error

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """
        Go on at another rate and with other thresholds, as ``StreamEngine.reconfigure`` does.

        :raises EngineFailure: when the engine is lost, as over time tags it has no room for
        """
        self._connection.call(
            'reconfigure', self._number, fps=fps,
            thresholds=[thresholds.response, thresholds.release])

    def _control(self, name: str, instruction_id: str = '') -> None:
        self._connection.send_control(name, self._number, instruction_id)
