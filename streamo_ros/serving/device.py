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
What runs on one GPU, or on a share of the processors: a checkpoint, and an engine for each stream.

An actor of Ray's, called from several threads: a call for each stream at a time, and control
messages at any time. It knows nothing of Ray, robots or links.
"""

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import os
import threading
import time
import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import InstructionError
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.protocol import REFUSALS
from streamo_ros.engine.process.protocol import write_error
from streamo_ros.engine.process.protocol import write_step
from streamo_ros.engine.remote.protocol import FRAME_HEAD
from streamo_ros.engine.remote.protocol import MOST_SIDE
from streamo_ros.engine.remote.protocol import PICTURE_BYTES
from streamo_ros.engine.remote.protocol import Served
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.errors import UserError
from streamo_ros.serving.admission import Load
from streamo_ros.serving.admission import TickTime
from streamo_ros.serving.served_model import ServedModel
from streamo_ros.sources.decode import decode
from streamo_ros.sources.decode import Limits
from streamo_ros.sources.image_error import ImageError

DECODING_BYTES = 200_000_000
"""That decoding a frame may take."""


class FrameError(UserError, ValueError):
    """A message that is no frame for what is served."""


@dataclass
class _Stream:
    """
    One stream.

    :param turn: held while its engine is asked; a call comes only after the last one, but a
        stream that is closed may still have one under way
    :param closed: its engine is to be freed as soon as nobody asks it
    :param freed: that was done
    """

    engine: Engine
    options: StreamOptions
    instructions: int
    watches: dict[str, Watch] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)
    closed: bool = False
    freed: bool = False


class Device:
    """
    The checkpoint and the streams of one device.

    What is refused, and what fails, is returned as ``{'error': [kind, sentence]}``: after a
    failure the stream is gone, the others go on.

    :param make: makes what it serves; called once
    """

    def __init__(self, make: Callable[[], ServedModel]) -> None:
        self._model = make()
        self._streams: dict[str, _Stream] = {}
        self._tick_time = TickTime(self._model.probe())
        self._lock = threading.Lock()   # of the table and what follows
        self._stepping = 0              # streams that are within a step
        self._busy_since = 0.0          # from when on what it was busy is no tick's yet

    def served(self) -> dict[str, Any]:
        """Return what it serves, as JSON takes it."""
        return self._model.served.to_json()

    def load(self) -> Load:
        """Return what it has to do."""
        with self._lock:
            return Load(
                os.getpid(), len(self._streams), self._model.most_streams,
                sum(stream.options.fps for stream in self._streams.values()),
                self._tick_time.mean_s)

    def open(self, name: str, options: StreamOptions, instructions: int) -> dict[str, Any]:
        """
        Begin a stream; one of that name that there is ends.

        :param instructions: that may stand in it
        """
        self.close(name)

        def begin() -> dict[str, Any]:
            stream = _Stream(self._model.new_engine(options), options, instructions)
            with self._lock:
                self._streams[name] = stream
            return {}
        return _reply(begin)

    def close(self, name: str) -> None:
        """End a stream, if there is one of that name; a call under way is cut, not waited for."""
        with self._lock:
            stream = self._streams.pop(name, None)
        if stream is not None:
            stream.closed = True
            stream.engine.interrupt()
            self._free_if_closed(stream)

    def control(self, name: str, what: str, id: str) -> None:
        """Heed a control message: ``reset``, ``cancel`` or ``interrupt``."""
        stream = self._streams.get(name)
        if stream is None:
            return
        if what == 'reset':
            stream.engine.reset()
        elif what == 'interrupt':
            stream.engine.interrupt()
        elif (watch := stream.watches.pop(id, None)) is not None:
            watch.cancel()

    def watch(
        self, name: str, text: str, id: str | None, look_back: bool, answer: tuple[list[str], str],
    ) -> dict[str, Any]:
        """Add an instruction to a stream."""
        def add(stream: _Stream) -> dict[str, Any]:
            if len(stream.watches) >= stream.instructions:
                raise InstructionError(
                    f'{len(stream.watches)} instructions stand already, and the server gives '
                    'this robot no more: cancel one first')
            with self._model.turn:
                watch = stream.engine.watch(
                    text, id, look_back=look_back, answer=answer_format(*answer))
            stream.watches[watch.instruction_id] = watch
            return {'instruction_id': watch.instruction_id, 'text': watch.text}
        return self._ask(name, add)

    def reconfigure(self, name: str, fps: float, thresholds: Thresholds) -> dict[str, Any]:
        """Have a stream go on at another rate and with other thresholds."""
        def change(stream: _Stream) -> dict[str, Any]:
            with self._model.turn:
                stream.engine.reconfigure(fps, thresholds)
            with self._lock:
                stream.options = replace(stream.options, fps=fps)
            return {}
        return self._ask(name, change)

    def step(self, name: str, message: bytes) -> dict[str, Any]:
        """
        Show a stream its next frame.

        :param message: ``FRAME_HEAD`` and a JPEG
        """
        def decide(stream: _Stream) -> dict[str, Any]:
            stamp, frame = _read_frame(message, self._model.served)
            with self._model.turn, self._busy():
                began = time.monotonic()
                decisions = stream.engine.step(frame, stamp)
                step_s = time.monotonic() - began
            return {**write_step(stream.engine, decisions), 'step_s': step_s}
        return self._ask(name, decide)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Within it a stream is stepping; what the device was busy meanwhile is of its tick."""
        with self._lock:
            if not self._stepping:
                self._busy_since = time.monotonic()
            self._stepping += 1
        try:
            yield
        finally:
            with self._lock:
                now = time.monotonic()
                self._stepping -= 1
                self._tick_time.note(now - self._busy_since)  # of others' ticks too, each once
                self._busy_since = now

    def _free_if_closed(self, stream: _Stream) -> None:
        """Free a stream's engine, unless it is being asked: whoever asks it then comes here."""
        if stream.closed and stream.turn.acquire(blocking=False):
            try:
                if not stream.freed:
                    stream.freed = True
                    self._model.free(stream.engine)
            finally:
                stream.turn.release()

    def _ask(self, name: str, do: Callable[[_Stream], dict[str, Any]]) -> dict[str, Any]:
        stream = self._streams.get(name)
        if stream is None:
            return {'error': ['', 'its device was started anew']}
        with stream.turn:
            reply = _reply(lambda: do(stream))
        self._free_if_closed(stream)
        if 'error' in reply and reply['error'][0] not in REFUSALS:
            self.close(name)
        return reply


def _reply(do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return do()
    except Exception as error:
        if not isinstance(error, (UserError, *REFUSALS.values())):
            traceback.print_exc()
        return write_error(error)


def _read_frame(message: bytes, served: Served) -> tuple[float, NDArray[np.uint8]]:
    """
    Return the stamp in seconds and the picture, (height, width, 3) RGB, of a frame.

    A frame is shown at the very size that the checkpoint asks for, and never sent larger.

    :raises FrameError: when it is none
    """
    if not FRAME_HEAD.size < len(message) <= FRAME_HEAD.size + PICTURE_BYTES:
        raise FrameError(f'a frame of {len(message)} bytes')
    stamp, height, width = FRAME_HEAD.unpack_from(message)
    spec = served.frame
    if not (0 < height <= MOST_SIDE and 0 < width <= MOST_SIDE
            and spec.target(height, width, served.cell) == (height, width)):
        raise FrameError(
            f'a frame to be shown at {height} by {width}, where the checkpoint takes none')
    try:
        pixels = decode(message[FRAME_HEAD.size:], ('JPEG',), Limits(
            pixels=height * width, encoded=PICTURE_BYTES, memory=DECODING_BYTES,
            scan_pixels=4 * height * width)).pixels
    except ImageError as error:
        raise FrameError(str(error)) from error
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise FrameError('a frame without colours')
    picture: NDArray[np.uint8] = pixels.astype(np.uint8, copy=False)
    if picture.shape[0] > height or picture.shape[1] > width:
        raise FrameError(
            f'a frame of {picture.shape[0]} by {picture.shape[1]}, to be shown at {height} by '
            f'{width}')
    return stamp, spec.scale(picture, (height, width))
