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
Answers are published when they are logged, or when the disk has had its time.

The rule of order: an answer is committed to the log first and published then, so that a kill at
any moment loses no answer that anybody has heard. A disk that takes longer than ``HOLD_S`` for it
must not hold up a robot: the answer is then kept in shared memory (``events.early``), published,
and logged when the disk gets to it, by the next process if this one is killed; those are counted.
Nobody who decides waits for either: the answers wait here, in their order, in a thread of their
own.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import threading
import time

HOLD_S = 0.25
"""What an answer waits for the disk at most."""


@dataclass(eq=False)
class _Held:
    act: Callable[[], None]
    keep: Callable[[], Callable[[], None]]
    deadline: float     # steady time
    logged: bool = False
    remove: Callable[[], None] | None = None


class Release:
    """
    Publishes in order what is logged, or has waited long enough.

    :param report: is told of what fails when it is published
    """

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self.early = 0
        """Answers that were published before they were logged."""
        self._report = report
        self._held: deque[_Held] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name='answers', daemon=True)
        self._thread.start()

    def hold(
        self, act: Callable[[], None], keep: Callable[[], Callable[[], None]],
    ) -> Callable[[], None]:
        """
        Keep what is to be done once its event is logged, and return at once.

        :param keep: called before it is done without that; returns what undoes it
        :returns: to be called when it is logged, or never will be
        """
        held = _Held(act, keep, time.monotonic() + HOLD_S)
        with self._changed:
            self._held.append(held)
            self._changed.notify()

        def let_go() -> None:
            with self._changed:
                held.logged = True
                remove, held.remove = held.remove, None
                self._changed.notify()
            if remove is not None:
                remove()
        return let_go

    def stop(self, timeout_s: float) -> None:
        """Do at once all that is kept, and end."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (held := self._next()) is not None:
            if not held.logged:
                self._keep(held)
            try:
                held.act()
            except Exception as error:  # of the middleware: the next one must go out all the same
                self._report(error)

    def _keep(self, held: _Held) -> None:
        remove = held.keep()
        with self._changed:
            if not held.logged:
                held.remove = remove
                return
        remove()  # it was logged meanwhile

    def _next(self) -> _Held | None:
        with self._changed:
            while True:
                now = time.monotonic()
                if self._held:
                    held = self._held[0]
                    if held.logged or self._ended or now >= held.deadline:
                        self.early += not held.logged
                        return self._held.popleft()
                    self._changed.wait(held.deadline - now)
                elif self._ended:
                    return None
                else:
                    self._changed.wait()
