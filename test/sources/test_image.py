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

"""Every encoding gives the right colours; every bad image gives a sentence."""

import io
import struct
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from streamo_ros.sources import image
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError

HEIGHT, WIDTH = 32, 48


@pytest.fixture
def picture():
    """Return a picture whose channels, rows and columns cannot be mistaken for one another."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.stack([40 + 4 * down, 20 + 3 * across, 200 - 2 * down - across], axis=-1)
    return smooth.astype(np.uint8)


def raw(encoding, rows, padding=0, step=None, big=False, size=(WIDTH, HEIGHT)):
    """Return the message of an array of rows, each followed by bytes that mean nothing."""
    lines = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)
    lines = np.pad(lines, ((0, 0), (0, padding)), constant_values=0xEE)
    return Image(
        height=size[1], width=size[0], encoding=encoding, is_bigendian=int(big),
        step=lines.shape[1] if step is None else step, data=lines.tobytes())


def yuv(picture):
    """Return Y, U and V of each pixel by the video range of BT.601, as cameras send them."""
    red, green, blue = np.moveaxis(picture.astype(float), -1, 0)
    return (16 + 0.257 * red + 0.504 * green + 0.098 * blue,
            128 - 0.148 * red - 0.291 * green + 0.439 * blue,
            128 + 0.439 * red - 0.368 * green - 0.071 * blue)


def gray(picture):
    return picture.astype(float) @ (0.299, 0.587, 0.114)


def packed(picture, order):
    """Return 4:2:2 rows: two pixels share U and V, laid out as the letters of the order say."""
    luma, u, v = yuv(picture)
    values = {'u': u[:, ::2], 'v': v[:, ::2], 'y': luma[:, ::2], 'Y': luma[:, 1::2]}
    pairs = np.stack([values[letter] for letter in order], axis=-1)
    return pairs.round().astype(np.uint8)


def planes(picture):
    luma, u, v = yuv(picture)
    chroma = np.stack([u[::2, ::2], v[::2, ::2]], axis=-1).reshape(HEIGHT // 2, WIDTH)
    return np.concatenate([luma, chroma]).round().astype(np.uint8)


def mosaic(picture, order, depth=np.uint8):
    """Return what a sensor sees behind the four colours of a Bayer pattern."""
    rows = np.zeros((HEIGHT, WIDTH), np.uint8)
    for index, colour in enumerate(order):
        part = slice(index // 2, None, 2), slice(index % 2, None, 2)
        rows[part] = picture[(*part, 'rgb'.index(colour))]
    if depth is np.uint16:
        return rows * np.uint16(256) + (255 - rows)  # the low byte is no copy of the high one
    return rows


@pytest.mark.parametrize('padding', [0, 1, 16], ids='padding{}'.format)
@pytest.mark.parametrize('encoding, channels', [
    ('rgb8', [0, 1, 2]), ('bgr8', [2, 1, 0]), ('rgba8', [0, 1, 2, 0]), ('bgra8', [2, 1, 0, 0])])
def test_colours_are_exact(picture, encoding, channels, padding):
    frame = to_rgb(raw(encoding, picture[..., channels], padding))
    np.testing.assert_array_equal(frame, picture)


@pytest.mark.parametrize('padding', [0, 6], ids='padding{}'.format)
@pytest.mark.parametrize('encoding, big', [
    ('mono8', False), ('mono8', True), ('mono16', False), ('mono16', True)])
def test_mono_becomes_three_equal_channels(picture, encoding, big, padding):
    luma = gray(picture).round().astype(np.uint8)
    rows = luma
    if encoding == 'mono16':
        rows = (luma * 256.0 + 255 - luma).astype('>u2' if big else '<u2')
    frame = to_rgb(raw(encoding, rows, padding, big=big))
    np.testing.assert_array_equal(frame, np.repeat(luma[..., None], 3, axis=-1))


@pytest.mark.parametrize('padding', [0, 8], ids='padding{}'.format)
@pytest.mark.parametrize('encoding, rows', [
    ('yuv422', lambda picture: packed(picture, 'uyvY')),
    ('uyvy', lambda picture: packed(picture, 'uyvY')),
    ('yuv422_yuy2', lambda picture: packed(picture, 'yuYv')),
    ('yuyv', lambda picture: packed(picture, 'yuYv')),
    ('nv12', planes)])
def test_yuv_is_right_within_what_shared_chroma_allows(picture, encoding, rows, padding):
    frame = to_rgb(raw(encoding, rows(picture), padding))
    assert frame.shape == picture.shape
    assert np.abs(frame.astype(int) - picture).max() <= 10


@pytest.mark.parametrize('depth', [np.uint8, np.uint16])
@pytest.mark.parametrize('order', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_is_right_away_from_the_border(picture, order, depth):
    encoding = f'bayer_{order}{np.dtype(depth).itemsize * 8}'
    frame = to_rgb(raw(encoding, mosaic(picture, order, depth), padding=4))
    inner = slice(2, -2), slice(2, -2)
    assert np.abs(frame[inner].astype(int) - picture[inner]).max() <= 4


@pytest.mark.parametrize('encoding', list(image.ENCODINGS))
def test_every_encoding_gives_contiguous_rgb_of_the_message_size(encoding):
    kind = image.ENCODINGS[encoding]
    rows = np.zeros((HEIGHT * kind.rows // 2, WIDTH * kind.channels * kind.depth), np.uint8)
    frame = to_rgb(raw(encoding, rows))
    assert (frame.shape, frame.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert frame.flags.c_contiguous


@pytest.mark.parametrize('size', [(1, 1), (2, 2), (2, 1), (1, 2)])
@pytest.mark.parametrize('encoding', list(image.ENCODINGS))
def test_the_smallest_pictures_are_taken_or_refused_in_words(encoding, size):
    kind = image.ENCODINGS[encoding]
    rows = np.zeros((size[1] * kind.rows // 2, size[0] * kind.channels * kind.depth), np.uint8)
    message = raw(encoding, rows, size=size, step=rows.shape[1]) if rows.size else raw(
        encoding, np.zeros((1, 8), np.uint8), size=size)
    try:
        assert to_rgb(message).shape == (size[1], size[0], 3)
    except ImageError as error:
        assert str(error)


def test_the_last_row_needs_no_padding(picture):
    message = raw('rgb8', picture, padding=7)
    message.data = message.data[:-7]
    np.testing.assert_array_equal(to_rgb(message), picture)


def compressed(picture, extension, format='rgb8; jpeg compressed bgr8', channels=(2, 1, 0)):
    data = cv2.imencode(extension, picture[..., list(channels)])[1].tobytes()
    return CompressedImage(format=format, data=data)


def test_png_is_exact(picture):
    np.testing.assert_array_equal(
        to_rgb(compressed(picture, '.png', 'rgb8; png compressed bgr8')), picture)


def test_jpeg_is_close_and_its_channels_are_in_order(picture):
    frame = to_rgb(compressed(picture, '.jpg'))
    assert np.abs(frame.astype(int) - picture).mean() < 3


@pytest.mark.parametrize('extension', ['.jpg', '.png'])
def test_compressed_gray_becomes_rgb(picture, extension):
    luma = gray(picture).round().astype(np.uint8)
    frame = to_rgb(CompressedImage(
        format='mono8; compressed', data=cv2.imencode(extension, luma)[1].tobytes()))
    assert frame.shape == picture.shape
    assert np.abs(frame.astype(int) - luma[..., None]).max() <= 4


def test_a_png_with_alpha_loses_only_its_alpha(picture):
    message = compressed(picture, '.png', channels=(2, 1, 0, 0))
    np.testing.assert_array_equal(to_rgb(message), picture)


def with_thumbnail(picture):
    """Return a JPEG with a whole small JPEG in its EXIF segment, cut off in the big picture."""
    whole = cv2.imencode('.jpg', picture)[1].tobytes()
    segment = b'\xff\xe1' + (len(whole) + 2).to_bytes(2, 'big') + whole
    return whole[:2] + segment + whole[2:-200]


def changed(**fields):
    def build(picture):
        message = raw('rgb8', picture)
        for name, value in fields.items():
            setattr(message, name, value)
        return message
    return build


def data(content, format='jpeg'):
    return lambda picture: CompressedImage(
        format=format, data=content(picture) if callable(content) else content)


def png_header(width, height):
    """Return the beginning of a PNG of 8-bit RGB."""
    body = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n\0\0\0\r' + body + struct.pack('>I', zlib.crc32(body))


@pytest.mark.parametrize('encoding', ['RGB8', 'Rgb8'])
def test_the_case_of_an_encoding_does_not_matter(picture, encoding):
    np.testing.assert_array_equal(to_rgb(raw(encoding, picture)), picture)


def higher(picture, rows):
    """Return the planes of NV12 with rows that mean nothing behind the first one."""
    whole = planes(picture)
    pad = np.full((rows - HEIGHT, WIDTH), 0xEE, np.uint8)
    half = pad[:(rows - HEIGHT) // 2]
    return np.concatenate([whole[:HEIGHT], pad, whole[HEIGHT:], half])


@pytest.mark.parametrize('name, message', [
    ('step of both planes', lambda picture: raw('nv12', planes(picture), step=WIDTH * 3 // 2)),
    ('step of two values a pixel', lambda picture: raw('nv12', planes(picture), step=WIDTH * 2)),
    ('step times height of data', lambda picture: raw('nv12', np.concatenate([
        planes(picture), np.full((HEIGHT // 2, WIDTH), 0xEE, np.uint8)]), step=WIDTH * 2)),
    ('padded rows', lambda picture: raw('nv12', planes(picture), padding=16)),
    ('upper case', lambda picture: raw('NV12', planes(picture))),
    ('a little more data', lambda picture: raw('nv12', np.concatenate([
        planes(picture), np.full((1, WIDTH), 0xEE, np.uint8)])))])
def test_nv12_is_read_with_the_strides_that_drivers_send(picture, name, message):
    np.testing.assert_array_equal(
        to_rgb(message(picture)), to_rgb(raw('nv12', planes(picture))))


@pytest.mark.parametrize('height, rows', [(30, 32), (20, 32), (36, 48), (40, 64)])
@pytest.mark.parametrize('padding', [0, 16])
def test_nv12_whose_first_plane_is_rounded_up_keeps_its_colours(picture, height, rows, padding):
    luma, colours = planes(picture)[:HEIGHT], planes(picture)[HEIGHT:]
    luma = np.resize(luma, (height, WIDTH))
    colours = np.resize(colours, (height // 2, WIDTH))
    expected = to_rgb(raw('nv12', np.concatenate([luma, colours]), size=(WIDTH, height)))
    gap = np.full((rows - height, WIDTH), 0xEE, np.uint8)
    message = raw('nv12', np.concatenate([luma, gap, colours, gap[::2]]), padding,
                  size=(WIDTH, height))
    np.testing.assert_array_equal(to_rgb(message), expected)


@pytest.mark.parametrize('depth', [np.uint8, np.uint16])
@pytest.mark.parametrize('order', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_a_compressed_mosaic_shows_its_colours(picture, order, depth):
    rows = mosaic(picture, order, depth)
    bits = np.dtype(depth).itemsize * 8
    frame = to_rgb(CompressedImage(
        format=f'bayer_{order}{bits}; png compressed ',
        data=cv2.imencode('.png', rows)[1].tobytes()))
    np.testing.assert_array_equal(frame, to_rgb(raw(f'bayer_{order}{bits}', rows)))
    # One that the driver has already given its colours stays as it is.
    coloured = compressed(picture, '.png', f'bayer_{order}8; png compressed bgr8')
    np.testing.assert_array_equal(to_rgb(coloured), picture)


def test_thermal_pictures_are_the_same_raw_and_compressed(picture):
    rows = (7200 + 5 * gray(picture)).astype(np.uint16)
    frame = to_rgb(raw('mono16', rows))
    assert frame.min() < 5 and frame.max() > 250
    png = CompressedImage(
        format='mono16; png compressed ', data=cv2.imencode('.png', rows)[1].tobytes())
    np.testing.assert_array_equal(to_rgb(png), frame)
    tiff = CompressedImage(
        format='mono16; tiff compressed ', data=cv2.imencode('.tiff', rows)[1].tobytes())
    np.testing.assert_array_equal(to_rgb(tiff), frame)


def test_the_orientation_of_a_message_is_left_alone(picture):
    file = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x112] = 6
    PIL.Image.fromarray(picture).save(file, 'PNG', exif=exif)
    frame = to_rgb(CompressedImage(format='png', data=file.getvalue()))
    np.testing.assert_array_equal(frame, picture)


@pytest.mark.parametrize('packed', [True, False])
def test_a_picture_larger_than_needed_comes_at_half_its_size(picture, monkeypatch, packed):
    message = compressed(picture, '.png', 'png') if packed else raw('rgb8', picture)
    monkeypatch.setattr('streamo_ros.sources.image.LARGEST_WHOLE', HEIGHT * WIDTH)
    np.testing.assert_array_equal(to_rgb(message), picture)
    monkeypatch.setattr('streamo_ros.sources.image.LARGEST_WHOLE', HEIGHT * WIDTH - 1)
    expected = picture.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean((1, 3))
    found = to_rgb(message)
    assert found.shape == expected.shape and np.abs(found - expected).max() <= 0.5


@pytest.mark.parametrize('height, width', [(1, 20_000_000), (20_000_000, 1), (4473, 4471)])
def test_a_message_may_be_of_any_shape_up_to_its_pixels(height, width):
    grey = np.full((height, width), 90, np.uint8)
    frame = to_rgb(raw('mono8', grey, size=(width, height)))
    assert frame.shape == (max(1, height // 2), max(1, width // 2), 3)
    assert (frame == 90).all()
    del frame
    one = max(2, 20_000_001 // width + 1)
    message = raw('mono8', np.full((one, width), 90, np.uint8), size=(width, one))
    with pytest.raises(ImageError, match='scale it down'):
        to_rgb(message)


BAD = {
    'short buffer': (changed(data=b'\0' * 100), 'short buffer', '4608'),
    'one byte short': (changed(data=b'\0' * (HEIGHT * WIDTH * 3 - 1)), 'short buffer', '4607'),
    'no data': (changed(data=b''), 'short buffer', '0 bytes'),
    'zero width': (changed(width=0), 'zero size', '0x32'),
    'zero height': (changed(height=0), 'zero size', '48x0'),
    'unknown encoding': (changed(encoding='banana8'), 'unknown encoding', 'banana8'),
    'no encoding': (changed(encoding=''), 'unknown encoding', 'rgb8'),
    'depth map': (changed(encoding='16UC1'), 'unknown encoding', '16UC1'),
    'short step': (changed(step=WIDTH), 'short step', '144'),
    'zero step': (changed(step=0), 'short step', 'step is 0'),
    'absurd step': (changed(step=2**32 - 1), 'short buffer', '4294967295'),
    'absurd size': (changed(width=2**31, height=2**31, step=2**32 - 1), 'too large', '20000000'),
    'odd yuv': (changed(encoding='yuv422', width=31), 'odd size', 'yuv422'),
    'odd nv12': (changed(encoding='nv12', height=31), 'odd size', 'nv12'),
    'half a picture of nv12': (
        lambda picture: raw('nv12', planes(picture)[:HEIGHT]), 'short buffer', '2304'),
    'truncated jpeg': (
        data(lambda picture: compressed(picture, '.jpg').data.tobytes()[:-200]),
        'truncated', 'breaks off'),
    'truncated jpeg with a whole thumbnail': (data(with_thumbnail), 'truncated', 'breaks off'),
    'a jpeg of two bytes': (data(b'\xff\xd8'), 'truncated', '2 bytes'),
    'truncated png': (
        data(lambda picture: compressed(picture, '.png').data.tobytes()[:-50]),
        'truncated', 'breaks off'),
    'jpeg of noise': (
        data(b'\xff\xd8\xff\xe0' + b'\x07' * 400 + b'\xff\xd9'), 'truncated', 'breaks off'),
    'png of noise': (
        data(b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + b'\0\0\0\x10' * 9 + b'IEND'),
        'undecodable', 'decoded'),
    'png that asks for gigabytes': (
        data(png_header(65535, 65535) + b'\0\0\0\0IDAT\0\0\0\0IEND'),
        'too large', '65535x65535'),
    'empty': (data(b''), 'zero size', 'no data'),
    'video': (data(b'\0\0\0\1\x67\x42', 'h264'), 'unknown encoding', 'h264'),
    'compressedDepth': (
        data(b'\0' * 12 + b'\x89PNG', '16UC1; compressedDepth png'), 'compressedDepth', 'colour'),
    'compresseddepth': (
        data(b'\0' * 12 + b'\x89PNG', '16uc1; compresseddepth rvl'), 'compressedDepth', 'colour'),
    'depth as a picture': (
        data(lambda picture: compressed(picture, '.png').data.tobytes(), '16UC1; png compressed '),
        'depth', '16UC1'),
    'webp': (data(b'RIFF\0\0\0\0WEBPVP8 ', 'webp'), 'unknown encoding', 'WebP'),
    'zstd': (data(b'\x28\xb5\x2f\xfd' + bytes(20), 'zstd'), 'unknown encoding', 'zstd'),
}


@pytest.mark.parametrize('name', BAD)
def test_a_bad_image_says_what_is_wrong(picture, name):
    build, cause, hint = BAD[name]
    with pytest.raises(ImageError, match=hint) as caught:
        to_rgb(build(picture))
    assert caught.value.cause == cause


def test_the_picture_outlives_its_message(picture):
    message = raw('rgb8', picture)
    frame = to_rgb(message)
    del message
    np.testing.assert_array_equal(frame, picture)


def test_any_fields_are_a_picture_or_an_error():
    pytest.importorskip('hypothesis', reason='tries any fields')
    from hypothesis import given
    from hypothesis import settings
    from hypothesis import strategies
    sizes = strategies.sampled_from([0, 1, 2, 3, 7, 8, 16, 48, 2**31, 2**32 - 1])
    steps = strategies.sampled_from([0, 1, 8, 16, 24, 32, 48, 72, 96, 144, 2**32 - 1])

    @settings(max_examples=2000, deadline=None, derandomize=True, database=None)
    @given(strategies.sampled_from([*image.ENCODINGS, 'NV12', '16UC1', '', 'x' * 99]), sizes,
           sizes, steps, strategies.integers(0, 1), strategies.integers(0, 10_000))
    def try_one(encoding, height, width, step, big, length):
        message = Image(height=height, width=width, encoding=encoding, is_bigendian=big,
                        step=step, data=bytes(length))
        try:
            assert to_rgb(message).shape == (height, width, 3)
        except ImageError as error:
            assert str(error) and error.cause

    try_one()
