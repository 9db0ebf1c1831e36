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

"""The nodes as processes on a robot, with no package but those that the README names."""

from pathlib import Path
import re

from graph import Graph
import pytest
from sensor_msgs.msg import CompressedImage

from streamo_ros.msg import StreamState


@pytest.fixture
def graph(tmp_path, robot):
    made = Graph(tmp_path, robot.variables)
    yield made
    made.close()


@pytest.mark.parametrize('engine_process', ['true', 'false'])
def test_the_node_decides(graph, engine_process):
    process = graph.start(fps=5.0, engine_process=engine_process, instruction='Tell me.')
    console = graph.console()
    with graph.camera().running():
        graph.wait(
            lambda: [state for state in console.fresh if state.status == StreamState.STATUS_OK],
            'decisions')
    assert process.runs


def test_the_overlay_draws(graph):
    graph.run(str(Path(graph.executable).with_name('overlay_node')))
    pictures = []
    graph.node.create_subscription(
        CompressedImage, '/streamo_overlay/overlay/compressed', pictures.append, 10)
    with graph.camera().running():
        graph.wait(lambda: pictures, 'pictures')


def test_the_camera_says_what_it_lacks(graph):
    process = graph.run(
        str(Path(graph.executable).with_name('camera_node')), '--ros-args', '-p', 'url:=http://x/')
    assert process.wait() == 1
    assert 'PyAV is not installed: pip install av' in process.log


def test_the_console_serves(graph):
    console = graph.run(
        str(Path(graph.executable).with_name('console')), '--ros-args', '-p', 'port:=0')
    graph.wait(lambda: re.search(r'the console is at (\S+)', console.log), 'the console')
