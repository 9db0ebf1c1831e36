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
What an instruction may ask of its answers, for machines to read.

Beside the words of an answer there is then JSON: one of some choices, or what a schema allows. A
schema comes from outside: it is checked here as far as that needs no tokenizer, and bounded, so
that no answer goes on without end. What it means for tokens is the engine's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streamo_ros.dialogue.instruction import InstructionError
from streamo_ros.strict_json import parse_json

MAX_CHOICES = 64
MAX_CHOICE_CHARACTERS = 200
MAX_SCHEMA_CHARACTERS = 16384

STRING_CHARACTERS = 80
"""Of a string in an answer whose schema gives no ``maxLength``."""

ARRAY_ITEMS = 8
"""In an array whose schema gives no ``maxItems``."""

INTEGER = 10**9
"""No integer is further from 0 where the schema gives no ``minimum`` or ``maximum``."""

DEPTH = 16
"""To which a schema may be nested."""

_NAMED = ('properties', '$defs', 'definitions')
_LISTED = ('anyOf', 'oneOf', 'allOf', 'prefixItems')
_SPELLED = ('enum', 'const', '$ref', *_LISTED[:3])


@dataclass(frozen=True)
class AnswerFormat:
    """
    What the data of an answer may be: either one of some choices, or JSON of a schema.

    :param choices: texts; the data is one of them, as a JSON string
    :param json_schema: a JSON schema, as JSON
    :raises InstructionError: when it makes no sense, with the reason
    """

    choices: tuple[str, ...] = ()
    json_schema: str = ''

    def __post_init__(self) -> None:
        if bool(self.choices) == bool(self.json_schema):
            raise InstructionError(
                'an answer has either choices or a JSON schema: give one of them')
        self.bounded()

    def bounded(self) -> dict[str, Any]:
        """
        Return the schema, with bounds where it has none.

        Strings, arrays and integers get those above, and objects have the properties that are
        named. Whatever fits that fits the schema as it was given.

        :raises InstructionError: when there is none, or a part of it has no bounds
        """
        if self.choices:
            return {'enum': list(_checked(self.choices))}
        if len(self.json_schema) > MAX_SCHEMA_CHARACTERS:
            raise InstructionError(
                f'the JSON schema has {len(self.json_schema)} characters and may have '
                f'{MAX_SCHEMA_CHARACTERS}: make it smaller')
        try:
            schema = parse_json(self.json_schema.encode())
        except ValueError as error:  # UnicodeEncodeError is one
            raise InstructionError(f'the JSON schema is no JSON: {error}') from error
        return _bounded(schema, 'the JSON schema', DEPTH)


def answer_format(choices: Sequence[str], json_schema: str) -> AnswerFormat | None:
    """
    Return the format; None where neither is given.

    :raises InstructionError: when it makes no sense
    """
    return AnswerFormat(tuple(choices), json_schema) if choices or json_schema else None


def _checked(choices: Sequence[str]) -> Sequence[str]:
    if len(choices) > MAX_CHOICES or len(set(choices)) < len(choices):
        raise InstructionError(
            f'there are {len(choices)} choices: give at most {MAX_CHOICES}, each once')
    for choice in choices:
        if not choice or len(choice) > MAX_CHOICE_CHARACTERS or not choice.isprintable():
            raise InstructionError(
                f'the choice {choice[:40]!r} is empty, not printable or longer than '
                f'{MAX_CHOICE_CHARACTERS} characters: choose another')
    return choices


def _bounded(schema: Any, place: str, depth: int) -> dict[str, Any]:
    if not depth:
        raise InstructionError(
            f'the JSON schema is nested more than {DEPTH} deep: make it flatter')
    if not isinstance(schema, dict):
        raise InstructionError(
            f'{place} must be an object such as {{"type": "string"}}')
    kinds = schema.get('type', [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if not kinds and not any(key in schema for key in _SPELLED):
        raise InstructionError(
            f'{place} has no type: give one, or enum, const, anyOf or $ref')
    if 'patternProperties' in schema:
        raise InstructionError(f'{place} has patternProperties: name the properties instead')
    bounded = dict(schema)
    for key in _NAMED:
        if key in schema:
            bounded[key] = {
                name: _bounded(part, f'{place}, {key} {name[:40]!r}', depth - 1)
                for name, part in _parts(schema[key], dict, place, key).items()}
    for key in _LISTED:
        if key in schema:
            bounded[key] = [
                _bounded(part, f'{place}, {key} {number}', depth - 1)
                for number, part in enumerate(_parts(schema[key], list, place, key))]
    if schema.get('items') not in (None, False):
        bounded['items'] = _bounded(schema['items'], f'{place}, items', depth - 1)
    if 'object' in kinds:
        bounded['additionalProperties'] = False
    if 'array' in kinds:
        bounded.setdefault('maxItems', ARRAY_ITEMS)
        if 'prefixItems' in schema:
            bounded.setdefault('items', False)
        elif 'items' not in schema:
            raise InstructionError(f'{place} is an array without items: say what they are')
    if 'string' in kinds and not any(
            key in schema for key in ('enum', 'const', 'pattern', 'format')):
        bounded.setdefault('maxLength', STRING_CHARACTERS)
    if 'integer' in kinds:
        if not any(key in schema for key in ('maximum', 'exclusiveMaximum')):
            bounded['maximum'] = INTEGER
        if not any(key in schema for key in ('minimum', 'exclusiveMinimum')):
            bounded['minimum'] = -INTEGER
    return bounded


def _parts(value: Any, kind: type, place: str, key: str) -> Any:
    if not isinstance(value, kind):
        raise InstructionError(
            f'{place}: {key} must be {"an object" if kind is dict else "a list"}')
    return value
