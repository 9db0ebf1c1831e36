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
How a camera gets about: by hand, on foot, on wheels, turning, sweeping, in a cabin.

A ride is steady or changes smoothly over a second or so, and each way of going lasts for seconds:
so that it can be told from a knock by who sees a frame or two a second.
"""

from dataclasses import dataclass
from dataclasses import field
import math

import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.tracks import View

KINDS = ('still', 'held', 'walk', 'drive', 'turn', 'sweep', 'cabin')
_SHARES = (0.12, 0.2, 0.16, 0.24, 0.1, 0.08, 0.1)
_STEP = 0.02  # seconds
_BEFORE = 3.0  # seconds of the ride before the stream begins


@dataclass
class Ride:
    """
    How a camera is carried; offsets in frame heights from where it began, every 0.02 s.

    :param kind: one of KINDS
    :param shake: (N, 3) x, y and roll of its unrest, which all that is seen shares
    :param way: (N, 2) x and the logarithm of the zoom by which it passes the place; what comes and
        goes before the camera goes along
    :param speed: (N,) how fast the place passes, in frame heights a second
    :param changes: spans of seconds in which it starts, stops or turns
    :param exposure: seconds that a frame is exposed
    """

    kind: str
    shake: NDArray[np.float64]
    way: NDArray[np.float64]
    speed: NDArray[np.float64]
    changes: list[tuple[float, float]] = field(default_factory=list)
    exposure: float = 0.02

    @property
    def travels(self) -> bool:
        """Say whether it passes the place, or merely stirs."""
        return self.kind not in ('still', 'held')

    def shaken(self, view: View, time: float) -> View:
        """Return a view as the camera's unrest makes it."""
        x, y, roll = _at(self.shake, time)
        return View(view.x + x, view.y + y, view.roll + roll, view.zoom)

    def passed(self, view: View, time: float) -> View:
        """Return where a view lies in the place at a time."""
        x, zoom = _at(self.way, time)
        return View(view.x + x, view.y, view.roll, view.zoom * math.exp(zoom))

    def passing(self, time: float) -> float:
        """Return how fast the place passes at a time, in frame heights a second."""
        return _at(self.speed[:, None], time)[0]

    def travelled(self, time: float) -> float:
        """Return how far it has come, in frame heights to the right."""
        return _at(self.way, time)[0]

    def changing(self, before: float, now: float) -> bool:
        """Say whether it starts, stops or turns between two moments."""
        return any(start < now and before < end for start, end in self.changes)


def _at(path: NDArray[np.float64], time: float) -> list[float]:
    place = min(max((time + _BEFORE) / _STEP, 0.0), len(path) - 1.001)
    index = int(place)
    share = place - index
    values: list[float] = (path[index] * (1 - share) + path[index + 1] * share).tolist()
    return values


def draw_ride(rng: Generator, seconds: float, aspect: float, kind: str | None = None) -> Ride:
    """
    Draw a ride.

    :param kind: one of KINDS; None draws one
    """
    if kind is None:
        kind = str(rng.choice(KINDS, p=_SHARES))
    count = int((_BEFORE + seconds + 3.0) / _STEP)
    time = np.arange(count) * _STEP - _BEFORE
    path, way = np.zeros((count, 3)), np.zeros((count, 2))
    ride = Ride(kind, path, way, np.zeros(count), exposure=float(rng.uniform(0.005, 0.05)))
    if kind == 'still':
        return ride
    shake = {'held': (0.003, 0.02), 'walk': (0.004, 0.02), 'drive': (0.0, 0.008),
             'turn': (0.0, 0.004), 'sweep': (0.0, 0.001), 'cabin': (0.002, 0.012)}[kind]
    strength = float(rng.uniform(*shake))
    rates = (0.3, 2.5) if kind in ('held', 'walk') else (2.0, 9.0)
    for column, much in ((0, 1.0), (1, 0.8), (2, 0.8)):
        path[:, column] += strength * much * _tremble(rng, time, rates)
    if kind == 'walk':  # each step lifts the camera, every other leans it
        pace = float(rng.uniform(1.5, 2.3))
        high = float(rng.uniform(0.006, 0.03))
        phase = 2 * math.pi * (pace * time + float(rng.random()))
        path[:, 1] += high * np.abs(np.sin(phase / 2)) - high / 2
        path[:, 0] += 0.6 * high * np.sin(phase / 2)
        path[:, 2] += 0.5 * high * np.sin(phase / 2 + 0.4)
    velocity = np.zeros((count, 2))  # across, into the depth
    if kind == 'sweep':
        period = float(rng.uniform(6.0, 16.0))
        wide = float(rng.uniform(0.3, 1.2)) * aspect
        angle = 2 * math.pi * (time / period + float(rng.random()))
        velocity[:, 0] = wide * math.pi / period * np.cos(angle)
        turns = (np.arange(-4, 4 + seconds / period * 2) + 0.5) / 2 - angle[0] / (2 * math.pi)
        ride.changes += [
            (turn * period - _BEFORE - 1.0, turn * period - _BEFORE + 1.0) for turn in turns]
    elif kind != 'held':
        _drive(rng, ride, time, velocity, aspect)
    way[:] = np.cumsum(velocity, axis=0) * _STEP
    way -= way[int(_BEFORE / _STEP)].copy()
    # The painting has so many pixels only, and something must be left to see of it.
    way[:, 1] *= min(1.0, 0.7 / max(float(np.abs(way[:, 1]).max()), 1e-9))
    ride.speed[:] = np.abs(velocity[:, 0]) + 0.5 * np.abs(velocity[:, 1])
    return ride


def _drive(
    rng: Generator, ride: Ride, time: NDArray[np.floating], velocity: NDArray[np.float64],
    aspect: float,
) -> None:
    """Let it go and stand by turns, each for seconds, speeding up and slowing down."""
    fastest = {'walk': 0.12, 'drive': 0.45, 'turn': 1.1, 'cabin': 1.6}[ride.kind]
    at = float(time[0])
    now = np.zeros(2)
    goes = rng.random() < (0.9 if ride.kind == 'cabin' else 0.7)
    knots = []
    while at < time[-1]:
        if goes:
            sign = float(rng.choice((-1.0, 1.0)))
            across = sign * fastest * float(rng.uniform(0.15, 1.0)) * aspect
            ahead = 0.0
            if ride.kind in ('walk', 'drive') and rng.random() < 0.6:
                ahead = float(rng.uniform(0.02, 0.12)) * float(rng.choice((1, 1, 1, -1)))
                across *= float(rng.choice((0.15, 0.4, 1.0)))
            target = np.array([across, ahead])
        else:
            target = np.zeros(2)
        ramp = float(rng.uniform(0.8, 2.0))
        knots.append((at, at + ramp, now.copy(), target))
        if at > time[0]:
            ride.changes.append((at, at + ramp))
        now = target
        at += ramp + (float(rng.uniform(3.5, 16.0)) if goes else float(rng.uniform(3.5, 7.0)))
        goes = not goes or rng.random() < 0.3
    for start, end, before, after in knots:
        share = np.clip((time - start) / (end - start), 0, 1)[:, None]
        here = time >= start
        velocity[here] = (before + (after - before) * share)[here]


def _tremble(
    rng: Generator, time: NDArray[np.floating], rates: tuple[float, float],
) -> NDArray[np.float64]:
    """Return an unrest of about unit size that does not repeat."""
    total = np.zeros(len(time))
    for _ in range(4):
        rate = float(np.exp(rng.uniform(*np.log(rates))))
        total += math.sqrt(0.5) * np.sin(2 * math.pi * (rate * time + float(rng.random())))
    return total / 1.4
