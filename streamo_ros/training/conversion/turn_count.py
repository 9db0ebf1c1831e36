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
How many turns a video has.

By time, a turn for every due time that a frame reaches, as the engine samples; or by a whole
stride of frames, as the authors' converter counts: 62 turns for 60 s at 29.97 frames per second.
"""

from dataclasses import dataclass
from pathlib import Path

from streamo_ros.sources.film import open_container
from streamo_ros.sources.source_error import SourceError

SLACK = 0.001
"""Seconds by which a frame may come before its due time; the engine's sampler allows the same."""


class VideoError(ValueError):
    """A video that cannot be read; the message says why."""


@dataclass(frozen=True)
class VideoLength:
    """
    The length of a video.

    :param frames: the number of frames
    :param rate: frames per second, on average
    :param last: seconds from the first frame to the last
    """

    frames: int
    rate: float
    last: float


def video_length(file: str | Path) -> VideoLength:
    """
    Return a video's length from its header, or by going through its packets.

    :raises VideoError: when it cannot be read or has no frames
    """
    import av  # here: conversion with given lengths opens no video
    try:
        container, video = open_container(file)
        with container:
            rate = float(video.average_rate or 0)
            if rate and video.frames and video.duration and video.time_base:
                last = float(video.duration * video.time_base) - 1 / rate
                return VideoLength(video.frames, rate, max(0.0, last))
            stamps = [
                float(packet.pts * packet.time_base)
                for packet in container.demux(video)
                if packet.pts is not None and packet.time_base]
    except SourceError as error:
        raise VideoError(str(error)) from error
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f'{file} cannot be read as a video ({error})') from error
    if not stamps:
        raise VideoError(f'{file} has no frame with a time')
    last = max(stamps) - min(stamps)
    return VideoLength(len(stamps), rate or (len(stamps) - 1) / (last or 1.0), last)


def turns_by_time(length: VideoLength, fps: float) -> int:
    """Return the number of turns when each takes the first frame at or after its due time."""
    return int((length.last + SLACK) * fps) + 1


def turns_by_stride(length: VideoLength, fps: float) -> int:
    """Return the number of turns that the authors' converter counts."""
    return length.frames // max(1, int(length.rate / fps))


def turns_of_seconds(seconds: float, fps: float, compat: bool) -> int:
    """Return the number of turns of a video of which the duration alone is known."""
    whole = int((seconds + SLACK) * fps)
    # The rest of a last turn has a frame; the authors count whole turns.
    return whole if compat or (seconds - SLACK) * fps <= whole else whole + 1
