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

"""Bags give back what was put in, whatever they are stored in; of broken ones what there is."""

import tracemalloc

import numpy as np
import pytest
from rosbags.rosbag2 import CompressionFormat
from rosbags.rosbag2 import CompressionMode
from rosbags.rosbag2 import StoragePlugin
from tiny_bags import CAMERA
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.bag import SourceError

PICTURE = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)


def write(path, frames=10, **storage):
    with TinyBag(path, **storage) as bag:
        for index in range(frames):
            bag.image(index / 4, PICTURE + index)
    return path


def stamps(path):
    with Bag(path) as bag:
        return [(message.stamp - START) / 1e9
                for message in bag.messages([(CAMERA, IMAGE)])], bag.troubles


@pytest.mark.parametrize('plugin, mode', [
    (StoragePlugin.MCAP, None), (StoragePlugin.MCAP, 'MESSAGE'), (StoragePlugin.MCAP, 'FILE'),
    (StoragePlugin.MCAP, 'STORAGE'), (StoragePlugin.SQLITE3, None),
    (StoragePlugin.SQLITE3, 'MESSAGE'), (StoragePlugin.SQLITE3, 'FILE')])
def test_frames_come_back_from_every_storage_and_compression(tmp_path, plugin, mode):
    compression = mode and (CompressionMode[mode], CompressionFormat.ZSTD)
    path = write(tmp_path / 'bag', plugin=plugin, compression=compression)
    with Bag(path) as bag:
        assert bag.topics == {CAMERA: {IMAGE}}
        assert bag.duration == pytest.approx(2.25e9, abs=10)
        messages = list(bag.messages([(CAMERA, IMAGE)]))
    assert [(message.stamp - START) / 1e9 for message in messages] == [
        index / 4 for index in range(10)]
    np.testing.assert_array_equal(
        messages[7].deserialize().data, (PICTURE + 7).reshape(-1))


@pytest.mark.parametrize('mode', [None, 'STORAGE'])
def test_a_file_that_was_cut_off_is_read_up_to_there_and_said(tmp_path, mode):
    noise = np.random.default_rng(0).integers(0, 256, (60, 120, 160, 3), np.uint8)
    with TinyBag(
            tmp_path / 'bag', compression=mode and (
                CompressionMode[mode], CompressionFormat.ZSTD)) as bag:
        for index, picture in enumerate(noise):
            bag.image(index / 4, picture)
    file = tmp_path / 'bag' / 'bag.mcap'
    whole = file.read_bytes()
    file.write_bytes(whole[:len(whole) * 6 // 10])
    for path in (tmp_path / 'bag', file):
        found, troubles = stamps(path)
        # A chunk is whole or lost; the writer's are of a megabyte and hold some 18 such frames.
        assert found == [index / 4 for index in range(len(found))] and 17 < len(found) < 37
        assert 'cut off' in {kind for kind, _ in troubles}
        assert any(str(file) in sentence for _, sentence in troubles)
    with Bag(file) as bag:
        assert bag.duration == pytest.approx(found[-1] * 1e9, abs=10)
        *_, last = bag.messages([(CAMERA, IMAGE)])
    np.testing.assert_array_equal(last.deserialize().data, noise[len(found) - 1].reshape(-1))


def test_of_a_file_that_lost_its_end_alone_nothing_is_missing(tmp_path):
    file = write(tmp_path / 'bag') / 'bag.mcap'
    for cut in (file.read_bytes()[:-5], file.read_bytes() + bytes(4096)):
        file.write_bytes(cut)
        found, _ = stamps(file)
        assert len(found) == 10


def test_messages_before_a_cut_may_lie_out_of_order(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        for at in (0, 2, 1, 3):
            bag.image(at, PICTURE)
    file = tmp_path / 'bag' / 'bag.mcap'
    file.write_bytes(file.read_bytes()[:-500])
    found, troubles = stamps(file)
    assert sorted(found) == [0, 1, 2, 3]
    assert [kind for kind, _ in troubles] == ['cut off']


def test_a_file_in_which_no_message_is_whole_is_refused_by_name(tmp_path):
    file = write(tmp_path / 'bag') / 'bag.mcap'
    file.write_bytes(file.read_bytes()[:3000])
    for path in (tmp_path / 'bag', file):
        with pytest.raises(SourceError, match=r'bag\.mcap cannot be read as a bag'):
            Bag(path)


def test_without_metadata_the_files_that_are_whole_are_read(tmp_path):
    path = write(tmp_path / 'bag')
    write(tmp_path / 'other')
    (path / 'metadata.yaml').unlink()
    cut = path / 'bag_1.mcap'
    cut.write_bytes((tmp_path / 'other' / 'other.mcap').read_bytes()[:3000])
    found, troubles = stamps(path)
    assert len(found) == 10
    assert [kind for kind, _ in troubles] == ['no metadata', 'unreadable']
    assert 'bag_1.mcap' in troubles[1][1]


def test_one_bad_file_of_several_does_not_take_the_others_with_it(tmp_path):
    path = write(tmp_path / 'bag')
    cut = path / 'bag_1.mcap'
    cut.write_bytes((path / 'bag.mcap').read_bytes()[:3000])
    metadata = path / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace(
        '  relative_file_paths:\n', '  relative_file_paths:\n  - bag_1.mcap\n'))
    found, troubles = stamps(path)
    assert len(found) == 10
    assert {kind for kind, _ in troubles} == {'unreadable'}


def test_what_lies_after_damage_is_left_out_and_said(tmp_path):
    path = tmp_path / 'bag'
    noise = np.random.default_rng(0).integers(0, 256, (100, 120, 160, 3), np.uint8)
    with TinyBag(path, compression=(CompressionMode.STORAGE, CompressionFormat.ZSTD)) as bag:
        for index, picture in enumerate(noise):
            bag.image(index / 4, picture)
    file = path / 'bag.mcap'
    data = bytearray(file.read_bytes())
    data[len(data) * 7 // 10:len(data) * 8 // 10] = bytes(len(data) // 10)
    file.write_bytes(data)
    found, troubles = stamps(path)
    assert 0 < len(found) < 100
    assert [kind for kind, _ in troubles] == ['breaks off']


def test_a_directory_without_any_bag_is_refused(tmp_path):
    with pytest.raises(SourceError, match='no bag'):
        Bag(tmp_path)
    with pytest.raises(SourceError, match='does not exist'):
        Bag(tmp_path / 'missing')


def test_a_message_that_is_not_of_its_type_is_an_error_of_its_own(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        bag.write(CAMERA, IMAGE, b'\0\1\0\0' + bytes(8) + b'\xff' * 20, START)
        bag.write(CAMERA, IMAGE, b'\0\1\0\0', START + 1)
    with Bag(tmp_path / 'bag') as bag:
        one, two = bag.messages([(CAMERA, IMAGE)])
    assert one.stamp == 0
    with pytest.raises(MessageError, match=f'{CAMERA} cannot be read as {IMAGE}'):
        one.deserialize()
    with pytest.raises(MessageError, match='4 bytes'):
        assert two.stamp


def test_a_type_that_nobody_knows_does_not_keep_the_others_from_being_read(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        odd = bag.writer.add_connection(
            '/lidar', 'acme_msgs/msg/Cloud', msgdef='acme_msgs/Missing[] of ?', rihs01='RIHS01_0')
        bag.writer.write(odd, START, b'\0\1\0\0abcd')
        bag.image(0, PICTURE)
    with Bag(tmp_path / 'bag') as bag:
        assert bag.topics['/lidar'] == {'acme_msgs/msg/Cloud'}
        assert len(list(bag.messages([(CAMERA, IMAGE)]))) == 1


def test_reading_takes_no_more_memory_for_a_longer_bag(tmp_path):
    picture = np.zeros((240, 320, 3), np.uint8)
    peaks = []
    for frames in (30, 300):
        path = tmp_path / f'{frames}'
        with TinyBag(path) as bag:
            for index in range(frames):
                bag.image(index / 10, picture)
        tracemalloc.start()
        with Bag(path) as bag:
            assert sum(1 for _ in bag.messages([(CAMERA, IMAGE)])) == frames
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]      # the bag is ten times as large, 69 MB


def test_a_database_that_was_cut_off_is_refused_by_name(tmp_path):
    file = write(tmp_path / 'bag', plugin=StoragePlugin.SQLITE3) / 'bag.db3'
    file.write_bytes(file.read_bytes()[:file.stat().st_size * 7 // 10])
    with pytest.raises(SourceError, match=r'bag\.db3 cannot be read as a bag'):
        Bag(tmp_path / 'bag')
