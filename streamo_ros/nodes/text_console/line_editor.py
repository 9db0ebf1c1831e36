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

"""The line that is being typed: keys in, text and the place of the cursor out."""

import codecs

from streamo_ros.nodes.text_console.view import fitted
from streamo_ros.nodes.text_console.view import width

KEPT = 100      # lines that were typed before

_ESCAPES = {
    b'[A': 'up', b'[B': 'down', b'[C': 'right', b'[D': 'left', b'[H': 'home', b'[F': 'end',
    b'OH': 'home', b'OF': 'end', b'[1~': 'home', b'[4~': 'end', b'[3~': 'delete'}
_CONTROLS = {
    1: 'home', 2: 'left', 4: 'delete', 5: 'end', 6: 'right', 8: 'back', 11: 'kill', 14: 'down',
    16: 'up', 21: 'clear', 23: 'word', 127: 'back'}


class LineEditor:
    """
    One line, with those that were typed before it.

    ``ended`` is set by Ctrl-D in an empty line.
    """

    def __init__(self) -> None:
        self.text = ''
        self.ended = False
        self._at = 0
        self._typed: list[str] = []
        self._place = 0
        self._escape: bytes | None = None
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')

    def take(self, data: bytes) -> list[str]:
        """Take what a terminal sends; return the lines that were ended by it."""
        lines = []
        for number in data:
            if self._escape is not None:
                self._escape_with(number)
            elif number == 27:
                self._escape = b''
            elif number in (10, 13):
                lines.append(self._end_line())
            elif number < 32 or number == 127:
                self._press(_CONTROLS.get(number, ''))
            else:
                self._insert(self._decoder.decode(bytes([number])))
        return [line for line in lines if line.strip()]

    def shown(self, columns: int) -> tuple[str, int]:
        """Return as much of the line as fits into some columns, and the cursor's column in it."""
        start = 0
        while sum(map(width, self.text[start:self._at])) >= columns and start < self._at:
            start += 1
        return (fitted(self.text[start:], columns),
                sum(map(width, self.text[start:self._at])))

    def _escape_with(self, number: int) -> None:
        assert self._escape is not None
        self._escape += bytes([number])
        if self._escape in (b'[', b'O') or (
                self._escape[:1] == b'[' and number < 64 and len(self._escape) < 16):
            return
        self._press(_ESCAPES.get(self._escape, ''))
        self._escape = None

    def _insert(self, text: str) -> None:
        text = ''.join(filter(str.isprintable, text))
        self.text = self.text[:self._at] + text + self.text[self._at:]
        self._at += len(text)

    def _end_line(self) -> str:
        line = self.text
        if line.strip() and self._typed[-1:] != [line]:
            self._typed = [*self._typed[1 - KEPT:], line]
        self._set('')
        self._place = len(self._typed)
        return line

    def _set(self, text: str) -> None:
        self.text, self._at = text, len(text)

    def _press(self, key: str) -> None:
        text, at = self.text, self._at
        match key:
            case 'left':
                self._at = max(0, at - 1)
            case 'right':
                self._at = min(len(text), at + 1)
            case 'home':
                self._at = 0
            case 'end':
                self._at = len(text)
            case 'back' if at:
                self.text, self._at = text[:at - 1] + text[at:], at - 1
            case 'delete' if text:
                self.text = text[:at] + text[at + 1:]
            case 'delete':
                self.ended = True
            case 'kill':
                self.text = text[:at]
            case 'clear':
                self.text, self._at = text[at:], 0
            case 'word':
                kept = text[:at].rstrip().rpartition(' ')
                before = kept[0] + kept[1]
                self.text, self._at = before + text[at:], len(before)
            case 'up' | 'down':
                self._place = max(0, min(
                    len(self._typed), self._place + (1 if key == 'down' else -1)))
                self._set(self._typed[self._place] if self._place < len(self._typed) else '')
