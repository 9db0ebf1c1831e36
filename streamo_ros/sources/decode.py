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
Compressed pictures become pixels, within bounds on what one of them may cost.

Pillow decodes, and Pillow says how large a picture is: no parser of ours has to agree with it. A
few bytes can ask a decoder for gigabytes or for minutes, so what a picture takes is known before
its pixels are: by its size, by the reads its header needs, and for JPEG by the scans that it can
hold at most. ``decode`` is a function of its arguments alone and may be called from any thread.
"""

from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.orientation import AS_STORED

SENT = ('JPEG', 'PNG', 'TIFF')
"""What image_transport's compressed topics carry."""

KEPT = (*SENT, 'BMP', 'WebP', 'PPM')
"""What a folder of pictures may hold."""


@dataclass(frozen=True)
class Limits:
    """
    What one picture may cost.

    :param pixels: of it
    :param encoded: bytes of it as it is sent
    :param memory: bytes that decoding takes
    :param scan_pixels: pixels that are gone through, counting each scan of a JPEG
    :param reads: reads that its structure may need: segments, chunks, directories
    :param header: bytes that may lie before its pixels
    """

    pixels: int = 64_000_000
    encoded: int = 64_000_000
    memory: int = 480_000_000
    scan_pixels: int = 20 * 64_000_000
    reads: int = 100_000
    header: int = 8_000_000


LIMITS = Limits()
"""Of a picture or film in a file."""

MESSAGE_LIMITS = Limits(
    pixels=20_000_000, memory=200_000_000, scan_pixels=20 * 20_000_000)
"""
Of a picture in a message: a node holds several of them, of each camera, and has two cores to
decode them beside its engine.
"""


@dataclass(frozen=True)
class Decoded:
    """
    What a compressed picture holds.

    :param pixels: (H, W, 3) RGB, or (H, W) grey in 8 or 16 bits, as they are stored
    :param orientation: in which they are to be shown (``orientation``), 1 to 8
    """

    pixels: NDArray[np.uint8] | NDArray[np.uint16]
    orientation: int


@dataclass(frozen=True)
class _Format:
    """
    A format that is decoded.

    :param at: where its mark lies
    :param mark: bytes that all of its pictures have there
    """

    name: str
    at: int
    mark: bytes
    open: Callable[[Any], ImageFile]


_FORMATS = (
    _Format('JPEG', 0, b'\xff\xd8', JpegImageFile),
    _Format('PNG', 0, b'\x89PNG\r\n\x1a\n', PngImageFile),
    _Format('TIFF', 0, b'II*\0', TiffImageFile),
    _Format('TIFF', 0, b'MM\0*', TiffImageFile),
    _Format('BMP', 0, b'BM', BmpImageFile),
    _Format('WebP', 8, b'WEBP', WebPImageFile),
    _Format('PPM', 0, b'P5', PpmImageFile),
    _Format('PPM', 0, b'P6', PpmImageFile))
# What people send besides, for a sentence that names it.
_OTHERS = (
    (0, b'GIF8', 'GIF'), (4, b'ftypavi', 'AVIF'), (4, b'ftyp', 'HEIF'),
    (0, b'\xff\x0a', 'JPEG XL'), (4, b'JXL ', 'JPEG XL'), (4, b'jP  ', 'JPEG 2000'),
    (0, b'\x28\xb5\x2f\xfd', 'zstd'),
    (0, b'\0\0\0\1', 'a packet of video'), (0, b'\0\0\1', 'a packet of video'))
_TIFF_COMPRESSIONS = ('raw', 'tiff_lzw', 'tiff_adobe_deflate', 'tiff_deflate', 'packbits')
_START_OF_SCAN = b'\xff\xda'
_STRIP = 1 << 20  # pixels that are converted at a time


def format_of(data: bytes, formats: Collection[str]) -> str:
    """
    Return which of the formats a picture has.

    :raises ImageError: when it has none of them
    """
    found = _known(data)
    if found is not None and found.name in formats:
        return found.name
    other = found.name if found else next(
        (name for at, mark, name in _OTHERS if data.startswith(mark, at)), 'not a picture')
    raise ImageError(
        'unknown encoding', f'the data is {other}, and none of {", ".join(formats)}: other '
        'compressed formats, video among them, are not understood')


def decode(
    data: bytes, formats: Collection[str] = SENT, limits: Limits = LIMITS,
) -> Decoded:
    """
    Return what a compressed picture holds.

    :param data: all of it
    :param formats: those that it may have
    :raises ImageError: when it has another format, is damaged, or would cost too much
    """
    format_of(data, formats)
    found = _known(data)
    assert found is not None
    if len(data) > limits.encoded:
        raise ImageError(
            'too large', f'{len(data)} bytes of {found.name} are more than {limits.encoded}')
    try:
        file = _Bounded(data, limits.reads, limits.encoded if found.name == 'WebP'
                        else limits.header)
        with found.open(file) as image:
            _check_cost(image, file, limits)
            file.left = limits.encoded * 2  # pixels may be sought and read again
            image.load()
            return Decoded(_pixels(image), _orientation(image))
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError('too large', f'the {found.name} picture is too large: {error}') from error
    except Exception as error:  # of many kinds: the data may be any bytes
        cause, what = (
            ('truncated', 'breaks off') if 'truncated' in str(error).lower()
            else ('undecodable', 'cannot be decoded'))
        raise ImageError(
            cause, f'the {found.name} picture ({len(data)} bytes) {what}: {error}') from error


def _known(data: bytes) -> _Format | None:
    return next((one for one in _FORMATS if data.startswith(one.mark, one.at)), None)


class _Bounded(io.BytesIO):
    """
    A picture's bytes, of which only so many are given out, in so many pieces.

    :ivar left: bytes that may still be read
    """

    def __init__(self, data: bytes, reads: int, header: int) -> None:
        super().__init__(data)
        self._reads = reads
        self.left = header

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes."""
        data = super().read(size)
        self._reads -= 1
        self.left -= len(data)
        if self._reads < 0 or self.left < 0:
            raise ImageError(
                'too costly', 'the picture is made of too many pieces, or of much that is no '
                'picture: write it anew with an ordinary program')
        return data


def _check_cost(image: ImageFile, file: _Bounded, limits: Limits) -> None:
    """
    Refuse a picture whose pixels would cost too much.

    :raises ImageError: when it does
    """
    width, height = image.size
    pixels = width * height
    if pixels <= 0:
        raise ImageError('zero size', f'the picture is {width}x{height} pixels: none')
    if pixels > limits.pixels:
        raise ImageError(
            'too large', f'{width}x{height} pixels are more than {limits.pixels}: scale it down')
    # What Pillow holds, and the array that is returned.
    each: float = {'L': 2, '1': 4, 'P': 4, 'I;16': 6, 'I;16B': 6, 'I;16L': 6}.get(image.mode, 7)
    if isinstance(image, JpegImageFile):
        # Every scan begins with these two bytes, and no trick hides them from this count; that
        # they may also stand in other segments makes it larger, never smaller.
        scans = file.getvalue().count(_START_OF_SCAN, file.tell()) + 1
        if scans * pixels > limits.scan_pixels:
            raise ImageError(
                'too costly', f'{scans} scans of {width}x{height} pixels are more than a picture '
                f'may take ({limits.scan_pixels} pixels): send baseline JPEG')
        if scans > 1:  # their coefficients are all kept until the last
            areas = [part[1] * part[2] for part in image.layer]
            each += 2 * sum(areas) / max(areas, default=1)
    if each * pixels > limits.memory:
        raise ImageError(
            'too large', f'decoding {width}x{height} pixels of this kind takes '
            f'{each * pixels / 1e6:.0f} MB, more than {limits.memory / 1e6:.0f}')
    if isinstance(image, TiffImageFile) and (
            image.info.get('compression', 'raw') not in _TIFF_COMPRESSIONS):
        raise ImageError(
            'unknown encoding', f'TIFF compressed as {image.info.get("compression")} is not '
            'understood: use LZW or none')
    if len(image.tile) > limits.reads or any(tile[0] in Image.DECODERS for tile in image.tile):
        raise ImageError(
            'too costly', f'this kind of {image.format} is decoded value by value, which takes '
            'too long: write it with 8 or 16 bits, uncompressed or in an ordinary way')


def _pixels(image: ImageFile) -> NDArray[np.uint8] | NDArray[np.uint16]:
    if image.mode == 'L':
        return np.asarray(image, np.uint8)
    if image.mode.startswith('I;16'):
        return np.asarray(image).astype(np.uint16, copy=False)
    if image.mode == 'I':  # as releases before 11 open PNG of 16 bits
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise ImageError('unknown encoding', 'a picture of 32-bit values is not understood')
        return values.astype(np.uint16)
    if image.mode == 'F':
        raise ImageError(
            'unknown encoding', 'a picture of floating-point values is not understood, depth '
            'among them: give the colour or grey picture')
    width, height = image.size
    found = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        strip: Image.Image = image if rows >= height else image.crop(
            (0, top, width, min(top + rows, height)))
        if strip.mode in ('P', 'PA'):
            strip = strip.convert('RGBA')  # of a palette with transparency Pillow would warn
        found[top:top + rows] = np.asarray(strip.convert('RGB'))
    return found


def _orientation(image: ImageFile) -> int:
    try:
        orientation = image.getexif().get(0x112)
    except Exception:  # of many kinds: what is damaged there says nothing
        return AS_STORED
    return orientation if isinstance(orientation, int) else AS_STORED
