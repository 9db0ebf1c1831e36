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

"""What keeps a node from starting is one sentence and exit code 1; one table for each node."""

import os
import resource
import subprocess

import pytest

from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import installed
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S

NODES = ('streamo_node', 'overlay_node', 'camera_node')
PARAMETER = {'streamo_node': 'cameras', 'overlay_node': 'rate', 'camera_node': 'url'}


@pytest.fixture
def domain():
    with own_domain() as domain:
        yield domain


def outcome(node, domain, *arguments, limit=None, **environment):
    """Run a node that does not start; return its exit code, and the sentences it says."""
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    run = subprocess.run(
        [str(installed() / 'lib' / 'streamo_ros' / node), *arguments],
        env={**os.environ, 'ROS_DOMAIN_ID': str(domain), **environment}, text=True,
        capture_output=True, timeout=PATIENCE_S, preexec_fn=few if limit else None)
    said = (run.stdout + run.stderr).splitlines()
    assert 'Traceback' not in run.stderr
    return run.returncode, [line for line in said if line.startswith(f'{node}: ')]


@pytest.mark.parametrize('node', NODES)
def test_a_parameter_without_a_value(node, domain):
    name = PARAMETER[node]
    code, (said,) = outcome(node, domain, '--ros-args', '-p', f'{name}:=[]')
    assert code == 1 and f'parameter {name} has no value' in said


@pytest.mark.parametrize('node', NODES)
@pytest.mark.parametrize('place', ['a file in its way', '/proc'])
def test_a_log_directory_that_cannot_be_used(node, domain, place, tmp_path):
    (tmp_path / 'file').touch()
    folder = str(tmp_path / 'file' / 'log') if place != '/proc' else place
    code, (said,) = outcome(node, domain, ROS_LOG_DIR=folder)
    assert code == 1 and 'set ROS_LOG_DIR to a folder that can be written' in said


@pytest.mark.parametrize('node', NODES)
@pytest.mark.parametrize('limit', [16, 24])
def test_too_few_descriptors(node, domain, limit):
    code, (said,) = outcome(node, domain, limit=limit)
    assert code == 1 and f'only {limit} files may be open at once' in said


@pytest.mark.parametrize('node', NODES)
@pytest.mark.parametrize('arguments', [
    ('-p', 'no value'), ('--params-file', '/nowhere.yaml'), ('-r', '__node:=a-b'),
    ('-r', 'image:=a b'), ('--what',)], ids=' '.join)
def test_arguments_that_are_none(node, domain, arguments):
    code, (said,) = outcome(node, domain, '--ros-args', *arguments)
    assert code == 1 and said


@pytest.mark.parametrize('node', NODES)
@pytest.mark.parametrize('name', ['999', 'home'])
def test_a_domain_that_is_none(node, name):
    code, (said,) = outcome(node, name)
    assert code == 1 and 'ROS_DOMAIN_ID' in said


@pytest.mark.parametrize('node, parameter', [
    ('streamo_node', 'fps:=.nan'), ('streamo_node', 'deadline_s:=.inf'),
    ('overlay_node', 'rate:=.nan'), ('camera_node', 'max_rate:=.nan')])
def test_a_number_that_is_none(node, domain, parameter):
    code, (said,) = outcome(node, domain, '--ros-args', '-p', parameter)
    assert code == 2 and parameter.split(':')[0] in said
