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

"""Fields of benchmarks' records: each is checked, and an error names file, record and field."""

from collections.abc import Callable
from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any
from typing import TypeVar

from streamo_ros.errors import UserError
from streamo_ros.input import check_no_pipe
from streamo_ros.strict_json import parse_json

Read = TypeVar('Read')


class BenchmarkError(UserError, ValueError):
    """A benchmark's file that cannot be used; the message says where and what would help."""


class BadField(Exception):
    """A field and what is wrong with it."""


def load(file: Path) -> Any:
    """
    Return what a JSON file says.

    :raises BenchmarkError: when it cannot be read
    """
    try:
        check_no_pipe(file)
        return json.loads(file.read_bytes())  # what is no number is told by its field
    except (OSError, ValueError, RecursionError) as error:
        raise BenchmarkError(f'{file} cannot be read as JSON ({error})') from error


def load_lines(file: Path) -> list[Any]:
    """
    Return what each line of a file of JSON lines says; empty lines say nothing.

    :raises BenchmarkError: naming the line that is no JSON
    """
    found = []
    try:
        check_no_pipe(file)
        lines = file.read_bytes().split(b'\n')
    except OSError as error:
        raise BenchmarkError(f'{file} cannot be read ({error})') from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(parse_json(line))
            except ValueError as error:
                raise BenchmarkError(f'{file}, line {number}: no JSON ({error})') from error
    return found


def records(
    found: Any, file: Path, read: Callable[[Mapping[str, Any], int], Read],
) -> list[Read]:
    """
    Return what is read of each record of a list.

    :param read: takes a record and its index
    :raises BenchmarkError: naming the record's index and the field that is not as published
    """
    if not isinstance(found, list) or not found:
        raise BenchmarkError(f"{file} is no list of records: give the benchmark's own annotations")
    out = []
    for index, record in enumerate(found):
        try:
            out.append(read(mapping(record), index))
        except BadField as error:
            raise BenchmarkError(f'{file}, record {index}: {error}') from error
    return out


def mapping(found: Any) -> Mapping[str, Any]:
    """Return an object."""
    if not isinstance(found, dict):
        raise BadField(f'{found!r:.60} is no object')
    return found


def field(fields: Mapping[str, Any], name: str, read: Callable[[Any], Read]) -> Read:
    """Return a field that has to be there."""
    if name not in fields:
        raise BadField(f'{name}: it is missing')
    try:
        return read(fields[name])
    except BadField as error:
        raise BadField(f'{name}: {error}') from error


def optional(
    fields: Mapping[str, Any], name: str, read: Callable[[Any], Read], default: Read,
) -> Read:
    """Return a field, or the default where it is missing or null."""
    return default if fields.get(name) is None else field(fields, name, read)


def each(fields: Mapping[str, Any], name: str, read: Callable[[Any], Read]) -> tuple[Read, ...]:
    """Return what is in a list that has to be there and hold something."""
    def all_of(found: Any) -> tuple[Read, ...]:
        if not isinstance(found, list) or not found:
            raise BadField('it is no list, or an empty one')
        return tuple(
            field({f'[{index}]': one}, f'[{index}]', read) for index, one in enumerate(found))

    return field(fields, name, all_of)


def text(found: Any) -> str:
    """Return words."""
    if not isinstance(found, str) or not found.strip():
        raise BadField(f'{found!r:.60} is no text')
    return found


def path(found: Any) -> str:
    """Return the name of a file below a folder."""
    if '..' in text(found).split('/') or found.startswith('/') or not found.isprintable():
        raise BadField(f'{found!r:.60} names no file below a folder')
    return found.removeprefix('./')


def whole(found: Any) -> int:
    """Return a whole number from 0 on."""
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise BadField(f'{found!r:.60} is no whole number from 0 on')
    return found


def seconds(found: Any) -> float:
    """Return a number of seconds."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e7:
        raise BadField(f'{found!r:.60} is no number of seconds')
    return float(found)
