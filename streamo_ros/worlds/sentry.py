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
The sentry world: a rendered camera stream whose every event is known exactly.

It stands in for what no public video set gives: frames of any moment with the instant at which
things start, stop, enter, leave, get dark, get covered, or the camera itself is moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.errors import UserError
from streamo_ros.worlds.backgrounds import place
from streamo_ros.worlds.backgrounds import Region
from streamo_ros.worlds.figures import Sheet
from streamo_ros.worlds.labels import box
from streamo_ros.worlds.labels import Event
from streamo_ros.worlds.labels import label
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.labels import visible_share
from streamo_ros.worlds.script import Actor
from streamo_ros.worlds.script import Plan
from streamo_ros.worlds.script import plan
from streamo_ros.worlds.sensor import Cover
from streamo_ros.worlds.sensor import Sensor
from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import fractal
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.tracks import displacement
from streamo_ros.worlds.tracks import level
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import View

SEEN_MOVE = 0.025
"""Displacement of the picture, in frame widths, from which the camera counts as moved."""

MOVING = 'moving'
"""What is doubtful where nobody could say whether anything moves."""

_SPLITS = {'train': 1, 'validation': 2, 'test': 3}
_GRID = 32  # pixels a side of the small frame that cells are counted in
_FINER = 1.5  # how much larger than they appear things are painted

Sides = tuple[bool, bool, bool, bool]


class WorldError(UserError, ValueError):
    """A world was asked for that there is not."""


@dataclass(frozen=True)
class PairTruth:
    """
    What can be seen to have changed between two frames.

    :param moved: the camera looks elsewhere
    :param motion: a thing moved or moves
    :param entering: a thing gained visibility at the left, right, top, bottom border
    :param leaving: a thing lost visibility there
    :param cell_motion: (rows, columns) share of each cell of the later frame covered by moving
        things
    :param cell_object: (rows, columns) share covered by any thing
    :param cell_names: (names, rows, columns) share covered by things of a name, in the order of
        ``tabletop.NAMES``; None where the world's things have no names
    """

    light_down: bool
    light_up: bool
    cover_on: bool
    cover_off: bool
    moved: bool
    motion: bool
    entering: Sides
    leaving: Sides
    cell_motion: NDArray[np.float32]
    cell_object: NDArray[np.float32]
    cell_names: NDArray[np.float32] | None = None


class SentryWorld:
    """
    One stream.

    :param seed: of everything in it
    :param seconds: its length
    :param split: 'train', 'validation' or 'test'; worlds of different splits never coincide
    :param size: (height, width) of its frames in pixels; any size shows the same scene
    :param skills: the skills whose events the script draws from, evenly (name one twice for twice
        the weight); None = a random handful
    :raises WorldError: for an unknown split or skill
    """

    def __init__(
        self, seed: int, seconds: float = 24.0, split: str = 'train',
        size: tuple[int, int] = (112, 112), skills: Sequence[str] | None = None,
    ) -> None:
        if split not in _SPLITS:
            raise WorldError(f'There is no split {split!r}; take one of {", ".join(_SPLITS)}.')
        for skill in skills or ():
            if skill not in SKILLS:
                raise WorldError(f'There is no skill {skill!r}; take from {", ".join(SKILLS)}.')
        self._seed = [seed, _SPLITS[split]]
        self._split = split
        self._size = size
        rng = self._draws(0)
        aspect = float(rng.choice((1.0, 4 / 3, 4 / 3, 16 / 9, 1.15)))
        self._horizon = float(rng.uniform(0.35, 0.72))
        script = self._draws(1)
        if skills is None:
            # Light and cover have two names each, the camera but one.
            handful = script.choice(
                len(SKILLS), int(script.integers(1, 5)), replace=False,
                p=(0.13, 0.13, 0.13, 0.13, 0.08, 0.08, 0.08, 0.08, 0.16))
            skills = [SKILLS[index] for index in sorted(handful)]
        self._plan = self._planned(script, seconds, aspect, skills)
        self.events: tuple[Event, ...]
        self.events, unclear = label(self._plan, seconds)
        self._unclear = set(unclear)
        draws = self._draws(2)
        self._darkness_drawn = float(0.05 + 0.30 * draws.random() ** 1.3)
        self._dark_tint = np.exp(draws.normal(0, 0.15, 3)).astype(np.float32)
        self._dark_seed = int(draws.integers(2**62))
        self._night_grey = float(draws.random() < 0.2)
        self._stutters = draws.random() < 0.2
        self._adapts = float(0.5 * draws.random()) if draws.random() < 0.5 else 0.0
        self._breath = float(0.004 * draws.random()) if draws.random() < 0.2 else 0.0
        self._still: tuple[tuple[float, ...], Image] | None = None

    def _planned(
        self, rng: np.random.Generator, seconds: float, aspect: float, skills: Sequence[str],
    ) -> Plan:
        return plan(rng, self._split, seconds, aspect, self._horizon, skills)

    def _draws(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([*self._seed, purpose])

    def clear(self, skill: str) -> bool:
        """Say whether the truth of a skill is beyond doubt in this stream."""
        return skill not in self._unclear

    # -- levels ------------------------------------------------------------------------------

    def _darkness(self, time: float) -> float:
        plan_ = self._plan
        light = level(plan_.light, time, plan_.light_first)
        if self._stutters and 0 < light < 1:  # a tube that flickers before it burns
            light *= 0.5 + 0.5 * math.sin(57.0 * time) * math.sin(23.0 * time)
        return 1 - light

    def _covered(self, time: float) -> float:
        return level(self._plan.cover, time, self._plan.cover_first)

    def _view(self, time: float) -> View:
        return self._plan.view(time)

    def _looking(self, time: float) -> View:
        """Give the view of the place, which a camera may pass by with things going along."""
        return self._view(time)

    # -- drawing -----------------------------------------------------------------------------

    @cached_property
    def _sensor(self) -> Sensor:
        return Sensor(self._draws(3), self._size)

    @cached_property
    def _cover(self) -> Cover:
        return Cover(self._draws(4), self._split, self._size, self._plan.aspect)

    @cached_property
    def _region(self) -> Region:
        height, width = self._size
        aspect = self._plan.aspect
        views = self._plan.views
        slack = 0.02 + (0.05 if len(views) > 1 else 0.0)
        reach = [
            (0.5 / view.zoom * (aspect * math.cos(view.roll) + abs(math.sin(view.roll))),
             0.5 / view.zoom * (math.cos(view.roll) + aspect * abs(math.sin(view.roll))))
            for view in views]
        return Region(
            min(view.x - x for view, (x, _) in zip(views, reach, strict=True)) - slack,
            min(view.y - y for view, (_, y) in zip(views, reach, strict=True)) - slack,
            max(view.x + x for view, (x, _) in zip(views, reach, strict=True)) + slack,
            max(view.y + y for view, (_, y) in zip(views, reach, strict=True)) + slack,
            width / aspect, float(height))

    @cached_property
    def _place(self) -> tuple[Image, Field]:
        painted = place(self._draws(5), self._split, self._region, self._horizon)
        self._set_off(painted[0])
        return painted

    def _set_off(self, canvas: Image) -> None:
        """Make every thing lighter or darker than what is behind it."""
        region = self._region
        for actor in self._plan.actors:
            poses = [actor.track.home] if actor.track.present else []
            poses += [segment.target for segment in actor.track.segments if not segment.hides]
            poses += [segment.pose((segment.start + segment.end) / 2)
                      for segment in actor.track.segments if segment.hides]
            sheet = actor.figure.sheet(poses[0], 24)
            inside = sheet.body > 127
            own = float(sheet.paint[..., :3][inside].mean()) if inside.any() else 128.0
            behind = []
            for pose in poses:
                half = pose.size * actor.figure.width / 2
                rows = slice(
                    max(int((pose.y - pose.size - region.top) * region.per_y), 0),
                    max(int((pose.y - region.top) * region.per_y), 1))
                columns = slice(
                    max(int((pose.x - half - region.left) * region.per_x), 0),
                    max(int((pose.x + half - region.left) * region.per_x), 1))
                piece = canvas[rows, columns]
                if piece.size:
                    behind.append(float(piece.mean()))
            around = float(np.mean(behind)) if behind else 128.0
            difference = own - around
            if abs(difference) < 32:
                darker = around > 140 or (around > 90 and difference < 0)
                actor.figure.contrast((-40 if darker else 40) - difference)

    def _background(self, matrix: NDArray[np.float64]) -> Image:
        """Give the place as the camera sees it; the last one is kept, for cameras that rest."""
        key = tuple(float(value) for value in matrix.flat)
        if self._still is None or self._still[0] != key:
            height, width = self._size
            region = self._region
            back = matrix @ np.array([
                [1 / region.per_x, 0, region.left], [0, 1 / region.per_y, region.top], [0, 0, 1]])
            self._still = key, cv2.warpAffine(
                self._place[0], _centred(back), (width, height), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101)
        return self._still[1]

    def _camera(self, view: View, sway: tuple[float, float], size: tuple[int, int]) -> (
            NDArray[np.float64]):
        """Give the matrix from the world to pixels of a frame."""
        height, width = size
        aspect = self._plan.aspect
        cosine = view.zoom * math.cos(view.roll)
        sine = view.zoom * math.sin(view.roll)
        per_x, per_y = width / aspect, float(height)
        return np.array([
            [per_x * cosine, per_x * sine,
             per_x * (aspect / 2 + sway[0] - cosine * view.x - sine * view.y)],
            [-per_y * sine, per_y * cosine,
             per_y * (0.5 + sway[1] + sine * view.x - cosine * view.y)],
            [0, 0, 1]])

    def _sheet(self, actor: Actor, pose: Pose) -> tuple[Sheet, int]:
        largest = max([actor.track.home.size if actor.track.present else 0.0] + [
            max(segment.origin.size, segment.target.size) for segment in actor.track.segments])
        zoom = max(view.zoom for view in self._plan.views)
        height = max(round(largest * zoom * self._size[0] * _FINER), 12)
        if pose.size < 0.55 * largest and height > 24:
            height //= 2
        return actor.figure.sheet(pose, height), height

    def _placed(
        self, actor: Actor, pose: Pose, height: int, camera: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Give the matrix from pixels of a figure's sheet to pixels of a frame."""
        foot_x, foot_y, unit = actor.figure.frame(height)
        if actor.figure.articulated and abs(pose.facing) < 0.5:
            across = math.copysign(1.0, pose.facing)
        else:
            least = 0.6 if actor.figure.articulated else 0.3
            across = math.copysign(least + (1 - least) * abs(pose.facing), pose.facing)
        scale = pose.size / unit
        cosine, sine = math.cos(pose.tilt), math.sin(pose.tilt)
        own = np.array([
            [scale * across * cosine, -scale * sine, 0.0],
            [scale * across * sine, scale * cosine, 0.0],
            [0, 0, 1]])
        own[0, 2] = pose.x - own[0, 0] * foot_x - own[0, 1] * foot_y
        own[1, 2] = pose.y - pose.lift * pose.size - own[1, 0] * foot_x - own[1, 1] * foot_y
        return camera @ own

    def _draw(
        self, frame: Image, actor: Actor, pose: Pose, camera: NDArray[np.float64],
    ) -> None:
        sheet, height = self._sheet(actor, pose)
        matrix = self._placed(actor, pose, height, camera)
        rows, columns = sheet.body.shape
        corners = matrix[:2] @ np.array([
            [0, columns, 0, columns], [0, 0, rows, rows], [1, 1, 1, 1]], np.float64)
        left, top = (max(math.floor(float(value)), 0) for value in corners.min(axis=1))
        right = min(math.ceil(float(corners[0].max())), frame.shape[1])
        bottom = min(math.ceil(float(corners[1].max())), frame.shape[0])
        if right <= left or bottom <= top:
            return
        matrix = _centred(matrix)
        matrix[0, 2] -= left
        matrix[1, 2] -= top
        paint = cv2.warpAffine(
            sheet.paint, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        under = frame[top:bottom, left:right]
        mixed = under.astype(np.uint16) * (255 - paint[..., 3:]).astype(np.uint16)
        mixed += 128
        mixed += mixed >> 8
        mixed >>= 8
        cv2.add(mixed.astype(np.uint8), paint[..., :3], dst=under)

    def _scene(self, time: float) -> Image:
        sway = self._sensor.sway(time)
        camera = self._camera(self._view(time), sway, self._size)
        frame = self._behind(self._stage(self._camera(
            self._looking(time), sway, self._size), time), time)
        present = [(actor, actor.track.pose(time)) for actor in self._plan.actors]
        for actor, pose in sorted(
                ((actor, pose) for actor, pose in present if pose is not None),
                key=lambda pair: pair[1].y):
            if self._breath and actor.figure.articulated and not pose.tilt:
                pose = replace(pose, tilt=self._breath * math.sin(1.7 * time + pose.size * 40))
            self._draw(frame, actor, self._stance(actor, pose, time), camera)
        return frame

    def _stage(self, camera: NDArray[np.float64], time: float) -> Image:
        """Give the place as the camera sees it at a time, to be drawn on."""
        return self._background(camera).copy()

    def _behind(self, frame: Image, time: float) -> Image:
        """Give all that is behind the things that come and go."""
        return frame

    def _stance(self, actor: Actor, pose: Pose, time: float) -> Pose:
        """Give a thing's pose as it is seen."""
        return pose

    def doubtful(self, skills: Sequence[str], before: float, now: float) -> bool:
        """Say whether what is seen between two moments could be taken for one of some skills."""
        return False

    @cached_property
    def _dark_level(self) -> float:
        """Share of the light left in the dark: what is there must stand out from the noise."""
        return max(self._darkness_drawn, 0.03 * self._sensor.noise)

    def _adaptation(self, time: float) -> float:
        """Give the camera's false exposure just after the light has changed."""
        factor = 1.0
        for ramp in self._plan.light:
            if ramp.end <= time < ramp.end + 1.5:
                much = self._adapts * math.exp((ramp.end - time) / 0.25)
                factor = 1 + much if ramp.after > ramp.before else 1 - 0.6 * much
        return factor

    @cached_property
    def _darkest(self) -> Field:
        """How much of the light is left in the dark, (H, W, 3)."""
        height, width = self._size
        uneven = fractal(np.random.default_rng(self._dark_seed), height, width, 2, 2, 0.5)
        return (self._dark_level * (1 + 0.5 * uneven))[..., None] * self._dark_tint

    def _dim(self, scene: Image, time: float, darkness: float) -> NDArray[np.float32]:
        height, width = self._size
        left = self._darkest
        glow = self._place[1]
        if glow.any():
            region = self._region
            back = self._camera(self._looking(time), (0.0, 0.0), self._size) @ np.array([
                [1 / region.per_x, 0, region.left], [0, 1 / region.per_y, region.top], [0, 0, 1]])
            bright = cv2.warpAffine(
                glow, _centred(back), (width, height), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101)
            left = np.maximum(left, bright[..., None])
        light = scene.astype(np.float32)
        if self._night_grey:
            grey = light.mean(axis=2, keepdims=True)
            light += (grey - light) * np.float32(darkness)
        light *= 1 + np.float32(darkness) * (left - 1)
        return light

    def render(self, time: float) -> Image:
        """
        Give the frame of a moment, (H, W, 3) uint8 RGB.

        The same moment of the same world is the same bytes, noise included, in any order of calls.
        """
        time = float(time)  # a numpy float would turn all levels to double
        darkness, covered = self._darkness(time), self._covered(time)
        scene: NDArray[np.float32]
        if covered >= 1:
            scene = self._cover.over(self._cover.image, 1.0, time)
        else:
            turn = next((
                turn for turn in self._plan.turns if turn.start < time < turn.end), None)
            if turn is None:
                painted = self._scene(time)
            else:  # the frame is exposed while the camera moves
                painted = np.mean([
                    self._scene(min(max(time + late, turn.start), turn.end))
                    for late in (-0.012, -0.004, 0.004, 0.012)], axis=0).astype(np.uint8)
            scene = (self._dim(painted, time, darkness) if darkness > 0
                     else painted.astype(np.float32))
            if self._adapts:
                scene *= np.float32(self._adaptation(time))
            if covered > 0:
                scene = self._cover.over(scene, covered, time)
        return self._sensor.expose(scene, time, max(darkness, covered))

    # -- dense truth -------------------------------------------------------------------------

    def lit(self, time: float) -> bool | None:
        """Say whether the light is on; None while it changes."""
        darkness = self._darkness(time)
        return not darkness if darkness in (0, 1) else None

    @property
    def dim(self) -> bool:
        """Say whether its dark could be taken for a dim room by who has not seen the light."""
        return self._dark_level > 0.15

    def covered(self, time: float) -> bool | None:
        """Say whether the lens is covered; None while that changes."""
        covered = self._covered(time)
        return bool(covered) if covered in (0, 1) else None

    def observe(
        self, before: float, now: float, grid: tuple[int, int] = (4, 4),
    ) -> PairTruth:
        """
        Give what can be seen to have changed between the frames of two moments.

        :param grid: rows and columns of cells
        """
        before, now = float(before), float(now)
        darkness = self._darkness(before), self._darkness(now)
        covered = self._covered(before), self._covered(now)
        free = max(covered) < 0.5
        lit = free and self._dark_level + (1 - self._dark_level) * (1 - max(darkness)) > 0.12
        moved = free and self._moved(self._view(before), self._view(now)) > SEEN_MOVE
        motion = False
        entering, leaving = [False] * 4, [False] * 4
        still, moving = np.zeros((2, _GRID, _GRID), np.uint8)
        camera = self._camera(self._view(now), (0.0, 0.0), (_GRID, _GRID))
        for actor in self._plan.actors:
            poses = actor.track.pose(before), actor.track.pose(now)
            shares = self._shares(actor, poses, before, now)
            if max(shares) < 0.05:
                continue
            moves = self._moves(actor, poses)
            motion |= moves and max(shares) >= 0.1
            if moves and not moved and abs(shares[1] - shares[0]) > 0.08:
                gains = shares[1] > shares[0]
                side = self._border(actor, (before, now) if gains else (now, before))
                if side is not None:
                    (entering if gains else leaving)[side] = True
            if poses[1] is not None and shares[1] > 0:
                sheet, height = self._sheet(actor, poses[1])
                matrix = _centred(self._placed(actor, poses[1], height, camera))
                mask = cv2.warpAffine(sheet.body, matrix, (_GRID, _GRID), flags=cv2.INTER_LINEAR)
                still = np.maximum(still, mask)
                if moves:
                    moving = np.maximum(moving, mask)
        shown = np.float32((1 - covered[1]) * lit)
        return PairTruth(
            light_down=free and darkness[1] - darkness[0] > 0.25,
            light_up=free and darkness[0] - darkness[1] > 0.25,
            cover_on=covered[1] - covered[0] > 0.25,
            cover_off=covered[0] - covered[1] > 0.25,
            moved=moved and lit,
            motion=motion and lit,
            entering=_sides(entering, lit), leaving=_sides(leaving, lit),
            cell_motion=cells(moving, grid) * shown,
            cell_object=cells(still, grid) * shown)

    def _moved(self, one: View, other: View) -> float:
        """Give how far the picture's corners moved between two views, in frame widths."""
        aspect = self._plan.aspect
        first, last = (self._camera(view, (0.0, 0.0), (1, 1)) for view in (one, other))
        corners = np.array([
            [one.x - aspect / 2, one.x + aspect / 2, one.x],
            [one.y - 0.5, one.y + 0.5, one.y], [1, 1, 1]])
        return float(np.abs((first - last)[:2] @ corners).max())

    def _shares(
        self, actor: Actor, poses: tuple[Pose | None, Pose | None], before: float, now: float,
    ) -> tuple[float, float]:
        aspect = self._plan.aspect
        first, last = (
            0.0 if pose is None else visible_share(actor, pose, self._view(time), aspect)
            for pose, time in zip(poses, (before, now), strict=True))
        return first, last

    def _moves(self, actor: Actor, poses: tuple[Pose | None, Pose | None]) -> bool:
        first, last = poses
        if first is None or last is None:
            return first is not last
        return displacement(first, last, self._plan.aspect, actor.figure.articulated) > 0.012

    def _border(self, actor: Actor, way: tuple[float, float]) -> int | None:
        """
        Give the border (left, right, top, bottom) over which a thing comes or goes.

        :param way: the moment it was seen less of, and the moment it was seen more of
        """
        for number in range(17):
            time = way[0] + (way[1] - way[0]) * number / 16
            pose = actor.track.pose(time)
            if pose is None:
                continue
            left, top, right, bottom = box(actor, pose, self._view(time), self._plan.aspect)
            out = (-left / (right - left), (right - 1) / (right - left),
                   -top / (bottom - top), (bottom - 1) / (bottom - top))
            most = max(range(4), key=lambda side: out[side])
            if out[most] > 0:
                return most
        return None


def _centred(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a matrix between continuous places into one between pixels' indices."""
    result = matrix[:2].copy()
    result[:, 2] += matrix[:2, :2].sum(axis=1) * 0.5 - 0.5
    return result


def _sides(flags: list[bool], lit: bool) -> Sides:
    left, right, top, bottom = (flag and lit for flag in flags)
    return left, right, top, bottom


def cells(mask: Image, grid: tuple[int, int]) -> NDArray[np.float32]:
    """Give the share of each cell, rows and columns of a grid, that a mask of 0..255 covers."""
    rows, columns = grid
    return cv2.resize(
        mask.astype(np.float32) / np.float32(255), (columns, rows), interpolation=cv2.INTER_AREA)
