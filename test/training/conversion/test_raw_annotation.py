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

"""Raw records: every spelling of a time, and what is refused with its place."""

import math

import pytest

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import Question
from streamo_ros.training.conversion.raw_annotation import read_annotation
from streamo_ros.training.conversion.raw_annotation import read_reference_time
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.conversion.raw_annotation import Response


@pytest.mark.parametrize('value, seconds', [
    (5, 5.0), (5.5, 5.5), ('5', 5.0), ('5.25', 5.25), ('01:05', 65.0), ('1:02:03', 3723.0),
    ('', None), (None, None)])
def test_a_time_is_read_in_every_spelling(value, seconds):
    assert read_seconds(value, 'time') == seconds


@pytest.mark.parametrize('value', [
    'soon', '1:2:3:4', '1:', True, [5], math.nan, math.inf, 10 ** 400, 'nan'])
def test_what_is_no_time_is_refused_with_its_field(value):
    with pytest.raises(BadRecord, match='no time') as raised:
        read_seconds(value, 'response[1].st_time')
    assert raised.value.field == 'response[1].st_time'


@pytest.mark.parametrize('value, frames', [
    (5, 5), (5.9, 5), ('5', 5),           # whole texts and JSON numbers are frames at any rate
    ('5.0', 10), ('5.4', 10), ('01:05', 130), ('1:02:03', 7446),
    ('', None), (None, None), ('soon', None)])
def test_the_reference_reads_a_time_by_its_type(value, frames):
    assert read_reference_time(value, 2.0, 'time') == frames


def test_a_record_is_read_with_and_without_its_optional_fields():
    assert read_annotation({
        'videos': ['a/b.mp4'], 'task_type': 'QA', 'source': 'x', 'video_name': 'b.mp4',
        'question': [{'content': 'What?', 'time': '3'}],
        'response': [{'content': 'That.', 'st_time': 1, 'end_time': '2', 'time': ''}],
        'anything': {'else': 1},
    }) == Annotation(
        'a/b.mp4', (Question('What?', '3'),), (Response('That.', 1, '2', ''),),
        'b.mp4', 'QA', 'x', None)
    assert read_annotation({'video_path': 'b.mp4', 'videos': ['c.mp4']}).video_path == 'b.mp4'


def test_a_record_survives_being_written_and_read():
    annotation = Annotation(
        'b.mp4', (Question('What?', 3),), (Response('That.', time=4),), 'b', 'QA', 'x', 12.5)
    assert read_annotation(annotation.to_json()) == annotation


@pytest.mark.parametrize('record, field', [
    ([], ''),
    ({}, 'video_path'),
    ({'video_path': 3}, 'video_path'),
    ({'videos': []}, 'video_path'),
    ({'video_path': 'a', 'question': {}}, 'question'),
    ({'video_path': 'a', 'response': [{}, 'x']}, 'response[1]'),
    ({'video_path': 'a', 'question': [{'content': 7}]}, 'question[0].content'),
    ({'video_path': 'a', 'source': 7}, 'source'),
])
def test_a_field_of_the_wrong_kind_is_named(record, field):
    with pytest.raises(BadRecord) as raised:
        read_annotation(record)
    assert raised.value.field == field
