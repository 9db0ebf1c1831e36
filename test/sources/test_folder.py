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

"""A folder of pictures is watched in order, and what is none is passed over."""

import os

import numpy as np
from PIL import Image
import pytest

from streamo_ros.sources.folder import open_folder
from streamo_ros.sources.folder import read_picture
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.source_error import SourceError


def write(path, shade, **options):
    Image.fromarray(np.full((24, 32, 3), shade, np.uint8)).save(path, **options)


def shades(folder):
    return [int(frame.picture()[0, 0, 0]) for frame in open_folder(folder, 1.0).frames]


@pytest.mark.parametrize('names', [
    [f'frame_{index}.png' for index in range(1, 13)],
    [f'{index}.png' for index in range(8, 20)],
    [f'cam {index} of 12.PNG' for index in range(1, 13)],
    [f'{index // 5 + 9}_{index % 5 + 8}.png' for index in range(12)],
    [f'17000000{index:02}.{500 - index:06}.png' for index in range(12)],
    [f'0x{index:03d}-{12 - index}.png' for index in range(12)],
    ['01.png', '1.png', '2.png', '10.png', 'a.png', 'b2.png', 'b10.png', 'b10a.png',
     'c\n1.png', 'c\n2.png', 'd' + '9' * 90 + '.png', 'd1' + '0' * 90 + '.png']])
def test_the_numbers_in_names_give_the_order(tmp_path, names):
    for index in np.random.default_rng(0).permutation(12):
        write(tmp_path / names[index], index * 20)
    assert shades(tmp_path) == [index * 20 for index in range(12)]


def test_hidden_files_folders_and_pipes_are_no_pictures(tmp_path):
    write(tmp_path / 'a1.png', 50)
    (tmp_path / '._a1.png').write_bytes(b'\0\5\x16\7' + bytes(100))
    write(tmp_path / '.a2.png', 60)
    (tmp_path / 'b.jpg').mkdir()
    os.mkfifo(tmp_path / 'c.jpg')
    (tmp_path / 'Thumbs.db').write_bytes(b'x')
    assert shades(tmp_path) == [50]


def test_names_that_are_not_utf_8_are_read(tmp_path):
    write(tmp_path / 'a.png', 50)
    os.rename(tmp_path / 'a.png', os.fsencode(tmp_path) + b'/\xff\xfe.png')
    assert shades(tmp_path) == [50]


def test_photos_are_turned_upright(tmp_path):
    for kind in ('jpg', 'png', 'webp', 'tiff'):
        exif = Image.Exif()
        exif[0x112] = 6
        photo = Image.new('RGB', (64, 48), (20, 20, 20))
        photo.paste((230, 230, 230), (0, 0, 12, 48))
        photo.save(tmp_path / f'a.{kind}', exif=exif)
        found = read_picture(tmp_path / f'a.{kind}')
        assert found.shape == (64, 48, 3), kind
        assert found[:10].mean() > 200 and found[16:].mean() < 40, kind


def test_damaged_exif_leaves_the_photo_as_it_lies(tmp_path):
    photo = Image.new('RGB', (64, 48), (20, 20, 20))
    photo.save(tmp_path / 'a.jpg', exif=b'Exif\0\0MM\0*\0\0\0\x08\xff\xff' + b'\xff' * 30)
    assert read_picture(tmp_path / 'a.jpg').shape == (48, 64, 3)


def test_one_bad_picture_is_an_error_of_its_own(tmp_path):
    write(tmp_path / '1.png', 50)
    (tmp_path / '2.png').write_bytes((tmp_path / '1.png').read_bytes()[:-30])
    (tmp_path / '3.png').write_bytes(b'')
    (tmp_path / '4.jpg').write_bytes(b'GIF89a' + bytes(30))
    write(tmp_path / '5.png', 70)
    causes = []
    for frame in open_folder(tmp_path, 1.0).frames:
        try:
            frame.picture()
            causes.append('')
        except ImageError as error:
            assert str(tmp_path) in str(error)
            causes.append(error.cause)
    assert causes[0] == causes[-1] == '' and all(causes[1:-1])


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / 'a.png').open('wb') as file:
        file.truncate(10**12)  # of a disk it takes nothing
    with pytest.raises(ImageError, match='1000000000000 bytes'):
        read_picture(tmp_path / 'a.png')


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / '._a.png').write_bytes(b'x')
    with pytest.raises(SourceError, match='neither images'):
        open_folder(tmp_path, 1.0)
