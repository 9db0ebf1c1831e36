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


"""Whatever happens to a checkpoint's directory, one sentence refuses it, and nothing hangs."""

import re
import shutil

import pytest
from spoilt_checkpoints import rows

from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models.checkpoint import NANO

ROWS = list(rows())
FAMILIES = sorted({row.family for row in ROWS} - {'nano'})


@pytest.fixture(scope='module')
def sound(tmp_path_factory):
    """Return a function of a family that returns a directory of it in which nothing is wrong."""
    made = {'nano': NANO}

    def directory(family):
        if family not in made:
            from random_model import new_model
            from random_model import write_checkpoint
            made[family] = tmp_path_factory.mktemp(family)
            write_checkpoint(family, new_model(family), made[family])
        return made[family]

    return directory


def test_no_two_rows_are_the_same():
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names) >= 190


@pytest.mark.parametrize('family', ['nano', *FAMILIES])
def test_what_rows_begin_with_is_sound(family, sound):
    assert load_checkpoint(sound(family)).weights


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.name)
def test_a_spoilt_checkpoint_is_refused_in_one_sentence(row, sound, tmp_path):
    directory = shutil.copytree(sound(row.family), tmp_path / 'checkpoint')
    row.spoil(directory)
    with pytest.raises(CheckpointError) as raised:
        load_checkpoint(directory)
    sentence = str(raised.value)
    assert re.search(row.gist, sentence), sentence
    assert str(directory) in sentence
    assert sentence.isprintable() and len(sentence) < 1000
