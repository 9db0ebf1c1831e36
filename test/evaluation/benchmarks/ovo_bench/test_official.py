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

"""The official scores, on predictions whose worth is worked out by hand, quirks included."""

import json

from ovo_records import CHOICE
from ovo_records import choice
from ovo_records import one_of_each
from ovo_records import PUBLISHED
from ovo_records import published
from ovo_records import write
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.ovo_bench.official import baselines
from streamo_ros.evaluation.benchmarks.ovo_bench.official import is_right
from streamo_ros.evaluation.benchmarks.ovo_bench.official import read_predictions
from streamo_ros.evaluation.benchmarks.ovo_bench.official import score
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records


@pytest.mark.parametrize('task', CHOICE)
@pytest.mark.parametrize('response, right', [
    ('B', True), ('B. off', True), ('(B)', True),
    ('Blue, I believe', True),    # any word with that capital
    ('A or B', True),             # and any answer that names it beside others
    ('b', False), ('off', False), ('A', False), ('', False), (None, False)])
def test_a_choice_is_right_if_its_letter_stands_anywhere(task, response, right):
    assert is_right(task, 'B', response) is right


@pytest.mark.parametrize('response, right', [
    ('12', True), ('It was 12 times.', True),
    ('1 or 2', True),             # digits are strung together
    ('1 time, at 2 s', True),
    ('012', False), ('twelve', False), ('12.0', False), ('', False), (None, False)])
def test_a_count_is_right_if_all_digits_spell_it(response, right):
    assert is_right('REC', '12', response) is right


@pytest.mark.parametrize('task', ['SSR', 'CRR'])
@pytest.mark.parametrize('truth, response, right', [
    ('Yes', 'Yes', True), ('Yes', 'Y', True), ('No', 'N', True), ('No', 'No.', True),
    ('No', 'Not at all', True),   # "No" begins it
    ('Yes', 'Yes or No', True), ('No', 'Yes or No', True),
    ('Yes', 'yes', False), ('Yes', 'Y.', False), ('No', 'N ', False), ('Yes', 'N', False),
    ('No', 'Y', False), ('No', 'no', False), ('Yes', '', False), ('No', None, False)])
def test_yes_and_no_are_right_as_a_letter_alone_or_as_a_word_anywhere(
        task, truth, response, right):
    assert is_right(task, truth, response) is right


def test_the_twelve_tasks_score_what_is_worked_out_by_hand(tmp_path):
    # Two records of each task of choice: 'B' is right in all.
    records = read_records(write(tmp_path, [
        *one_of_each(), *(choice(12 + index, task) for index, task in enumerate(CHOICE))]))
    given = {
        'EPM': ('B', 'A'), 'ASI': ('B', 'B'), 'HLD': ('C', 'Unable'),
        'OCR': ('B', None), 'ACR': ('Both', 'B'), 'ATR': ('b', 'off'),
        'STU': ('A', 'B'), 'FPD': ('A', 'C'), 'OJR': ('B', 'B')}
    predictions = {
        9: ['0', '1 or 2', '2'],           # 0, 1, 2: two of three
        10: ['N', 'Y', 'Yes', 'Yes'],      # No, Yes, No, Yes: three of four
        11: ['Yes', 'No', 'Now', 'Y', 'Yes'],  # No, No, Yes, Yes, Yes: three of five
        **{place: [given[task][0]] for place, task in enumerate(CHOICE)},
        **{12 + place: [given[task][1]] for place, task in enumerate(CHOICE)}}
    found = score(records, predictions)
    assert found['tasks'] == {
        'EPM': 50.0, 'ASI': 100.0, 'HLD': 0.0,
        'OCR': 50.0, 'ACR': 100.0, 'ATR': 0.0, 'STU': 50.0, 'FPD': 0.0, 'OJR': 100.0,
        'REC': 66.67, 'SSR': 75.0, 'CRR': 60.0}
    assert found['groups'] == {'backward': 50.0, 'realtime': 50.0, 'forward': 67.22}
    assert found['total'] == 55.74   # (50 + 50 + 67.22...) / 3
    assert found['points']['SSR'] == [4, 4] and found['points']['EPM'] == [2, 2]


def test_a_task_is_the_mean_of_its_points_and_not_of_its_records(tmp_path):
    records = read_records(write(tmp_path, [
        {**one_of_each()[9], 'id': 0},
        {**one_of_each()[9], 'id': 1, 'test_info': [{'realtime': 2, 'count': 0}]}]))
    assert score(records, {0: ['0', '1', '2'], 1: ['5']})['tasks']['REC'] == 75.0


def test_what_was_not_predicted_is_left_out_and_told(tmp_path):
    records = read_records(write(tmp_path, [*one_of_each(), choice(12, 'EPM')]))
    found = score(records, {0: ['B']})
    assert found['tasks']['EPM'] == 100.0 and found['points']['EPM'] == [1, 2]
    assert found['tasks']['ASI'] is None
    assert found['groups']['backward'] is None and found['total'] is None


@published
def test_who_does_not_look_gets_the_published_scores():
    records = read_records(PUBLISHED)
    yes, no = (found['tasks'] for found in baselines(records).values())
    assert (yes['SSR'], yes['CRR'], yes['REC']) == (67.25, 60.0, 20.49)
    assert (no['SSR'], no['CRR']) == (32.75, 40.0)


def test_predictions_are_read_by_line(tmp_path):
    records = read_records(write(tmp_path, one_of_each()))
    file = tmp_path / 'given.jsonl'
    file.write_text('{"id": 0, "responses": ["B"]}\n{"id": 9, "responses": ["1", null, ""]}\n')
    assert read_predictions(file, records) == {0: ['B'], 9: ['1', None, '']}


@pytest.mark.parametrize('line, reason', [
    ('nothing', 'is not of the form'), ('[]', 'is not of the form'), ('{"id": 0}', 'of the form'),
    (json.dumps({'id': 99, 'responses': ['B']}), 'id: 99 is no record'),
    (json.dumps({'id': 0, 'responses': ['B']}), 'id: 0 was given before'),
    (json.dumps({'id': 9, 'responses': ['1']}), 'responses: record 9 has 3 test points'),
    (json.dumps({'id': 9, 'responses': [1, 2, 3]}), 'responses: record 9'),
])
def test_a_bad_prediction_is_named_with_its_line_and_field(tmp_path, line, reason):
    records = read_records(write(tmp_path, one_of_each()))
    file = tmp_path / 'given.jsonl'
    file.write_text('{"id": 0, "responses": ["B"]}\n' + line + '\n')
    with pytest.raises(BenchmarkError, match=rf'given\.jsonl, line 2.*{reason}'):
        read_predictions(file, records)
