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
OVO-Bench's records, as published.

The file is ``ovo_bench_new.json`` of JoeLeelyf/OVO-Bench (arXiv 2501.05510; CC BY-NC-SA 4.0): a
list of 1,640 records of 12 tasks over 644 videos. It is no part of this package.
"""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from streamo_ros.errors import UserError

GROUPS = {
    'backward': ('EPM', 'ASI', 'HLD'),
    'realtime': ('OCR', 'ACR', 'ATR', 'STU', 'FPD', 'OJR'),
    'forward': ('REC', 'SSR', 'CRR'),
}
TASKS = tuple(task for tasks in GROUPS.values() for task in tasks)
LETTERS = 'ABCDE'


class BenchmarkError(UserError, ValueError):
    """A benchmark's file that cannot be used; the message says where and what would help."""


@dataclass(frozen=True)
class Point:
    """
    One test point.

    :param realtime: seconds into the video
    :param truth: the option's letter; of REC the count; of SSR and CRR 'Yes' or 'No'
    :param step: of SSR, which of the record's steps is asked about
    """

    realtime: float
    truth: str
    step: int = 0


@dataclass(frozen=True)
class Record:
    """
    One record. All times are seconds into the video.

    :param subject: what is asked; of REC the activity, of SSR the tutorial
    :param asked: when the question comes; 0 for REC and SSR, whose records name no time
    :param options: of the nine tasks of choice
    :param steps: of SSR
    :param starts: of REC each occurrence's, of SSR each step's
    :param ends: as many
    :param clue: of CRR, when the answer comes to be seen
    """

    id: int
    task: str
    video: str
    subject: str
    points: tuple[Point, ...]
    asked: float = 0.0
    options: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    starts: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    clue: float = 0.0


class _Bad(Exception):
    """A field and what is wrong with it."""


def read_records(file: Path) -> list[Record]:
    """
    Read the published JSON.

    :raises BenchmarkError: naming the record's index and the field that is not as published
    """
    try:
        found = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise BenchmarkError(f'{file} cannot be read as JSON ({error})') from error
    if not isinstance(found, list) or not found:
        raise BenchmarkError(f"{file} is no list of records: give OVO-Bench's own annotations")
    records: dict[int, Record] = {}
    for index, fields in enumerate(found):
        try:
            record = _record(fields)
            if record.id in records:
                raise _Bad(f'id: {record.id} stands for an earlier record already')
        except _Bad as error:
            raise BenchmarkError(f'{file}, record {index}: {error}') from error
        records[record.id] = record
    return list(records.values())


def _record(fields: Any) -> Record:
    if not isinstance(fields, dict):
        raise _Bad(f'{fields!r:.60} is no object')
    task = _field(fields, 'task', _text)
    if task not in TASKS:
        raise _Bad(f'task: {task!r} is none of {", ".join(TASKS)}')
    common = {
        'id': _field(fields, 'id', _whole), 'task': task, 'video': _field(fields, 'video', _text)}
    if task == 'REC':
        starts, ends = _spans(fields, 'start_times', 'end_times')
        return Record(
            **common, subject=_field(fields, 'activity', _text), starts=starts, ends=ends,
            points=_points(fields, lambda point: str(_field(point, 'count', _whole))))
    if task == 'SSR':
        steps = _each(fields, 'all_steps', _text)
        starts, ends = _spans(fields, 'start_time', 'end_time')
        if len(starts) != len(steps):
            raise _Bad(f'start_time: {len(starts)} times for {len(steps)} steps')
        return Record(
            **common, subject=_field(fields, 'tutorial', _text), steps=steps, starts=starts,
            ends=ends, points=_points(fields, _yes_no, steps))
    subject = _field(fields, 'question', _text)
    if task == 'CRR':
        return Record(
            **common, subject=subject, asked=_field(fields, 'ask_time', _seconds),
            clue=_field(fields, 'clue_time', _seconds), points=_points(fields, _yes_no))
    options = _each(fields, 'options', _text)
    right = _field(fields, 'gt', _whole)
    if len(options) > len(LETTERS):
        raise _Bad(f'options: {len(options)} are more than {len(LETTERS)}')
    if right >= len(options):
        raise _Bad(f'gt: {right} is no index of the {len(options)} options')
    asked = _field(fields, 'realtime', _seconds)
    return Record(
        **common, subject=subject, options=options, asked=asked,
        points=(Point(asked, LETTERS[right]),))


def _points(
    fields: Mapping[str, Any], truth: Callable[[Mapping[str, Any]], str],
    steps: tuple[str, ...] | None = None,
) -> tuple[Point, ...]:
    def point(found: Any) -> Point:
        if not isinstance(found, dict):
            raise _Bad('it is no object')
        step = 0
        if steps is not None:
            name = _field(found, 'step', _text)
            if name not in steps:
                raise _Bad(f'step: {name!r} is none of all_steps')
            step = steps.index(name)
        return Point(_field(found, 'realtime', _seconds), truth(found), step)

    return _each(fields, 'test_info', point)


def _yes_no(point: Mapping[str, Any]) -> str:
    kind = _field(point, 'type', _whole)
    if kind > 1:
        raise _Bad(f'type: {kind} is neither 0 nor 1')
    return ('No', 'Yes')[kind]


def _spans(
    fields: Mapping[str, Any], start: str, end: str,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    starts, ends = _each(fields, start, _seconds), _each(fields, end, _seconds)
    if len(starts) != len(ends):
        raise _Bad(f'{end}: {len(ends)} times for {len(starts)} of {start}')
    return starts, ends


def _field(fields: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    if name not in fields:
        raise _Bad(f'{name}: it is missing')
    try:
        return read(fields[name])
    except _Bad as error:
        raise _Bad(f'{name}: {error}') from error


def _each(fields: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> tuple[Any, ...]:
    def all_of(found: Any) -> tuple[Any, ...]:
        if not isinstance(found, list) or not found:
            raise _Bad('it is no list, or an empty one')
        return tuple(
            _field({f'[{index}]': one}, f'[{index}]', read) for index, one in enumerate(found))

    return tuple(_field(fields, name, all_of))


def _text(found: Any) -> str:
    if not isinstance(found, str) or not found.strip():
        raise _Bad(f'{found!r:.60} is no text')
    return found


def _whole(found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise _Bad(f'{found!r:.60} is no whole number from 0 on')
    return found


def _seconds(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < 1e7:
        raise _Bad(f'{found!r:.60} is no number of seconds')
    return float(found)
