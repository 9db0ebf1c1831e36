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
Streamo-Instruct-465K: the paper's own annotations, as they lie on the Hub.

Five folders, ``narration``, ``event_caption``, ``action_caption``, ``event_grounding`` and ``qa``,
hold arrays or JSON lines of raw records::

    {"video_name": "clip.mp4", "video_path": "ActivityNet/clip.mp4", "task_type": "QA",
     "source": "ActivityNet", "question": [{"content": "What?", "time": "1"}],
     "response": [{"content": "This.", "st_time": 5.0, "end_time": "00:06", "time": ""}]}

Times are numbers, numbers as text, MM:SS, HH:MM:SS, empty or null, and count seconds from 1. They
are written as numbers. Films are looked for by their path, then by their name; those of
``ego_timeqa`` by the identifier that their name begins with. A record that does not name its task
has that of its folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
import re
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import Question
from streamo_ros.training.conversion.raw_annotation import read_annotation
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.conversion.raw_annotation import Response
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import nothing
from streamo_ros.training.importers.importer import OnRead
from streamo_ros.training.importers.videos import Videos

_FOLDERS = {
    'narration': tasks.NARRATION, 'event_caption': tasks.EVENT_CAPTION,
    'action_caption': tasks.ACTION_CAPTION, 'event_grounding': tasks.GROUNDING, 'qa': tasks.QA}
_UUID = re.compile(r'[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')


@dataclass(frozen=True)
class Record:
    """A raw record, and the task of the folder that it lies in; empty for none."""

    content: Any
    task: str


def read(file: Path, on_read: OnRead) -> Iterator[tuple[int, Any]]:
    """Read the records of a file, with its folder's task."""
    task = next((_FOLDERS[part] for part in (*file.parts[-2::-1], file.stem)
                 if part in _FOLDERS), '')
    for index, record in elements(file, on_read):
        yield index, record if isinstance(record, BadRecord) else Record(record, task)


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the record, its times as numbers and its film where it lies."""
    annotation = read_annotation(record.content)
    labels = {
        label: fields.as_text(getattr(annotation, label), label) if getattr(annotation, label)
        else '' for label in ('video_name', 'task_type', 'source')}
    name = fields.as_identifier(annotation.video_path, 'video_path')
    uuid = _UUID.match(name.rpartition('/')[2])
    film = videos.film(
        labels['source'], name, note, duration=annotation.duration,
        other=uuid[0] if uuid else labels['video_name'])
    questions = [_question(asked, index) for index, asked in enumerate(annotation.questions)]
    responses = []
    for index, answer in enumerate(annotation.responses):
        where = f'response[{index}]'
        try:
            responses.append(_response(answer, where))
        except BadRecord as error:
            note(Finding('bad-event', error.field, f'{error.what}: left out'))
    if annotation.responses and not responses:
        raise BadRecord('response', 'no answer in it can be used')
    yield replace(
        annotation, video_path=film.path, video_name=labels['video_name'] or film.name,
        task_type=_task(labels['task_type']) or record.task, source=labels['source'],
        questions=tuple(questions), responses=tuple(responses),
        duration='' if film.duration is None else round(film.duration, 3))


def _task(name: str) -> str:
    plain = name.strip().lower().replace(' ', '_').replace('-', '_')
    return _FOLDERS.get(plain, plain if plain in tasks.TASKS else name)


def _question(question: Question, index: int) -> Question:
    where = f'question[{index}]'
    return Question(
        fields.as_text(question.content, f'{where}.content'),
        _plain(question.time, f'{where}.time'))


def _response(response: Response, where: str) -> Response:
    st_time, end_time, time = (
        _plain(getattr(response, name), f'{where}.{name}')
        for name in ('st_time', 'end_time', 'time'))
    if st_time == end_time == time == '':
        raise BadRecord(where, 'it has neither time nor st_time and end_time')
    return Response(
        fields.as_text(response.content, f'{where}.content'), st_time, end_time, time)


def _plain(value: object, field: str) -> float | str:
    seconds = read_seconds(value, field)
    if seconds is None:
        return ''
    return int(seconds) if seconds == int(seconds) else seconds


IMPORTER = Importer(read, convert, nothing)
