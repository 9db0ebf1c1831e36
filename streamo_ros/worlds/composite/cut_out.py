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

"""A thing that is a picture cut out along its outline."""

from functools import lru_cache
import math
from pathlib import Path

import cv2
import numpy as np

from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.figures import Sheet
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image

_ABOVE, _BELOW, _BESIDE = 0.10, 0.12, 0.22  # room around the picture, as ``Figure`` leaves it


@lru_cache(maxsize=600)
def _picture(file: Path) -> Image:
    """Return a picture, (H, W, 4) RGBA."""
    return cv2.cvtColor(cv2.imread(str(file), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


class CutOut(Figure):
    """
    One thing.

    :param rng: draws how it is seen: mirrored, tinted, and how large
    :param name: its kind
    """

    def __init__(self, rng: Generator, file: Path, name: str) -> None:
        draws = rng.random(8)
        image = _picture(file)
        if draws[0] < 0.5:
            image = cv2.flip(image, 1)
        gains = np.exp(0.25 * (draws[1:4] - 0.5)) * np.exp(0.4 * (draws[4] - 0.5))
        grey = image[..., :3].mean(axis=2, keepdims=True)
        colours = (grey + (image[..., :3] - grey) * (0.5 + 0.7 * draws[5])) * gains
        self._image = np.dstack([np.clip(colours, 0, 255).astype(np.uint8), image[..., 3]])
        self._shadow = 0.45 * float(draws[6]) if draws[7] < 0.5 else 0.0
        self.kind = 'cutout'
        self.name = name
        self.articulated = False
        self.width = image.shape[1] / image.shape[0]
        self.heights = (0.26, 0.62)
        self._sheets: dict[tuple[int, ...], Sheet] = {}
        self._brightness = 0.0

    def contrast(self, brightness: float) -> None:
        """Shift the paint by some levels, so that it stands out from what is behind it."""
        super().contrast(0.5 * brightness)

    def _paint(
        self, height: int, phase: float, stride: float, wave: float, front: bool,
    ) -> Sheet:
        half = int(self._half(height))
        rows, columns = math.ceil(height * (1 + _ABOVE + _BELOW)), 2 * half
        wide = max(round(self.width * height), 1)
        picture = cv2.resize(
            self._image, (wide, height),
            interpolation=cv2.INTER_AREA if height < self._image.shape[0] else cv2.INTER_LINEAR)
        top, left = round(height * (1 + _ABOVE)) - height, half - wide // 2
        colours = np.clip(picture[..., :3].astype(np.float32) + self._brightness, 0, 255)
        covered = picture[..., 3].astype(np.float32) / 255
        paint = np.zeros((rows, columns, 4), np.uint8)
        body = np.zeros((rows, columns), np.uint8)
        if self._shadow:
            shade = np.zeros((rows, columns), np.uint8)
            cv2.ellipse(
                shade, (half, top + height), (max(int(0.42 * wide), 1), max(height // 16, 1)),
                0, 0, 360, int(255 * self._shadow), -1, cv2.LINE_AA)
            paint[..., 3] = cv2.GaussianBlur(shade, (0, 0), max(0.03 * height, 0.5))
        spot = slice(top, top + height), slice(left, left + wide)
        under = paint[spot]
        under[..., 3] = np.clip(255 * covered + under[..., 3] * (1 - covered), 0, 255)
        under[..., :3] = colours * covered[..., None]
        body[spot] = picture[..., 3]
        return Sheet(paint, body)
