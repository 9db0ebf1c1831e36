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

"""TempCompass: its three tasks without a judge, and what their rules take for right."""

from benchmark_records import caption_matching
from benchmark_records import multi_choice
from benchmark_records import write
from benchmark_records import yes_no
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.offline.tempcompass import lmms_eval
from streamo_ros.evaluation.benchmarks.offline.tempcompass import official
from streamo_ros.evaluation.benchmarks.offline.tempcompass import read
from streamo_ros.evaluation.benchmarks.offline.tempcompass import TEMPCOMPASS

RECORDS = {'multi-choice': multi_choice, 'yes_no': yes_no, 'caption_matching': caption_matching}


def item(tmp_path, task, **fields):
    return read(write(tmp_path / f'{task}.json', {'1': {'action': [RECORDS[task](**fields)]}}))[0]


def test_a_folder_of_questions_is_read_by_task_video_and_dimension(tmp_path):
    for task, make in RECORDS.items():
        write(tmp_path / f'{task}.json', {'12': {'speed': [make(), make()], 'order': [make()]}})
    write(tmp_path / 'captioning.json', {})
    items = read(tmp_path)
    assert len(items) == 9
    assert items[0].video == ('12.mp4', '12') and items[0].key == 'multi-choice 12 speed 0'
    assert items[0].prompt.endswith('\nC. green\nPlease directly give the best option:')
    assert items[3].prompt == 'Does it get dark?\nPlease answer yes or no:'
    assert items[6].labels == ('Option 1', 'Option 2')
    assert [TEMPCOMPASS.blind['always A, yes, first'](one) for one in items[::3]] == [
        'A', 'yes', 'Option 1']
    assert TEMPCOMPASS.blind['longest option, no'](items[6]) == 'Option 2'


def test_a_line_with_a_space_before_its_letter_is_an_option_as_published(tmp_path):
    lines = ('A. dark', ' B. bright')
    assert item(tmp_path, 'multi-choice', lines=lines).labels == ('A', 'B')


@pytest.mark.parametrize('said, right, read', [
    ('A. dark', 1, True), ('A', 1, True), ('A) anything', 1, True), ('A. bright', 1, True),
    ('B', 0, True), ('dark', 0, False), ('The answer is A.', 0, False), ('', 0, False)])
def test_multi_choice_is_matched_by_its_beginning(tmp_path, said, right, read):
    verdict = official(item(tmp_path, 'multi-choice'), said)
    assert (verdict.score, verdict.read) == (right, read)


@pytest.mark.parametrize('said, answer, right', [
    ('Yes, it does', 'yes', 1), ('not sure', 'no', 1), ('nothing', 'no', 1), ('maybe', 'no', 0),
    ('yesterday', 'yes', 1)])
def test_yes_and_no_are_how_an_answer_begins(tmp_path, said, answer, right):
    assert official(item(tmp_path, 'yes_no', answer=answer), said).score == right


@pytest.mark.parametrize('said, right', [
    ('Option 1: It gets dark.', 1), ('It gets dark.', 1), ('Option 1', 1), ('1', 1), ('1.', 1),
    ('(1) It gets dark.', 1), ('2', 0), ('It gets bright.', 0), ('it gets dark', 0)])
def test_a_caption_is_named_by_its_line_sentence_or_number(tmp_path, said, right):
    assert official(item(tmp_path, 'caption_matching'), said).score == right


def test_white_space_spoils_an_answer_for_lmms_eval_alone(tmp_path):
    one = item(tmp_path, 'multi-choice')
    assert official(one, ' A</s>').score == 1 and lmms_eval(one, ' A').score == 0


@pytest.mark.parametrize('task, fields, sentence', [
    ('yes_no', {'answer': 'maybe'}, '1, action: answer: '),
    ('multi-choice', {'lines': ('x', 'y')}, 'question: its options'),
    ('multi-choice', {'answer': 'D. loud'}, 'is none of the options')])
def test_what_is_not_as_published_is_named(tmp_path, task, fields, sentence):
    with pytest.raises(BenchmarkError, match=sentence):
        item(tmp_path, task, **fields)
