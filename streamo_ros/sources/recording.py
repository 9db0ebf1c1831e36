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
Frames of a video file, an image folder or a bag, each with its stamp and camera.

Pictures are made only when asked for: a recording has many more frames than are sampled.
"""

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import functools
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.bag import SourceError
from streamo_ros.sources.bag import STORAGES
from streamo_ros.sources.image import check
from streamo_ros.sources.image import to_rgb

if TYPE_CHECKING:
    import av

PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.ppm', '.tif', '.tiff')
IMAGE_TYPES = {IMAGE, COMPRESSED_IMAGE}


@dataclass(frozen=True)
class Frame:
    """
    One frame of a recording.

    :param stamp: nanoseconds; of a video or folder from 0, of a bag as in the message's header
    :param camera: the bag's topic; empty for other sources
    :param picture: makes the (H, W, 3) RGB picture; raises ImageError for a bad message
    :param check: raises ImageError for a message that is seen to be bad without decoding it
    """

    stamp: int
    camera: str
    picture: Callable[[], NDArray[np.uint8]]
    check: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Recording:
    """
    A source opened for reading.

    :param seconds: its length, None when only reading it through would tell
    :param frames: all frames in the order recorded; can be gone through once
    :param size: (height, width) of a video's frames; None where only looking at one would tell
    """

    seconds: float | None
    frames: Iterator[Frame]
    size: tuple[int, int] | None = None


def open_recording(source: Path, folder_fps: float) -> Recording:
    """
    Open a video file, a folder of images, or a bag (directory, ``.mcap`` or ``.db3``).

    :param folder_fps: images of a folder follow one another at this rate
    :raises SourceError: when the source is missing or of no known kind
    """
    if not source.exists():
        raise SourceError(f'{source} does not exist: give a video, an image folder or a bag')
    if source.suffix in STORAGES:
        return _bag(source)
    if source.is_dir():
        if (source / 'metadata.yaml').is_file() or any(
                file.suffix in STORAGES for file in source.iterdir()):
            return _bag(source)
        return _folder(source, folder_fps)
    return _video(source)


def _folder(folder: Path, fps: float) -> Recording:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES)
    if not files:
        raise SourceError(
            f'{folder} holds neither images ({", ".join(PICTURES)}) nor a bag\'s metadata.yaml')

    def picture(file: Path) -> NDArray[np.uint8]:
        try:
            return np.asarray(Image.open(file).convert('RGB'))
        except OSError as error:
            raise SourceError(f'{file} cannot be read as an image ({error})') from error

    frames = (
        Frame(round(index * 1e9 / fps), '', functools.partial(picture, file))
        for index, file in enumerate(files))
    return Recording(len(files) / fps, frames)


def _rgb(picture: 'av.VideoFrame') -> NDArray[np.uint8]:
    pixels: NDArray[Any] = picture.to_ndarray(format='rgb24')
    return pixels


def _video(file: Path) -> Recording:
    import av  # here: robots watch cameras and need no video files
    try:
        container = av.open(str(file))
        video = container.streams.video[0]
    except (av.FFmpegError, IndexError) as error:
        raise SourceError(f'{file} cannot be read as a video ({error})') from error
    seconds = None if container.duration is None else container.duration / av.time_base

    def frames() -> Iterator[Frame]:
        first: float | None = None
        with container:
            try:
                for index, picture in enumerate(container.decode(video)):
                    # A container without time stamps still has a rate.
                    rate = float(video.average_rate or 25)
                    stamp = picture.time if picture.time is not None else index / rate
                    first = stamp if first is None else first
                    yield Frame(
                        round((stamp - first) * 1e9), '',
                        functools.partial(_rgb, picture))
            except av.FFmpegError as error:
                raise SourceError(f'{file} breaks off: {error}') from error

    return Recording(seconds, frames(), (video.height, video.width))


def _bag(path: Path) -> Recording:
    bag = Bag(path)
    cameras = [
        (topic, type) for topic, types in bag.topics.items() for type in types & IMAGE_TYPES]
    if not cameras:
        topics = ', '.join(bag.topics) or 'none'
        raise SourceError(f'{path} has no image topic; its topics: {topics}')

    def frames() -> Iterator[Frame]:
        with bag:
            for message in bag.messages(cameras):
                try:
                    image = message.deserialize()
                except MessageError as error:
                    raise SourceError(f'{path} holds a bad message: {error}') from error
                yield Frame(
                    message.stamp, message.topic, functools.partial(to_rgb, image),
                    functools.partial(check, image))
        for kind, sentence in bag.troubles:
            if kind != 'no metadata':
                raise SourceError(sentence)

    return Recording(bag.duration * 1e-9, frames())
