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

"""The frames of the protocols, worked out by hand, and what a short or a damaged video shows."""

import pytest
from tiny_streams import write_video

from streamo_ros.evaluation.benchmarks.offline.sampling import Clip
from streamo_ros.evaluation.benchmarks.offline.sampling import clip_of
from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling
from streamo_ros.evaluation.benchmarks.offline.sampling import shown
from streamo_ros.sources.source_error import SourceError


def test_the_notebook_takes_centres_of_segments():
    clip = Clip(101, 10.0)  # frames 0 to 100
    assert Sampling('centres', 4).times(clip) == [1.2, 3.7, 6.2, 8.7]  # 12.5, 37.5, ... cut
    assert Sampling('centres', 2).times(clip, (2.0, 6.0)) == [3.0, 5.0]
    assert Sampling('centres', 2).times(clip, (8.0, 99.0)) == [8.5, 9.5]


def test_the_others_take_ends_starts_or_seconds():
    clip = Clip(100, 10.0)
    assert Sampling('ends', 4).times(clip) == [0.0, 3.3, 6.6, 9.9]
    assert Sampling('starts', 4).times(clip) == [0.0, 2.5, 5.0, 7.5]
    assert Sampling('starts', 16).times(clip) == [float(second) for second in range(10)]
    assert Sampling('each second', 120).times(clip) == [float(second) for second in range(10)]
    assert Sampling('each second', 3).times(clip) == [0.0, 1.0, 2.0]
    assert Sampling('starts', 4).times(Clip(3, 10.0)) == [0.0]


def test_a_video_says_how_long_it_is_and_shows_a_frame_once(tmp_path):
    write_video(tmp_path / 'a.mp4', 'SSSSS')
    assert clip_of(tmp_path / 'a.mp4') == Clip(20, 4.0)
    frames = shown(tmp_path / 'a.mp4', [0.0, 2.0, 2.0, 9.0])
    assert [seconds for seconds, _ in frames] == [0.0, 2.0]
    assert [float(picture[0].mean()) for _, picture in frames] == pytest.approx([40, 80], abs=4)


def test_a_folder_of_pictures_has_three_a_second(tmp_path):
    for number in range(1, 7):
        (tmp_path / f'{number:05d}.jpg').write_bytes(b'')
    assert clip_of(tmp_path) == Clip(6, 3.0)


def test_what_shows_nothing_is_told(tmp_path):
    with pytest.raises(SourceError, match='holds no pictures'):
        clip_of(tmp_path)
    write_video(tmp_path / 'a.mp4', 'S')
    with pytest.raises(SourceError, match='holds no frame at 5 s'):
        shown(tmp_path / 'a.mp4', [5.0])
