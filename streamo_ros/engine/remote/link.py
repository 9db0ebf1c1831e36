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
One stream's WebSocket, for callers that wait: it lives in an event loop's thread.

What is sent leaves in the order in which it was given, from whatever thread. Nothing waits for a
link that does not carry: what is waiting to be sent is bounded, and an answer has a deadline.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
import concurrent.futures
import contextlib
import json
import threading
import time
from typing import Any

import aiohttp

from streamo_ros.engine.process.deadline import Deadline
from streamo_ros.engine.process.deadline import END_S
from streamo_ros.engine.process.deadline import POLL_S
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.remote.protocol import MESSAGE_BYTES
from streamo_ros.engine.remote.protocol import OPEN_S
from streamo_ros.engine.remote.server import Server
from streamo_ros.strict_json import parse_json

HEARTBEAT_S = 4.0
"""Between pings; half of that later, without an answer, the link is taken for broken."""

WAITING = 64
"""Messages that may wait to be sent."""

_REFUSALS = {401: 'does not know the token', 403: "says that the token is another robot's",
             404: 'does not serve streams: is it streamo serve of this release?'}


class Refused(EngineFailure):
    """A server that will not watch this stream, however often it is asked."""


class LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name='link', daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left, timeout=END_S))
        self._loop.close()

    def start(self, what: Coroutine[Any, Any, Any]) -> 'concurrent.futures.Future[Any]':
        """Have something run in the loop."""
        return asyncio.run_coroutine_threadsafe(what, self._loop)

    def hand(self, do: Callable[..., object], *what: Any) -> None:
        """Have something done in the loop, in the order in which it is asked for."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(do, *what)

    def stop(self) -> None:
        """End the loop, with what still runs there."""
        self.hand(self._loop.stop)
        self._thread.join(2 * END_S)


class Link:
    """
    The link of one stream.

    :param loop: that it lives in
    :param stream: its name
    :param ended: set by the caller when it ends: whoever waits then gives up
    :param on_end: called in the loop's thread when the link is gone
    """

    def __init__(
        self, loop: LoopThread, server: Server, stream: str, ended: threading.Event,
        on_end: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._server = server
        self._url = server.stream_url(stream)
        self._ended = ended
        self._on_end = on_end
        self._leaving: asyncio.Queue[str | bytes | None] = asyncio.Queue(WAITING)
        self._answer: concurrent.futures.Future[tuple[dict[str, Any], float]] | None = None
        self._lock = threading.Lock()   # of the answer that is waited for, and the reason
        self._reason = ''               # why the link is gone; empty while it is there
        self._task: concurrent.futures.Future[Any] | None = None

    def open(self) -> None:
        """
        Connect.

        :raises Refused: when the server does not want to
        :raises EngineFailure: when it cannot be reached
        """
        connected: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._task = self._loop.start(self._live(connected))
        end = time.monotonic() + OPEN_S
        while not connected.done():
            if self._ended.is_set() or time.monotonic() > end:
                self._task.cancel()
                raise EngineFailure(f'the server {self._server.url} does not answer')
            concurrent.futures.wait([connected], POLL_S)
        connected.result()

    @property
    def reason(self) -> str:
        """Return why the link is gone; empty while it is there."""
        return self._reason

    def send(self, message: str | bytes) -> None:
        """Send something that has no answer, from any thread; it never waits."""
        self._loop.hand(self._put, message)

    def exchange(
        self, message: str | bytes, deadline_s: float,
    ) -> tuple[dict[str, Any], float, float]:
        """
        Send a call and return its answer, and the steady times at which they went and came.

        :param deadline_s: seconds that it may take; at four fifths of them an answer is cut
        :raises EngineFailure: when the link is gone, or the time is over
        """
        answer: concurrent.futures.Future[tuple[dict[str, Any], float]]
        answer = concurrent.futures.Future()
        with self._lock:
            if self._reason:
                raise EngineFailure(self._reason)
            self._answer = answer
        sent = time.monotonic()
        self.send(message)
        deadline = Deadline(
            deadline_s, self._ended, lambda: self.send(json.dumps({'control': 'interrupt'})))
        while wait_s := deadline.wait_s():
            concurrent.futures.wait([answer], wait_s)
            if answer.done():
                reply, returned = answer.result()
                return reply, sent, returned
        self.close()
        raise EngineFailure(
            'the caller ended' if deadline.ending else
            f'the server {self._server.url} did not answer within {deadline_s:g} s; if it or the '
            'link is only slow, raise deadline_s')

    def close(self) -> None:
        """Give the link up."""
        with self._lock:
            self._reason = self._reason or 'the link was closed'
        if self._task is not None:
            self._loop.hand(self._task.cancel)

    # In the loop's thread

    def _put(self, message: str | bytes | None) -> None:
        try:
            self._leaving.put_nowait(message)
        except asyncio.QueueFull:
            assert self._task is not None
            self._task.cancel()

    async def _live(self, connected: 'concurrent.futures.Future[None]') -> None:
        reason = f'the link to {self._server.url} broke'
        try:
            async with aiohttp.ClientSession() as session:
                async with await self._connect(session) as socket:
                    connected.set_result(None)
                    writer = asyncio.ensure_future(self._write(socket))
                    try:
                        reason = await self._read(socket) or reason
                    finally:
                        writer.cancel()
        except EngineFailure as error:
            reason = str(error)
            if not connected.done():
                connected.set_exception(error)
        except (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError) as error:
            reason = f'{reason}: {error or type(error).__name__}'
            if not connected.done():
                connected.set_exception(EngineFailure(reason))
        finally:
            self._end(reason)

    async def _connect(
        self, session: aiohttp.ClientSession,
    ) -> aiohttp.ClientWebSocketResponse[bool]:
        server = self._server
        try:
            return await session.ws_connect(
                self._url, headers={'Authorization': f'Bearer {server.token}'},
                ssl=aiohttp.Fingerprint(server.pin) if server.pin else True,
                heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_BYTES, compress=0)
        except aiohttp.WSServerHandshakeError as error:
            known = _REFUSALS.get(error.status)
            kind = Refused if known else EngineFailure
            raise kind(f'the server {server.url} '
                       f'{known or f"answers {error.status} {error.message}"}') from error
        except aiohttp.ServerFingerprintMismatch as error:
            raise Refused(
                f'the server {server.url} shows another certificate than the pinned one: has it '
                'a new one, or is it somebody else?') from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise Refused(
                f'the certificate of {server.url} is not vouched for ({error.certificate_error}): '
                'pin it with server_certificate') from error
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
            raise EngineFailure(
                f'the server {server.url} cannot be reached: {error or type(error).__name__}'
            ) from error

    async def _write(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        while True:
            message = await self._leaving.get()
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            elif message is not None:
                await socket.send_str(message)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> str:
        """Read until the end; return why the server ended it, if it said so."""
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            reply = parse_json(message.data)
            if not isinstance(reply, dict):
                raise ValueError('an answer that is none')
            if 'end' in reply:
                return f'the server {self._server.url} ended it: {reply["end"]}'
            with self._lock:
                answer, self._answer = self._answer, None
            if answer is None:
                raise ValueError('an answer that nobody waits for')
            answer.set_result((reply, time.monotonic()))
        return ''

    def _end(self, reason: str) -> None:
        with self._lock:
            self._reason = self._reason or reason
            answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(EngineFailure(self._reason))
        self._on_end()
