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

"""How much of an answer is right, by words, numbers and options."""

import pytest

from streamo_ros.metrics.likeness import chose
from streamo_ros.metrics.likeness import likeness
from streamo_ros.metrics.likeness import word_f1


@pytest.mark.parametrize('right, said, mark', [
    ('The light', 'light', 1), ('7', 'the count is now 7', 1), ('7', '17', 0),
    ('JUMP 4', 'DUCK 4', 0.5), ('JUMP 4', 'one more jump, 4', 1), ('', '', 0),
    ('a red cube moved on 3', '3', 1 / 3), ('1,000', '1000', 1)])
def test_words_and_short_numbers_count(right, said, mark):
    assert likeness(right, said) == pytest.approx(mark)


def test_words_that_are_said_twice_count_once():
    assert word_f1('red cube', 'red red') == 0.5


@pytest.mark.parametrize('said, mark', [
    ('c', 1), ('It is C', 1), ('blue cube', 1), ('cube', 0), ('', 0), ('A (or C)', 0),
    ('well, that must be the option with letter C', 0)])
def test_an_option_is_chosen_by_letter_or_by_most_words(said, mark):
    assert chose(['red cube', 'green cube', 'blue cube'], 2, said) == mark
