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
The engine's own thread: frames and calls in, decisions out, the executor never blocked.

One engine a camera, all over the weights that are loaded once; they take turns in this thread.

Calls (watch, cancel, reset) and frames run in the order in which they came. Only frames may be
dropped: when the engine is slower than they come, the oldest waiting one of that camera goes.

Bounded: two frames of a camera may wait, or one where two would be larger than ``WAITING_BYTES``;
and each call once. A call does what is wanted when its turn comes, so one that waits already need
not wait twice: a thousand changes of a parameter, or resets of an engine that hangs, cost one.

An engine that raises ``EngineFailure`` is lost, and with it the calls that wait: another is made
in its place, after a pause that doubles until an engine has judged a frame.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from dataclasses import field
import threading
import time
import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine import Decision
from streamo_ros.engine import Engine
from streamo_ros.engine import EngineFailure

WAITING_FRAMES = 2
"""Frames of a camera that may wait; more would only make every decision older."""

WAITING_BYTES = 2**26
"""Of the frames of a camera that wait together, if there are several."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 10.0
"""Between engines that fail one after the other."""


@dataclass(frozen=True, eq=False)
class Frame:
    """
    One sampled frame.

    :param image: (height, width, 3), RGB
    :param header: of the message it came in
    :param stamp: the header's stamp in nanoseconds
    :param epoch: the epoch it was sampled in
    :param tick: its number in that epoch, from 0
    :param camera: the number of its camera, from 0
    """

    image: NDArray[np.uint8]
    header: Any
    stamp: int
    epoch: int
    tick: int
    camera: int = 0


@dataclass(frozen=True)
class Step:
    """
    What the engine made of a frame, and the seconds that it took.

    :param visual_tokens_pruned: the engine's, as of this step
    :param skipped_frames: the engine's, as of this step
    :param seconds: the engine's, of all steps so far, by part
    :param link: how the link to the engine is; empty where it runs here
    """

    frame: Frame
    decisions: list[Decision]
    inference_s: float
    visual_tokens_pruned: float = 0.0
    skipped_frames: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    link: Mapping[str, str] = field(default_factory=dict)


EngineCall = Callable[..., None]
"""Called with the engines of all cameras, in their order."""
Load = Callable[[threading.Event], AbstractContextManager[Engine]]


class Worker:
    """
    Owns the engines: makes them, steps them, and lets nobody else touch them.

    The callbacks run in the worker's thread. An exception from an engine is handed to
    ``on_error`` and the thread goes on; so does it with the next frame after a bad one.

    :param load: makes the first camera's engine, freed on leaving its context and the others'
        with it; may take as long as it likes until the event it is given is set: the worker then
        ends
    :param on_step: called with each step's outcome
    :param on_error: called with the exception and the frame it was about, None for a call. After
        an ``EngineFailure`` the engines are gone, and what is posted then is for the next
    :param cameras: how many there are
    """

    def __init__(
        self,
        load: Load,
        on_step: Callable[[Step], None],
        on_error: Callable[[Exception, Frame | None], None],
        cameras: int = 1,
    ) -> None:
        self._load = load
        self._on_step = on_step
        self._on_error = on_error
        self._cameras = cameras
        self._queue: deque[Frame | EngineCall] = deque()
        self._wake = threading.Condition()
        self._ended = threading.Event()
        self._engines: list[Engine] = []
        self._busy_since: float | None = None
        self._pause_s = 0.0
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
        """Queue a frame; return how many older ones of its camera were dropped for it."""
        with self._wake:
            self._queue.append(frame)
            waiting = [item for item in self._queue
                       if isinstance(item, Frame) and item.camera == frame.camera]
            excess = waiting[:-WAITING_FRAMES]
            if sum(item.image.nbytes for item in waiting[-WAITING_FRAMES:]) > WAITING_BYTES:
                excess = waiting[:-1]
            for old in excess:
                self._queue.remove(old)
            self._wake.notify()
            return len(excess)

    def post(self, call: EngineCall) -> None:
        """
        Queue something to be done with the engines, after all that was queued before.

        A call that equals one that waits is not queued again.
        """
        with self._wake:
            if not any(item == call for item in self._queue):
                self._queue.append(call)
                self._wake.notify()

    def discard_frames(self, camera: int = 0) -> int:
        """Drop the frames of a camera that wait; return how many there were."""
        with self._wake:
            kept = [item for item in self._queue
                    if not isinstance(item, Frame) or item.camera != camera]
            dropped = len(self._queue) - len(kept)
            self._queue = deque(kept)
            return dropped

    def interrupt(self, camera: int | None = None) -> None:
        """Cut the answer under way, if there is one; with a camera, only if it is about that."""
        engines = self._engines
        for engine in engines if camera is None else engines[camera:camera + 1]:
            engine.interrupt()

    def stop(self, timeout_s: float) -> bool:
        """End the thread and free the engine; return False when it did not end in time."""
        with self._wake:
            self._ended.set()
            self._queue.clear()
            self._wake.notify()
        deadline = time.monotonic() + timeout_s
        while self._thread.is_alive() and time.monotonic() < deadline:
            # Again and again: a step that was just about to begin forgets an earlier one.
            self.interrupt()
            self._thread.join(0.05)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                self._live()
            except Exception as error:
                if not self.loaded.is_set():  # the first one: what the caller waits for
                    self.failure = error
                    self.loaded.set()
                    return
                self._tell(error, None)
            self._pause_s = min(max(FIRST_PAUSE_S, 2 * self._pause_s), LONGEST_PAUSE_S)

    def _live(self) -> None:
        """Make the engines and do what is queued, until the end or theirs."""
        self._busy_since = time.monotonic()
        try:
            with self._load(self._ended) as engine:
                engines: list[Engine] = [engine]
                engines += [engine.new_stream() for _ in range(self._cameras - 1)]
                self._engines, self._busy_since = engines, None
                self.loaded.set()
                lives = True
                while lives and (item := self._next()) is not None:
                    self._busy_since = time.monotonic()
                    lives = self._do(engines, item)
                    self._busy_since = None
                    del item  # or its picture would stay until the next one comes
        finally:
            self._engines, self._busy_since = [], None

    def _next(self) -> Frame | EngineCall | None:
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._ended.is_set())
            return None if self._ended.is_set() else self._queue.popleft()

    def _do(self, engines: list[Engine], item: Frame | EngineCall) -> bool:
        """Do it; return False when the engines were lost over it."""
        frame = item if isinstance(item, Frame) else None
        try:
            if isinstance(item, Frame):
                engine = engines[item.camera]
                start = time.monotonic()
                decisions = engine.step(item.image, item.stamp / 1e9)
                self._pause_s = 0.0
                if not self._ended.is_set():  # what comes after that, nobody waits for
                    self._on_step(Step(
                        item, decisions, time.monotonic() - start, engine.visual_tokens_pruned,
                        engine.skipped_frames, engine.seconds, engine.link))
            else:
                item(*engines)
        except EngineFailure as error:
            if not self._ended.is_set():
                with self._wake:
                    self._queue = deque(item for item in self._queue if isinstance(item, Frame))
                self._tell(error, frame)
            return False
        except Exception as error:
            self._tell(error, frame)
        return True

    def _tell(self, error: Exception, frame: Frame | None) -> None:
        try:
            self._on_error(error, frame)
        except Exception:  # the thread goes on whatever its owner does
            traceback.print_exc()
