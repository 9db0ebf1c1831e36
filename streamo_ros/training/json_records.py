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
Records of JSON files of any size, read and written one by one.

A record that is not JSON is told from its neighbours by brackets and quotes alone (in a file of
lines by its line), so that the rest can still be read. No more than one record is in memory.
"""

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
import io
import json
from pathlib import Path
import re
from typing import Any
from typing import BinaryIO
from typing import TextIO

from streamo_ros.errors import UserError
from streamo_ros.output import written
from streamo_ros.sources.stream_file import BadRecord

CHUNK = 1 << 16
"""Bytes read at once."""

LONGEST = 1 << 26
"""Bytes that a record may have: where a closing bracket is missing, reading must end somewhere."""

_BLANK = b' \t\r\n'
_MARK = re.compile(rb'["{}\[\],]')
_MARK_IN_TEXT = re.compile(rb'["\\]')
_ENDLESS = 'a bracket or quote is missing here, or the file breaks off: nothing behind was read'


class FileError(UserError, ValueError):
    """A file that cannot be read or written; the message names it and says why."""


def read_records(
    source: Path, on_read: Callable[[int], object] = lambda count: None
) -> Iterator[Any]:
    """
    Yield the records of an array, of JSON lines, or of objects one after the other.

    What is not JSON comes as a ``BadRecord`` in its place.

    :param on_read: called with the size of each piece read, in bytes
    :raises FileError: when the file cannot be opened or holds nothing
    """
    try:
        with source.open('rb') as file:
            if file.read(3) != b'\xef\xbb\xbf':
                file.seek(0)
            first = file.read(1)
            while first in _BLANK and first:
                first = file.read(1)
            if not first:
                raise FileError(f'{source} is empty: give an array, an object or JSON lines')
            if first == b'[':
                spans = _spans(file, on_read, outer=1)
            else:
                file.seek(-1, 1)
                lines = source.suffix in ('.jsonl', '.ndjson') or _first_line_is_whole(file)
                spans = _lines(file, on_read) if lines else _spans(file, on_read, outer=0)
            for span in spans:
                yield _record(span) if isinstance(span, bytes) else span
    except OSError as error:
        raise FileError(f'{source} cannot be read ({error.strerror or error})') from error


def _record(span: bytes) -> Any:
    try:
        return json.loads(span)
    except (ValueError, RecursionError) as error:
        return BadRecord('', f'no JSON ({error}): {span[:60]!r}')


def _first_line_is_whole(file: BinaryIO) -> bool:
    start = file.tell()
    line = file.readline(LONGEST)
    file.seek(start)
    return not isinstance(_record(line), BadRecord)


def _lines(file: BinaryIO, on_read: Callable[[int], object]) -> Iterator[bytes | BadRecord]:
    while line := file.readline(LONGEST):
        on_read(len(line))
        if len(line) == LONGEST:
            yield BadRecord('', _ENDLESS)
            return
        if line.strip():
            yield line


def _spans(
    file: BinaryIO, on_read: Callable[[int], object], outer: int
) -> Iterator[bytes | BadRecord]:
    """
    Yield the bytes of each element of an array, or of each of several objects.

    :param outer: the brackets around all elements: 1, already read, in an array; else 0
    """
    held = bytearray()
    depth, quoted, after_comma, skipped = outer, False, False, 0
    while chunk := file.read(CHUNK):
        on_read(len(chunk))
        start, at = 0, skipped
        while match := (_MARK_IN_TEXT if quoted else _MARK).search(chunk, at):
            at, mark = match.end(), match[0]
            if mark == b'\\':
                at += 1  # what it escapes
            elif mark == b'"':
                quoted = not quoted
            elif mark in b'[{':
                depth += 1
            elif depth == 0 and mark == b']' or depth == outer and mark == b'}':
                pass  # one too many: the element is no JSON, and ends where it ends
            elif mark != b',' or depth == outer:
                depth -= mark != b','
                if depth > 0 and mark != b',':
                    continue
                of_element = mark != b',' and not outer
                span = bytes(held + chunk[start:at if of_element else at - 1])
                held.clear()
                if span.strip() or outer and (after_comma or mark == b','):
                    yield span
                start, after_comma = at, mark == b','
                if outer and depth == 0:
                    rest = chunk[at:] or file.read(CHUNK)
                    while rest and not rest.strip():
                        rest = file.read(CHUNK)
                    if rest:
                        yield BadRecord('', 'more stands behind the array: it was not read')
                    return
        skipped = max(0, at - len(chunk))
        held += chunk[start:]
        if len(held) > LONGEST:
            break
    if outer or held.strip():
        yield BadRecord('', _ENDLESS)


@contextmanager
def written_whole(target: Path) -> Iterator[TextIO]:
    """
    Give a file to write that takes its place only when all is written.

    :raises OutputError: when the target is there already and not empty, or cannot be written
    """
    with written(target) as file:
        text = io.TextIOWrapper(file, encoding='utf-8', newline='')
        yield text
        text.detach()  # flushed, and not closed: that is for whoever opened it


_encode = json.JSONEncoder(ensure_ascii=False).encode


def _laid_out(value: Any, margin: str) -> str:
    # json.dump with an indent leaves cycles behind at each call, a heap of them in a large file.
    if not isinstance(value, dict | list) or not value:
        return _encode(value)
    inner = margin + '  '
    if isinstance(value, dict):
        opening, closing = '{}'
        parts = [f'{_encode(key)}: {_laid_out(part, inner)}' for key, part in value.items()]
    else:
        opening, closing = '[]'
        parts = [_laid_out(part, inner) for part in value]
    return f'{opening}{inner}{f",{inner}".join(parts)}{margin}{closing}'


class RecordWriter:
    """
    Writes records as an array, in the layout of ``json.dump`` with ``indent=2``, or as lines.

    :param file: to be closed by whoever opened it
    """

    def __init__(self, file: TextIO, lines: bool = False) -> None:
        self._file = file
        self._lines = lines
        self._before = '' if lines else '[\n  '

    def write(self, record: Any) -> None:
        """
        Write one record.

        :raises BadRecord: when a text in it cannot be encoded; nothing is written then
        """
        text = _encode(record) if self._lines else _laid_out(record, '\n  ')
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadRecord('', f'a text holds half a character ({error.reason})') from error
        self._file.write(self._before + text)
        self._before = '\n' if self._lines else ',\n  '

    def finish(self) -> None:
        """Write what stands behind the last record."""
        if self._lines:
            self._file.write('\n')
        else:
            self._file.write('[]' if self._before.startswith('[') else '\n]')
