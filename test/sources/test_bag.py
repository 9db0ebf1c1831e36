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

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tracemalloc

import lz4.frame
import numpy as np
import pytest
from rosbags.rosbag2 import CompressionFormat
from rosbags.rosbag2 import CompressionMode
from rosbags.rosbag2 import storage_mcap
from rosbags.rosbag2 import StoragePlugin
from tiny_bags import CAMERA
from tiny_bags import header
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.bag import typestore
from streamo_ros.sources.source_error import SourceError

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
    assert {kind for kind, _ in troubles} == {'bad metadata', 'unreadable'}


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


def unstamped(path, stamps, plugin=StoragePlugin.MCAP):
    """Write a bag at 10 Hz whose headers have these stamps, nanoseconds."""
    with TinyBag(path, plugin=plugin) as bag:
        for index, stamp in enumerate(stamps):
            types = typestore().types
            bag.write(CAMERA, IMAGE, types[IMAGE](
                header=header(stamp), height=48, width=64, encoding='rgb8', is_bigendian=0,
                step=192, data=PICTURE.reshape(-1)), START + index * 10**8)
    return path


@pytest.mark.parametrize('stamp, frames', [(0, 2), (0, 40), (START - 10**9, 10), (5 * 10**8, 40)])
def test_where_nobody_sets_stamps_those_of_recording_are_taken(tmp_path, stamp, frames):
    found, troubles = stamps(unstamped(tmp_path / 'bag', [stamp] * frames))
    assert found == pytest.approx([index / 10 for index in range(frames)])
    assert [kind for kind, _ in troubles] == ['no stamps']
    assert CAMERA in troubles[0][1]


@pytest.mark.parametrize('given', [
    [0, 10**8, 2 * 10**8],                    # a clock that begins with the recording
    [START, START, START + 10**8],            # one picture twice
    [START, START],
    [0],
    [START] * 9 + [START + 10**9]])
def test_stamps_that_move_are_believed(tmp_path, given):
    found, troubles = stamps(unstamped(tmp_path / 'bag', given))
    assert [round(one * 1e9) + START for one in found] == pytest.approx(given)
    assert troubles == []


def changed_metadata(path, old, new):
    file = path / 'metadata.yaml'
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return path


# What it stands for would be 50 MB, were it said.
BOMB = 'a: &a [x, x, x, x, x, x, x, x, x, x]\n' + ''.join(
    f'{after}: &{after} [{", ".join([f"*{before}"] * 10)}]\n'
    for before, after in zip('abcdef', 'bcdefg', strict=True)) + (
    'rosbag2_bagfile_information: {version: 9, relative_file_paths: [], storage_identifier: mcap,'
    ' compression_mode: file, compression_format: *g}\n')


@pytest.mark.parametrize('plugin', [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize('change', [
    lambda path: changed_metadata(path, 'version: 9', 'version: 99'),
    lambda path: changed_metadata(
        path, 'storage_identifier: ' + (
            'mcap' if (path / 'bag.mcap').exists() else 'sqlite3'), "storage_identifier: ''"),
    lambda path: next(path.glob('bag.*')).rename(
        path / ('renamed' + next(path.glob('bag.*')).suffix)) and path,
    lambda path: changed_metadata(path, 'rosbag2_bagfile_information', 'something_else'),
    lambda path: (path / 'metadata.yaml').write_text('') is not None and path,
    lambda path: (path / 'metadata.yaml').write_bytes(b'\xff\xfe\0') and path,
    lambda path: (path / 'metadata.yaml').write_text('[' * 5000) and path,
    lambda path: (path / 'metadata.yaml').write_text(BOMB) and path,
    lambda path: (path / 'metadata.yaml').write_text('a: &a [*a]') and path,
], ids=['later version', 'no storage', 'renamed file', 'other key', 'empty', 'no text', 'nested',
        'aliases', 'endless aliases'])
def test_bad_metadata_does_not_keep_the_files_from_being_read(tmp_path, plugin, change):
    path = change(write(tmp_path / 'bag', plugin=plugin))
    found, troubles = stamps(path)
    assert len(found) == 10
    assert [kind for kind, _ in troubles] == ['bad metadata']
    assert len(troubles[0][1]) < 1000


@pytest.mark.parametrize('plugin', [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize('name', [
    b'100%25', b'what?mode=rw', b'a#b', b'12:30:05', b'two\nlines', b'\xff\xfe', b'a & b;c'])
def test_any_name_is_a_name(tmp_path, plugin, name):
    path = write(tmp_path / 'bag', plugin=plugin)
    renamed = type(tmp_path)(os.fsdecode(os.fsencode(tmp_path) + b'/' + name))
    path.rename(renamed)
    assert len(stamps(renamed)[0]) == 10
    file = next(renamed.glob('bag.*'))
    assert len(stamps(file)[0]) == 10
    odd = file.rename(type(tmp_path)(os.fsdecode(
        os.fsencode(renamed) + b'/' + name + os.fsencode(file.suffix))))
    assert len(stamps(odd)[0]) == 10


def test_hidden_files_are_no_part_of_a_bag(tmp_path):
    path = write(tmp_path / 'bag')
    (path / 'metadata.yaml').unlink()
    (path / '._bag.mcap').write_bytes(b'\0\5\x16\7' + bytes(100))
    found, troubles = stamps(path)
    assert len(found) == 10
    assert [kind for kind, _ in troubles] == ['no metadata']


@pytest.mark.parametrize('name', ['bag', 'killed %20?#'])
@pytest.mark.parametrize('metadata', [True, False])
def test_what_a_killed_recorder_left_in_its_write_ahead_log_is_read(tmp_path, name, metadata):
    source = write(tmp_path / 'source', plugin=StoragePlugin.SQLITE3)
    database = sqlite3.connect(source / 'source.db3')
    database.execute('PRAGMA journal_mode=WAL')
    database.execute('PRAGMA wal_autocheckpoint=0')
    rows = database.execute('SELECT topic_id, timestamp, data FROM messages').fetchall()
    for topic, logged, data in rows:
        later = int.from_bytes(data[4:8], 'little') + 60
        data = data[:4] + later.to_bytes(4, 'little') + data[8:]
        database.execute('INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)', (
            topic, logged + 60 * 10**9, data))
    database.commit()
    path = tmp_path / name
    path.mkdir()
    for file in source.iterdir():  # as they lie while the recorder has them open
        if file.suffix in ('.db3', '.db3-wal') or metadata and file.name == 'metadata.yaml':
            shutil.copy(file, path / file.name)
    database.close()
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    found, _ = stamps(path)
    assert len(found) == 20 and found[-1] == 62.25
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def mcap(*chunks, index=True):
    """Return an MCAP file of chunks, each its compression, the size it claims and its bytes."""
    def record(kind, body):
        return bytes([kind]) + struct.pack('<Q', len(body)) + body

    def text(value):
        return struct.pack('<I', len(value)) + value.encode()

    file = b'\x89MCAP0\r\n' + record(1, text('ros2') + text(''))
    infos = b''
    for compression, size, data in chunks:
        at = len(file)
        chunk = record(6, struct.pack('<QQQI', START, START + 1, size, 0) + text(compression)
                       + struct.pack('<Q', len(data)) + data)
        messages = record(7, struct.pack('<HI', 1, 16) + struct.pack('<QQ', START, 0))
        infos += record(8, struct.pack('<QQQQ', START, START + 1, at, len(chunk))
                        + struct.pack('<I', 10) + struct.pack('<HQ', 1, at + len(chunk))
                        + struct.pack('<Q', len(messages)) + text(compression)
                        + struct.pack('<QQ', len(data), size))
        file += chunk + messages
    file += record(15, bytes(4))
    start = len(file) if index else 0
    if index:
        file += record(3, struct.pack('<H', 1) + text(IMAGE) + text('ros2msg') + text(''))
        file += record(4, struct.pack('<HH', 1, 1) + text(CAMERA) + text('cdr') + bytes(4))
        file += infos
    return file + record(2, struct.pack('<QQI', start, 0, 0)) + b'\x89MCAP0\r\n'


def packed_zeros(compression, size):
    if compression == 'lz4':
        return lz4.frame.compress(bytes(size))
    packer = storage_mcap.zstd.ZstdCompressor()
    return b''.join([*(packer.compress(bytes(10**7)) for _ in range(size // 10**7)),
                     packer.flush()])


@pytest.mark.parametrize('claim', ['true', 'small', 'huge'])
@pytest.mark.parametrize('index', [True, False])
@pytest.mark.parametrize('compression', ['zstd', 'lz4'])
def test_a_chunk_that_unpacks_to_gigabytes_is_left_out(tmp_path, compression, index, claim):
    size = 2_000_000_000 if compression == 'zstd' else 600_000_000
    data = packed_zeros(compression, size)
    assert len(data) < size // 200
    file = tmp_path / 'a.mcap'
    file.write_bytes(mcap((compression, {'true': size, 'small': 1000, 'huge': 2**62}[claim], data),
                          index=index))
    del data
    run = subprocess.run([sys.executable, '-c', (
        'import re, sys; from pathlib import Path; from streamo_ros.sources.bag import *\n'
        'try:\n'
        '    with Bag(Path(sys.argv[1])) as bag:\n'
        '        print(len(list(bag.messages([(sys.argv[2], IMAGE)]))), bag.troubles)\n'
        'except SourceError as error: print(error)\n'
        'status = Path("/proc/self/status").read_text()\n'
        'print(re.search(r"VmHWM:\\s+(\\d+)", status)[1])'), str(file), CAMERA],
        capture_output=True, text=True, check=True)
    said, peak = run.stdout.splitlines()
    assert 'unpacks to' in said
    assert int(peak) < 500_000  # kilobytes, with all that Python loads


def test_chunks_that_overlap_too_much_are_gone_through_one_by_one(tmp_path, monkeypatch):
    path = write(tmp_path / 'bag')
    scanned = []
    scan = storage_mcap.McapReader.messages_scan
    monkeypatch.setattr(storage_mcap.McapReader, 'messages_scan', lambda reader, *some, **more: (
        scanned.append(1), scan(reader, *some, **more))[1])
    for one in (path, path / 'bag.mcap'):
        assert len(stamps(one)[0]) == 10 and not scanned
    monkeypatch.setattr('streamo_ros.sources.bag._AT_ONCE', 90_000)
    for one in (path, path / 'bag.mcap'):
        assert len(stamps(one)[0]) == 10 and scanned
        scanned.clear()


def test_a_message_that_unpacks_to_gigabytes_is_left_out(tmp_path):
    path = write(tmp_path / 'bag', plugin=StoragePlugin.SQLITE3, compression=(
        CompressionMode.MESSAGE, CompressionFormat.ZSTD))
    database = sqlite3.connect(path / 'bag.db3')
    database.execute('UPDATE messages SET data = ? WHERE id = 6', (
        packed_zeros('zstd', 2_000_000_000),))
    database.commit()
    database.close()
    found, troubles = stamps(path)
    assert len(found) == 5
    assert 'unpacks to more' in troubles[0][1]


@pytest.mark.parametrize('with_metadata', [True, False])
def test_a_pipe_in_the_place_of_a_file_is_no_bag_and_nobody_waits_for_it(tmp_path, with_metadata):
    path = write(tmp_path / 'bag')
    (path / 'bag.mcap').unlink()
    os.mkfifo(path / 'bag.mcap')
    if not with_metadata:
        (path / 'metadata.yaml').unlink()
    for one in (path, path / 'bag.mcap'):
        with pytest.raises(SourceError, match='pipe|no bag|neither a directory'):
            Bag(one)


@pytest.mark.parametrize('plugin', [StoragePlugin.SQLITE3, StoragePlugin.MCAP])
@pytest.mark.parametrize('bound', ['', 'ratio', 'room'])
def test_a_packed_file_unpacks_within_bounds(tmp_path, monkeypatch, plugin, bound):
    path = write(tmp_path / 'bag', plugin=plugin, compression=(
        CompressionMode.FILE, CompressionFormat.ZSTD))
    (packed,) = path.glob('*.zstd')
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(temporary))
    if not bound:
        assert len(stamps(path)[0]) == 10
    else:
        packed.write_bytes(packed_zeros('zstd', 300_000_000))
        if bound == 'room':
            usage = shutil.disk_usage(tmp_path)._replace(free=2_000_000)
            monkeypatch.setattr('shutil.disk_usage', lambda folder: usage)
        written = []
        monkeypatch.setattr('shutil.copyfileobj', lambda source, to: [
            written.append(to.write(data)) for data in iter(lambda: source.read(1 << 20), b'')])
        with pytest.raises(SourceError, match=(
                'half of what is free' if bound == 'room' else 'unpacks to more than 256000000')):
            Bag(path)
        assert sum(written) <= (1_000_000 if bound == 'room' else 256_000_000)
    assert not list(temporary.iterdir())


@pytest.mark.parametrize('logged', [0, 2**62, 2**63 - 1])
def test_times_of_recording_may_be_any(tmp_path, logged):
    path = write(tmp_path / 'bag', plugin=StoragePlugin.SQLITE3)
    for value in (logged, -logged):
        database = sqlite3.connect(path / 'bag.db3')
        database.execute('UPDATE messages SET timestamp = ?', (value,))
        database.commit()
        database.close()
        with Bag(path / 'bag.db3') as bag:
            found = list(bag.messages([(CAMERA, IMAGE)]))
            assert len(found) == 10
            assert all(0 <= message.logged < 2**63 - 1 for message in found)
            assert bag.duration >= 0


def test_any_bytes_are_a_bag_or_an_error(tmp_path):
    pytest.importorskip('hypothesis', reason='tries any bytes')
    from hypothesis import given
    from hypothesis import settings
    from hypothesis import strategies
    whole = [
        next(write(tmp_path / name, frames=3, plugin=plugin).glob(f'{name}.*')).read_bytes()
        for name, plugin in (('a', StoragePlugin.MCAP), ('b', StoragePlugin.SQLITE3))]

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(strategies.integers(0, 1), strategies.lists(strategies.tuples(
        strategies.integers(0, 10**5), strategies.binary(min_size=1, max_size=9)), max_size=8),
        strategies.integers(0, 10**5))
    def try_one(kind, changes, cut):
        data = bytearray(whole[kind])
        for at, piece in changes:
            at %= len(data)
            data[at:at + len(piece)] = piece
        file = tmp_path / f'any{(".mcap", ".db3")[kind]}'
        file.write_bytes(data[:len(data) - cut % 3000 if cut % 2 else None])
        try:
            with Bag(file) as bag:
                for message in bag.messages([
                        (topic, type) for topic, types in bag.topics.items() for type in types]):
                    try:
                        assert message.stamp is not None
                        message.deserialize()
                    except MessageError as error:
                        assert str(error)
                assert bag.duration >= 0
        except SourceError as error:
            assert str(error)

    try_one()
