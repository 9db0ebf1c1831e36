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

"""Which frames of a video an offline benchmark shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamo_ros.evaluation.benchmarks.watching import pictures_at
from streamo_ros.sources.film import open_container
from streamo_ros.sources.folder import PICTURES
from streamo_ros.sources.source_error import SourceError

FOLDER_FPS = 3.0
"""Of videos that are folders of pictures: MVBench's TVQA."""


@dataclass(frozen=True)
class Clip:
    """
    How long a video is.

    :param frames: how many it has
    :param fps: of these, a second
    """

    frames: int
    fps: float

    @property
    def seconds(self) -> float:
        """Return its length."""
        return self.frames / self.fps


@dataclass(frozen=True)
class Sampling:
    """
    How frames are chosen.

    :param way: ``centres`` of equal segments, ``ends`` included (evenly from the first frame to
        the last), ``starts`` of equal segments, or one at ``each second``
    :param frames: how many; of ``each second`` and ``starts`` the most
    """

    way: str
    frames: int

    def times(self, clip: Clip, span: tuple[float, float] | None = None) -> list[float]:
        """
        Return the seconds at which frames are taken.

        :param span: only between these seconds; ``centres`` alone knows it
        """
        if self.way == 'centres':  # OpenGVLab/Ask-Anything, video_chat2/mvbench.ipynb
            start, end = span or (0.0, 1e5)
            first = max(0, round(start * clip.fps))
            last = min(round(end * clip.fps), clip.frames - 1)
            segment = (last - first) / self.frames
            return [
                int(first + segment / 2 + np.round(segment * index)) / clip.fps
                for index in range(self.frames)]
        if self.way == 'ends':
            return [index / clip.fps for index in np.linspace(
                0, clip.frames - 1, self.frames, dtype=int).tolist()]
        if self.way == 'starts':  # longvideobench/LongVideoBench, load_video
            count = max(1, min(self.frames, int(clip.seconds)))
            segment = int(clip.frames / count)
            return [segment * index / clip.fps for index in range(count)]
        return [float(second) for second in range(
            max(1, min(self.frames, int(clip.seconds + 0.5))))]


def clip_of(video: Path) -> Clip:
    """
    Return how long a video is.

    :raises SourceError: when it cannot be read, or does not say
    """
    if video.is_dir():
        count = sum(file.suffix.lower() in PICTURES for file in video.iterdir())
        if not count:
            raise SourceError(f'{video} holds no pictures')
        return Clip(count, FOLDER_FPS)
    container, film = open_container(video)
    with container:
        fps = float(film.average_rate or film.guessed_rate or 0)
        frames = film.frames
        if not frames and container.duration is not None:
            frames = round(container.duration / 1e6 * fps)
    if not frames or not fps:
        raise SourceError(
            f'{video} does not say how many frames it has: write it anew, for instance with '
            '`ffmpeg -i FILE -c copy out.mp4`')
    return Clip(frames, fps)


def shown(video: Path, times: list[float]) -> list[tuple[float, NDArray[np.uint8]]]:
    """
    Return the frames of some times, each with its time; one that is asked for twice comes once.

    :raises SourceError: when the video cannot be read
    """
    wanted = sorted(set(times))
    found = list(zip(wanted, _pictures(video, wanted), strict=False))
    if not found:
        raise SourceError(f'{video} holds no frame at {wanted[0]:g} s')
    return found


def _pictures(video: Path, times: list[float]) -> Iterator[NDArray[np.uint8]]:
    return pictures_at(video, times, FOLDER_FPS)
