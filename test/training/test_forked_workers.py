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

import gc
import os

import pytest

pytest.importorskip('torch', reason='training needs torch')

from torch.utils.data import DataLoader  # noqa: E402

from streamo_ros.training.forked_workers import parents_garbage_kept  # noqa: E402


class Session:
    """What can be destroyed only where it was made, in a circle of references."""

    def __init__(self, path):
        self.itself = self
        self._path = path

    def __del__(self):
        with self._path.open('a') as file:
            file.write(f'{os.getpid()}\n')


class Collecting:
    """A dataset whose items are drawn by a process that collects its garbage."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        gc.collect()
        return os.getpid()


@pytest.fixture
def no_collection():
    gc.disable()
    yield
    gc.enable()


def test_workers_destroy_nothing_that_their_parent_dropped(tmp_path, no_collection):
    destroyed = tmp_path / 'destroyed'
    Session(destroyed)
    with parents_garbage_kept():
        batches = iter(DataLoader(Collecting(), num_workers=1))
    workers = {int(worker) for worker in batches}
    assert workers and os.getpid() not in workers
    assert not destroyed.exists()
    gc.collect()
    assert destroyed.read_text() == f'{os.getpid()}\n'
