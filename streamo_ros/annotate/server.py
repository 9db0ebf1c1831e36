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
The page's server, on this machine alone: the bag's frames, and what is marked, saved as it comes.

The bag belongs to one thread; the event loop never reads it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import secrets
import signal
from typing import Any

from aiohttp import web

from streamo_ros.annotate.bag_film import BagFilm
from streamo_ros.annotate.document import Document
from streamo_ros.errors import UserError
from streamo_ros.strict_json import parse_json
from streamo_ros.web.access import Access
from streamo_ros.web.access import HEADERS
from streamo_ros.web.access import policy
from streamo_ros.web.page_files import page_files

HOST = '127.0.0.1'
PAGE = Path(__file__).with_name('page')
MOST_BYTES = 16 << 20   # of annotations
_LATEST_S = 1e7         # beyond any bag; a float has its nanoseconds up to here


class ServerError(UserError, OSError):
    """A page that cannot be shown; the message says why."""


class Server:
    """
    The server of one bag and one file.

    :param document: the file
    :param port: to listen at; 0: any that is free
    :param told: called with the address once the page can be opened
    """

    def __init__(
        self, bag: Path, document: Document, port: int, told: Callable[[str], object],
    ) -> None:
        self._path, self._document, self._port, self._told = bag, document, port, told
        self._token = secrets.token_urlsafe()
        self._access = Access('annotate', HOST, self._token, MOST_BYTES)
        self._files = page_files(PAGE)
        self._reader = ThreadPoolExecutor(1, 'bag')
        self._film: BagFilm

    def run(self) -> None:
        """
        Serve until Ctrl-C or SIGTERM.

        :raises SourceError: when the bag cannot be shown
        :raises ServerError: when the port cannot be listened at
        """
        try:
            asyncio.run(self._serve())
        finally:
            self._reader.shutdown()

    async def _serve(self) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        self._film = await self._read(BagFilm, self._path, self._document.cameras - {''})
        app = web.Application(middlewares=[self._guard], client_max_size=MOST_BYTES)
        app.on_response_prepare.append(_add_headers)
        app.router.add_get('/', self._page)
        app.router.add_get('/bag', self._bag)
        app.router.add_get('/frame', self._frame)
        app.router.add_put('/annotations', self._save)
        app.router.add_post('/session', self._log_in)
        app.router.add_get('/{file}', self._page)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, lingering_time=1)
        try:
            await runner.setup()
            try:
                await web.TCPSite(runner, HOST, self._port, reuse_address=True).start()
            except OSError as error:
                raise ServerError(
                    f'port {self._port} cannot be listened at ({error.strerror or error}): give '
                    'another with --port') from error
            self._told(f'http://{HOST}:{runner.addresses[0][1]}/#token={self._token}')
            await ended.wait()
        finally:
            await runner.cleanup()
            await self._read(self._film.close)

    async def _read(self, do: Callable[..., Any], *what: Any) -> Any:
        """Return what the bag's thread makes of it."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, do, *what)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self._access.check(request)
        if request.path in ('/bag', '/frame', '/annotations') and not self._access.has_token(
                request):
            raise web.HTTPUnauthorized(text='Open the address that the command printed.')
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        found = self._files.get(request.match_info.get('file', 'index.html'))
        if found is None:
            raise web.HTTPNotFound(text='There is nothing of that name.')
        return web.Response(body=found[0], content_type=found[1], charset='utf-8')

    async def _log_in(self, request: web.Request) -> web.Response:
        try:
            token = parse_json(await request.text())['token']
            if not isinstance(token, str):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            raise web.HTTPBadRequest(text='Give a token, as JSON.') from None
        return self._access.admit(request, token)

    async def _bag(self, request: web.Request) -> web.Response:
        film = self._film
        return web.json_response({
            'bag': str(self._path), 'file': str(self._document.file),
            'version': self._document.version,
            'cameras': [{
                'topic': shot.topic, 'first': (shot.first - film.zero) * 1e-9,
                'last': (shot.last - film.zero) * 1e-9, 'period': shot.period * 1e-9,
            } for shot in film.shots.values()],
            'instructions': await self._read(self._document.to_page, film)})

    async def _frame(self, request: web.Request) -> web.Response:
        film, query = self._film, request.query
        try:
            at, step = float(query.get('at', '')), int(query.get('step', '0'))
        except ValueError:
            raise web.HTTPBadRequest(text='Say at which second.') from None
        if not abs(at) < _LATEST_S or step not in (-1, 0, 1):
            raise web.HTTPBadRequest(text='Say at which second.')
        try:
            found = await self._read(
                film.frame, query.get('camera', ''), film.zero + round(at * 1e9), step)
        except UserError as error:
            raise web.HTTPNotFound(text=str(error)) from None
        if found is None:
            return web.Response(status=204)  # the film begins or ends here
        mark = await self._read(self._document.mark, found.stamp, film)
        headers = {
            'Frame-At': repr((found.stamp - film.zero) * 1e-9), 'Frame-Mark': repr(mark)}
        if found.trouble:
            return web.json_response({'trouble': found.trouble}, headers=headers)
        return web.Response(body=found.jpeg, content_type='image/jpeg', headers=headers)

    async def _save(self, request: web.Request) -> web.Response:
        try:
            said = parse_json(await request.text())
            version, instructions = said['version'], said['instructions']
        except (ValueError, KeyError, TypeError):
            raise web.HTTPBadRequest(text='This is not what the page sends.') from None
        try:
            saved = await self._read(self._save_over, version, instructions)
        except UserError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        if saved is None:
            raise web.HTTPConflict(
                text='Something else was saved from another window: load this page again.')
        return web.json_response({'version': saved})

    def _save_over(self, version: object, instructions: object) -> int | None:
        """Save what follows a version, and return its own; None where another one is there."""
        if version != self._document.version:
            return None
        self._document.save(instructions, self._film)
        return self._document.version


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers['Content-Security-Policy'] = policy(request)
    response.headers.pop('Server', None)
