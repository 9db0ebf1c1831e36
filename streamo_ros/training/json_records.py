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
Records of JSON files of any size, read and written one by one: elements, lines, or members.

A record that is not JSON is told from its neighbours by brackets and quotes alone (in a file of
lines by its line), so that the rest can still be read. No more than one record is in memory.
"""

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import io
import json
from pathlib import Path
import re
from typing import Any
from typing import BinaryIO
from typing import TextIO

from streamo_ros.errors import UserError
from streamo_ros.output import OutputFolder
from streamo_ros.output import written
from streamo_ros.sources.stream_file import BadRecord

CHUNK = 1 << 16
"""Bytes read at once."""

LONGEST = 1 << 26
"""Bytes that a record may have: where a closing bracket is missing, reading must end somewhere."""

_BLANK = b' \t\r\n'
_MARK = re.compile(rb'["{}\[\],]')
_MARK_IN_TEXT = re.compile(rb'["\\]')
_NO_MEMBER = 'no member stands between two commas'
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
    with _opened(source) as (file, first):
        if first == b'[':
            spans = _spans(file, on_read, outer=1)
        else:
            file.seek(-1, 1)
            lines = source.suffix in ('.jsonl', '.ndjson') or _first_line_is_whole(file)
            spans = _lines(file, on_read) if lines else _spans(file, on_read, outer=0)
        for span in spans:
            yield _record(span) if isinstance(span, bytes) else span


@dataclass(frozen=True)
class Member:
    """A member of a JSON object."""

    key: str
    value: Any


def read_members(
    source: Path, within: str, on_read: Callable[[int], object] = lambda count: None
) -> Iterator[Member | BadRecord]:
    """
    Yield the members of an object; of its member ``within`` alone where that is an object.

    What is not JSON comes as a ``BadRecord`` in its place, a key that is there twice comes twice.
    Members before ``within`` are yielded as well, those behind it are not read.

    :param on_read: called with the size of each piece read, in bytes
    :raises FileError: when the file cannot be opened or holds nothing
    """
    with _opened(source) as (file, first):
        if first != b'{':
            yield BadRecord('', 'the file holds no object: is it of another layout?')
            return
        for span in _spans(file, on_read, outer=1, closing=b'}', within=within):
            if isinstance(span, BadRecord):
                yield span
                continue
            record = _record(b'{' + span + b'}')
            if isinstance(record, dict) and len(record) == 1:
                yield from (Member(key, value) for key, value in record.items())
            else:
                yield record if isinstance(record, BadRecord) else BadRecord('', _NO_MEMBER)


@contextmanager
def _opened(source: Path) -> Iterator[tuple[BinaryIO, bytes]]:
    """Give a file of JSON, and the first byte of it that means something, already read."""
    try:
        with source.open('rb') as file:
            if file.read(3) != b'\xef\xbb\xbf':
                file.seek(0)
            first = file.read(1)
            while first in _BLANK and first:
                first = file.read(1)
            if not first:
                raise FileError(f'{source} is empty: give an array, an object or JSON lines')
            yield file, first
    except OSError as error:
        raise FileError(f'{source} cannot be read ({error.strerror or error})') from error


def _record(span: bytes) -> Any:
    try:
        return json.loads(span)  # what is no number is told by its field
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
    file: BinaryIO, on_read: Callable[[int], object], outer: int, closing: bytes = b']',
    within: str = '',
) -> Iterator[bytes | BadRecord]:
    """
    Yield the bytes of each element of an array, of each member, or of each of several objects.

    :param outer: the brackets around all elements: 1, already read, in an array; else 0
    :param closing: the bracket that ends them all
    :param within: go into the member of this name, if it is an object, in place of yielding it
    """
    held = bytearray()
    alone = True
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
                if within and depth == outer and mark == b'{' and _is_key(
                        bytes(held + chunk[start:at - 1]), within):
                    held.clear()
                    start, within, alone = at, '', False
                    outer += 1
                depth += 1
            elif depth == outer and mark in b']}' and (not outer or mark != closing):
                pass  # one too many: the element is no JSON, and ends where it ends
            elif mark != b',' or depth == outer:
                depth -= mark != b','
                if depth >= max(outer, 1) and mark != b',':
                    continue
                of_element = mark != b',' and not outer
                span = bytes(held + chunk[start:at if of_element else at - 1])
                held.clear()
                if span.strip() or outer and (after_comma or mark == b','):
                    yield span
                start, after_comma = at, mark == b','
                if depth < outer:
                    rest = alone and (chunk[at:] or file.read(CHUNK))
                    while rest and not rest.strip():
                        rest = file.read(CHUNK)
                    if rest:
                        yield BadRecord('', 'more stands behind the last bracket: it was not read')
                    return
        skipped = max(0, at - len(chunk))
        held += chunk[start:]
        if len(held) > LONGEST:
            break
    if outer or held.strip():
        yield BadRecord('', _ENDLESS)


def _is_key(text: bytes, name: str) -> bool:
    """Return whether what stands before an opening bracket is this name and a colon."""
    try:
        return json.loads(b'{' + text + b'0}').keys() == {name}
    except (ValueError, RecursionError):
        return False


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


@contextmanager
def written_in(folder: OutputFolder, name: str) -> Iterator[RecordWriter]:
    """
    Give a writer of an array in a folder of ours; it takes its place only when all is written.

    :raises OutputError: when it cannot be written
    """
    with folder.file(name) as file:
        text = io.TextIOWrapper(file, encoding='utf-8', newline='')
        writer = RecordWriter(text)
        yield writer
        writer.finish()
        text.detach()  # flushed, and not closed: that is for whoever opened it
