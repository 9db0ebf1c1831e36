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

"""Start one node that watches, and at will its cameras, overlays, a recording, the console."""

from ament_index_python.packages import get_package_prefix
from ament_index_python.packages import PackageNotFoundError
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.actions import ExecuteProcess
from launch.actions import OpaqueFunction
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.utilities import make_namespace_absolute
from launch_ros.utilities import prefix_namespace
import yaml

from streamo_ros.sources.live_address import is_live

PARAMETERS = {
    'checkpoint': (str, "The model: 'nano' (built in) or a directory with a checkpoint."),
    'zero_shot': (bool, 'Ask a model that was not trained for this in words: true or false.'),
    'fps': (float, 'Frames per second that the model judges, 0.1 to 30.0.'),
    'instruction': (str, 'An instruction that stands from the start.'),
    'autostart': (bool, 'true: the node configures and activates itself; false: a lifecycle '
                        'manager does it, as that of Nav2 with bond_timeout 0.0.'),
    'state_file': (str, 'Where standing instructions are kept for the next start.'),
}
"""Parameters with an argument of their own; left empty, the params_file or the default holds."""

SPOKEN = ('state', 'response', 'structured_response', 'event', 'instruction',
          'structured_instruction', 'instruction_text')
"""The topics of the node that a recording has."""


def given_cameras(context):
    """
    Return the cameras' topics or addresses by the node's names for them.

    :raises RuntimeError: where the argument cameras cannot be understood
    """
    text = LaunchConfiguration('cameras').perform(context)
    if not text:
        return {'image': LaunchConfiguration('camera').perform(context)}
    try:
        cameras = yaml.safe_load(text)
    except yaml.YAMLError:
        cameras = None
    if not isinstance(cameras, dict) or not cameras or not all(
            isinstance(topic, str) and str(name).isidentifier()
            for name, topic in cameras.items()):
        raise RuntimeError(
            f'cameras:={text!r} cannot be understood: give names and topics, as '
            "cameras:='{front: /front/image_raw, rear: /rear/image_raw}'")
    return cameras


def cameras_of(context):
    """Return the cameras' topics by the node's names for them; of an address the topic is ours."""
    cameras = given_cameras(context)
    several = list(cameras) != ['image']
    return {
        name: (f'{name}/image' if several else 'image') if is_live(camera) else camera
        for name, camera in cameras.items()}


def watch(context):
    """Return the node, with the parameters that were given and no others, and what shows it."""
    given = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, (kind, _) in PARAMETERS.items()
        if LaunchConfiguration(name).perform(context)}
    cameras = cameras_of(context)
    several = list(cameras) != ['image']
    if several:
        given['cameras'] = list(cameras)
    params_file = LaunchConfiguration('params_file').perform(context)
    params_files = [params_file] if params_file else []
    common = {
        'package': 'streamo_ros',
        'namespace': LaunchConfiguration('namespace'),
        'ros_arguments': ['--log-level', LaunchConfiguration('log_level')],
        'respawn': LaunchConfiguration('respawn'),
        'respawn_delay': float(LaunchConfiguration('respawn_delay').perform(context)),
        'output': 'screen',
    }
    return [
        Node(executable='streamo_node', name='streamo', parameters=[*params_files, given],
             remappings=list(cameras.items()), **common),
        *(Node(executable='camera_node',
               name=f'streamo_camera_{name}' if several else 'streamo_camera',
               parameters=[*params_files, {
                   'url': camera, 'frame_id': f'{name if several else "camera"}_optical_frame'}],
               remappings=[('image', cameras[name])], **common)
          for name, camera in given_cameras(context).items() if is_live(camera)),
        *(Node(executable='overlay_node',
               name=f'streamo_overlay_{name}' if several else 'streamo_overlay',
               parameters=[*params_files, *([{'camera': name}] if several else [])],
               remappings=[('image', topic)],
               condition=IfCondition(LaunchConfiguration('overlay')), **common)
          for name, topic in cameras.items()),
        Node(executable='console', name='streamo_console', parameters=params_files,
             condition=IfCondition(LaunchConfiguration('console')), **common),
    ]


def record(context):
    """
    Return the process that records what is said, and the cameras if they were asked for.

    :raises RuntimeError: where there is no ros2bag
    """
    try:
        get_package_prefix('ros2bag')
    except PackageNotFoundError as error:
        raise RuntimeError(
            'record:=true needs ros2bag, which is not installed: install ros-$ROS_DISTRO-ros2bag '
            'and a storage plugin, or leave record out') from error
    namespace = make_namespace_absolute(prefix_namespace(
        context.launch_configurations.get('ros_namespace'),
        LaunchConfiguration('namespace').perform(context)))
    topics = [f'streamo/{name}' for name in SPOKEN]
    kind = LaunchConfiguration('record_camera').perform(context)
    topics += [{'raw': topic, 'compressed': f'{topic}/compressed'}[kind]
               for topic in cameras_of(context).values() if kind != 'none']
    bag = LaunchConfiguration('bag').perform(context)
    return [ExecuteProcess(
        cmd=['ros2', 'bag', 'record', *(['--output', bag] if bag else []), '--topics',
             *(prefix_namespace(namespace, topic) for topic in topics)],
        name='recorder', output='screen')]


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'camera', default_value='image',
            description='Topic of the camera, sensor_msgs/Image; compressed images are looked '
                        'for beside it, in CAMERA/compressed. Or an address, rtsp://, http(s):// '
                        'or /dev/video0, for which camera_node is started, too.'),
        DeclareLaunchArgument(
            'cameras', default_value='',
            description='Several cameras in place of one, names and topics or addresses: '
                        "'{front: /front/image_raw, rear: /rear/image_raw}'."),
        DeclareLaunchArgument(
            'namespace', default_value='',
            description='Namespace of the node and of the relative names of its topics.'),
        DeclareLaunchArgument(
            'params_file', default_value='',
            description="Parameters in a file like the package's config/streamo.yaml."),
        *(DeclareLaunchArgument(name, default_value='', description=description)
          for name, (_, description) in PARAMETERS.items()),
        DeclareLaunchArgument(
            'log_level', default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='The least that is logged.'),
        DeclareLaunchArgument(
            'respawn', default_value='true',
            description='true: start a node again when its process ends, for whatever reason.'),
        DeclareLaunchArgument(
            'respawn_delay', default_value='2.0',
            description='Seconds to wait before that.'),
        DeclareLaunchArgument(
            'overlay', default_value='false',
            description='true: offer the pictures with state and answers drawn on them, in '
                        'streamo_overlay/overlay/compressed (of several cameras in '
                        'streamo_overlay_NAME/...); costs nothing while nobody looks.'),
        DeclareLaunchArgument(
            'console', default_value='false',
            description="true: offer the operators' console at http://127.0.0.1:8420 (needs "
                        'aiohttp); its parameters, as host and token_file, are in the '
                        'params_file.'),
        DeclareLaunchArgument(
            'record', default_value='false',
            description='true: record states, answers and instructions in a bag (needs ros2bag).'),
        DeclareLaunchArgument(
            'record_camera', default_value='none', choices=['none', 'raw', 'compressed'],
            description="The camera's pictures that a recording has as well: those of CAMERA, or "
                        'of CAMERA/compressed.'),
        DeclareLaunchArgument(
            'bag', default_value='',
            description="Folder for the recording; empty: the recorder's choice, here."),
        # First, so that nothing has been started where it cannot record.
        OpaqueFunction(function=record, condition=IfCondition(LaunchConfiguration('record'))),
        OpaqueFunction(function=watch),
    ])
