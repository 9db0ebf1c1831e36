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

"""When answers are due, and what meeting some of them is worth."""

from ovo_records import choice
from ovo_records import clue
from ovo_records import count
from ovo_records import steps
from ovo_records import write
import pytest

from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import answer_times
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import due
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import recall_precision
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import streampro_f1
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import timing
from streamo_ros.evaluation.benchmarks.watching import Heard


def read(tmp_path, *records):
    return read_records(write(tmp_path, list(records)))


def test_answers_are_due_at_the_clue_and_two_seconds_into_what_begins(tmp_path):
    assert [due(record) for record in read(tmp_path, count(0), steps(1), clue(2))] == [
        [5, 9], [5, 9], [6]]


def test_an_answer_counts_at_the_end_of_its_turn_and_of_a_tutorial_to_the_whole():
    step, whole = Heard(0, (), {1: 'x'}), Heard(0, (), {4: 'a', 6: 'b'})
    assert answer_times([step, whole]) == [5.0, 7.0]


@pytest.mark.parametrize('right, said, recall, precision', [
    ([5, 9], [5, 9], 1, 1), ([5, 9], [7, 11], 1, 1), ([5, 9], [7.1, 6.9], 1, 1),
    ([5], [2.9, 7.1], 0, 0), ([5], [4, 5, 6], 1, 1 / 3),
    ([5, 7], [6], 1 / 2, 1),          # one answer meets one
    ([4, 7], [5, 3], 1 / 2, 1 / 2),   # 4 takes 5, which comes first, and 7 is left without
    ([5], [], 0, 0)])
def test_each_due_time_takes_the_first_answer_within_two_seconds(right, said, recall, precision):
    assert recall_precision(right, said) == (pytest.approx(recall), pytest.approx(precision))


def test_f1_is_of_the_means_over_records_and_the_whole_the_mean_of_the_tasks(tmp_path):
    records = read(tmp_path, count(0), count(1), steps(2), clue(3), choice(4))
    found = timing(records, {
        0: [5, 9],         # recall 1, precision 1
        1: [5, 20, 30],    # recall 1/2, precision 1/3
        2: [],             # 0, 0
        3: [6, 7, 8, 30]})  # recall 1, precision 1/4
    assert found['tasks'] == {
        'REC': {'recall': 75.0, 'precision': 66.67, 'f1': 70.59},
        'SSR': {'recall': 0.0, 'precision': 0.0, 'f1': 0.0},
        'CRR': {'recall': 100.0, 'precision': 25.0, 'f1': 40.0}}
    assert found['mean_f1'] == 36.86   # (70.588 + 0 + 40) / 3
    assert (found['mean_recall'], found['mean_precision']) == (58.33, 30.56)


def test_the_first_answer_to_a_clue_is_early_a_hit_late_or_none(tmp_path):
    records = read(tmp_path, *(clue(index) for index in range(6)))   # shown at 6
    found = timing(records, {0: [3, 6], 1: [4], 2: [8, 30], 3: [9], 4: [], 5: [1]})
    assert found['crr_first_answer'] == {'early': 2, 'hit': 2, 'late': 1, 'none': 1}
    assert set(found['tasks']) == {'CRR'}


def test_streampro_f1_takes_occurrences_for_events_and_a_clue_for_a_moment(tmp_path):
    records = read(tmp_path, count(0), clue(1), choice(2))
    found = streampro_f1(records, {
        0: [4, 9],     # within 3 to 5 s; a second after 7 to 8 s: (1 + 3/4) / 2
        1: [5, 20]})   # a second before the clue, and one too many: precision 3/8, recall 3/4
    assert found['tasks']['REC']['f1'] == 87.5 and found['tasks']['CRR']['f1'] == 50.0
    assert found['mean_f1'] == 68.75 and 'SSR' not in found['tasks']
