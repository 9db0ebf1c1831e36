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

"""Queues of browsers: pictures are dropped, states never, and nobody waits for a slow one."""

import asyncio
import json
import struct

from streamo_ros.nodes.console.browsers import Browser
from streamo_ros.nodes.console.browsers import Browsers
from streamo_ros.nodes.console.browsers import pack
from streamo_ros.nodes.console.browsers import WAITING_BYTES
from streamo_ros.nodes.console.pictures import Picture

CAMERA = ('/streamo', 'front')


class Socket:
    """A WebSocket whose other end takes messages only when it is let."""

    def __init__(self):
        self.sent = []
        self.takes = asyncio.Semaphore(0)

    async def send_str(self, text):
        await self.takes.acquire()
        self.sent += json.loads(text)

    async def send_bytes(self, data):
        await self.takes.acquire()
        self.sent.append(data)


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def joined(browsers, socket):
    browser = Browser(socket, None)
    browsers.all.add(browser)
    browser.join('0')
    return browser


def test_a_slow_browser_misses_pictures_and_no_state():
    async def run():
        browsers = Browsers(lambda camera, looks: None)
        socket = Socket()
        browser = joined(browsers, socket)
        browsers.look(browser, CAMERA, True)
        sender = asyncio.ensure_future(browser.send())
        await settle()  # it is at the first text
        for number in range(1, 100):
            browsers.tell(str(number))
            browsers.show(CAMERA, Picture(float(number), 4, 3, b'jpeg'))
            await settle()
        for _ in range(10):
            socket.takes.release()
        await settle()
        sender.cancel()
        return socket.sent

    sent = asyncio.run(run())
    assert sent[:-1] == list(range(100))
    assert b'"stamp":99.0' in sent[-1]


def test_one_for_whom_too_much_waits_is_dropped_and_nobody_else():
    async def run():
        browsers = Browsers(lambda camera, looks: None)
        slow, quick = joined(browsers, Socket()), joined(browsers, Socket())
        senders = [asyncio.ensure_future(one.send()) for one in (slow, quick)]
        text = json.dumps('x' * (WAITING_BYTES // 10))
        for _ in range(12):
            quick.socket.takes.release()
            browsers.tell(text)
            await settle()
        gone = slow.gone, quick.gone
        for sender in senders:
            sender.cancel()
        return gone

    assert asyncio.run(run()) == (True, False)


def test_a_camera_is_looked_at_from_the_first_to_the_last():
    async def run():
        looks = []
        browsers = Browsers(lambda camera, looks_: looks.append((camera, looks_)))
        one, two = joined(browsers, Socket()), joined(browsers, Socket())
        browsers.look(one, CAMERA, True)
        browsers.look(two, CAMERA, True)
        browsers.look(one, CAMERA, True)
        browsers.leave(one)
        assert looks == [(CAMERA, True)]
        browsers.leave(two)
        return looks

    assert asyncio.run(run()) == [(CAMERA, True), (CAMERA, False)]


def test_who_has_not_joined_is_told_nothing():
    async def run():
        browsers = Browsers(lambda camera, looks: None)
        socket = Socket()
        browser = Browser(socket, None)
        browsers.all.add(browser)
        sender = asyncio.ensure_future(browser.send())
        socket.takes.release()
        browsers.tell('"change"')
        browser.join('"all"')
        await settle()
        sender.cancel()
        return socket.sent

    assert asyncio.run(run()) == ['all']


def test_a_picture_is_packed_with_its_head():
    data = pack(CAMERA, Picture(1.5, 640, 480, b'\xff\xd8'))
    (length,) = struct.unpack('>H', data[:2])
    assert json.loads(data[2:2 + length]) == {
        'node': '/streamo', 'camera': 'front', 'stamp': 1.5, 'width': 640, 'height': 480}
    assert data[2 + length:] == b'\xff\xd8'
