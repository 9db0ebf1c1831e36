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

"""What a run has not done yet is done once, kept at once, and left out with a reason."""

import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.undone import do_undone
from streamo_ros.evaluation.spread import Spread
from streamo_ros.sources.source_error import SourceError
from streamo_ros.sources.stream_file import DataError


def length(text):
    if text == 'broken':
        raise SourceError('it breaks off')
    if text == 'long':
        raise InstructionError('shorten it')
    return {'length': len(text)}


ITEMS = {'d': 'four', 'b': 'broken', 'a': 'seven', 'c': 'long'}


def test_entries_are_kept_and_refusals_are_told_in_the_order_of_the_items(tmp_path):
    left_out = do_undone(length, ITEMS, Journal(tmp_path, {}), Spread())
    assert Journal(tmp_path, {}).entries == {'d': {'length': 4}, 'a': {'length': 5}}
    assert list(left_out.items()) == [('b', 'it breaks off'), ('c', 'shorten it')]


def test_what_is_done_stays_done_and_what_was_left_out_is_tried_again(tmp_path):
    do_undone(length, {'d': 'four'}, Journal(tmp_path, {}), Spread())
    tried = []

    def note(text):
        tried.append(text)
        raise DataError('no')

    assert list(do_undone(note, ITEMS, Journal(tmp_path, {}), Spread())) == ['b', 'a', 'c']
    assert tried == ['broken', 'seven', 'long']


def test_a_run_that_is_cut_off_has_kept_what_it_did(tmp_path):
    def cut_off(text):
        if text == 'seven':
            raise KeyboardInterrupt
        return length(text)

    with pytest.raises(KeyboardInterrupt):
        do_undone(cut_off, ITEMS, Journal(tmp_path, {}), Spread())
    assert list(Journal(tmp_path, {}).entries) == ['d']
