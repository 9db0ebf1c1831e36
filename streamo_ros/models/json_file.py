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
The small files of a checkpoint, read with distrust: what they hold is checked field by field.

A file may be cut, a directory, a pipe that never ends, or hold anything at all that JSON can say.
"""

from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
import json
import math
import os
from pathlib import Path
import stat
from typing import Any
from typing import NoReturn

from streamo_ros.models.errors import CheckpointError

MOST_BYTES = 1 << 26
"""Of any file but the weights; the largest tokenizers have a half of it."""

LARGEST = 10_000_000
"""No size of a published model is near it."""

_SHOWN = 80


def is_there(file: Path) -> bool:
    """Return whether anything has this name: an optional file is read then, or refused."""
    return os.path.lexists(file)


def read_bytes(file: Path, most: int = MOST_BYTES) -> bytes:
    """
    Return the content of a regular file.

    :param most: bytes that it may have
    :raises CheckpointError: when it is missing, something else, too large or unreadable
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(
                f"{file} is no regular file: put the checkpoint's own {file.name} there")
        if status.st_size > most:
            raise CheckpointError(
                f'{file} has {status.st_size} bytes, and no such file has more than {most}: copy '
                'it again')
        return file.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(
            f'{file} is missing from the checkpoint: copy all of its files') from error
    except OSError as error:
        raise CheckpointError(
            f'{file} cannot be read ({error.strerror or error}): make it readable, or copy it '
            'again') from error


def read_text(file: Path, most: int = MOST_BYTES) -> str:
    """
    Return a file's text.

    :raises CheckpointError: as ``read_bytes``, and when it is not UTF-8
    """
    try:
        return read_bytes(file, most).decode('utf-8')
    except UnicodeDecodeError as error:
        raise CheckpointError(f'{file} is no text in UTF-8 ({error}): copy it again') from error


def read_json(file: Path) -> dict[str, Any]:
    """
    Return a JSON file's object.

    :raises CheckpointError: when it is missing or no JSON object
    """
    text = read_text(file)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f'{file} is not valid JSON ({error}): copy it again') from error
    if not isinstance(value, dict):
        raise CheckpointError(f'{file} should hold a JSON object: copy it again')
    return value


def shown(value: object) -> str:
    """Return a value as an error's sentence shows it."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # lists in lists; numbers too long to print
        return f'a {type(value).__name__}'
    return text if len(text) <= _SHOWN else text[:_SHOWN] + '...'


@dataclass(frozen=True)
class Fields:
    """
    An object of a JSON file, whose fields are read by their types.

    A field that is there and of another type is an error; so is null, which no default stands
    for unless ``null`` says so.

    :param path: where in the file it stands, such as ``text_config.``
    """

    file: Path
    values: Mapping[str, Any]
    path: str = ''

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a field, null or not."""
        return name in self.values

    def refuse(self, name: str, sentence: str) -> NoReturn:
        """Raise the error of a field, with what it should be."""
        raise CheckpointError(
            f'{self.file} cannot be run: {self.path}{name} is {shown(self.values.get(name))}, '
            f'and {sentence}')

    def _value(self, name: str, default: Any, null: bool) -> Any:
        value = self.values.get(name, default)
        if value is None and null:
            return default
        return value

    def integer(
        self, name: str, default: int, *, least: int = 1, most: int = LARGEST,
        null: bool = False,
    ) -> int:
        """Return a whole number."""
        value = self._value(name, default, null)
        if type(value) is not int or not least <= value <= most:
            self.refuse(name, f'should be a whole number from {least} to {most}: copy it again')
        return value

    def number(
        self, name: str, default: float, *, above: float = 0.0, most: float = 1e12,
    ) -> float:
        """Return a finite number above ``above``."""
        return self.checked_number(name, self._value(name, default, False), above, most)

    def checked_number(self, name: str, value: object, above: float, most: float) -> float:
        """Return a field's number, or one of its list, that was looked up already."""
        if type(value) not in (int, float) or not math.isfinite(value) or not (  # type: ignore
                above < value <= most):  # type: ignore[operator]
            self.refuse(name, f'should be a number above {above:g}: copy it again')
        return float(value)  # type: ignore[arg-type]

    def flag(self, name: str, default: bool) -> bool:
        """Return a truth value."""
        value = self._value(name, default, False)
        if type(value) is not bool:
            self.refuse(name, 'should be true or false: copy it again')
        return value

    def numbers(
        self, name: str, default: Any, count: int, above: float, most: float,
    ) -> tuple[float, ...]:
        """Return a list of so many finite numbers."""
        value = self._value(name, default, False)
        if not isinstance(value, list | tuple) or len(value) != count:
            self.refuse(name, f'should be a list of {count} numbers: copy it again')
        return tuple(self.checked_number(name, one, above, most) for one in value)

    def integers(
        self, name: str, default: Any, *, least: int = 0, most: int = LARGEST,
    ) -> tuple[int, ...]:
        """Return a list of whole numbers."""
        value = self._value(name, default, False)
        if not isinstance(value, list | tuple) or not all(
                type(one) is int and least <= one <= most for one in value):
            self.refuse(
                name, f'should be a list of whole numbers from {least} to {most}: copy it again')
        return tuple(value)

    def side(self, name: str, default: Any) -> int:
        """Return the side of a square given as one number or as two equal ones."""
        value = self._value(name, default, False)
        sides = list(value) if isinstance(value, list | tuple) else [value, value]
        if len(sides) != 2 or any(
                type(side) is not int or not 1 <= side <= LARGEST or side != sides[0]
                for side in sides):
            self.refuse(name, 'should be the side of a square: take another checkpoint')
        return int(sides[0])

    def inner(self, name: str) -> 'Fields':
        """Return an object in the object; empty where there is none."""
        value = self.values.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            self.refuse(name, 'should be an object: copy it again')
        return Fields(self.file, value, f'{self.path}{name}.')

    def only(self, **allowed: Any) -> None:
        """Refuse a field that is there and has another value than the graphs compute with."""
        for name, value in allowed.items():
            found = self.values.get(name, value)
            if found != value or isinstance(found, bool) != isinstance(value, bool):
                self.refuse(name, f'only {shown(value)} is supported: take another checkpoint')

    def one_of(self, name: str, default: str, known: Collection[str]) -> str:
        """Return a word among some."""
        value = self._value(name, default, False)
        if not isinstance(value, str) or value not in known:
            self.refuse(name, f'only {", ".join(known)} can be run: take another checkpoint')
        return value
