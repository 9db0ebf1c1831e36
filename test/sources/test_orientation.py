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

"""Pictures are shown the right way up, whichever way a phone or an editor says so."""

from fractions import Fraction
import io
import math
import struct

import av
import cv2
import numpy as np
from PIL import Image
from PIL import ImageOps
import pytest

from streamo_ros.sources.orientation import displayed
from streamo_ros.sources.orientation import upright
from streamo_ros.sources.recording import open_recording

ONE = 1 << 16
# What the matrix of each orientation does with x and y of the stored picture.
MATRICES = {
    1: (ONE, 0, 0, ONE), 2: (-ONE, 0, 0, ONE), 3: (-ONE, 0, 0, -ONE), 4: (ONE, 0, 0, -ONE),
    5: (0, ONE, ONE, 0), 6: (0, ONE, -ONE, 0), 7: (0, -ONE, -ONE, 0), 8: (0, -ONE, ONE, 0)}


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (6, 10, 3), np.uint8)


def matrix(a, b, c, d):
    return [a, b, 0, c, d, 0, 7 << 16, -3 << 16, 1 << 30]


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_and_the_display_matrix_turn_a_picture_as_others_do(picture, orientation):
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(picture).save(file, 'PNG', exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    np.testing.assert_array_equal(upright(picture, orientation), expected)
    np.testing.assert_array_equal(displayed(picture, matrix(*MATRICES[orientation])), expected)
    scaled = [3 * value + 400 for value in MATRICES[orientation]]  # a degree off, and larger
    np.testing.assert_array_equal(displayed(picture, matrix(*scaled)), expected)


@pytest.mark.parametrize('orientation', [0, 9, 65535, -1])
def test_an_orientation_that_there_is_not_leaves_the_picture_alone(picture, orientation):
    np.testing.assert_array_equal(upright(picture, orientation), picture)


def test_a_matrix_that_shows_nothing_leaves_the_picture_alone(picture):
    np.testing.assert_array_equal(displayed(picture, matrix(0, 0, 0, 0)), picture)
    np.testing.assert_array_equal(displayed(picture, matrix(ONE, ONE, ONE, ONE)), picture)


@pytest.mark.parametrize('degrees', [30, 45, 120, 200, 300])
def test_other_angles_turn_clockwise_about_the_middle(degrees):
    picture = np.zeros((101, 101, 3), np.uint8)
    cv2.circle(picture, (80, 50), 4, (255, 255, 255), -1)  # to the right of the middle
    cosine, sine = (round(ONE * one(math.radians(degrees))) for one in (math.cos, math.sin))
    found = displayed(picture, matrix(cosine, sine, -sine, cosine))
    assert found.shape == picture.shape
    rows, columns = np.nonzero(found[..., 0] > 128)
    assert columns.mean() == pytest.approx(50 + 30 * cosine / ONE, abs=1)
    assert rows.mean() == pytest.approx(50 + 30 * sine / ONE, abs=1)  # downwards


def write_film(path, *, matrix=None, pictures=6, size=(64, 48)):
    """Write a film of a bright bar at the left, with a display matrix in its header."""
    width, height = size
    with av.open(str(path), 'w') as out:
        video = out.add_stream('libx264', rate=Fraction(10))
        video.width, video.height, video.pix_fmt = width, height, 'yuv420p'
        for _ in range(pictures):
            pixels = np.full((height, width, 3), 20, np.uint8)
            pixels[:, :width // 6] = 230
            out.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format='rgb24')))
        out.mux(video.encode(None))
    if matrix:
        data = bytearray(path.read_bytes())
        struct.pack_into('>9i', data, data.find(b'tkhd') + 44, *matrix)
        path.write_bytes(data)
    return path


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_film_is_shown_as_its_header_says(tmp_path, orientation):
    film = write_film(tmp_path / 'a.mp4', matrix=matrix(*MATRICES[orientation]))
    recording = open_recording(film, 1.0)
    found = next(recording.frames).picture()
    bar = np.full((48, 64, 3), 20, np.uint8)
    bar[:, :10] = 230
    expected = upright(bar, orientation)
    assert found.shape == expected.shape and recording.size == expected.shape[:2]
    assert np.abs(found.astype(int) - expected).mean() < 8
