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

"""What stands on a table differs between the splits, and is as large as is said."""

import itertools

import numpy as np
import pytest

from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import KINDS
from streamo_ros.worlds.tabletop.things import combinations
from streamo_ros.worlds.tabletop.things import draw_thing
from streamo_ros.worlds.tabletop.things import draw_things

SPLITS = ('train', 'validation', 'test')


def test_each_colour_of_a_kind_belongs_to_one_split_and_each_split_has_all_kinds_and_colours():
    stock = {split: set(combinations(split)) for split in SPLITS}
    assert set.union(*stock.values()) == set(itertools.product(COLOURS, KINDS))
    assert sum(map(len, stock.values())) == len(COLOURS) * len(KINDS)
    for own in stock.values():
        assert {colour for colour, _ in own} == set(COLOURS)
        assert {kind for _, kind in own} == set(KINDS)
    assert len(stock['test']) >= 16


def test_proportions_of_one_split_are_never_drawn_in_another():
    drawn = {split: np.concatenate([
        [thing.proportions for thing in draw_things(np.random.default_rng(seed), split, 4)]
        for seed in range(150)]).ravel() for split in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert np.abs(drawn[one][:, None] - drawn[other][None]).min() > 0
    middle = (drawn['test'].min(), drawn['test'].max())
    assert not ((drawn['train'] > middle[0]) & (drawn['train'] < middle[1])).any()


def test_things_of_a_stream_have_different_names():
    for seed in range(50):
        names = [thing.name for thing in draw_things(np.random.default_rng(seed), 'test', 4)]
        assert len(set(names)) == 4


@pytest.mark.parametrize('kind', KINDS)
def test_a_mesh_is_closed_to_the_outside_and_within_its_extent(kind):
    thing = draw_thing(np.random.default_rng(0), 'train', 'red', kind)
    low, high = (np.min, np.max)
    points = np.concatenate([mesh.points for mesh in thing.meshes])
    assert np.allclose(low(points[:, 2]), -thing.half[2], atol=1e-6)
    assert np.allclose(high(points[:, 2]), thing.half[2], atol=1e-6)
    assert np.allclose(high(np.abs(points[:, 1])), thing.half[1], rtol=0.02)  # handles: along x
    for mesh in thing.meshes:
        corners = mesh.points[mesh.faces]
        facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        mean = mesh.normals[mesh.faces].mean(axis=1)
        area = np.linalg.norm(facing, axis=1)
        assert ((facing * mean).sum(1)[area > 1e-9] > 0).all()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)
