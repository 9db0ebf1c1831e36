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

"""Start one node that watches one camera."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

PARAMETERS = {
    'checkpoint': (str, "The model: 'nano' (built in) or a directory with a checkpoint."),
    'zero_shot': (bool, 'Ask a model that was not trained for this in words: true or false.'),
    'fps': (float, 'Frames per second that the model judges, 0.1 to 30.0.'),
    'instruction': (str, 'An instruction that stands from the start.'),
    'state_file': (str, 'Where standing instructions are kept for the next start.'),
}
"""Parameters with an argument of their own; left empty, the params_file or the default holds."""


def watch(context):
    """Return the node, with the parameters that were given and no others."""
    given = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, (kind, _) in PARAMETERS.items()
        if LaunchConfiguration(name).perform(context)}
    params_file = LaunchConfiguration('params_file').perform(context)
    return [Node(
        package='streamo_ros',
        executable='streamo_node',
        name='streamo',
        namespace=LaunchConfiguration('namespace'),
        parameters=[*([params_file] if params_file else []), given],
        remappings=[('image', LaunchConfiguration('camera'))],
        output='screen')]


def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument(
            'camera', default_value='image',
            description='Topic of the camera, sensor_msgs/Image; compressed images are looked '
                        'for beside it, in CAMERA/compressed.'),
        DeclareLaunchArgument(
            'namespace', default_value='',
            description='Namespace of the node and of the relative names of its topics.'),
        DeclareLaunchArgument(
            'params_file', default_value='',
            description="Parameters in a file like the package's config/streamo.yaml."),
        *(DeclareLaunchArgument(name, default_value='', description=description)
          for name, (_, description) in PARAMETERS.items()),
        OpaqueFunction(function=watch),
    ])
