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

"""Publishers of pictures have room in shared memory, unless something speaks against it."""

import os
from pathlib import Path
import re
import shutil
import sys

from live_servers import ended
from live_servers import mjpeg_camera
import pytest
from sensor_msgs.msg import Image

from streamo_ros.nodes.process.large_pictures import make_room
from streamo_ros.nodes.process.large_pictures import VARIABLES
from streamo_ros.nodes.process.shared_memory import SHARED

SEGMENT = 64 * 2**20


def chosen():
    return {name: os.environ.get(name) for name in VARIABLES}


def test_the_profile_is_chosen_under_the_name_that_goes_without_a_warning(shared_memory, graph):
    make_room()
    file, = filter(None, chosen().values())
    assert Path(file).name == 'fastdds_large_images.xml' and Path(file).is_file()
    node = graph.run(sys.executable, '-c', (
        'import rclpy\nrclpy.init()\nrclpy.create_node("some")\nprint("made", flush=True)'))
    graph.wait(lambda: 'made' in node.log, 'a node')
    assert 'deprecated' not in node.log


@pytest.mark.parametrize('name', [VARIABLES[0], VARIABLES[1], 'FASTDDS_BUILTIN_TRANSPORTS'])
def test_what_the_user_chose_stands(shared_memory, monkeypatch, name):
    monkeypatch.setenv(name, 'mine')
    before = chosen()
    make_room()
    assert chosen() == before


def test_a_container_that_is_short_of_shared_memory_keeps_what_fast_dds_takes(
        shared_memory, monkeypatch):
    monkeypatch.setattr(
        shutil, 'disk_usage', lambda path: shutil._ntuple_diskusage(SEGMENT, 0, SEGMENT))
    make_room()
    assert not any(chosen().values())


def test_without_shared_memory_there_is_nothing_to_choose(shared_memory, tmp_path):
    make_room(tmp_path / 'none')
    assert not any(chosen().values())


def test_a_camera_has_room_for_many_pictures(shared_memory, graph):
    server, url = mjpeg_camera()
    with ended(server):
        camera = graph.run(
            sys.executable, '-m', 'streamo_ros.nodes.camera_node', '--ros-args',
            '-p', f'url:={url}')
        heard = []
        graph.node.create_subscription(Image, '/image', heard.append, 10)
        graph.wait(lambda: heard, 'a picture')
        own = {
            match[1] for descriptor in Path(f'/proc/{camera.pid}/fd').iterdir()
            if (match := re.fullmatch(
                rf'{SHARED}/(fast(?:rtps|dds)_[0-9a-f]{{16}})_el', os.readlink(descriptor)))}
        assert any((SHARED / name).stat().st_size >= SEGMENT for name in own)
