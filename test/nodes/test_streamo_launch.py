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
import os
from pathlib import Path
import re
import signal
import sys
from urllib.request import urlopen

from ament_index_python.packages import get_package_prefix
from ament_index_python.packages import PackageNotFoundError
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from live_servers import ended
from live_servers import mjpeg_camera
import pytest
from rcl_interfaces.srv import GetParameters
from sensor_msgs.msg import CompressedImage

from streamo_ros.msg import StreamState

WITHOUT = 'launch_ros is not on PyPI: this is tested where ROS is of the system'
pytest.importorskip('launch_ros', reason=WITHOUT)
launch = pytest.importorskip('launch', reason=WITHOUT)

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
def launch_file():
    loader = SourceFileLoader('streamo_launch', str(FILE))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_its_arguments_are_described(launch_file):
    arguments = launch_file.generate_launch_description().get_launch_arguments()
    assert {argument.name for argument in arguments} == {
        'camera', 'cameras', 'namespace', 'params_file', 'checkpoint', 'zero_shot', 'fps',
        'instruction', 'autostart', 'log_level', 'respawn', 'respawn_delay', 'overlay', 'console',
        'record', 'record_camera', 'bag', 'state_file'}
    own = [argument.description.split(' Valid choices are: ')[0] for argument in arguments]
    assert all(description.endswith('.') for description in own)


def recorded(launch_file, **arguments):
    """Return the command that records, as a list of words."""
    context = launch.LaunchContext()
    context.launch_configurations.update({
        'namespace': '', 'camera': 'image', 'cameras': '', 'record_camera': 'none', 'bag': '',
        **arguments})
    (process,) = launch_file.record(context)
    return [launch.utilities.perform_substitutions(context, word) for word in process.cmd]


SPOKEN = [
    'state', 'response', 'structured_response', 'event', 'instruction', 'structured_instruction',
    'instruction_text']


@pytest.mark.parametrize('arguments, before, namespace, camera', [
    ({}, [], '/streamo', []),
    ({'namespace': 'robot', 'record_camera': 'raw'}, [], '/robot/streamo', ['/robot/image']),
    ({'namespace': '/robot', 'ros_namespace': '/fleet'}, [], '/robot/streamo', []),
    ({'namespace': 'robot', 'ros_namespace': '/fleet'}, [], '/fleet/robot/streamo', []),
    ({'camera': '/front/image_raw', 'namespace': 'robot', 'record_camera': 'compressed'}, [],
     '/robot/streamo', ['/front/image_raw/compressed']),
    ({'cameras': '{front: /front, rear: /rear}', 'record_camera': 'raw'}, [], '/streamo',
     ['/front', '/rear']),
    ({'camera': 'rtsp://u:p@camera/stream', 'record_camera': 'raw'}, [], '/streamo', ['/image']),
    ({'cameras': '{front: /front, rear: http://camera/}', 'record_camera': 'raw'}, [], '/streamo',
     ['/front', '/rear/image']),
    ({'bag': 'night shift'}, ['--output', 'night shift'], '/streamo', []),
])
def test_a_recording_has_the_topics_by_their_full_names(
        launch_file, monkeypatch, arguments, before, namespace, camera):
    monkeypatch.setattr(launch_file, 'get_package_prefix', lambda name: '/opt')
    spoken = [f'{namespace}/{name}' for name in SPOKEN]
    assert recorded(launch_file, **arguments) == [
        'ros2', 'bag', 'record', *before, '--topics', *spoken, *camera]


def test_a_recording_that_cannot_be_made_is_refused_before_anything_starts(graph, tmp_path):
    try:
        get_package_prefix('ros2bag')
    except PackageNotFoundError:
        pass
    else:
        pytest.skip('ros2bag is installed')
    process = graph.run(sys.executable, '-c', LAUNCH, str(FILE), 'record:=true')
    graph.wait(lambda: not process.runs, 'the end of the launch')
    assert process.wait() == 1
    assert 'record:=true needs ros2bag' in process.log
    assert 'process started' not in process.log


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


def test_an_address_is_watched_with_a_camera_node_beside_the_node(graph):
    server, url = mjpeg_camera()
    with ended(server):
        graph.run(sys.executable, '-c', LAUNCH, str(FILE), f'camera:={url}',
                  'instruction:=Tell me.', 'fps:=5.0')
        graph.console().await_any(
            'a decision', lambda state: state.status == StreamState.STATUS_OK)


def test_several_cameras_reach_the_node_and_each_has_an_overlay(graph):
    graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'overlay:=true',
        'cameras:={front: /ahead, rear: /behind}')
    console = graph.console()
    for name, topic in (('front', '/ahead'), ('rear', '/behind')):
        console.await_any(name, lambda state, name=name, topic=topic: (
            state.camera == name and f'nobody publishes {topic}' in state.detail))
        graph.wait(lambda name=name: graph.node.count_publishers(
            f'/streamo_overlay_{name}/overlay/compressed'), 'its overlay')


def test_a_console_comes_along_with_the_namespace_and_its_parameters(graph, tmp_path):
    pytest.importorskip('aiohttp')
    params = tmp_path / 'params.yaml'
    params.write_text('/**/streamo_console:\n  ros__parameters:\n    port: 0\n')
    process = graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'console:=true', 'namespace:=robot',
        f'params_file:={params}')
    (address,) = graph.wait(
        lambda: re.findall(r'the console is at (http://\S+)', process.log), 'the console')
    with urlopen(address) as page:
        assert b'streamo' in page.read()
    console = graph.console('/robot/streamo')
    console.await_any('a state', lambda state: state.status == StreamState.STATUS_NO_FRAMES)
    graph.wait(lambda: graph.node.count_publishers('/robot/streamo/instruction') == 2,
               'the console beside this one')
    process.send(signal.SIGINT)
    assert process.wait() == 0
    assert process.log.count('process has finished cleanly') == 2


def test_without_being_asked_for_there_is_no_console(graph):
    process = graph.run(sys.executable, '-c', LAUNCH, str(FILE))
    graph.console().await_any('a state', lambda state: '/image' in state.detail)
    assert process.log.count('process started') == 1


@pytest.mark.parametrize('text', ['front', '{front: 1}', '{a/b: /c}', '{', '{}'])
def test_cameras_that_cannot_be_understood_are_refused_with_an_example(launch_file, text):
    context = launch.LaunchContext()
    context.launch_configurations['cameras'] = text
    with pytest.raises(RuntimeError, match='front: /front/image_raw'):
        launch_file.cameras_of(context)


def test_without_arguments_the_defaults_hold(graph):
    graph.run(sys.executable, '-c', LAUNCH, str(FILE))
    console = graph.console()
    console.await_any('a state', lambda state: '/image' in state.detail)
    graph.wait(lambda: console.values('inference').get('fps') == '1.0', 'fps in the diagnostics')


def test_a_lifecycle_manager_can_do_what_autostart_would(graph):
    graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'autostart:=false', 'log_level:=debug')
    console = graph.console()
    console.await_any('the node', lambda state: 'unconfigured' in state.detail)
    for step in Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE:
        request = ChangeState.Request()
        request.transition.id = step
        assert console.call(ChangeState, 'change_state', request).success
    console.await_any('the camera', lambda s: s.status == StreamState.STATUS_NO_FRAMES)


def test_a_node_that_dies_is_started_again_after_a_while(graph):
    process = graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'respawn_delay:=0.1', 'log_level:=debug')
    console = graph.console()
    console.await_any('a state', lambda state: state.status == StreamState.STATUS_NO_FRAMES)
    assert '[DEBUG]' in process.log

    def pids():
        return re.findall(r'process started with pid \[(\d+)\]', process.log)
    (first,) = pids()
    os.kill(int(first), signal.SIGKILL)
    graph.wait(lambda: len(pids()) == 2, 'another process')
    numbers = len(console.states)
    console.await_any('its states', lambda state: state.seq < 3, numbers)


def test_without_respawn_the_end_of_the_node_is_the_end(graph):
    process = graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'respawn:=false', 'fps:=0.0')
    graph.wait(lambda: not process.runs, 'the end of the launch')
    assert 'parameter fps' in process.log
    assert process.log.count('process started') == 1


def test_an_overlay_comes_along_with_the_same_camera_and_namespace(graph, tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text('/**:\n  ros__parameters:\n    rate: 9.0\n')
    process = graph.run(
        sys.executable, '-c', LAUNCH, str(FILE), 'overlay:=true', 'namespace:=robot',
        'camera:=/front/image_raw', f'params_file:={params}')
    pictures = []
    graph.node.create_subscription(
        CompressedImage, '/robot/streamo_overlay/overlay/compressed', pictures.append, 10)
    with graph.camera('/front/image_raw').running(20):
        graph.wait(lambda: len(pictures) > 3, 'pictures')
    client = graph.node.create_client(GetParameters, '/robot/streamo_overlay/get_parameters')
    graph.wait(client.service_is_ready, 'the parameters')
    future = client.call_async(GetParameters.Request(names=['rate']))
    graph.wait(future.done, 'the rate')
    assert future.result().values[0].double_value == 9.0
    process.send(signal.SIGINT)
    assert process.wait() == 0
    assert process.log.count('process has finished cleanly') == 2
