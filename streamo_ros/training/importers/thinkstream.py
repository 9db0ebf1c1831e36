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
ThinkStream: dialogues over a stream, with the second in which each thing is said.

Arrays, or JSON lines, of ::

    {"video_path": "clip.mp4", "interaction_mode": "Event Trigger", "temporal_scope": "Future",
     "content_dimension": "...", "response_format": "...",
     "conversations": [{"role": "user", "content": "Tell me when she sits.", "timestamp": 3.0},
                       {"role": "assistant", "content": "Now.", "timestamp": 12.5,
                        "options": null}],
     "thoughts": [{"think": "...", "timestamp": 12.0}]}

``interaction_mode`` is ``Real-time Dialogue``, ``Event Trigger`` or ``Continuous Output``. What is
thought is left out, and nothing says how long an event went on: there is no Standby.
"""

from collections.abc import Iterator
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import Question
from streamo_ros.training.conversion.raw_annotation import Response
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import second_of
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import nothing
from streamo_ros.training.importers.options import with_options
from streamo_ros.training.importers.videos import Film
from streamo_ros.training.importers.videos import Videos

SOURCE = 'ThinkStream'
_TASKS = {
    'real-time dialogue': tasks.TSQA, 'event trigger': tasks.TSQA,
    'continuous output': tasks.NARRATION}


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the dialogue."""
    record = fields.mapping(record, '')
    mode = fields.text(record, 'interaction_mode')
    task = _TASKS.get(mode.lower())
    if task is None:
        raise BadRecord(
            'interaction_mode', f'{mode!r:.60} is none of {", ".join(sorted(_TASKS))}')
    film = videos.film(
        SOURCE, fields.identifier(record, 'video_path'), note, duration=record.get('duration'))
    questions: list[Question] = []
    responses: list[Response] = []
    for where, item in fields.items(record, 'conversations'):
        message = fields.mapping(item, where)
        second = _second(message, where, film, note)
        if second is None:
            continue
        content = fields.text(message, 'content', where)
        role = message.get('role')
        if role == 'user':
            questions.append(Question(_with_options(message, content, where, note), second))
        elif role != 'assistant':
            raise BadRecord(f'{where}.role', f'{role!r:.60} is neither user nor assistant')
        elif not questions:
            raise BadRecord(f'{where}.role', 'the assistant speaks before anything was asked')
        else:
            responses.append(tasks.at(second, content))
    if not questions:
        raise BadRecord('conversations', 'nothing is asked in it')
    yield Annotation(
        film.path, tuple(questions), tuple(responses), film.name, task, SOURCE,
        '' if film.duration is None else round(film.duration, 3))


def _second(message: Any, where: str, film: Film, note: Note) -> int | None:
    """Return the second in which something is said, from 1; None when the film is over by then."""
    field = f'{where}.timestamp'
    moment = fields.seconds(message.get('timestamp'), field)
    if film.duration is not None and moment > film.duration:
        note(Finding(
            'outside', field, f'{moment:g} s is not in a film of {film.duration:g} s: left out'))
        return None
    if moment < 0:
        note(Finding('negative-time', field, f'{moment:g} s is taken as 0'))
    second = second_of(moment)
    # Said as the film ends: in its last turn.
    return second if film.duration is None else min(second, tasks.last_second(film.duration))


def _with_options(message: Any, content: str, where: str, note: Note) -> str:
    options = message.get('options')
    if options is None or options == [] or options == '':
        return content
    try:
        given = [fields.as_text(item, place)
                 for place, item in fields.items(message, 'options', where)]
    except BadRecord as error:
        note(Finding('no-options', error.field, error.what))
        return content
    if all(text[:1].isalpha() and text[1:2] in '.):' for text in given):
        return f'{content} {" ".join(given)}'
    return with_options(content, given)


IMPORTER = Importer(elements, convert, nothing)
