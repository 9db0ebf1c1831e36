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
Raw annotations: what is asked of a video and what happens in it, and when.

A record holds ``question`` (``content``, ``time``) and ``response`` (``content``, ``st_time``,
``end_time``, ``time``) of one video. Times are seconds, spelt in any of these ways: a number, a
number as text, ``MM:SS``, ``HH:MM:SS``; null and the empty text stand for none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamo_ros.sources.stream_file import BadRecord

_NO_TIME = 1e9  # seconds; a time lies below, so that it can be counted in turns


@dataclass(frozen=True)
class Question:
    """Words asked of the stream; the time as it is spelt."""

    content: str
    time: object = ''


@dataclass(frozen=True)
class Response:
    """An answer: to an event from ``st_time`` to ``end_time``, or at one ``time``; as spelt."""

    content: str
    st_time: object = ''
    end_time: object = ''
    time: object = ''


@dataclass(frozen=True)
class Annotation:
    """
    One raw record.

    :param duration: the video's length as it is spelt; the authors' records have none
    """

    video_path: str
    questions: tuple[Question, ...]
    responses: tuple[Response, ...]
    video_name: str = ''
    task_type: str = ''
    source: str = ''
    duration: object = ''

    def to_json(self) -> dict[str, Any]:
        """Return the record as it stands in a file."""
        record: dict[str, Any] = {
            'video_name': self.video_name,
            'video_path': self.video_path,
            'task_type': self.task_type,
            'source': self.source,
            'question': [vars(question) for question in self.questions],
            'response': [vars(response) for response in self.responses],
        }
        return record if self.duration == '' else {**record, 'duration': self.duration}


def read_annotation(record: object) -> Annotation:
    """
    Return a raw record; fields of no meaning here are left alone.

    :raises BadRecord: when a field is missing or of the wrong kind
    """
    if not isinstance(record, Mapping):
        raise BadRecord('', f'{record!r:.60} is no object')
    path = record.get('video_path')
    if not path:
        videos = record.get('videos')
        path = videos[0] if isinstance(videos, list) and videos else path
    if not path or not isinstance(path, str):
        raise BadRecord('video_path', 'the record names no video')
    return Annotation(
        video_path=path,
        questions=tuple(
            Question(_text(item, where), item.get('time'))
            for where, item in _items(record, 'question')),
        responses=tuple(
            Response(
                _text(item, where), item.get('st_time'), item.get('end_time'), item.get('time'))
            for where, item in _items(record, 'response')),
        video_name=_label(record, 'video_name'),
        task_type=_label(record, 'task_type'),
        source=_label(record, 'source'),
        duration=record.get('duration'))


def read_seconds(value: object, field: str) -> float | None:
    """
    Return a time in seconds, fractions kept; None where none is given.

    :raises BadRecord: when the value is no time
    """
    if value is None or value == '':
        return None
    seconds = _spelt_seconds(value)
    if seconds is None or not abs(seconds) < _NO_TIME:
        raise BadRecord(field, f'{value!r:.60} is no time: give seconds, MM:SS or HH:MM:SS')
    return seconds


def read_reference_time(value: object, fps: float, field: str) -> int | None:
    """
    Return a time as the authors' converter reads it: a count of frames from 1.

    Whole numbers and JSON numbers are taken as frames at any ``fps``; only decimals in text and
    clock times are scaled by it. What is no time counts as none.

    :raises BadRecord: when a number is not finite
    """
    if value is None or value == '':
        return None
    try:
        if isinstance(value, int | float):
            return int(value)
        if isinstance(value, str) and ':' not in value:
            try:
                return int(value)
            except ValueError:
                pass
        seconds = _spelt_seconds(value)
        return None if seconds is None else int(seconds * fps)
    except (OverflowError, ValueError) as error:
        raise BadRecord(field, f'{value!r:.60} is no time ({error})') from error


def _spelt_seconds(value: object) -> float | None:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    parts = str(value).split(':')
    if len(parts) > 3:
        return None
    seconds = 0.0
    try:
        for part in parts:
            number = float(part)
            if len(parts) > 1 and number < 0:
                return None
            seconds = seconds * 60 + number
    except ValueError:
        return None
    return seconds


def _items(record: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    items = record.get(name)
    if items is None:
        return []
    if not isinstance(items, list):
        raise BadRecord(name, f'{items!r:.60} is no list')
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise BadRecord(f'{name}[{index}]', f'{item!r:.60} is no object')
    return [(f'{name}[{index}]', item) for index, item in enumerate(items)]


def _text(item: Mapping[str, Any], where: str) -> str:
    content = item.get('content')
    if content is None:
        return ''
    if not isinstance(content, str):
        raise BadRecord(f'{where}.content', f'{content!r:.60} is no text')
    return content


def _label(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ''
    if not isinstance(value, str):
        raise BadRecord(name, f'{value!r:.60} is no text')
    return value
