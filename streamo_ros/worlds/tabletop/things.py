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
Things that stand on a table: meshes of drawn proportions, in a named colour.

Which colours a kind comes in, and how it is proportioned, differs between the splits: what is
tested was never trained on, though each colour and each kind was.
"""

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import KINDS
from streamo_ros.worlds.textures import Colour
from streamo_ros.worlds.textures import Generator

_PAINT: dict[str, Colour] = {
    'red': (205, 28, 30), 'green': (35, 145, 50), 'blue': (35, 70, 205), 'yellow': (240, 215, 40),
    'orange': (245, 125, 20), 'purple': (125, 45, 160), 'white': (238, 238, 235),
    'black': (26, 26, 28)}
_SIDES = 18

# Out of 8, by (colour + 3 kind) modulo 8: each kind and each colour stands in each split.
_COMBINATIONS = {'train': (3, 4, 5, 6, 7), 'validation': (2,), 'test': (0, 1)}
# Proportions are drawn from 0..1; the middle belongs to the test, beside it to validation.
_PROPORTIONS = {
    'train': ((0.0, 0.38), (0.62, 1.0)), 'validation': ((0.38, 0.42), (0.58, 0.62)),
    'test': ((0.42, 0.58),)}


@dataclass(frozen=True)
class Mesh:
    """
    Triangles in one colour.

    :param points: (N, 3) metres
    :param normals: (N, 3)
    :param faces: (M, 3) indices, counter-clockwise as seen from outside
    :param colour: RGB, 0..255
    """

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    faces: NDArray[np.int64]
    colour: Colour


@dataclass(frozen=True)
class Thing:
    """
    One thing, its middle at the origin.

    :param half: half its extent along x, y, z in metres
    :param proportions: what its shape was drawn from, each 0..1
    """

    colour: str
    kind: str
    half: tuple[float, float, float]
    meshes: tuple[Mesh, ...]
    proportions: tuple[float, ...]

    @property
    def name(self) -> str:
        """Return what it is called, such as 'red cube'."""
        return f'{self.colour} {self.kind}'

    @property
    def round(self) -> bool:
        """Say whether its base is a circle."""
        return self.kind not in ('cube', 'box')

    @property
    def graspable(self) -> bool:
        """Say whether a gripper reaches around it."""
        return self.kind != 'plate'

    @property
    def carries(self) -> bool:
        """Say whether another thing can stand on it."""
        return self.kind in ('cube', 'box')

    @property
    def rests(self) -> bool:
        """Say whether it can stand on another thing."""
        return self.kind in ('cube', 'box', 'can', 'mug', 'cone')


def combinations(split: str) -> tuple[tuple[str, str], ...]:
    """Return the (colour, kind) that a split's things have."""
    return tuple(
        (colour, kind) for c, colour in enumerate(COLOURS) for k, kind in enumerate(KINDS)
        if (c + 3 * k) % 8 in _COMBINATIONS[split])


def draw_things(rng: Generator, split: str, count: int) -> tuple[Thing, ...]:
    """Draw things of different names."""
    stock = combinations(split)
    chosen = rng.choice(len(stock), count, replace=False)
    return tuple(draw_thing(rng, split, *stock[index]) for index in chosen)


def draw_thing(rng: Generator, split: str, colour: str, kind: str) -> Thing:
    """Draw the proportions and the shade of a thing."""
    spans = _PROPORTIONS[split]
    proportions = tuple(
        float(rng.uniform(*spans[int(rng.integers(len(spans)))])) for _ in range(3))
    shade = 1 + float(rng.uniform(-0.12, 0.1))
    red, green, blue = (
        min(max(value * shade + float(rng.uniform(-10, 10)), 0), 255) for value in _PAINT[colour])
    half, meshes = _SHAPES[kind](proportions, (red, green, blue))
    return Thing(colour, kind, half, tuple(meshes), proportions)


_Shape = tuple[tuple[float, float, float], list[Mesh]]


def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def block(x: float, y: float, z: float, colour: Colour) -> Mesh:
    """Return a box by half its sides."""
    points: list[NDArray[np.float64]] = []
    normals: list[NDArray[np.float64]] = []
    faces: list[tuple[int, int, int]] = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            normal = np.zeros(3)
            normal[axis] = sign
            along, across = np.roll(np.eye(3), axis, axis=1)[1:] if axis else np.eye(3)[1:]
            if np.cross(along, across) @ normal < 0:
                along, across = across, along
            first = len(points)
            for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
                points.append((normal + u * along + v * across) * (x, y, z))
                normals.append(normal)
            faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    return Mesh(np.array(points), np.array(normals), np.array(faces), colour)


def turned(profile: list[tuple[float, float]], colour: Colour, sides: int = _SIDES) -> Mesh:
    """
    Return a body turned on a lathe, with sharp edges between the profile's pieces.

    :param profile: (radius, height) from the bottom outwards and up
    """
    points: list[tuple[float, float, float]] = []
    normals: list[tuple[float, float, float]] = []
    faces: list[tuple[int, int, int]] = []
    angles = np.linspace(0, 2 * math.pi, sides + 1)
    for (r0, z0), (r1, z1) in zip(profile, profile[1:], strict=False):
        length = math.hypot(r1 - r0, z1 - z0)
        out, up = (z1 - z0) / length, (r0 - r1) / length
        first = len(points)
        for angle in angles:
            cosine, sine = math.cos(angle), math.sin(angle)
            for radius, height in ((r0, z0), (r1, z1)):
                points.append((radius * cosine, radius * sine, height))
                normals.append((out * cosine, out * sine, up))
        for side in range(sides):
            a = first + 2 * side
            if r0 > 0:
                faces.append((a, a + 2, a + 1))
            if r1 > 0:
                faces.append((a + 1, a + 2, a + 3))
    return Mesh(np.array(points), np.array(normals), np.array(faces), colour)


def _smooth(mesh: Mesh) -> Mesh:
    """Return the mesh of a ball with the normals of a ball."""
    return Mesh(
        mesh.points, mesh.points / np.linalg.norm(mesh.points, axis=1, keepdims=True),
        mesh.faces, mesh.colour)


def _cube(shape: tuple[float, ...], colour: Colour) -> _Shape:
    side = _between(0.066, 0.082, shape[0])
    return (side, side, side), [block(side, side, side, colour)]


def _box(shape: tuple[float, ...], colour: Colour) -> _Shape:
    x, y, z = (
        _between(0.105, 0.135, shape[0]), _between(0.06, 0.072, shape[1]),
        _between(0.035, 0.05, shape[2]))
    return (x, y, z), [block(x, y, z, colour)]


def _ball(shape: tuple[float, ...], colour: Colour) -> _Shape:
    radius = _between(0.07, 0.088, shape[0])
    arc = [(radius * math.sin(math.pi * step / 10), -radius * math.cos(math.pi * step / 10))
           for step in range(11)]
    arc[0], arc[-1] = (0.0, -radius), (0.0, radius)
    return (radius, radius, radius), [_smooth(turned(arc, colour))]


def _can(shape: tuple[float, ...], colour: Colour) -> _Shape:
    radius, half = _between(0.052, 0.062, shape[0]), _between(0.078, 0.095, shape[1])
    rim = 0.012
    metal = (175.0, 178.0, 182.0)
    return (radius, radius, half), [
        turned([(radius, -half + rim), (radius, half - rim)], colour),
        turned([(0, -half), (radius * 0.9, -half), (radius, -half + rim)], metal),
        turned([(radius, half - rim), (radius * 0.9, half), (radius * 0.82, half - 0.006),
                (0, half - 0.006)], metal)]


def _bottle(shape: tuple[float, ...], colour: Colour) -> _Shape:
    radius, half = _between(0.048, 0.058, shape[0]), _between(0.125, 0.145, shape[1])
    shoulder = half * _between(0.0, 0.25, shape[2])
    neck = radius * 0.38
    return (radius, radius, half), [
        turned([(0, -half), (radius, -half), (radius, shoulder), (neck, shoulder + half * 0.4),
                (neck, half - 0.03)], colour),
        turned([(neck, half - 0.035), (neck * 1.25, half - 0.03), (neck * 1.25, half),
                (0, half)], (225.0, 225.0, 220.0))]


def _mug(shape: tuple[float, ...], colour: Colour) -> _Shape:
    radius, half = _between(0.06, 0.068, shape[0]), _between(0.064, 0.076, shape[1])
    thick = 0.01
    handle = _handle(radius, half * _between(0.6, 0.75, shape[2]), colour)
    inside = (colour[0] * 0.55 + 20, colour[1] * 0.55 + 20, colour[2] * 0.55 + 20)
    return (radius, radius, half), [
        turned([(0, -half), (radius, -half), (radius, half), (radius - thick, half)], colour),
        turned([(radius - thick, half), (radius - thick, -half * 0.5), (0, -half * 0.5)], inside),
        handle]


def _handle(radius: float, high: float, colour: Colour) -> Mesh:
    """Return half a ring that stands out along x."""
    points, normals, faces = [], [], []
    around = 6
    for step in range(9):
        turn = math.pi * (step / 8 - 0.5)
        middle = np.array([radius - 0.006 + high * 1.0 * math.cos(turn), 0, high * math.sin(turn)])
        out = np.array([math.cos(turn), 0, math.sin(turn)])
        for side in range(around):
            angle = 2 * math.pi * side / around
            normal = out * math.cos(angle) + np.array([0, 1, 0]) * math.sin(angle)
            points.append(middle + 0.016 * normal)
            normals.append(normal)
    for step in range(8):
        for side in range(around):
            a, b = step * around + side, step * around + (side + 1) % around
            faces += [(a, b, a + around), (b, b + around, a + around)]
    return Mesh(np.array(points), np.array(normals), np.array(faces), colour)


def _plate(shape: tuple[float, ...], colour: Colour) -> _Shape:
    radius, half = _between(0.105, 0.13, shape[0]), 0.013
    flat = radius * _between(0.55, 0.7, shape[1])
    return (radius, radius, half), [
        turned([(0, -half), (flat, -half), (radius, half - 0.002), (radius, half),
                (flat, -half * 0.2), (0, -half * 0.2)], colour)]


def _cone(shape: tuple[float, ...], colour: Colour) -> _Shape:
    radius, half = _between(0.068, 0.085, shape[0]), _between(0.085, 0.105, shape[1])
    return (radius, radius, half), [
        turned([(0, -half), (radius, -half), (radius * 0.06, half), (0, half)], colour)]


_SHAPES = {
    'cube': _cube, 'ball': _ball, 'can': _can, 'bottle': _bottle, 'mug': _mug, 'plate': _plate,
    'box': _box, 'cone': _cone}
