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

"""The frames of one stream as visual tokens: scaled, paired, and encoded only when they change."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.engine.static_scene import ImageFeatures
from streamo_ros.engine.static_scene import SceneMemory
from streamo_ros.engine.static_scene import StillScene
from streamo_ros.engine.stopwatch import Stopwatch
from streamo_ros.models import Checkpoint


class FrameEncoder:
    """
    Encodes the frames of one stream.

    ``skipped_frames`` counts those for which the vision tower was not run. ``recent`` is
    (tick, visual tokens) of the turns that the next one's window still shows.

    :param still: what to save in a static scene; None saves nothing
    :param stopwatch: counts what is spent on scaling and on the tower
    """

    def __init__(
        self, checkpoint: Checkpoint, backend: Backend, layout: CacheLayout,
        still: StillScene | None, stopwatch: Stopwatch,
    ) -> None:
        self.skipped_frames = 0
        self.recent: deque[tuple[int, NDArray[np.float32]]] = deque(
            maxlen=layout.window_turns - 1)
        self._frame = checkpoint.frame
        self._vision = checkpoint.vision
        self._backend = backend
        self._layout = layout
        self._stopwatch = stopwatch
        self._memory = SceneMemory(still, checkpoint.vision.cell) if still else None
        self._previous: NDArray[np.uint8] | None = None
        self._encoded: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]] | None
        self._encoded = None

    def encode(
        self, frame: NDArray[np.uint8], stamp: float, tick: int, turns_in_view: int,
    ) -> ImageFeatures:
        """
        Return the visual tokens of a frame.

        :param stamp: of the frame, in seconds
        :param turns_in_view: how many of the turns before are in view of every instruction
        """
        # A copy: the caller may fill the same array again.
        with self._stopwatch.part('resize'):
            scaled = np.array(self._frame.scale(frame, self._layout.frame))
        if self._memory:
            scaled = self._memory.show(scaled, stamp, turns_in_view)
        before = self._previous if self._frame.pair and self._previous is not None else scaled
        self._previous = scaled
        if self._encoded and before is self._encoded[0] and scaled is self._encoded[1]:
            self.skipped_frames += 1
        else:
            with self._stopwatch.part('image_encoder'):
                tokens = self._backend.encode_image(
                    self._frame.cut(before, scaled, self._vision), self._layout.grid)
            self._encoded = before, scaled, tokens
        tokens = self._encoded[2]
        self.recent.append((tick, tokens))
        kept = self._memory.keep(before, scaled) if self._memory else np.ones(
            tokens.shape[1], np.bool_)
        return ImageFeatures(tokens[:, kept], kept)
