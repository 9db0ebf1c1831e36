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

"""The number of turns of a video: by time as the engine samples, by stride as the authors do."""

from fractions import Fraction

import av
import numpy as np
import pytest

from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.sampler import Sampler
from streamo_ros.sources.sampler import Verdict
from streamo_ros.training.conversion.turn_count import turns_by_stride
from streamo_ros.training.conversion.turn_count import turns_by_time
from streamo_ros.training.conversion.turn_count import turns_of_seconds
from streamo_ros.training.conversion.turn_count import video_length
from streamo_ros.training.conversion.turn_count import VideoError


def write_video(file, frames, rate, options=None):
    with av.open(str(file), 'w', options=options or {}) as container:
        video = container.add_stream('mpeg4', rate=rate)
        video.width = video.height = 16
        video.pix_fmt = 'yuv420p'
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format='rgb24')
        for _ in range(frames):
            container.mux(video.encode(picture))
            picture.pts = None
        container.mux(video.encode())
    return file


def sampled(file, fps):
    """Return how many frames of a video the engine sees."""
    sampler = Sampler(fps)
    count = 0
    for frame in open_recording(file, fps).frames:
        if sampler.judge(frame.stamp) is Verdict.DUE:
            sampler.take(frame.stamp)
            count += 1
    return count


@pytest.mark.parametrize('name', ['clip.mp4', 'clip.mkv'])  # with a count of frames, and without
@pytest.mark.parametrize('frames, rate', [(40, 10), (41, 10), (1, 10), (75, 25)])
@pytest.mark.parametrize('fps', [0.5, 1.0, 2.0])
def test_turns_by_time_are_the_frames_that_the_engine_samples(tmp_path, name, frames, rate, fps):
    file = write_video(tmp_path / name, frames, rate)
    length = video_length(file)
    assert length.frames == frames
    assert turns_by_time(length, fps) == sampled(file, fps)


def test_a_minute_at_29_97_has_60_turns_by_time_and_62_by_stride(tmp_path):
    length = video_length(write_video(tmp_path / 'ntsc.mp4', 1798, Fraction(30000, 1001)))
    assert turns_by_time(length, 1.0) == 60
    assert turns_by_stride(length, 1.0) == 1798 // 29 == 62


def test_a_stride_is_never_less_than_a_frame(tmp_path):
    length = video_length(write_video(tmp_path / 'slow.mp4', 8, 2))
    assert turns_by_stride(length, 5.0) == 8


@pytest.mark.parametrize('seconds, fps, by_time, compat', [
    (76.0, 1.0, 76, 76), (59.4, 1.0, 60, 59), (2.5, 2.0, 5, 5), (0.2, 1.0, 1, 0), (0.0, 1.0, 0, 0),
    (0.667, 3.0, 2, 2)])
def test_a_duration_alone_gives_the_turns_that_begin_in_it(seconds, fps, by_time, compat):
    assert turns_of_seconds(seconds, fps, compat=False) == by_time
    assert turns_of_seconds(seconds, fps, compat=True) == compat


def test_what_is_no_video_is_refused_by_name(tmp_path):
    file = tmp_path / 'clip.mp4'
    file.write_bytes(b'no video')
    with pytest.raises(VideoError, match=r'clip\.mp4 cannot be read'):
        video_length(file)
