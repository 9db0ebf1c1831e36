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


"""Small pictures of the frames at which something was due or said, to be put into a page."""

import base64
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.sources.source_error import SourceError

MOST = 1200
"""Pictures in one page."""

MOST_BYTES = 8_000_000
"""Of a page's pictures together, as they stand in it."""

_WIDTH = 176
_QUALITY = 60

_AT_ONCE = 32  # frames in memory in full size

Frames = Callable[[Path, str, Sequence[int]], Sequence[NDArray[np.uint8] | None]]
"""Reads frames of a bag, as ``bag_frames.frames_at`` does."""


class Thumbnails:
    """
    What a page has room for.

    :param frames: reads them
    :param cameras: how many will ask; what one leaves is there for the next
    :param first: in words, what comes first when there is no room for all
    """

    def __init__(self, frames: Frames, cameras: int, first: str) -> None:
        self._frames = frames
        self._cameras = cameras
        self._first = first
        self._room = MOST
        self._bytes = MOST_BYTES
        self.wanted = 0
        """Moments that a picture was asked for"""
        self.shown = 0
        """Those that have one"""
        self.missing: list[str] = []
        """Why there are none of a camera, in sentences"""

    def of(
        self, bag: Bag, camera: Camera, first: Iterable[float], others: Iterable[float],
    ) -> dict[float, str]:
        """
        Return JPEG pictures as data URIs, by the stamp of the tick they are of.

        :param first: stamps that come first when there is no room for all
        :param others: the rest
        """
        share = self._room // max(1, self._cameras)
        room = self._bytes // max(1, self._cameras)
        self._cameras -= 1
        ticks = np.sort(np.asarray(camera.ticks.stamps))
        if not len(ticks):
            return {}
        urgent = _nearest(ticks, first)
        rest = sorted(set(_nearest(ticks, others)) - set(urgent))
        self.wanted += len(urgent) + len(rest)
        urgent = _thin(urgent, share)
        rest = _thin(rest, share - len(urgent))
        chosen = sorted(urgent + rest)
        made: dict[float, str] = {}
        try:
            for stamp, picture in self._read(bag, camera, chosen):
                made[stamp] = data_uri(picture)
        except (OSError, SourceError) as error:
            self.missing.append(f'No pictures of {bag.name} {camera.topic}: {error}')
        most = len(chosen)
        while made and sum(map(len, made.values())) > room:
            most = most * 9 // 10
            kept = {*_thin(urgent, most), *_thin(rest, max(0, most - len(urgent)))}
            made = {stamp: uri for stamp, uri in made.items() if stamp in kept}
        self._room -= len(made)
        self._bytes -= sum(map(len, made.values()))
        self.shown += len(made)
        return made

    def _read(
        self, bag: Bag, camera: Camera, stamps: list[float],
    ) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        for start in range(0, len(stamps), _AT_ONCE):
            part = stamps[start:start + _AT_ONCE]
            pictures = self._frames(
                Path(bag.path), camera.topic,
                [bag.start_ns + round(stamp * 1e9) for stamp in part])
            for stamp, picture in zip(part, pictures, strict=True):
                if picture is not None:
                    yield stamp, picture

    def notes(self) -> list[str]:
        """Return what a reader should know of the pictures, in sentences."""
        if self.shown == self.wanted:
            return self.missing
        return [
            f'Pictures of {self.shown:,} of {self.wanted:,} moments are in this page, '
            f'{self._first} first.', *self.missing]


def data_uri(picture: NDArray[np.uint8]) -> str:
    """Return an RGB picture, made small, as the data URI of a JPEG."""
    height, width = picture.shape[:2]
    scale = min(1.0, _WIDTH / width, _WIDTH / height)
    small = cv2.resize(
        picture, (max(1, round(width * scale)), max(1, round(height * scale))),
        interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(
        '.jpg', cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f'data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}'


def _nearest(ticks: NDArray[np.float64], stamps: Iterable[float]) -> list[float]:
    """Return the ticks nearest to these stamps, ascending, each once."""
    wanted = np.asarray(list(stamps), np.float64)
    after = np.searchsorted(ticks, wanted).clip(1, max(1, len(ticks) - 1))
    before = after - 1
    after = after.clip(max=len(ticks) - 1)
    nearer = np.where(wanted - ticks[before] <= ticks[after] - wanted, before, after)
    return [float(ticks[place]) for place in np.unique(nearer)]


def _thin(stamps: list[float], most: int) -> list[float]:
    """Return at most so many, spread evenly."""
    if len(stamps) <= most:
        return stamps
    return [stamps[index * len(stamps) // most] for index in range(most)]
