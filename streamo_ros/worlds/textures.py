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
Surfaces to paint with: fractal noise, patterns, colours and, where installed, photographs.

A four-million-weight model sees its domain through these, so they are many and cheap. What is
drawn from the generator never depends on the size asked for: one seed is one surface at any
resolution.
"""

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.pictures import fetched_photographs

Image = NDArray[np.uint8]
Field = NDArray[np.float32]
Generator = np.random.Generator
Colour = tuple[float, float, float]

# (package, folder, file) of the photographs each split may use. They are a soft extra of training:
# the test split is rendered without any, so that it is the same world on every machine.
_SKIMAGE = 'skimage', 'data'
_SKLEARN = 'sklearn', 'datasets/images'
PHOTOGRAPHS = {
    'train': (
        (*_SKIMAGE, 'astronaut.png'), (*_SKIMAGE, 'camera.png'), (*_SKIMAGE, 'chelsea.png'),
        (*_SKIMAGE, 'motorcycle_left.png'), (*_SKIMAGE, 'motorcycle_right.png'),
        (*_SKIMAGE, 'rocket.jpg'), (*_SKIMAGE, 'grass.png'), (*_SKIMAGE, 'brick.png'),
        (*_SKIMAGE, 'coins.png'), (*_SKIMAGE, 'moon.png'),
        (*_SKIMAGE, 'hubble_deep_field.jpg'), (*_SKIMAGE, 'clock_motion.png'),
        (*_SKIMAGE, 'retina.jpg'), (*_SKIMAGE, 'color.png'), (*_SKLEARN, 'china.jpg')),
    'validation': (
        (*_SKIMAGE, 'coffee.png'), (*_SKIMAGE, 'gravel.png'), (*_SKIMAGE, 'ihc.png'),
        (*_SKIMAGE, 'text.png'), (*_SKLEARN, 'flower.jpg')),
    'test': (),
}


def photographs(split: str) -> tuple[Image, ...]:
    """
    Give the photographs of a split, each (H, W, 3) RGB, at most 512 pixels high.

    :param split: 'train', 'validation' or 'test': those that packages of Python carry; 'train+'
        and so on: those that were fetched, too
    """
    if not split.endswith('+'):
        return installed(split)
    fetched = fetched_photographs(split[:-1])
    return *installed(split[:-1]), *(_read(file) for file in fetched)


@lru_cache(maxsize=3)
def installed(split: str) -> tuple[Image, ...]:
    """Give those of a split that packages of Python carry."""
    found = []
    for package, folder, name in PHOTOGRAPHS[split]:
        try:
            data = (resources.files(package) / folder / name).read_bytes()
        except (ImportError, OSError):
            continue
        photograph = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if photograph is None:
            continue
        height, width = photograph.shape[:2]
        if height > 512:
            width, height = round(width * 512 / height), 512
            photograph = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA)
        found.append(np.ascontiguousarray(photograph[..., ::-1]))
    return tuple(found)


@lru_cache(maxsize=100)
def _read(file: Path) -> Image:
    picture: Any = cv2.imread(str(file), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(picture[..., ::-1])


def photograph(
    rng: Generator, split: str, height: int, width: int, least: float = 0.35,
) -> Image | None:
    """Cut a random piece of a random photograph; None where the split has none installed."""
    index, scale, across, down, flip, upside = rng.random(6)
    stock = photographs(split)
    if not stock:
        return None
    image = stock[int(index * len(stock))]
    scale = least + (1 - least) * scale
    aspect = width / height
    rows = min(image.shape[0], image.shape[1] / aspect) * scale
    columns = max(int(rows * aspect), 2)
    rows = max(int(rows), 2)
    top = int(down * (image.shape[0] - rows + 0.999))
    left = int(across * (image.shape[1] - columns + 0.999))
    piece = image[top:top + rows, left:left + columns]
    smaller = height < rows
    piece = cv2.resize(
        piece, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    if flip < 0.5:
        piece = cv2.flip(piece, 1)
    if upside < 0.1:
        piece = cv2.flip(piece, 0)
    return piece


def colour(rng: Generator, vivid: float = 0.5) -> Colour:
    """Draw a colour (RGB, 0..255), mostly muted as paint and cloth are."""
    hue, saturation, value, grey = rng.random(4)
    saturation = saturation ** 1.5 * (0.15 if grey > vivid + 0.3 else 0.9)
    value = 30 + 215 * value
    red, green, blue = (
        value * (1 - saturation * min(max(abs((hue * 6 + turn) % 6 - 3) - 1, 0), 1))
        for turn in (3, 5, 1))
    return red, green, blue


def shade(base: Colour, factor: float) -> Colour:
    """Make a colour lighter or darker."""
    return (
        min(base[0] * factor, 255.0), min(base[1] * factor, 255.0), min(base[2] * factor, 255.0))


def fractal(
    rng: Generator, height: int, width: int, coarsest: int = 2, octaves: int = 5,
    persistence: float = 0.6, channels: int = 1,
) -> Field:
    """Sum octaves of smooth noise into (height, width[, channels]), about -1..1."""
    total = np.zeros((height, width) if channels == 1 else (height, width, channels), np.float32)
    amplitude = 0.6
    cells = coarsest
    for _ in range(octaves):
        lattice = rng.random((cells, cells, channels), np.float32)
        if channels == 1:
            lattice = lattice[..., 0]
        if cells <= 1.5 * max(height, width):
            layer = cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC)
        else:
            layer = cv2.resize(lattice, (width, height), interpolation=cv2.INTER_AREA)
        cv2.scaleAdd(layer - 0.5, 2 * amplitude, total, dst=total)
        amplitude *= persistence
        cells *= 2
    return total


def _axes(height: int, width: int, aspect: float, angle: float) -> tuple[Field, Field]:
    across = (np.arange(width, dtype=np.float32) + 0.5) * (aspect / width)
    down = (np.arange(height, dtype=np.float32) + 0.5) * (1 / height)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return (
        (across * cosine)[None] + (down * sine)[:, None],
        (down * cosine)[:, None] - (across * sine)[None])


def pattern(
    rng: Generator, height: int, width: int, aspect: float = 1.0, finest: float = 14.0,
) -> Image:
    """Paint a two-colour pattern: stripes, checks, dots, bricks, planks, weave, marble, print."""
    kind = int(rng.integers(9))
    first, second = colour(rng), colour(rng)
    angle = float(rng.choice([0.0, np.pi / 2, rng.random() * np.pi]))
    count = 2.0 * (finest / 2.0) ** rng.random()
    duty, soft, wobble = rng.random(3)
    wave = fractal(rng, height, width, 2, 4, 0.6)
    u, v = _axes(height, width, aspect, angle)
    u, v = u * count, v * count
    if kind == 0:
        mix = np.sin(u * 2 * np.pi + wobble * wave) * 1.5 + duty - 0.5
    elif kind == 1:
        mix = np.sin(u * np.pi) * np.sin(v * np.pi) * 4
    elif kind == 2:
        near = (u - np.floor(u) - 0.5) ** 2 + (v - np.floor(v) - 0.5) ** 2
        mix = (0.08 + 0.1 * duty - near) * 25
    elif kind == 3:
        row = np.floor(v * 2)
        along = u + 0.5 * (row % 2)
        mortar = np.minimum(along - np.floor(along), (v * 2 - row) * 0.5)
        mix = (mortar - 0.06) * 30 + 0.6 * np.sin(np.floor(along) * 12.9 + row * 78.2)
    elif kind == 4:
        plank = np.floor(v * 2)
        mix = (v * 2 - plank - 0.08) * 20
        mix = np.minimum(mix, 0.7) + 0.7 * np.sin(plank * 37.7) + 0.5 * wave
    elif kind == 5:
        mix = np.sin(u * 2 * np.pi) + np.sin(v * 2 * np.pi) + 0.5 * np.sin(u * 6 * np.pi)
    elif kind == 6:
        mix = np.sin((u + wave * (0.3 + wobble)) * np.pi) * 1.2
    elif kind == 7:
        row = np.floor(v * 3)
        letters = np.sin(u * 23.0 + row * 5.3) + np.sin(u * 37.0 + row * 11.1)
        mix = np.where((v * 3 - row > 0.35) & (letters > 0.1), 2.0, -2.0).astype(np.float32)
    else:
        mix = wave * 2.5
    mix = np.clip(mix * (0.5 + soft) + 0.5, 0, 1)[..., None] if kind != 8 else (
        np.clip(mix * 0.5 + 0.5, 0, 1)[..., None])
    base = np.asarray(first, np.float32)
    image = base + mix * (np.asarray(second, np.float32) - base) * np.float32(0.35 + 0.65 * duty)
    image *= (1 + 0.12 * wave)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


def surface(
    rng: Generator, split: str, height: int, width: int, aspect: float = 1.0,
    photographic: float = 0.4,
) -> Image:
    """Give a textured surface: a piece of a photograph, a pattern or clouded paint."""
    choice = rng.random()
    seed = rng.integers(2**62)
    inner = np.random.default_rng(seed)
    if choice < photographic:
        piece = photograph(inner, split, height, width, 0.12)
        if piece is not None:
            return tint(inner, piece)
    if choice < photographic + (1 - photographic) * 0.65:
        return pattern(inner, height, width, aspect)
    base = np.asarray(colour(inner), np.float32)
    clouds = fractal(inner, height, width, 2, 5, 0.7)[..., None]
    return np.clip(base * (1 + 0.3 * clouds), 0, 255).astype(np.uint8)


def tint(rng: Generator, image: Image, strength: float = 0.35) -> Image:
    """Change gains, contrast and saturation of an image as another camera or paint would."""
    gains = np.exp(strength * (rng.random(3) - 0.5)).astype(np.float32)
    contrast, lift, saturation = rng.random(3)
    grey = image.mean(axis=2, keepdims=True, dtype=np.float32)
    result = grey + (image - grey) * np.float32(0.3 + 1.0 * saturation)
    result = (result - 110) * (gains * np.float32(0.65 + 0.6 * contrast))
    result += np.float32(80 + 70 * lift)
    return np.clip(result, 0, 255).astype(np.uint8)
