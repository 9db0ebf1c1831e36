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

"""The console as a program: what it says when it cannot start."""

import importlib.util
import sys

import pytest

from streamo_ros.nodes.console import main as module


def test_it_says_what_to_install_where_there_is_no_aiohttp(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    assert module.main([]) == 1
    assert 'apt install python3-aiohttp' in capsys.readouterr().err


@pytest.mark.parametrize('name, value, says', [
    ('host', '0.0.0.0', 'give a token_file'), ('port', 99999, 'port'),
    ('nodes', '[a, a]', 'name each node once'), ('nodes', '[a b]', 'nodes'),
    ('token_file', '/nothing/there', 'secrets.token_urlsafe'),
    ('certificate', '/nothing/there', 'give both'),
])
def test_parameters_that_make_no_sense_end_it_with_the_reason(graph, name, value, says):
    process = graph.run(
        sys.executable, '-m', 'streamo_ros.nodes.console.main', '--ros-args', '-p', 'port:=0',
        '-p', f'{name}:={value}')
    assert process.wait() == 2
    assert says in process.log


def test_a_certificate_that_cannot_be_read_ends_it_with_the_reason(graph, tmp_path):
    process = graph.run(
        sys.executable, '-m', 'streamo_ros.nodes.console.main', '--ros-args', '-p', 'port:=0',
        '-p', f'certificate:={tmp_path}/none', '-p', f'private_key:={tmp_path}/none')
    assert process.wait() == 2
    assert 'certificate' in process.log
