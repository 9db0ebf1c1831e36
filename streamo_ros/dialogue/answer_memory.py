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
The memory of own answers: a text of bounded length that stands in the sink behind the instruction.

It begins with how often was answered, and when first and last; then come the latest answers, as
many as there is room for, the latest last::

    answers: 5, first 3s-9s, last 70s-74s
    [41s-44s] The light went off.
    [70s-74s] Somebody came in.

Each line is tokenised by itself, so that lengths add up and no line is ever cut.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Iterable

from streamo_ros.dialogue.segment import Text
from streamo_ros.dialogue.turn import in_seconds
from streamo_ros.errors import UserError

MAX_MEMORY_TOKENS = 4096

_LONGEST = in_seconds(1e10 / 3)
_MOST = 10**9  # answers


class AnswerMemoryError(UserError, ValueError):
    """A memory of a size that cannot be."""


class AnswerMemory:
    """
    What one instruction was answered with so far.

    :param room: tokens that the text may take, ``MAX_MEMORY_TOKENS`` at most; 0 remembers nothing
    :param count_tokens: returns how many tokens some segments take
    :raises AnswerMemoryError: when there are too many, or too few for the first line
    """

    def __init__(self, room: int, count_tokens: Callable[[Iterable[Text]], int]) -> None:
        self._room, self._count_tokens = room, count_tokens
        longest = f'{_LONGEST}s-{_LONGEST}s'
        least = self._length(_first_line(_MOST, longest, longest))
        if room and not least <= room <= MAX_MEMORY_TOKENS:
            raise AnswerMemoryError(
                f'a memory of answers has {least} to {MAX_MEMORY_TOKENS} tokens with this '
                f'checkpoint, not {room}: give it so many, or 0 for none')
        self._answers = 0
        self._first = self._last = ''
        self._lines: deque[tuple[str, int]] = deque()

    def remember(self, began: float, ended: float, text: str) -> None:
        """
        Add an answer.

        :param began: seconds of the stream at which its event began
        :param ended: seconds at which the turn of the answer began
        """
        if not self._room:
            return
        self._last = f'{in_seconds(began)}s-{in_seconds(ended)}s'
        self._first = self._first or self._last
        self._answers += 1
        line = ' '.join(f'[{self._last}] {text}'.split())
        self._lines.append((line, self._length(line)))
        room = self._room - self._length(self._head())
        while self._lines and sum(length for _, length in self._lines) > room:
            self._lines.popleft()

    def segments(self) -> list[Text]:
        """Return the text, a segment a line; empty before the first answer."""
        if not self._answers:
            return []
        return [Text(line + '\n') for line in (self._head(), *(line for line, _ in self._lines))]

    def _head(self) -> str:
        return _first_line(self._answers, self._first, self._last)

    def _length(self, line: str) -> int:
        return self._count_tokens([Text(line + '\n')])


def _first_line(answers: int, first: str, last: str) -> str:
    return f'answers: {answers}, first {first}, last {last}'
