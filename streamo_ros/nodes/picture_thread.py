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
The thread in which a camera's messages are looked at and decoded.

The executor's thread only puts messages here, and never waits: a picture may take a second to
decode, and heartbeat, services and the end of the node must not. One thread a camera takes them
in their order, so the verdicts on them are those that one thread would give.

Bounded: ``WAITING`` messages of ``WAITING_BYTES`` together may wait, as long as the executor was
held up before. When there is no room the oldest goes. After a picture that took ``COSTLY_S`` all
but the newest go, so that what is decided is about now. What goes is counted in ``passed_over``.

The thread runs from ``open`` to ``close``; ``put``, ``open`` and ``close`` may be called from any
thread.
"""

from collections import deque
from collections.abc import Callable
import threading
import time
from typing import Any

from streamo_ros.nodes.failures import Failures
from streamo_ros.nodes.process.memory import give_freed_memory_back

WAITING = 10
"""Messages: a third of a second at 30 Hz."""

WAITING_BYTES = 2**26
"""Two raw pictures of 4K; a single larger one may wait as well."""

COSTLY_S = 0.5

LARGE_S = 0.1
"""Of the processor: a picture that takes so much has megabytes that no other needs."""


class PictureThread:
    """
    Hands messages to ``take`` in a thread of its own.

    :param take: called with each message and its number; what it raises is reported
    :param failures: where
    """

    def __init__(self, name: str, take: Callable[[Any, int], None], failures: Failures) -> None:
        self.passed_over = 0
        """Messages that were never looked at."""
        self._name = name
        self._take = take
        self._failures = failures
        self._waiting: deque[tuple[Any, int]] = deque()
        self._wake = threading.Condition()
        self._opened = False
        self._thread: threading.Thread | None = None
        self._busy_since: float | None = None

    @property
    def busy_s(self) -> float:
        """Return for how long (seconds) the message at hand has been worked on; 0 when idle."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def open(self) -> None:
        """Begin to take messages."""
        with self._wake:
            self._opened = True
            if self._thread is None:  # else it is still at one from before
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Forget those that wait; the one at hand is finished."""
        with self._wake:
            self._opened = False
            self._waiting.clear()
            self._wake.notify()

    def put(self, message: Any, number: int) -> None:
        """
        Give a message to the thread.

        :param number: of the message among those of its publisher
        """
        with self._wake:
            if not self._opened:
                return
            self._waiting.append((message, number))
            size = sum(len(waiting.data) for waiting, _ in self._waiting)
            while len(self._waiting) > 1 and (
                    len(self._waiting) > WAITING or size > WAITING_BYTES):
                size -= len(self._waiting.popleft()[0].data)
                self.passed_over += 1
            self._wake.notify()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            began = self._busy_since = time.monotonic()
            spent = time.thread_time()
            try:
                self._take(*item)
            except Exception as error:
                self._failures.report(error, f'looking at a message of {self._name}')
            self._busy_since = None
            del item  # or it would stay until the next one comes
            if time.thread_time() - spent > LARGE_S:
                give_freed_memory_back()
            if time.monotonic() - began > COSTLY_S:
                self._keep_newest()

    def _next(self) -> tuple[Any, int] | None:
        """Return the oldest message; None when this thread is to end."""
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or not self._opened)
            if not self._opened:
                self._thread = None
                return None
            return self._waiting.popleft()

    def _keep_newest(self) -> None:
        with self._wake:
            while len(self._waiting) > 1:
                self._waiting.popleft()
                self.passed_over += 1
