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
The frames of a bag that would be watched, as films: training reads films, not bags.

A film has a frame for each turn, the one that the node would have sampled; where none came within
a turn, the last one stands on. Where a camera's stream begins anew, by a jump of time or another
shape of its pictures, a new film begins. Frames of times that have been before are left out:
annotations speak of the first time round.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.output import folder_name
from streamo_ros.output import OutputFolder
from streamo_ros.sources.bag import BagMessage
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.sampler import SLACK_NS
from streamo_ros.training.conversion.mended import Finding

SUFFIX = '.mp4'
_QUALITY = {'crf': '16', 'preset': 'veryfast'}  # of H.264: not to be told from the camera's own


@dataclass(frozen=True)
class CameraFilm:
    """
    A film that was made of a camera's frames.

    :param path: relative to the folder of the films
    :param start: seconds from the bag's first frame to its own
    :param seconds: its length, a turn for each frame
    """

    camera: str
    path: str
    start: float
    seconds: float


class BagFilms:
    """
    Makes films of a bag's cameras, message by message.

    :param bag: the name that the films begin with
    :param cameras: their topics
    :param fps: frames a second
    :param folder: where the films go
    :param note: told of what is not in the films
    """

    def __init__(
        self, bag: str, cameras: list[str], fps: float, folder: OutputFolder,
        note: Callable[[Finding], None],
    ) -> None:
        self.first: int | None = None
        """The stamp of the first frame of all, nanoseconds, which seconds are counted from."""
        self._cameras = {
            camera: _Camera(self, bag, camera, fps, folder, note) for camera in cameras}

    def __enter__(self) -> 'BagFilms':
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing of the films that were not finished."""
        for camera in self._cameras.values():
            camera.close(kind, error, trace)

    def take(self, message: BagMessage) -> None:
        """Take the next message of one of the cameras."""
        self._cameras[message.topic].take(message)

    def finish(self) -> list[CameraFilm]:
        """Finish the films and return them."""
        return [film for camera in self._cameras.values() for film in camera.finish()]


class _Camera:

    def __init__(
        self, films: BagFilms, bag: str, camera: str, fps: float, folder: OutputFolder,
        note: Callable[[Finding], None],
    ) -> None:
        self._films, self._name, self._fps, self._note = films, camera, fps, note
        self._folder = folder
        self._stem = folder_name(f'{bag}@{camera.strip("/").replace("/", ".")}')
        self._stream = CameraStream(camera, fps)
        self._newest: int | None = None
        self._is_again = False
        self._made: list[CameraFilm] = []
        self._opened = ExitStack()
        self._writer: _Writer | None = None
        self._path = ''
        self._begun = 0  # the stamp of the film's first frame
        self._troubles: dict[str, tuple[int, str]] = {}  # by kind: how often, and the first

    def take(self, message: BagMessage) -> None:
        try:
            stamp, image = message.stamp, message.deserialize()
        except MessageError as error:
            self._count('unreadable-messages', str(error))
            return
        if self._is_again and self._newest is not None and stamp > self._newest:
            self._is_again = False
            self._stream.reset()
        admission = self._stream.admit_message(image, stamp, message.logged)
        if admission.change is not None and admission.change.begins_anew:
            self._end()
            self._is_again = self._newest is not None and stamp <= self._newest
            self._count('new-film', admission.change.sentence)
        if admission.outcome in (Outcome.BAD, Outcome.STALE):
            self._count(f'{admission.outcome.value}-frames', admission.reason)
            return
        if self._is_again:
            self._count('again', 'its times have been before: left out')
            return
        self._newest = stamp if self._newest is None else max(self._newest, stamp)
        if self._films.first is None:
            self._films.first = stamp
        if admission.picture is not None:
            self._write(admission.picture, stamp)

    def _write(self, picture: NDArray[np.uint8], stamp: int) -> None:
        if self._writer is None:
            part = f'@{len(self._made) + 1}' if self._made else ''
            self._path = f'{self._stem}{part}{SUFFIX}'
            self._begun = stamp
            file = self._opened.enter_context(self._folder.file(self._path))
            self._writer = _Writer(file, self._fps, picture.shape[:2])
        turn = int((stamp - self._begun + SLACK_NS) * self._fps / 1e9)
        if held := self._writer.write(picture, turn):
            self._count('held', 'no frame came in a turn: the last one stands on', held)

    def _end(self) -> None:
        """End the film that is written, if there is one."""
        if self._writer is None:
            return
        self._writer.finish()
        self._opened.close()
        assert self._films.first is not None
        self._made.append(CameraFilm(
            self._name, self._path, round((self._begun - self._films.first) * 1e-9, 9),
            round(self._writer.turns / self._fps, 6)))
        self._writer = None

    def finish(self) -> list[CameraFilm]:
        self._end()
        for kind, (count, what) in self._troubles.items():
            self._note(Finding(kind, self._name, f'{what} ({count})'))
        return self._made

    def close(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def _count(self, kind: str, sentence: str, by: int = 1) -> None:
        count, first = self._troubles.get(kind, (0, sentence))
        self._troubles[kind] = count + by, first


class _Writer:
    """An H.264 film in a file, frame by frame at a rate."""

    def __init__(self, file: BinaryIO, fps: float, size: tuple[int, int]) -> None:
        import av
        self.turns = 0
        self._size = size
        self._container = av.open(file, 'w', format='mp4')
        self._rate = Fraction(fps).limit_denominator(1000)
        self._video = self._container.add_stream('libx264', rate=self._rate, options=_QUALITY)
        self._video.height, self._video.width = size
        # Colours at half the resolution need sides that are even.
        self._video.pix_fmt = 'yuv444p' if size[0] % 2 or size[1] % 2 else 'yuv420p'
        self._last: NDArray[np.uint8] | None = None

    def write(self, picture: NDArray[np.uint8], turn: int) -> int:
        """Write a frame at its turn; return how many turns before it had none."""
        if picture.shape[:2] != self._size:
            picture = np.asarray(cv2.resize(
                picture, self._size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        missing = max(0, turn - self.turns)
        for shown in [self._last] * missing + [picture]:
            self._encode(picture if shown is None else shown)
        self._last = picture
        return missing

    def _encode(self, picture: NDArray[np.uint8]) -> None:
        import av
        frame = av.VideoFrame.from_ndarray(picture, format='rgb24')
        frame.pts, frame.time_base = self.turns, 1 / self._rate
        self._container.mux(self._video.encode(frame))
        self.turns += 1

    def finish(self) -> None:
        self._container.mux(self._video.encode())
        self._container.close()
