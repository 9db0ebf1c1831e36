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

"""Questions of known truth: what counts as right, and how many are."""

from collections import Counter

import pytest

from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.studies.questions import recorded
from streamo_ros.studies.questions import run
from streamo_ros.studies.questions import Truth


@pytest.mark.parametrize('truth, answer, judged', [
    (Truth('', 'COUNT', (1, 2)), Answer(AnswerKind.COUNT, '2 times', (1, 2)), 'right'),
    (Truth('', 'COUNT', (1, 2)), Answer(AnswerKind.COUNT, '1 time', (1,)), 'wrong'),
    (Truth('', 'COUNT', (1,)), Answer(AnswerKind.LIST, '', (1,)), 'wrong'),
    (Truth('', 'COUNT', (1,)), Answer(AnswerKind.DECLINED, '', (1,)), 'declined'),
    (Truth('', events=()), Answer(AnswerKind.DECLINED, ''), 'declined'),
    (Truth('', said='Yes'), Answer(AnswerKind.YES_NO, 'No'), 'wrong'),
    (Truth('', said='Yes'), Answer(AnswerKind.YES_NO, 'Yes, 2 times', (1, 2)), 'right'),
    (Truth(''), Answer(AnswerKind.DECLINED, ''), 'right'),
    (Truth(''), Answer(AnswerKind.COUNT, '1 time', (1,)), 'wrong'),
])
def test_an_answer_is_right_that_gives_the_truth_or_declines_where_there_is_none(
        truth, answer, judged):
    assert truth.judge(answer) == judged


def test_of_the_questions_that_come_with_the_package_hardly_one_is_answered_wrongly():
    judged = Counter(truth.judge(answer) for truth, answer in run(recorded()))
    assert judged.total() == 200
    assert judged['wrong'] <= 4 and judged['right'] >= 120, judged  # the goal: 2 %
