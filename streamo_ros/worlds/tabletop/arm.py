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


"""The robot's arm: two links and a gripper that points down, placed by where the hand is."""

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.tabletop.things import block
from streamo_ros.worlds.tabletop.things import Mesh
from streamo_ros.worlds.tabletop.things import turned
from streamo_ros.worlds.textures import colour
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import shade

PALM = 0.03
"""Metres from the hand's point, where the top of what it holds is, up to the palm."""

_WRIST = 0.17  # of the hand's point
_FINGER = 0.045  # half the length

Placed = tuple[NDArray[np.float64], tuple[float, float, float, float]]


@dataclass(frozen=True)
class Hand:
    """
    Where the hand is.

    :param opening: metres between the fingers
    :param yaw: radians about the vertical; the fingers close along its x
    """

    x: float
    y: float
    z: float
    opening: float
    yaw: float


class Arm:
    """
    One arm's looks.

    :param base: its shoulder, metres
    :param reach: metres from the shoulder to the farthest point that the wrist must get to
    """

    def __init__(self, rng: Generator, base: tuple[float, float, float], reach: float) -> None:
        self.base = np.asarray(base)
        grey = float(rng.uniform(60, 225))
        paint = (grey, grey, grey) if rng.random() < 0.6 else colour(rng, 0.3)
        dark = shade(paint, 0.45)
        self._length = 0.56 * reach
        thick = float(rng.uniform(0.035, 0.055))
        finger = float(rng.uniform(0.012, 0.018))
        link = [(0.0, -thick), (thick, -thick), (thick * 0.8, self._length + thick * 0.5),
                (0.0, self._length + thick)]
        upper = turned(link, paint, 10)
        lower = turned([(r * 0.85, z) for r, z in link], paint, 10)
        joint = turned([(0, -thick * 1.2), (thick * 1.25, -thick), (thick * 1.25, thick),
                        (0, thick * 1.2)], dark, 10)
        wrist = turned([(0, PALM), (thick * 0.7, PALM), (thick * 0.7, _WRIST), (0, _WRIST)],
                       dark, 10)
        palm = block(0.5 * thick + 0.02, 0.5 * thick, 0.018, dark)
        tip = block(finger, 0.022, _FINGER, shade(paint, 0.75))
        self.parts: tuple[Mesh, ...] = (upper, lower, joint, wrist, palm, tip, tip)
        """What it is made of."""

    def pose(self, hand: Hand) -> list[Placed]:
        """Return where each part is: position and quaternion (x, y, z, w)."""
        point = np.array([hand.x, hand.y, hand.z])
        wrist = point + (0, 0, _WRIST)
        along = wrist - self.base
        distance = float(np.linalg.norm(along))
        along = along / distance
        half = min(distance / 2, self._length * 0.999)
        up = np.array([0, 0, 1.0]) - along * along[2]
        up /= np.linalg.norm(up)
        elbow = self.base + along * distance / 2 + up * math.sqrt(self._length ** 2 - half ** 2)
        turn = (0.0, 0.0, math.sin(hand.yaw / 2), math.cos(hand.yaw / 2))
        across = np.array([math.cos(hand.yaw), math.sin(hand.yaw), 0])
        side = across * (hand.opening / 2 + 0.015)
        below = point + (0, 0, PALM - _FINGER)
        return [
            (self.base, _towards(elbow - self.base)), (elbow, _towards(wrist - elbow)),
            (elbow, turn), (point, turn), (point + (0, 0, PALM + 0.018), turn),
            (below - side, turn), (below + side, turn)]


def _towards(direction: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the quaternion that turns the z axis to a direction."""
    x, y, z = direction / np.linalg.norm(direction)
    if z < -0.9999:
        return 1.0, 0.0, 0.0, 0.0
    length = math.sqrt(2 * (1 + z))
    return -y / length, x / length, 0.0, (1 + z) / length
