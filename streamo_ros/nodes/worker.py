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
The engine's own thread: frames and orders in, decisions out, the executor never blocked.

Orders (watch, cancel, reset) and frames run in the order in which they came. Only frames may be
dropped: when the engine is slower than they come, the oldest waiting one goes.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import threading
import time
from typing import Any
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from streamo_ros.engine import Decision
    from streamo_ros.engine import StreamEngine

WAITING_FRAMES = 2
"""Frames that may wait for the engine; more would only make every decision older."""


@dataclass(frozen=True, eq=False)
class Frame:
    """
    One sampled frame.

    :param image: (height, width, 3), RGB
    :param header: of the message it came in
    :param stamp: the header's stamp in nanoseconds
    :param epoch: the epoch it was sampled in
    :param tick: its number in that epoch, from 0
    """

    image: NDArray[np.uint8]
    header: Any
    stamp: int
    epoch: int
    tick: int


@dataclass(frozen=True)
class Step:
    """
    What the engine made of a frame, and the seconds that it took.

    :param drop_ratio: the engine's, as of this step
    :param skipped_frames: the engine's, as of this step
    """

    frame: Frame
    decisions: 'list[Decision]'
    inference_s: float
    drop_ratio: float = 0.0
    skipped_frames: int = 0


Order = Callable[['StreamEngine'], None]


class Worker:
    """
    Owns the engine: makes it, steps it, and lets nobody else touch it.

    The callbacks run in the worker's thread. An exception from the engine is handed to
    ``on_error`` and the thread goes on; so does it with the next frame after a bad one.

    :param load: makes the engine; may take as long as it likes
    :param on_step: called with each step's outcome
    :param on_error: called with the exception and the frame it was about, None for an order
    """

    def __init__(
        self,
        load: 'Callable[[], StreamEngine]',
        on_step: Callable[[Step], None],
        on_error: Callable[[Exception, Frame | None], None],
    ) -> None:
        self._load = load
        self._on_step = on_step
        self._on_error = on_error
        self._queue: deque[Frame | Order] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._engine: StreamEngine | None = None
        self._busy_since: float | None = None
        self.loaded = threading.Event()
        """Set when the checkpoint is loaded, or has failed to be: see ``failure``."""
        self.failure: Exception | None = None
        # A daemon: a model that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name='engine', daemon=True)
        self._thread.start()

    @property
    def busy_s(self) -> float:
        """Return for how long (seconds) the item at hand has been worked on; 0 when idle."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def submit(self, frame: Frame) -> int:
        """Queue a frame; return how many older ones were dropped for it."""
        with self._wake:
            self._queue.append(frame)
            waiting = [item for item in self._queue if isinstance(item, Frame)]
            excess = waiting[:-WAITING_FRAMES]
            for old in excess:
                self._queue.remove(old)
            self._wake.notify()
            return len(excess)

    def order(self, order: Order) -> None:
        """Queue something to be done with the engine, after all that was queued before."""
        with self._wake:
            self._queue.append(order)
            self._wake.notify()

    def discard_frames(self) -> int:
        """Drop the frames that wait; return how many there were."""
        with self._wake:
            orders = [item for item in self._queue if not isinstance(item, Frame)]
            dropped = len(self._queue) - len(orders)
            self._queue = deque(orders)
            return dropped

    def interrupt(self) -> None:
        """Cut the answer under way, if there is one."""
        engine = self._engine
        if engine is not None:
            engine.interrupt()

    def stop(self, timeout_s: float) -> bool:
        """End the thread and free the engine; return False when it did not end in time."""
        with self._wake:
            self._stopping = True
            self._queue.clear()
            self._wake.notify()
        deadline = time.monotonic() + timeout_s
        while self._thread.is_alive() and time.monotonic() < deadline:
            # Again and again: a step that was just about to begin forgets an earlier one.
            self.interrupt()
            self._thread.join(0.05)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._busy_since = time.monotonic()
        try:
            self._engine = self._load()
        except Exception as error:
            self.failure = error
            return
        finally:
            self._busy_since = None
            self.loaded.set()
        while (item := self._next()) is not None:
            self._busy_since = time.monotonic()
            self._do(self._engine, item)
            self._busy_since = None
        self._engine = None

    def _next(self) -> Frame | Order | None:
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._stopping)
            return None if self._stopping else self._queue.popleft()

    def _do(self, engine: 'StreamEngine', item: Frame | Order) -> None:
        frame = item if isinstance(item, Frame) else None
        try:
            if isinstance(item, Frame):
                start = time.monotonic()
                decisions = engine.step(item.image, item.stamp / 1e9)
                if not self._stopping:  # what comes after that, nobody waits for
                    self._on_step(Step(
                        item, decisions, time.monotonic() - start, engine.drop_ratio,
                        engine.skipped_frames))
            else:
                item(engine)
        except Exception as error:
            self._on_error(error, frame)
