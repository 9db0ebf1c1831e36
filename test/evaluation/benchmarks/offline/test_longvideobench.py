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

"""LongVideoBench: its two forms, and the draw that decides what nobody can read."""

from benchmark_records import longvideobench as record
from benchmark_records import write
import pytest

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.offline.longvideobench import drawn
from streamo_ros.evaluation.benchmarks.offline.longvideobench import official
from streamo_ros.evaluation.benchmarks.offline.longvideobench import read
from streamo_ros.evaluation.benchmarks.offline.longvideobench import without_draws


def test_the_form_of_the_hub_says_the_same(tmp_path):
    items = read(write(tmp_path / 'lvb_val.json', [record()]))
    hub = record()
    for place, option in enumerate([*hub.pop('candidates'), 'N/A', 'N/A']):
        hub[f'option{place}'] = option
    assert read(write(tmp_path / 'hub.jsonl', (hub,))) == items
    assert items[0].prompt == (
        'Question: What is it?\nA. red\nB. dark\nC. loud\n'
        "Answer with the option's letter from the given choices directly.")
    assert items[0].parts == {'duration group': '15 s', 'question category': 'S2E'}


@pytest.mark.parametrize('said, right', [
    ('B', 1), ('The answer is B', 1), ('Best option: B', 1), ('b', None), ('', None),
    ('E', 0), ('dark. Also Bright', 0), ('it is dark as far as one can see from here all along',
                                         None)])
def test_a_letter_is_read_or_an_option_drawn(tmp_path, said, right):
    item = read(write(tmp_path / 'lvb_val.json', [record()]))[0]
    verdict = official(item, said)
    if right is None:
        assert not verdict.read and verdict.score == (drawn(item) == 'B')
        assert without_draws(item, said).score == 0
    else:
        assert verdict.read and verdict.score == right == without_draws(item, said).score


def test_a_draw_is_the_same_every_time_and_all_options_are_drawn(tmp_path):
    items = read(write(tmp_path / 'lvb_val.json', [record(index) for index in range(60)]))
    draws = [drawn(item) for item in items]
    assert draws == [drawn(item) for item in items] and set(draws) == {'A', 'B', 'C'}


def test_a_test_set_has_no_right_option(tmp_path):
    fields = record()
    del fields['correct_choice']
    assert read(write(tmp_path / 'lvb_test_wo_gt.json', [fields]))[0].right is None


@pytest.mark.parametrize('fields, sentence', [
    ({'right': 3}, 'correct_choice: 3 is no index'), ({'candidates': ('x',)}, 'candidates: 1'),
    ({'question': ' '}, 'question: ')])
def test_what_is_not_as_published_is_named(tmp_path, fields, sentence):
    with pytest.raises(BenchmarkError, match=f'record 0: {sentence}'):
        read(write(tmp_path / 'lvb_val.json', [record(**fields)]))
