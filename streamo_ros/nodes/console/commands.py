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

"""What a browser may ask for: read from JSON, checked field by field, refused in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any

from streamo_ros.errors import UserError

MAX_BYTES = 64 << 10
"""Of one command."""


class CommandError(UserError):
    """A command that cannot be followed."""


@dataclass(frozen=True)
class Text:
    """
    A text of so many characters.

    :param least: 1: it may not be blank
    :param optional: it may be left out, and is empty then
    """

    most: int
    least: int = 0
    optional: bool = False

    def read(self, value: Any) -> str:
        """Return the value; raise ValueError where it does not fit."""
        if self.optional and value is None:
            return ''
        if not isinstance(value, str) or len(value) > self.most:
            raise ValueError(f'must be a text of at most {self.most} characters')
        if not value.isascii() and any('\ud800' <= letter <= '\udfff' for letter in value):
            raise ValueError('has letters that are none')  # which no message can hold
        if self.least and not value.strip():
            raise ValueError('must not be empty')
        return value


@dataclass(frozen=True)
class Texts:
    """A list of texts; left out, it is empty."""

    def read(self, value: Any) -> tuple[str, ...]:
        """Return the value; raise ValueError where it does not fit."""
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError('must be a list of texts')
        return tuple(map(Text(MAX_BYTES).read, value))


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, value: Any) -> bool:
        """Return the value; raise ValueError where it does not fit."""
        if not isinstance(value, bool):
            raise ValueError('must be true or false')
        return value


@dataclass(frozen=True)
class Number:
    """A number between two."""

    least: float
    most: float

    def read(self, value: Any) -> float:
        """Return the value; raise ValueError where it does not fit."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not (
                self.least <= value <= self.most):
            raise ValueError(f'must be a number from {self.least:g} to {self.most:g}')
        return value


Kind = Text | Texts | Flag | Number

NAME = Text(256)
DATA: Mapping[str, Kind] = {
    'choices': Texts(), 'json_schema': Text(MAX_BYTES, optional=True)}
"""
What an instruction asks for beside the words of its answers. The node's own rules bound it, whose
sentences say what is wrong.
"""
NODE_COMMANDS: dict[str, Mapping[str, Kind]] = {
    'look': {'camera': NAME, 'looks': Flag()},
    'check': DATA,
    'instruct': {'text': Text(4096, 1), 'camera': NAME, 'once': Flag(), **DATA},
    'withdraw': {'id': Text(64, 1)},
    'clear': {},
    'reset': {},
    'enable': {'enabled': Flag()},
    'set': {'name': Text(64, 1), 'value': Number(-1e6, 1e6)},
}
LOG_COMMANDS: dict[str, Mapping[str, Kind]] = {
    'list_events': {
        'since': Number(0, 1e12), 'until': Number(0, 1e12), 'camera': NAME, 'words': Text(200),
        'page': Number(0, 1e6), 'limit': Number(1, 1000)},
    'get_event': {'id': Number(1, 1 << 53)},
    'ask': {'question': Text(1000, 1), 'timezone': Text(64), 'away_since': Number(0, 1e12)},
}
"""Those for the event log of a node."""
COMMANDS = {**NODE_COMMANDS, **LOG_COMMANDS}
"""The fields of each command, beside ``node``, the full name of the node that it is for."""


@dataclass(frozen=True)
class Command:
    """
    One command.

    :param number: the browser's, for the reply
    """

    number: int
    do: str
    node: str
    fields: Mapping[str, Any]


def read_command(data: str) -> Command:
    """
    Return the command in a message of a browser.

    :raises CommandError: when it is none; where it has a number, that is in ``args[1]``
    """
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        raise CommandError('a command must be JSON', 0) from None
    if not isinstance(given, dict):
        raise CommandError('a command must be an object', 0)
    number = given.get('number')
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << 53:
        raise CommandError('a command must have a number', 0)
    do = given.get('do')
    if not isinstance(do, str) or do not in COMMANDS:
        raise CommandError('a command must say what to do: ' + ', '.join(COMMANDS), number)
    fields: dict[str, Any] = {}
    for name, kind in {'node': NAME, **COMMANDS[do]}.items():
        try:
            fields[name] = kind.read(given.get(name))
        except ValueError as error:
            raise CommandError(f'{name} {error}', number) from None
    unknown = set(given) - set(fields) - {'number', 'do'}
    if unknown:
        raise CommandError(f'{do} has no such fields: {", ".join(sorted(unknown))[:99]}', number)
    return Command(number, do, fields.pop('node'), fields)
