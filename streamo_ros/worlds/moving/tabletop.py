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

"""The tabletop from a carried camera: it trembles, bobs and leans, and its lens gets wet."""

from functools import cached_property
import math

import cv2
import numpy as np

from streamo_ros.worlds.moving.lens import Lens
from streamo_ros.worlds.moving.ride import draw_ride
from streamo_ros.worlds.moving.ride import Ride
from streamo_ros.worlds.tabletop.world import TabletopWorld
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.tracks import View

_HELD = ('still', 'held', 'held', 'walk')  # what keeps the table in view


class MovingTabletopWorld(TabletopWorld):
    """One stream; see ``TabletopWorld``."""

    def __init__(
        self, seed: int, seconds: float = 24.0, split: str = 'train',
        size: tuple[int, int] = (112, 112),
    ) -> None:
        super().__init__(seed, seconds, split, size)
        self._seconds = seconds

    @cached_property
    def _ride(self) -> Ride:
        rng = self._draws(20)
        return draw_ride(rng, self._seconds, self.stage.camera.aspect, str(rng.choice(_HELD)))

    @cached_property
    def _lens(self) -> Lens:
        return Lens(self._draws(21), self._size, self._seconds)

    def _unrest(self, time: float) -> np.ndarray:
        height, width = self._size
        aspect = self.stage.camera.aspect
        view = self._ride.shaken(View(0.0, 0.0), time)
        cosine, sine = math.cos(view.roll), math.sin(view.roll)
        per_x, per_y = width / aspect, height
        turn = np.array([[cosine, sine * per_x / per_y], [-sine * per_y / per_x, cosine]])
        middle = np.array([width / 2, height / 2])
        shift = middle - turn @ middle - turn @ (view.x * per_x, view.y * per_y)
        return np.column_stack([turn, shift])

    def render(self, time: float) -> Image:
        """
        Give the frame of a moment, (H, W, 3) uint8 RGB.

        The same moment of the same world is the same bytes, noise included, in any order of calls.
        """
        time = float(time)
        height, width = self._size
        scene = self._look(time)[0]
        if self._ride.kind != 'still':
            scene = cv2.warpAffine(
                scene, self._unrest(time), (width, height), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101)
        return self._lens.through(
            self._sensor.expose(scene.astype(np.float32), time, 0.0), time)
