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
Which epoch and tick a frame belongs to.

A stream begins a new epoch when it is reset, when its stamps jump, when the node is activated, and
when the model has failed over it: windows, grid and clock begin again, the instructions stay.
"""

from collections.abc import Callable
from collections.abc import Sequence
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.impl.rcutils_logger import RcutilsLogger

from streamo_ros.engine import Engine
from streamo_ros.nodes.rate_limiter import RateLimiter
from streamo_ros.nodes.stream import Stream
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import Worker

BURST, PER_S = 20, 0.2
"""Jumps that are logged at once, and a second: a clock may jump with every frame."""


class Epochs:
    """
    Counts the streams' epochs and ticks, and hands their frames to the engine's thread.

    ``take_frame`` and ``take_jump`` belong to the cameras' threads. Epochs begin in the executor's
    thread, in transitions, and in the engine's thread after a failure; streams close in
    transitions. A frame that was being decoded when its stream began anew or closed belongs to
    neither, and counts as dropped.

    :param streams: of all cameras
    :param worker: returns the worker; None while there is none
    """

    def __init__(
        self, streams: Sequence[Stream], worker: Callable[[], Worker | None],
        logger: RcutilsLogger,
    ) -> None:
        self.lock = threading.RLock()
        """Held while epochs, ticks and dropped frames change, or the worker and its settings."""
        self._streams = streams
        self._worker = worker
        self._logger = logger
        self._aloud = RateLimiter(BURST, PER_S)
        self._resets = [_Reset(stream) for stream in streams]

    def take_frame(
        self, stream: Stream, picture: NDArray[np.uint8], header: Any, stamp: int
    ) -> None:
        """
        Give a sampled frame its tick, and the worker the frame.

        :param picture: (height, width, 3), RGB
        :param header: of the message it came in
        :param stamp: the header's stamp in nanoseconds
        """
        with self.lock:
            if (worker := self._worker()) is None:
                return
            if stream.camera.restarting:
                stream.dropped += 1
                return
            stream.sampled_at = time.monotonic()
            frame = Frame(picture, header, stamp, stream.epoch, stream.tick, stream.number)
            stream.tick += 1
            stream.dropped += worker.submit(frame)

    def take_jump(self, stream: Stream, reason: str) -> None:
        """Begin an epoch for a reason of the camera's, which has begun anew by itself."""
        with self.lock:
            if stream.camera.restarting:
                return  # it begins anew anyway
            if self._aloud.take():
                self._logger.warning(f'{reason}: watching goes on in a new epoch')
            self._begin(stream)

    def begin_all(self) -> None:
        """Begin an epoch of every stream."""
        for stream in self._streams:
            self.begin(stream)

    def begin(self, stream: Stream) -> None:
        """Begin an epoch of a stream, of which the next frame is the first."""
        with self.lock:
            stream.camera.restart()
            self._begin(stream)

    def _begin(self, stream: Stream) -> None:
        with self.lock:
            stream.epoch += 1
            stream.tick = 0
            worker = self._worker()
            if worker is None:
                stream.reports.begin_epoch(stream.epoch)
                return
            stream.dropped += worker.discard_frames(stream.number)
            worker.post(self._resets[stream.number])
            worker.interrupt(stream.number)

    def close(self) -> None:
        """Close all cameras; frames that wait are dropped, an answer under way is cut."""
        with self.lock:
            worker = self._worker()
            for stream in self._streams:
                stream.camera.close()
                if worker is not None:
                    stream.dropped += worker.discard_frames(stream.number)
                    worker.interrupt(stream.number)


class _Reset:
    """The call that has a stream's engine begin anew; of several that would wait one does."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __call__(self, *engines: Engine) -> None:
        engines[self._stream.number].reset()
        self._stream.reports.begin_epoch(self._stream.epoch)
