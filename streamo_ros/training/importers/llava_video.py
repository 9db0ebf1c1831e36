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

r"""
LLaVA-Video-178K: questions about whole films.

Arrays of ::

    {"id": "ytb_abc", "video": "academic_source/clip.mp4", "data_source": "0_30_s_academic_v0_1",
     "conversations": [{"from": "human", "value": "<image>\nWhat is the man doing?"},
                       {"from": "gpt", "value": "He cooks."}]}

Nothing has a time: a question is asked in the film's last turn, so that the film has to be there,
or its length given. Each pair of a longer conversation is a question of its own.
"""

from collections.abc import Iterator
import re
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import nothing
from streamo_ros.training.importers.videos import Videos

SOURCE = 'LLaVA_Video'
_FILM = re.compile(r'<(?:image|video)>\s*')


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield each question with its answer."""
    record = fields.mapping(record, '')
    pairs = list(said(record))
    film = videos.film(
        SOURCE, fields.identifier(record, 'video'), note, duration=record.get('duration'))
    if film.duration is None:
        raise BadRecord(
            'video', f'{film.path} is not there and its length not known: when it ends cannot be '
            'said; give the folder of the videos, or durations')
    for question, answer in pairs:
        yield tasks.at_the_end(film, question, answer)


def said(record: Any) -> Iterator[tuple[str, str]]:
    """
    Yield what was asked and answered, without the place of the film.

    :raises BadRecord: when somebody says nothing, or speaks out of turn
    """
    texts = []
    for index, (where, item) in enumerate(fields.items(record, 'conversations')):
        message = fields.mapping(item, where)
        speaker = ('human', 'gpt')[index % 2]
        if message.get('from') != speaker:
            raise BadRecord(f'{where}.from', f'{message.get("from")!r:.60} is not {speaker}')
        value = message.get('value')
        if isinstance(value, str) and index % 2 == 0:
            value = _FILM.sub('', value)
        texts.append(fields.as_text(value, f'{where}.value'))
    if len(texts) % 2:
        raise BadRecord('conversations', 'the last question is not answered')
    yield from zip(texts[::2], texts[1::2], strict=True)


IMPORTER = Importer(elements, convert, nothing)
