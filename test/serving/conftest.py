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


import fcntl
from importlib.util import find_spec
import os
from pathlib import Path
import sys
import tempfile

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / 'nodes'))

for needed in ('ray', 'fastapi', 'uvicorn', 'websockets', 'prometheus_client'):
    pytest.importorskip(needed, reason=f'`pip install {needed}` runs the tests of the server')

collect_ignore = [] if find_spec('rclpy') else ['test_nodes_on_a_server.py']    # nodes have ROS


@pytest.fixture
def graph(tmp_path):
    from graph import Graph
    with Graph(tmp_path) as made:
        yield made


@pytest.fixture(scope='module')
def ray_lock():
    """
    Keep away tests that look for a cluster, for all of a module.

    Servers begin clusters of their own and look for none, so several may be there at once.
    """
    with Path(tempfile.gettempdir(), f'streamo_ros_ray_{os.getuid()}').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


@pytest.fixture(scope='module')
def server(ray_lock, tmp_path_factory):
    """Return a server of nano with two devices."""
    from server_process import ServerProcess
    process = ServerProcess(
        tmp_path_factory.mktemp('server'), '--port', '0', '--devices', '2', '--threads', '1')
    assert process.url
    yield process
    assert process.stop() == 0, process.log
    assert 'Traceback' not in process.log
