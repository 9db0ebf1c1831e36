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
``check`` is cheap enough for every message; ``to_rgb`` is for the sampled ones. Where the robot
has a cv_bridge, what it converts right goes through it (``robot_bridge``).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from typing import cast
from typing import Protocol
from typing import TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.sources.decode import decode
from streamo_ros.sources.decode import format_of
from streamo_ros.sources.decode import Limits
from streamo_ros.sources.decode import MESSAGE_LIMITS
from streamo_ros.sources.decode import SENT
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.robot_bridge import Bridge
from streamo_ros.sources.robot_bridge import installed
from streamo_ros.sources.sixteen_bits import to_eight_bits


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
"""The raw encodings that are understood, by their names in sensor_msgs (in either case)."""


LARGEST_WHOLE = 4096 * 2160
"""
Pixels of the largest picture that is taken as it is: those of more are halved.

A model sees a tenth of a megapixel, and a node holds several pictures of each camera.
"""

_ALIGNMENTS = (16, 32, 64)  # rows to which video hardware rounds the height of a plane


def check(message: RawImage | CompressedImage, limits: Limits = MESSAGE_LIMITS) -> None:
    """
    Look for what can be wrong with a message without decoding it.

    :param limits: what its picture may cost
    :raises ImageError: when the message cannot be used
    """
    if _is_compressed(message):
        _check_compressed(message)
    else:
        _check_raw(cast(RawImage, message), limits)


def to_rgb(
    message: RawImage | CompressedImage, limits: Limits = MESSAGE_LIMITS,
) -> NDArray[np.uint8]:
    """
    Return the picture of a sensor_msgs Image or CompressedImage.

    One of more than ``LARGEST_WHOLE`` pixels comes with half its height and width.

    It depends on its arguments alone, and may be called from any thread.

    :param limits: what it may cost
    :returns: (height, width, 3), RGB
    :raises ImageError: when the message cannot be used
    """
    check(message, limits)
    try:
        if _is_compressed(message):
            return _no_larger(_from_compressed(message, limits))
        raw = cast(RawImage, message)
        bridge = _bridge()
        return _no_larger(
            bridge.to_rgb(raw) if bridge and bridge.takes(raw) else _from_raw(raw))
    except cv2.error as error:
        raise ImageError('undecodable', f'the image cannot be decoded: {error}') from error


@cache
def _bridge() -> Bridge | None:
    convert = installed()
    return None if convert is None else Bridge(convert, {
        name: encoding.channels for name, encoding in ENCODINGS.items()
        if encoding.depth == 1 and encoding.rows == 2}, _from_raw)


def grey_to_rgb(
    values: NDArray[np.uint8] | NDArray[np.uint16], code: int = cv2.COLOR_GRAY2RGB,
) -> NDArray[np.uint8]:
    """
    Return the picture of grey values, or of a mosaic of colours.

    :param values: (H, W) of 8 or 16 bits
    :param code: OpenCV's conversion; of a Bayer pattern for a mosaic
    :returns: (H, W, 3), RGB
    """
    if values.dtype.itemsize == 2:
        values = to_eight_bits(cast(NDArray[np.uint16], values))
    picture: NDArray[np.uint8] = np.asarray(cv2.cvtColor(values, code), np.uint8)
    return picture


def _no_larger(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    if height * width <= LARGEST_WHOLE:
        return picture
    size = max(1, width // 2), max(1, height // 2)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _is_compressed(message: RawImage | CompressedImage) -> TypeGuard[CompressedImage]:
    return hasattr(message, 'format')


def _check_raw(message: RawImage, limits: Limits) -> None:
    height, width, name = message.height, message.width, message.encoding
    if height <= 0 or width <= 0:
        raise ImageError('zero size', f'the image is {width}x{height} pixels: no picture in it')
    encoding = ENCODINGS.get(name.lower())
    if encoding is None:
        raise ImageError(
            'unknown encoding',
            f'the encoding {name[:40]!r} is not understood: publish one of '
            + ', '.join(ENCODINGS) + ' or a CompressedImage')
    if height * width > limits.pixels:
        raise ImageError(
            'too large', f'{width}x{height} pixels are more than {limits.pixels}: scale it down')
    if encoding.even and (width % 2 or (encoding.rows == 3 and height % 2)):
        raise ImageError(
            'odd size', f'{width}x{height} cannot be {name}: its colours span two pixels')
    row = width * encoding.channels * encoding.depth
    if message.step < row:
        raise ImageError(
            'short step', f'step is {message.step} but a row of {width} pixels of {name} takes '
            f'{row} bytes: set step to the length of a row with its padding')
    needed = message.step * (height * encoding.rows // 2 - 1) + row
    if len(message.data) < needed and not (encoding.rows == 3 and _step_of_both(message)):
        raise ImageError(
            'short buffer', f'{len(message.data)} bytes of data, but {width}x{height} {name} '
            f'with step {message.step} takes {needed}')


def _step_of_both(message: RawImage) -> bool:
    """
    Say whether the step of NV12 counts both planes, and rows are not padded.

    Drivers that reckon by bytes a pixel send 3/2 of the width, or twice the width.
    """
    width = message.width
    return message.step in (width * 3 // 2, width * 2) and (
        len(message.data) >= width * message.height * 3 // 2)


def _from_raw(message: RawImage) -> NDArray[np.uint8]:
    encoding = ENCODINGS[message.encoding.lower()]
    if encoding.rows == 3:
        return np.asarray(cv2.cvtColor(_planes(message), cast(int, encoding.code)), np.uint8)
    dtype = np.dtype('u1') if encoding.depth == 1 else np.dtype(
        '>u2' if message.is_bigendian else '<u2')
    pixels: NDArray[Any] = np.ndarray(
        (message.height, message.width, encoding.channels), dtype, buffer=message.data,
        strides=(message.step, encoding.channels * encoding.depth, encoding.depth))
    if encoding.depth == 2:
        return grey_to_rgb(pixels[..., 0], cast(int, encoding.code))
    if encoding.code is None:
        return np.ascontiguousarray(pixels)
    return np.asarray(cv2.cvtColor(pixels, encoding.code), np.uint8)


def _planes(message: RawImage) -> NDArray[np.uint8]:
    """Return the planes of NV12 as OpenCV wants them: (height * 3 / 2, width), without gaps."""
    height, width = message.height, message.width
    data = np.frombuffer(message.data, np.uint8)
    needed = message.step * (height * 3 // 2 - 1) + width
    step = message.step if len(data) >= needed else width
    colours = height
    rows, rest = divmod(len(data), step)
    if not rest and not rows % 3:
        # Where the hardware rounds the height of the first plane up, the second follows later.
        higher = rows * 2 // 3
        if higher in (-(-height // rounded) * rounded for rounded in _ALIGNMENTS):
            colours = higher
    return np.concatenate([
        np.ndarray((count, width), np.uint8, data, first * step, (step, 1))
        for first, count in ((0, height), (colours, height // 2))])


def _check_compressed(message: CompressedImage) -> None:
    kind = message.format.lower()
    if 'compresseddepth' in kind:
        raise ImageError(
            'compressedDepth', 'the image is a compressedDepth map, which has no colours: '
            'remap the topic to the colour camera')
    if kind.startswith(('16uc1', '32fc1')):
        raise ImageError(
            'depth', f'the image is a map of depth (format {message.format[:40]!r}), which has no '
            'colours: remap the topic to the colour camera')
    data = bytes(message.data)
    if not data:
        raise ImageError('zero size', 'the compressed image has no data')
    try:
        found = format_of(data, SENT)
    except ImageError as error:
        raise ImageError(
            error.cause, f'{error} (the message says {message.format[:40]!r})') from error
    end = {'JPEG': b'\xff\xd9', 'PNG': b'IEND'}.get(found)
    if end and data.rfind(end) < 0:
        raise ImageError(
            'truncated', f'the compressed image breaks off after {len(data)} bytes')


def _from_compressed(message: CompressedImage, limits: Limits) -> NDArray[np.uint8]:
    # The orientation of EXIF is left alone, as image_transport's subscribers leave it: whoever
    # uses CameraInfo or a detection beside the picture means the pixels as the camera sent them.
    pixels = decode(bytes(message.data), SENT, limits).pixels
    if pixels.ndim == 3:
        return cast(NDArray[np.uint8], pixels)
    # image_transport compresses a mosaic of colours as it is, in one channel.
    encoding = message.format.partition(';')[0].strip().lower()
    code = ENCODINGS[encoding].code if (
        encoding.startswith('bayer_') and encoding in ENCODINGS) else None
    return grey_to_rgb(pixels, cv2.COLOR_GRAY2RGB if code is None else code)
