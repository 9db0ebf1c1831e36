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
What happens in a stream: a plan of light, cover, camera and things, drawn once from a seed.

Acts follow one another with random silences, so that most truths stay unambiguous; some streams
are busy throughout, and a few let acts collide.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import math

import numpy as np

from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.tracks import FIDGETS
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import Ramp
from streamo_ros.worlds.tracks import Segment
from streamo_ros.worlds.tracks import Track
from streamo_ros.worlds.tracks import Turn
from streamo_ros.worlds.tracks import View
from streamo_ros.worlds.tracks import view_at

STILL = 2.2
"""Least seconds of stillness around motion: a pair of ticks at one a second must fit in it."""

_ACTS = {
    'start': ('stroll', 'fidget', 'stroll', 'come'),
    'stop': ('stroll', 'fidget', 'stroll', 'come'),
    'enter': ('come', 'come', 'cross'), 'leave': ('go', 'go', 'cross'),
    'light_off': ('light',), 'light_on': ('light',), 'cover': ('cover',), 'uncover': ('cover',),
    'move': ('move',),
}


@dataclass
class Actor:
    """One thing and its way through the stream."""

    figure: Figure
    track: Track
    base: float  # its height at the middle of the ground
    cut: float = 1.0  # share of its height above the frame's lower border: near things show less


@dataclass
class Plan:
    """Everything that happens, and the stage it happens on."""

    aspect: float
    horizon: float
    depth: float  # how much things grow towards the camera
    actors: list[Actor] = field(default_factory=list)
    light_first: float = 1.0
    light: list[Ramp] = field(default_factory=list)  # 1 lit .. 0 dark
    cover_first: float = 0.0
    cover: list[Ramp] = field(default_factory=list)  # 0 free .. 1 covered
    view_first: View = View(0.5, 0.5)
    turns: list[Turn] = field(default_factory=list)
    drift: Callable[[View, float], View] | None = None  # what a view becomes by unrest

    def view(self, time: float) -> View:
        """Give where the camera looks at a time."""
        view = view_at(self.turns, time, self.view_first)
        return view if self.drift is None else self.drift(view, time)

    @property
    def views(self) -> list[View]:
        """All views in which the camera rests."""
        return [self.view_first, *(turn.after for turn in self.turns)]


def plan(
    rng: Generator, split: str, seconds: float, aspect: float, horizon: float,
    skills: Sequence[str], figures: Callable[[Generator], Figure] | None = None,
) -> Plan:
    """
    Draw what happens in a stream.

    :param horizon: height above which no foot stands, 0..1 from the top
    :param skills: what to draw acts from; empty for a stream in which nothing is sought
    :param figures: draws the things that come and go; None: any
    """
    return _Planner(rng, split, seconds, aspect, horizon, skills, figures).plan


class _Planner:

    def __init__(
        self, rng: Generator, split: str, seconds: float, aspect: float, horizon: float,
        skills: Sequence[str], figures: Callable[[Generator], Figure] | None,
    ) -> None:
        self._rng = rng
        self._figures = figures
        self._split = split
        self._seconds = seconds
        depth = 0.0 if rng.random() < 0.25 else float(rng.uniform(0.2, 1.6))
        self.plan = Plan(
            aspect, horizon, depth, view_first=View(aspect / 2, 0.5))
        self._view = self.plan.view_first
        self._free = rng.random() < 0.2  # nothing stands on a ground: seen from above
        self._speed = float(np.exp(rng.uniform(np.log(0.06), np.log(0.4))))
        self._dark = False
        self._covered = False
        self._populate(skills)
        self._run(skills)

    # -- the stage ---------------------------------------------------------------------------

    def _populate(self, skills: Sequence[str]) -> None:
        rng = self._rng
        moving = any(skill in ('start', 'stop', 'leave') for skill in skills)
        for _ in range(int(rng.choice(4, p=(0.12, 0.43, 0.3, 0.15) if moving else
                                      (0.4, 0.3, 0.2, 0.1)))):
            self._add(present=True)

    def _add(self, present: bool) -> Actor:
        rng = self._rng
        figure = (Figure(int(rng.integers(2**62)), self._split) if self._figures is None
                  else self._figures(rng))
        low, high = figure.heights
        base = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        base = min(base, 0.42 * self.plan.aspect / figure.width)
        cut = 1.0
        if not self._free and figure.kind in ('person', 'robot', 'cutout') and rng.random() < 0.14:
            cut, base = float(rng.uniform(0.45, 0.8)), float(rng.uniform(0.5, 0.95))
            base = min(base, 0.5 * self.plan.aspect / figure.width)
        actor = Actor(figure, Track(Pose(0.0, 0.0, base), present), base, cut)
        if present:
            home = self._spot(actor)
            facing = float(rng.choice((-1.0, 1.0)))
            if figure.kind == 'person' and rng.random() < 0.3:
                facing = 0.1
            actor.track.home = replace(home, facing=facing)
        self.plan.actors.append(actor)
        return actor

    def _size(self, actor: Actor, y: float) -> float:
        if self._free or actor.cut < 1:
            return actor.base
        growth = 1 + self.plan.depth * (y - 0.75)
        return min(max(actor.base * growth, 0.08), 0.6)

    def _spot(self, actor: Actor, away: float = 0.0) -> Pose:
        """Draw a place wholly inside the view, `away` from where the actor stands."""
        rng = self._rng
        view = self._view
        half_x, half_y = self.plan.aspect / 2 / view.zoom, 0.5 / view.zoom
        here = actor.track.last
        best, most = None, -1.0
        for _ in range(8):
            top = view.y - half_y
            bottom = view.y + half_y - 0.04
            if not self._free:
                top = max(top, self.plan.horizon - actor.base)
            y = bottom - float(rng.random()) * max(bottom - top - actor.base - 0.02, 0.0)
            size = self._size(actor, y)
            y = max(y, view.y - half_y + size * 1.02 + 0.01)
            if actor.cut < 1:
                y = view.y + half_y + (1 - actor.cut) * size
            room = half_x - size * actor.figure.width / 2 - 0.03 * self.plan.aspect
            x = view.x + float(rng.uniform(-1, 1)) * max(room, 0.0)
            distance = math.hypot((x - here.x) / self.plan.aspect, y - here.y)
            clear = min((
                abs(x - other.track.last.x) for other in self.plan.actors
                if other is not actor and other.track.there), default=1.0)
            merit = min(clear, 0.3) + (1.0 if distance >= away else distance)
            if merit > most:
                best, most = Pose(x, y, size), merit
            if merit >= 1.3:
                break
        assert best is not None
        return best

    def _outside(self, actor: Actor, near: Pose, side: str) -> Pose:
        """Give a place just outside one border, near a place inside."""
        rng = self._rng
        view = self._view
        half_x, half_y = self.plan.aspect / 2 / view.zoom, 0.5 / view.zoom
        margin = 0.04
        if side in ('left', 'right'):
            y = near.y + float(rng.uniform(-0.08, 0.08))
            y = min(y, view.y + half_y - 0.03) if actor.cut == 1 else near.y
            size = self._size(actor, y)
            gap = half_x + size * (actor.figure.width / 2) * 1.05 + margin
            x = view.x + (gap if side == 'right' else -gap)
        else:
            x = near.x + float(rng.uniform(-0.12, 0.12))
            if side == 'top':
                y = view.y - half_y - margin
                size = self._size(actor, y)
            else:
                size = self._size(actor, view.y + half_y + actor.base)
                y = view.y + half_y + size * 1.12 + margin
        return Pose(x, y, size)

    def _side(self, actor: Actor) -> str:
        if actor.cut < 1:
            return str(self._rng.choice(('left', 'right')))
        upright = actor.figure.kind in ('person', 'animal', 'car') and not self._free
        return str(self._rng.choice(
            ('left', 'right', 'top', 'bottom'),
            p=(0.43, 0.43, 0.02, 0.12) if upright else (0.32, 0.32, 0.18, 0.18)))

    # -- acts --------------------------------------------------------------------------------

    def _run(self, skills: Sequence[str]) -> None:
        rng = self._rng
        idle = rng.random() < 0.06  # all through the stream nothing happens
        acts = set() if idle else {act for skill in skills for act in _ACTS[skill]}
        time = STILL + float(rng.exponential(2.0))
        opening = rng.random()
        if 'light' in acts and opening < 0.3:
            self.plan.light_first = 0.0
            self._dark = True
        elif 'cover' in acts and opening < 0.3:
            self.plan.cover_first = 1.0
            self._covered = True
        elif acts and opening > 0.8:
            time = self._opening_motion()
        crowd = rng.random() < 0.25
        patience = float(np.exp(rng.uniform(np.log(0.8), np.log(6.0))))
        colliding = rng.random() < 0.03
        while time < self._seconds and (acts or crowd):
            if self._dark or self._covered:
                act = 'light' if self._dark else 'cover'
            elif not acts:
                break
            else:
                act = str(rng.choice(_ACTS[str(rng.choice(skills))]))
            time = self._act(act, time)
            if colliding:
                time -= 1.0
            time += 0.8 + float(rng.exponential(patience))
            if time > self._seconds * 0.5 and rng.random() < 0.12 and not crowd:
                break
        if crowd:
            self._wander()

    def _act(self, act: str, time: float) -> float:
        """Add an act from a time on; give when it is over."""
        if act == 'light':
            return self._switch_light(time)
        if act == 'cover':
            return self._switch_cover(time)
        if act == 'move':
            return self._turn_camera(time)
        time = max(time, self._quiet_until())
        over = self._motion(act, time)
        if self._rng.random() < 0.18:
            later = time + float(self._rng.uniform(0.0, 0.8)) * (over - time)
            second = str(self._rng.choice(('stroll', 'fidget', 'cross', 'come')))
            over = max(over, self._motion(second, later, min(over, later + 1.0)))
        return over + STILL - 0.8

    def _quiet_until(self) -> float:
        """Give the time from which motion stands apart from everything before."""
        ends = [ramp.end for ramp in (*self.plan.light, *self.plan.cover)]
        ends += [turn.end + 0.5 for turn in self.plan.turns]
        motion = [actor.track.segments[-1].end + STILL for actor in self.plan.actors
                  if actor.track.segments]
        return max([end + 1.2 for end in ends] + motion, default=0.0)

    def _idle(self, time: float, there: bool) -> list[Actor]:
        return [
            actor for actor in self.plan.actors
            if actor.track.there == there
            and (not actor.track.segments or actor.track.segments[-1].end < time)]

    def _motion(self, act: str, time: float, earliest_end: float = 0.0) -> float:
        rng = self._rng
        inside = self._idle(time, there=True)
        if act in ('stroll', 'fidget', 'go') and not inside:
            act = 'come'
        if act in ('come', 'cross'):
            if sum(actor.track.there for actor in self.plan.actors) >= 4:
                if not inside:
                    return time
                act = 'go'
            else:
                outside = self._idle(time, there=False)
                actor = outside[int(rng.integers(len(outside)))] if (
                    outside and rng.random() < 0.4) else self._add(present=False)
                side = self._side(actor)
                target = self._spot(actor)
                origin = self._outside(actor, target, side)
                if act == 'come':
                    return self._walk(actor, time, origin, target, appears=True)
                other = {'left': 'right', 'right': 'left', 'top': 'bottom', 'bottom': 'top'}[side]
                target = self._outside(actor, target, other)
                return self._walk(actor, time, origin, target, appears=True, hides=True)
        actor = inside[int(rng.integers(len(inside)))]
        here = actor.track.last
        if act == 'go':
            target = self._outside(actor, here, self._side(actor))
            return self._walk(actor, time, here, target, hides=True)
        if act == 'fidget' and actor.track.last.size > 0.13:
            return self._fidget(actor, time)
        return self._walk(actor, time, here, self._spot(actor, away=0.18))

    def _walk(
        self, actor: Actor, time: float, origin: Pose, target: Pose, appears: bool = False,
        hides: bool = False,
    ) -> float:
        rng = self._rng
        dx = (target.x - origin.x) / self.plan.aspect
        distance = math.hypot(dx, target.y - origin.y)
        speed = self._speed * float(np.exp(rng.uniform(-0.5, 0.5)))
        speed = min(max(speed, 0.045), 0.45)
        lasts = min(max(distance / speed, 1.2), 9.0)
        facing = math.copysign(1.0, dx) if abs(dx) > 0.5 * abs(target.y - origin.y) else (
            math.copysign(0.3, dx))
        if actor.figure.kind in ('box', 'ball', 'cutout'):
            facing = 1.0
        if appears:
            origin = replace(origin, facing=facing)
        target = replace(target, facing=facing)
        pace = min(max(speed / max(origin.size, target.size) * 1.1, 0.6), 2.4)
        actor.track.segments.append(Segment(
            time, time + lasts, origin, target, bend=float(rng.normal(0, 0.10)),
            ramp=min(float(rng.uniform(0.1, 0.5)) / lasts, 0.4), pace=pace,
            hides=hides, appears=appears))
        return time + lasts

    def _fidget(self, actor: Actor, time: float) -> float:
        rng = self._rng
        kinds = FIDGETS if actor.figure.kind == 'person' else (
            ('march', 'lean', 'shuffle', 'turn') if actor.figure.kind == 'animal'
            else ('turn', 'lean', 'bounce', 'shuffle'))
        here = actor.track.last
        lasts = float(rng.uniform(2.4, 7.0))
        actor.track.segments.append(Segment(
            time, time + lasts, here, here, fidget=str(rng.choice(kinds)), ramp=0.4 / lasts,
            pace=float(rng.uniform(0.45, 1.4)), reach=float(rng.uniform(0.7, 1.2))))
        return time + lasts

    def _opening_motion(self) -> float:
        """Let something move from before the stream's beginning."""
        time = -float(self._rng.uniform(0.5, 2.0))
        over = self._motion('stroll', time)
        if over < STILL:
            for actor in self.plan.actors:
                if actor.track.segments:
                    segment = actor.track.segments[-1]
                    over = STILL + float(self._rng.uniform(0.2, 2.0))
                    actor.track.segments[-1] = replace(segment, end=over)
        return over + STILL

    def _wander(self) -> None:
        """Let people cross or walk about all through the stream, whatever else happens."""
        rng = self._rng
        if rng.random() < 0.5:
            time = float(rng.uniform(-6.0, 3.0))
            while time < self._seconds:
                self._motion('cross', time)
                time += float(rng.uniform(2.5, 6.0))
        for _ in range(int(rng.integers(1, 3))):
            actor = self._add(present=True)
            time = -1.0
            while time < self._seconds + 2.0:
                here = actor.track.last
                time = self._walk(actor, time, here, self._spot(actor, away=0.2))
                actor.track.segments[-1] = replace(actor.track.segments[-1], ramp=0.02)

    def _switch_light(self, time: float) -> float:
        rng = self._rng
        time = max(time, self._quiet_until())
        lasts = 0.0 if rng.random() < 0.3 else float(rng.uniform(0.05, 1.5))
        before, after = (0.0, 1.0) if self._dark else (1.0, 0.0)
        self.plan.light.append(Ramp(time, time + lasts, before, after))
        self._dark = not self._dark
        return time + lasts + 0.5

    def _switch_cover(self, time: float) -> float:
        rng = self._rng
        time = max(time, self._quiet_until())
        lasts = float(rng.uniform(0.1, 0.8))
        before, after = (1.0, 0.0) if self._covered else (0.0, 1.0)
        self.plan.cover.append(Ramp(time, time + lasts, before, after))
        self._covered = not self._covered
        return time + lasts + 0.5

    def _keeps(self, view: View) -> bool:
        """Say whether everything in the world would be in a view as a whole."""
        half_x, half_y = self.plan.aspect / 2 / view.zoom, 0.5 / view.zoom
        for actor in self.plan.actors:
            pose = actor.track.last
            if actor.track.there and (
                    abs(pose.x - view.x) + pose.size * actor.figure.width / 2 > half_x
                    or pose.y > view.y + half_y or pose.y - pose.size < view.y - half_y):
                return False
        return True

    def _turn_camera(self, time: float) -> float:
        rng = self._rng
        time = max(time, self._quiet_until())
        lasts = float(rng.uniform(0.2, 1.2))
        here = self._view
        home = self.plan.view_first
        after = here
        for attempt in range(16):
            kind = rng.random()
            roll, zoom = here.roll, here.zoom
            x, y = here.x, here.y
            if kind < 0.75:
                far = float(rng.uniform(0.08, 0.40))
                angle = float(rng.choice((0.0, math.pi)) + rng.normal(0, 0.45))
                x += far * math.cos(angle) * self.plan.aspect
                y += far * math.sin(angle) * 0.8
            if 0.6 < kind < 0.85:
                roll = float(rng.uniform(0.06, 0.25) * rng.choice((-1, 1)))
            if kind > 0.8:
                zoom = float(rng.uniform(1.12, 1.4)) if zoom < 1.1 else 1.0
            after = View(x, y, roll, zoom)
            # At first, look for views that carry nothing over the border: those stay unambiguous.
            if (abs(x - home.x) < 0.45 * self.plan.aspect and abs(y - home.y) < 0.3
                    and (attempt > 10 or self._keeps(after))):
                break
        else:
            after = home
        shake = float(rng.uniform(0.01, 0.05)) if rng.random() < 0.4 else 0.0
        self.plan.turns.append(Turn(time, time + lasts, here, after, shake))
        self._view = after
        return time + lasts + 1.0
