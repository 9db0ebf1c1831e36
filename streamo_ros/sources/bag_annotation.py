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
What is asked of bags, and what is true: a file in YAML or JSON, written by hand or by a tool.

.. code-block:: yaml

    stamps: relative          # seconds after the bag's first frame; or absolute: as in the headers
    instructions:
    - text: Tell me when the door opens.
      asked: 12.5             # 0 if not given
      camera: /front/image_raw        # its topic; every camera if not given
      bag: monday             # the name of its directory or file; every bag if not given
      id: door                # unique; a number if not given
      task: event_caption     # for tables: the task, and a finer name
      skill: door
      choices: [ajar, wide open]      # with each answer, which of these; or a schema
      events:                 # not given: unknown, nothing is scored; []: nothing happens
      - {start: 20.0, end: 22.4, answer: The door opened.}

An event starts at its first sign and ends when it is complete: then the answer is due. Without
``end`` it is over at once; without ``answer`` any words will do. One that ended before it was
asked for is due at once. The answer of a multiple choice is a letter; that of task ``grounding``
is of the form ``Given event occurred between 5s to 9s.`` With ``choices``, or a JSON schema under
``schema``, answers come with data beside their words; it is not scored.

Without a file of its own, a bag is asked what ``annotations.yaml`` (``.json``) in its directory
says, else what was sent to the node while it was recorded.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
import json
import math
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import InstructionError
from streamo_ros.errors import UserError
from streamo_ros.output import folder_name
from streamo_ros.sources.expanding_yaml import check_aliases
from streamo_ros.sources.expanding_yaml import read_bounded
from streamo_ros.strict_json import parse_json

NAMES = ('annotations.yaml', 'annotations.json')

_FIELDS = {
    'text': str, 'asked': float, 'camera': str, 'bag': str, 'id': str, 'task': str, 'skill': str,
    'choices': list, 'schema': dict, 'events': list}
_EVENT_FIELDS = {'start': float, 'end': float, 'answer': str}


class AnnotationError(UserError, ValueError):
    """Annotations that cannot be used; the message says where and what would help."""


@dataclass(frozen=True)
class Expected:
    """
    An event that should be answered.

    :param start: seconds, of its first sign
    :param end: seconds, from which it is complete
    :param answer: empty: any words
    """

    start: float
    end: float
    answer: str = ''


@dataclass(frozen=True)
class Asked:
    """
    An instruction.

    :param asked: seconds
    :param camera: a topic; empty: every camera
    :param bag: a bag's name; empty: every bag
    :param events: None where the truth is not known
    :param answer: what its answers have beside their words
    """

    id: str
    text: str
    asked: float = 0.0
    camera: str = ''
    bag: str = ''
    task: str = ''
    skill: str = ''
    events: tuple[Expected, ...] | None = None
    answer: AnswerFormat | None = None


@dataclass(frozen=True)
class Annotations:
    """
    A file of them.

    :param absolute: stamps are those of the headers, not seconds after the first frame
    """

    instructions: tuple[Asked, ...]
    absolute: bool = False

    def of(self, bag: str) -> 'Annotations':
        """Return what is asked of one bag."""
        return Annotations(
            tuple(one for one in self.instructions if one.bag in ('', bag)), self.absolute)


def annotations_beside(bag: Path) -> Path | None:
    """Return the annotations in a bag's directory."""
    return next((bag / name for name in NAMES if (bag / name).is_file()), None)


def bag_names(paths: Iterable[Path]) -> list[str]:
    """Return a name for each bag that no other has: its directory's or file's."""
    taken: list[str] = []
    for path in paths:
        whole = Path(os.path.realpath(path))  # links in a circle are a RuntimeError of resolve
        stem = folder_name(whole.stem if whole.is_file() else whole.name)
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f'{stem}-{number}'
        taken.append(name)
    return taken


def read_annotations(file: Path) -> Annotations:
    """
    Read a file.

    :raises AnnotationError: when it cannot be read, or something in it makes no sense
    """
    try:
        text = read_bounded(file)
        if file.suffix == '.json':
            read = parse_json(text)
        else:
            check_aliases(text)
            read = YAML(typ='safe').load(text)
    except Exception as error:  # of many kinds: the file may hold anything
        what = ' '.join(str(error).split())  # of YAML it takes several lines
        raise AnnotationError(f'{file} cannot be read ({what})') from error
    return annotations_of(read, str(file))


def annotations_of(read: object, file: str) -> Annotations:
    """
    Return what was read from a file.

    :param file: what it is called in sentences
    :raises AnnotationError: when something in it makes no sense
    """
    if not isinstance(read, dict) or not isinstance(read.get('instructions'), list):
        raise AnnotationError(f'{file} has no list named instructions')
    stamps = read.get('stamps', 'relative')
    if stamps not in ('relative', 'absolute') or set(read) - {'stamps', 'instructions'}:
        raise AnnotationError(
            f'{file}: beside instructions there may only be stamps, relative or absolute')
    asked = tuple(
        _asked(row, number, f'{file}: instruction {number}')
        for number, row in enumerate(read['instructions'], 1))
    for one in asked:
        if sum(one.id == other.id for other in asked) > 1:
            raise AnnotationError(f'{file}: the id {one.id!r} is given twice')
    return Annotations(asked, stamps == 'absolute')


def _asked(row: Any, number: int, where: str) -> Asked:
    fields = _fields(row, _FIELDS, where)
    if not fields.get('text', '').strip():
        raise AnnotationError(f'{where} has no text: say in words what to watch for')
    events = fields.pop('events', None)
    if events is not None:
        events = tuple(
            _expected(event, f'{where}, event {place}') for place, event in enumerate(events, 1))
    answer = _answer(fields.pop('choices', []), fields.pop('schema', None), where)
    return Asked(**{'id': str(number), **fields}, answer=answer, events=events)


def _answer(choices: list[Any], schema: dict[str, Any] | None, where: str) -> AnswerFormat | None:
    if not all(isinstance(choice, str) for choice in choices):
        raise AnnotationError(f'{where}: each of the choices is a text: put it in quotes')
    try:
        return answer_format(choices, '' if schema is None else json.dumps(
            schema, ensure_ascii=False, allow_nan=False))
    except (InstructionError, TypeError, ValueError, RecursionError) as error:
        raise AnnotationError(f'{where}: {error}') from error


def answer_fields(answer: AnswerFormat | None) -> dict[str, Any]:
    """Return the fields of an instruction that say what its answers have beside their words."""
    if answer is None:
        return {}
    if answer.choices:
        return {'choices': list(answer.choices)}
    return {'schema': json.loads(answer.json_schema)}


def _expected(row: Any, where: str) -> Expected:
    fields = _fields(row, _EVENT_FIELDS, where)
    if 'start' not in fields:
        raise AnnotationError(f'{where} has no start')
    event = Expected(**{'end': fields['start'], **fields})
    if event.end < event.start:
        raise AnnotationError(f'{where} ends at {event.end}, before it starts')
    return event


def _fields(row: Any, types: Mapping[str, type], where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise AnnotationError(f'{where} is {row!r:.60}, not a mapping')
    unknown = set(row) - set(types)
    if unknown:
        raise AnnotationError(
            f'{where} has {", ".join(sorted(map(str, unknown)))}; there may be {", ".join(types)}')
    fields = {}
    for name, value in row.items():
        if types[name] is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value) if abs(value) <= _END else math.inf
        if not isinstance(value, types[name]) or (
                isinstance(value, float) and not abs(value) <= _END):
            raise AnnotationError(
                f'{where}: {name} is {value!r:.60}, not {_NAMES_OF_TYPES[types[name]]}')
        fields[name] = value
    return fields


_END = 2.0 ** 31  # seconds, the end of time in messages; not a number is no less
_NAMES_OF_TYPES = {str: 'a text (put it in quotes)', float: 'a number of seconds', list: 'a list',
                   dict: 'a mapping'}


def write_annotations(annotations: Annotations, file: Path) -> None:
    """Write a file that ``read_annotations`` reads; fields that say nothing are left out."""
    file.write_text(annotations_text(annotations, file), encoding='utf-8')


def annotations_text(annotations: Annotations, file: Path) -> str:
    """Return what ``read_annotations`` reads from a file of this name, in YAML or JSON."""
    rows = []
    for one in annotations.instructions:
        row: dict[str, Any] = {
            name: value for name in _FIELDS if name not in ('choices', 'schema', 'events')
            and (value := getattr(one, name)) not in ('', 0.0)}
        row.update(answer_fields(one.answer))
        if one.events is not None:
            row['events'] = [
                {name: value for name in _EVENT_FIELDS if (value := getattr(event, name)) != ''}
                for event in one.events]
        rows.append(row)
    whole = {
        'stamps': 'absolute' if annotations.absolute else 'relative', 'instructions': rows}
    if file.suffix == '.json':
        return json.dumps(whole, indent=2, ensure_ascii=False) + '\n'
    yaml = YAML()
    yaml.width = 1000
    text = StringIO()
    yaml.dump(whole, text)
    return text.getvalue()
