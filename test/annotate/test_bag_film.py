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

"""Frames of a bag are found by their stamps, one by one in either direction, from anywhere."""

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin
from tiny_bags import CAMERA
from tiny_bags import grey
from tiny_bags import header
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.annotate.bag_film import BagFilm
from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import typestore
from streamo_ros.sources.decode import decode
from streamo_ros.sources.decode import KEPT
from streamo_ros.sources.source_error import SourceError

LATE = '/late/image_raw'


def shade(frame):
    return round(float(decode(frame.jpeg, KEPT).pixels.mean()))


@pytest.fixture(scope='module', params=[StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def film(request, tmp_path_factory):
    """A camera of five frames a second with a hole of twenty seconds; another from 1.05 s on."""
    path = tmp_path_factory.mktemp('film') / 'bag'
    with TinyBag(path, request.param) as bag:
        for index in range(20):
            bag.image(index / 5, grey(10 * index))
        bag.image(24.0, grey(240))
        bag.image(1.05, grey(77), LATE, logged=30.0)
    film = BagFilm(path)
    yield film
    film.close()


def at(film, seconds, step=0, camera=CAMERA):
    found = film.frame(camera, START + round(seconds * 1e9), step)
    return None if found is None else ((found.stamp - START) / 1e9, shade(found))


def test_what_is_in_the_bag_is_known_without_reading_it_through(film):
    shot = film.shots[CAMERA]
    assert (shot.first - START, shot.last - START) == (0, 24_000_000_000)
    assert shot.period == 200_000_000
    assert film.zero == START
    assert film.first_stamp({''}) == film.first_stamp({CAMERA, LATE}) == START
    assert film.first_stamp({LATE}) == START + 1_050_000_000


@pytest.mark.parametrize('seconds, step, found', [
    (0, 0, (0.0, 0)), (0.39, 0, (0.2, 10)), (0.4, 0, (0.4, 20)), (0.4, 1, (0.6, 30)),
    (0.4, -1, (0.2, 10)), (0, -1, None), (-5, 0, (0.0, 0)), (23.9, 0, (3.8, 190)),
    (3.8, 1, (24.0, 240)), (24, -1, (3.8, 190)), (24, 1, None), (99, 0, (24.0, 240))])
def test_a_frame_is_the_last_one_up_to_a_stamp_and_has_neighbours(film, seconds, step, found):
    assert at(film, seconds, step) == found


def test_going_on_and_back_meets_every_frame(film):
    there, seconds = [], -1.0
    while (found := at(film, seconds, 1)) is not None:
        seconds = found[0]
        there.append(found)
    back = [there[-1]]
    while (found := at(film, seconds, -1)) is not None:
        seconds = found[0]
        back.append(found)
    assert len(there) == 21
    assert back == there[::-1]


def test_cameras_do_not_disturb_one_another(film):
    assert at(film, 1.0) == (1.0, 50)
    assert at(film, 1.1, camera=LATE) == (1.05, 77)
    assert at(film, 1.0, 1) == (1.2, 60)
    with pytest.raises(SourceError, match="no camera '/none'"):
        film.frame('/none', START, 0)


def test_a_frame_that_cannot_be_decoded_is_shown_as_such(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        bag.jpeg(0, grey(10))
        spoilt = typestore().types[COMPRESSED_IMAGE](
            header=header(START + 500_000_000), format='jpeg',
            data=np.frombuffer(b'no jpeg', np.uint8))
        bag.write(f'{CAMERA}/compressed', COMPRESSED_IMAGE, spoilt, START + 500_000_000)
        bag.jpeg(1, grey(20))
    film = BagFilm(tmp_path / 'bag')
    found = film.frame(f'{CAMERA}/compressed', START + 600_000_000, 0)
    film.close()
    assert (found.stamp, found.jpeg) == (START + 500_000_000, b'')
    assert 'cannot be shown' in found.trouble


def test_a_bag_without_a_frame_is_refused(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        bag.text(0, 'Tell me.')
    with pytest.raises(SourceError, match='has no camera'):
        BagFilm(tmp_path / 'bag')
