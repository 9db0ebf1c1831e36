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

"""OVO-Bench's records: what is read of them, and what is refused and how."""

from collections import Counter

from ovo_records import choice
from ovo_records import clue
from ovo_records import count
from ovo_records import one_of_each
from ovo_records import PUBLISHED
from ovo_records import published
from ovo_records import steps
from ovo_records import write
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Point
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Record


def test_every_kind_is_read(tmp_path):
    chosen, *_, counted, stepped, clued = read_records(write(tmp_path, one_of_each()))
    assert chosen == Record(
        0, 'EPM', 'EPM/a.mp4', 'Is the lamp on?', (Point(2, 'B'),), asked=2,
        options=('on', 'off', 'unseen'))
    assert counted.points == (Point(2, '0'), Point(5.5, '1'), Point(9, '2'))
    assert (counted.starts, counted.ends, counted.asked) == ((3, 7), (5, 8), 0)
    assert stepped.points == (
        Point(2, 'No', 0), Point(4, 'Yes', 0), Point(4, 'No', 1), Point(8, 'Yes', 1))
    assert stepped.steps == ('reach', 'lift')
    assert (clued.asked, clued.clue) == (2, 6)
    assert [point.truth for point in clued.points] == ['No', 'No', 'Yes', 'Yes', 'Yes']


def changed(record, **fields):
    return {**record, **fields}


@pytest.mark.parametrize('bad, reason', [
    (7, '7 is no object'),
    (changed(choice(1), task='XYZ'), "task: 'XYZ' is none of EPM"),
    (changed(choice(1), task=None), 'task: None is no text'),
    ({key: value for key, value in choice(1).items() if key != 'options'},
     'options: it is missing'),
    (changed(choice(1), gt=3), 'gt: 3 is no index of the 3 options'),
    (changed(choice(1), gt=True), 'gt: True is no whole number'),
    (changed(choice(1), realtime='2'), "realtime: '2' is no number"),
    (changed(choice(1), realtime=float('nan')), 'realtime: nan is no number'),
    (changed(choice(1), options=['a', 3]), r'options: \[1\]: 3 is no text'),
    (changed(choice(1), options=list('abcdef')), 'options: 6 are more than 5'),
    (choice(0), 'id: 0 stands for an earlier record already'),
    (changed(count(1), end_times=[5]), 'end_times: 1 times for 2 of start_times'),
    (count(1, points=((2, -1),)), r'test_info: \[0\]: count: -1'),
    (changed(count(1), test_info=[]), 'test_info: it is no list'),
    (changed(steps(1), all_steps=['reach']), 'start_time: 2 times for 1 steps'),
    (changed(steps(1), test_info=[{'realtime': 1, 'step': 'fly', 'type': 0}]),
     "step: 'fly' is none of all_steps"),
    (clue(1, points=((2, 2),)), 'type: 2 is neither 0 nor 1'),
    (changed(clue(1), clue_time=None), 'clue_time: None is no number'),
])
def test_a_malformed_record_is_named_with_its_index_and_field(tmp_path, bad, reason):
    with pytest.raises(BenchmarkError, match=rf'ovo\.json, record 1: .*{reason}'):
        read_records(write(tmp_path, [choice(0), bad]))


@pytest.mark.parametrize('text', ['', '{}', '[]', '[1'])
def test_a_file_of_no_records_is_refused(tmp_path, text):
    file = tmp_path / 'ovo.json'
    file.write_text(text)
    with pytest.raises(BenchmarkError, match=r'ovo\.json'):
        read_records(file)


@published
def test_the_published_file_is_read_whole():
    records = read_records(PUBLISHED)
    assert len(records) == 1640 and len({record.video for record in records}) == 644
    assert Counter(record.task for record in records) == {
        'EPM': 297, 'ASI': 148, 'HLD': 186, 'OCR': 149, 'ACR': 109, 'ATR': 116, 'STU': 178,
        'FPD': 101, 'OJR': 184, 'REC': 82, 'SSR': 42, 'CRR': 48}
    points = Counter()
    for record in records:
        points[record.task] += len(record.points)
    assert (points['REC'], points['SSR'], points['CRR']) == (698, 629, 240)
    assert points.total() == 3035
