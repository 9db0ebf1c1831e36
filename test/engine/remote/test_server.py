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

"""A robot speaks with the server that it was given, and with nobody who could listen in."""

import pytest

from streamo_ros.engine.remote.server import read_server
from streamo_ros.engine.remote.server import Server
from streamo_ros.engine.remote.server import ServerAddressError

TOKEN = 'picker-1.' + 24 * 'x'


@pytest.mark.parametrize('url', [
    'wss://workstation:8430', 'wss://10.0.0.7', 'ws://localhost:8430', 'ws://127.0.0.1:1',
    'ws://[::1]:8430'])
def test_an_address_that_keeps_the_token_secret_is_taken(url):
    assert Server(url, TOKEN).stream_url('streamo/image') == (
        f'{url}/robots/picker-1/streams/streamo/image')


@pytest.mark.parametrize('url, reason', [
    ('', 'is none'), ('workstation', 'is none'), ('https://workstation', 'is none'),
    ('wss://user:password@workstation', 'is none'), ('wss://', 'is none'),
    ('wss://host:port', 'no address'), ('ws://workstation:8430', 'for all to read'),
    ('ws://10.0.0.7:8430', 'for all to read')])
def test_another_one_is_refused_with_what_would_do(url, reason):
    with pytest.raises(ServerAddressError, match=reason):
        Server(url, TOKEN)


@pytest.mark.parametrize('token', ['', 'short.x', 24 * 'x', 'a b.' + 24 * 'x', 'a.' + 24 * 'ä'])
def test_what_is_no_token_is_not_sent_and_no_token_is_shown(token):
    with pytest.raises(ServerAddressError, match=r'NAME\.SECRET'):
        Server('wss://workstation', token)
    assert 'xxxx' not in repr(Server('wss://workstation', TOKEN))


def test_files_that_cannot_be_used_are_named(tmp_path):
    token = tmp_path / 'token'
    token.write_text(f'{TOKEN}\n')
    assert read_server('wss://workstation', str(token)).robot == 'picker-1'
    with pytest.raises(ServerAddressError, match='needs a server'):
        read_server('', str(token))
    with pytest.raises(ServerAddressError, match='needs a token'):
        read_server('wss://workstation', '')
    with pytest.raises(ServerAddressError, match='missing'):
        read_server('wss://workstation', str(tmp_path / 'missing'))
    with pytest.raises(ServerAddressError, match='no certificate'):
        read_server('wss://workstation', str(token), str(token))
