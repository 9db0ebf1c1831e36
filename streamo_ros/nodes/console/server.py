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
The web server: the page, a WebSocket for each browser, and the frames of answers.

It runs in a thread with an event loop of its own. What the executor's thread tells it is handed
over in order; what browsers ask for is handed to the executor's thread.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import json
from pathlib import Path
import ssl
import threading
from typing import Any

from aiohttp import web
from aiohttp import WSCloseCode
from aiohttp import WSMsgType

from streamo_ros.nodes.console.access import Access
from streamo_ros.nodes.console.browsers import Browser
from streamo_ros.nodes.console.browsers import Browsers
from streamo_ros.nodes.console.browsers import Camera
from streamo_ros.nodes.console.browsers import to_json
from streamo_ros.nodes.console.calls import Done
from streamo_ros.nodes.console.commands import Command
from streamo_ros.nodes.console.commands import CommandError
from streamo_ros.nodes.console.commands import LOG_COMMANDS
from streamo_ros.nodes.console.commands import MAX_BYTES
from streamo_ros.nodes.console.commands import read_command
from streamo_ros.nodes.console.link import Link
from streamo_ros.nodes.console.link import LIVE
from streamo_ros.nodes.console.pictures import Picture
from streamo_ros.nodes.console.settings import Settings
from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.parameters import SPECIFICATION as NODE_SPECIFICATION
from streamo_ros.web.access import HEADERS
from streamo_ros.web.access import MAX_BODY
from streamo_ros.web.access import policy
from streamo_ros.web.page_files import page_files

PAGE = Path(__file__).with_name('page')
START_S = 10.0      # that listening may take
HEARTBEAT_S = 15.0  # between pings; a browser that answers none is gone
BEAT_S = 3.0        # between signs of life for pages, which cannot see pings
BEAT = to_json({'kind': 'beat'})
FETCHES = 4         # events whose pictures are fetched at once
PICTURES_KEPT = 64  # events whose pictures are kept
CLOSE_S = 1.0       # that a browser gets to take in why it is disconnected

Post = Callable[[Callable[[], None]], None]
"""Has something run in the executor's thread."""


class Server:
    """
    The server.

    :param links: the nodes, by their full names
    :param post: hands work to the executor's thread
    """

    def __init__(self, settings: Settings, links: Mapping[str, Link], post: Post) -> None:
        self.port = settings.port
        self._settings = settings
        self._links = links
        self._post = post
        self._access = Access(settings.host, settings.token)
        self._files = page_files(PAGE)
        self._browsers = Browsers(self._look)
        self._pictures: dict[tuple[str, int], list[bytes]] = {}    # of events, the latest asked
        self._fetching = asyncio.Semaphore(FETCHES)
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._started = threading.Event()
        self._trouble: Exception | None = None
        self._thread = threading.Thread(target=self._run, name='web server', daemon=True)

    def start(self) -> None:
        """
        Listen.

        :raises ParameterError: when that is not possible there
        """
        self._thread.start()
        if not self._started.wait(START_S):
            raise ParameterError('the web server does not start')
        if self._trouble is not None:
            raise ParameterError(
                f'parameters host, port and certificate: {self._settings.host}:'
                f'{self._settings.port} cannot be listened at: {self._trouble}')

    def stop(self, patience_s: float) -> None:
        """Disconnect all and listen no more."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(patience_s)

    @property
    def url(self) -> str:
        """Return where the page is."""
        host = self._settings.host
        return (f'{"https" if self._settings.certificate else "http"}://'
                f'{f"[{host}]" if ":" in host else host}:{self.port}/')

    # From the executor's thread

    def tell(self, event: dict[str, Any]) -> None:
        """Tell all browsers of a change."""
        if self._browsers.all:
            self._hand(self._browsers.tell, to_json(event))

    def show(self, camera: Camera, picture: Picture) -> None:
        """Show a picture to whoever looks."""
        self._hand(self._browsers.show, camera, picture)

    def _hand(self, do: Callable[..., None], *what: Any) -> None:
        with contextlib.suppress(RuntimeError):  # it has ended: nobody listens
            self._loop.call_soon_threadsafe(do, *what)

    # In the loop's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # whatever it is, start() says it
            self._trouble = error
        finally:
            self._started.set()
            self._loop.close()

    async def _serve(self) -> None:
        app = web.Application(middlewares=[self._guard], client_max_size=MAX_BODY)
        app.on_response_prepare.append(_add_headers)
        app.router.add_get('/', self._page)
        app.router.add_get('/live', self._live)
        app.router.add_get('/frame', self._frame)
        app.router.add_get('/event', self._event)
        app.router.add_get('/session', self._session)
        app.router.add_post('/session', self._log_in)
        app.router.add_get('/{file}', self._page)
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, keepalive_timeout=30, lingering_time=1)
        await runner.setup()
        settings = self._settings
        context = None
        if settings.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(settings.certificate, settings.private_key)
        site = web.TCPSite(
            runner, settings.host, settings.port, ssl_context=context, reuse_address=True)
        try:
            await site.start()
            self.port = runner.addresses[0][1]
            self._started.set()
            while not self._ended.is_set():
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), BEAT_S)
                self._browsers.tell(BEAT)
        finally:
            for browser in list(self._browsers.all):
                await self._close(browser, WSCloseCode.GOING_AWAY, 'the console ends')
            await runner.cleanup()
            await asyncio.sleep(0)  # what was cancelled gets to end

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self._access.check(request)
        if request.path in ('/live', '/frame', '/event') and not self._access.has_token(request):
            raise web.HTTPUnauthorized(text='Give the token first.')
        return await handler(request)

    async def _page(self, request: web.Request) -> web.Response:
        found = self._files.get(request.match_info.get('file', 'index.html'))
        if found is None:
            raise web.HTTPNotFound(text='There is nothing of that name.')
        return web.Response(body=found[0], content_type=found[1], charset='utf-8')

    async def _session(self, request: web.Request) -> web.Response:
        if not self._access.has_token(request):
            raise web.HTTPUnauthorized(text='Give the token first.')
        return web.Response(status=204)

    async def _log_in(self, request: web.Request) -> web.Response:
        try:
            given = json.loads(await request.text())
            token = given['token']
            if not isinstance(token, str):
                raise TypeError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise web.HTTPBadRequest(text='Give a token, as JSON.') from None
        return self._access.admit(request, token)

    async def _frame(self, request: web.Request) -> web.Response:
        link = self._links.get(request.query.get('node', ''))
        number = request.query.get('number', '')
        jpeg = link.frames.get(int(number)) if link and _is_number(number) else None
        if jpeg is None:
            raise web.HTTPNotFound(text='There is no such frame.')
        return web.Response(body=jpeg, content_type='image/jpeg')

    async def _event(self, request: web.Request) -> web.Response:
        link = self._links.get(request.query.get('node', ''))
        id, place = request.query.get('id', ''), request.query.get('picture', '')
        if link is None or not _is_number(id) or not _is_number(place):
            raise web.HTTPNotFound(text='There is no such event.')
        async with self._fetching:
            pictures = await self._pictures_of(link, int(id))
        if int(place) >= len(pictures):
            raise web.HTTPNotFound(text='There is no such picture.')
        return web.Response(body=pictures[int(place)], content_type='image/jpeg')

    async def _pictures_of(self, link: Link, id: int) -> list[bytes]:
        """Return the pictures of an event, which never change; none where it has none."""
        key = link.name, id
        if key not in self._pictures:
            found: asyncio.Future[list[bytes] | None] = self._loop.create_future()

            def take(value: Any) -> None:
                if not found.done():  # whoever asked may have gone
                    found.set_result(value)

            self._post(lambda: link.log.pictures(id, lambda value, _: self._hand(take, value)))
            if (pictures := await found) is None:
                return []
            self._pictures[key] = pictures
            while len(self._pictures) > PICTURES_KEPT:
                del self._pictures[next(iter(self._pictures))]
            return pictures
        return self._pictures[key]

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if self._browsers.full:
            raise web.HTTPServiceUnavailable(text='Too many browsers are connected.')
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MAX_BYTES, compress=False)
        await socket.prepare(request)
        browser = Browser(socket, request.transport)
        self._browsers.all.add(browser)
        sender = asyncio.ensure_future(self._send(browser))
        self._post(lambda: self._welcome(browser))
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or not browser.commands.take():
                    await self._close(
                        browser, WSCloseCode.POLICY_VIOLATION, 'too many commands, or none')
                    break
                self._obey(browser, message.data)
        finally:
            self._browsers.leave(browser)
            sender.cancel()
        return socket

    async def _send(self, browser: Browser) -> None:
        try:
            await browser.send()
        except (ConnectionError, asyncio.TimeoutError):
            self._browsers.leave(browser)
            browser.abort()

    async def _close(self, browser: Browser, code: int, why: str) -> None:
        self._browsers.leave(browser)
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            await asyncio.wait_for(
                browser.socket.close(code=code, message=why.encode()), CLOSE_S)
        browser.abort()

    def _welcome(self, browser: Browser) -> None:
        """Have a browser told all that is known, and all changes after that; by the executor."""
        text = to_json({
            'kind': 'all', 'nodes': [link.board.snapshot() for link in self._links.values()],
            'specification': [
                {'name': name, 'description': parameter.description, 'least': parameter.range[0],
                 'most': parameter.range[1]}
                for name in LIVE if (parameter := NODE_SPECIFICATION[name]).range]})
        self._hand(browser.join, text)

    def _look(self, camera: Camera, looks: bool) -> None:
        node, name = camera
        self._post(lambda: self._links[node].look(name, looks))

    def _obey(self, browser: Browser, data: str) -> None:
        try:
            command = read_command(data)
            link = self._links.get(command.node)
            if link is None:
                raise CommandError(
                    f'this console has no node {command.node[:99]!r}', command.number)
        except CommandError as error:
            browser.tell(_reply(error.args[1], None, error.args[0]))
            return
        number = command.number

        def done(value: Any, trouble: str) -> None:
            self._hand(browser.tell, _reply(number, value, trouble))

        if command.do == 'look':
            camera = link.name, command.fields['camera']
            if camera[1] in link.board.topics or not command.fields['looks']:
                self._browsers.look(browser, camera, command.fields['looks'])
            done(None, '')
        else:
            self._post(lambda: _carry_out(link, command, done))


def _carry_out(link: Link, command: Command, done: Done) -> None:
    target = link.log if command.do in LOG_COMMANDS else link
    getattr(target, command.do)(**command.fields, done=done)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _reply(number: int, value: Any, trouble: str) -> str:
    return to_json({'kind': 'reply', 'number': number, 'value': value, 'trouble': trouble})


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    response.headers['Content-Security-Policy'] = policy(request)
    response.headers.pop('Server', None)
