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

"""What is asked and what is right, told in the time tags that the stream has."""

import pytest

from streamo_ros.dialogue import State
from streamo_ros.worlds.question import changing
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth

S, B, R = State.SILENCE, State.STANDBY, State.RESPONSE


@pytest.mark.parametrize(('rate', 'first', 'said'), [
    (1.0, 0, 'Given event occurred between 2s to 5s.'),  # <2s-3s> to <4s-5s>
    (1.0, 100, 'Given event occurred between 102s to 105s.'),
    (2.0, 0, 'Given event occurred between 1s to 3s.'),  # <1s-1.5s> to <2s-2.5s>
    (2.0, 3, 'Given event occurred between 2s to 4s.')])  # <2.5s-3s> to <3.5s-4s>
def test_a_grounding_answer_names_the_seconds_of_the_tags(rate, first, said):
    question = Question('grounding', 'cover', 'When?', rate, (
        Truth(S), Truth(S), Truth(B), Truth(B), Truth(R, span=(2, 4)), Truth(S)))
    truths = question.truths(first)
    assert [truth.text for truth in truths] == ['', '', '', '', said, '']
    assert [truth.state for truth in truths] == [S, S, B, B, R, S]


def test_a_changing_answer_is_told_at_once_and_again_when_it_is_another():
    right = changing([None, 'No.', 'No.', None, 'No.', 'Yes.', 'Yes.', 'No.'])
    assert [truth.state for truth in right] == [B, R, S, B, S, R, S, R]
    assert [truth.text for truth in right] == ['', 'No.', '', '', '', 'Yes.', '', 'No.']


def test_a_first_answer_alone_is_no_event():
    def question(task, *answers):
        return Question(task, 'light', 'Is it?', 1.0, changing(answers))
    assert not question('tsqa', 'Yes.', 'Yes.').eventful
    assert question('tsqa', 'Yes.', 'No.').eventful
    assert question('narration', None, 'Yes.').eventful
