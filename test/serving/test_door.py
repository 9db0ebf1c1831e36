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

"""Who may come in, who is turned away, and that neither harms those who are there."""

from contextlib import contextmanager
import json
import struct

import numpy as np
import pytest
from server_process import ROBOTS
from server_process import SECRETS
from waiting import wait_for
from websockets.exceptions import ConnectionClosed
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from streamo_ros.dialogue import InstructionError
from streamo_ros.engine import EngineFailure
from streamo_ros.engine import StampError
from streamo_ros.engine.remote.client import RemoteEngine
from streamo_ros.engine.remote.link import Refused
from streamo_ros.engine.remote.protocol import PICTURE_BYTES
from streamo_ros.engine.remote.protocol import PROTOCOL
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.thresholds import LIKELIEST

TEXT = 'Tell me when somebody comes in.'
FRAME = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
PATIENCE_S = 60.0
OPEN = {'call': 'open', 'protocol': PROTOCOL, 'options': StreamOptions().to_json()}


def engine(server, stream, robot='picker', **options):
    return RemoteEngine(
        server.server(robot), stream, StreamOptions(**options), deadline_s=PATIENCE_S)


def knock(server, path, token, **options):
    headers = {'Authorization': f'Bearer {token}'} if token else {}
    return connect(f'{server.url}{path}', additional_headers=headers, **options)


@contextmanager
def opened(server, stream):
    with knock(server, f'/robots/picker/streams/{stream}', f'picker.{SECRETS["picker"]}',
               max_size=None) as socket:
        socket.send(json.dumps(OPEN))
        assert 'served' in json.loads(socket.recv(PATIENCE_S))
        yield socket


def reason_of(socket):
    """Return why the server closes."""
    reason = ''
    try:
        while True:
            reason = json.loads(socket.recv(PATIENCE_S)).get('end', reason)
    except ConnectionClosed as error:
        return reason or str(error.rcvd or error)


@pytest.fixture
def bystander(server):
    """Return a stream that watches, which nothing may harm."""
    with engine(server, 'bystander') as one:
        one.watch(TEXT, 'it')
        one.step(FRAME, 1.0)
        yield one
        assert [decision.instruction_id for decision in one.step(FRAME, 2.0)] == ['it']


@pytest.mark.parametrize('path, token, status', [
    ('/robots/picker/streams/front', '', 401),
    ('/robots/picker/streams/front', 'picker.' + 24 * 'z', 401),
    ('/robots/old/streams/front', f'old.{SECRETS["old"]}', 401),
    ('/robots/nobody/streams/front', f'nobody.{SECRETS["picker"]}', 401),
    ('/robots/picker/streams/front', SECRETS['operator'], 401),
    ('/robots/picker/streams/bystander', f'packer.{SECRETS["packer"]}', 403),
    ('/robots/picker/streams/..%2f..%2fetc', f'picker.{SECRETS["picker"]}', 403),
    ('/robots/picker/streams/' + 200 * 'x', f'picker.{SECRETS["picker"]}', 403)])
def test_whoever_has_no_business_here_gets_nothing(server, bystander, path, token, status):
    with pytest.raises(InvalidStatus) as refused, knock(server, path, token):
        pass
    assert refused.value.response.status_code == status
    assert 'picker/bystander' in server.streams()


@pytest.mark.parametrize('message, reason', [
    ('{', 'makes no sense'), ('[]', 'no object'), (b'', 'frame of 0 bytes'),
    (struct.pack('<dHH', 0.0, 9, 9), 'frame of 12 bytes'),
    ('{"call": "watch", "text": 7}', 'none'), ('{"call": "eat"}', 'not known'),
    ('{"control": "stop"}', 'not known'), ('{"control": "cancel", "instruction_id": 7}', 'known'),
    ('{"call": "reconfigure", "fps": NaN}', 'no number'),
    ('{"call": "reconfigure", "fps": 1, "thresholds": "all"}', 'two numbers'),
    (struct.pack('<dHH', 0.0, 112, 112) + 5000 * b'x', 'JPEG'),
    ('[' * 100_000, 'nested')])
def test_a_message_that_makes_no_sense_ends_its_own_stream(server, bystander, message, reason):
    with opened(server, 'front') as socket:
        socket.send(message)
        told = reason_of(socket) if not isinstance(message, bytes) or b'xx' not in message else (
            json.loads(socket.recv(PATIENCE_S))['error'][1])
    assert reason in told


def test_a_frame_of_a_gigabyte_is_cut_off_before_it_is_held(server, bystander):
    with opened(server, 'front') as socket, pytest.raises(ConnectionClosed):
        piece = bytes(2**24)
        # In pieces of one message, as whoever means harm would.
        socket.send(piece for _ in range(64))
        reason_of(socket)
        raise ConnectionClosed(None, None)
    assert PICTURE_BYTES < len(piece)


def test_calls_come_one_at_a_time(server, bystander):
    with opened(server, 'front') as socket:
        for _ in range(50):
            socket.send(json.dumps({'call': 'watch', 'text': TEXT}))
        assert 'before the last one was answered' in reason_of(socket)


def test_what_is_not_opened_first_is_not_watched(server):
    for first in ({'call': 'watch', 'text': TEXT}, {**OPEN, 'options': {'fps': -1}}):
        with knock(server, '/robots/picker/streams/front',
                   f'picker.{SECRETS["picker"]}') as socket:
            socket.send(json.dumps(first))
            assert 'makes no sense' in reason_of(socket)


def test_another_protocol_is_refused_for_good(server):
    with knock(server, '/robots/picker/streams/front',
               f'picker.{SECRETS["picker"]}') as socket:
        socket.send(json.dumps({**OPEN, 'protocol': 99}))
        refused = json.loads(socket.recv(PATIENCE_S))['refused']
    assert f'speaks protocol {PROTOCOL}' in refused


def test_an_engine_refuses_over_the_link_as_it_does_at_home(server):
    with engine(server, 'front') as one:
        with pytest.raises(InstructionError, match='no text'):
            one.watch(' ')
        one.watch(TEXT, 'it')
        with pytest.raises(InstructionError, match='taken'):
            one.watch(TEXT, 'it')
        one.step(FRAME, 5.0)
        with pytest.raises(StampError):
            one.step(FRAME, 4.0)
        one.reset()
        assert len(one.step(FRAME, 4.0)) == 1
        parts = {name: float(one.link[name]) for name in ('up_s', 'queue_s', 'model_s', 'down_s')}
        assert min(parts.values()) >= 0 < parts['model_s']


def test_a_robot_has_what_its_quota_gives(server):
    with engine(server, 'only', 'packer') as one:
        one.watch(TEXT)
        with pytest.raises(InstructionError, match='gives this robot no more'):
            one.watch(TEXT)
        second = engine(server, 'second', 'packer')
        with pytest.raises(EngineFailure, match='as many as it may'):
            second.connect()
        second.close()
        with pytest.raises(Refused, match='lower fps'), engine(
                server, 'only', 'packer', fps=2.0):
            pass
    for options in ({'window_turns': 10_000}, {'memory_tokens': 4096}):
        with pytest.raises(Refused, match='at most: lower it'), engine(
                server, 'only', 'packer', **options):
            pass


def test_a_rate_that_would_make_others_late_is_not_given(server, bystander):
    with engine(server, 'front', fps=1.0) as one:
        one.watch(TEXT, 'it')
        one.reconfigure(2.0, LIKELIEST)
        assert server.streams()['picker/front']['fps'] == 2.0
        assert len(one.step(FRAME, 1.0)) == 1
    others = [engine(server, f'other-{number}', fps=30.0) for number in range(30)]
    try:
        with engine(server, 'front', fps=1.0) as one:
            with pytest.raises(EngineFailure, match='there is no room'):
                for other in others:
                    other.connect()
            with pytest.raises(EngineFailure, match='there is no room for 30 frames a second'):
                one.reconfigure(30.0, LIKELIEST)
    finally:
        for other in others:
            other.close()


def test_a_connection_that_comes_again_takes_the_place_of_the_old_one(server):
    with engine(server, 'front') as old:
        old.watch(TEXT)
        with engine(server, 'front') as new:
            with pytest.raises(EngineFailure, match='another connection watches this stream'):
                old.step(FRAME, 1.0)
            new.watch(TEXT, 'it')
            assert len(new.step(FRAME, 1.0)) == 1


def test_a_token_that_is_taken_back_ends_its_streams(server):
    with engine(server, 'only', 'packer') as one:
        one.watch(TEXT)
        one.step(FRAME, 1.0)
        try:
            server.write_robots({'picker': ROBOTS['picker']})
            wait_for(lambda: not any('packer' in id for id in server.streams()), 'its end')
            with pytest.raises(EngineFailure, match='token of this robot holds no more'):
                one.step(FRAME, 2.0)
            with pytest.raises(Refused, match='does not know the token'):
                engine(server, 'only', 'packer').connect()
        finally:
            server.write_robots(ROBOTS)
    again = engine(server, 'only', 'packer')
    again.connect()
    again.close()


def test_the_operator_alone_is_told_what_goes_on(server, bystander):
    for path in ('streams', 'metrics'):
        assert server.ask(path, secret='')[0] == 401
        assert server.ask(path, secret=SECRETS['picker'])[0] == 401
    assert server.ask('drain', secret='', method='POST')[0] == 401
    assert server.ask('health', secret='') == (200, 'ok')
    assert server.ask('openapi.json')[0] == server.ask('docs')[0] == 404
    one = server.streams()['picker/bystander']
    assert (one['instructions'], one['ticks']) == ([TEXT], 1)
    metrics = server.ask('metrics')[1]
    assert 'streamo_ticks_total{robot="picker"}' in metrics
    assert 'streamo_device_up{device="1"} 1.0' in metrics


def test_the_page_is_plain_files_and_names_nobody(server):
    status, page = server.ask('', secret='')
    assert (status, 'fleet.js' in page) == (200, True)
    for file in ('fleet.js', 'fleet.css'):
        assert server.ask(file, secret='')[0] == 200
    for file in ('..%2fdoor.py', 'robots.json', 'fleet.js/..'):
        assert server.ask(file, secret='')[0] == 404
