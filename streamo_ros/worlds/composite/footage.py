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

"""Real film that runs behind what comes and goes; only what is done to it is asked about."""

from collections.abc import Sequence
from functools import cached_property
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.backgrounds import Region
from streamo_ros.worlds.composite.world import CompositeWorld
from streamo_ros.worlds.pictures import fetched_films
from streamo_ros.worlds.pictures import FILM_RATE
from streamo_ros.worlds.sentry import WorldError
from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.textures import tint

_TRAINED = 0.8  # of a film, from its beginning; validation has the rest
_BEYOND = 1.25  # how much more of the film there is than the frame shows


@lru_cache(maxsize=4)
def _film(file: Path) -> Image:
    return np.load(file, mmap_mode='r')


class FootageWorld(CompositeWorld):
    """
    One stream; see ``CompositeWorld``.

    What happens in the film by itself (people who move, cuts) has no labels: what starts, stops,
    or comes without a name is not clear. The light, the lens and the camera are, and so are things
    by their name.

    :raises WorldError: for the test split, or where there is no film
    """

    bare = False

    _rides = {'still': 0.5, 'held': 0.5}

    def __init__(
        self, seed: int, cast: Sequence[str], seconds: float = 24.0, split: str = 'train',
        size: tuple[int, int] = (112, 112), skills: Sequence[str] | None = None,
    ) -> None:
        films = fetched_films()
        if split == 'test' or not films:
            raise WorldError(
                'There is no film to run behind things: fetch it with `make pictures`; the test '
                'split has films of its own, see `make film`.')
        rng = np.random.default_rng([seed, 43])
        self._film = _film(films[int(rng.integers(len(films)))])
        self._pace = FILM_RATE * float(rng.uniform(0.5, 1.3))
        count = len(self._film)
        first, last = ((0, _TRAINED * count) if split == 'train' else (_TRAINED * count, count))
        self._first = int(rng.uniform(first, max(last - seconds * self._pace, first + 1)))
        self._last = int(last) - 1
        self._mirrored = rng.random() < 0.5
        self._bright = float(rng.uniform(1.0, 1.9))
        self._paint = int(rng.integers(2**62))
        super().__init__(seed, cast, seconds, split, size, skills)
        self._unclear |= {'start', 'stop'}

    def _shot(self, time: float) -> Image:
        number = self._first + round(max(time, 0.0) * self._pace)
        frame = np.asarray(self._film[min(number, self._last)])
        if self._mirrored:
            frame = cv2.flip(frame, 1)
        return cv2.convertScaleAbs(
            tint(np.random.default_rng(self._paint), frame, 0.2), alpha=self._bright)

    @cached_property
    def _region(self) -> Region:
        """Where the film is in the world: around all that the camera sees at first."""
        view, aspect = self._plan.view_first, self._plan.aspect
        rows, columns = self._film.shape[1:3]
        high = _BEYOND * max(1.0, aspect * rows / columns)
        wide = high * columns / rows
        return Region(
            view.x - wide / 2, view.y - high / 2, view.x + wide / 2, view.y + high / 2,
            columns / wide, rows / high)

    @cached_property
    def _place(self) -> tuple[Image, Field]:
        """What stays bright in the dark is asked of this: nothing does."""
        painted = self._shot(0.0)
        return painted, np.zeros(painted.shape[:2], np.float32)

    def _stage(self, camera: NDArray[np.float64], time: float) -> Image:
        height, width = self._size
        region = self._region
        whole = camera @ np.array([
            [1 / region.per_x, 0, region.left], [0, 1 / region.per_y, region.top], [0, 0, 1]])
        return cv2.warpAffine(
            self._shot(time), whole[:2], (width, height), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT_101)
