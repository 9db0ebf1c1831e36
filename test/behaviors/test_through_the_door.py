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

"""The example for Nav2: what can be held against the package without a Nav2 to run it."""

from pathlib import Path
import xml.etree.ElementTree as ElementTree

import pytest

from streamo_ros.action import WatchFor
from streamo_ros.msg import StreamState

TREE = Path(__file__).parents[2] / 'behaviors' / 'through_the_door.xml'

# Of BehaviorTree.CPP 4 and of Nav2 as it comes
KNOWN = {
    'BehaviorTree', 'ComputePathToPose', 'FollowPath', 'ReactiveSequence', 'RetryUntilSuccessful',
    'Sequence'}


@pytest.fixture
def root():
    return ElementTree.parse(TREE).getroot()


def models(root):
    """Return the ports of each node that is a plugin of the reader's."""
    return {
        model.get('ID'): {port.get('name') for port in model}
        for model in root.find('TreeNodesModel')}


def test_every_node_is_known_or_declared_with_the_ports_it_is_given(root):
    assert root.get('BTCPP_format') == '4'
    (tree,) = root.findall('BehaviorTree')
    assert tree.get('ID') == root.get('main_tree_to_execute')
    own = models(root)
    for node in tree.iter():
        assert node.tag in KNOWN | set(own)
        assert set(node.keys()) <= own.get(node.tag, set(node.keys()))
    assert set(own) <= {node.tag for node in tree.iter()}


def test_the_ports_are_fields_of_the_interfaces(root):
    ports = models(root)
    goal = set(WatchFor.Goal.get_fields_and_field_types())
    assert ports['WatchFor'] - {'server_name', 'server_timeout', 'answer', 'error_code'} == goal
    assert 'error_code' in WatchFor.Result.get_fields_and_field_types()
    state = set(StreamState.get_fields_and_field_types())
    assert ports['StreamStateIs'] - {'topic_name', 'max_age'} <= state
    (condition,) = root.iter('StreamStateIs')
    assert int(condition.get('state')) == StreamState.SILENCE
