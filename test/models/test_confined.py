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

"""A checkpoint from a stranger reads nothing but its own files."""

import json
import os
from pathlib import Path
import pickle
import shutil

import pytest

from streamo_ros.models.checkpoint import load_checkpoint
from streamo_ros.models.checkpoint import NANO
from streamo_ros.models.errors import CheckpointError

WEIGHTS = 'model.safetensors'


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(NANO, tmp_path / 'models' / 'copy'))


def move_out(path):
    """Move a file out of its directory and leave a link to it."""
    outside = path.parents[1] / path.name
    path.rename(outside)
    path.symlink_to(outside)


def write_index(directory, name):
    (directory / f'{WEIGHTS}.index.json').write_text(json.dumps({'weight_map': {'a': name}}))


@pytest.mark.parametrize('name', [
    'config.json', 'tokenizer.json', 'system_prompt.txt', 'streamo.json', WEIGHTS])
def test_a_link_that_leads_out_is_refused_by_its_name(copy, name):
    move_out(copy / name)
    with pytest.raises(CheckpointError, match=f'{name} is a link that leads out'):
        load_checkpoint(copy)


def test_a_link_to_itself_is_refused(copy):
    (copy / 'loop').symlink_to('loop')
    with pytest.raises(CheckpointError, match='loop'):
        load_checkpoint(copy)


def test_a_link_that_stays_within_is_followed(copy):
    (copy / WEIGHTS).rename(copy / 'weights')
    (copy / WEIGHTS).symlink_to('weights')
    assert load_checkpoint(copy).weights.keys() == load_checkpoint('nano').weights.keys()


def test_the_links_of_a_hugging_face_cache_are_followed_and_no_others(tmp_path):
    repository = tmp_path / 'models--someone--nano'
    snapshot = repository / 'snapshots' / '0123abcd'
    (repository / 'blobs').mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, file in enumerate(NANO.iterdir()):
        if file.is_file():
            shutil.copy(file, repository / 'blobs' / str(number))
            (snapshot / file.name).symlink_to(Path('../../blobs', str(number)))
    assert load_checkpoint(snapshot).weights.keys() == load_checkpoint('nano').weights.keys()
    (snapshot / 'notes.txt').symlink_to('../../../notes.txt')
    with pytest.raises(CheckpointError, match='notes.txt is a link that leads out'):
        load_checkpoint(snapshot)


def test_a_checkpoint_that_is_itself_a_link_is_taken(copy, tmp_path):
    (tmp_path / 'current').symlink_to(copy)
    assert load_checkpoint(tmp_path / 'current').weights.keys()


@pytest.mark.parametrize('name', [
    f'../{WEIGHTS}', f'/{WEIGHTS}', f'shards/../../{WEIGHTS}', f'shards/{WEIGHTS}', 'config.json',
    f'a\0{WEIGHTS}'])
def test_an_index_names_safetensors_of_the_checkpoint_alone(copy, name):
    shutil.copy(copy / WEIGHTS, copy.parent / WEIGHTS)
    (copy / 'shards').symlink_to('..') if name == f'shards/{WEIGHTS}' else None
    write_index(copy, name)
    with pytest.raises(CheckpointError, match='leads out|no safetensors file of the checkpoint'):
        load_checkpoint(copy)


@pytest.mark.parametrize('index', [{}, {'weight_map': []}, {'weight_map': {'a': 5}}])
def test_an_index_that_makes_no_sense_is_refused(copy, index):
    (copy / f'{WEIGHTS}.index.json').write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match='no weight_map'):
        load_checkpoint(copy)


class Opened:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize('name', [WEIGHTS, 'pytorch_model.bin', 'model.pt'])
def test_pickled_weights_are_never_opened_whatever_they_are_called(copy, tmp_path, name):
    (copy / WEIGHTS).unlink()
    (copy / name).write_bytes(pickle.dumps(Opened(tmp_path / 'mark')))
    with pytest.raises(CheckpointError, match='safetensors'):
        load_checkpoint(copy).weights  # noqa: B018
    assert not (tmp_path / 'mark').exists()
