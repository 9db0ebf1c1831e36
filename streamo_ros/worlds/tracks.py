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
How things move: poses over time, exact at any instant.

A track is a list of segments with stillness between them. A segment walks to another place or
fidgets on the spot; its start and end are the instants that the labels speak of.
"""

from bisect import bisect_right
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import math


@dataclass(frozen=True)
class Pose:
    """Where and how a thing stands; places and sizes in frame heights of the world."""

    x: float
    y: float  # of its foot, downwards
    size: float  # its height
    facing: float = 1.0  # -1..1: looks left..right, 0 turned to the camera
    gait: float = 0.0  # leg cycles walked
    stride: float = 0.0  # 0..1: how far the legs swing
    wave: float = 0.0  # -1..1: the raised arm
    tilt: float = 0.0  # radians about the foot
    lift: float = 0.0  # share of the own height above the ground


def displacement(one: Pose, other: Pose, aspect: float, articulated: bool) -> float:
    """Give how far the outline moved between two poses, as a share of the frame's width."""
    size = max(one.size, other.size)
    place = math.hypot(
        (one.x - other.x) / aspect,
        one.y - other.y + one.lift * one.size - other.lift * other.size)
    change = abs(one.size - other.size) * 0.5
    turn = abs(one.tilt - other.tilt) * 0.6 + abs(one.facing - other.facing) * 0.06
    if articulated:
        legs = (one.stride * math.sin(2 * math.pi * one.gait)
                - other.stride * math.sin(2 * math.pi * other.gait))
        turn += abs(legs) * 0.08 + abs(one.wave - other.wave) * 0.15
    return place + change + size * turn / math.sqrt(aspect)


FIDGETS = ('march', 'wave', 'turn', 'lean', 'bounce', 'shuffle')


@dataclass(frozen=True)
class Segment:
    """One stretch of motion; `hides` when the thing is out of the world after it."""

    start: float
    end: float
    origin: Pose
    target: Pose
    fidget: str = ''
    bend: float = 0.0  # sideways bulge of the path, share of its length
    ramp: float = 0.2  # share of the time spent speeding up, and slowing down
    pace: float = 1.0  # leg cycles or fidgets a second
    reach: float = 1.0  # strength of the fidget
    hides: bool = False
    appears: bool = False  # the thing is out of the world before it

    def pose(self, time: float) -> Pose:
        """Give the pose at a time within the segment."""
        if time <= self.start:
            return self.origin
        if time >= self.end:
            return self.target
        elapsed = time - self.start
        share = elapsed / (self.end - self.start)
        progress, speed = _ease(share, self.ramp)
        here, there = self.origin, self.target
        if self.fidget:
            return self._fidget(elapsed, speed)
        bulge = 4 * self.bend * progress * (1 - progress)
        dx, dy = there.x - here.x, there.y - here.y
        turn = min(elapsed / 0.3, 1.0)
        return Pose(
            here.x + dx * progress + dy * bulge,
            here.y + dy * progress - dx * bulge * 0.4,
            here.size + (there.size - here.size) * progress,
            here.facing + (there.facing - here.facing) * turn,
            here.gait + self.pace * elapsed,
            speed,
            lift=0.02 * speed * abs(math.sin(2 * math.pi * self.pace * elapsed)),
        )

    def _fidget(self, elapsed: float, strength: float) -> Pose:
        angle = 2 * math.pi * self.pace * elapsed
        swing = strength * self.reach * math.sin(angle + 0.6 * math.sin(0.37 * angle))
        here = self.origin
        if self.fidget == 'march':
            return replace(
                here, gait=here.gait + self.pace * elapsed, stride=strength,
                lift=0.03 * strength * abs(math.sin(angle)))
        if self.fidget == 'wave':
            wave = strength * (0.65 + 0.35 * math.sin(angle))
            return replace(here, wave=wave, tilt=0.05 * swing)
        if self.fidget == 'turn':
            side = 1.0 if here.facing >= 0 else -1.0
            return replace(here, facing=side * math.cos(angle * strength), tilt=0.04 * swing)
        if self.fidget == 'lean':
            return replace(here, tilt=0.45 * swing)
        if self.fidget == 'bounce':
            return replace(here, lift=0.35 * abs(swing), tilt=0.06 * swing)
        return replace(here, x=here.x + 0.35 * here.size * swing, tilt=0.08 * swing)


def _ease(share: float, ramp: float) -> tuple[float, float]:
    """Give way covered and speed (1 at full) of speeding up, going evenly and slowing down."""
    if ramp <= 0:
        return share, 1.0
    top = 1 / (1 - ramp)
    if share < ramp:
        return top * share * share / (2 * ramp), share / ramp
    if share > 1 - ramp:
        left = 1 - share
        return 1 - top * left * left / (2 * ramp), left / ramp
    return top * (share - ramp / 2), 1.0


@dataclass
class Track:
    """The segments of one thing in order of time."""

    home: Pose
    present: bool  # whether it is in the world before its first segment
    segments: list[Segment] = field(default_factory=list)

    def pose(self, time: float) -> Pose | None:
        """Give the pose at a time, None while the thing is out of the world."""
        index = bisect_right(self.segments, time, key=_start) - 1
        if index < 0:
            if self.present:
                return self.home
            return None
        segment = self.segments[index]
        if time < segment.end:
            return segment.pose(time)
        return None if segment.hides else segment.target

    @property
    def last(self) -> Pose:
        """The pose after all segments."""
        return self.segments[-1].target if self.segments else self.home

    @property
    def there(self) -> bool:
        """Whether the thing is in the world after all segments."""
        return not self.segments[-1].hides if self.segments else self.present


def _start(segment: Segment) -> float:
    return segment.start


@dataclass(frozen=True)
class Ramp:
    """A change of a level (light, cover) from one value to another."""

    start: float
    end: float
    before: float
    after: float


def level(ramps: list[Ramp], time: float, first: float) -> float:
    """Give the level at a time; `first` holds before the first ramp."""
    value = first
    for ramp in ramps:
        if time < ramp.start:
            break
        if time >= ramp.end:
            value = ramp.after
        else:
            share = (time - ramp.start) / (ramp.end - ramp.start)
            value = ramp.before + (ramp.after - ramp.before) * share
    return value


@dataclass(frozen=True)
class View:
    """Where the camera looks: the middle of its frame in the world, its turn and its zoom."""

    x: float
    y: float
    roll: float = 0.0
    zoom: float = 1.0


@dataclass(frozen=True)
class Turn:
    """One movement of the camera; `shake` is how strongly it swings on its way."""

    start: float
    end: float
    before: View
    after: View
    shake: float = 0.0

    def view(self, time: float) -> View:
        """Give the view at a time within the movement."""
        share = (time - self.start) / (self.end - self.start)
        progress, _ = _ease(share, 0.3)
        swing = self.shake * math.sin(share * 14.0) * math.sin(math.pi * share)
        here, there = self.before, self.after
        return View(
            here.x + (there.x - here.x) * progress + swing,
            here.y + (there.y - here.y) * progress + 0.7 * swing,
            here.roll + (there.roll - here.roll) * progress,
            here.zoom + (there.zoom - here.zoom) * progress)


def view_at(turns: list[Turn], time: float, first: View) -> View:
    """Give the view at a time; `first` holds before the first movement."""
    view = first
    for turn in turns:
        if time < turn.start:
            break
        view = turn.after if time >= turn.end else turn.view(time)
    return view
