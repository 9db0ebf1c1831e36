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
from pathlib import Path
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load
from streamo_ros.evaluation.benchmarks.fields import mapping
from streamo_ros.evaluation.benchmarks.fields import records
from streamo_ros.evaluation.benchmarks.fields import seconds
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.fields import whole

GROUPS = {
    'backward': ('EPM', 'ASI', 'HLD'),
    'realtime': ('OCR', 'ACR', 'ATR', 'STU', 'FPD', 'OJR'),
    'forward': ('REC', 'SSR', 'CRR'),
}
TASKS = tuple(task for tasks in GROUPS.values() for task in tasks)
LETTERS = 'ABCDE'


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


def read_records(file: Path) -> list[Record]:
    """
    Read the published JSON.

    :raises BenchmarkError: naming the record's index and the field that is not as published
    """
    seen: set[int] = set()

    def once(fields: Mapping[str, Any], index: int) -> Record:
        record = _record(fields)
        if record.id in seen:
            raise BadField(f'id: {record.id} stands for an earlier record already')
        seen.add(record.id)
        return record

    return records(load(file), file, once)


def _record(fields: Mapping[str, Any]) -> Record:
    task = field(fields, 'task', text)
    if task not in TASKS:
        raise BadField(f'task: {task!r} is none of {", ".join(TASKS)}')
    common: dict[str, Any] = {
        'id': field(fields, 'id', whole), 'task': task, 'video': field(fields, 'video', text)}
    if task == 'REC':
        starts, ends = _spans(fields, 'start_times', 'end_times')
        return Record(
            **common, subject=field(fields, 'activity', text), starts=starts, ends=ends,
            points=_points(fields, lambda point: str(field(point, 'count', whole))))
    if task == 'SSR':
        steps = each(fields, 'all_steps', text)
        starts, ends = _spans(fields, 'start_time', 'end_time')
        if len(starts) != len(steps):
            raise BadField(f'start_time: {len(starts)} times for {len(steps)} steps')
        return Record(
            **common, subject=field(fields, 'tutorial', text), steps=steps, starts=starts,
            ends=ends, points=_points(fields, _yes_no, steps))
    subject = field(fields, 'question', text)
    if task == 'CRR':
        return Record(
            **common, subject=subject, asked=field(fields, 'ask_time', seconds),
            clue=field(fields, 'clue_time', seconds), points=_points(fields, _yes_no))
    options = each(fields, 'options', text)
    right = field(fields, 'gt', whole)
    if len(options) > len(LETTERS):
        raise BadField(f'options: {len(options)} are more than {len(LETTERS)}')
    if right >= len(options):
        raise BadField(f'gt: {right} is no index of the {len(options)} options')
    asked = field(fields, 'realtime', seconds)
    return Record(
        **common, subject=subject, options=options, asked=asked,
        points=(Point(asked, LETTERS[right]),))


def _points(
    fields: Mapping[str, Any], truth: Callable[[Mapping[str, Any]], str],
    steps: tuple[str, ...] | None = None,
) -> tuple[Point, ...]:
    def point(found: Any) -> Point:
        found = mapping(found)
        step = 0
        if steps is not None:
            name = field(found, 'step', text)
            if name not in steps:
                raise BadField(f'step: {name!r} is none of all_steps')
            step = steps.index(name)
        return Point(field(found, 'realtime', seconds), truth(found), step)

    return each(fields, 'test_info', point)


def _yes_no(point: Mapping[str, Any]) -> str:
    kind = field(point, 'type', whole)
    if kind > 1:
        raise BadField(f'type: {kind} is neither 0 nor 1')
    return ('No', 'Yes')[kind]


def _spans(
    fields: Mapping[str, Any], start: str, end: str,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    starts, ends = each(fields, start, seconds), each(fields, end, seconds)
    if len(starts) != len(ends):
        raise BadField(f'{end}: {len(ends)} times for {len(starts)} of {start}')
    return starts, ends
