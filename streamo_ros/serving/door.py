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
Where robots come in: a WebSocket for each stream, and pages for whoever looks after the server.

Nobody is heard before a token was shown. A robot's token opens its own streams, the operator's
everything that is told about all of them. The health of the server alone is everybody's to ask.
"""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import asynccontextmanager
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
import logging
from pathlib import Path
import re
import signal
import socket
import ssl
import time
from typing import Any

from fastapi import FastAPI
from fastapi import Header
from fastapi import HTTPException
from fastapi import Request
from fastapi import Response
from fastapi import WebSocket
import uvicorn

from streamo_ros.engine.remote.protocol import FRAME_HEAD
from streamo_ros.engine.remote.protocol import PICTURE_BYTES
from streamo_ros.errors import UserError
from streamo_ros.serving.admission import Load
from streamo_ros.serving.fleet import Fleet
from streamo_ros.serving.metrics import Metrics
from streamo_ros.serving.robots import Robots
from streamo_ros.serving.robots import RobotsError
from streamo_ros.serving.session import Session

PAGE = Path(__file__).with_name('page')
STREAM = re.compile(r'[A-Za-z0-9_/-]{1,128}')
LOOK_S = 2.0        # between two looks at whose token still holds
PING_S = 5.0        # between pings; a robot that answers none for so long is gone
CONNECTIONS = 2048
END_S = 3           # that connections get to end when the server does
DRAIN_S = 1.0       # that streams get to be told before they end
_HEADERS = {
    'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store',
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")}
_FILES = {'index.html': 'text/html', 'fleet.js': 'text/javascript', 'fleet.css': 'text/css'}


class DoorError(UserError, OSError):
    """A server that cannot be reached; the message says why."""


@dataclass(frozen=True)
class Address:
    """
    Where a server listens.

    :param certificate: file with its certificate in PEM; None: for this machine alone
    """

    host: str
    port: int
    certificate: Path | None = None
    private_key: Path | None = None

    def listen(self) -> socket.socket:
        """
        Return a socket that listens.

        :raises DoorError: when that is not possible
        """
        family = socket.AF_INET6 if ':' in self.host else socket.AF_INET
        try:
            return socket.create_server((self.host, self.port), family=family, backlog=512)
        except OSError as error:
            raise DoorError(
                f'{self.host}:{self.port} cannot be listened at ({error.strerror or error}): '
                'give another with --port') from error


async def serve(
    fleet: Fleet, robots: Robots, address: Address, told: Callable[[str], object],
) -> None:
    """
    Serve until Ctrl-C or SIGTERM.

    :param told: called with the address once robots can come
    :raises UserError: when that is not possible
    """
    listening = address.listen()
    with listening:
        _check_certificate(address)
        try:
            await fleet.start()
            server = _Server(uvicorn.Config(
                make_app(fleet, robots), ws='websockets-sansio',
                ws_max_size=FRAME_HEAD.size + PICTURE_BYTES, ws_ping_interval=PING_S,
                ws_ping_timeout=PING_S, ws_per_message_deflate=False,
                limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=END_S,
                log_level='error', access_log=False, server_header=False,
                ssl_certfile=address.certificate, ssl_keyfile=address.private_key))
            scheme = 'wss' if address.certificate else 'ws'
            host = f'[{address.host}]' if ':' in address.host else address.host
            told(f'{scheme}://{host}:{listening.getsockname()[1]}')
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, server.end)
            logging.getLogger('uvicorn.error').addFilter(_is_news)
            await server.serve([listening])
        finally:
            fleet.stop()


class _Server(uvicorn.Server):
    """The server, which leaves signals to whoever runs it: its own would end the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def end(self) -> None:
        """End in good order."""
        self.should_exit = True


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a line should be logged: not that somebody was turned away, each time."""
    return 'without completing handshake' not in str(record.msg)


def make_app(fleet: Fleet, robots: Robots) -> FastAPI:
    """Return what is asked at the door."""
    metrics = Metrics()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.ensure_future(_watch_tokens(fleet, robots))
        yield
        watching.cancel()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)

    @app.middleware('http')
    async def add_headers(request: Request, go_on: Any) -> Response:
        response: Response = await go_on(request)
        response.headers.update(_HEADERS)
        return response

    def operator(authorization: str) -> None:
        if not robots.is_operator(authorization):
            metrics.refused('operator token')
            raise HTTPException(401, 'Show the token of the operator.')

    @app.websocket('/robots/{robot}/streams/{name:path}')
    async def stream(websocket: WebSocket, robot: str, name: str) -> None:
        with suppress(RobotsError):     # while it is being written, that of before holds
            robots.refresh()
        found = robots.find(websocket.headers.get('authorization', ''))
        if found is None:
            metrics.refused('token')
            await websocket.send_denial_response(Response(status_code=401))
            return
        if found.name != robot or not STREAM.fullmatch(name):
            metrics.refused('stream of another')
            await websocket.send_denial_response(Response(status_code=403))
            return
        await websocket.accept()
        await Session(websocket, fleet, metrics, found, name).run()

    @app.get('/health')
    async def health() -> Response:
        loads = await fleet.loads()
        well = all(isinstance(load, Load) for load in loads) and not fleet.draining
        return Response('ok' if well else 'not all devices answer, or it drains',
                        200 if well else 503, media_type='text/plain')

    @app.get('/metrics')
    async def metrics_text(authorization: str = Header('')) -> Response:
        operator(authorization)
        return Response(
            metrics.text(await fleet.loads()), media_type='text/plain; version=0.0.4')

    @app.get('/streams')
    async def streams(authorization: str = Header('')) -> dict[str, Any]:
        operator(authorization)
        return _table(fleet, await fleet.loads())

    @app.post('/drain')
    async def drain(authorization: str = Header('')) -> dict[str, Any]:
        operator(authorization)
        fleet.draining = True
        ended = list(fleet.streams.values())
        for placed in ended:
            placed.end('the server is about to end')
        return {'ended': len(ended)}

    @app.get('/')
    @app.get('/{file}')
    async def page(file: str = 'index.html') -> Response:
        if file not in _FILES:
            raise HTTPException(404, 'There is nothing of that name.')
        return Response((PAGE / file).read_bytes(), media_type=_FILES[file])

    return app


async def _watch_tokens(fleet: Fleet, robots: Robots) -> None:
    """End the streams of robots whose token was taken back or holds no more."""
    while True:
        await asyncio.sleep(LOOK_S)
        with suppress(RobotsError):
            robots.refresh()
        for placed in list(fleet.streams.values()):
            if not robots.still_holds(placed.robot):
                placed.end('the token of this robot holds no more')


def _table(fleet: Fleet, loads: list[Load | str]) -> dict[str, Any]:
    now = time.time()
    return {
        'checkpoint': fleet.served.checkpoint if fleet.served else '',
        'draining': fleet.draining,
        'devices': [
            {'pid': load.pid, 'streams': load.streams, 'most_streams': load.most_streams,
             'share': round(load.share, 4), 'tick_s': round(load.tick_s, 4)}
            if isinstance(load, Load) else {'trouble': load} for load in loads],
        'streams': [
            {'robot': placed.robot.name, 'stream': placed.name, 'device': placed.device,
             'fps': placed.options.fps, 'since_s': round(now - placed.since, 1),
             'ticks': placed.ticks, 'responses': placed.responses,
             'late_s': round(placed.late_s, 4),
             'instructions': list(placed.instructions.values())}
            for placed in sorted(fleet.streams.values(), key=lambda one: one.id)]}


def _check_certificate(address: Address) -> None:
    if address.certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            address.certificate, address.private_key)
    except (OSError, ssl.SSLError) as error:
        raise DoorError(
            f'{address.certificate} and {address.private_key} are no certificate and key: '
            f'{error}') from error
