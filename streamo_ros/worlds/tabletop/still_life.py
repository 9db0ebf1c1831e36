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

"""
A table on which nothing happens: its things are laid out again and again.

Shapes are learned from many things in many places; physics would only make them dearer.
"""

import math

import numpy as np

from streamo_ros.worlds.tabletop.arm import Hand
from streamo_ros.worlds.tabletop.simulation import free_spot
from streamo_ros.worlds.tabletop.simulation import Record
from streamo_ros.worlds.tabletop.simulation import Stage
from streamo_ros.worlds.tabletop.simulation import Status
from streamo_ros.worlds.tabletop.simulation import STEPS
from streamo_ros.worlds.tabletop.things import draw_painted
from streamo_ros.worlds.tabletop.things import draw_things
from streamo_ros.worlds.textures import Generator

_HELD = 0.35
"""Share of the lay-outs in which the arm holds a thing up."""

_AWAY = 0.25
"""Share of the lay-outs from which a named thing is missing."""

_PAINTED = 0.75
"""Share of the tables whose things are painted anyhow: what kinds a named colour comes in differs
between the splits, and a kind shall be known by its shape."""


def still_life(rng: Generator, split: str, stage: Stage, count: int, named: bool) -> Record:
    """
    Return a record with a lay-out of the same things in each of its rows.

    :param named: of things that all have names, as few as on any table
    """
    number = int(rng.integers(2, 5) if named else rng.integers(4, 7))
    if named or rng.random() >= _PAINTED:
        things = draw_things(rng, split, number)
    else:
        things = tuple(draw_painted(rng, split) for _ in range(number))
    park = Hand(*stage.park, 0.12, 0.0)
    poses, hands = [], []
    status: list[list[tuple[float, Status, int | None]]] = [[] for _ in things]
    for row in range(count):
        pose = np.zeros((len(things), 7))
        pose[:, 2] = -5.0 - np.arange(len(things))
        held = int(rng.integers(len(things))) if rng.random() < _HELD else None
        hand = park
        for index, thing in enumerate(things):
            yaw = float(rng.uniform(-math.pi, math.pi))
            pose[index, 5:] = math.sin(yaw / 2), math.cos(yaw / 2)
            spot = free_spot(rng, stage, things, pose, index)
            if spot is None or named and rng.random() < _AWAY:
                status[index].append((row / STEPS, 'away', None))
                continue
            high, up = thing.half[2], index == held and thing.graspable
            status[index].append((row / STEPS, 'held' if up else 'table', None))
            if up:
                high += float(rng.uniform(0.1, 0.3))
                hand = Hand(*spot, high + thing.half[2], 2 * thing.half[0], yaw)
            pose[index, :3] = *spot, high
        poses.append(pose)
        hands.append(hand)
    return Record(things, np.stack(poses), hands, (), status)
