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

"""Videos, image folders and bags give the same frames that were put in."""

from pathlib import Path

import av
import numpy as np
from PIL import Image
import pytest
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer
from rosbags.typesys import get_typestore
from rosbags.typesys import Stores

from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.source_error import SourceError

STORE = get_typestore(Stores.ROS2_JAZZY)


@pytest.fixture
def pictures():
    """Return ten flat pictures, each of a colour of its own, (10, 48, 64, 3)."""
    shades = np.linspace(20, 230, 10).astype(np.uint8)
    return np.broadcast_to(shades[:, None, None, None], (10, 48, 64, 3)).copy()


def write_bag(path: Path, pictures, plugin, start=1_700_000_000):
    header_type = STORE.types['std_msgs/msg/Header']
    time_type = STORE.types['builtin_interfaces/msg/Time']
    image_type = STORE.types['sensor_msgs/msg/Image']
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        connections = {
            topic: writer.add_connection(topic, 'sensor_msgs/msg/Image', typestore=STORE)
            for topic in ('/left/image_raw', '/right/image_raw')}
        for index, picture in enumerate(pictures):
            stamp = time_type(sec=start + index // 4, nanosec=index % 4 * 250_000_000)
            for connection in connections.values():
                message = image_type(
                    header=header_type(stamp=stamp, frame_id='camera'), height=48, width=64,
                    encoding='rgb8', is_bigendian=0, step=192,
                    data=picture.reshape(-1))
                writer.write(
                    connection, index * 250_000_000 + 1,
                    STORE.serialize_cdr(message, 'sensor_msgs/msg/Image'))


def test_a_video_gives_its_frames_from_time_zero(tmp_path, pictures):
    file = tmp_path / 'clip.mp4'
    with av.open(str(file), 'w') as container:
        video = container.add_stream('mpeg4', rate=4)
        video.width, video.height, video.pix_fmt = 64, 48, 'yuv420p'
        for picture in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        container.mux(video.encode())
    recording = open_recording(file, 1.0)
    frames = list(recording.frames)
    assert [frame.stamp for frame in frames] == [index * 250_000_000 for index in range(10)]
    assert recording.seconds == pytest.approx(2.5, abs=0.3)
    recording = open_recording(file, 1.0)
    for frame, picture in zip(recording.frames, pictures, strict=True):
        got = frame.picture()
        assert got.shape == (48, 64, 3)
        assert abs(float(got.mean()) - float(picture.mean())) < 6


def test_a_folder_gives_its_images_in_the_order_of_their_names(tmp_path, pictures):
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f'frame_{index:03d}.png')
    (tmp_path / 'notes.txt').write_text('not an image')
    frames = list(open_recording(tmp_path, 2.0).frames)
    assert [frame.stamp for frame in frames] == [index * 500_000_000 for index in range(10)]
    np.testing.assert_array_equal(frames[7].picture(), pictures[7])


@pytest.mark.parametrize('plugin', [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_a_bag_gives_the_stamps_of_its_headers_and_a_camera_per_topic(
        tmp_path, pictures, plugin):
    write_bag(tmp_path / 'bag', pictures, plugin)
    frames = list(open_recording(tmp_path / 'bag', 1.0).frames)
    assert {frame.camera for frame in frames} == {'/left/image_raw', '/right/image_raw'}
    left = [frame for frame in frames if frame.camera == '/left/image_raw']
    assert [frame.stamp for frame in left] == [
        1_700_000_000_000_000_000 + index * 250_000_000 for index in range(10)]
    np.testing.assert_array_equal(left[3].picture(), pictures[3])


def test_a_bags_storage_file_alone_is_enough(tmp_path, pictures):
    write_bag(tmp_path / 'bag', pictures, StoragePlugin.MCAP)
    file = next((tmp_path / 'bag').glob('*.mcap'))
    alone = tmp_path / 'alone.mcap'
    file.rename(alone)
    assert len(list(open_recording(alone, 1.0).frames)) == 20


@pytest.mark.parametrize('name, content, word', [
    ('clip.mp4', b'no video', 'cannot be read as a video'),
    ('bag.mcap', b'no bag', 'cannot be read as a bag'),
    ('missing.mp4', None, 'does not exist'),
])
def test_what_cannot_be_read_is_refused_by_name(tmp_path, name, content, word):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=word):
        open_recording(tmp_path / name, 1.0)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(SourceError, match='neither images'):
        open_recording(tmp_path, 1.0)
