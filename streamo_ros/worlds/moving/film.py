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
A film cut from several shots, each a world of its own; nothing happens at a cut.

What is under way at a cut, or would be known only behind it, makes its skill unclear.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from streamo_ros.worlds.labels import Event
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.moving.sentry import MovingWorld
from streamo_ros.worlds.sentry import MOVING
from streamo_ros.worlds.sentry import PairTruth
from streamo_ros.worlds.sentry import SentryWorld
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.truth import due_tick

_LEAD = 1.5  # seconds into its own world at which a shot begins
_OF = {'light_off': 'light', 'light_on': 'light', 'cover': 'cover', 'uncover': 'cover'}


class FilmWorld:
    """
    One film.

    :param stamps: of the ticks at which it will be seen: what can be known depends on them
    :param skills: the skills whose events the shots draw from, as ``SentryWorld``
    """

    dim = True

    def __init__(
        self, seed: int, stamps: Sequence[float], split: str = 'train',
        size: tuple[int, int] = (112, 112), skills: Sequence[str] | None = None,
    ) -> None:
        rng = np.random.default_rng([seed, 31])
        end = stamps[-1] + 1.0
        self._begins = [0.0]
        pace = float(np.exp(rng.uniform(np.log(1.5), np.log(8.0))))
        while self._begins[-1] < end:
            self._begins.append(self._begins[-1] + 1.0 + float(rng.exponential(pace)))
        self._shots: list[SentryWorld] = []
        for begin, finish in zip(self._begins, self._begins[1:], strict=False):
            kind = MovingWorld if rng.random() < 0.65 else SentryWorld
            while True:
                shot = kind(
                    int(rng.integers(2**62)), _LEAD + finish - begin, split, size, skills)
                if shot.lit(_LEAD) and shot.covered(_LEAD) is False:
                    break
            self._shots.append(shot)
        self.events, self._unclear = self._label(stamps)

    def _at(self, time: float) -> int:
        """Return the number of the shot at a time."""
        return max(int(np.searchsorted(self._begins, time, 'right')) - 1, 0)

    def _own(self, shot: int, time: float) -> float:
        return time - self._begins[shot] + _LEAD

    def _label(self, stamps: Sequence[float]) -> tuple[tuple[Event, ...], set[str]]:
        events: list[Event] = []
        unclear: set[str] = set()
        for number, shot in enumerate(self._shots):
            begin, finish = self._begins[number], self._begins[number + 1]
            ticks = [stamp for stamp in stamps if begin <= stamp < finish]
            last = finish >= stamps[-1]
            unclear |= {skill for skill in SKILLS if not shot.clear(skill)}
            for event in shot.events:
                event = replace(
                    event, start=event.start - _LEAD + begin, end=event.end - _LEAD + begin,
                    settled=None if event.settled is None else event.settled - _LEAD + begin)
                if event.end <= begin or event.start >= finish:
                    continue
                if event.skill == 'stop' and event.start <= begin:
                    unclear |= {'start', 'stop'}  # one who enters a shot in motion did not start
                if not ticks or event.start <= ticks[0] or (
                        due_tick(event, ticks) is None and not last):
                    unclear.add(event.skill)
                    continue
                events.append(event)
            if not last and not (
                    shot.lit(self._own(number, finish))
                    and shot.covered(self._own(number, finish)) is False):
                unclear |= set(_OF)  # what was dark or covered is no longer so, by a cut
        return tuple(sorted(events, key=lambda event: event.end)), unclear

    def clear(self, skill: str) -> bool:
        """Say whether the truth of a skill is beyond doubt in this film."""
        return skill not in self._unclear

    def doubtful(self, skills: Sequence[str], before: float, now: float) -> bool:
        """Say whether what is seen between two moments could be taken for one of some skills."""
        shot = self._at(now)
        if self._at(before) != shot:  # one shot may be still and the next one not
            return bool({'start', 'stop', MOVING} & {*skills})
        return self._shots[shot].doubtful(
            skills, self._own(shot, before), self._own(shot, now))

    def lit(self, time: float) -> bool | None:
        """Say whether the light is on; None while it changes."""
        shot = self._at(time)
        return self._shots[shot].lit(self._own(shot, time))

    def covered(self, time: float) -> bool | None:
        """Say whether the lens is covered; None while that changes."""
        shot = self._at(time)
        return self._shots[shot].covered(self._own(shot, time))

    def render(self, time: float) -> Image:
        """Give the frame of a moment, (H, W, 3) uint8 RGB."""
        shot = self._at(time)
        return self._shots[shot].render(self._own(shot, float(time)))

    def observe(
        self, before: float, now: float, grid: tuple[int, int] = (4, 4),
    ) -> PairTruth:
        """Give what can be seen to have changed between two moments: nothing, across a cut."""
        shot = self._at(now)
        first = now if self._at(before) != shot else before
        return self._shots[shot].observe(self._own(shot, first), self._own(shot, now), grid)
