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

"""MVBench: its files, and what its rule and lmms-eval's take for right, worked out by hand."""

from benchmark_records import mvbench as record
from benchmark_records import write
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.offline.mvbench import FOLDERS
from streamo_ros.evaluation.benchmarks.offline.mvbench import lmms_eval
from streamo_ros.evaluation.benchmarks.offline.mvbench import official
from streamo_ros.evaluation.benchmarks.offline.mvbench import read


def item(tmp_path, **fields):
    return read(write(tmp_path / 'action_count.json', [record(**fields)]))[0]


def test_all_twenty_tasks_are_read_in_their_order_and_five_are_bound(tmp_path):
    for task in FOLDERS:
        write(tmp_path / f'{task}.json', [record(start=1.5, end=4)])
    items = read(tmp_path)
    assert [one.parts['task'] for one in items] == list(FOLDERS)
    assert {one.parts['task'] for one in items if one.span == (1.5, 4.0)} == {
        'action_sequence', 'action_prediction', 'object_interaction', 'action_localization',
        'episodic_reasoning'}
    assert items[0].video == (
        'star/Charades_v1_480/room.mp4', 'action_sequence/room.mp4', 'room.mp4')
    assert items[0].prompt.endswith(
        'select the best option that accurately addresses the question.\n'
        'Question: What is it in the end?\nOptions:\n(A) dark\n(B) bright\n(C) green\n'
        'Only give the best option.')


@pytest.mark.parametrize('said, right', [
    ('(A) dark', True), ('A', True), ('a cat', True), ('(', True), ('', True), ('A.', True),
    ('(AB)', False), ('(B)', False), ('The answer is A', False), (')', True)])
def test_the_official_rule_takes_the_first_word_for_a_part_of_the_letter(tmp_path, said, right):
    assert official(item(tmp_path), said).score == right


@pytest.mark.parametrize('said, score', [
    ('A. dark', 1), ('(A)', 1), ('it is a cat', 1), ('B or A', 0), ('dark', 0), ('', None),
    ('(B) a', 0), (' ', 0)])
def test_lmms_eval_takes_the_first_letter_that_is_alone_and_drops_empty_answers(
        tmp_path, said, score):
    assert lmms_eval(item(tmp_path), said).score == score


def test_of_two_equal_candidates_the_rules_take_different_ones(tmp_path):
    twice = item(tmp_path, candidates=('dark', 'bright', 'dark'))
    assert official(twice, '(C)').score == 1 and official(twice, '(A)').score == 0
    assert lmms_eval(twice, '(C)').score == 0 and lmms_eval(twice, '(A)').score == 1


def test_an_answer_that_names_no_option_is_counted_as_unread(tmp_path):
    assert not official(item(tmp_path), '').read and not official(item(tmp_path), 'dark').read
    assert official(item(tmp_path), '(B').read and not lmms_eval(item(tmp_path), 'dark').read


@pytest.mark.parametrize('task, fields, sentence', [
    ('action_count', {'answer': 'loud'}, 'record 0: answer: '),
    ('action_count', {'video': '../a.mp4'}, 'record 0: video: '),
    ('action_sequence', {}, 'record 0: start: it is missing'),
    ('some_task', {}, 'some_task is none of the tasks')])
def test_what_is_not_as_published_is_named(tmp_path, task, fields, sentence):
    with pytest.raises(BenchmarkError, match=sentence):
        read(write(tmp_path / f'{task}.json', [record(**fields)]))


def test_a_folder_without_its_files_is_told(tmp_path):
    with pytest.raises(BenchmarkError, match='19 siblings'):
        read(tmp_path)
