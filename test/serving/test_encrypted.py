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

"""Over TLS a robot speaks with the server whose certificate it was given, and with no other."""

import shutil
import subprocess

import numpy as np
import pytest
from server_process import SECRETS
from server_process import ServerProcess

from streamo_ros.engine.remote.client import RemoteEngine
from streamo_ros.engine.remote.link import Refused
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.remote.server import read_server
from streamo_ros.engine.remote.server import Server

pytestmark = pytest.mark.skipif(
    shutil.which('openssl') is None, reason='certificates are made by openssl')


def certificate(folder, name):
    key, file = folder / f'{name}-key.pem', folder / f'{name}.pem'
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
         '/CN=workstation', '-keyout', str(key), '-out', str(file)],
        check=True, capture_output=True)
    return file, key


def test_the_pinned_certificate_alone_is_trusted(ray_lock, tmp_path):
    file, key = certificate(tmp_path, 'own')
    other, _ = certificate(tmp_path, 'other')
    process = ServerProcess(
        tmp_path, '--port', '0', '--threads', '1', '--certificate', str(file), '--private-key',
        str(key))
    try:
        url, token = process.url, process.token_file(tmp_path)
        assert url.startswith('wss://')

        def engine(server):
            return RemoteEngine(server, 'front', StreamOptions(), deadline_s=60.0)
        with engine(read_server(url, str(token), str(file))) as one:
            one.watch('Tell me when somebody comes in.')
            assert len(one.step(np.zeros((120, 160, 3), np.uint8), 1.0)) == 1
        with pytest.raises(Refused, match='another certificate than the pinned one'), engine(
                read_server(url, str(token), str(other))):
            pass
        with pytest.raises(Refused, match='not vouched for'), engine(
                Server(url, f'picker.{SECRETS["picker"]}')):
            pass
    finally:
        assert process.stop() == 0, process.log


def test_beyond_this_machine_nothing_is_served_in_the_clear(tmp_path):
    from streamo_ros.cli.main import main
    assert main(['serve', 'nano', '--host', '0.0.0.0', '--robots', str(tmp_path / 'r.json')]) == 1
    assert not (tmp_path / 'r.json').exists()
