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

"""Named things that come and go before photographs and painted places, seen by any camera."""

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from streamo_ros.worlds.composite.cut_out import CutOut
from streamo_ros.worlds.composite.kinds import is_kept
from streamo_ros.worlds.composite.kinds import load_kinds
from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.labels import occluded
from streamo_ros.worlds.labels import visible_share
from streamo_ros.worlds.moving.sentry import MovingWorld
from streamo_ros.worlds.pictures import cut_outs
from streamo_ros.worlds.sentry import WorldError

_RIDES = {'still': 0.4, 'held': 0.28, 'walk': 0.08, 'drive': 0.1, 'turn': 0.06, 'sweep': 0.08}
_KEPT = 0.5  # of the test split's kinds, which are of those never trained on

SEEN, UNSEEN = 0.7, 0.1
"""Visible shares from which a thing is in view, and below which it is not."""


def draw_cast(rng: np.random.Generator, split: str, count: int) -> tuple[str, ...]:
    """
    Draw kinds none of which could be taken for another.

    :raises WorldError: where there are no pictures
    """
    kinds = load_kinds()
    there = [kind for kind in cut_outs(split) if kind in kinds.alike]
    parts = {kept: [kind for kind in there if is_kept(kind) is kept] for kept in (True, False)}
    if not all(parts.values()):
        raise WorldError(
            'There are no cut-out pictures: fetch them with `make pictures`, or say by '
            'STREAMO_PICTURES where they lie.')
    cast: list[str] = []
    while len(cast) < count:
        part = parts[split == 'test' and rng.random() < _KEPT]
        kind = part[int(rng.integers(len(part)))]
        if not any(kind in kinds.alike[other] for other in cast):
            cast.append(kind)
    return tuple(cast)


class CompositeWorld(MovingWorld):
    """
    One stream; see ``MovingWorld``.

    :param cast: the kinds of the things that come and go
    """

    bare = True
    """Whether nothing comes or goes besides them."""

    _rides = _RIDES

    def __init__(
        self, seed: int, cast: Sequence[str], seconds: float = 24.0, split: str = 'train',
        size: tuple[int, int] = (112, 112), skills: Sequence[str] | None = None,
    ) -> None:
        self.cast = tuple(cast)
        ride = str(np.random.default_rng([seed, 41]).choice(
            list(self._rides), p=list(self._rides.values())))
        super().__init__(seed, seconds, split, size, skills, ride)

    @property
    def _stock(self) -> str:
        return f'{self._split}+'

    def _figures(self) -> Callable[[np.random.Generator], Figure]:
        pictures = cut_outs(self._split)

        def draw(rng: np.random.Generator) -> Figure:
            kind = self.cast[int(rng.integers(len(self.cast)))]
            files = pictures[kind]
            return CutOut(rng, files[int(rng.integers(len(files)))], kind)
        return draw

    def shares(self, kind: str, time: float) -> list[float] | None:
        """Return how much is visible of each thing of a kind; None where another hides one."""
        if not self.lit(time) or self.covered(time) is not False:
            return None
        shares = []
        for actor in self._plan.actors:
            pose = actor.track.pose(time)
            if actor.figure.name == kind and pose is not None:
                share = visible_share(actor, pose, self._plan.view(time), self._plan.aspect)
                if share > UNSEEN and occluded(self._plan, actor, time):
                    return None
                shares.append(share)
        return shares
