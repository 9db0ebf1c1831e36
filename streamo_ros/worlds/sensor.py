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
What the camera makes of the scene: lens, exposure, noise, compression; and what covers the lens.

All of it is a function of the stream's seed and the time, so that a frame is the same bytes
whenever it is asked for.
"""

from functools import lru_cache
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.textures import Field
from streamo_ros.worlds.textures import fractal
from streamo_ros.worlds.textures import Generator
from streamo_ros.worlds.textures import Image
from streamo_ros.worlds.textures import surface

_BANK = 96  # how far the noise of two frames may be shifted against each other


@lru_cache(maxsize=4)
def _noise(height: int, width: int, kind: str) -> Field:
    """Give a bank of unit noise, drawn once a process; frames are cut from it."""
    rng = np.random.default_rng(7)
    bank = rng.standard_normal((height + _BANK, width + _BANK, 3), np.float32)
    if kind == 'blotched':  # a camera's own smoothing leaves coarse grain
        coarse = cv2.GaussianBlur(bank, (0, 0), 0.8)
        bank = coarse / coarse.std() * np.float32(0.8) + bank * np.float32(0.4)
    return bank


def dice(seed: int, time: float, count: int) -> list[float]:
    """Give some numbers 0..1 that belong to one instant of one stream."""
    state = (seed ^ (round(time * 10000) * 0x9E3779B97F4A7C15)) & 0xFFFFFFFFFFFFFFFF
    numbers = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        numbers.append((mixed ^ (mixed >> 31)) / 2**64)
    return numbers


class Sensor:
    """
    One camera's lens and chip.

    :param rng: its draws
    :param size: rows and columns of the frames
    :param grey: it may be one that sees no colours
    """

    def __init__(self, rng: Generator, size: tuple[int, int], grey: bool = True) -> None:
        draws = rng.random(24)
        height, width = size
        self._size = size
        self._seed = int(rng.integers(2**62))
        self.noise = float(0.3 * (18.0 ** draws[0])) * (1.0 if draws[1] < 0.85 else 0.2)
        """Standard deviation of the noise at middle brightness, in levels."""
        self._shot = float(draws[2])
        self._kind = 'blotched' if draws[3] < 0.4 else 'white'
        self._quality = round(22 + 70 * float(draws[4])) if draws[5] < 0.45 else None
        self._blur = float(0.012 * draws[6] ** 2 * height) if draws[7] < 0.5 else 0.0
        self._drift = 0.06 * float(draws[8]) if draws[9] < 0.5 else 0.0
        self._flicker = 0.025 * float(draws[10]) if draws[11] < 0.3 else 0.0
        self._step = 0.08 * float(rng.random()) if rng.random() < 0.2 else 0.0
        self._rates = 0.03 + 0.25 * draws[12:14]
        self._sway = 0.007 * float(draws[14]) ** 1.5 if draws[15] < 0.35 else 0.0
        self._sway_rate = 0.2 + 3.0 * float(draws[16]) ** 2
        self._grey = grey and draws[17] < 0.08
        gains = 1 + 0.24 * (draws[18:21] - 0.5)
        corner = 0.5 * float(draws[21]) if draws[22] < 0.4 else 0.0
        down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
        across = np.linspace(-1, 1, width, dtype=np.float32)[None] ** 2
        vignette = 1 - np.float32(corner * 0.5) * (down + across)
        gain = float(np.exp(rng.normal(0, 0.18)))
        self._gain = (vignette[..., None] * (gains * gain).astype(np.float32)).astype(np.float32)
        gamma, lift = float(np.exp(rng.normal(0, 0.18))), float(rng.uniform(0, 16))
        levels = (np.arange(256) / 255) ** gamma
        self._curve = np.clip(lift + levels * (255 - lift), 0, 255).astype(np.uint8)
        self._plain_curve = abs(gamma - 1) < 0.03

    def sway(self, time: float) -> tuple[float, float]:
        """Give the camera's small unrest at a time, in frame heights; under 1 %."""
        if not self._sway:
            return 0.0, 0.0
        angle = 2 * math.pi * self._sway_rate * time
        return (
            self._sway * math.sin(angle + 0.5 * math.sin(0.31 * angle)),
            self._sway * 0.6 * math.sin(1.37 * angle + 1.0))

    def expose(self, scene: NDArray[np.float32], time: float, hunger: float) -> Image:
        """
        Give the frame that the camera delivers.

        :param scene: (H, W, 3) light, 0..255
        :param hunger: 0..1, how far the camera raises its noise for want of light
        """
        height, width = self._size
        throw = dice(self._seed, time, 5)
        exposure = 1 + self._drift * math.sin(2 * math.pi * self._rates[0] * time + 1.0)
        if math.sin(2 * math.pi * self._rates[1] * time) > 0.3:
            exposure += self._step
        exposure += self._flicker * (throw[0] - 0.5)
        light = cv2.multiply(scene, self._gain, scale=exposure)
        if self._blur > 0.25:
            light = cv2.GaussianBlur(light, (0, 0), self._blur)
        bank = _noise(height, width, self._kind)
        top, left = int(throw[1] * _BANK), int(throw[2] * _BANK)
        grain = bank[top:top + height, left:left + width]
        strength = self.noise * (1 + 1.2 * hunger)
        if self._shot > 0.4:
            np.maximum(light, 0, out=light)
            grain = grain * (np.sqrt(light) * np.float32(0.07) + np.float32(0.3))
        light = cv2.scaleAdd(grain, -strength if throw[3] < 0.5 else strength, light)
        frame = cv2.convertScaleAbs(np.maximum(light, 0, out=light))
        frame = cv2.LUT(frame, self._curve)
        if self._grey:
            frame = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        if self._quality is not None:
            _, packed = cv2.imencode('.jpg', frame, (cv2.IMWRITE_JPEG_QUALITY, self._quality))
            frame = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        return frame


class Cover:
    """What comes before the lens: a hand, a cloth, a black cap, a board, a frosted pane."""

    def __init__(self, rng: Generator, split: str, size: tuple[int, int], aspect: float) -> None:
        height, width = size
        draws = rng.random(10)
        kind = str(rng.choice(
            ('hand', 'cloth', 'cap', 'board', 'pane'), p=(0.33, 0.2, 0.2, 0.17, 0.1)))
        self.kind = kind
        clouds = fractal(rng, height, width, 2, 3, 0.5)
        if kind == 'hand':
            tone = np.asarray(((150, 75, 55), (110, 50, 38), (190, 110, 85), (70, 28, 22))[
                int(draws[0] * 4)], np.float32)
            image = tone * np.float32(0.25 + 0.9 * draws[1]) * (1 + 0.35 * clouds)[..., None]
        elif kind == 'cap':
            image = np.float32(10 * draws[1] ** 2) + np.float32(4) * clouds[..., None]
            image = np.repeat(image, 3, axis=2)
        elif kind == 'pane':  # what is behind shines through as a mere tone
            image = np.full((height, width, 3), 40 + 170 * draws[1], np.float32)
            image *= (1 + 0.3 * clouds)[..., None]
        else:
            photographic = 0.15 if kind == 'cloth' else 0.3
            image = surface(rng, split, height, width, aspect, photographic).astype(np.float32)
            if kind == 'cloth':
                image = cv2.GaussianBlur(image, (0, 0), (0.01 + 0.05 * draws[2]) * height)
                image *= (1 + 0.4 * clouds)[..., None]
                image *= np.float32(0.12 + 0.6 * draws[3])
            else:
                image = cv2.GaussianBlur(image, (0, 0), max(0.012 * height, 0.4))
                image *= np.float32(0.2 + 0.8 * draws[3])
        if draws[4] < 0.35 and kind != 'board':  # light leaks in at one edge
            angle = 2 * math.pi * draws[5]
            across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None]
            down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
            ramp = across * np.float32(math.cos(angle)) + down * np.float32(math.sin(angle))
            leak = np.clip(ramp - 0.42, 0, 1)[..., None] * np.float32(4)
            image = image + leak * np.asarray((150, 120, 100), np.float32)
        self.image = np.clip(image, 0, 255).astype(np.float32)
        self._unrest = 0.12 * float(draws[9]) if kind in ('hand', 'cloth') else 0.0
        self._soft = {'hand': 0.3, 'cloth': 0.15, 'cap': 0.06, 'board': 0.03, 'pane': 0.4}[kind]
        self._soft *= 0.6 + 0.8 * float(draws[6])
        angle = 2 * math.pi * float(draws[7])
        across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None]
        down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
        if draws[8] < 0.6 or kind == 'board':  # slides in from one side
            field = across * np.float32(math.cos(angle)) + down * np.float32(math.sin(angle))
        elif draws[8] < 0.75:  # closes from all sides
            field = -np.sqrt(across ** 2 + down ** 2)
        else:  # comes from the front, as a shadow everywhere
            field = 0.02 * clouds
        if kind == 'hand':
            field = field + 0.06 * clouds
        low, high = float(field.min()), float(field.max())
        self._field = ((field - low) / max(high - low, 1e-6)).astype(np.float32)

    def over(self, scene: Field, share: float, time: float) -> Field:
        """Lay the cover over a scene, 0 free .. 1 wholly covered; what is held by hand stirs."""
        stir = np.float32(1 + self._unrest * math.sin(2.3 * time + 0.7 * math.sin(1.1 * time)))
        image = self.image * stir
        if share >= 1:
            return image
        edge = share * (1 + self._soft)
        mask = np.clip((edge - self._field) * np.float32(1 / self._soft), 0, 1)[..., None]
        return scene + (image - scene) * mask
