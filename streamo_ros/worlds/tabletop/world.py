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
The tabletop as its camera sees it: a rendered stream whose every event is known exactly.

Things and arm are rendered by pybullet's software renderer, over a table top and a room painted
as the sentry's are; segmentation tells what can be seen of each thing.
"""

from functools import cached_property
import math
import weakref

import cv2
import numpy as np
from numpy.typing import NDArray
import pybullet

from streamo_ros.worlds.backgrounds import place
from streamo_ros.worlds.backgrounds import Region
from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import KINDS
from streamo_ros.worlds.names import NAMES
from streamo_ros.worlds.sensor import Sensor
from streamo_ros.worlds.sentry import cells
from streamo_ros.worlds.sentry import PairTruth
from streamo_ros.worlds.sentry import WorldError
from streamo_ros.worlds.tabletop.arm import Arm
from streamo_ros.worlds.tabletop.arm import Hand
from streamo_ros.worlds.tabletop.camera import Camera
from streamo_ros.worlds.tabletop.simulation import draw_stage
from streamo_ros.worlds.tabletop.simulation import Event
from streamo_ros.worlds.tabletop.simulation import Record
from streamo_ros.worlds.tabletop.simulation import Simulation
from streamo_ros.worlds.tabletop.simulation import Status
from streamo_ros.worlds.tabletop.simulation import Unclear
from streamo_ros.worlds.tabletop.things import block
from streamo_ros.worlds.tabletop.things import Mesh
from streamo_ros.worlds.tabletop.things import Thing
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.textures import surface

_SPLITS = {'train': 1, 'validation': 2, 'test': 3}
_FINE = 224  # rows that are rendered at most, unless the frame has more
_PAPER = 200.0  # level of the table top as it is rendered, before it is painted over
_MASK = 56  # rows and columns of the kept segmentation

ARM = -2
"""Stands for the arm where things are told by their index."""


class TabletopWorld:
    """
    One stream.

    :param seed: of everything in it
    :param seconds: its length
    :param split: 'train', 'validation' or 'test'; worlds and things of different splits never
        coincide
    :param size: (height, width) of its frames in pixels; any size shows the same scene
    :raises WorldError: for an unknown split
    """

    def __init__(
        self, seed: int, seconds: float = 24.0, split: str = 'train',
        size: tuple[int, int] = (112, 112),
    ) -> None:
        if split not in _SPLITS:
            raise WorldError(f'There is no split {split!r}; take one of {", ".join(_SPLITS)}.')
        self._seed = [seed, _SPLITS[split]]
        self._split = split
        self._size = size
        self._record = self._simulate(seconds)
        self._seen: dict[tuple[bytes, Hand], tuple[Image, Image]] = {}

    def _simulate(self, seconds: float) -> Record:
        attempt = 0
        while True:
            rng = self._draws(100 + attempt)
            self.stage = draw_stage(rng)
            try:
                return Simulation(rng, self._split, seconds, self.stage).record
            except Unclear:
                attempt += 1

    def _draws(self, purpose: int) -> Generator:
        return np.random.default_rng([*self._seed, purpose])

    # -- truth ------------------------------------------------------------------------------

    @property
    def things(self) -> tuple[Thing, ...]:
        """Return all things that are ever there."""
        return self._record.things

    @property
    def events(self) -> tuple[Event, ...]:
        """Return what happens, by its end."""
        return self._record.events

    def state(self, thing: int, time: float) -> tuple[Status, int | None]:
        """
        Return where a thing is, and what it stands on if that is a thing.

        'table', 'held' (by the arm, in view) or 'away'; None while that changes.
        """
        return self._record.state(thing, float(time))

    def height(self, thing: int, time: float) -> float:
        """Return the height of a thing's middle above the table, metres."""
        return float(self._record.poses[self._record.step(float(time)), thing, 2])

    def shown(self, thing: int, time: float) -> float:
        """
        Return how much of a thing the frame of a moment shows, 0..1.

        :param thing: its index; ``ARM`` gives the share of the frame that is arm
        """
        mask = self._look(time)[1]
        if thing == ARM:
            return float((mask == ARM).mean())
        pose = self._record.poses[self._record.step(float(time)), thing]
        half = self.things[thing].half
        depth = -(self.stage.camera.view @ [*pose[:3], 1.0])[2]
        per = mask.shape[0] / (2 * depth * math.tan(math.radians(self.stage.camera.field) / 2))
        # A ball of half its size would look so large; flat things look smaller.
        area = per * per / self.stage.camera.aspect * mask.shape[1] / mask.shape[0]
        least = area * 2 * min(half[0], half[1]) * max(
            2 * half[2], 2 * min(half[:2]) * 0.5)
        return min(1.0, float((mask == thing).sum()) / least)

    # -- drawing ----------------------------------------------------------------------------

    @cached_property
    def _sensor(self) -> Sensor:
        return Sensor(self._draws(3), self._size, grey=False)

    @cached_property
    def _fine(self) -> tuple[int, int]:
        """Rows and columns that are rendered."""
        height, width = self._size
        scale = max(1.0, min(1.5, _FINE / min(height, width)))  # then averaged down
        return round(height * scale), round(width * scale)

    @cached_property
    def _scene(self) -> '_Scene':
        rng = self._draws(6)
        base = self.stage.base
        half = self.stage.half
        reach = math.hypot(abs(base[0]) + half[0], abs(base[1]) + half[1]) + 0.2
        return _Scene(rng, self.things, Arm(rng, base, reach), half)

    @cached_property
    def _backdrop(self) -> tuple[Image, Image]:
        """The room, and the table top's paint, both as the camera sees them."""
        rng = self._draws(5)
        rows, columns = self._fine
        camera = self.stage.camera
        if rng.random() < 0.5:
            room = place(rng, self._split, Region(
                0, 0, camera.aspect, 1, columns / camera.aspect, rows),
                float(rng.uniform(-0.2, 0.3)))[0]
            room = cv2.resize(room, (columns, rows))
        else:
            room = self._laid(surface(rng, self._split, 256, 256, 1.0, 0.3), 2.5, -0.75)
        tops = [surface(rng, self._split, 256, 256, 1.0, 0.25) for _ in range(6)]
        return room, self._laid(max(tops, key=self._apart), 1.0, 0.0)

    def _apart(self, paint: Image) -> float:
        """Say how far the nearest colour of the things is from a table's paint."""
        mean = paint.mean(axis=(0, 1))
        return min(
            float(np.linalg.norm(mean - mesh.colour))
            for thing in self.things for mesh in thing.meshes[:1])

    def _laid(self, paint: Image, side: float, height: float) -> Image:
        """Lay a square picture flat at a height."""
        rows, columns = self._fine
        corners = np.array([
            (-side, side, height), (side, side, height), (side, -side, height),
            (-side, -side, height)])
        # Corners behind the camera would turn the picture over: lay what is in view.
        camera = self.stage.camera
        matrix = (camera.projection @ camera.view)[[0, 1, 3]]
        flat = matrix @ np.array([[1, 0, 0], [0, 1, 0], [0, 0, height], [0, 0, 1.0]])
        pixels = np.array([
            [columns / 2, 0, columns / 2], [0, -rows / 2, rows / 2], [0, 0, 1]]) @ flat
        size = paint.shape[0]
        across = (corners[1, 0] - corners[0, 0]) / size
        own = np.array([[across, 0, -side], [0, -across, side], [0, 0, 1]])
        return cv2.warpPerspective(
            paint, pixels @ own, (columns, rows), flags=cv2.INTER_AREA,
            borderMode=cv2.BORDER_REFLECT_101)

    def _look(self, time: float) -> tuple[Image, Image]:
        """Return the scene before the camera's chip, and which thing each pixel of a mask is."""
        step = self._record.step(float(time))
        poses, hand = self._record.poses[step], self._record.hands[step]
        key = poses.tobytes(), hand  # most moments look like others: nothing has moved
        found = self._seen.get(key)
        if found is None:
            rows, columns = self._fine
            colour, which = self._scene.look(self.stage.camera, rows, columns, poses, hand)
            room, top = self._backdrop
            table = which == _TABLE
            picture = np.where((which == _NOTHING)[..., None], room, colour)
            lit = colour[table].astype(np.float32).mean(axis=1, keepdims=True) / _PAPER
            picture[table] = np.minimum(top[table] * lit, 255).astype(np.uint8)
            height, width = self._size
            if (rows, columns) != (height, width):
                picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            mask = cv2.resize(
                which.astype(np.int16), (_MASK, _MASK), interpolation=cv2.INTER_NEAREST)
            found = self._seen[key] = picture, mask
        return found

    def render(self, time: float) -> Image:
        """
        Give the frame of a moment, (H, W, 3) uint8 RGB.

        The same moment of the same world is the same bytes, noise included, in any order of calls.
        """
        time = float(time)
        scene = self._look(time)[0].astype(np.float32)
        x, y = self._sensor.sway(time)
        if x or y:
            height, width = self._size
            scene = cv2.warpAffine(
                scene, np.array([[1, 0, x * width], [0, 1, y * height]]), (width, height),
                borderMode=cv2.BORDER_REPLICATE)
        return self._sensor.expose(scene, time, 0.0)

    # -- dense truth ------------------------------------------------------------------------

    def observe(
        self, before: float, now: float, grid: tuple[int, int] = (4, 4),
    ) -> PairTruth:
        """
        Give what can be seen to have changed between the frames of two moments.

        :param grid: rows and columns of cells
        """
        masks = self._look(before)[1], self._look(now)[1]
        steps = self._record.step(float(before)), self._record.step(float(now))
        entering, leaving = [False] * 4, [False] * 4
        moving = np.zeros_like(masks[1], bool)
        motion = False
        for index in (*range(len(self.things)), ARM):
            if not self._moves(index, *steps):
                continue
            counts = [int((mask == index).sum()) for mask in masks]
            if max(counts) < 8:
                continue
            motion = True
            moving |= masks[1] == index
            if abs(counts[1] - counts[0]) > 0.2 * max(counts):
                gains = counts[1] > counts[0]
                side = _border(masks[1 if gains else 0] == index)
                if side is not None:
                    (entering if gains else leaving)[side] = True

        def share(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
            return cells(mask.astype(np.uint8) * np.uint8(255), grid)

        names = np.zeros((len(NAMES), *grid), np.float32)
        for index, thing in enumerate(self.things):
            own = masks[1] == index
            if own.any():
                part = share(own)
                names[COLOURS.index(thing.colour)] += part
                names[len(COLOURS) + KINDS.index(thing.kind)] += part
        return PairTruth(
            light_down=False, light_up=False, cover_on=False, cover_off=False, moved=False,
            motion=motion, entering=_four(entering), leaving=_four(leaving),
            cell_motion=share(moving),
            cell_object=share((masks[1] >= 0) | (masks[1] == ARM)),
            cell_names=np.minimum(names, 1))

    def _moves(self, index: int, before: int, now: int) -> bool:
        if index == ARM:
            one, other = self._record.hands[before], self._record.hands[now]
            return math.dist((one.x, one.y, one.z), (other.x, other.y, other.z)) > 0.012
        one, other = self._record.poses[before, index], self._record.poses[now, index]
        return float(np.linalg.norm(one[:3] - other[:3])) > 0.012


_NOTHING, _TABLE = -1, -3


class _Scene:
    """What is rendered: things, arm and table in a renderer of their own."""

    def __init__(
        self, rng: Generator, things: tuple[Thing, ...], arm: Arm, half: tuple[float, float],
    ) -> None:
        self._client = pybullet.connect(pybullet.DIRECT)
        weakref.finalize(self, pybullet.disconnect, self._client)
        self._arm = arm
        turn = float(rng.uniform(-math.pi, math.pi))
        rise = math.radians(rng.uniform(35, 80))
        self._light = (
            math.cos(rise) * math.cos(turn), math.cos(rise) * math.sin(turn), math.sin(rise))
        self._ambient = float(rng.uniform(0.6, 0.8))
        which = []
        self._table = self._show(block(half[0], half[1], 0.025, (_PAPER, _PAPER, _PAPER)))
        which.append((self._table, _TABLE))
        pybullet.resetBasePositionAndOrientation(
            self._table, (0, 0, -0.025), (0, 0, 0, 1), physicsClientId=self._client)
        self._things = [[self._show(mesh) for mesh in thing.meshes] for thing in things]
        self._arm_parts = [self._show(mesh) for mesh in arm.parts]
        for index, bodies in enumerate(self._things):
            which += [(body, index) for body in bodies]
        which += [(body, ARM) for body in self._arm_parts]
        self._which = np.full(max(body for body, _ in which) + 2, _NOTHING, np.int16)
        for body, index in which:
            self._which[body] = index

    def _show(self, mesh: Mesh) -> int:
        client = self._client
        shape = pybullet.createVisualShape(
            pybullet.GEOM_MESH, vertices=mesh.points.tolist(), normals=mesh.normals.tolist(),
            indices=mesh.faces.ravel().tolist(), uvs=np.zeros((len(mesh.points), 2)).tolist(),
            rgbaColor=(*(value / 255 for value in mesh.colour), 1),
            specularColor=(0.15, 0.15, 0.15), physicsClientId=client)
        return int(pybullet.createMultiBody(0, -1, shape, physicsClientId=client))

    def look(
        self, camera: Camera, rows: int, columns: int, poses: NDArray[np.float64], hand: Hand,
    ) -> tuple[Image, NDArray[np.int16]]:
        """Return colours (rows, columns, 3) and the index of the thing at each pixel."""
        client = self._client
        for bodies, pose in zip(self._things, poses, strict=True):
            for body in bodies:
                pybullet.resetBasePositionAndOrientation(
                    body, pose[:3], pose[3:], physicsClientId=client)
        for body, (point, turn) in zip(self._arm_parts, self._arm.pose(hand), strict=True):
            pybullet.resetBasePositionAndOrientation(body, point, turn, physicsClientId=client)
        _, _, colour, _, ids = pybullet.getCameraImage(
            columns, rows, camera.view.T.ravel().tolist(), camera.projection.T.ravel().tolist(),
            lightDirection=self._light, shadow=1, lightAmbientCoeff=self._ambient,
            lightDiffuseCoeff=1.1 - self._ambient, lightSpecularCoeff=0.2,
            renderer=pybullet.ER_TINY_RENDERER, physicsClientId=client)
        colours = np.reshape(colour, (rows, columns, 4))[..., :3].astype(np.uint8)
        shown = np.reshape(ids, (rows, columns))
        return colours, self._which[np.where(shown < 0, len(self._which) - 1, shown)]


def _border(mask: NDArray[np.bool_]) -> int | None:
    """Return the border (left, right, top, bottom) that most of a mask touches; None if none."""
    counts = [int(edge.sum()) for edge in (mask[:, 0], mask[:, -1], mask[0], mask[-1])]
    most = max(range(4), key=lambda side: counts[side])
    return most if counts[most] else None


def _four(flags: list[bool]) -> tuple[bool, bool, bool, bool]:
    left, right, top, bottom = flags
    return left, right, top, bottom
