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
Pictures made to cost whoever decodes them as much as they can; and what they cost.

Run as a program it decodes each and prints, as JSON, what became of it: the cause of its refusal,
the pixels that were gone through, seconds of the processor, and the peak of memory above rest.
"""

from dataclasses import dataclass
import io
import json
from pathlib import Path
import re
import struct
import time
import zlib

import numpy as np
from PIL import Image

from streamo_ros.nodes.tools.hostile_pictures import chunk
from streamo_ros.nodes.tools.hostile_pictures import png

SIDE = 7900  # 62 million pixels


@dataclass
class Packed:
    """A sensor_msgs/CompressedImage."""

    data: bytes
    format: str = ''


@dataclass
class Raw:
    """A sensor_msgs/Image."""

    height: int
    width: int
    encoding: str
    step: int
    data: bytes
    is_bigendian: int = 0


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def flat(side=SIDE, mode='RGB'):
    return Image.new(mode, (side, side), 90 if mode in ('L', 'P', 'I;16') else None)


# JPEG


def frame_header(data):
    return next(match.start() for match in re.finditer(b'\xff[\xc0\xc2]\0', data))


def resized(data, width, height):
    """Return a JPEG that says it is of another size; its decoder makes up what is missing."""
    at = frame_header(data) + 5
    return data[:at] + struct.pack('>HH', height, width) + data[at + 4:]


def hidden(how, side):
    """Return a small JPEG of side x side pixels whose size a careless parser does not find."""
    data = saved(Image.new('RGB', (64, 48)), 'JPEG')
    header = frame_header(data)
    false = data[header:header + 19]
    comment = b'\xff\xfe' + struct.pack('>H', len(false) + 2) + false
    data = resized(data, side, side)
    true, behind = data[header:header + 19], data[header + 19:]
    # Behind a marker without a length, what a parser takes for one leads it into the comment.
    led_astray = struct.pack('>H', 2 + len(true) + 4) + true + comment
    return data[:header] + {
        'marker without length': b'\xff\x01' + led_astray,
        'restart marker': b'\xff\xd0' + led_astray,
        'bytes between segments': bytes(2) + true + comment,
        'fill bytes': b'\xff' * 3000 + true,
        'second header': false + true,
        'comment': comment + true,
        'nothing': true}[how] + behind


def of_many_scans(side, scans, first=1):
    """Return a progressive JPEG in which one scan comes again and again."""
    data = saved(flat(side), 'JPEG', progressive=True, subsampling=0)
    starts = [match.start() for match in re.finditer(b'\xff\xda', data)]
    scan = data[starts[first]:starts[first + 1]]
    behind = re.compile(b'\xff[^\0\xda]').search(scan)
    return data[:-2] + scan[:behind.start() if behind else None] * scans + b'\xff\xd9'


# PNG


def text_bombs(number, size):
    bomb = zlib.compress(bytes(size), 9)
    return [chunk(b'zTXt', b'a%d\0\0' % index + bomb) for index in range(number)]


# TIFF


def tiff(width, height, tags=()):
    """Return a TIFF that has a directory and no pixels."""
    found = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1),
             262: (3, 1, 1), 273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, height),
             279: (4, 1, width * height)}
    found.update(tags)
    rows = b''.join(struct.pack('<HHII', tag, *row) for tag, row in sorted(found.items()))
    return b'II*\0' + struct.pack('<IH', 8, len(found)) + rows + bytes(4)


def of_tiny_tiles():
    """Return a TIFF of a million tiles of 16 x 16 pixels, all at one place."""
    many = 1_000_000
    data = tiff(16000, 16 * many // 1000, {
        322: (4, 1, 16), 323: (4, 1, 16), 324: (4, many, 400), 325: (4, many, 400)})
    return data.ljust(400, b'\0') + bytes(4 * many)


def raw(encoding, channels, depth, side=SIDE, rows=None):
    step = side * channels * depth
    return Raw(side, side, encoding, step, bytes(step * (rows or side)))


CORPUS = {
    **{f'jpeg, {how}, {side * side // 10**6} MP': (
        lambda how=how, side=side: Packed(hidden(how, side), 'jpeg'))
       for side in (16000, 32000)
       for how in ('nothing', 'marker without length', 'restart marker', 'bytes between segments',
                   'fill bytes', 'second header', 'comment')},
    'jpeg of 62 MP': lambda: Packed(saved(flat(), 'JPEG'), 'jpeg'),
    'grey jpeg of 62 MP': lambda: Packed(saved(flat(mode='L'), 'JPEG'), 'jpeg'),
    'cmyk jpeg of 62 MP': lambda: Packed(saved(flat(mode='CMYK'), 'JPEG'), 'jpeg'),
    'progressive jpeg of 62 MP': lambda: Packed(saved(
        flat(), 'JPEG', progressive=True, subsampling=0), 'jpeg'),
    'progressive jpeg of 45 MP, 4:2:0': lambda: Packed(saved(
        flat(6700), 'JPEG', progressive=True, subsampling=2), 'jpeg'),
    'jpeg of 7000 scans': lambda: Packed(of_many_scans(4000, 7000), 'jpeg'),
    'jpeg of 70000 scans of a small picture': lambda: Packed(of_many_scans(480, 70000), 'jpeg'),
    'jpeg of 60 scans': lambda: Packed(of_many_scans(4000, 60), 'jpeg'),
    'jpeg of 30 scans with all components': lambda: Packed(of_many_scans(5000, 30, 0), 'jpeg'),
    'a megabyte of 0xFF': lambda: Packed(b'\xff\xd8' + b'\xff' * 10**6 + b'\xff\xd9', 'jpeg'),
    'a jpeg of comments': lambda: Packed(
        b'\xff\xd8' + b'\xff\xfe\0\2' * 10**6 + b'\xff\xd9', 'jpeg'),
    'png of 62 MP': lambda: Packed(png(SIDE, SIDE), 'png'),
    'png with alpha of 62 MP': lambda: Packed(png(SIDE, SIDE, colour=6), 'png'),
    'interlaced png of 62 MP': lambda: Packed(png(SIDE, SIDE, interlaced=True), 'png'),
    '16-bit png of 62 MP': lambda: Packed(png(SIDE, SIDE, depth=16, colour=6), 'png'),
    '16-bit grey png of 62 MP': lambda: Packed(png(SIDE, SIDE, depth=16, colour=0), 'png'),
    'palette png of 62 MP': lambda: Packed(png(SIDE, SIDE, colour=3), 'png'),
    'png of 4 GP': lambda: Packed(png(65535, 65535, rows=1), 'png'),
    'png of 256 MP': lambda: Packed(png(16000, 16000, rows=1), 'png'),
    'png of text bombs': lambda: Packed(
        png(8, 8, before=text_bombs(2000, 1_000_000)), 'png'),
    'png of larger text bombs': lambda: Packed(
        png(8, 8, before=text_bombs(5, 400_000_000)), 'png'),
    'png of text bombs behind': lambda: Packed(
        png(8, 8, behind=text_bombs(2000, 1_000_000)), 'png'),
    'png of a profile bomb': lambda: Packed(png(8, 8, before=[
        chunk(b'iCCP', b'a\0\0' + zlib.compress(bytes(400_000_000), 9))]), 'png'),
    'png of tiny pieces': lambda: Packed(
        png(6000, 6000, pieces=10**6), 'png'),
    'png of a million chunks': lambda: Packed(
        png(8, 8, before=[chunk(b'teSt', b'')] * 10**6), 'png'),
    'tiff of 4 GP': lambda: Packed(tiff(65535, 65535), 'tiff'),
    'tiff of tiny tiles': lambda: Packed(of_tiny_tiles(), 'tiff'),
    'tiff of endless directories': lambda: Packed(
        tiff(8, 8, {330: (4, 10**8, 8), 700: (1, 2**31, 8)}), 'tiff'),
    **{f'raw {encoding} of 62 MP': (
        lambda encoding=encoding, channels=channels, depth=depth: raw(encoding, channels, depth))
       for encoding, channels, depth in (
           ('rgb8', 3, 1), ('bgra8', 4, 1), ('mono8', 1, 1), ('mono16', 1, 2),
           ('bayer_rggb16', 1, 2), ('yuv422', 2, 1))},
    'raw nv12 of 62 MP': lambda: raw('nv12', 1, 1, rows=SIDE * 3 // 2),
    'raw of 2^64 pixels': lambda: Raw(2**32 - 1, 2**32 - 1, 'rgb8', 2**32 - 1, bytes(100)),
    'raw with an endless step': lambda: Raw(48, 64, 'rgb8', 2**32 - 1, bytes(48 * 64 * 3)),
}


def peak():
    """Return the highest this process' memory was since ``forget_peak``, in bytes."""
    status = Path('/proc/self/status').read_text(encoding='ascii')
    return int(re.search(r'VmHWM:\s+(\d+)', status)[1]) * 1024


def forget_peak():
    Path('/proc/self/clear_refs').write_text('5', encoding='ascii')


def measure(name):
    """Return what one picture costs."""
    from PIL.ImageFile import ImageFile

    from streamo_ros.sources.decode import LIMITS
    from streamo_ros.sources.image import to_rgb
    from streamo_ros.sources.image_error import ImageError
    message = CORPUS[name]()
    gone_through = 0
    load = ImageFile.load

    def counted(self):
        nonlocal gone_through
        if self.tile:
            scans = message.data.count(b'\xff\xda') if self.format == 'JPEG' else 1
            gone_through += self.size[0] * self.size[1] * scans
        return load(self)

    ImageFile.load = counted
    cause = ''
    forget_peak()
    rest = peak()
    began = time.process_time()
    try:
        to_rgb(message, LIMITS)
    except ImageError as error:
        cause = error.cause
    seconds = time.process_time() - began
    ImageFile.load = load
    return {'cause': cause, 'gone_through': gone_through, 'seconds': round(seconds, 3),
            'peak_mb': round((peak() - rest) / 1e6), 'bytes': len(message.data)}


if __name__ == '__main__':
    import sys

    import cv2
    cv2.cvtColor(np.zeros((4, 4, 3), np.uint8), cv2.COLOR_BGR2RGB)
    for one in sys.argv[1:] or CORPUS:
        print(json.dumps({'name': one, **measure(one)}), flush=True)
