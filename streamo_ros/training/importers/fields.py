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

"""Fields of records from elsewhere: each is checked, and an error says which one it was."""

from collections.abc import Iterator
from collections.abc import Mapping
import math
from typing import Any
import unicodedata

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.sources.stream_file import check_words
from streamo_ros.training.conversion.raw_annotation import read_seconds


def mapping(value: object, field: str) -> Mapping[str, Any]:
    """
    Return an object.

    :raises BadRecord: when the value is none
    """
    if not isinstance(value, Mapping):
        raise BadRecord(field, f'{value!r:.60} is no object')
    return value


def items(record: Mapping[str, Any], name: str, where: str = '') -> Iterator[tuple[str, Any]]:
    """
    Yield what is in a list, each with its place, such as ``times[2]``.

    :param where: the place of the record itself
    :raises BadRecord: when the list is missing, empty or none
    """
    field = f'{where}.{name}' if where else name
    value = record.get(name)
    if value is None:
        raise BadRecord(field, 'it is missing')
    if not isinstance(value, list):
        raise BadRecord(field, f'{value!r:.60} is no list')
    if not value:
        raise BadRecord(field, 'it is empty')
    for index, item in enumerate(value):
        yield f'{field}[{index}]', item


def identifier(record: Mapping[str, Any], name: str) -> str:
    """
    Return what names a film.

    :raises BadRecord: when it is missing or no name of a file within a folder
    """
    return as_identifier(record.get(name), name)


def as_identifier(value: object, field: str) -> str:
    """
    Return a name of a film as it may be looked for.

    :raises BadRecord: when it is missing or no name of a file within a folder
    """
    if value is None or value == '':
        raise BadRecord(field, 'it is missing')
    if not isinstance(value, str):
        raise BadRecord(field, f'{value!r:.60} is no text')
    parts = value.replace('\\', '/').strip().split('/')
    kept = [part for part in parts if part not in ('', '.')]
    if not kept or '..' in kept or not value.isprintable():
        raise BadRecord(field, f'{value!r:.60} names no file in a folder')
    return '/'.join(kept)


def text(record: Mapping[str, Any], name: str, where: str = '') -> str:
    """
    Return the words of a field, on one line.

    :param where: the place of the record itself
    :raises BadRecord: when they are missing or not to be used
    """
    field = f'{where}.{name}' if where else name
    return as_text(record.get(name), field)


def as_text(value: object, field: str) -> str:
    """
    Return words on one line, without control characters.

    :raises BadRecord: when they are missing, none, or spell what has a meaning of its own
    """
    if value is None:
        raise BadRecord(field, 'it is missing')
    if not isinstance(value, str):
        raise BadRecord(field, f'{value!r:.60} is no text')
    words = ' '.join(''.join(
        ' ' if unicodedata.category(letter) == 'Cc' else letter for letter in value).split())
    if not words:
        raise BadRecord(field, 'it has no words')
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise BadRecord(field, f'it holds half a character ({error.reason})') from error
    check_words(words, field)
    return words


def seconds(value: object, field: str) -> float:
    """
    Return a time in seconds, in any spelling.

    :raises BadRecord: when it is missing or none
    """
    found = read_seconds(value, field)
    if found is None:
        raise BadRecord(field, 'it is missing')
    return found


def whole(value: object, field: str) -> int:
    """
    Return a whole number.

    :raises BadRecord: when it is missing or none
    """
    number = seconds(value, field)
    if number != math.floor(number):
        raise BadRecord(field, f'{value!r:.60} is no whole number')
    return int(number)


def segment(value: object, field: str) -> tuple[float, float]:
    """
    Return a pair of times.

    :raises BadRecord: when it is missing or no pair
    """
    if value is None:
        raise BadRecord(field, 'it is missing')
    if not isinstance(value, list) or len(value) != 2:
        raise BadRecord(field, f'{value!r:.60} is no pair of times')
    return seconds(value[0], f'{field}[0]'), seconds(value[1], f'{field}[1]')
