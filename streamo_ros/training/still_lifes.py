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
Tables to learn shapes from: rendered once, looked at several times.

A shape is learned from very many looks. A cut of a larger picture puts things elsewhere on the
grid of patches and at another scale, and costs a tenth of a render.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.tabletop.simulation import STEPS
from streamo_ros.worlds.tabletop.world import TabletopWorld
from streamo_ros.worlds.textures import Image

LAY_OUTS, LOOKS = 2, 4
"""Lay-outs of the same things, and looks at each of them."""

_WHOLE, _LEAST = 24, 16  # units that a side of a rendered picture has, and a cut at least


@dataclass(frozen=True)
class Look:
    """
    Two frames of a table on which nothing happens, one tick apart.

    :param pair: (H, W, 3) each
    :param covered: (rows, columns) share of a visual token's cell that things and arm cover
    :param names: (len(NAMES), rows, columns) share that things of a colour or kind cover; NaN for
        the kinds of things with named colours, and for the colours of others
    """

    pair: tuple[Image, Image]
    covered: NDArray[np.float32]
    names: NDArray[np.float32]


def looks(
    rng: np.random.Generator, size: tuple[int, int], grid: tuple[int, int],
) -> Iterator[Look]:
    """
    Yield looks at still lifes of the training split, without end.

    :param size: (height, width) of a frame
    :param grid: rows and columns of visual tokens
    """
    larger = size[0] * _WHOLE // _LEAST, size[1] * _WHOLE // _LEAST
    while True:
        world = TabletopWorld(
            int(rng.integers(2**62)), split='train', size=larger, lay_outs=LAY_OUTS)
        for lay_out in range(LAY_OUTS):
            before, now = ((lay_out + share) / STEPS for share in (0.3, 0.6))
            frames = world.render(before), world.render(now)
            truth = world.observe(before, now, (_WHOLE, _WHOLE))
            assert truth.cell_names is not None
            untold = slice(len(COLOURS), None) if world.things[0].colour else slice(len(COLOURS))
            truth.cell_names[untold] = np.nan  # lest colours tell kinds
            units = np.concatenate([truth.cell_object[None], truth.cell_names])
            for _ in range(LOOKS):
                cut = _draw_cut(rng)
                told = cut.shares(units, grid)
                pair = cut.frame(frames[0], size), cut.frame(frames[1], size)
                yield Look(pair, told[0], told[1:])


@dataclass(frozen=True)
class _Cut:
    """A square part of a picture, in units; mirrored or not."""

    top: int
    left: int
    side: int
    mirrored: bool

    def frame(self, picture: Image, size: tuple[int, int]) -> Image:
        """Return the part of a picture, (H, W, 3), at a size."""
        height, width = (pixels // _WHOLE for pixels in picture.shape[:2])
        part = picture[self.top * height:(self.top + self.side) * height,
                       self.left * width:(self.left + self.side) * width]
        shown = cv2.resize(part, (size[1], size[0]), interpolation=cv2.INTER_AREA)
        return np.asarray(shown[:, ::-1] if self.mirrored else shown, np.uint8)

    def shares(self, units: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
        """Return the shares of a part's cells, (N, rows, columns), by those of units."""
        part = units[:, self.top:self.top + self.side, self.left:self.left + self.side]
        down, across = (_overlap(cells, self.side) for cells in grid)
        told = np.asarray(down @ part @ across.T, np.float32)
        return told[..., ::-1] if self.mirrored else told


def _overlap(cells: int, units: int) -> NDArray[np.float32]:
    """Return how much of each cell each unit fills, (cells, units), side by side both."""
    ends = np.arange(1, cells + 1)[:, None] * units / cells, np.arange(1, units + 1)[None]
    shared = np.minimum(*ends) - np.maximum(ends[0] - units / cells, ends[1] - 1)
    return (np.maximum(shared, 0) * cells / units).astype(np.float32)


def _draw_cut(rng: np.random.Generator) -> _Cut:
    side = int(rng.integers(_LEAST, _WHOLE + 1))
    top, left = rng.integers(0, _WHOLE - side + 1, 2).tolist()
    return _Cut(top, left, side, bool(rng.random() < 0.5))
