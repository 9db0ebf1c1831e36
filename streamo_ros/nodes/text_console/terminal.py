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
A terminal: lines that scroll by, and below them how it stands now and what is being typed.

Only plain codes of ANSI terminals are used. What stands below the lines is drawn anew for each
change; after a change of size everything is, since terminals break lines each in their own way.
"""

from collections import deque
from collections.abc import Callable
import os
import termios
from types import TracebackType

from streamo_ros.nodes.text_console.line_editor import LineEditor
from streamo_ros.nodes.text_console.view import fitted

KEPT = 200          # lines that are drawn again after a change of size
PROMPT = '> '
SMALLEST = 10       # columns


class Terminal:
    """
    A terminal, as a context: on leaving it is as it was found.

    :param input: descriptor that keys come from
    :param output: descriptor that is drawn on
    :param now: returns how it stands, in at most so many lines
    """

    def __init__(
        self, input: int, output: int, now: Callable[[int], list[str]], editor: LineEditor,
    ) -> None:
        self._input = input
        self._output = output
        self._now = now
        self._editor = editor
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._below = 0         # lines between the cursor and the end of those that scroll
        self._size = os.get_terminal_size(output)
        self._before = termios.tcgetattr(input)

    def __enter__(self) -> 'Terminal':
        self.resume()
        return self

    def resume(self) -> None:
        """Take the terminal, also after the shell had it, and draw all."""
        changed = termios.tcgetattr(self._input)
        # Keys as they come and unseen; Ctrl-C and Ctrl-Z stay with the terminal.
        changed[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(self._input, termios.TCSADRAIN, changed)
        self._below = 0
        self.draw()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._write(self._upwards() + '\x1b[J')
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)
        except OSError:
            pass  # the terminal is gone: nothing there to be put in order

    def say(self, line: str) -> None:
        """Add a line to those that scroll by."""
        self._lines.append(line)
        self.draw([line])

    def draw(self, more: list[str] | None = None) -> None:
        """Draw what stands below the lines, and some lines before it."""
        size = os.get_terminal_size(self._output)
        columns = max(size.columns - 1, SMALLEST)   # a full line would break in some terminals
        start = self._upwards() + '\x1b[J'
        if size != self._size:
            self._size = size
            start, more = '\x1b[2J\x1b[H', list(self._lines)[-size.lines:]
        below = [
            fitted(text, columns)
            for text in ('\u2500' * columns, *self._now(max(1, size.lines // 2 - 2)))]
        text, at = self._editor.shown(max(1, columns - len(PROMPT)))
        self._below = len(below)
        self._write(start + ''.join(f'{line}\r\n' for line in (more or [])) + ''.join(
            f'{line}\r\n' for line in below) + f'{PROMPT}{text}\r\x1b[{len(PROMPT) + at}C')

    def _upwards(self) -> str:
        return '\r' + (f'\x1b[{self._below}A' if self._below else '')

    def _write(self, text: str) -> None:
        data = text.encode('utf-8', 'replace')
        while data:
            data = data[os.write(self._output, data):]
