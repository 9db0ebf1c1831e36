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

"""Tensors that old torch.save wrote are read without torch, and nothing else is run."""

import collections
from dataclasses import dataclass
import io
import os
import pickle

import numpy as np
import pytest
from tiny_small import pickled

from streamo_ros.models import CheckpointError
from streamo_ros.models.pickled import read_pickled

torch = pytest.importorskip('torch', reason='torch writes what is read')


def test_tensors_come_as_they_were_saved():
    whole = torch.arange(24.0).reshape(2, 3, 4)
    state = collections.OrderedDict({
        'whole': whole, 'part': whole[1, 1:], 'turned': whole.permute(2, 0, 1),
        'count': torch.tensor(7), 'other': torch.randn(5)})
    found = read_pickled(pickled(state), 'file')
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


@dataclass
class Call:
    """What a hostile file would pickle."""

    folder: str

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def test_a_file_that_asks_for_more_than_tensors_is_refused(tmp_path):
    content = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {}, Call(str(tmp_path / 'made'))):
        pickle.dump(part, content, protocol=2)
    with pytest.raises(CheckpointError, match='asks for posix.mkdir'):
        read_pickled(content.getvalue(), 'file')
    assert not (tmp_path / 'made').exists()


def test_a_storage_of_an_unknown_type_is_refused():
    content = pickled({'tensor': torch.zeros(1)}).replace(b'FloatStorage', b'QuiltStorage')
    with pytest.raises(CheckpointError, match='asks for torch.QuiltStorage'):
        read_pickled(content, 'file')


@pytest.mark.parametrize('content', [
    b'', b'PK\3\4 the newer kind', pickled({'tensor': torch.zeros(9)})[:-4]])
def test_what_is_no_such_file_is_an_error(content):
    with pytest.raises(CheckpointError, match='file cannot be read'):
        read_pickled(content, 'file')
