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
What happens to a picture on its way: dirt and rain on the lens, exposure, compression.

All of it is a function of the stream's seed and the time, as the sensor's noise is.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.sensor import dice
from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import fractal
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image


class Lens:
    """
    A lens in the open and the wire behind it.

    :param rng: its draws
    :param size: (height, width) of the frames
    """

    def __init__(self, rng: Generator, size: tuple[int, int], seconds: float) -> None:
        self._size = size
        self._seed = int(rng.integers(2**62))
        draws = rng.random(12)
        self._dirt = self._draw_dirt(rng) if draws[0] < 0.22 else None
        self._drops = self._draw_drops(rng, seconds) if draws[1] < 0.18 else []
        self._rain = int(rng.integers(10, 60)) if draws[2] < 0.1 else 0
        self._slant = float(rng.normal(0, 0.25))
        self._fog = 0.35 * float(draws[3]) if draws[4] < 0.1 else 0.0
        self._jumps = self._draw_jumps(rng, seconds) if draws[5] < 0.3 else []
        self._quality = int(4 + 26 * draws[6]) if draws[7] < 0.35 else None
        self._shrink = float(rng.uniform(0.35, 0.8)) if draws[8] < 0.2 else 1.0
        self._tint = (1 + 0.3 * (rng.random(3) - 0.5)).astype(np.float32)

    def _draw_dirt(self, rng: Generator) -> tuple[Field, Field]:
        """Return how much of each pixel is dirt, (H, W, 1), and its colour."""
        height, width = self._size
        cover = np.zeros(self._size, np.float32)
        for _ in range(int(rng.integers(2, 14))):
            x, y = rng.random(2)
            radius = 0.01 + 0.09 * float(rng.random()) ** 2
            cv2.ellipse(
                cover, (int(x * width), int(y * height)),
                (max(int(radius * width), 1), max(int(radius * height * rng.uniform(0.4, 1)), 1)),
                float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.3, 1.0)), -1)
        soft = float(rng.uniform(0.004, 0.03)) * height
        cover = cv2.GaussianBlur(cover, (0, 0), max(soft, 0.5))
        clouds = fractal(rng, height, width, 4, 4, 0.7)
        cover *= np.clip(0.7 + clouds, 0, 1)
        tone = np.float32(rng.uniform(20, 190)) * (1 + 0.2 * (rng.random(3) - 0.5))
        return np.clip(cover, 0, 0.9)[..., None], tone.astype(np.float32)

    def _draw_drops(
        self, rng: Generator, seconds: float,
    ) -> list[tuple[float, float, float, float, float]]:
        """Return drops: when each falls and dries, where, and its radius."""
        drops = []
        for _ in range(int(rng.integers(2, 16))):
            begin = float(rng.uniform(-10.0, seconds))
            drops.append((
                begin, begin + float(rng.uniform(4.0, 30.0)), float(rng.random()),
                float(rng.random()), float(rng.uniform(0.012, 0.05))))
        return drops

    def _draw_jumps(self, rng: Generator, seconds: float) -> list[tuple[float, float]]:
        """Return moments from which the exposure is another, and by how much."""
        jumps, time = [], float(rng.uniform(-2.0, 5.0))
        while time < seconds:
            jumps.append((time, float(np.exp(rng.uniform(math.log(0.72), math.log(1.45))))))
            time += float(rng.uniform(1.5, 7.0))
        return jumps

    def _exposure(self, time: float) -> float:
        gain = 1.0
        for begin, much in self._jumps:
            if time < begin:
                break
            share = min((time - begin) / 0.25, 1.0)
            gain += (much - gain) * share
        return gain

    def through(self, frame: Image, time: float) -> Image:
        """Return a frame as it arrives."""
        height, width = self._size
        gain = self._exposure(time)
        if gain != 1.0:
            frame = cv2.convertScaleAbs(frame, alpha=gain)
        if self._fog:
            frame = cv2.addWeighted(
                frame, 1 - self._fog, np.full_like(frame, 190), self._fog, 0)
        if self._rain:
            frame = self._rained(frame, time)
        if self._dirt is not None:
            cover, tone = self._dirt
            frame = cv2.convertScaleAbs(frame * (1 - cover) + tone * cover)
        for begin, end, x, y, radius in self._drops:
            if begin <= time < end:
                self._drop(frame, x, y, radius * (1 - 0.3 * (time - begin) / (end - begin)))
        if self._shrink < 1:
            small = max(int(width * self._shrink), 8), max(int(height * self._shrink), 8)
            frame = cv2.resize(
                cv2.resize(frame, small, interpolation=cv2.INTER_AREA), (width, height))
        if self._quality is not None:
            _, packed = cv2.imencode('.jpg', frame, (cv2.IMWRITE_JPEG_QUALITY, self._quality))
            again: Any = cv2.imdecode(packed, cv2.IMREAD_COLOR)
            frame = again
        return frame

    def _rained(self, frame: Image, time: float) -> Image:
        height, width = self._size
        throws = dice(self._seed, time, 3 * self._rain)
        veil = np.zeros_like(frame)
        for index in range(self._rain):
            x, y, size = throws[3 * index:3 * index + 3]
            length = height * (0.05 + 0.15 * size)
            start = int(x * width * 1.2 - 0.1 * width), int(y * height * 1.2 - 0.2 * height)
            end = int(start[0] + self._slant * length), int(start[1] + length)
            cv2.line(veil, start, end, (70, 72, 75), 1, cv2.LINE_AA)
        return cv2.add(frame, veil)

    def _drop(self, frame: Image, x: float, y: float, radius: float) -> None:
        """Show through a drop, in place: upside down, small and blurred, with a dark rim."""
        height, width = self._size
        reach = max(int(radius * height), 2)
        left, top = int(x * width) - reach, int(y * height) - reach
        rows, columns = slice(max(top, 0), top + 2 * reach), slice(max(left, 0), left + 2 * reach)
        under = frame[rows, columns]
        if under.shape[0] < 3 or under.shape[1] < 3:
            return
        seen = cv2.blur(cv2.flip(under, -1), (3, 3))
        mask = _disc(under.shape[0], under.shape[1])
        under[:] = cv2.convertScaleAbs(under * (1 - mask) + (seen * 0.9 + 12) * mask)


def _disc(rows: int, columns: int) -> NDArray[np.float32]:
    down = np.linspace(-1, 1, rows, dtype=np.float32)[:, None] ** 2
    across = np.linspace(-1, 1, columns, dtype=np.float32)[None] ** 2
    return np.clip((1 - down - across) * 3, 0, 1)[..., None]
