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
An engine of this machine that watches while a server is away.

It is asked for when the server cannot be had, and a thread goes on asking for that one. When the
server is there again the stand-in fails, as an engine does that is lost: its owner makes another
one, which is the server's. So there are never two that watch, and each begins a new epoch. What
the stand-in decides says so (``Decision.stand_in``).
"""

from collections.abc import Callable
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextlib import ExitStack
from dataclasses import replace
import threading
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.remote.client import RemoteEngine
from streamo_ros.engine.thresholds import Thresholds

ASK_S = 3.0
"""Between two tries to reach the server."""


class StandInStream(Engine):
    """
    One stream of the engine that stands in.

    :param engine: of this machine
    :param back: set when the server is there again
    :param name: of its checkpoint
    :param why: what stands in for what, and why, in a sentence
    """

    def __init__(self, engine: Engine, back: threading.Event, name: str, why: str) -> None:
        self._engine = engine
        self._back = back
        self._name = name
        self._why = why

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""
        return self._engine.visual_tokens_pruned

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""
        return self._engine.skipped_frames

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return what the seconds of all steps so far went into, by ``stopwatch.PARTS``."""
        return self._engine.seconds

    @property
    def link(self) -> Mapping[str, str]:
        """Return that there is none."""
        return {'stand_in': self._why, 'checkpoint': self._name}

    def new_stream(self) -> 'StandInStream':
        """Return another stream of the same engine."""
        return StandInStream(self._engine.new_stream(), self._back, self._name, self._why)

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
        answer: AnswerFormat | None = None,
    ) -> Watch:
        """Add a standing instruction, as the engine does."""
        return self._engine.watch(text, instruction_id, look_back=look_back, answer=answer)

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Take one frame and decide, as the engine does.

        :raises EngineFailure: when the server is there again
        """
        self.check()
        return [replace(decision, stand_in=self._why)
                for decision in self._engine.step(frame, stamp)]

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """Go on at another rate and with other thresholds, as the engine does."""
        self._engine.reconfigure(fps, thresholds)

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""
        self._engine.reset()

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""
        self._engine.interrupt()

    def check(self) -> None:
        """
        Find out whether it still stands in.

        :raises EngineFailure: when the server is there again
        """
        if self._back.is_set():
            raise EngineFailure('the server is there again, and watches from here on')


class RemoteOrStandIn:
    """
    A context manager whose engine is a server's or, while there is none to be had, another one.

    :param make_remote: makes the server's, not connected
    :param make_local: makes the other one's context
    :param name: of the checkpoint that stands in
    :param ended: set by the caller when it ends
    :param log: takes a line now and then
    :param on_end: called in another thread when the stand-in has done its part
    """

    def __init__(
        self, make_remote: Callable[[], RemoteEngine],
        make_local: Callable[[], AbstractContextManager[Engine]], name: str,
        ended: threading.Event, log: Callable[[str], None], on_end: Callable[[], None],
    ) -> None:
        self._make_remote = make_remote
        self._make_local = make_local
        self._name = name
        self._ended = ended
        self._log = log
        self._on_end = on_end
        self._over = threading.Event()
        self._back = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Engine:
        """
        Return the server's engine, or the one that stands in for it.

        :raises EngineFailure: when neither can be had
        """
        remote = self._make_remote()
        try:
            remote.connect()
            self._stack.callback(remote.close)
            return remote
        except EngineFailure as error:
            remote.close()
            reason = str(error)
        why = f'{self._name} on this machine watches, for {reason}'
        self._log(why)
        engine = self._stack.enter_context(self._make_local())
        threading.Thread(target=self._ask, name='server', daemon=True).start()
        return StandInStream(engine, self._back, self._name, why)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._stack.close()

    def _ask(self) -> None:
        while not (self._over.wait(ASK_S) or self._ended.is_set()):
            remote = self._make_remote()
            try:
                remote.connect()
            except EngineFailure:
                continue
            finally:
                remote.close()
            self._back.set()
            self._on_end()
            return
