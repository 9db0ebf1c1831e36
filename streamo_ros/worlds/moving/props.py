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

"""Near things that a camera passes: posts, trunks, signs, bushes; faster than the place behind."""

from dataclasses import dataclass
import math

import cv2
import numpy as np

from streamo_ros.worlds.textures import colour
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.textures import shade
from streamo_ros.worlds.textures import surface
from streamo_ros.worlds.tracks import View


@dataclass(frozen=True)
class Prop:
    """
    One thing of the scenery, come round again every so often.

    :param paint: (H, W, 4) uint8, RGB premultiplied by alpha
    :param x: its middle where the way begins, and ``foot``, its lower end, in frame heights
    :param near: how many times faster than the place it passes
    :param again: frame heights after which it comes again
    """

    paint: Image
    x: float
    foot: float
    near: float
    again: float

    def draw(self, frame: Image, travelled: float, view: View, aspect: float) -> None:
        """Draw it into a frame, in place, where it is after some way."""
        height, width = frame.shape[:2]
        rows, columns = self.paint.shape[:2]
        x = (self.x - self.near * travelled - view.x) % self.again - self.again / 2
        left = (x / aspect + 0.5) * width - columns / 2
        top = (self.foot - view.y + 0.5) * height - rows
        matrix = np.array([[1, 0, left - math.floor(left)], [0, 1, 0]])
        first, up = math.floor(left), round(top)
        if first >= width or first + columns + 1 <= 0 or up >= height or up + rows <= 0:
            return
        paint = cv2.warpAffine(self.paint, matrix, (columns + 1, rows), flags=cv2.INTER_LINEAR)
        paint = paint[max(-up, 0):height - up, max(-first, 0):width - first]
        under = frame[max(up, 0):up + rows, max(first, 0):first + columns + 1]
        mixed = under * (255 - paint[..., 3:].astype(np.uint16)) // 255
        cv2.add(mixed.astype(np.uint8), paint[..., :3], dst=under)


def draw_props(
    rng: Generator, split: str, height: int, aspect: float, horizon: float,
) -> tuple[Prop, ...]:
    """Draw what stands by the way; the farther things first."""
    props = []
    again = aspect * float(rng.uniform(1.8, 3.5))
    for near in sorted(1.1 + 1.6 * rng.random(int(rng.integers(1, 6)))):
        paint = _PAINTERS[int(rng.integers(len(_PAINTERS)))](rng, split, height, near)
        props.append(Prop(
            paint, float(rng.uniform(0, again)),
            min(horizon + 0.18 * near + float(rng.uniform(0, 0.2)), 1.15), near, again))
    return tuple(props)


def _cut_out(cloth: Image, mask: Image) -> Image:
    alpha = cv2.GaussianBlur(mask, (3, 3), 0)
    colours = (cloth.astype(np.uint16) * alpha[..., None] // 255).astype(np.uint8)
    return np.dstack([colours, alpha])


def _post(rng: Generator, split: str, height: int, near: float) -> Image:
    rows = max(int(height * float(rng.uniform(0.5, 1.3))), 6)
    columns = max(int(height * 0.03 * near * float(rng.uniform(0.5, 3.0))), 3)
    cloth = surface(rng, split, rows, columns, columns / rows, 0.1)
    return _cut_out(cloth, np.full((rows, columns), 255, np.uint8))


def _tree(rng: Generator, split: str, height: int, near: float) -> Image:
    rows = max(int(height * 0.5 * near * float(rng.uniform(0.6, 1.2))), 8)
    columns = max(int(rows * float(rng.uniform(0.5, 0.9))), 6)
    image = np.zeros((rows, columns, 3), np.uint8)
    mask = np.zeros((rows, columns), np.uint8)
    trunk = max(columns // 12, 1)
    cv2.line(image, (columns // 2, rows), (columns // 2, rows // 2), (80, 62, 44), trunk)
    cv2.line(mask, (columns // 2, rows), (columns // 2, rows // 2), 255, trunk)
    leaf = shade((75, 115, 60), float(rng.uniform(0.4, 1.4)))
    for _ in range(26):
        middle = (int(columns * (0.5 + 0.17 * float(rng.normal()))),
                  int(rows * (0.36 + 0.13 * float(rng.normal()))))
        radius = max(int(columns * float(rng.uniform(0.08, 0.2))), 1)
        cv2.circle(image, middle, radius, shade(leaf, float(rng.uniform(0.6, 1.3))), -1)
        cv2.circle(mask, middle, radius, 255, -1)
    return _cut_out(image, mask)


def _sign(rng: Generator, split: str, height: int, near: float) -> Image:
    rows = max(int(height * 0.4 * near * float(rng.uniform(0.5, 1.1))), 8)
    columns = max(int(rows * float(rng.uniform(0.25, 0.8))), 4)
    image = np.zeros((rows, columns, 3), np.uint8)
    mask = np.zeros((rows, columns), np.uint8)
    pole = max(columns // 8, 1)
    cv2.line(image, (columns // 2, rows), (columns // 2, 0), (95, 95, 98), pole)
    cv2.line(mask, (columns // 2, rows), (columns // 2, 0), 255, pole)
    board = rows // 3
    image[:board] = surface(rng, split, board, columns, columns / board, 0.4)
    mask[:board] = 255
    return _cut_out(image, mask)


def _bush(rng: Generator, split: str, height: int, near: float) -> Image:
    rows = max(int(height * 0.13 * near * float(rng.uniform(0.6, 1.6))), 5)
    columns = max(int(rows * float(rng.uniform(1.0, 3.0))), 6)
    cloth = surface(rng, split, rows, columns, columns / rows, 0.3)
    tone = np.asarray(colour(rng), np.float32) / 128
    mask = np.zeros((rows, columns), np.uint8)
    for _ in range(12):
        middle = int(columns * float(rng.uniform(0.15, 0.85))), int(rows * 0.65)
        cv2.circle(mask, middle, max(int(rows * float(rng.uniform(0.2, 0.45))), 1), 255, -1)
    return _cut_out(np.clip(cloth * tone, 0, 255).astype(np.uint8), mask)


_PAINTERS = (_post, _post, _tree, _sign, _bush)
