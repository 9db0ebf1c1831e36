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
The frames of a video file.

Films come from phones, editors and robots. A packet that cannot be decoded is a bad frame, and
the film goes on behind it. The cover picture of a film is not the film, and pictures are turned as
the film says.
"""

from collections.abc import Iterator
from functools import partial
import itertools
import math
from pathlib import Path
from typing import Any
from typing import NoReturn
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamo_ros.input import check_no_pipe
from streamo_ros.sources.decode import LIMITS
from streamo_ros.sources.frame import Frame
from streamo_ros.sources.frame import Recording
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.orientation import displayed
from streamo_ros.sources.source_error import SourceError

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

_RATE = 25.0  # frames per second of a film that has neither times nor a rate
_TAIL = 1.0  # seconds that a film's sound may go on after its last picture


def open_film(file: Path) -> Recording:
    """
    Open a video file.

    :raises SourceError: when it holds no picture that can be decoded
    """
    import av  # here: robots watch cameras and need no video files
    container, video = open_container(file)
    seconds = None if container.duration is None else container.duration / av.time_base
    if seconds is not None and not 0 <= seconds < math.inf:
        seconds = None
    notices: list[str] = []
    frames = _frames(file, container, video, seconds, notices)
    before: list[Frame] = []
    for frame in frames:
        before.append(frame)
        try:
            frame.check()
            size = frame.picture().shape[:2]
            break
        except ImageError as error:
            reason = str(error)
    else:
        raise SourceError(
            f'{file} holds no frame' if not before else
            f'{file} holds no frame that can be used: {reason}')
    return Recording(seconds, itertools.chain(before, frames), size, notices)


def open_container(file: str | Path) -> 'tuple[InputContainer, av.VideoStream]':
    """
    Open a video file; return it, and the stream in it that is the film.

    :raises SourceError: when it holds no film, or one that nothing here decodes
    """
    import av
    try:
        check_no_pipe(file)
        # By its protocol: what stands before a colon in a name would be taken for one.
        container = av.open(f'file:{file}', metadata_errors='replace')
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f'{file} cannot be read as a video ({error})') from error
    return container, moving_stream(file, container)


def moving_stream(file: str | Path, container: 'InputContainer') -> 'av.VideoStream':
    """
    Return the film among a file's streams: the default one of those that are no cover picture.

    :param file: as it may be named in an error

    :raises SourceError: when there is none, or nothing here decodes it
    """
    from av.stream import Disposition
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    films = [video for video in container.streams.video if not video.disposition & still]
    if not films:
        raise SourceError(f'{file} cannot be read as a video (' + (
            'it holds a cover picture and no film)' if container.streams.video
            else 'it holds no video stream)'))
    video = min(films, key=lambda video: not video.disposition & Disposition.default)
    if video.codec_context is None:
        raise SourceError(
            f'{file} cannot be read as a video (nothing here decodes its stream: convert it, for '
            'instance with `ffmpeg -i FILE -c:v libx264 out.mp4`)')
    # The decoder's own bound: a film says anywhere in its stream how large its pictures are.
    video.codec_context.options = {'max_pixels': str(LIMITS.pixels)}
    return video


def _frames(
    file: Path, container: 'InputContainer', video: 'av.VideoStream', seconds: float | None,
    notices: list[str],
) -> Iterator[Frame]:
    """
    Yield all frames, bad ones among them.

    :raises SourceError: when the film breaks off
    """
    import av
    period = 1 / float(video.average_rate or video.guessed_rate or _RATE)
    first: float | None = None
    last = -period
    packets = 0
    with container:
        demuxed = container.demux(video)
        while True:
            try:
                packet = next(demuxed, None)
            except av.FFmpegError as error:
                raise SourceError(f'{file} breaks off after {max(last, 0):.3f} s: {error}'
                                  ) from error
            if packet is None:
                break
            packets += packet.size > 0
            try:
                pictures = packet.decode()
            except (av.FFmpegError, ValueError) as error:
                if first is None and packet.pts is not None and packet.time_base:
                    first = float(packet.pts * packet.time_base)  # where the film begins
                yield _bad(
                    last, f'a packet after {max(last, 0):.3f} s cannot be decoded ({error})')
                continue
            for picture in pictures:
                time = picture.time if picture.time is not None else (
                    (first or 0.0) + last + period)
                first = time if first is None else first
                last = time - first
                if picture.is_corrupt:
                    yield _bad(last, f'the frame of {last:.3f} s is damaged')
                else:
                    yield Frame(round(last * 1e9), '', partial(to_pixels, picture))
        # What an MP4 file lists is what it holds, unless its end is missing.
        if 'mp4' in container.format.name and packets < video.frames:
            raise SourceError(
                f'{file} breaks off after {max(last, 0):.3f} s: {video.frames - packets} of its '
                f'{video.frames} packets are missing')
        if 'mp4' not in container.format.name and seconds and (
                last + max(_TAIL, 2 * period) < seconds):
            notices.append(
                f'{file} says that it has {seconds:.3f} s, and its last frame is of {last:.3f} s')


def _bad(after: float, sentence: str) -> Frame:
    def refuse() -> NoReturn:
        raise ImageError('undecodable', sentence)
    return Frame(max(0, round(after * 1e9)), '', refuse, refuse)


def to_pixels(picture: 'av.VideoFrame') -> NDArray[np.uint8]:
    """
    Return a decoded picture as (H, W, 3) RGB, the right way up.

    :raises ImageError: when it is too large, or cannot be converted
    """
    import av
    from av.sidedata.sidedata import Type
    if picture.width * picture.height > LIMITS.pixels:
        raise ImageError(
            'too large', f'{picture.width}x{picture.height} pixels are more than {LIMITS.pixels}')
    try:
        pixels = picture.to_ndarray(format='rgb24').astype(np.uint8, copy=False)
    except (av.FFmpegError, ValueError) as error:
        raise ImageError('undecodable', f'a frame cannot be converted ({error})') from error
    data: Any = picture.side_data  # which its types call a mapping by name
    matrix = data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return pixels
    return displayed(pixels, np.frombuffer(matrix, np.int32).tolist())
