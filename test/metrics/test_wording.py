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

"""When two answers are the same words, and which option one names."""

import pytest

from streamo_ros.metrics.wording import normalised
from streamo_ros.metrics.wording import option_letter


@pytest.mark.parametrize('one, other', [
    ('The light went off.', 'the light  went off'),
    ('A person left.', 'person left!'),
    ('Three: 1, 2 and 3', 'three 1 2 and 3'),
    ('Straße', 'STRASSE'),
])
def test_form_does_not_count(one, other):
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize('one, other', [
    ('The light went off.', 'The light came on.'), ('3', '13'), ('another', 'other')])
def test_words_do(one, other):
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize('text, letter', [
    ('B', 'B'), (' b ', 'B'), ('(C)', 'C'), ('D.', 'D'), ('A. two cars', 'A'),
    ('B) two cars', 'B'), ('C: two', 'C'),
    ('A dog', None), ('Bob', None), ('', None), ('I.e. this', None), ('1', None)])
def test_options(text, letter):
    assert option_letter(text) == letter
