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
Places to watch: photographs, rooms, corridors, streets, yards, shelves, tables, plain fields.

A place is painted once, larger than the camera's frame where the camera will move. Coordinates are
those of the world (heights of the frame), so the place is the same at every resolution.
"""

from dataclasses import dataclass
import math

import cv2
import numpy as np

from streamo_ros.worlds.textures import Colour
from streamo_ros.worlds.textures import colour
from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import fractal
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.textures import pattern
from streamo_ros.worlds.textures import photograph
from streamo_ros.worlds.textures import shade
from streamo_ros.worlds.textures import surface
from streamo_ros.worlds.textures import tint


@dataclass(frozen=True)
class Region:
    """The part of the world that is painted, and the pixels per unit of it."""

    left: float
    top: float
    right: float
    bottom: float
    per_x: float
    per_y: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the painting."""
        return (
            math.ceil((self.bottom - self.top) * self.per_y),
            math.ceil((self.right - self.left) * self.per_x))


class _Painting:

    def __init__(self, region: Region, split: str) -> None:
        self.region = region
        self.split = split
        rows, columns = region.shape
        self.image = np.empty((rows, columns, 3), np.uint8)
        self.glow = np.zeros((rows, columns), np.uint8)  # what stays bright without the lamp

    def polygon(self, points: list[tuple[float, float]], ink: Colour) -> None:
        region = self.region
        corners = np.array([
            (round((x - region.left) * region.per_x * 16),
             round((y - region.top) * region.per_y * 16))
            for x, y in points], np.int32)
        cv2.fillPoly(self.image, [corners], ink, cv2.LINE_AA, 4)

    def box(self, left: float, top: float, right: float, bottom: float, ink: Colour) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], ink)

    def line(self, x0: float, y0: float, x1: float, y1: float, wide: float, ink: Colour) -> None:
        dx, dy = x1 - x0, y1 - y0
        scale = 0.5 * wide / (math.hypot(dx, dy) or 1.0)
        nx, ny = -dy * scale, dx * scale
        self.polygon([(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny),
                      (x0 - nx, y0 - ny)], ink)

    def oval(self, x: float, y: float, across: float, down: float, ink: Colour) -> None:
        self.polygon([
            (x + across * math.cos(turn * 0.314159), y + down * math.sin(turn * 0.314159))
            for turn in range(20)], ink)

    def spot(
        self, left: float, top: float, right: float, bottom: float,
    ) -> tuple[slice, slice] | None:
        """Give the pixels of a rectangle inside the painting, None where there are none."""
        region, (rows, columns) = self.region, self.region.shape
        x0 = max(round((left - region.left) * region.per_x), 0)
        x1 = min(round((right - region.left) * region.per_x), columns)
        y0 = max(round((top - region.top) * region.per_y), 0)
        y1 = min(round((bottom - region.top) * region.per_y), rows)
        if x1 - x0 < 1 or y1 - y0 < 1:
            return None
        return slice(y0, y1), slice(x0, x1)

    def hang(
        self, rng: Generator, left: float, top: float, right: float, bottom: float,
        photographic: float = 0.4,
    ) -> None:
        """Cover a rectangle with a surface of its own."""
        inner = np.random.default_rng(rng.integers(2**62))
        spot = self.spot(left, top, right, bottom)
        if spot is None:
            return
        rows, columns = spot[0].stop - spot[0].start, spot[1].stop - spot[1].start
        aspect = (right - left) / (bottom - top)
        self.image[spot] = surface(inner, self.split, rows, columns, aspect, photographic)

    def glimmer(self, left: float, top: float, right: float, bottom: float, much: int) -> None:
        spot = self.spot(left, top, right, bottom)
        if spot is not None:
            self.glow[spot] = much

    def floor(self, rng: Generator, horizon: float) -> None:
        """Lay a floor in perspective from a line of the wall to the lower border."""
        region = self.region
        rows, columns = region.shape
        inner = np.random.default_rng(rng.integers(2**62))
        spot = self.spot(region.left - 1, horizon, region.right + 1, region.bottom + 1)
        if spot is None:
            return
        height = spot[0].stop - spot[0].start
        finer = 2 if rows < 300 else 1  # far rows would shimmer if the tile were only sampled
        size = max(64, min(256, height * 2))
        tile = surface(inner, self.split, size, size, 1.0, 0.25)
        # Each row looks at the tile from farther away the nearer it is to the horizon.
        down = (np.arange(height * finer, dtype=np.float32) + 0.5) / (height * finer)
        away = 1 / (0.25 + down * (region.bottom - horizon) * 1.4)
        across = np.linspace(region.left, region.right, columns * finer, dtype=np.float32)
        middle = np.float32((region.left + region.right) / 2)
        map_x = (across - middle)[None] * (away * size * 0.55)[:, None] + size / 2
        map_y = np.repeat((away * size * 0.8)[:, None], columns * finer, axis=1)
        laid = cv2.remap(
            tile, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP)
        self.image[spot] = cv2.resize(laid, (columns, height), interpolation=cv2.INTER_AREA)


def place(
    rng: Generator, split: str, region: Region, horizon: float, photographic: float = 0.34,
) -> tuple[Image, Field]:
    """
    Paint a place.

    :param horizon: height where the ground begins, 0..1 from the top of the home view
    :param photographic: share of the places that are photographs, where there are any
    :returns: RGB of the region's shape, and (rows, columns) 0..1 how far each pixel keeps its
        brightness when the room's lamp goes out (windows, screens)
    """
    painting = _Painting(region, split)
    rows, columns = region.shape
    choice, rest = rng.random(2)
    inner = np.random.default_rng(rng.integers(2**62))
    done = False
    if choice < photographic:
        piece = photograph(inner, split, rows, columns, 0.3)
        if piece is not None:
            painting.image[:] = tint(inner, piece) if rest < 0.7 else piece
            done = True
    if not done:
        paint = (_room, _room, _corridor, _street, _yard, _shelves, _table, _plain)[
            int(inner.integers(8))]
        paint(painting, inner, horizon)
        _weather(painting, inner)
    if inner.random() < (0.15 if done else 0.3):
        _clutter(painting, inner)
    return painting.image, painting.glow.astype(np.float32) * np.float32(1 / 255)


def _weather(painting: _Painting, rng: Generator) -> None:
    """Break up flat paint: light falls unevenly and surfaces are dirty."""
    rows, columns = painting.region.shape
    strength, grain = rng.random(2)
    light = fractal(rng, rows, columns, 2, 2, 0.5) * np.float32(0.35 * strength)
    dirt = fractal(rng, rows, columns, 16, 4, 0.85) * np.float32(0.02 + 0.12 * grain)
    gain = (1 + light + dirt)[..., None]
    painting.image = np.clip(painting.image * gain, 0, 255).astype(np.uint8)


def _clutter(painting: _Painting, rng: Generator) -> None:
    region = painting.region
    for _ in range(int(rng.integers(1, 6))):
        x = float(rng.uniform(region.left, region.right))
        y = float(rng.uniform(region.top, region.bottom))
        wide, high = (0.04 + 0.22 * rng.random(2) ** 2).tolist()
        if rng.random() < 0.5:
            painting.hang(rng, x - wide, y - high, x + wide, y + high)
        else:
            painting.oval(x, y, wide, high, colour(rng))


def _wall(painting: _Painting, rng: Generator, top: float, bottom: float) -> None:
    region = painting.region
    base = shade(colour(rng, 0.3), 1.0)
    light = 0.4 + 0.6 * float(rng.random())
    base = tuple(value * (1 - light) + 225 * light for value in base)  # type: ignore[assignment]
    painting.box(region.left - 1, top - 1, region.right + 1, bottom, base)
    if rng.random() < 0.4:
        painting.hang(rng, region.left, top, region.right + 0.1, bottom, 0.3)
    if rng.random() < 0.3:
        painting.box(region.left - 1, bottom - 0.3, region.right + 1, bottom,
                     shade(base, 0.6 + 0.5 * float(rng.random())))
    painting.box(region.left - 1, bottom - 0.03, region.right + 1, bottom, shade(base, 0.6))


def _window(painting: _Painting, rng: Generator, x: float, y: float, w: float, h: float) -> None:
    frame = shade((230, 230, 225), 0.5 + 0.5 * float(rng.random()))
    painting.box(x, y, x + w, y + h, frame)
    panes = int(rng.integers(1, 4))
    sky = shade((190, 215, 245), 0.5 + 0.55 * float(rng.random()))
    for pane in range(panes):
        left = x + 0.015 + pane * (w - 0.015) / panes
        right = x + (pane + 1) * (w - 0.015) / panes
        painting.box(left, y + 0.015, right, y + h - 0.015, sky)
        if rng.random() < 0.5:
            painting.box(left, y + h * float(rng.uniform(0.4, 0.8)), right, y + h - 0.015,
                         colour(rng, 0.3))
        if rng.random() < 0.5:
            painting.glimmer(left, y + 0.015, right, y + h - 0.015, int(rng.integers(60, 240)))
    if rng.random() < 0.4:
        cloth = colour(rng, 0.6)
        painting.box(x - 0.06, y - 0.02, x + w * 0.2, y + h * 1.1, cloth)
        painting.box(x + w * 0.8, y - 0.02, x + w + 0.06, y + h * 1.1, shade(cloth, 0.9))


def _furniture(painting: _Painting, rng: Generator, x: float, ground: float) -> None:
    kind = int(rng.integers(7))
    wood = colour(rng, 0.25)
    w, h = float(rng.uniform(0.18, 0.5)), float(rng.uniform(0.15, 0.45))
    if kind == 0:  # a table or a desk, something on it
        painting.box(x, ground - h, x + w, ground - h + 0.03, wood)
        for leg in (x + 0.02, x + w - 0.04):
            painting.box(leg, ground - h, leg + 0.02, ground, shade(wood, 0.7))
        painting.hang(rng, x + w * 0.3, ground - h - 0.13, x + w * 0.7, ground - h)
        if rng.random() < 0.4:
            painting.glimmer(x + w * 0.3, ground - h - 0.13, x + w * 0.7, ground - h, 200)
    elif kind == 1:  # a shelf of books
        high = 0.35 + h
        painting.box(x, ground - high, x + w, ground, wood)
        for board in range(4):
            y = ground - high + 0.02 + board * high / 4
            at = x + 0.015
            while at < x + w - 0.04:
                thick = float(rng.uniform(0.012, 0.04))
                painting.box(at, y + high * float(rng.uniform(0.02, 0.1)), at + thick,
                             y + high / 4 - 0.02, colour(rng, 0.9))
                at += thick + (0.05 if rng.random() < 0.1 else 0.003)
    elif kind == 2:  # a sofa
        cloth = colour(rng, 0.6)
        painting.box(x, ground - h, x + w * 1.6, ground - 0.02, cloth)
        painting.box(x, ground - h * 0.5, x + w * 1.6, ground - 0.02, shade(cloth, 1.15))
        painting.box(x - 0.05, ground - h * 0.7, x + 0.04, ground - 0.01, shade(cloth, 0.8))
        painting.box(x + w * 1.6 - 0.04, ground - h * 0.7, x + w * 1.6 + 0.05, ground - 0.01,
                     shade(cloth, 0.8))
    elif kind == 3:  # a cupboard
        painting.box(x, ground - h * 1.5, x + w, ground, wood)
        painting.line(x + w / 2, ground - h * 1.5, x + w / 2, ground, 0.008, shade(wood, 0.5))
        painting.box(x + w * 0.42, ground - h * 0.8, x + w * 0.45, ground - h * 0.7, (40, 40, 40))
    elif kind == 4:  # a plant
        painting.box(x, ground - 0.1, x + 0.1, ground, colour(rng, 0.8))
        for _ in range(9):
            painting.oval(x + 0.05 + float(rng.normal(0, 0.06)),
                          ground - 0.14 - abs(float(rng.normal(0, h * 0.5))), 0.03, 0.06,
                          shade((70, 120, 55), float(rng.uniform(0.5, 1.3))))
    elif kind == 5:  # a chair
        painting.box(x, ground - h * 1.2, x + 0.03, ground, wood)
        painting.box(x, ground - h * 1.2, x + 0.14, ground - h * 0.75, shade(wood, 1.1))
        painting.box(x, ground - h * 0.6, x + 0.16, ground - h * 0.52, shade(wood, 1.2))
        painting.box(x + 0.13, ground - h * 0.55, x + 0.155, ground, shade(wood, 0.8))
    else:  # a heap of boxes
        for _ in range(3):
            at = x + float(rng.uniform(0, 0.15))
            top = ground - float(rng.uniform(0.08, 0.25))
            painting.hang(rng, at, top, at + w * 0.6, ground, 0.2)


def _room(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    _wall(painting, rng, region.top, horizon)
    painting.floor(rng, horizon)
    wide = region.right - region.left
    for _ in range(int(rng.integers(0, 3))):
        x = region.left + float(rng.random()) * wide
        _window(painting, rng, x, horizon - float(rng.uniform(0.35, 0.6)),
                float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.2, 0.32)))
    for _ in range(int(rng.integers(0, 4))):  # pictures, screens, notices
        x = region.left + float(rng.random()) * wide
        y = horizon - float(rng.uniform(0.2, 0.6))
        w, h = float(rng.uniform(0.06, 0.22)), float(rng.uniform(0.06, 0.18))
        painting.box(x - 0.012, y - 0.012, x + w + 0.012, y + h + 0.012, colour(rng, 0.3))
        painting.hang(rng, x, y, x + w, y + h, 0.6)
    if rng.random() < 0.5:
        x = region.left + float(rng.random()) * wide
        door = colour(rng, 0.3)
        painting.box(x - 0.015, horizon - 0.52, x + 0.245, horizon, shade(door, 1.3))
        painting.box(x, horizon - 0.5, x + 0.23, horizon, door)
        painting.oval(x + 0.2, horizon - 0.24, 0.01, 0.01, (220, 200, 120))
    for _ in range(int(rng.integers(1, 5))):
        _furniture(painting, rng, region.left + float(rng.random()) * wide,
                   horizon + float(rng.uniform(-0.01, 0.1)))
    if rng.random() < 0.3:
        x = region.left + float(rng.random()) * wide
        painting.hang(rng, x, horizon + 0.15, x + 0.5, horizon + 0.3, 0.2)  # a rug


def _corridor(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    middle = (region.left + region.right) / 2 + float(rng.normal(0, 0.2))
    wide, high = float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.1, 0.25))
    end = horizon - high * 0.7
    wall, ceiling = colour(rng, 0.3), shade((225, 225, 220), float(rng.uniform(0.6, 1.0)))
    painting.image[:] = np.asarray(ceiling, np.float64).astype(np.uint8)
    painting.floor(rng, horizon)
    far = 3.0
    for side, dark in ((-1, 1.0), (1, 0.8)):
        painting.polygon([
            (middle + side * wide, end - high),
            (middle + side * wide * far * 4, end - high * far * 3),
            (middle + side * wide * far * 4, horizon + far * 1.1),
            (middle + side * wide, horizon)],
            shade(wall, dark))
        for number in range(4):
            near, width = 1.4 + number * 1.3, 0.5 + 0.12 * number
            tall = 0.55 + float(rng.uniform(-0.1, 0.2))
            if rng.random() < 0.6:
                inner, outer = wide * near, wide * (near + width)
                drop = (horizon - end + high) / wide * tall * 0.6
                inner_foot = horizon + (inner - wide) * 0.8
                outer_foot = horizon + (outer - wide) * 0.8
                painting.polygon([
                    (middle + side * inner, inner_foot - inner * drop),
                    (middle + side * outer, outer_foot - outer * drop),
                    (middle + side * outer, outer_foot), (middle + side * inner, inner_foot)],
                    shade(colour(rng, 0.5), dark))
    painting.box(middle - wide, end - high, middle + wide, horizon, shade(wall, 1.15))
    if rng.random() < 0.6:
        painting.box(middle - wide * 0.5, end - high * 0.5, middle + wide * 0.4, horizon,
                     colour(rng, 0.4))
    for number in range(5):
        y = end - high - 0.03 - number * number * 0.035
        half = 0.05 * (number + 1)
        painting.polygon([
            (middle - half, y), (middle + half, y), (middle + half * 1.2, y - 0.012 * number),
            (middle - half * 1.2, y - 0.012 * number)], (250, 248, 235))


def _sky(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    rows, columns = region.shape
    high, low = np.asarray(shade((130, 175, 225), float(rng.uniform(0.5, 1.15)))), np.asarray(
        shade((225, 228, 230), float(rng.uniform(0.6, 1.05))))
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    sky = high * (1 - down) + low * down
    clouds = np.clip(fractal(rng, rows, columns, 2, 5, 0.6) * float(rng.uniform(0, 3)), 0, 1)
    sky = sky + (240 - sky) * clouds[..., None] * 0.8
    painting.image[:] = np.clip(sky, 0, 255)


def _street(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    _sky(painting, rng, horizon)
    x = region.left - float(rng.random()) * 0.3
    while x < region.right:
        w, h = float(rng.uniform(0.2, 0.7)), float(rng.uniform(0.2, 0.75))
        facade = colour(rng, 0.3)
        painting.box(x, horizon - h, x + w, horizon, facade)
        if rng.random() < 0.4:
            painting.hang(rng, x, horizon - h, x + w, horizon, 0.2)
        glass = shade((60, 75, 90), float(rng.uniform(0.4, 2.2)))
        step_x, step_y = float(rng.uniform(0.06, 0.12)), float(rng.uniform(0.08, 0.14))
        y = horizon - h + 0.04
        while y < horizon - 0.08:
            at = x + 0.03
            while at < x + w - 0.04:
                painting.box(at, y, at + step_x * 0.5, y + step_y * 0.55, glass)
                at += step_x
            y += step_y
        if rng.random() < 0.5:
            at = x + float(rng.random()) * w * 0.6
            painting.box(at, horizon - 0.16, at + 0.09, horizon, colour(rng, 0.6))
        x += w + (float(rng.uniform(0.05, 0.25)) if rng.random() < 0.35 else 0.0)
    painting.floor(rng, horizon)
    if rng.random() < 0.7:  # a paved road with its line
        edge = horizon + float(rng.uniform(0.05, 0.15))
        road = shade((95, 95, 98), float(rng.uniform(0.6, 1.4)))
        far = edge + float(rng.uniform(0.2, 0.6))
        painting.box(region.left, edge, region.right, far, road)
        painting.box(region.left, edge - 0.012, region.right, edge, shade(road, 1.6))
        x = region.left
        while x < region.right:
            painting.box(x, (edge + far) / 2, x + 0.12, (edge + far) / 2 + 0.012, (225, 225, 215))
            x += 0.3
    _trees(painting, rng, horizon, int(rng.integers(0, 4)))
    for _ in range(int(rng.integers(0, 3))):  # lamp posts
        x = float(rng.uniform(region.left, region.right))
        painting.box(x, horizon - 0.5, x + 0.012, horizon + 0.06, (70, 70, 72))
        painting.oval(x + 0.03, horizon - 0.5, 0.035, 0.012, (210, 205, 190))


def _trees(painting: _Painting, rng: Generator, horizon: float, count: int) -> None:
    region = painting.region
    for _ in range(count):
        x = float(rng.uniform(region.left, region.right))
        ground = horizon + float(rng.uniform(0.0, 0.1))
        high = float(rng.uniform(0.25, 0.6))
        painting.box(x - 0.015, ground - high * 0.6, x + 0.015, ground, (85, 65, 45))
        leaf = shade((75, 115, 60), float(rng.uniform(0.5, 1.3)))
        for _ in range(14):
            painting.oval(x + float(rng.normal(0, high * 0.16)),
                          ground - high * 0.8 + float(rng.normal(0, high * 0.14)),
                          high * float(rng.uniform(0.06, 0.16)),
                          high * float(rng.uniform(0.05, 0.13)),
                          shade(leaf, float(rng.uniform(0.6, 1.4))))


def _yard(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    _sky(painting, rng, horizon)
    inner = np.random.default_rng(rng.integers(2**62))
    hill = shade((85, 110, 75), float(rng.uniform(0.5, 1.4)))
    painting.polygon(
        [(region.left, horizon + 0.02)] + [
            (region.left + (region.right - region.left) * step / 12,
             horizon - 0.12 * float(inner.random())) for step in range(13)]
        + [(region.right, horizon + 0.02)], hill)
    painting.floor(rng, horizon)
    if rng.random() < 0.6:
        rows, columns = region.shape
        spot = painting.spot(region.left - 1, horizon, region.right + 1, region.bottom + 1)
        if spot is not None:
            grass = fractal(rng, rows, columns, 12, 4, 0.9)[spot]
            green = np.asarray(shade((95, 130, 65), float(rng.uniform(0.5, 1.4))), np.float32)
            painting.image[spot] = np.clip(green * (1 + 0.35 * grass)[..., None], 0, 255)
    if rng.random() < 0.5:  # a fence
        wood = colour(rng, 0.3)
        step = float(rng.uniform(0.03, 0.1))
        high = float(rng.uniform(0.1, 0.3))
        x = region.left
        while x < region.right:
            painting.box(x, horizon - high, x + step * 0.7, horizon + 0.03, wood)
            x += step
        painting.box(region.left, horizon - high * 0.7, region.right, horizon - high * 0.6,
                     shade(wood, 0.8))
    _trees(painting, rng, horizon, int(rng.integers(1, 5)))


def _shelves(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    painting.image[:] = np.asarray(shade(colour(rng, 0.2), 0.5)).astype(np.uint8)
    rack = colour(rng, 0.9)
    y = region.top
    while y < horizon:
        high = float(rng.uniform(0.14, 0.28))
        x = region.left
        while x < region.right:
            w, h = float(rng.uniform(0.06, 0.2)), high * float(rng.uniform(0.4, 0.9))
            if rng.random() < 0.85:
                if rng.random() < 0.3:
                    painting.hang(rng, x, y + high - h, x + w, y + high, 0.3)
                else:
                    box = colour(rng, 0.5) if rng.random() < 0.5 else shade(
                        (180, 140, 95), float(rng.uniform(0.6, 1.2)))
                    painting.box(x, y + high - h, x + w, y + high, box)
                    painting.box(x + w * 0.4, y + high - h, x + w * 0.6, y + high - h * 0.8,
                                 shade(box, 1.3))
            x += w + 0.01
        painting.box(region.left, y + high, region.right, y + high + 0.02, rack)
        y += high + 0.02
    x = region.left + float(rng.random()) * 0.3
    while x < region.right:
        painting.box(x, region.top, x + 0.02, horizon, shade(rack, 0.8))
        x += float(rng.uniform(0.5, 0.8))
    painting.floor(rng, horizon)


def _table(painting: _Painting, rng: Generator, horizon: float) -> None:
    region = painting.region
    painting.hang(rng, region.left, region.top, region.right + 0.1, region.bottom + 0.1, 0.3)
    for _ in range(int(rng.integers(2, 9))):
        x = float(rng.uniform(region.left, region.right))
        y = float(rng.uniform(region.top, region.bottom))
        size = float(rng.uniform(0.04, 0.16))
        dark = (30.0, 28.0, 26.0)
        if rng.random() < 0.5:
            painting.oval(x + 0.01, y + 0.012, size, size, dark)
            cup = colour(rng, 0.7)
            painting.oval(x, y, size, size, cup)
            painting.oval(x, y, size * 0.75, size * 0.75, shade(cup, float(rng.uniform(0.4, 1.3))))
        else:
            painting.box(x + 0.01, y + 0.012, x + size * 2 + 0.01, y + size * 1.4 + 0.012, dark)
            painting.hang(rng, x, y, x + size * 2, y + size * 1.4, 0.4)


def _plain(painting: _Painting, rng: Generator, horizon: float) -> None:
    rows, columns = painting.region.shape
    if rng.random() < 0.4:
        painting.image[:] = pattern(rng, rows, columns, columns / rows)
    else:
        first, second = np.asarray(colour(rng), np.float32), np.asarray(colour(rng), np.float32)
        mix = fractal(rng, rows, columns, 2, 6, float(rng.uniform(0.4, 0.8)))
        mix = mix + np.linspace(-1, 1, rows, dtype=np.float32)[:, None] * np.float32(rng.normal())
        mix = np.clip(0.5 + mix * 0.5, 0, 1)[..., None]
        painting.image[:] = np.clip(first * mix + second * (1 - mix), 0, 255)
    # Without marks nobody could tell a covered lens from a dark room, or see the camera move.
    for _ in range(2):
        _clutter(painting, rng)
