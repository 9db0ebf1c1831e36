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

"""Video-MME: its rows in three forms, and the letters that its scorer and lmms-eval find."""

from benchmark_records import videomme as row
from benchmark_records import write
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.offline.scores import score
from streamo_ros.evaluation.benchmarks.offline.videomme import lmms_eval
from streamo_ros.evaluation.benchmarks.offline.videomme import official
from streamo_ros.evaluation.benchmarks.offline.videomme import read


def test_rows_are_the_same_from_json_lines_results_and_parquet(tmp_path):
    rows = [row(1), row(2, 'A')]
    items = read(write(tmp_path / 'rows.json', rows))
    assert read(write(tmp_path / 'rows.jsonl', tuple(rows))) == items
    video = {name: rows[0][name] for name in (
        'video_id', 'videoID', 'duration', 'domain', 'sub_category')}
    assert read(write(tmp_path / 'results.json', [{**video, 'questions': rows}])) == items
    assert items[0].video == ('room.mp4', 'room.MP4', 'room.mkv')
    assert items[0].prompt.endswith('What is it?\nA. red\nB. green\nC. dark\nD. loud\n'
                                    'The best answer is:')
    pyarrow = pytest.importorskip('pyarrow', reason='Parquet is read by it')
    from pyarrow import parquet
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / 'rows.parquet')
    assert read(tmp_path / 'rows.parquet') == items


@pytest.mark.parametrize('said, one, other', [
    ('C', 1, 1), ('C. dark', 1, 1), ('The best answer is C.', 1, 1), ('dark', None, 0),
    ('', None, 0), ('At first C', 0, 1), ('Answer: C', 1, 1), ('Best answer: C', 0, 1),
    ('The answer is B? No, (C)', 0, 1), ('i think (C) or B)', 1, 1)])
def test_the_first_capital_counts_there_and_the_surest_form_here(tmp_path, said, one, other):
    item = read(write(tmp_path / 'rows.json', [row()]))[0]
    assert (official(item, said).score, lmms_eval(item, said).score) == (one, other)


def test_what_names_no_letter_leaves_the_official_denominator_alone(tmp_path):
    items = read(write(tmp_path / 'rows.json', [row(1), row(2), row(3)]))
    said = dict(zip((item.key for item in items), ('C', 'A', 'dark'), strict=True))
    found = score(items, said, official)
    assert (found['total'], found['questions'], found['unread']) == (50.0, 2, 1)
    assert found['parts']['duration'] == {'short': [50.0, 2]}
    assert score(items, said, lmms_eval)['total'] == 33.33


@pytest.mark.parametrize('fields, sentence', [
    ({'duration': 'brief'}, 'duration: '), ({'options': ['A. x']}, 'options: 1 in place of 4'),
    ({'answer': 'E'}, 'answer: '), ({'question_id': None}, 'question_id: ')])
def test_what_is_not_as_published_is_named(tmp_path, fields, sentence):
    with pytest.raises(BenchmarkError, match=f'record 0: {sentence}'):
        read(write(tmp_path / 'rows.json', [row(**fields)]))


def test_one_question_twice_is_told(tmp_path):
    with pytest.raises(BenchmarkError, match='twice'):
        read(write(tmp_path / 'rows.json', [row(), row()]))
