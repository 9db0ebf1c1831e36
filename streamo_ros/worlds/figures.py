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
The things that move: people, animals, machines, boxes, balls, pieces of photographs.

A figure is one unit high and stands on its foot at (0, 0). It is painted once for each step of its
gait and then only placed; paint is premultiplied and carries its soft shadow.
"""

from dataclasses import dataclass
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.textures import Colour
from streamo_ros.worlds.textures import colour
from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import fractal
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.textures import pattern
from streamo_ros.worlds.textures import shade
from streamo_ros.worlds.textures import surface
from streamo_ros.worlds.tracks import Pose

KINDS = ('person', 'animal', 'car', 'robot', 'box', 'ball', 'cutout')
_WEIGHTS = (0.46, 0.1, 0.08, 0.09, 0.1, 0.06, 0.11)
_BELOW = 0.12  # of the sheet, under the foot: room for the shadow
_ABOVE = 0.10
_PHASES = 12
_SKIN = ((235, 190, 160), (220, 170, 135), (190, 135, 100), (140, 92, 65), (95, 62, 45))


@dataclass(frozen=True)
class Sheet:
    """
    One painted pose.

    :param paint: (H, W, 4) uint8, RGB premultiplied by alpha, with the shadow
    :param body: (H, W) uint8, how far each pixel is the thing itself
    """

    paint: Image
    body: Image


class Figure:
    """
    One thing of a look of its own.

    :param seed: of its look
    :param split: whose textures it may wear
    :param kind: one of KINDS, None = drawn
    """

    def __init__(self, seed: int, split: str, kind: str | None = None) -> None:
        rng = np.random.default_rng([seed, 11])
        self.kind = str(rng.choice(KINDS, p=_WEIGHTS)) if kind is None else kind
        self._seed = seed
        self._split = split
        self.articulated = self.kind in ('person', 'animal')
        low, high = {
            'person': (0.24, 0.46), 'animal': (1.1, 1.9), 'car': (1.7, 2.5), 'robot': (0.5, 1.1),
            'box': (0.6, 1.6), 'ball': (1.0, 1.0), 'cutout': (0.5, 1.4)}[self.kind]
        self.width = float(rng.uniform(low, high))
        """Its width in its own heights."""
        self.heights = {
            'person': (0.17, 0.52), 'animal': (0.1, 0.3), 'car': (0.1, 0.26)}.get(
                self.kind, (0.09, 0.38))
        """How high it may be, in frame heights."""
        self.name = ''
        """What a person would call it, where that is known."""
        self._sheets: dict[tuple[int, ...], Sheet] = {}
        self._dress: dict[int, tuple[tuple[Image, Image], tuple[Field, Field]]] = {}
        self._brightness = 0.0

    def contrast(self, brightness: float) -> None:
        """Shift the paint by some levels, so that it stands out from what is behind it."""
        self._brightness = brightness
        self._sheets.clear()

    def frame(self, height: int) -> tuple[float, float, float]:
        """Give foot x, foot y and the figure's height in pixels of a sheet for a height."""
        unit = float(height)
        return self._half(height), unit * (1 + _ABOVE), unit

    def _half(self, height: int) -> float:
        return math.ceil((self.width * 0.5 + 0.22) * height)

    def sheet(self, pose: Pose, height: int) -> Sheet:
        """Give the painted pose, the figure `height` pixels high."""
        phase, stride, wave, front = 0, 0, 0, 0
        if self.articulated:
            stride = round(pose.stride * 3)
            phase = round(pose.gait * _PHASES) % _PHASES if stride else 0
            wave = round(pose.wave * 6)
            front = int(abs(pose.facing) < 0.5)
        key = (height, phase, stride, wave, front)
        found = self._sheets.get(key)
        if found is None:
            found = self._paint(height, phase / _PHASES, stride / 3, wave / 6, bool(front))
            self._sheets[key] = found
        return found

    def _paint(
        self, height: int, phase: float, stride: float, wave: float, front: bool,
    ) -> Sheet:
        half = int(self._half(height))
        rows, columns = math.ceil(height * (1 + _ABOVE + _BELOW)), 2 * half
        easel = _Easel(rows, columns, half, height * (1 + _ABOVE), height)
        rng = np.random.default_rng([self._seed, 12])
        dress = self._dress.get(height)
        if dress is None:
            grain = fractal(np.random.default_rng([self._seed, 15]), rows, columns, 3, 4, 0.8)
            dress = (
                (surface(np.random.default_rng([self._seed, 13]), self._split, rows, columns, 1.0),
                 pattern(np.random.default_rng([self._seed, 14]), rows, columns, 1.0, 20.0)),
                _lighting(np.random.default_rng([self._seed, 16]), grain, *self.frame(height)))
            self._dress[height] = dress
        cloth, lighting = dress
        if self.kind == 'person':
            _person(easel, rng, cloth, self.width, phase, stride, wave, front)
        elif self.kind == 'animal':
            _animal(easel, rng, cloth, self.width, phase, stride)
        elif self.kind == 'car':
            _car(easel, rng, cloth, self.width)
        elif self.kind == 'robot':
            _robot(easel, rng, cloth, self.width)
        elif self.kind == 'box':
            _box(easel, rng, cloth, self.width)
        elif self.kind == 'ball':
            _ball(easel, cloth)
        else:
            _cutout(easel, rng, cloth, self.width)
        return easel.finish(*lighting, self._brightness)


class _Easel:
    """Colours and coverage of one sheet while it is painted; units of the figure's height."""

    def __init__(self, rows: int, columns: int, foot_x: float, foot_y: float, unit: float):
        self.image = np.zeros((rows, columns, 3), np.uint8)
        self.alpha = np.zeros((rows, columns), np.uint8)
        self._foot_x, self._foot_y, self._unit = foot_x, foot_y, unit

    def _points(self, points: list[tuple[float, float]]) -> NDArray[np.int32]:
        return np.array([
            (round((self._foot_x + x * self._unit) * 16),
             round((self._foot_y - y * self._unit) * 16))
            for x, y in points], np.int32)

    def polygon(
        self, points: list[tuple[float, float]], ink: Colour, cloth: Image | None = None,
    ) -> None:
        corners = self._points(points)
        cv2.fillPoly(self.alpha, [corners], 255, cv2.LINE_AA, 4)
        if cloth is None:
            cv2.fillPoly(self.image, [corners], ink, cv2.LINE_8, 4)
        else:
            mask = np.zeros_like(self.alpha)
            cv2.fillPoly(mask, [corners], 255, cv2.LINE_8, 4)
            cv2.copyTo(cloth, mask, self.image)

    def limb(
        self, points: list[tuple[float, float]], thickness: float, ink: Colour,
        cloth: Image | None = None,
    ) -> None:
        corners = self._points(points)
        wide = max(round(thickness * self._unit), 1)
        cv2.polylines(self.alpha, [corners], False, 255, wide, cv2.LINE_AA, 4)
        if cloth is None:
            cv2.polylines(self.image, [corners], False, ink, wide + 1, cv2.LINE_8, 4)
        else:
            mask = np.zeros_like(self.alpha)
            cv2.polylines(mask, [corners], False, 255, wide + 1, cv2.LINE_8, 4)
            cv2.copyTo(cloth, mask, self.image)

    def oval(
        self, x: float, y: float, across: float, up: float, ink: Colour,
        cloth: Image | None = None, turn: float = 0.0, begin: float = 0.0, stop: float = 360.0,
    ) -> None:
        middle = (round((self._foot_x + x * self._unit) * 16),
                  round((self._foot_y - y * self._unit) * 16))
        axes = (max(round(across * self._unit * 16), 8), max(round(up * self._unit * 16), 8))
        cv2.ellipse(self.alpha, middle, axes, turn, begin, stop, 255, -1, cv2.LINE_AA, 4)
        if cloth is None:
            cv2.ellipse(self.image, middle, axes, turn, begin, stop, ink, -1, cv2.LINE_8, 4)
        else:
            mask = np.zeros_like(self.alpha)
            cv2.ellipse(mask, middle, axes, turn, begin, stop, 255, -1, cv2.LINE_8, 4)
            cv2.copyTo(cloth, mask, self.image)

    def finish(self, light: Field, shadow: Field, brightness: float) -> Sheet:
        """Light the figure, fade its borders and put its shadow under it."""
        bare = cv2.inRange(self.image, (0, 0, 0), (0, 0, 0))
        cv2.copyTo(cv2.dilate(self.image, np.ones((3, 3), np.uint8)), bare, self.image)
        colours = self.image * light
        if brightness:
            colours += np.float32(brightness)
            np.clip(colours, 0, 255, out=colours)
        covered = self.alpha * np.float32(1 / 255)
        paint = np.empty((*self.alpha.shape, 4), np.uint8)
        colours *= covered[..., None]
        paint[..., :3] = cv2.convertScaleAbs(colours)
        paint[..., 3] = cv2.convertScaleAbs(covered + shadow * (1 - covered), alpha=255.0)
        return Sheet(paint, self.alpha)


def _lighting(rng: Generator, grain: Field, foot_x: float, foot_y: float, unit: float) -> (
        tuple[Field, Field]):
    """Give the light that falls on a figure, (H, W, 1), and the shadow it casts, (H, W) 0..1."""
    side, top, depth, lean, strength = rng.random(5)
    rows, columns = grain.shape
    across = np.linspace(-1, 1, columns, dtype=np.float32) * np.float32(0.7 * (side - 0.5))
    down = np.linspace(-1, 1, rows, dtype=np.float32) * np.float32(-0.25 * top)
    light = (1 + across[None] + down[:, None]) * (1 + np.float32(0.27) * grain)
    np.maximum(light, 0.2, out=light)
    shadow = np.zeros((rows, columns), np.uint8)
    middle = (round((foot_x + (lean - 0.5) * 0.15 * unit) * 16), round(foot_y * 16))
    reach = max(foot_x - 0.2 * unit, 0.1 * unit)
    cv2.ellipse(
        shadow, middle, (round(reach * 0.95 * 16), round(0.05 * unit * 16)),
        0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    dark = cv2.GaussianBlur(shadow, (0, 0), max((0.02 + 0.03 * depth) * unit, 0.5))
    return light[..., None], dark * np.float32((0.15 + 0.5 * strength) / 255)


def _person(
    easel: _Easel, rng: Generator, cloth: tuple[Image, Image], width: float, phase: float,
    stride: float, wave: float, front: bool,
) -> None:
    skin = shade(_SKIN[int(rng.integers(len(_SKIN)))], 0.8 + 0.3 * rng.random())
    hair = shade((110, 80, 55), float(0.15 + 1.6 * rng.random() ** 2))
    shirt, trousers, shoes = colour(rng, 0.8), colour(rng, 0.3), shade(colour(rng, 0.2), 0.6)
    style = rng.random(10)
    fabric = cloth[0] if style[0] < 0.35 else cloth[1] if style[0] < 0.65 else None
    lower = cloth[1] if style[1] < 0.15 else None
    bulk = width / 0.3
    hip, neck, crown = 0.46 + 0.05 * style[3], 0.80 + 0.02 * style[4], 1.0
    swing = (0.35 + 0.25 * style[5]) * stride
    angle = 2 * math.pi * phase
    thick = (0.075 + 0.02 * style[6]) * bulk
    spread = 0.075 * bulk if front else 0.015

    def leg(side: int, darker: float) -> None:
        turn = side * swing * math.sin(angle)
        bend = max(0.0, side * math.cos(angle)) * 0.9 * stride
        hip_x = side * spread
        if front:
            raised = max(0.0, side * math.sin(angle)) * 0.12 * stride
            knee = (hip_x * 1.05, hip * 0.52 + raised)
            foot = (hip_x * 1.1, 0.02 + raised)
        else:
            knee = (hip_x + math.sin(turn + 0.3 * bend) * hip * 0.5,
                    hip - math.cos(turn + 0.3 * bend) * hip * 0.5)
            foot = (knee[0] + math.sin(turn - 0.7 * bend) * hip * 0.48,
                    max(knee[1] - math.cos(turn - 0.7 * bend) * hip * 0.48, 0.02))
        easel.limb([(hip_x, hip), knee], thick, shade(trousers, darker), lower)
        easel.limb([knee, foot], thick * 0.8, shade(trousers, darker) if style[7] < 0.8 else
                   shade(skin, darker), lower if style[7] < 0.8 else None)
        easel.limb([foot, (foot[0] + (0.0 if front else 0.06), 0.02 + foot[1] * 0.5)],
                   0.045, shade(shoes, darker))

    def arm(side: int, darker: float, raised: float) -> None:
        shoulder = (side * (0.115 * bulk if front else 0.01), neck - 0.035)
        turn = -side * swing * 0.9 * math.sin(angle) if not front else side * 0.12
        turn += raised * (2.5 if not front else side * 2.4)
        elbow = (shoulder[0] + math.sin(turn) * 0.17, shoulder[1] - math.cos(turn) * 0.17)
        turn += 0.25 * (1 if not front else 0) + 0.5 * raised * (side if front else 1)
        hand = (elbow[0] + math.sin(turn) * 0.16, elbow[1] - math.cos(turn) * 0.16)
        easel.limb([shoulder, elbow], 0.06 * bulk, shade(shirt, darker), fabric)
        easel.limb([elbow, hand], 0.048 * bulk, shade(shirt, darker) if style[8] < 0.65 else
                   shade(skin, darker), fabric if style[8] < 0.65 else None)
        easel.oval(hand[0], hand[1], 0.026, 0.026, shade(skin, darker))

    arm(-1, 0.7, 0.0)
    leg(-1, 0.75)
    leg(1, 1.0)
    wide = (0.125 if front else 0.09) * bulk
    if style[9] < 0.18:  # a skirt or a long coat
        easel.polygon([(-wide * 0.8, hip + 0.1), (wide * 0.8, hip + 0.1), (wide * 1.5, 0.22),
                       (-wide * 1.5, 0.22)], trousers, lower)
    easel.polygon([(-wide, neck - 0.02), (-wide * 0.5, neck + 0.02), (wide * 0.5, neck + 0.02),
                   (wide, neck - 0.02), (wide * 0.9, hip - 0.03), (-wide * 0.9, hip - 0.03)],
                  shirt, fabric)
    if 0.7 < style[0] < 0.85:  # a bag on the back
        easel.oval(-wide * (0.0 if front else 1.1), neck - 0.14, 0.06, 0.11, shade(trousers, 1.4),
                   cloth[1])
    easel.limb([(0, neck), (0.0, neck + 0.05)], 0.05, shade(skin, 0.85))
    easel.oval(0.0, (neck + crown) / 2 + 0.015, 0.062, 0.085, skin)
    easel.oval(0.0 if front else -0.012, (neck + crown) / 2 + 0.035, 0.066, 0.072, hair,
               begin=180.0 if front else 120.0, stop=360.0 if front else 330.0)
    arm(1, 1.05, wave)


def _animal(
    easel: _Easel, rng: Generator, cloth: tuple[Image, Image], width: float, phase: float,
    stride: float,
) -> None:
    fur = colour(rng, 0.2)
    style = rng.random(6)
    fabric = cloth[0] if style[0] < 0.4 else cloth[1] if style[0] < 0.55 else None
    half = width * 0.5
    back = 0.72
    angle = 2 * math.pi * phase
    for number, (x, part) in enumerate((
            (-0.6, 0.0), (0.55, 0.5), (-0.68, 0.5), (0.47, 0.0))):
        turn = 0.5 * stride * math.sin(angle + 2 * math.pi * part)
        top = (x * half, back - 0.2)
        foot = (x * half + math.sin(turn) * 0.45, max(back - 0.2 - math.cos(turn) * 0.5, 0.02))
        easel.limb([top, foot], 0.1 + 0.04 * style[1], shade(fur, 0.65 if number < 2 else 0.95),
                   None if number < 2 else fabric)
    easel.oval(-0.05 * half, back - 0.13, half * 0.72, 0.19 + 0.05 * style[2], fur, fabric)
    easel.limb([(half * 0.5, back - 0.1), (half * 0.78, back + 0.1)], 0.18, fur, fabric)
    easel.oval(half * 0.8, back + 0.12, 0.19, 0.13, shade(fur, 1.05), fabric)
    easel.limb([(half * 0.74, back + 0.2), (half * 0.72, back + 0.27)], 0.06, shade(fur, 0.7))
    easel.limb([(-half * 0.7, back - 0.05), (-half * 0.92, back + 0.15 * (style[3] * 2 - 0.6))],
               0.06, fur)


def _car(easel: _Easel, rng: Generator, cloth: tuple[Image, Image], width: float) -> None:
    paint = colour(rng, 0.9)
    style = rng.random(5)
    half = width * 0.5
    roof, belt = 0.97, 0.55 + 0.1 * style[0]
    fabric = cloth[0] if style[1] < 0.25 else None
    front, rear = 0.2 + 0.3 * style[2], 0.05 + 0.4 * style[3]
    easel.polygon([(-half * (1 - rear), belt), (-half * (0.9 - rear), roof),
                   (half * (0.75 - front), roof), (half * (1 - front), belt)], shade(paint, 0.9))
    easel.polygon([(-half * (0.93 - rear), belt), (-half * (0.85 - rear), roof - 0.07),
                   (half * (0.7 - front), roof - 0.07), (half * (0.9 - front), belt)],
                  shade((90, 110, 125), 0.4 + 1.0 * style[4]))
    easel.polygon([(-half, 0.18), (-half * 0.98, belt), (half * 0.8, belt),
                   (half * 0.98, belt - 0.1), (half, 0.18)], paint, fabric)
    easel.polygon([(-half, 0.18), (-half, 0.26), (half, 0.26), (half, 0.18)], shade(paint, 0.6))
    for side in (-0.6, 0.62):
        easel.oval(side * half, 0.17, 0.17, 0.17, (28, 28, 30))
        easel.oval(side * half, 0.17, 0.08, 0.08, (150, 150, 155))
    easel.oval(half * 0.95, 0.42, 0.05, 0.06, (250, 240, 200))


def _robot(easel: _Easel, rng: Generator, cloth: tuple[Image, Image], width: float) -> None:
    shell, trim = colour(rng, 0.4), colour(rng, 0.9)
    style = rng.random(6)
    half = width * 0.5
    base = 0.25 + 0.25 * style[0]
    fabric = cloth[1] if style[1] < 0.3 else cloth[0] if style[1] < 0.5 else None
    for x in (-0.7, 0.0, 0.7):
        easel.oval(x * half, 0.08, 0.085, 0.085, (35, 35, 38))
    easel.polygon([(-half, 0.08), (-half, base), (half, base), (half, 0.08)], shell, fabric)
    easel.polygon([(-half, base - 0.07), (-half, base - 0.02), (half, base - 0.02),
                   (half, base - 0.07)], trim)
    if style[2] < 0.55:  # a mast with a head
        easel.limb([(0, base), (0, 0.82)], 0.09, shade(trim, 0.6))
        easel.polygon([(-half * 0.6, 0.78), (-half * 0.5, 1.0), (half * 0.5, 1.0),
                       (half * 0.6, 0.78)], shade(shell, 1.2))
        easel.oval(half * 0.2, 0.89, 0.05, 0.05, (40, 60, 70))
    else:  # a loaded cart
        easel.polygon([(-half * 0.85, base), (-half * 0.85, 0.6 + 0.35 * style[3]),
                       (half * 0.3, 0.6 + 0.35 * style[3]), (half * 0.3, base)],
                      colour(rng, 0.3), cloth[0])
        easel.limb([(half * 0.9, base), (half * 0.95, 0.98)], 0.06, shade(trim, 0.8))


def _box(easel: _Easel, rng: Generator, cloth: tuple[Image, Image], width: float) -> None:
    face = colour(rng, 0.4)
    style = rng.random(4)
    half, deep = width * 0.5, 0.05 + 0.18 * style[0]
    fabric = cloth[0] if style[1] < 0.5 else cloth[1] if style[1] < 0.75 else None
    right = half - deep * 0.6
    easel.polygon([(-half, 1 - deep), (-half + deep * 0.6, 1.0), (half, 1.0), (right, 1 - deep)],
                  shade(face, 1.25))
    easel.polygon([(right, 0.0), (right, 1 - deep), (half, 1.0), (half, deep)], shade(face, 0.6))
    easel.polygon([(-half, 0.0), (-half, 1 - deep), (right, 1 - deep), (right, 0.0)], face, fabric)
    if style[2] < 0.4:
        middle = (right - half) / 2
        easel.polygon([(middle - 0.06, 0.0), (middle - 0.06, 1 - deep), (middle + 0.06, 1 - deep),
                       (middle + 0.06, 0.0)], shade(face, 1.4))


def _ball(easel: _Easel, cloth: tuple[Image, Image]) -> None:
    easel.oval(0.0, 0.5, 0.5, 0.5, (200, 60, 50), cloth[1])
    spot = np.zeros_like(easel.image)
    rows, columns = easel.alpha.shape
    cv2.circle(spot, (round(columns * 0.42), round(rows * 0.35)), max(round(rows * 0.1), 1),
               (110, 110, 110), -1)
    spot = cv2.GaussianBlur(spot, (0, 0), max(rows * 0.07, 0.5))
    easel.image = cv2.add(easel.image, spot)


def _cutout(easel: _Easel, rng: Generator, cloth: tuple[Image, Image], width: float) -> None:
    count = int(rng.integers(7, 14))
    radii = 0.62 + 0.38 * rng.random(count)
    radii = radii / radii.max()
    outline = []
    for number, radius in enumerate(radii):
        angle = 2 * math.pi * number / count
        outline.append((math.cos(angle) * radius * width * 0.5,
                        0.5 + math.sin(angle) * radius * 0.5))
    smooth = []
    for number, (x, y) in enumerate(outline):
        next_x, next_y = outline[(number + 1) % count]
        smooth += [(0.75 * x + 0.25 * next_x, 0.75 * y + 0.25 * next_y),
                   (0.25 * x + 0.75 * next_x, 0.25 * y + 0.75 * next_y)]
    left, right = min(x for x, _ in smooth), max(x for x, _ in smooth)
    low, high = min(y for _, y in smooth), max(y for _, y in smooth)
    easel.polygon([
        (((x - left) / (right - left) - 0.5) * width, (y - low) / (high - low))
        for x, y in smooth], (128, 128, 128), cloth[0])
