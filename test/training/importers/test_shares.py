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

"""Shares of a mix: kept while there is enough, and what is short is told by the numbers."""

import pytest

from streamo_ros.training.importers.shares import check_named
from streamo_ros.training.importers.shares import MixError
from streamo_ros.training.importers.shares import quotas

THERE = {('a', 'x'): 100, ('a', 'y'): 50, ('b', 'x'): 30, ('c', 'y'): 20}


@pytest.mark.parametrize('tasks, sources, total, drawn', [
    ({}, {}, None, {('a', 'x'): 100, ('a', 'y'): 50, ('b', 'x'): 30, ('c', 'y'): 20}),
    ({}, {}, 20, {('a', 'x'): 10, ('a', 'y'): 5, ('b', 'x'): 3, ('c', 'y'): 2}),
    # b bounds them all: 30 is a fifth of what there can be.
    ({'a': 4, 'b': 1}, {}, None, {('a', 'x'): 80, ('a', 'y'): 40, ('b', 'x'): 30}),
    ({'a': 1, 'b': 1}, {}, 40, {('a', 'x'): 13, ('a', 'y'): 7, ('b', 'x'): 20}),
    # Within a, y can keep its half to 50 of 100; b and c have one source each.
    ({'a': 1}, {'x': 1, 'y': 1}, None, {('a', 'x'): 50, ('a', 'y'): 50}),
    # y is short in a: x takes its rest. b is short: it gets what there is.
    ({'a': 1, 'b': 1}, {'x': 1, 'y': 3}, 200, {('a', 'x'): 50, ('a', 'y'): 50, ('b', 'x'): 30}),
    ({'a': 1}, {'x': 1}, 7, {('a', 'x'): 7}),
    ({'d': 1}, {}, 7, {}),
    ({}, {}, 0, {('a', 'x'): 0, ('a', 'y'): 0, ('b', 'x'): 0, ('c', 'y'): 0}),
])
def test_what_is_drawn_is_in_the_shares(tasks, sources, total, drawn):
    assert quotas(THERE, tasks, sources, total) == drawn


def test_shares_in_other_units_are_the_same():
    for times in (0.01, 1, 300):
        assert quotas(THERE, {'a': 2 * times, 'b': times}, {}, 30) == {
            ('a', 'x'): 13, ('a', 'y'): 7, ('b', 'x'): 10}


def test_nothing_there_is_nothing_drawn():
    assert quotas({}, {}, {}, None) == quotas({}, {'a': 1}, {}, 5) == {}


def test_a_share_of_what_no_record_has_is_refused_by_name():
    with pytest.raises(MixError, match='no record has the task d: there is a, b'):
        check_named('task', {'a': 1, 'd': 1}, {'b', 'a'})
