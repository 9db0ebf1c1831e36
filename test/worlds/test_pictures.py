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

"""Pictures belong to one split, and the same one on every machine."""

import cv2
import numpy as np
import pytest

from streamo_ros.worlds import pictures
from streamo_ros.worlds import textures


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv('STREAMO_PICTURES', str(tmp_path))
    (tmp_path / 'photographs').mkdir()
    for number in range(40):
        cv2.imwrite(
            str(tmp_path / 'photographs' / f'place-{number}.jpg'),
            np.full((30, 40, 3), number * 6, np.uint8))
    for kind, count in (('dog', 10), ('cat', 2)):
        (tmp_path / 'cutouts' / kind).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(
                str(tmp_path / 'cutouts' / kind / f'drawn-{number}.png'),
                np.full((50, 40, 4), 200, np.uint8))
    return tmp_path


def test_photographs_are_parted_and_their_second_takes_go_with_them(folder):
    parts = {split: {file.stem for file in pictures.fetched_photographs(split)}
             for split in ('train', 'validation', 'test')}
    assert sum(map(len, parts.values())) == 40 == len(set.union(*parts.values()))
    assert len(parts['train']) > len(parts['validation']) + len(parts['test']) > 0
    name = sorted(parts['test'])[0]
    (folder / 'photographs' / f'{name}-2.jpg').write_bytes(
        (folder / 'photographs' / f'{name}.jpg').read_bytes())
    assert f'{name}-2' in {file.stem for file in pictures.fetched_photographs('test')}


def test_the_hash_of_a_name_never_changes():
    assert pictures.hash_of('dog') == 0xCD6357EF


def test_cut_outs_are_parted_where_a_kind_has_enough_of_them(folder):
    parts = {split: pictures.cut_outs(split) for split in ('train', 'validation', 'test')}
    dogs = [set(part['dog']) for part in parts.values()]
    assert [len(part) for part in dogs] == [6, 2, 2]
    assert len(set.union(*dogs)) == 10
    assert {len(part['cat']) for part in parts.values()} == {2}


def test_fetched_photographs_are_used_where_they_are_asked_for_and_else_not(folder):
    plain, more = textures.photographs('train'), textures.photographs('train+')
    assert len(more) == len(plain) + len(pictures.fetched_photographs('train'))
    assert textures.photographs('test') == ()
    assert len(textures.photographs('test+')) == len(pictures.fetched_photographs('test'))


def test_without_a_folder_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setenv('STREAMO_PICTURES', str(tmp_path / 'nowhere'))
    assert pictures.fetched_photographs('train') == ()
    assert pictures.cut_outs('train') == {}
    assert textures.photographs('train+') == textures.photographs('train')
