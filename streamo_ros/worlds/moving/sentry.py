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

"""A sentry whose camera moves: the same happenings, seen from a hand, a robot or a car."""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
import math

import cv2
import numpy as np

from streamo_ros.worlds.backgrounds import place
from streamo_ros.worlds.backgrounds import Region
from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.moving.lens import Lens
from streamo_ros.worlds.moving.props import draw_props
from streamo_ros.worlds.moving.props import Prop
from streamo_ros.worlds.moving.ride import draw_ride
from streamo_ros.worlds.moving.ride import Ride
from streamo_ros.worlds.script import Actor
from streamo_ros.worlds.script import Plan
from streamo_ros.worlds.script import plan
from streamo_ros.worlds.sentry import MOVING
from streamo_ros.worlds.sentry import SentryWorld
from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.tracks import Pose
from streamo_ros.worlds.tracks import Track
from streamo_ros.worlds.tracks import View

_WALKERS = ('person', 'person', 'person', 'animal', 'car', 'robot')
"""What comes and goes by itself; a box that slides past is scenery to who passes it."""

_KNOCK = 0.5  # seconds that a knock lasts at most
_GAIT = 1.3  # leg cycles a second of who walks along
_PASSING = 0.03  # frame heights a second from which one sees at once that it passes
_PHOTOGRAPHIC = 0.5  # share of the places that are photographs
_WIDE = 1.3  # frame widths that are painted beyond each side


class MovingWorld(SentryWorld):
    """
    One stream; see ``SentryWorld``.

    :param ride: one of ``ride.KINDS``; None draws one
    """

    def __init__(
        self, seed: int, seconds: float = 24.0, split: str = 'train',
        size: tuple[int, int] = (112, 112), skills: Sequence[str] | None = None,
        ride: str | None = None,
    ) -> None:
        self._asked_ride = ride
        super().__init__(seed, seconds, split, size, skills)
        self._seconds = seconds
        if self.ride.travels:
            self._label_passing()
        if self.ride.kind == 'sweep':  # who has seen a camera turn once cannot know that it will
            self._unclear |= {'move'}

    def _planned(
        self, rng: np.random.Generator, seconds: float, aspect: float, skills: Sequence[str],
    ) -> Plan:
        self.ride: Ride = draw_ride(self._draws(20), seconds, aspect, self._asked_ride)
        ride = self.ride
        drawn = plan(
            rng, self._split, seconds, aspect, self._horizon, skills, self._figures())
        if ride.kind != 'still':
            drawn.turns = [
                replace(turn, end=min(turn.end, turn.start + _KNOCK)) for turn in drawn.turns]
            drawn.drift = ride.shaken
        if ride.kind == 'cabin' and rng.random() < 0.6:
            drawn.actors.append(_passenger(rng, self._split, aspect))
        return drawn

    def _figures(self) -> Callable[[np.random.Generator], Figure] | None:
        """Return what draws the things that come and go; None where it may be any."""
        if not self.ride.travels:
            return None
        return lambda rng: Figure(
            int(rng.integers(2**62)), self._split, str(rng.choice(_WALKERS)))

    def _label_passing(self) -> None:
        """Label motion where all of the picture moves: who can say what started?"""
        if any(self.ride.passing(time) <= _PASSING for time in np.arange(0, self._seconds, 0.25)):
            self._unclear |= {'start', 'stop'}
            return
        # While the place passes nothing is at rest, whoever walks and stops before it.
        self.events = tuple(event for event in self.events if event.skill != 'stop')
        self._unclear -= {'stop'}
        if any(actor.track.segments for actor in self._plan.actors):
            self._unclear |= {'start'}

    def doubtful(self, skills: Sequence[str], before: float, now: float) -> bool:
        """Say whether a careful person could take what the ride does for one of some skills."""
        if MOVING in skills and self.ride.travels:
            return True  # does what one passes move?
        return bool({'move', 'start', 'stop'} & {*skills}) and self.ride.changing(before, now)

    # -- drawing -----------------------------------------------------------------------------

    def _looking(self, time: float) -> View:
        return self.ride.passed(self._view(time), time)

    @property
    def _stock(self) -> str:
        """Say which photographs the place may be."""
        # The test split is the same world on every machine: it does without pictures to fetch.
        return self._split if self._split == 'test' else f'{self._split}+'

    @cached_property
    def _place(self) -> tuple[Image, Field]:
        painted = place(
            self._draws(5), self._stock, self._region, self._horizon, _PHOTOGRAPHIC)
        self._set_off(painted[0])
        return painted

    @cached_property
    def _region(self) -> Region:
        region = super()._region
        way = [self.ride.travelled(time) for time in np.arange(0, self._seconds, 0.5)]
        most = _WIDE * self._plan.aspect  # beyond, the place is its own mirror image
        return replace(
            region, left=region.left + max(min(way), -most),
            right=region.right + min(max(way), most))

    @cached_property
    def _lens(self) -> Lens:
        return Lens(self._draws(21), self._size, self._seconds)

    @cached_property
    def _props(self) -> tuple[Prop, ...]:
        rng = self._draws(22)
        if self.ride.kind not in ('walk', 'drive', 'turn') or rng.random() < 0.25:
            return ()
        return draw_props(rng, self._split, self._size[0], self._plan.aspect, self._horizon)

    @cached_property
    def _cabin(self) -> Image | None:
        """The inside of the cabin before the window, RGB premultiplied by alpha."""
        if self.ride.kind != 'cabin':
            return None
        rng = self._draws(23)
        height, width = self._size
        image = np.zeros((height, width, 4), np.uint8)
        tone = float(rng.uniform(12, 90)) * (1 + 0.25 * (rng.random(3) - 0.5))
        image[..., :3] = tone.astype(np.uint8)
        image[..., 3] = 255
        left, top = float(rng.uniform(-0.1, 0.3)), float(rng.uniform(0.03, 0.25))
        right, bottom = float(rng.uniform(0.6, 1.1)), float(rng.uniform(0.45, 0.75))
        lean = float(rng.uniform(-0.15, 0.15))
        corners = np.array([
            ((left + lean) * width, top * height), ((right + lean) * width, top * height),
            (right * width, bottom * height), (left * width, bottom * height)], np.int32)
        window = np.zeros((height, width), np.uint8)
        cv2.fillPoly(window, [corners], 255, cv2.LINE_AA)
        if rng.random() < 0.5:
            post = int(float(rng.uniform(0.2, 0.8)) * width)
            cv2.line(window, (post, 0), (post, height), 0, max(width // 22, 1), cv2.LINE_AA)
        return (image.astype(np.uint16) * (255 - window[..., None]) // 255).astype(np.uint8)

    def _behind(self, frame: Image, time: float) -> Image:
        """Let the place pass: blurred by its speed, with near things and the cabin before it."""
        ride = self.ride
        height, width = self._size
        for prop in self._props:
            prop.draw(frame, ride.travelled(time), self._view(time), self._plan.aspect)
        smear = ride.passing(time) * ride.exposure * height
        if smear > 1.5:
            frame = cv2.blur(frame, (round(smear) | 1, 1))
        if self._cabin is not None:
            stirred = ride.shaken(View(0, 0), time)
            cabin = cv2.warpAffine(
                self._cabin, np.array([
                    [1, 0, 0.5 * stirred.x * height], [0, 1, 0.5 * stirred.y * height]]),
                (width, height), borderMode=cv2.BORDER_REPLICATE)
            frame = cv2.add(
                (frame.astype(np.uint16) * (255 - cabin[..., 3:]) // 255).astype(np.uint8),
                cabin[..., :3])
        return frame

    def _stance(self, actor: Actor, pose: Pose, time: float) -> Pose:
        """Let who is there walk along while the camera goes."""
        speed = self.ride.passing(time) if self.ride.travels else 0.0
        if speed < 0.02 or not actor.figure.articulated:
            return pose
        share = min(speed * 6, 1.0)
        return replace(
            pose, gait=pose.gait + _GAIT * time, stride=max(pose.stride, share),
            lift=max(pose.lift, 0.02 * share * abs(math.sin(2 * math.pi * _GAIT * time))))

    def render(self, time: float) -> Image:
        """
        Give the frame of a moment, (H, W, 3) uint8 RGB.

        The same moment of the same world is the same bytes, noise included, in any order of calls.
        """
        return self._lens.through(super().render(time), float(time))


def _passenger(rng: np.random.Generator, split: str, aspect: float) -> Actor:
    """Return somebody who sits before the camera all the time."""
    figure = Figure(int(rng.integers(2**62)), split, 'person')
    size = float(rng.uniform(0.9, 1.5))
    home = Pose(
        float(rng.uniform(0.25, 0.75)) * aspect, 1.0 + 0.5 * size, size, facing=0.1)
    return Actor(figure, Track(home, True), size, cut=0.5)
