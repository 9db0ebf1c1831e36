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

"""What comes over a link is checked before it is used."""

import pytest

from streamo_ros.engine.remote.protocol import ProtocolError
from streamo_ros.engine.remote.protocol import read_thresholds
from streamo_ros.engine.remote.protocol import Served
from streamo_ros.engine.remote.protocol import StreamOptions

SERVED = Served('nano', 'a small one', 28, None, 3136, 100_352, 3, 8, 64)


def test_options_arrive_as_they_were_sent():
    options = StreamOptions(2.0, 20, 64, 0, True, 0.5, 0.25)
    assert StreamOptions.from_json(options.to_json()) == options


@pytest.mark.parametrize('options', [
    None, [], {'fps': 0}, {'fps': float('nan')}, {'fps': 1e9}, {'fps': True}, {'fps': '1'},
    {'window_turns': 0}, {'window_turns': 1e3}, {'window_turns': 10**9},
    {'max_answer_tokens': -1}, {'memory_tokens': -1}, {'still_scene': 'yes'},
    {'response_threshold': 7.0}, {'response_threshold': 0.2, 'release_threshold': 0.5},
    {'unknown': 1}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ProtocolError):
        StreamOptions.from_json(options)


@pytest.mark.parametrize('numbers', [None, 0.5, [0.5], ['a', 'b'], [float('nan'), 0.0], [2, 1]])
def test_thresholds_that_are_none_are_refused(numbers):
    with pytest.raises(ProtocolError):
        read_thresholds(numbers)


def test_what_is_served_arrives_and_frames_are_scaled_alike():
    read = Served.from_json(SERVED.to_json())
    assert read == SERVED
    assert read.frame.target(480, 640, read.cell) == SERVED.frame.target(480, 640, 28)


@pytest.mark.parametrize('fields', [
    None, {}, {**SERVED.to_json(), 'cell': 0}, {**SERVED.to_json(), 'size': [1]},
    {**SERVED.to_json(), 'resample': 99}, {**SERVED.to_json(), 'size': [10**6, 10**6]}])
def test_a_server_that_describes_no_model_is_refused(fields):
    with pytest.raises(ProtocolError):
        Served.from_json(fields)


@pytest.mark.parametrize('options, name', [
    ({}, ''), ({'window_turns': 8, 'memory_tokens': 64}, ''), ({'memory_tokens': 0}, ''),
    ({'window_turns': 9}, 'window_turns'), ({'memory_tokens': 65}, 'memory_tokens')])
def test_a_stream_has_no_more_than_what_is_served(options, name):
    refusal = SERVED.refusal(StreamOptions(**options))
    assert refusal.startswith(name) and bool(refusal) == bool(name)
