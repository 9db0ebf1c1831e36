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

"""Kinds have names a person would say, one each, and a tenth of them is kept from training."""

import re

import pytest

from streamo_ros.worlds.composite.kinds import a
from streamo_ros.worlds.composite.kinds import is_kept
from streamo_ros.worlds.composite.kinds import load_kinds


def test_there_are_hundreds_of_kinds_and_each_can_be_taken_for_itself():
    kinds = load_kinds()
    assert len(kinds.all) > 400
    for kind in kinds.all:
        assert kinds.named[kind.lower()] == kind
        assert kind in kinds.alike[kind]
        assert all(kinds.alike[other] == kinds.alike[kind] for other in kinds.alike[kind])
        assert re.fullmatch(r"[A-Za-z' -]+", kind)


def test_a_tenth_of_the_kinds_is_kept_from_training_and_always_the_same():
    kinds = load_kinds().all
    kept = [kind for kind in kinds if is_kept(kind)]
    assert 0.06 < len(kept) / len(kinds) < 0.14
    assert is_kept('penguin') is ('penguin' in kept)


def test_animals_are_animals():
    classes = load_kinds().classes
    assert {'dog', 'ant', 'shark', 'parrot'} <= {*classes['animal']}
    assert {'apple', 'coconut'} <= {*classes['fruit']} and 'tomato' not in classes['fruit']
    assert {'car', 'submarine', 'train'} <= {*classes['vehicle']}
    kinds = [kind for part in classes.values() for kind in part]
    assert len(kinds) == len(set(kinds)) < len(load_kinds().all)


def test_a_name_of_two_kinds_is_refused(tmp_path):
    file = tmp_path / 'kinds.txt'
    file.write_text('# head\ndog = hound\nwolf = hound\n')
    with pytest.raises(ValueError, match='hound'):
        load_kinds(file)


@pytest.mark.parametrize('kind,text', [
    ('dog', 'a dog'), ('apple', 'an apple'), ('hourglass', 'an hourglass'), ('grapes', 'grapes'),
    ('house', 'a house'), ('pair of scissors', 'a pair of scissors'),
    ('Santa Claus', 'Santa Claus')])
def test_a_kind_has_its_article(kind, text):
    assert a(kind) == text
