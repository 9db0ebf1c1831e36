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


"""A headless Chromium for tests, spoken to by the DevTools protocol over two pipes."""

import base64
import fcntl
import itertools
import json
import os
from pathlib import Path
import select
import shutil
import signal
import tempfile
import time
from typing import Any

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')

_FLAGS = (
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--hide-scrollbars', '--remote-debugging-pipe')
_PATIENCE_S = 120.0  # that the machine may be busy with other things


class Browser:
    """
    One page at a time; a context manager.

    :param size: width and height of the window, in pixels
    :param site: where pages may ask for something, as ``http://127.0.0.1:8420/``; None: nowhere
    """

    def __init__(self, size: tuple[int, int] = (1400, 900), site: str | None = None) -> None:
        assert CHROMIUM is not None
        self._allowed = ('file:', 'data:', 'about:') if site is None else (
            'data:', 'about:', site, site.replace('http', 'ws', 1), f'blob:{site}')
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # Not subprocess with a preexec_fn: that may hang where there are other threads.
        theirs, self._out = os.pipe()
        self._in, ours = os.pipe()
        # They read descriptor 3 and write 4; neither may be lost when the other is put there.
        reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs, ours))
        self._process = os.posix_spawn(
            CHROMIUM,
            [CHROMIUM, *_FLAGS, f'--user-data-dir={self._profile.name}',
             f'--window-size={size[0]},{size[1]}', 'about:blank'],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, reading, 3), (os.POSIX_SPAWN_DUP2, writing, 4)])
        for end in (theirs, ours, reading, writing):
            os.close(end)
        self._numbers = itertools.count(1)
        self._unread = b''
        self._session: str | None = None
        self.complaints: list[str] = []
        """Errors and warnings of the console, exceptions, and whatever was asked of a network"""
        target = next(
            info for info in self.ask('Target.getTargets')['targetInfos']
            if info['type'] == 'page')
        self._session = self.ask(
            'Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.ask(f'{domain}.enable')

    def __enter__(self) -> 'Browser':
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._process, signal.SIGTERM)
        os.waitpid(self._process, 0)
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        message = {'id': number, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        unsent = json.dumps(message).encode() + b'\0'
        while unsent:
            unsent = unsent[os.write(self._out, unsent):]
        while True:
            answer = self._read()
            if answer.get('id') == number:
                assert 'error' not in answer, answer['error']
                return answer['result']
            self._hear(answer)

    def open(self, page: Path | str) -> None:
        """Load a page, a file or a URL, and wait until it is drawn."""
        self.ask('Page.navigate', url=(
            page if isinstance(page, str) else page.absolute().as_uri()))
        deadline = time.monotonic() + _PATIENCE_S
        while self.run('document.readyState') != 'complete':
            assert time.monotonic() < deadline, 'the page does not load'
            time.sleep(0.05)
        self.drawn()

    def run(self, script: str) -> Any:
        """Return what an expression of JavaScript is worth; promises are waited for."""
        answer = self.ask(
            'Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def drawn(self) -> None:
        """Wait until what was asked for has been drawn, pictures too."""
        self.run("""(async () => {
            await Promise.all([...document.images].map(image => image.decode().catch(() => 0)));
            for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
        })()""")

    def press(self, key: str, code: int = 0) -> None:
        """Press a key on what has the focus."""
        text = {'text': key} if len(key) == 1 else {'text': '\r'} if key == 'Enter' else {}
        for kind in ('keyDown', 'keyUp'):
            self.ask(
                'Input.dispatchKeyEvent', type=kind, key=key, windowsVirtualKeyCode=code,
                **(text if kind == 'keyDown' else {}))
        self.drawn()

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move, press, release or wheel (``mouseMoved``, ``mousePressed`` ...), in pixels."""
        self.ask('Input.dispatchMouseEvent', type=kind, x=x, y=y, **more)

    def click(self, x: float, y: float) -> None:
        """Click the left button."""
        self.mouse('mouseMoved', x, y)
        for kind in ('mousePressed', 'mouseReleased'):
            self.mouse(kind, x, y, button='left', clickCount=1)
        self.drawn()

    def screenshot(self, file: Path, **more: Any) -> None:
        """Write what is to be seen as a PNG."""
        file.write_bytes(base64.b64decode(
            self.ask('Page.captureScreenshot', format='png', **more)['data']))

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_S
        while b'\0' not in self._unread:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            assert ready, 'Chromium does not answer'
            got = os.read(self._in, 1 << 20)
            assert got, 'Chromium has ended'
            self._unread += got
        message, _, self._unread = self._unread.partition(b'\0')
        return json.loads(message)

    def _hear(self, event: dict[str, Any]) -> None:
        method, told = event.get('method'), event.get('params', {})
        if method == 'Runtime.exceptionThrown':
            self.complaints.append(str(told['exceptionDetails']))
        elif method == 'Runtime.consoleAPICalled' and told['type'] in ('error', 'warning'):
            self.complaints.append(str(told['args']))
        elif method == 'Log.entryAdded' and told['entry']['level'] in ('error', 'warning'):
            self.complaints.append(str(told['entry']))
        elif method == 'Network.requestWillBeSent':
            url = told['request']['url']
            if not url.startswith(self._allowed):
                self.complaints.append(f'asked for {url}')
