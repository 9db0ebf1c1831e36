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

"""Compressed pictures are read right, or refused before they cost more than a picture may."""

from concurrent.futures import ThreadPoolExecutor
import io
import json
import subprocess
import sys

import cv2
import hostile_pictures
import numpy as np
from PIL import Image
import pytest

from streamo_ros.sources.decode import decode
from streamo_ros.sources.decode import KEPT
from streamo_ros.sources.decode import LIMITS
from streamo_ros.sources.decode import Limits
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError

REFUSED = {'too large', 'too costly', 'undecodable', 'truncated', 'short buffer'}
# What is large and honest, and is read.
TAKEN = {
    'jpeg of 62 MP', 'grey jpeg of 62 MP', 'cmyk jpeg of 62 MP', 'jpeg of 60 scans',
    'progressive jpeg of 45 MP, 4:2:0', 'jpeg of 30 scans with all components', 'png of 62 MP',
    'png with alpha of 62 MP', 'interlaced png of 62 MP', '16-bit png of 62 MP',
    '16-bit grey png of 62 MP', 'palette png of 62 MP', 'tiff of endless directories',
    *(name for name in hostile_pictures.CORPUS if name.startswith('raw ') and name.endswith('MP'))}


@pytest.fixture(scope='module')
def costs():
    """Return what each hostile picture costs, as a process of its own finds."""
    run = subprocess.run(
        [sys.executable, '-W', 'ignore', hostile_pictures.__file__],
        capture_output=True, text=True, check=True)
    return {row.pop('name'): row for row in map(json.loads, run.stdout.splitlines())}


def test_what_costs_too_much_is_refused_and_nothing_else(costs):
    assert set(costs) == set(hostile_pictures.CORPUS)
    assert {name for name, cost in costs.items() if not cost['cause']} == TAKEN
    assert {cost['cause'] for cost in costs.values()} - {''} <= REFUSED


def test_no_picture_is_gone_through_more_often_than_is_allowed(costs):
    for name, cost in costs.items():
        assert cost['gone_through'] <= LIMITS.scan_pixels, name
        if cost['cause'] in ('too large', 'undecodable'):
            assert cost['gone_through'] <= 64, name


def test_no_picture_takes_more_than_500_mb_above_rest(costs):
    assert {name: cost for name, cost in costs.items() if cost['peak_mb'] > 500} == {}
    assert max(cost['peak_mb'] for cost in costs.values()) > 200, 'peaks are not seen'


def packed(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def picture():
    down, across = np.mgrid[0:32, 0:48]
    return np.stack([40 + 4 * down, 20 + 3 * across, 200 - 2 * down - across], -1).astype(np.uint8)


@pytest.mark.parametrize('kind', ['PNG', 'TIFF', 'BMP', 'WEBP', 'PPM'])
@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'P', 'L'])
def test_every_mode_of_every_format_gives_its_pixels(picture, kind, mode):
    image = Image.fromarray(picture).convert(
        mode, **({'palette': Image.Palette.ADAPTIVE} if mode == 'P' else {}))
    if kind == 'PPM' and mode in ('RGBA', 'P'):
        pytest.skip('PPM has neither')
    found = decode(
        packed(image, kind, **({'lossless': True} if kind == 'WEBP' else {})), KEPT).pixels
    if found.ndim == 2:
        found = np.repeat(found[..., None], 3, -1)
    np.testing.assert_array_equal(found, np.asarray(image.convert('RGB')))


def test_transparency_of_a_palette_hides_no_colour(picture):
    image = Image.fromarray(picture).convert('P', palette=Image.Palette.ADAPTIVE)
    found = decode(packed(image, 'PNG', transparency=bytes(range(64)))).pixels
    np.testing.assert_array_equal(found, np.asarray(image.convert('RGB')))


def test_cmyk_and_16_bit_colour_are_read_as_what_they_show(picture):
    found = decode(packed(Image.fromarray(picture).convert('CMYK'), 'JPEG', quality=95)).pixels
    assert np.abs(found.astype(int) - picture).mean() < 4
    deep = picture[..., ::-1].astype(np.uint16) * 257
    found = decode(cv2.imencode('.png', deep)[1].tobytes()).pixels
    np.testing.assert_array_equal(found, picture)


def test_a_decoder_needs_no_more_reads_than_a_large_picture_of_an_ordinary_program_has():
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    data = packed(Image.fromarray(noise), 'PNG')
    decode(data, limits=Limits(reads=20_000))


@pytest.mark.parametrize('limits', [
    Limits(pixels=32 * 48 - 1), Limits(encoded=100), Limits(memory=32 * 48 * 7 - 1),
    Limits(scan_pixels=32 * 48 * 9), Limits(reads=3), Limits(header=10)], ids=str)
def test_each_limit_holds(picture, limits):
    data = packed(Image.fromarray(picture), 'JPEG', progressive=True)
    decode(data)
    with pytest.raises(ImageError) as caught:
        decode(data, limits=limits)
    assert caught.value.cause in ('too large', 'too costly')


@pytest.mark.parametrize('data, name', [
    (b'GIF89a' + bytes(20), 'GIF'), (b'\0\0\0\x1cftypavif' + bytes(20), 'AVIF'),
    (b'\0\0\0\x1cftypheic' + bytes(20), 'HEIF'), (b'\0\0\0\1\x67\x42', 'video'),
    (b'\x28\xb5\x2f\xfd' + bytes(9), 'zstd'), (b'RIFF\0\0\0\0WEBPVP8 ', 'WebP'),
    (b'BM' + bytes(60), 'BMP'), (b'nothing', 'not a picture'), (b'', 'not a picture')])
def test_what_image_transport_does_not_carry_is_refused_by_name(data, name):
    with pytest.raises(ImageError, match=name) as caught:
        decode(data)
    assert caught.value.cause == 'unknown encoding'


def test_values_that_are_no_picture_are_refused(picture):
    for mode in ('I', 'F'):
        image = Image.fromarray(picture[..., 0]).convert(mode)
        values = np.asarray(image) * (1 << 20)
        with pytest.raises(ImageError) as caught:
            decode(packed(Image.fromarray(values), 'TIFF'))
        assert caught.value.cause == 'unknown encoding'


def test_a_ppm_that_is_read_value_by_value_is_refused():
    with pytest.raises(ImageError) as caught:
        decode(b'P6 2 2 200\n' + bytes(12), KEPT)
    assert caught.value.cause == 'too costly'


def test_any_bytes_are_a_picture_or_an_error():
    pytest.importorskip('hypothesis', reason='tries any bytes')
    from hypothesis import given
    from hypothesis import settings
    from hypothesis import strategies
    whole = [packed(Image.new('RGB', (24, 16), (1, 2, 3)), kind, **options)
             for kind, options in (
                 ('JPEG', {}), ('JPEG', {'progressive': True}), ('PNG', {}), ('TIFF', {}),
                 ('TIFF', {'compression': 'tiff_lzw'}), ('BMP', {}), ('WEBP', {}), ('PPM', {}))]
    small = Limits(pixels=10**6, encoded=10**6, memory=10**7, scan_pixels=10**7)

    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(strategies.sampled_from(whole), strategies.lists(strategies.tuples(
        strategies.integers(0, 10**4), strategies.binary(min_size=1, max_size=6)), max_size=6),
        strategies.integers(0, 10**4))
    def try_one(data, changes, cut):
        changed = bytearray(data)
        for at, piece in changes:
            at %= len(changed)
            changed[at:at + len(piece)] = piece
        changed = bytes(changed[:len(changed) - cut % 40 if cut % 3 else None])
        try:
            decoded = decode(changed, KEPT, small)
            assert decoded.pixels.dtype in (np.uint8, np.uint16)
            to_rgb(hostile_pictures.Packed(changed))
        except ImageError as error:
            assert str(error)

    try_one()


def test_decoding_is_the_same_in_any_thread(picture):
    data = packed(Image.fromarray(picture), 'JPEG')
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: decode(data).pixels, range(50)))
    assert all((one == found[0]).all() for one in found)
