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
``streamo console``: what the nodes say in a terminal, and what is typed there to them.

The main thread waits for keys, signals and what the executor's thread has heard, all on one pipe.
Where the output is no terminal, lines are printed as things happen, or as JSON; lines of an input
that is none are taken as typed once the nodes are there.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
import json
import os
import select
import signal
import sys
import threading
from typing import Any

import rclpy
from rclpy.exceptions import InvalidTopicNameException
from rclpy.node import Node
from rclpy.validate_topic_name import validate_topic_name

from streamo_ros.errors import UserError
from streamo_ros.nodes.console.links import Links
from streamo_ros.nodes.process.executor import NodeExecutor
from streamo_ros.nodes.process.run_node import join_graph
from streamo_ros.nodes.process.run_node import STOP_S
from streamo_ros.nodes.text_console.line_editor import LineEditor
from streamo_ros.nodes.text_console.orders import HELP
from streamo_ros.nodes.text_console.orders import OrderError
from streamo_ros.nodes.text_console.orders import read_order
from streamo_ros.nodes.text_console.terminal import Terminal
from streamo_ros.nodes.text_console.view import line
from streamo_ros.nodes.text_console.view import stamped
from streamo_ros.nodes.text_console.view import View

NAME = 'streamo_text_console'
TOLD = ('presence', 'state', 'answer', 'data', 'event', 'refused', 'reply')
"""The kinds of event that are printed as JSON."""

WAITING = 10000     # events that may wait for a slow reader of the output
LOOK_S = 0.2        # how often it is looked whether the nodes are there to hear
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HEARD = 0          # in the pipe, beside the numbers of signals


class _Mail:
    """What the executor's thread hands to the main one."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._waiting: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self._left_out = 0

    def put(self, event: dict[str, Any]) -> None:
        with self._lock:
            if len(self._waiting) >= WAITING:
                self._left_out += 1
                return
            self._waiting.append(event)
            first = len(self._waiting) == 1
        if first:
            try:
                os.write(self._pipe, bytes([_HEARD]))
            except BlockingIOError:
                pass  # there is enough in it to wake the other

    def take(self) -> tuple[list[dict[str, Any]], int]:
        """Return what waits, and how much was left out before it."""
        with self._lock:
            waiting, left_out = list(self._waiting), self._left_out
            self._waiting.clear()
            self._left_out = 0
        return waiting, left_out


class _Input:
    """What is typed, from a terminal or from a pipe."""

    def __init__(self, editor: LineEditor | None) -> None:
        self.open = True
        self._editor = editor
        self._rest = b''

    def read(self) -> list[str]:
        """Return the lines that have come; after the last one it is not open any more."""
        try:
            data = os.read(0, 65536)
        except OSError:  # closed, or the terminal of another job
            data = b''
        if self._editor is not None:
            lines = self._editor.take(data)
            self.open = bool(data) and not self._editor.ended
            return lines
        *whole, self._rest = (self._rest + data).split(b'\n')
        if not data:
            self.open = False
            whole.append(self._rest)
        return [text for one in whole if (text := one.decode('utf-8', 'replace').strip())]


class _Console:
    """The console, in the main thread."""

    def __init__(self, names: list[str], links: Links, as_json: bool) -> None:
        self._links = links
        self._as_json = as_json
        self._node = names[0]
        self._drawn = not as_json and os.isatty(0) and os.isatty(1)
        self.view = View(names, changes=not self._drawn)
        self.terminal: Terminal | None = None
        self.ended = False
        editor = LineEditor() if self._drawn else None
        self.input = _Input(editor)
        if editor is not None:
            self.terminal = Terminal(0, 1, self.view.now, editor)

    def take(
        self, events: list[dict[str, Any]], left_out: int, reply: Callable[..., None],
    ) -> None:
        """Tell of what was heard."""
        if left_out:
            reply('output', None, f'{left_out} events were left out: they are read too slowly')
        for event in events:
            told = self.view.take(event) if event['kind'] != 'reply' else [_reply(event)]
            if self._as_json:
                if event['kind'] in TOLD and (event['kind'] != 'state' or event['tick']
                                              or not event['standing']):
                    print(json.dumps(event, ensure_ascii=False))
            else:
                for text in told:
                    self._say(text)
        sys.stdout.flush()
        if self.terminal is not None:
            self.terminal.draw()

    def _say(self, text: str) -> None:
        if self.terminal is None:
            print(stamped(line(text)))
        else:
            self.terminal.say(stamped(line(text)))

    def obey(self, text: str, reply: Callable[..., None]) -> None:
        """Follow a line that was typed."""
        word, _, rest = text.partition(' ')
        if word == '/quit':
            self.ended = True
        elif word == '/help':
            for told in HELP.splitlines():
                reply('help', told, '')
        elif word == '/node':
            found = [name for name in self._links.all if rest.strip() in (name, name.strip('/'))]
            self._node = found[0] if found else self._node
            reply('node', self._node, '' if found else 'there is none of that name here')
        else:
            try:
                order = read_order(text, self.view.ids())
            except OrderError as error:
                reply(word[:20], None, str(error))
                return
            link = self._links.all[self._node]
            self._links.post(lambda: order.carry_out(
                link, lambda value, trouble: reply(order.about, value, trouble)))


def _reply(event: dict[str, Any]) -> str:
    about, value, trouble = event['about'], event['value'], event['trouble']
    if trouble:
        return f'{about} failed: {trouble}'
    if about == 'help':
        return str(value)
    if about == 'ask':
        events = ', '.join(map(str, value['events'][:20]))
        return value['answer'] + (f'  (events {events})' if events else '')
    return f'{about}: {value}' if value else f'{about}: done'


def run(names: list[str], as_json: bool) -> None:
    """
    Show nodes until Ctrl-C, SIGTERM, SIGHUP, Ctrl-D or ``/quit``.

    :param names: of the nodes
    :param as_json: print what happens as lines of JSON
    :raises UserError: when a name is none, or ROS cannot be started
    """
    with ExitStack() as stack:
        pipe = stack.enter_context(_signals())
        mail = _Mail(pipe[1])
        join_graph([])
        stack.callback(rclpy.try_shutdown)
        node = Node(NAME)
        stack.callback(node.destroy_node)
        full = _full(node, names)
        links = Links(node, full, mail.put, lambda camera, picture: None)
        executor = NodeExecutor(node)
        spinner = threading.Thread(target=executor.spin, name='executor', daemon=True)
        spinner.start()
        stack.callback(_stop, executor, spinner)

        def reply(about: str, value: Any, trouble: str) -> None:
            mail.put({'kind': 'reply', 'about': about, 'value': value, 'trouble': trouble})

        console = _Console(full, links, as_json)
        if console.terminal is not None:
            stack.enter_context(console.terminal)
        _serve(console, links, mail, pipe[0], reply)


def _serve(
    console: _Console, links: Links, mail: _Mail, pipe: int, reply: Callable[..., None],
) -> None:
    heard = threading.Event()   # all nodes can hear what a pipe says

    def look() -> None:
        if all(link.hears() for link in links.all.values()):
            heard.set()

    while not console.ended:
        reads = console.input.open and (console.terminal is not None or heard.is_set())
        waits = console.input.open and not reads
        if waits:
            links.post(look)
        ready, _, _ = select.select(
            [pipe, *([0] if reads else [])], [], [], LOOK_S if waits else None)
        if pipe in ready:
            told = set(os.read(pipe, 65536))
            if told & set(SIGNALS):
                return
            if console.terminal is not None and told & {signal.SIGCONT}:
                console.terminal.resume()
            console.take(*mail.take(), reply)
        if 0 in ready:
            for text in console.input.read():
                console.obey(text, reply)
            if console.terminal is not None:
                console.terminal.draw()
                console.ended |= not console.input.open


@contextmanager
def _signals() -> Iterator[tuple[int, int]]:
    """Have signals come through a pipe; give its ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    numbers = [*SIGNALS, signal.SIGWINCH, signal.SIGCONT]
    before = {number: signal.getsignal(number) for number in (*numbers, signal.SIGTTIN)}
    for number in numbers:
        if number != signal.SIGHUP or before[number] != signal.SIG_IGN:  # nohup
            signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)   # in the background it hears no keys
    woken = signal.set_wakeup_fd(writing)
    try:
        yield reading, writing
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _full(node: Node, names: list[str]) -> list[str]:
    try:
        for name in names:
            validate_topic_name(name)
        return list(dict.fromkeys(node.resolve_topic_name(name) for name in names))
    except InvalidTopicNameException as error:
        raise UserError(f'that is no name of a node: {error}') from error


def _stop(executor: NodeExecutor, spinner: threading.Thread) -> None:
    executor.create_task(executor.shutdown)
    spinner.join(STOP_S)
    executor.join(STOP_S)
