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

"""A run's journal: what was done stays done, and no other run's counts for it."""

import pytest

from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.journal import JournalError
from streamo_ros.output import OutputError


def test_entries_are_found_again_and_a_torn_line_is_not(tmp_path):
    journal = Journal(tmp_path / 'new' / 'one', {'window': 3})
    journal.add('a', {'states': 'SB'})
    journal.add('ü', {'states': 'R'})
    with (tmp_path / 'new' / 'one' / 'watched.jsonl').open('a') as file:
        file.write('{"key": "torn", "sta')
    again = Journal(tmp_path / 'new' / 'one', {'window': 3})
    assert again.entries == {'a': {'states': 'SB'}, 'ü': {'states': 'R'}}
    again.add('c', {'states': 'S'})
    assert list(Journal(tmp_path / 'new' / 'one', {'window': 3}).entries) == ['a', 'ü', 'c']


def test_a_run_with_other_settings_is_refused_and_left_as_it_is(tmp_path):
    Journal(tmp_path, {'window': 3}).add('a', {})
    with pytest.raises(JournalError, match='holds a run with window 3: give another'):
        Journal(tmp_path, {'window': 4})
    assert 'a' in Journal(tmp_path, {'window': 3}).entries


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='is no folder'):
        Journal(tmp_path / 'file', {})
