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
EgoTimeQA and QaEgo4D: questions about first-person films, and when they can be answered.

An array, or JSON lines, of ::

    {"video_id": "0b4cacb1-970f-4ef0-85da-371d81f899e0", "sample_id": "...",
     "question": "Where did I put the knife?", "answer": "in the drawer",
     "clip_start_sec": 12.1, "clip_end_sec": 15.0}

or with ``moment_start_frame`` and ``moment_end_frame``, at 30 frames per second, in place of the
seconds, and perhaps ``wrong_answers``. Films may go by the first five groups of the identifier.
"""

from collections.abc import Iterator
import re
from typing import Any
import zlib

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import field
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.options import lettered
from streamo_ros.training.importers.videos import Videos

SOURCE = 'ego_timeqa'
FRAMES_S = 30
LATEST_S = 10
"""The memory is asked for up to so many seconds after the event."""
_UUID = re.compile(r'[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the question asked before the event, after it, and with options where it has some."""
    record = fields.mapping(record, '')
    question, answer = fields.text(record, 'question'), fields.text(record, 'answer')
    name = fields.identifier(record, 'video_id')
    uuid = _UUID.match(name)
    film = videos.film(
        SOURCE, name, note, duration=record.get('duration'), other=uuid[0] if uuid else '')
    where = 'clip_start_sec' if record.get('clip_start_sec') is not None else 'moment_start_frame'
    event = placed(*_span(record), answer, film, where, note)
    if event is None:
        raise BadRecord(where, 'the moment is not in the film')
    yield tasks.awaited(film, question, answer, event)
    moment: float = event.ends + zlib.crc32(f'{film.path}{question}'.encode()) % LATEST_S
    if film.duration is not None:
        moment = min(moment, film.duration - 1)
    if moment >= event.ends:
        yield tasks.remembered(film, tasks.TSQA, question, answer, moment)
    if record.get('wrong_answers') is not None:
        try:
            wrong = [fields.as_text(item, place)
                     for place, item in fields.items(record, 'wrong_answers')]
        except BadRecord as error:
            note(Finding('no-options', error.field, error.what))
        else:
            yield tasks.awaited(film, *lettered(question, answer, wrong), event)


def _span(record: Any) -> tuple[float, float]:
    if record.get('clip_start_sec') is not None:
        return _in_seconds(record, 'clip_start_sec', 'clip_end_sec', 1)
    return _in_seconds(record, 'moment_start_frame', 'moment_end_frame', FRAMES_S)


def _in_seconds(record: Any, start: str, end: str, per_second: int) -> tuple[float, float]:
    """Return begin and end in seconds, of two fields in parts of a second."""
    return (fields.seconds(record.get(start), start) / per_second,
            fields.seconds(record.get(end), end) / per_second)


IMPORTER = Importer(elements, convert, field('sample_id'))
