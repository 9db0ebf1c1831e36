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

"""InteractionBench's annotations, its choices, and what of them cannot be scored."""

from benchmark_records import interaction_item
from benchmark_records import write
from benchmark_records import write_interactionbench
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.interactionbench.records import Due
from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
from streamo_ros.evaluation.benchmarks.interactionbench.records import SILENT


def test_items_are_named_by_video_and_place_and_those_without_an_answer_left_out(tmp_path):
    root = write_interactionbench(
        tmp_path, interaction_item(), interaction_item(answers=()),
        interaction_item(answers=((3.0, SILENT),)), interaction_item(is_negative=True),
        interaction_item(answers=((7.0, 'b'), (2.0, 'a'), (7.0, 'c'))),
        interaction_item(kind=None), interaction_item(answers=((1.0, '1'),), auto_number=True))
    items = read_items(root)
    assert [item.key for item in items] == ['v#0', 'v#2', 'v#3', 'v#4', 'v#6']
    assert [item.silent for item in items] == [False, True, True, False, False]
    assert items[3].due == (Due(2.0, 'a'), Due(7.0, 'b; c'))
    assert items[3].contents == ('b', 'a', 'c')
    assert items[4].counting and read_items(root / 'annotations') == items


def test_choices_come_with_their_options_and_key(tmp_path):
    root = write_interactionbench(tmp_path, interaction_item(), interaction_item())
    write(root / 'mcq' / 'mcq_options_v4.jsonl', (
        {'item_id': 'v#0', 'stem': 'Which?', 'options': ['red', 'dark']},))
    assert read_items(root)[0].right is None
    write(root / 'mcq' / 'mcq_key_v4.jsonl', (
        {'item_id': 'v#0', 'correct_index': 1, 'answer_text': 'dark', 'distractors': ['red']},))
    items = read_items(root)
    assert items[0].prompt == 'Which? A. red B. dark Answer with the letter of the option alone.'
    assert (items[0].options, items[0].right) == (('red', 'dark'), 1)
    assert items[1].prompt == items[1].question and items[1].right is None


@pytest.mark.parametrize('fields, sentence', [
    ({'question': ''}, r'items\[0\].question'),
    ({'answers': [{'time_s': 'soon', 'content': 'x'}]}, r'items\[0\].time_s'),
    ({'question_time_s': -1}, r'items\[0\].question_time_s')])
def test_what_is_not_as_published_is_named(tmp_path, fields, sentence):
    root = write_interactionbench(tmp_path, {**interaction_item(), **fields})
    with pytest.raises(BenchmarkError, match=f'v.json: {sentence}'):
        read_items(root)


def test_a_folder_without_annotations_is_told(tmp_path):
    with pytest.raises(BenchmarkError, match='holds no annotations'):
        read_items(tmp_path)
