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
A camera frame to the patches of one still image, as the family's image processor makes them.

A checkpoint may say that it takes the pair (previous frame, this frame) in the temporal patch's
two slots instead of one still twice; that is how ``nano`` sees motion.
"""

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamo_ros.models.config import VisionConfig


@dataclass(frozen=True)
class FrameSpec:
    """
    How a frame is scaled and normalised.

    :param size: fixed (height, width) in pixels; None scales to the pixel budget instead
    :param min_pixels: budget's lower bound
    :param max_pixels: budget's upper bound
    :param resample: the filter that scales
    :param pair: fill the temporal patch with (previous, current) instead of the still twice
    """

    size: tuple[int, int] | None
    min_pixels: int
    max_pixels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resample: Image.Resampling
    pair: bool

    def target(self, height: int, width: int, cell: int) -> tuple[int, int]:
        """Return the (height, width) that a frame is scaled to."""
        if self.size is not None:
            return self.size
        rows, columns = max(1, round(height / cell)), max(1, round(width / cell))
        if rows * columns * cell * cell > self.max_pixels:
            shrink = math.sqrt(height * width / self.max_pixels)
            rows = max(1, math.floor(height / shrink / cell))
            columns = max(1, math.floor(width / shrink / cell))
        elif rows * columns * cell * cell < self.min_pixels:
            grow = math.sqrt(self.min_pixels / (height * width))
            rows = math.ceil(height * grow / cell)
            columns = math.ceil(width * grow / cell)
        return rows * cell, columns * cell

    def scale(self, frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the frame (H, W, 3) at (height, width), anti-aliased."""
        if frame.shape[:2] == size:
            return frame
        image = Image.fromarray(np.ascontiguousarray(frame))
        return np.asarray(image.resize((size[1], size[0]), self.resample))

    def cut(
        self, previous: NDArray[np.uint8], frame: NDArray[np.uint8], vision: VisionConfig
    ) -> NDArray[np.uint8]:
        """
        Return the patches of two scaled frames of one size, in the order of the merger.

        :returns: (rows * columns of patches, temporal_patch * patch * patch * channels); the
            neighbours that merge into one visual token follow one another
        """
        before = previous if self.pair else frame
        slots = np.stack([before] * (vision.temporal_patch - 1) + [frame])
        merge, patch, cell = vision.merge, vision.patch, vision.cell
        rows, columns = frame.shape[0] // cell, frame.shape[1] // cell
        # The vision tower does not see what is left over at the right and the bottom.
        blocks = slots[:, :rows * cell, :columns * cell].reshape(
            len(slots), rows, merge, patch, columns, merge, patch * vision.channels)
        # time, row, merge, y, column, merge, (x, channel) -> token, its patches, their pixels
        ordered = np.ascontiguousarray(blocks.transpose(1, 4, 2, 5, 0, 3, 6))
        return ordered.reshape(rows * columns * merge * merge, -1)

    def normalise(self, patches: NDArray[np.uint8], vision: VisionConfig) -> NDArray[np.float32]:
        """
        Return cut patches as the family's image processor passes them to its tower.

        :returns: (patches, channels * temporal_patch * patch * patch)
        """
        mean, std = (np.asarray(value, np.float32) * 255 for value in (self.mean, self.std))
        pixels = (patches.reshape(-1, vision.channels).astype(np.float32) - mean) / std
        shape = (len(patches), vision.temporal_patch, vision.patch, vision.patch, vision.channels)
        return np.ascontiguousarray(
            pixels.reshape(shape).transpose(0, 4, 1, 2, 3)).reshape(len(patches), -1)
