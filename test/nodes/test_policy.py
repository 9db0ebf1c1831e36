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

"""The SROS2 policy, held against what the running nodes really have in the graph."""

from pathlib import Path
import sys
import xml.etree.ElementTree as ElementTree

from graph import Graph
import pytest
from rclpy.expand_topic_name import expand_topic_name
from sensor_msgs.msg import CompressedImage

from streamo_ros.nodes.tools.graph_runner import GraphError

POLICY = Path(__file__).parents[2] / 'config' / 'streamo_policy.xml'
RULES = {  # what SROS2's schema of policies, version 0.2.0, has in a profile
    'topics': ('topic', {'publish', 'subscribe'}),
    'services': ('service', {'reply', 'request'}),
    'actions': ('action', {'execute', 'call'}),
}
ACTION = '/_action/'


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    made = Graph(tmp_path_factory.mktemp('policy'))
    yield made
    made.close()


def allowed(node):
    """Return what the policy allows a node: full names by what may be done with them."""
    rules = {rule: set() for _, qualifiers in RULES.values() for rule in qualifiers}
    (profile,) = ElementTree.parse(POLICY).iterfind(
        f"enclaves/enclave[@path='/{node}']/profiles/profile[@node='{node}']")
    for group in profile:
        member, qualifiers = RULES[group.tag]
        assert group.attrib and group.attrib.keys() <= qualifiers
        assert set(group.attrib.values()) == {'ALLOW'}
        for name in group:
            assert name.tag == member
            for rule in group.attrib:
                rules[rule].add(expand_topic_name(name.text, node, profile.get('ns')))
    return rules


def used(graph, node):
    """Return what a running node has in the graph, likewise."""
    def names(of):
        ask = getattr(graph.node, f'get_{of}_names_and_types_by_node')
        return {name for name, _ in ask(node, '/')}

    def actions(names):
        return {name.split(ACTION)[0] for name in names if ACTION in name}

    def others(names):
        return {name for name in names if ACTION not in name}

    publish, subscribe = names('publisher'), names('subscriber')
    reply, request = names('service'), names('client')
    return {
        'publish': others(publish), 'subscribe': others(subscribe), 'reply': others(reply),
        'request': others(request), 'execute': actions(publish | reply),
        'call': actions(subscribe | request)}


def differences(rules, seen):
    return (f'allowed and never seen: { {rule: rules[rule] - seen[rule] for rule in rules} }; '
            f'seen and not allowed: { {rule: seen[rule] - rules[rule] for rule in rules} }')


def test_the_policy_is_of_the_version_that_sros2_reads():
    policy = ElementTree.parse(POLICY).getroot()
    assert (policy.tag, policy.attrib) == ('policy', {'version': '0.2.0'})
    enclaves = policy.findall('enclaves/enclave')
    assert [enclave.get('path') for enclave in enclaves] == [
        '/streamo', '/streamo_overlay', '/streamo_console', '/streamo_text_console']


@pytest.mark.parametrize('node, command', [
    ('streamo', ()),
    ('streamo_overlay', (sys.executable, '-m', 'streamo_ros.nodes.overlay.node')),
])
def test_a_node_has_in_the_graph_what_the_policy_allows_and_nothing_else(graph, node, command):
    if command:
        graph.run(*command, '--ros-args', '-p', 'use_sim_time:=true')
        graph.node.create_subscription(
            CompressedImage, '/streamo_overlay/overlay/compressed', lambda _: None, 1)
    else:
        graph.start(fault='well', use_sim_time='true')
    rules, seen = allowed(node), {}

    def complete():
        for rule, names in used(graph, node).items():
            seen.setdefault(rule, set()).update(names)
        return seen == rules

    raw = graph.camera()
    try:
        graph.wait(lambda: node in graph.node.get_node_names(), 'the node')
        graph.wait(lambda: '/image' in used(graph, node)['subscribe'], 'a reader of /image')
        complete()
        raw.close()
        compressed = graph.camera('/image/compressed', kind=CompressedImage)
        graph.wait(complete, 'all that the policy allows')
        compressed.close()
    except GraphError as error:
        raise AssertionError(differences(rules, seen)) from error


@pytest.mark.parametrize('node, cameras, command', [
    ('streamo_console', {'/image', '/image/compressed'},
     ('-m', 'streamo_ros.nodes.console.main', '--ros-args', '-p', 'port:=0', '-p',
      'use_sim_time:=true')),
    ('streamo_text_console', set(),
     ('-c', "import sys; from streamo_ros.cli.main import main; sys.exit(main(['console']))")),
])
def test_a_console_has_what_the_policy_allows_but_for_cameras_that_nobody_looks_at(
        graph, node, cameras, command):
    graph.run(sys.executable, *command)
    rules = allowed(node)
    assert cameras <= rules['subscribe']
    rules['subscribe'] -= cameras
    graph.wait(lambda: node in graph.node.get_node_names(), 'the console')
    try:
        graph.wait(lambda: used(graph, node) == rules, 'all that the policy allows')
    except GraphError as error:
        raise AssertionError(differences(rules, used(graph, node))) from error
