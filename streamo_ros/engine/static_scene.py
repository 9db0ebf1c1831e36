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
Static scenes: what has not changed need not be encoded or fed to the model again.

Off by default, because it changes the model's input. A cell is the square of pixels that becomes
one visual token; its change is the mean absolute difference of its pixels. Frames are compared
with what the model was last shown, never with the frame before: a slow drift adds up until it is
noticed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class StillScene:
    """
    What to save in a scene where little happens; a threshold of 0 switches its part off.

    Key frames are always encoded, and keep all their visual tokens. There is one after
    ``key_frame_s``, one when the last is about to slide out of an instruction's window, and one at
    once for a new instruction.

    :param gate: a frame whose every cell has changed by less than this, in grey levels of 255,
        counts as the one last shown: its visual tokens are used again without running the vision
        tower, and time goes on
    :param drop: visual tokens of cells that have changed by less than this since their token was
        last in the stream are left out, all but one; the others stay at their positions
    :param key_frame_s: seconds after which a frame is a key frame at the latest
    :raises ValueError: for a number below 0
    """

    gate: float = 2.0
    drop: float = 2.0
    key_frame_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuse numbers without a meaning."""
        for name, value in vars(self).items():
            if not value >= 0:
                raise ValueError(f'{name} of a still scene is {value}: give a number from 0 up')


@dataclass(frozen=True)
class ImageFeatures:
    """
    The visual tokens of one frame.

    :param tokens: (1 + D, kept cells, hidden) of ``Backend.encode_image``
    :param kept: (rows * columns,) False for cells whose token is left out
    """

    tokens: NDArray[np.float32]
    kept: NDArray[np.bool_]


class SceneMemory:
    """
    What the model has been shown of one stream; all frames are scaled to one size.

    :param cell: side of a cell in pixels
    """

    def __init__(self, scene: StillScene, cell: int) -> None:
        self._scene = scene
        self._cell = cell
        self._shown: Pixels | None = None
        self._in_stream: Pixels | None = None
        self._key_stamp = 0.0
        self._since_key = 0

    def show(self, frame: Pixels, stamp: float, turns_in_view: int) -> Pixels:
        """
        Return the frame to show: the same array as last time when nothing has changed since.

        :param turns_in_view: how many of the turns before are in view of every instruction
        """
        self._since_key += 1
        if (self._shown is None or self._since_key > turns_in_view
                or stamp - self._key_stamp >= self._scene.key_frame_s):
            self._key_stamp, self._since_key = stamp, 0
        elif (self._changes(self._shown, frame) < self._scene.gate).all():
            return self._shown
        self._shown = frame
        return frame

    def keep(self, before: Pixels, frame: Pixels) -> NDArray[np.bool_]:
        """
        Return the cells, (rows * columns,), whose tokens are to be in the stream, at least one.

        :param before: the frame in the temporal patch's first slots: a token of a pair has
            changed when either frame has
        """
        pair = np.stack([before, frame])
        if self._in_stream is None or self._since_key == 0:
            self._in_stream = pair
            return np.ones(len(self._changes(frame, frame)), np.bool_)
        changes = np.max([
            self._changes(*slots) for slots in zip(self._in_stream, pair, strict=True)], 0)
        kept = np.asarray(changes >= self._scene.drop)
        kept[changes.argmax()] = True
        rows, columns = (side // self._cell for side in frame.shape[:2])
        pixels = np.zeros(frame.shape[:2], np.bool_)
        pixels[:rows * self._cell, :columns * self._cell] = kept.reshape(
            rows, columns).repeat(self._cell, 0).repeat(self._cell, 1)
        np.copyto(self._in_stream, pair, where=pixels[..., None])
        return kept

    def _changes(self, one: Pixels, other: Pixels) -> NDArray[np.float64]:
        cell = self._cell
        rows, columns = one.shape[0] // cell, one.shape[1] // cell
        # The vision tower does not see what is left over at the right and the bottom.
        difference = np.abs(one.astype(np.int16) - other)[:rows * cell, :columns * cell]
        return np.asarray(difference.reshape(rows, cell, columns, -1).mean((1, 3))).ravel()
