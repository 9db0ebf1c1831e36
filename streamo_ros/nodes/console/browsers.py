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

"""
The browsers that are connected, each with a bounded queue of its own.

A browser that is slow misses pictures: of each camera only the newest one waits. States and
answers it never misses: should too many of them wait, it is disconnected, and asks for all that is
known when it comes again. All of this belongs to the thread of the event loop.
"""

import asyncio
from collections.abc import Callable
import json
import struct
from typing import Any

from aiohttp import web

from streamo_ros.nodes.console.pictures import Picture
from streamo_ros.nodes.rate_limiter import RateLimiter

MOST = 32                   # browsers at once
WAITING_BYTES = 8 << 20     # of text that may wait for one of them
SEND_S = 20.0               # that one message may take
BURST, PER_S = 60, 20.0     # commands of one browser at once, and a second

Camera = tuple[str, str]
"""A node's full name, and its name for the camera."""


class Browser:
    """
    One browser.

    :param socket: prepared
    :param transport: that it runs over
    """

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self.socket = socket
        self._transport = transport
        self.commands = RateLimiter(BURST, PER_S)
        self.joined = False
        """Whether it has been told all that is known, and is told what changes."""
        self.gone = False
        self._texts: list[str] = []
        self._waiting = 0       # characters in them
        self._pictures: dict[Camera, bytes] = {}
        self._awake = asyncio.Event()

    def join(self, text: str) -> None:
        """Have all that is known sent, and from then on what changes."""
        self.joined = True
        self.tell(text)

    def tell(self, text: str) -> None:
        """Have a JSON text sent."""
        if self.gone:
            return
        self._waiting += len(text)
        if self._waiting > WAITING_BYTES:
            self.drop()
            self.abort()
            return
        self._texts.append(text)
        self._awake.set()

    def show(self, camera: Camera, data: bytes) -> None:
        """Have a picture sent, in place of one of that camera that still waits."""
        if not self.gone:
            self._pictures[camera] = data
            self._awake.set()

    def drop(self) -> None:
        """Send nothing more."""
        self.gone = True
        self._texts.clear()
        self._pictures.clear()
        self._awake.set()

    def abort(self) -> None:
        """Disconnect, without a word, if it is not disconnected."""
        if self._transport is not None:
            self._transport.abort()

    async def send(self) -> None:
        """Send what waits, texts before pictures, until it is dropped or does not take more."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            while not self.gone and (self._texts or self._pictures):
                if self._texts:
                    text = f'[{",".join(self._texts)}]'
                    self._texts.clear()
                    self._waiting = 0
                    await asyncio.wait_for(self.socket.send_str(text), SEND_S)
                else:
                    data = self._pictures.pop(next(iter(self._pictures)))
                    await asyncio.wait_for(self.socket.send_bytes(data), SEND_S)
            if self.gone:
                return


class Browsers:
    """
    All browsers, and who looks at which camera.

    :param on_look: called when the first one begins to look at a camera, and when the last one
        looks no longer
    """

    def __init__(self, on_look: Callable[[Camera, bool], None]) -> None:
        self.all: set[Browser] = set()
        self._on_look = on_look
        self._looking: dict[Camera, set[Browser]] = {}

    @property
    def full(self) -> bool:
        """Return whether no more may come."""
        return len(self.all) >= MOST

    def leave(self, browser: Browser) -> None:
        """Forget a browser."""
        self.all.discard(browser)
        browser.drop()
        for camera in list(self._looking):
            self.look(browser, camera, False)

    def look(self, browser: Browser, camera: Camera, looks: bool) -> None:
        """Have a browser be shown a camera, or no longer."""
        looking = self._looking.setdefault(camera, set())
        before = bool(looking)
        (looking.add if looks else looking.discard)(browser)
        if not looking:
            del self._looking[camera]
        if bool(looking) != before:
            self._on_look(camera, bool(looking))

    def tell(self, text: str) -> None:
        """Tell all of them."""
        for browser in self.all:
            if browser.joined:
                browser.tell(text)

    def show(self, camera: Camera, picture: Picture) -> None:
        """Show a picture to those who look at its camera."""
        looking = self._looking.get(camera)
        if looking:
            data = pack(camera, picture)
            for browser in looking:
                browser.show(camera, data)


def to_json(what: Any) -> str:
    """Return what is told, as the browsers read it."""
    return json.dumps(what, ensure_ascii=False, separators=(',', ':'), allow_nan=False)


def pack(camera: Camera, picture: Picture) -> bytes:
    """Return a picture as it is sent: the length of its head, the head as JSON, the JPEG."""
    head = to_json({
        'node': camera[0], 'camera': camera[1], 'stamp': picture.stamp, 'width': picture.width,
        'height': picture.height}).encode()
    return struct.pack('>H', len(head)) + head + picture.jpeg
