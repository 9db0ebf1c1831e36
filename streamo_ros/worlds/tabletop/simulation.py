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
What happens on the table: acts drawn from a seed, carried out by physics, and their exact truth.

The hand follows its path; a thing that it holds follows it. What is released, pushed, dropped or
set rolling is left to physics until it rests. Whatever comes out otherwise than an act meant (a
thing tips, another is touched) makes the stream unclear, and another one is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
import math

import numpy as np
from numpy.typing import NDArray
import pybullet

from streamo_ros.worlds.tabletop.arm import Hand
from streamo_ros.worlds.tabletop.camera import Camera
from streamo_ros.worlds.tabletop.things import draw_things
from streamo_ros.worlds.tabletop.things import Thing
from streamo_ros.worlds.textures import Generator

STEPS = 100
"""Physics steps per second."""

EVENTS = ('arrive', 'fall', 'pick_up', 'put_down', 'stack', 'take_away', 'bump')

_FLOOR = -0.75
_LIFTED = 0.08  # metres above its place from which a thing is plainly held up
_ABOVE = 0.12  # metres between a hand that passes and the top of what stands there
_APART = 0.25  # metres between the middles of things
_ACTS = ('move', 'stack', 'away', 'bring', 'bump', 'push_off', 'drop', 'roll_off', 'feint')

Status = str | None
"""'table', 'held' or 'away'; None in between."""


class Unclear(Exception):
    """Something went otherwise than meant."""


@dataclass(frozen=True)
class Event:
    """
    One thing that happened.

    :param kind: one of EVENTS
    :param thing: index of the thing it happened to
    :param start: second of the first sign
    :param end: second from which it is complete
    :param settled: for what is known from stillness alone: both frames of the pair must lie after
        this second; None for the rest
    :param on: index of the thing it was stacked on
    :param by_arm: the arm did it
    :param new: the thing was not on the table before
    """

    kind: str
    thing: int
    start: float
    end: float
    settled: float | None = None
    on: int | None = None
    by_arm: bool = True
    new: bool = False

    @property
    def faint(self) -> bool:
        """Say whether, until its end, it is there but too small to see."""
        return False


@dataclass(frozen=True)
class Stage:
    """
    The table and what looks at it.

    :param half: half the table's sides along x and y, metres; its top is at z = 0
    :param base: the arm's shoulder
    :param park: where the hand rests, out of view or beside the table
    """

    half: tuple[float, float]
    camera: Camera
    base: tuple[float, float, float]
    park: tuple[float, float, float]
    outside: tuple[float, float, float]


def draw_stage(rng: Generator) -> Stage:
    """Draw a table, a camera before it and an arm beside it."""
    half = float(rng.uniform(0.39, 0.46)), float(rng.uniform(0.3, 0.35))
    aspect = float(rng.choice((1.0, 1.15, 4 / 3)))
    rise = math.radians(rng.uniform(36, 62))
    turn = math.radians(rng.uniform(-22, 22))
    distance = float(rng.uniform(1.5, 1.9))
    target = float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.01, 0.05)), 0.1
    eye = (
        target[0] + distance * math.cos(rise) * math.sin(turn),
        target[1] - distance * math.cos(rise) * math.cos(turn),
        target[2] + distance * math.sin(rise))
    # The table's near edge fills most of the frame's width.
    wide = float(rng.uniform(1.06, 1.2)) * 2 * half[0] / aspect
    field_ = math.degrees(2 * math.atan(wide / 2 / distance))
    camera = Camera(eye, target, field_, aspect)
    side = float(rng.choice((-1.0, 1.0)))
    place = rng.random()
    if place < 0.7:  # beside the table
        away = side, float(rng.uniform(-0.3, 0.5))
    else:  # behind it
        away = side * float(rng.uniform(0.2, 0.7)), 1.0
    length = math.hypot(*away)
    away = away[0] / length, away[1] / length
    base = away[0] * 1.35, away[1] * 1.35, float(rng.uniform(0.2, 0.4))
    outside = next((
        (away[0] * far, away[1] * far, 0.3) for far in np.arange(0.5, 1.3, 0.04)
        if all(camera.outside(np.array([away[0] * far, away[1] * far, z]), 0.2)[1]
               for z in (0.1, 0.25, 0.4))), None)
    if outside is None:
        return draw_stage(rng)
    park = outside
    if rng.random() < 0.35:  # it rests in view, over the table's edge
        near = float(rng.uniform(0.48, 0.6))
        park = away[0] * near, away[1] * near, float(rng.uniform(0.3, 0.4))
    return Stage(half, camera, base, park, outside)


@dataclass
class Record:
    """
    All that happened, a row a step.

    :param poses: (steps, things, 7): position and quaternion (x, y, z, w)
    :param hands: where the hand is
    :param status: for each thing, (second, status, what it stands on) from that second on
    """

    things: tuple[Thing, ...]
    poses: NDArray[np.float64]
    hands: list[Hand]
    events: tuple[Event, ...]
    status: list[list[tuple[float, Status, int | None]]] = field(default_factory=list)

    def step(self, time: float) -> int:
        """Return the row of a moment: the last one that is not later."""
        return min(max(int(time * STEPS), 0), len(self.poses) - 1)

    def state(self, thing: int, time: float) -> tuple[Status, int | None]:
        """Return a thing's status, and what it stands on if that is a thing."""
        last = next(entry for entry in reversed(self.status[thing])
                    if entry[0] <= time or entry is self.status[thing][0])
        return last[1], last[2]


class Simulation:
    """
    One stream's physics.

    :raises Unclear: when something went otherwise than meant
    """

    def __init__(self, rng: Generator, split: str, seconds: float, stage: Stage) -> None:
        self._rng = rng
        self._stage = stage
        self._seconds = seconds
        count = int(rng.choice((2, 3, 4), p=(0.3, 0.45, 0.25)))
        self._things = draw_things(rng, split, count)
        self._client = pybullet.connect(pybullet.DIRECT)
        try:
            self._build()
            self._lay_out()
            self._run()
        finally:
            pybullet.disconnect(self._client)
        self.record = Record(
            self._things, np.stack(self._poses), self._hands,
            tuple(sorted(self._events, key=lambda event: event.end)), self._status)

    # -- setting up ------------------------------------------------------------------------

    def _build(self) -> None:
        client = self._client
        pybullet.setPhysicsEngineParameter(
            fixedTimeStep=1 / STEPS, numSolverIterations=20, deterministicOverlappingPairs=1,
            physicsClientId=client)
        pybullet.setGravity(0, 0, -9.81, physicsClientId=client)
        half = self._stage.half
        self._solid((half[0], half[1], 0.02), (0, 0, -0.02))
        self._solid((5, 5, 0.1), (0, 0, _FLOOR - 0.1))
        self._fist = self._solid((0.035, 0.035, 0.05), (0, 0, -5))
        self._bodies = [self._body(thing) for thing in self._things]
        self._now = np.zeros((len(self._things), 7))
        self._now[:, 6] = 1.0
        self._now[:, 2] = -5.0 - np.arange(len(self._things))
        self._live: set[int] = set()
        self._held: int | None = None
        self._grip = np.zeros(3)
        park = self._stage.park
        self._hand = Hand(*park, 0.12, float(self._rng.uniform(-0.5, 0.5)))
        self._poses: list[NDArray[np.float64]] = []
        self._hands: list[Hand] = []
        self._events: list[Event] = []
        self._status: list[list[tuple[float, Status, int | None]]] = [
            [(-1.0, 'away', None)] for _ in self._things]

    def _solid(
        self, half: tuple[float, float, float], place: tuple[float, float, float],
    ) -> int:
        client = self._client
        shape = pybullet.createCollisionShape(
            pybullet.GEOM_BOX, halfExtents=half, physicsClientId=client)
        body = int(pybullet.createMultiBody(0, shape, -1, place, physicsClientId=client))
        pybullet.changeDynamics(body, -1, lateralFriction=0.7, physicsClientId=client)
        return body

    def _body(self, thing: Thing) -> int:
        client = self._client
        x, _, z = thing.half
        if not thing.round:
            shape = pybullet.createCollisionShape(
                pybullet.GEOM_BOX, halfExtents=thing.half, physicsClientId=client)
        elif thing.kind == 'ball':
            shape = pybullet.createCollisionShape(
                pybullet.GEOM_SPHERE, radius=x, physicsClientId=client)
        else:
            shape = pybullet.createCollisionShape(
                pybullet.GEOM_CYLINDER, radius=x, height=2 * z, physicsClientId=client)
        body = int(pybullet.createMultiBody(0.25, shape, -1, (0, 0, -9), physicsClientId=client))
        pybullet.changeDynamics(
            body, -1, lateralFriction=0.6, rollingFriction=0.004, spinningFriction=0.004,
            restitution=0.1, linearDamping=0.1, angularDamping=0.4, physicsClientId=client)
        return body

    def _lay_out(self) -> None:
        """Put some things on the table; the others may come later."""
        count = len(self._things)
        first = int(self._rng.integers(1, count + 1)) if count < 4 else int(
            self._rng.integers(2, 4))
        for index in range(first):
            spot = self._spot(index)
            if spot is None:
                continue
            self._set(index, *spot, self._things[index].half[2],
                      float(self._rng.uniform(-math.pi, math.pi)))
            self._status[index] = [(-1.0, 'table', None)]

    def _set(self, index: int, x: float, y: float, z: float, yaw: float) -> None:
        self._now[index] = x, y, z, 0, 0, math.sin(yaw / 2), math.cos(yaw / 2)

    def _spot(self, index: int, apart: float = _APART) -> tuple[float, float] | None:
        """Draw a free place on the table for a thing; None if none is found."""
        half = self._stage.half
        wide = max(self._things[index].half[:2])
        for _ in range(60):
            x, y = (
                float(self._rng.uniform(-side + wide + 0.03, side - wide - 0.03))
                for side in half)
            high = np.array([x, y, self._things[index].half[2]])
            if self._stage.camera.outside(high, float(np.linalg.norm(
                    self._things[index].half)) + 0.02)[0]:
                continue
            if all(math.hypot(x - pose[0], y - pose[1]) > apart
                   for other, pose in enumerate(self._now) if other != index and pose[2] > -0.1):
                return x, y
        return None

    # -- time -------------------------------------------------------------------------------

    @property
    def _time(self) -> float:
        return len(self._poses) / STEPS

    def _step(self, hand: Hand | None = None) -> None:
        """Let one step pass."""
        if hand is not None:
            self._hand = hand
        if self._held is not None:
            self._now[self._held, :3] = np.array(
                [self._hand.x, self._hand.y, self._hand.z]) + self._grip
        if self._live:
            pybullet.stepSimulation(physicsClientId=self._client)
            for index in self._live:
                place, turn = pybullet.getBasePositionAndOrientation(
                    self._bodies[index], physicsClientId=self._client)
                self._now[index] = *place, *turn
        self._poses.append(self._now.copy())
        self._hands.append(self._hand)

    def _wait(self, seconds: float) -> None:
        for _ in range(round(seconds * STEPS)):
            self._step()

    def _move(
        self, x: float, y: float, z: float, seconds: float, opening: float | None = None,
        yaw: float | None = None, each: Callable[[], None] | None = None,
    ) -> None:
        """Move the hand to a place, smoothly."""
        begin = self._hand
        end = Hand(x, y, z, begin.opening if opening is None else opening,
                   begin.yaw if yaw is None else yaw)
        count = max(round(seconds * STEPS), 1)
        for number in range(1, count + 1):
            share = number / count
            share = share * share * (3 - 2 * share)
            self._step(Hand(*(
                getattr(begin, name) + share * (getattr(end, name) - getattr(begin, name))
                for name in ('x', 'y', 'z', 'opening', 'yaw'))))
            if each is not None:
                each()

    def _wake(self, indices: set[int]) -> None:
        """Give things to physics as they lie; the rest of the table is there, too."""
        for index, pose in enumerate(self._now):
            if index == self._held:
                pose = np.array([0, 0, -9.0, 0, 0, 0, 1])
            pybullet.resetBasePositionAndOrientation(
                self._bodies[index], pose[:3], pose[3:], physicsClientId=self._client)
            pybullet.resetBaseVelocity(
                self._bodies[index], (0, 0, 0), (0, 0, 0), physicsClientId=self._client)
        self._live = {
            index for index in range(len(self._now))
            if index in indices or (index != self._held and self._now[index, 2] > -0.1)}
        self._before = self._now.copy()
        self._meant = indices

    def _settle(self, least: float, most: float = 4.0) -> None:
        """Let physics run until all is at rest, and see that only what was meant has moved."""
        self._wait(least)
        last = self._now.copy()
        quiet = 0
        for _ in range(round(most * STEPS)):
            self._step()
            falls = [index for index in self._live if self._now[index, 2] < -0.5]
            moved = np.abs(self._now - last)
            moved[falls] = 0
            quiet = quiet + 1 if moved.max() < 2e-4 else 0
            last = self._now.copy()
            if quiet > 8:
                break
        else:
            raise Unclear
        self._live = set()
        for index, (before, now) in enumerate(zip(self._before, self._now, strict=True)):
            if index not in self._meant and np.abs(before - now)[:3].max() > 0.008:
                raise Unclear

    # -- acts -------------------------------------------------------------------------------

    def _run(self) -> None:
        rng = self._rng
        acts = {
            'move': self._relocate, 'stack': self._stack, 'away': self._take_away,
            'bring': self._bring, 'bump': self._bump, 'push_off': self._push_off,
            'drop': self._drop, 'roll_off': self._roll_off, 'feint': self._feint}
        weights = np.array((0.14, 0.3, 0.11, 0.1, 0.16, 0.09, 0.12, 0.08, 0.06))
        idle = rng.random() < 0.06
        favoured = rng.random(len(_ACTS)) ** 2 + 0.05
        weights = weights * favoured / (weights * favoured).sum()
        self._wait(float(rng.uniform(1.2, 3.2)))
        while self._time < self._seconds:
            if idle:
                self._wait(self._seconds)
                break
            done = acts[str(rng.choice(_ACTS, p=weights))]()
            self._wait(float(rng.uniform(1.2, 3.2)) if done else 0.02)

    def _on_table(self) -> list[int]:
        """Return the things that stand on the table upright, with nothing on them."""
        found = []
        for index, pose in enumerate(self._now):
            thing = self._things[index]
            level = abs(pose[3]) + abs(pose[4]) < 0.1 or thing.kind == 'ball'
            if self._status[index][-1][1] != 'table' or not level:
                continue
            if all(entry[-1][2] != index for entry in self._status):
                found.append(index)
        return found

    def _choose(self, fits: Callable[[Thing], bool], but: int | None = None) -> int | None:
        stock = [index for index in self._on_table()
                 if fits(self._things[index]) and index != but]
        return int(self._rng.choice(stock)) if stock else None

    def _away(self) -> int | None:
        stock = [index for index, entries in enumerate(self._status)
                 if len(entries) == 1 and entries[0][1] == 'away']
        return int(self._rng.choice(stock)) if stock else None

    def _highest(self) -> float:
        tops = [pose[2] + self._things[index].half[2] for index, pose in enumerate(self._now)
                if pose[2] > -0.1 and index != self._held]
        return max(tops, default=0.1) + _ABOVE

    def _pace(self) -> float:
        return float(self._rng.uniform(0.6, 1.25))

    def _top(self, index: int) -> float:
        return float(self._now[index, 2]) + self._things[index].half[2]

    def _grasp(self, index: int) -> None:
        """Go to a thing and pick it up."""
        x, y = (float(value) for value in self._now[index, :2])
        thing = self._things[index]
        wide = 2 * (thing.half[0] if thing.round else thing.half[1])
        turn = 2 * math.atan2(self._now[index, 5], self._now[index, 6])
        yaw = self._hand.yaw if thing.round else _nearest(turn + math.pi / 2, self._hand.yaw)
        top = self._top(index)
        pace = self._pace()
        self._move(x, y, max(top + _ABOVE, self._highest()), 1.2 * pace, wide + 0.07, yaw)
        self._move(x, y, top, 0.7 * pace)
        start = self._time
        self._move(x, y, top, 0.25, wide)
        self._grip = self._now[index, :3] - (x, y, top)
        self._held = index
        low = float(self._now[index, 2])
        self._status[index].append((start, None, None))
        lifted: list[float] = []

        def watch() -> None:
            if not lifted and self._now[index, 2] > low + _LIFTED:
                lifted.append(self._time)
        self._move(x, y, self._highest() + 2 * thing.half[2], 0.9 * pace, each=watch)
        self._in_view(self._now[index])
        self._events.append(Event('pick_up', index, start, lifted[0]))
        self._status[index].append((lifted[0], 'held', None))

    def _release(self, index: int, x: float, y: float, on: int | None, new: bool) -> None:
        """Carry what is held to a place and let it go there."""
        thing = self._things[index]
        pace = self._pace()
        high = self._highest() + 2 * thing.half[2]
        base = 0.0 if on is None else self._top(on)
        top = base + 2 * thing.half[2] + 0.002
        self._move(x, y, high, 1.1 * pace)
        self._in_view(self._now[index])
        start = self._time
        self._status[index].append((start, None, None))
        self._move(x, y, top, 0.8 * pace)
        self._held = None
        self._wake({index})
        placed = self._now[index].copy()
        self._move(x, y, top, 0.25, self._hand.opening + 0.07)
        clear: list[float] = []

        def watch() -> None:
            if not clear and self._hand.z > top + 0.06:
                clear.append(self._time)
        self._move(x, y, max(top + _ABOVE, self._highest()), 0.7 * pace, each=watch)
        self._settle(0.1)
        if np.abs(self._now[index] - placed)[:3].max() > 0.03:
            raise Unclear
        end = clear[0]
        kind = 'put_down' if on is None else 'stack'
        self._events.append(Event(kind, index, start, end, on=on, new=new))
        self._status[index].append((end, 'table', on))

    def _in_view(self, pose: NDArray[np.float64]) -> None:
        """See that a thing's middle is in the frame, or it would seem to have been taken away."""
        if self._stage.camera.outside(pose[:3], 0.02)[0]:
            raise Unclear

    def _retreat(self) -> None:
        self._move(*self._stage.park, 1.1 * self._pace(), 0.12)

    def _relocate(self) -> bool:
        index = self._choose(lambda thing: thing.graspable)
        spot = None if index is None else self._spot(index)
        if index is None or spot is None:
            return False
        self._grasp(index)
        self._wait(float(self._rng.uniform(0.0, 2.0)))
        self._release(index, *spot, None, False)
        self._retreat()
        return True

    def _stack(self) -> bool:
        below = self._choose(lambda thing: thing.carries)
        index = self._choose(lambda thing: thing.graspable and thing.rests, below)
        if below is None or index is None:
            return False
        self._grasp(index)
        self._wait(float(self._rng.uniform(0.0, 1.5)))
        x, y = (float(value) for value in self._now[below, :2])
        self._release(index, x, y, below, False)
        self._retreat()
        return True

    def _take_away(self) -> bool:
        index = self._choose(lambda thing: thing.graspable)
        if index is None or len(self._on_table()) < 2 and self._rng.random() < 0.7:
            return False
        self._grasp(index)
        reach = float(np.linalg.norm(self._things[index].half))
        seen: list[tuple[float, bool]] = []

        def watch() -> None:
            some, whole = self._stage.camera.outside(self._now[index, :3], reach)
            if some and not seen:
                seen.append((self._time, False))
            if whole and len(seen) == 1:
                seen.append((self._time, True))
        self._move(*self._stage.outside, 1.4 * self._pace(), each=watch)
        if len(seen) < 2:
            raise Unclear
        (start, _), (end, _) = seen
        self._events.append(Event('take_away', index, start, end))
        self._status[index] += [(start, None, None), (end, 'away', None)]
        self._held = None
        self._now[index, 2] = -9.0
        self._wait(float(self._rng.uniform(0.3, 1.0)))
        if self._stage.park != self._stage.outside:
            self._retreat()
        return True

    def _bring(self) -> bool:
        index = self._away()
        if index is None or not self._things[index].graspable:
            return False
        thing = self._things[index]
        spot = self._spot(index)
        if spot is None:
            return False
        self._move(*self._stage.outside, 0.8)
        self._set(index, 0, 0, -9, self._hand.yaw + math.pi / 2)
        wide = 2 * (thing.half[0] if thing.round else thing.half[1])
        self._step(Hand(*self._stage.outside, wide, self._hand.yaw))
        self._grip = np.array([0, 0, -thing.half[2]])
        self._held = index
        reach = float(np.linalg.norm(thing.half))
        seen: list[float] = []

        def watch() -> None:
            some, whole = self._stage.camera.outside(self._now[index, :3], reach)
            if not seen and not whole:
                seen.append(self._time)
            if len(seen) == 1 and not some:
                seen.append(self._time)
        self._move(*spot, self._highest() + 2 * thing.half[2], 1.5 * self._pace(), each=watch)
        if len(seen) < 2:
            raise Unclear
        self._status[index] += [(seen[0], None, None), (seen[1], 'held', None)]
        self._wait(float(self._rng.uniform(0.0, 1.0)))
        self._release(index, *spot, None, True)
        self._retreat()
        return True

    def _push(self, index: int, length: float, angle: float, off: bool) -> bool:
        """Push a thing with the closed hand; say whether the way to it was free."""
        thing = self._things[index]
        x, y = (float(value) for value in self._now[index, :2])
        way = np.array([math.cos(angle), math.sin(angle)])
        turn = angle - 2 * math.atan2(self._now[index, 5], self._now[index, 6])
        own = thing.half[0] if thing.round else (
            thing.half[0] * abs(math.cos(turn)) + thing.half[1] * abs(math.sin(turn)))
        reach = own + 0.06
        begin = np.array([x, y]) - way * reach
        end = np.array([x, y]) + way * length
        for other, pose in enumerate(self._now):
            if other == index or pose[2] < -0.1:
                continue
            line = np.clip((pose[:2] - begin) @ way, 0, reach + length + (0.0 if off else 0.2))
            if np.linalg.norm(pose[:2] - begin - way * line) < _APART * 0.9:
                return False
        pace = self._pace()
        low = 0.075
        self._move(begin[0], begin[1], self._highest(), 1.2 * pace, 0.03, angle)
        self._move(begin[0], begin[1], low, 0.6 * pace)
        self._wake({index})
        first = self._now[index].copy()
        moves: list[float] = []

        def watch() -> None:
            pybullet.resetBasePositionAndOrientation(
                self._fist, (self._hand.x, self._hand.y, self._hand.z - 0.02),
                (0, 0, math.sin(angle / 2), math.cos(angle / 2)), physicsClientId=self._client)
            if not moves and np.abs(self._now[index] - first)[:3].max() > 0.01:
                moves.append(self._time)
        stop = end - way * (reach - 0.06 + 0.03)
        reached = max(1.0, np.linalg.norm(stop - begin) / 0.35)
        self._move(stop[0], stop[1], low, reached * pace, each=watch)
        pybullet.resetBasePositionAndOrientation(
            self._fist, (0, 0, -5), (0, 0, 0, 1), physicsClientId=self._client)
        if not moves:
            raise Unclear
        self._moved = moves[0]
        back = stop - 0.05 * way
        self._move(back[0], back[1], low + 0.05, 0.3)
        self._move(self._hand.x, self._hand.y, self._highest(), 0.6 * pace)
        self._settle(0.1)
        self._finish_push(index, first, off, True)
        self._retreat()
        return True

    def _finish_push(
        self, index: int, first: NDArray[np.float64], off: bool, by_arm: bool,
    ) -> None:
        """Note what became of a thing that was set in motion at ``_moved``."""
        rows = np.array([poses[index] for poses in self._poses[round(self._moved * STEPS):]])
        if (self._now[index, 2] < -0.2) != off:
            raise Unclear
        if off:
            half = self._stage.half
            over = ((np.abs(rows[:, 0]) > half[0]) | (np.abs(rows[:, 1]) > half[1])
                    | (rows[:, 2] < first[2] - 0.03))
            start = self._moved + float(np.argmax(over)) / STEPS
            self._in_view(rows[int(np.argmax(over))])
            end = self._moved + float(np.argmax(rows[:, 2] < -0.14)) / STEPS
            self._events.append(Event('fall', index, start, end, by_arm=by_arm))
            self._status[index] += [(start, None, None), (end, 'away', None)]
            return
        gone = np.linalg.norm(rows[:, :2] - rows[-1, :2], axis=1)
        if np.linalg.norm(first[:2] - rows[-1, :2]) < 0.06:
            raise Unclear
        settled = self._moved + float(np.flatnonzero(gone > 0.004)[-1] + 1) / STEPS
        self._events.append(Event('bump', index, self._moved, settled + 0.05, settled))

    def _bump(self) -> bool:
        index = self._choose(lambda thing: thing.kind not in ('ball', 'plate'))
        if index is None:
            return False
        thing = self._things[index]
        length = float(self._rng.uniform(0.13, 0.22))
        for _ in range(6):
            angle = float(self._rng.uniform(-math.pi, math.pi))
            end = self._now[index, :2] + length * np.array([math.cos(angle), math.sin(angle)])
            if (np.abs(end) < np.array(self._stage.half) - max(thing.half[:2]) - 0.03).all():
                return self._push(index, length, angle, off=False)
        return False

    def _edge(self, index: int) -> tuple[float, float]:
        """Return how far an edge of the table is, and the way; not the one seen from behind."""
        x, y = self._now[index, :2]
        half = self._stage.half
        ways = [(half[0] - x, 0.0), (half[0] + x, math.pi), (half[1] + y, -math.pi / 2)]
        ways.sort()
        return ways[0] if self._rng.random() < 0.7 else ways[1]

    def _push_off(self) -> bool:
        index = self._choose(lambda thing: thing.kind != 'plate')
        if index is None:
            return False
        distance, angle = self._edge(index)
        length = float(distance) + max(self._things[index].half[:2]) * 1.2 + 0.05
        return self._push(index, length, angle + float(self._rng.uniform(-0.15, 0.15)), off=True)

    def _roll_off(self) -> bool:
        """A thing goes over the edge with nobody near it."""
        index = self._choose(lambda thing: thing.kind not in ('plate', 'bottle', 'cone'))
        if index is None:
            return False
        thing = self._things[index]
        distance, angle = self._edge(index)
        way = np.array([math.cos(angle), math.sin(angle)])
        for other, pose in enumerate(self._now):
            if other != index and pose[2] > -0.1:
                line = max((pose[:2] - self._now[index, :2]) @ way, 0)
                if np.linalg.norm(pose[:2] - self._now[index, :2] - way * line) < _APART * 0.9:
                    return False
        self._wake({index})
        first = self._now[index].copy()
        ball = thing.kind == 'ball'
        far = float(distance) + (0.0 if ball else max(thing.half[:2]))
        speed = 0.35 + 1.9 * far if ball else math.sqrt(2 * 0.45 * 9.81 * far) + 0.15
        turn = (0, 0, 0) if not ball else (
            -way[1] * speed / thing.half[0], way[0] * speed / thing.half[0], 0)
        pybullet.resetBaseVelocity(
            self._bodies[index], (way[0] * speed, way[1] * speed, 0), turn,
            physicsClientId=self._client)
        self._moved = self._time
        self._settle(0.8)
        self._finish_push(index, first, True, False)
        return True

    def _drop(self) -> bool:
        """A thing comes from above and lands on the table."""
        index = self._away()
        if index is None or self._things[index].kind == 'bottle':
            return False
        thing = self._things[index]
        spot = self._spot(index, _APART + 0.05)
        if spot is None:
            return False
        x, y = spot
        reach = float(np.linalg.norm(thing.half))
        high = next((z for z in np.arange(0.3, 2.0, 0.05) if self._stage.camera.outside(
            np.array([x, y, z]), reach)[1]), None)
        if high is None:
            return False
        self._set(index, x, y, float(high), float(self._rng.uniform(-math.pi, math.pi)))
        self._wake({index})
        begin = len(self._poses)
        self._settle(0.8)
        rows = np.array([poses[index] for poses in self._poses[begin:]])
        inside = [not self._stage.camera.outside(row[:3], reach)[1] for row in rows]
        if self._now[index, 2] < 0:
            raise Unclear
        start = (begin + inside.index(True)) / STEPS
        landed = (begin + int(np.argmax(rows[:, 2] < thing.half[2] + 0.01))) / STEPS
        end = landed + 0.15
        self._events.append(Event('arrive', index, start, end, by_arm=False, new=True))
        self._status[index] += [(start, None, None), (end, 'table', None)]
        return True

    def _feint(self) -> bool:
        """The arm goes over the table, or nearly to a thing, and does nothing."""
        half = self._stage.half
        index = self._choose(lambda thing: True) if self._rng.random() < 0.5 else None
        if index is None:
            x, y = (float(self._rng.uniform(-side, side)) for side in half)
        else:
            x, y = (float(value) for value in self._now[index, :2])
        pace = self._pace()
        self._move(x, y, self._highest() + 0.03, 1.2 * pace, 0.2)
        if index is not None and self._rng.random() < 0.6:
            self._move(x, y, self._top(index) + 0.1, 0.6 * pace)
            self._wait(float(self._rng.uniform(0.0, 0.6)))
            self._move(x, y, self._highest(), 0.6 * pace)
        self._retreat()
        return True


def _nearest(yaw: float, to: float) -> float:
    """Turn an axis (the same after half a turn) to the angle nearest to another."""
    return yaw + math.pi * round((to - yaw) / math.pi)
