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
Image messages become RGB frames, and bad ones become a sentence.

OpenCV does the colours; everything a driver can get wrong is checked before, because a short
buffer or half a JPEG otherwise turns into grey pixels, a crash or a traceback far away.
``check`` is cheap enough for every message; ``to_rgb`` is for the sampled ones.
"""

from dataclasses import dataclass
from typing import Any
from typing import cast
from typing import Protocol
from typing import TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_PIXELS = 64_000_000
"""Larger images are refused: a few bytes of PNG can ask for gigabytes."""


class ImageError(ValueError):
    """
    An image message that cannot be used.

    :param cause: what is wrong in a word, the same for all images wrong in this way
    :param sentence: what is wrong and what would help, for the log
    """

    def __init__(self, cause: str, sentence: str) -> None:
        super().__init__(sentence)
        self.cause = cause


class RawImage(Protocol):
    """The fields of sensor_msgs/Image that are read here."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: bytes


class CompressedImage(Protocol):
    """The fields of sensor_msgs/CompressedImage that are read here."""

    format: str
    data: bytes


@dataclass(frozen=True)
class Encoding:
    """
    How the pixels of a raw encoding lie in memory.

    :param channels: values that one pixel takes in a row
    :param depth: bytes of one value
    :param code: OpenCV's conversion to RGB; None when it is RGB already
    :param even: width (and height, for planes) must be a multiple of 2
    :param rows: rows of the buffer for two rows of the image
    """

    channels: int
    depth: int
    code: int | None
    even: bool = False
    rows: int = 2


# OpenCV names a Bayer pattern by its second row, ROS by its first.
_BAYER = {
    'rggb': cv2.COLOR_BayerBG2RGB, 'bggr': cv2.COLOR_BayerRG2RGB,
    'gbrg': cv2.COLOR_BayerGR2RGB, 'grbg': cv2.COLOR_BayerGB2RGB}
_UYVY = Encoding(2, 1, cv2.COLOR_YUV2RGB_UYVY, even=True)
_YUYV = Encoding(2, 1, cv2.COLOR_YUV2RGB_YUY2, even=True)

ENCODINGS: dict[str, Encoding] = {
    'rgb8': Encoding(3, 1, None),
    'bgr8': Encoding(3, 1, cv2.COLOR_BGR2RGB),
    'rgba8': Encoding(4, 1, cv2.COLOR_RGBA2RGB),
    'bgra8': Encoding(4, 1, cv2.COLOR_BGRA2RGB),
    'mono8': Encoding(1, 1, cv2.COLOR_GRAY2RGB),
    'mono16': Encoding(1, 2, cv2.COLOR_GRAY2RGB),
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV,
    'yuyv': _YUYV,
    'nv12': Encoding(1, 1, cv2.COLOR_YUV2RGB_NV12, even=True, rows=3),
    **{f'bayer_{order}8': Encoding(1, 1, code) for order, code in _BAYER.items()},
    **{f'bayer_{order}16': Encoding(1, 2, code) for order, code in _BAYER.items()},
}
"""The raw encodings that are understood, by their names in sensor_msgs."""


def check(message: RawImage | CompressedImage) -> None:
    """
    Look for everything that can be wrong with a message without decoding it.

    :raises ImageError: when the message cannot be used
    """
    if _is_compressed(message):
        _check_compressed(message)
    else:
        _check_raw(cast(RawImage, message))


def to_rgb(message: RawImage | CompressedImage) -> NDArray[np.uint8]:
    """
    Return the picture of a sensor_msgs Image or CompressedImage.

    :returns: (height, width, 3), RGB
    :raises ImageError: when the message cannot be used
    """
    check(message)
    try:
        if _is_compressed(message):
            return _from_compressed(message)
        return _from_raw(cast(RawImage, message))
    except cv2.error as error:
        raise ImageError('undecodable', f'the image cannot be decoded: {error}') from error


def _is_compressed(message: RawImage | CompressedImage) -> TypeGuard[CompressedImage]:
    return hasattr(message, 'format')


def _check_raw(message: RawImage) -> None:
    height, width, name = message.height, message.width, message.encoding
    if height <= 0 or width <= 0:
        raise ImageError('zero size', f'the image is {width}x{height} pixels: no picture in it')
    encoding = ENCODINGS.get(name)
    if encoding is None:
        raise ImageError(
            'unknown encoding',
            f'the encoding {name[:40]!r} is not understood: publish one of '
            + ', '.join(ENCODINGS) + ' or a CompressedImage')
    if height * width > MAX_PIXELS:
        raise ImageError('too large', f'{width}x{height} pixels are more than {MAX_PIXELS}')
    if encoding.even and (width % 2 or (encoding.rows == 3 and height % 2)):
        raise ImageError(
            'odd size', f'{width}x{height} cannot be {name}: its colours span two pixels')
    row = width * encoding.channels * encoding.depth
    if message.step < row:
        raise ImageError(
            'short step', f'step is {message.step} but a row of {width} pixels of {name} takes '
            f'{row} bytes: set step to the length of a row with its padding')
    needed = message.step * (height * encoding.rows // 2 - 1) + row
    if len(message.data) < needed:
        raise ImageError(
            'short buffer', f'{len(message.data)} bytes of data, but {width}x{height} {name} '
            f'with step {message.step} takes {needed}')


def _from_raw(message: RawImage) -> NDArray[np.uint8]:
    encoding = ENCODINGS[message.encoding]
    dtype = np.dtype('u1') if encoding.depth == 1 else np.dtype(
        '>u2' if message.is_bigendian else '<u2')
    rows = message.height * encoding.rows // 2
    pixels: NDArray[Any] = np.ndarray(
        (rows, message.width, encoding.channels), dtype, buffer=message.data,
        strides=(message.step, encoding.channels * encoding.depth, encoding.depth))
    if encoding.depth == 2:
        pixels = (pixels >> 8).astype(np.uint8)
    frame: NDArray[np.uint8] = np.ascontiguousarray(pixels)
    if encoding.code is None:
        return frame
    converted: NDArray[np.uint8] = cv2.cvtColor(frame, encoding.code)
    return converted


def _check_compressed(message: CompressedImage) -> None:
    if 'compressedDepth' in message.format:
        raise ImageError(
            'compressedDepth', 'the image is a compressedDepth map, which has no colours: '
            'remap the topic to the colour camera')
    data = bytes(message.data)
    if not data:
        raise ImageError('zero size', 'the compressed image has no data')
    if data.startswith(b'\xff\xd8'):
        header = _jpeg_frame_header(data)
        size = (int.from_bytes(data[header + 7:header + 9], 'big'),
                int.from_bytes(data[header + 5:header + 7], 'big'))
        # Searched from the frame header on: a thumbnail before it has an end of its own.
        whole = data.find(b'\xff\xd9', header) > 0
    elif data.startswith(b'\x89PNG\r\n\x1a\n'):
        size = int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big')
        whole = data.rfind(b'IEND') > 0
    else:
        raise ImageError(
            'unknown encoding', f'the data (format {message.format[:40]!r}) is neither JPEG nor '
            'PNG: other compressed formats, video among them, are not understood')
    if not whole:
        raise ImageError(
            'truncated', f'the compressed image breaks off after {len(data)} bytes')
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageError('too large', f'{size[0]}x{size[1]} pixels are more than {MAX_PIXELS}')


def _jpeg_frame_header(data: bytes) -> int:
    """Return where the header with the size is; the end of the data when there is none."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return at
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2:at + 4], 'big')
    return len(data)


def _from_compressed(message: CompressedImage) -> NDArray[np.uint8]:
    # A driver's EXIF orientation is left alone: the pixels are used as the camera sent them.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture: NDArray[np.uint8] | None = cv2.imdecode(np.frombuffer(message.data, np.uint8), flags)
    if picture is None:
        raise ImageError(
            'undecodable', f'the compressed image ({len(message.data)} bytes, format '
            f'{message.format[:40]!r}) cannot be decoded')
    converted: NDArray[np.uint8] = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return converted
