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
Pictures that mean no good: what a broken driver, a bad link or an attacker may send.

Each is small on the wire and costs as much as it can: sizes that the first bytes hide, a scan
that is repeated, floods of fill bytes, compressed nothing, lengths that do not fit. They are made
here, the same every time; no decoder is asked for more than it would write itself.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import math
import struct
from typing import Any
import zlib

import cv2
import numpy as np

from streamo_ros.sources.decode import MESSAGE_LIMITS

_PNG = b'\x89PNG\r\n\x1a\n'
_LARGE = math.isqrt(MESSAGE_LIMITS.pixels)    # by itself
_TOO_LARGE = 8000
_MEGABYTE = 2**20


@dataclass(frozen=True)
class HostilePicture:
    """
    One of them.

    :param fields: of the message, without its header
    :param compressed: whether that is a CompressedImage, rather than an Image
    """

    name: str
    compressed: bool
    fields: dict[str, Any]


def hostile_pictures() -> list[HostilePicture]:
    """Return all of them."""
    return [
        *(HostilePicture(f'jpeg {name}', True, {'format': 'jpeg', 'data': data})
          for name, data in _jpegs()),
        *(HostilePicture(f'png {name}', True, {'format': 'png', 'data': data})
          for name, data in _pngs()),
        *(HostilePicture(f'raw {name}', False, fields) for name, fields in _raws())]


def _jpegs() -> Iterator[tuple[str, bytes]]:
    grey = np.full((_LARGE, _LARGE), 90, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    small = _encoded('.jpg', noise)
    yield 'grey, as large as it may be', _encoded('.jpg', grey)
    progressive = _encoded('.jpg', grey, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    yield 'grey and progressive, as large as it may be', progressive
    colour = np.full((_LARGE, _LARGE, 3), 90, np.uint8)
    yield 'as large as it may be', _encoded('.jpg', colour)
    yield 'progressive, as large as it may be', _encoded(
        '.jpg', colour, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    del grey, colour
    last = progressive.rindex(b'\xff\xda')
    scan = progressive[last:-2]
    yield 'of thirty scans', progressive[:last] + 30 * scan + b'\xff\xd9'
    frame = _frame(small)
    huge = _resized(frame, 16_000, 16_000)
    yield 'whose header lies', small.replace(frame, huge)
    yield 'with a small size before the large one', small.replace(frame, frame + huge)
    yield 'with a small size in a comment', small.replace(
        frame, _segment(b'\xff\xfe', frame) + huge)
    yield 'with fill bytes before its size', small.replace(
        frame, 60_000 * b'\xff' + huge)
    yield 'with a megabyte of fill bytes', b'\xff\xd8' + _MEGABYTE * b'\xff' + b'\xff\xd9'
    yield 'of nothing but 0xFF', _MEGABYTE * b'\xff'
    yield 'of empty segments', b'\xff\xd8' + _MEGABYTE // 4 * b'\xff\xfe\x00\x02' + b'\xff\xd9'
    yield 'with a segment of no length', b'\xff\xd8' + 1000 * b'\xff\xfe\x00\x00' + b'\xff\xd9'
    yield 'cut off', small[:len(small) // 2]
    yield 'cut off and closed', small[:len(small) // 2] + b'\xff\xd9'
    yield 'garbled', small[:-200] + bytes(198) + b'\xff\xd9'
    yield 'of two bytes', b'\xff\xd8'
    yield 'empty', b''


def _pngs() -> Iterator[tuple[str, bytes]]:
    yield 'as large as it may be', png(_LARGE, _LARGE)
    yield 'with alpha, as large as it may be', png(_LARGE, _LARGE, colour=6)
    yield 'larger than it may be', png(_TOO_LARGE, _TOO_LARGE)
    yield 'of sixteen bits', png(4000, 4000, depth=16)
    yield 'interlaced', png(4000, 4000, interlaced=True)
    yield 'of one bit', png(_TOO_LARGE, _TOO_LARGE, depth=1, colour=0)
    yield 'whose header lies', png(60_000, 60_000, rows=48)
    bomb = zlib.compress(bytes(64 * _MEGABYTE), 9)
    yield 'with a text that unpacks to 64 MB', png(
        64, 48, before=[chunk(b'zTXt', b'a\0\0' + bomb)])
    yield 'with a profile that unpacks to 64 MB', png(
        64, 48, before=[chunk(b'iCCP', b'a\0\0' + bomb)])
    yield 'of empty chunks', png(64, 48, before=50_000 * [chunk(b'tEXt', b'')])
    whole = png(64, 48)
    yield 'cut off', whole[:len(whole) // 2]
    yield 'garbled', whole[:40] + bytes(60) + b'IEND'


def _raws() -> Iterator[tuple[str, dict[str, Any]]]:
    def fields(height: int, width: int, encoding: str, step: int, size: int) -> dict[str, Any]:
        return {'height': height, 'width': width, 'encoding': encoding, 'step': step,
                'data': bytes(size)}

    yield 'mosaic, as large as it may be', fields(
        _LARGE, _LARGE, 'bayer_rggb8', _LARGE, _LARGE**2)
    yield 'as large as it may be', fields(_LARGE, _LARGE, 'rgb8', 3 * _LARGE, 3 * _LARGE**2)
    yield 'of 12 megapixels', fields(3000, 4000, 'rgb8', 12_000, 36_000_000)
    yield 'of one row', fields(1, 4_000_000, 'mono8', 4_000_000, 4_000_000)
    yield 'of one column', fields(1_000_000, 1, 'rgb8', 3, 3_000_000)
    yield 'without its pixels', fields(8000, 8000, 'rgb8', 24_000, 100)
    yield 'larger than numbers', fields(2**32 - 1, 2**32 - 1, 'rgb8', 2**32 - 1, 100)
    yield 'of a step of 0', fields(2**31, 100, 'mono8', 0, 100)
    yield 'of no size', fields(0, 0, 'rgb8', 0, 0)
    yield 'of an encoding of a megabyte', fields(4, 4, '\x1b[31m' * (_MEGABYTE // 5), 12, 48)
    yield 'of odd planes', fields(47, 63, 'nv12', 63, 63 * 71)


def _encoded(suffix: str, picture: Any, *options: int) -> bytes:
    return bytes(cv2.imencode(suffix, picture, options)[1].tobytes())


def _segment(marker: bytes, content: bytes) -> bytes:
    return marker + struct.pack('>H', len(content) + 2) + content


def _frame(jpeg: bytes) -> bytes:
    """Return the frame header of a baseline JPEG."""
    at = jpeg.index(b'\xff\xc0')
    return jpeg[at:at + 2 + int(struct.unpack('>H', jpeg[at + 2:at + 4])[0])]


def _resized(frame: bytes, height: int, width: int) -> bytes:
    return frame[:5] + struct.pack('>HH', height, width) + frame[9:]


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack('>I', len(content)) + kind + content + struct.pack(
        '>I', zlib.crc32(kind + content))


def png(
    width: int, height: int, *, rows: int | None = None, depth: int = 8, colour: int = 2,
    interlaced: bool = False, before: Sequence[bytes] = (), pieces: int = 1,
    behind: Sequence[bytes] = (),
) -> bytes:
    """
    Return a black PNG, packed row by row so that it is never here as a whole.

    :param rows: that it really has
    :param colour: the type: 0 grey, 2 RGB, 3 palette, 6 RGB with alpha
    :param before: chunks before its pixels
    :param pieces: chunks that its pixels come in
    :param behind: chunks behind them
    """
    row = bytes(1 + (width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] + 7) // 8)
    packer = zlib.compressobj(9)
    # Seven passes of an interlaced one have at most fifteen rows for eight, each no longer.
    lines = rows or height * (1 + interlaced)
    pixels = b''.join([*(packer.compress(row) for _ in range(lines)), packer.flush()])
    size = -(-len(pixels) // pieces)
    header = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, interlaced)
    return b''.join([
        _PNG, chunk(b'IHDR', header), *before,
        *([chunk(b'PLTE', bytes(768))] if colour == 3 else []),
        *(chunk(b'IDAT', pixels[at:at + size]) for at in range(0, len(pixels), size)),
        *behind, chunk(b'IEND', b'')])
