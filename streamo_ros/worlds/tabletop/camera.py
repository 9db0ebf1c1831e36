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


"""The camera over the table: where a point of the world lies in its frame."""

from dataclasses import dataclass
from functools import cached_property
import math

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """
    A camera that rests.

    :param eye: where it is, metres
    :param target: what it looks at
    :param field: degrees that its frame spans from top to bottom
    :param aspect: width by height of what it sees; frames of any shape show all of it
    """

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    field: float
    aspect: float

    @cached_property
    def view(self) -> NDArray[np.float64]:
        """Return the matrix (4, 4) from the world to the camera, which looks along -z."""
        eye = np.asarray(self.eye)
        ahead = np.asarray(self.target) - eye
        ahead = ahead / np.linalg.norm(ahead)
        right = np.cross(ahead, (0, 0, 1))
        right /= np.linalg.norm(right)
        up = np.cross(right, ahead)
        matrix = np.eye(4)
        matrix[:3, :3] = right, up, -ahead
        matrix[:3, 3] = -matrix[:3, :3] @ eye
        return matrix

    @cached_property
    def projection(self) -> NDArray[np.float64]:
        """Return the matrix (4, 4) from the camera to clip space."""
        near, far = 0.1, 10.0
        scale = 1 / math.tan(math.radians(self.field) / 2)
        return np.array([
            [scale / self.aspect, 0, 0, 0], [0, scale, 0, 0],
            [0, 0, (far + near) / (near - far), 2 * far * near / (near - far)], [0, 0, -1, 0]])

    def place(self, points: Point) -> Point:
        """
        Return where points lie in the frame, 0..1 of its width and height, rightwards and down.

        :param points: (N, 3)
        """
        whole = np.concatenate([points, np.ones((len(points), 1))], axis=1)
        clip = whole @ (self.projection @ self.view).T
        return np.stack([0.5 + 0.5 * clip[:, 0] / clip[:, 3],
                         0.5 - 0.5 * clip[:, 1] / clip[:, 3]], axis=1)

    def outside(self, point: Point, reach: float) -> tuple[bool, bool]:
        """
        Say whether some and whether all of a ball lies outside of the frame.

        :param point: (3,) its middle
        :param reach: its radius, metres
        """
        x, y = self.place(point[None])[0]
        depth = -(self.view @ [*point, 1.0])[2]
        down = reach / depth / (2 * math.tan(math.radians(self.field) / 2))
        over = max((-x, x - 1.0), key=lambda side: side) / (down / self.aspect)
        over = max(over, max(-y, y - 1.0) / down)
        return over > -1.0, over > 1.0
