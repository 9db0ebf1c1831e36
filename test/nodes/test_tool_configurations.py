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

"""The files for Foxglove, RViz and rqt: what they name is there when the nodes run."""

import ast
from importlib import import_module
import json
from pathlib import Path
import sys

from ament_index_python.packages import get_package_share_directory
import pytest
import yaml

CONFIG = Path(__file__).parents[2] / 'config'
FILES = ('streamo_foxglove.json', 'streamo.rviz', 'streamo.perspective')
PICTURES = 'sensor_msgs/msg/CompressedImage'


def interface(name):
    """Return the class of a message or service by its full name."""
    package, part, kind = name.split('/')
    return getattr(import_module(f'{package}.{part}'), kind)


def foxglove():
    """Return (topic, path in its message, type where it is given) of the layout; services."""
    layout = json.loads((CONFIG / FILES[0]).read_text())
    topics, services = [], []
    for id, panel in layout['configById'].items():
        match id.partition('!')[0]:
            case 'Image':
                topics.append((panel['imageMode']['imageTopic'], '', PICTURES))
            case 'StateTransitions' | 'Plot':
                topics += [(*one['value'].partition('.')[::2], '') for one in panel['paths']]
            case 'RawMessages':
                topics.append((*panel['topicPath'].partition('.')[::2], ''))
            case 'DiagnosticSummary':
                topics.append((panel['topicToRender'], '', 'diagnostic_msgs/msg/DiagnosticArray'))
            case 'Publish':
                topics.append((panel['topicName'], '', panel['datatype']))
                fields = interface(panel['datatype']).get_fields_and_field_types()
                assert json.loads(panel['value']).keys() <= fields.keys()
            case 'CallService':
                services.append((panel['serviceName'], json.loads(panel['requestPayload'])))
            case other:
                raise AssertionError(f'{other}: what does it name?')
    return topics, services


def rviz():
    displays = yaml.safe_load((CONFIG / FILES[1]).read_text())['Visualization Manager']['Displays']
    return [(display['Topic']['Value'], '', PICTURES) for display in displays], []


def rqt():
    perspective = json.loads((CONFIG / FILES[2]).read_text())
    manager = perspective['groups']['pluginmanager']
    running = ast.literal_eval(manager['keys']['running-plugins']['repr'])
    # A plugin's settings are found by its name, with slashes made underscores.
    assert manager['groups'].keys() == {
        f'plugin__{name.replace("/", "__")}__{number}'
        for name, numbers in running.items() for number in numbers}

    def setting(plugin, key):
        keys = manager['groups'][f'plugin__{plugin}__1']['groups']['plugin']['keys']
        return ast.literal_eval(keys[key]['repr'])

    topics = [(setting('rqt_image_view__ImageView', 'topic'), '', PICTURES)]
    for path in setting('rqt_plot__Plot', 'topics'):
        topic, _, field = path.rpartition('/')
        topics.append((topic, field, ''))
    for published in ast.literal_eval(setting('rqt_publisher__Publisher', 'publishers')):
        topics.append((published['topic_name'], '', published['type_name']))
        assert all(
            name.startswith(published['topic_name'] + '/') for name in published['expressions'])
        assert not published['enabled']
    return topics, []


@pytest.mark.parametrize('name', FILES)
def test_the_files_are_installed(name):
    installed = Path(get_package_share_directory('streamo_ros'), 'config', name)
    assert installed.read_bytes() == (CONFIG / name).read_bytes()


def test_the_layout_shows_each_of_its_panels_once():
    layout = json.loads((CONFIG / FILES[0]).read_text())

    def shown(part):
        return [part] if isinstance(part, str) else shown(part['first']) + shown(part['second'])
    assert sorted(shown(layout['layout'])) == sorted(layout['configById'])


def test_what_they_name_is_there_with_its_type(graph):
    graph.start(fault='well')
    graph.run(sys.executable, '-m', 'streamo_ros.nodes.overlay.node')
    node = graph.node
    for read in (foxglove, rviz, rqt):
        topics, services = read()
        assert topics
        for topic, field, kind in topics:
            (found,) = graph.wait(
                lambda topic=topic: dict(node.get_topic_names_and_types()).get(topic), topic)
            assert kind in ('', found), topic
            if field:
                assert field in interface(found).get_fields_and_field_types(), topic
        for service, request in services:
            (found,) = graph.wait(
                lambda service=service: dict(node.get_service_names_and_types()).get(service),
                service)
            fields = interface(found).Request.get_fields_and_field_types()
            assert request.keys() <= fields.keys()
