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

"""Let the tests of this folder import what they share: the fake engine and the graph."""

from pathlib import Path
import sys

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def graph(tmp_path):
    from graph import Graph
    with Graph(tmp_path) as made:
        yield made


@pytest.fixture
def shared_memory(monkeypatch):
    """Have Fast DDS as it comes, with shared memory among its transports."""
    import rclpy
    from rclpy.context import Context

    from streamo_ros.nodes.process.large_pictures import VARIABLES
    from streamo_ros.nodes.tools.domain import own_domain
    with own_domain() as domain:    # a process reads its profile once, with its first node
        context = Context()
        rclpy.init(args=[], context=context, domain_id=domain)
        rclpy.create_node('first', context=context).destroy_node()
        context.shutdown()
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
