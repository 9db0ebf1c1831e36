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

import numpy as np
import pytest

pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')

from streamo_ros.worlds.tabletop.simulation import STEPS  # noqa: E402
from streamo_ros.worlds.tabletop.world import TabletopWorld  # noqa: E402

LAY_OUTS = 4


@pytest.fixture(scope='module')
def worlds():
    return [TabletopWorld(seed, split='train', lay_outs=LAY_OUTS) for seed in range(12)]


def moment(lay_out):
    return (lay_out + 0.5) / STEPS


def middles(world, lay_out):
    return world._record.poses[lay_out, :, :3]


def test_things_are_laid_out_anew_and_wholly_in_view(worlds):
    shown = []
    for world in worlds:
        places = [middles(world, lay_out) for lay_out in range(LAY_OUTS)]
        for one, other in zip(places, places[1:], strict=False):
            there = (one[:, 2] > 0) & (other[:, 2] > 0)
            assert there.any() and (np.abs(one - other)[there].max(1) > 1e-3).all()
        shown += [world.shown(thing, moment(0)) for thing in range(len(world.things))
                  if places[0][thing, 2] > 0]
    assert np.mean(np.array(shown) > 0.5) > 0.9  # the arm may hide one


def test_things_stand_apart_on_the_table_or_are_held_up(worlds):
    held = 0
    for world in worlds:
        for lay_out in range(LAY_OUTS):
            place = middles(world, lay_out)
            half = np.array([thing.half[2] for thing in world.things])
            there = place[:, 2] > 0
            above = place[there, 2] - half[there]
            assert (above > -1e-9).all() and (above > 0.05).sum() <= 1
            held += int((above > 0.05).sum())
            apart = np.linalg.norm(place[there, None, :2] - place[None, there, :2], axis=-1)
            assert apart[~np.eye(there.sum(), dtype=bool)].min(initial=1.0) > 0.2
    assert 5 < held < 30


def test_a_lay_out_is_the_same_whenever_it_is_asked_for(worlds):
    again = TabletopWorld(3, split='train', lay_outs=LAY_OUTS)
    for lay_out in reversed(range(LAY_OUTS)):
        assert np.array_equal(worlds[3].render(moment(lay_out)), again.render(moment(lay_out)))


def test_where_a_thing_is_said_to_be_is_where_it_is():
    world = TabletopWorld(5, split='train', lay_outs=40, named=True)
    for row in range(40):
        stamp = (row + 0.5) / STEPS
        states = [world.state(thing, stamp)[0] for thing in range(len(world.things))]
        assert states.count('held') <= 1
        for thing, state in enumerate(states):
            above = world.height(thing, stamp) - world.things[thing].half[2]
            assert state == ('away' if above < -0.1 else 'held' if above > 0.05 else 'table')
