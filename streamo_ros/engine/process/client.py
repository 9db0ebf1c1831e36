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

"""The caller's side of an engine in a process of its own."""

from collections.abc import Callable
import pickle
import threading
from types import TracebackType

from streamo_ros.engine.decision import Engine
from streamo_ros.engine.process.connection import Connection
from streamo_ros.engine.process.protocol import LOAD_S
from streamo_ros.engine.process.stream import ProcessStream


class EngineProcess(ProcessStream):
    """
    ``StreamEngine``, in a process of its own; a context manager, loaded on entry.

    It is its own first stream.

    The rules about threads are those of ``Engine``, and one more: the thread that makes it must
    outlive it (the kernel takes that thread for the child's parent).

    :param make: makes the engine, in the child: a picklable callable of an importable module
    :param deadline_s: seconds that ``step`` or ``watch`` may take
    :param ended: set by the caller when it ends: a call under way is then given up
    :param log: takes each line that the child prints, in a thread of its own
    :param on_end: called in that thread when the child is gone
    """

    def __init__(
        self,
        make: Callable[[], Engine],
        deadline_s: float,
        ended: threading.Event | None = None,
        log: Callable[[str], None] = lambda line: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            Connection(deadline_s, ended or threading.Event(), log, on_end), 0)
        self._make = make

    @property
    def pid(self) -> int:
        """Return the process id of the child."""
        return self._connection.pid

    def __enter__(self) -> 'EngineProcess':
        """
        Load the checkpoint.

        :raises EngineFailure: when that fails
        """
        try:
            self._connection.exchange(pickle.dumps(self._make), 0, LOAD_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it does."""
        self._connection.close()

    def check(self) -> None:
        """
        Find out whether the child lives.

        :raises EngineFailure: when it does not
        """
        self._connection.check()
