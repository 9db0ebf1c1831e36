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

"""InteractionBench's scores of hand-made predictions, worked out by hand for each family."""

from benchmark_records import interaction_item
from benchmark_records import write_interactionbench
import pytest

from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
from streamo_ros.evaluation.benchmarks.interactionbench.scores import blind
from streamo_ros.evaluation.benchmarks.interactionbench.scores import item_score
from streamo_ros.evaluation.benchmarks.interactionbench.scores import Said
from streamo_ros.evaluation.benchmarks.interactionbench.scores import score


def scored(tmp_path, said, **fields):
    item = read_items(write_interactionbench(tmp_path, interaction_item(**fields)))[0]
    found = item_score(item, [Said(time, words) for time, words in said])
    return found.total, found.accuracy, found.timing, found.silence


RIGHT = 'It is dark.'


@pytest.mark.parametrize('said, total, accuracy, timing, silence', [
    ([(4, RIGHT)], 100, 100, 100, 100),
    ([(3, RIGHT)], 100, 100, 100, 100),            # a second early is in time
    ([(2.9, RIGHT)], 0, 0, 0, 0),                  # more is premature
    ([(6, RIGHT)], 87.5, 100, 60, 100),            # 60 and 100: 75
    ([(4, RIGHT), (9, RIGHT)], 50, 100, 100, 0),   # said again: no silence is left
    ([(9, RIGHT)], 50, 100, 0, 100),               # 5 s late
    ([], 0, 0, 0, None),
    ([(4, 'It is bright')], 83.3, 66.7, 100, 100),
    ([(4, '')], 0, 0, 0, None)])                   # no words, nothing said
def test_one_alert(tmp_path, said, total, accuracy, timing, silence):
    assert scored(tmp_path, said) == (total, accuracy, timing, silence)


def test_two_events_share_the_stream_at_a_second_before_the_later(tmp_path):
    two = {'answers': ((4.0, RIGHT), (8.0, RIGHT))}
    # The one at 7 s is the second's: the first is missed. TA 50, SC 100: 66.7; with 100: 83.35.
    assert scored(tmp_path, [(7, RIGHT)], **two) == (83.3, 100, 50, 100)
    # At 6.9 s it is the first's, 2.9 s late: TA (42 + 0) / 2.
    assert scored(tmp_path, [(6.9, RIGHT)], **two)[2] == 21
    # One premature of two due: SC 50.
    assert scored(tmp_path, [(1, 'x'), (4, RIGHT), (8, RIGHT)], **two)[3] == 50


def test_a_question_is_answered_from_when_it_is_asked(tmp_path):
    asked = {'kind': 'A', 'capability': 'LVM', 'question_time_s': 5}
    assert scored(tmp_path, [(5, RIGHT)], **asked) == (100, 100, 100, 100)
    assert scored(tmp_path, [(7.5, RIGHT)], **asked) == (83.3, 100, 50, 100)


def test_silence_is_all_that_counts_where_nothing_is_due(tmp_path):
    assert scored(tmp_path, [], is_negative=True) == (100, None, None, 100)
    assert scored(tmp_path, [(3, 'x')], is_negative=True) == (0, None, None, 0)


def test_a_count_is_right_when_the_last_number_is(tmp_path):
    count = {'capability': 'CST', 'kind': 'C', 'sub_tag': 'counting',
             'answers': ((2.0, '1'), (6.0, '2'))}
    assert scored(tmp_path, [(2, '1'), (6, 'now 2')], **count) == (100, 100, 100, 100)
    assert scored(tmp_path, [(2, '2'), (6, '1')], **count) == (50, 0, 100, 100)


def test_commentary_is_judged_by_stretches_and_not_by_timing(tmp_path):
    talk = {'capability': 'LCG', 'kind': 'C', 'answers': ((2.0, 'red'), (6.0, 'blue cube'))}
    assert scored(tmp_path, [(5.9, 'red'), (9, 'blue'), (11, 'cube')], **talk)[:2] == (100, 100)
    assert scored(tmp_path, [(1, 'red'), (6, 'blue')], **talk)[0] == 33.3  # (0 + 2/3) / 2


def test_a_choice_is_judged_by_its_letter(tmp_path):
    from benchmark_records import write
    root = write_interactionbench(tmp_path, interaction_item())
    write(root / 'mcq' / 'mcq_key_v4.jsonl', (
        {'item_id': 'v#0', 'correct_index': 1, 'answer_text': 'dark', 'distractors': ['red']},))
    item = read_items(root)[0]
    for said, accuracy in (('B', 100), ('(b)', 100), ('Answer: B', 100), ('dark', 100), ('A', 0),
                           ('red', 0), ('a dark room', 0), ('nothing', 0)):
        assert item_score(item, [Said(4, said)]).accuracy == accuracy, said


def test_means_are_by_capability_and_task_and_two_who_do_not_look_stand_beside(tmp_path):
    items = read_items(write_interactionbench(
        tmp_path, interaction_item(), interaction_item(is_negative=True),
        interaction_item('IVQA', 'A', question_time_s=4)))
    found = score(items, {'v#0': [Said(4, RIGHT)]})
    assert found['overall']['total'] == pytest.approx(66.667) and found['overall']['items'] == 3
    assert found['parts']['task']['Alert']['total'] == 100
    assert found['parts']['capability']['IVQA']['silence'] is None
    silent, speaking = (score(items, said)['overall'] for said in blind(items).values())
    assert silent['total'] == 33.333 and speaking['total'] < 12
    assert speaking['timing'] == 100 and speaking['silence'] == 0
