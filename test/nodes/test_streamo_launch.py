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

"""The launch file: its arguments are described, and reach the node."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec
from importlib.util import spec_from_loader
from pathlib import Path
import signal
import sys

from graph import Graph
import pytest

from streamo_ros.msg import StreamState

WITHOUT = 'launch_ros is not on PyPI: this is tested where ROS is of the system'
pytest.importorskip('launch_ros', reason=WITHOUT)

FILE = Path(__file__).parents[2] / 'launch' / 'streamo.launch.py'
LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
service = LaunchService(argv=sys.argv[2:])
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    sys.argv[1], launch_arguments=[a.split(':=', 1) for a in sys.argv[2:]])]))
sys.exit(service.run())
"""


@pytest.fixture
def graph(tmp_path):
    made = Graph(tmp_path)
    yield made
    made.close()


def test_its_arguments_are_described():
    loader = SourceFileLoader('streamo_launch', str(FILE))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    arguments = module.generate_launch_description().get_launch_arguments()
    assert {argument.name for argument in arguments} == {
        'camera', 'namespace', 'params_file', 'checkpoint', 'zero_shot', 'fps',
        'instruction', 'state_file'}
    assert all(argument.description.endswith('.') for argument in arguments)


def test_its_arguments_reach_the_node(graph, tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text('/**:\n  ros__parameters:\n    fps: 3.0\n    heartbeat_s: 0.5\n')
    process = graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'namespace:=robot', 'camera:=/front/image_raw',
        f'params_file:={params}', 'fps:=5.0', 'instruction:=Tell me: when it "rains".')
    console = graph.console('/robot/streamo')
    state = console.await_any('a state', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
    assert state.instruction == 'Tell me: when it "rains".'
    assert '/front/image_raw' in state.detail
    graph.wait(lambda: console.values('inference').get('fps') == '5.0', 'fps in the diagnostics')
    process.send(signal.SIGINT)
    assert process.wait() == 0
    assert 'process has finished cleanly' in process.log


def test_without_arguments_the_defaults_hold(graph):
    graph.run(sys.executable, '-c', LAUNCH, str(FILE))
    console = graph.console()
    console.await_any('a state', lambda state: '/image' in state.detail)
    graph.wait(lambda: console.values('inference').get('fps') == '1.0', 'fps in the diagnostics')
