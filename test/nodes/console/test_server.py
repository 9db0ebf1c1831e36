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

"""Attacks on the web server, which is run without a graph: refused, or without harm."""

import asyncio
import http.client
import json
import os
from pathlib import Path
import socket
import ssl
import subprocess

import aiohttp
import pytest

from streamo_ros.nodes.console.access import read_token
from streamo_ros.nodes.console.board import Board
from streamo_ros.nodes.console.browsers import BURST
from streamo_ros.nodes.console.browsers import MOST
from streamo_ros.nodes.console.server import Server
from streamo_ros.nodes.console.settings import Settings
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.web.access import is_loopback

TOKEN = 'correct-horse-battery-staple'
NODE = '/streamo'


class Link:
    """A node that is asked for nothing over ROS."""

    def __init__(self):
        self.name = NODE
        self.board = Board(NODE, lambda event: None)
        self.frames = {7: b'\xff\xd8 a frame'}
        self.asked = []

    def instruct(self, text, camera, once, done, choices, json_schema):
        self.asked.append((text, choices, json_schema))
        done('console-1', '')


def serve(token='', host='127.0.0.1', certificate='', key=''):
    server = Server(
        Settings((NODE,), host, 0, token, certificate, key), {NODE: Link()}, lambda work: work())
    server.start()
    return server


@pytest.fixture
def server():
    made = serve()
    yield made
    made.stop(5)


@pytest.fixture
def locked():
    made = serve(TOKEN, '0.0.0.0')
    yield made
    made.stop(5)


def own(server):
    return f'127.0.0.1:{server.port}'


def ask(server, method, path, headers=None, body=None):
    """Return (status, headers, body) of a request that is sent exactly as it is given."""
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {'Host': own(server), **(headers or {})}.items():
        if value is not None:
            connection.putheader(name, value)
    if body is not None:
        connection.putheader('Content-Length', str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    return response.status, dict(response.getheaders()), response.read()


def log_in(server, token):
    return ask(server, 'POST', '/session', {'Origin': f'http://{own(server)}'},
               json.dumps({'token': token}).encode())


def converse(server, talk, cookie='', **options):
    """Run ``talk`` with a WebSocket of a browser; return what it returns."""
    async def run():
        async with aiohttp.ClientSession() as session:
            headers = {'Cookie': cookie} if cookie else {}
            async with session.ws_connect(
                    f'http://{own(server)}/live', origin=f'http://{own(server)}',
                    headers=headers, **options) as live:
                return await talk(live)
    return asyncio.run(asyncio.wait_for(run(), 60))


def test_the_page_comes_with_a_policy_that_lets_nothing_inline_or_foreign_run(server):
    status, headers, body = ask(server, 'GET', '/')
    assert status == 200 and b'streamo' in body
    policy = headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and 'unsafe' not in policy and '*' not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert b'<script>' not in body and b' style=' not in body and b'onclick' not in body


def test_whatever_is_answered_has_the_security_headers(server):
    for path, headers in (('/nothing', {}), ('/', {'Host': 'evil.example'}), ('/live', {})):
        assert 'Content-Security-Policy' in ask(server, 'GET', path, headers)[1]


@pytest.mark.parametrize('host', [
    'evil.example', 'evil.example:80', '192.168.1.5', '127.0.0.1.evil.example', 'localhost@evil',
    'evil/localhost', '', '[', 'localhost:port'])
def test_a_name_that_somebody_elses_dns_points_here_is_refused(server, host):
    assert ask(server, 'GET', '/', {'Host': host})[0] in (400, 403)


@pytest.mark.parametrize('host', ['localhost', '127.0.0.1', '[::1]'])
def test_this_machine_is_known_by_its_own_names(server, host):
    assert ask(server, 'GET', '/', {'Host': f'{host}:{server.port}'})[0] == 200


@pytest.mark.parametrize('origin', [
    'http://evil.example', 'null', 'http://127.0.0.1', 'https://127.0.0.1:{port}',
    'http://localhost:{port}', None])
def test_a_page_of_another_origin_gets_no_socket(server, origin):
    headers = {
        'Origin': origin and origin.format(port=server.port), 'Connection': 'Upgrade',
        'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA=='}
    assert ask(server, 'GET', '/live', headers)[0] == 403


def test_a_page_of_another_site_can_neither_post_nor_embed_but_be_left_for_this_one(server):
    foreign = {'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors',
               'Sec-Fetch-Dest': 'image'}
    assert ask(server, 'GET', '/frame?node=/streamo&number=7', foreign)[0] == 403
    assert ask(server, 'GET', '/', {
        **foreign, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe'})[0] == 403
    assert ask(server, 'GET', '/', {
        **foreign, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document'})[0] == 200
    for origin in (None, 'http://evil.example'):
        assert ask(server, 'POST', '/session', {'Origin': origin}, b'{}')[0] == 403


@pytest.mark.parametrize('path', [
    '/../node.py', '/..%2fnode.py', '/%2e%2e/node.py', '/....//node.py', '//etc/passwd',
    '/page/../../server.py', '/main.js/../../server.py', '/main.js%00', '/..%5cnode.py',
    '/frame?node=../../etc/passwd&number=7', '/frame?node=/streamo&number=../7',
    '/frame?node=/streamo&number=9' + '9' * 5000, '/frame?node=/streamo&number=%D9%A7'])
def test_no_path_leads_out_of_the_page(server, path):
    status, _, body = ask(server, 'GET', path)
    # The digits of other scripts are digits, too: they name the same frame, and no file.
    assert status in (400, 404) or body == b'\xff\xd8 a frame'
    assert b'import' not in body and b'root:' not in body


def test_a_request_of_100_mb_is_refused_and_not_kept(server):
    before = rss()
    assert ask(server, 'POST', '/session', {
        'Origin': f'http://{own(server)}', 'Content-Length': str(100 << 20)})[0] == 413
    with socket.create_connection(('127.0.0.1', server.port)) as one:
        one.sendall((f'POST /session HTTP/1.1\r\nHost: {own(server)}\r\nOrigin: '
                     f'http://{own(server)}\r\nTransfer-Encoding: chunked\r\n\r\n').encode())
        chunk = b'100000\r\n' + bytes(1 << 20) + b'\r\n'
        try:
            for _ in range(100):
                one.sendall(chunk)
            assert one.recv(12) == b'HTTP/1.1 413'
        except OSError:
            pass  # it has hung up, as it may
    assert rss() - before < 50 << 20
    assert ask(server, 'GET', '/')[0] == 200


def rss():
    return int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def test_a_socket_that_floods_is_closed_and_others_go_on(server):
    async def flood(live):
        for _ in range(3 * BURST):
            await live.send_str('{}')
        while not (message := await live.receive()).type == aiohttp.WSMsgType.CLOSE:
            assert message.type == aiohttp.WSMsgType.TEXT
        return message.data

    async def listen(live):
        return (await live.receive_json())[0]['kind']

    assert converse(server, flood) == 1008
    assert converse(server, listen) == 'all'


@pytest.mark.parametrize('message', ['x' * (1 << 20), b'bytes'])
def test_a_message_that_is_too_large_or_no_text_ends_the_socket(server, message):
    async def send(live):
        await (live.send_str if isinstance(message, str) else live.send_bytes)(message)
        while (got := await live.receive()).type == aiohttp.WSMsgType.TEXT:
            pass
        return got.type

    assert converse(server, send, max_msg_size=0) in (
        aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


def test_a_command_that_makes_no_sense_is_answered_and_not_followed(server):
    async def send(live):
        await live.receive()
        await live.send_json({'number': 4, 'do': 'instruct', 'node': '/other', 'text': 'Tell me.',
                              'camera': '', 'once': False})
        await live.send_json({'number': 5, 'do': 'instruct', 'node': NODE, 'text': 'Tell me.',
                              'camera': '', 'once': False})
        replies = []
        while len(replies) < 2:
            replies += await live.receive_json()
        return replies

    strange, well = converse(server, send)
    assert strange['number'] == 4 and "no node '/other'" in strange['trouble']
    assert well == {'kind': 'reply', 'number': 5, 'value': 'console-1', 'trouble': ''}
    assert server._links[NODE].asked == [('Tell me.', (), '')]


def test_a_socket_that_takes_nothing_is_dropped_and_the_rest_go_on(server):
    with socket.create_connection(('127.0.0.1', server.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall((
            f'GET /live HTTP/1.1\r\nHost: {own(server)}\r\nOrigin: http://{own(server)}\r\n'
            'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
            'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n').encode())
        while b'"all"' not in slow.recv(65536):
            pass

        async def listen(live):
            got = 0
            await live.receive()
            while server._browsers.all - {one for one in server._browsers.all if one.gone} and (
                    len(server._browsers.all) > 1):
                server.tell({'kind': 'state', 'text': 'x' * 100_000})
                got += len(await live.receive_json())
            return got

        assert converse(server, listen, max_msg_size=0) > 80


def test_no_more_browsers_than_there_is_room_for(server):
    async def run():
        async with aiohttp.ClientSession() as session:
            origin = f'http://{own(server)}'
            _open = [
                await session.ws_connect(f'{origin}/live', origin=origin) for _ in range(MOST)]
            with pytest.raises(aiohttp.WSServerHandshakeError, match='503'):
                await session.ws_connect(f'{origin}/live', origin=origin)
    asyncio.run(run())


@pytest.mark.parametrize('path', ['/live', '/frame?node=/streamo&number=7', '/session'])
@pytest.mark.parametrize('cookie', [None, '', 'x', TOKEN])
def test_without_the_token_nothing_is_said(locked, path, cookie):
    headers = {} if cookie is None else {'Cookie': f'streamo_console_{locked.port}={cookie}'}
    assert ask(locked, 'GET', path, headers)[0] == 401


def test_with_the_token_all_is_said_and_its_cookie_is_for_this_page_alone(locked):
    status, headers, _ = log_in(locked, TOKEN)
    assert status == 204
    assert 'HttpOnly' in headers['Set-Cookie'] and 'SameSite=Strict' in headers['Set-Cookie']
    cookie = headers['Set-Cookie'].split(';')[0]
    assert TOKEN not in cookie
    assert ask(locked, 'GET', '/frame?node=/streamo&number=7', {'Cookie': cookie})[2] == (
        b'\xff\xd8 a frame')

    async def listen(live):
        return (await live.receive_json())[0]['kind']

    assert converse(locked, listen, cookie) == 'all'


def test_a_wrong_token_is_refused_and_soon_none_is_taken_from_there(locked):
    statuses = [log_in(locked, f'wrong {number}')[0] for number in range(30)]
    assert statuses[0] == 401 and statuses[-1] == 429
    assert log_in(locked, TOKEN)[0] == 429


@pytest.mark.parametrize('body', [
    b'', b'{', b'[]', b'{"token": 3}', b'\xff\xfe', b'[' * 10_000, b'{"token": "\\ud800"}'])
def test_what_is_no_token_is_refused(locked, body):
    assert ask(locked, 'POST', '/session', {'Origin': f'http://{own(locked)}'}, body)[0] in (
        400, 401)


def test_others_may_be_let_in_by_address_but_not_by_any_name(locked):
    assert ask(locked, 'GET', '/', {'Host': f'192.168.1.5:{locked.port}'})[0] == 200
    assert ask(locked, 'GET', '/', {'Host': f'{socket.gethostname()}:{locked.port}'})[0] == 200
    assert ask(locked, 'GET', '/', {'Host': 'evil.example'})[0] == 403


def test_a_certificate_makes_it_encrypted_and_its_cookie_secure(tmp_path):
    certificate, key = tmp_path / 'certificate.pem', tmp_path / 'key.pem'
    try:
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
             '-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
             '-keyout', key, '-out', certificate], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip('no openssl here to make a certificate with')
    server = serve(TOKEN, '127.0.0.1', str(certificate), str(key))
    try:
        connection = http.client.HTTPSConnection(
            'localhost', server.port, context=ssl.create_default_context(cafile=certificate))
        connection.request(
            'POST', '/session', json.dumps({'token': TOKEN}),
            {'Origin': f'https://localhost:{server.port}'})
        response = connection.getresponse()
        assert response.status == 204 and 'Secure' in response.headers['Set-Cookie']
        assert f'wss://localhost:{server.port}' in response.headers['Content-Security-Policy']
    finally:
        server.stop(5)


def test_a_port_that_is_taken_is_said():
    server = serve()
    try:
        with pytest.raises(ParameterError, match='cannot be listened at'):
            Server(Settings((NODE,), '127.0.0.1', server.port, '', '', ''), {},
                   lambda work: work()).start()
    finally:
        server.stop(5)


@pytest.mark.parametrize('text', ['', 'short', 'x' * 2000, 'ümläute-sind-hier-nicht'])
def test_a_token_that_is_easy_to_guess_is_refused_with_a_way_to_make_one(tmp_path, text):
    file = tmp_path / 'token'
    file.write_text(text)
    with pytest.raises(ParameterError, match='secrets.token_urlsafe'):
        read_token(str(file))
    with pytest.raises(ParameterError, match='secrets.token_urlsafe'):
        read_token(str(tmp_path / 'none'))


def test_what_others_can_reach_is_told_from_what_they_cannot():
    assert all(map(is_loopback, ('127.0.0.1', '127.9.9.9', '::1', 'localhost')))
    assert not any(map(is_loopback, ('0.0.0.0', '::', '192.168.1.5', 'robot', '')))
