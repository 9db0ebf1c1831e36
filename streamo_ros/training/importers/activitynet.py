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
ActivityNet Captions: sentences on the events of a film.

``train.json``, ``val_1.json`` and ``val_2.json`` (two annotators of the same films) are objects::

    {"v_QOlSCBRmfWY": {"duration": 82.73, "timestamps": [[0.83, 19.86], [17.37, 60.81]],
                       "sentences": ["A young woman is seen.", " The girl dances."]}}

The lists are parallel, the events overlap freely and may pass the end. The variant of densecap is
read as well: ``{"database": {id: {"duration": ..., "annotations": [{"segment": [0.83, 19.86],
"sentence": "..."}]}}}``, with identifiers that may lack the ``v_``.
"""

from collections.abc import Iterator
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import Event
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.events import usable
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import key
from streamo_ros.training.importers.importer import members
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.videos import Videos

SOURCE = 'ActivityNet'


def convert(member: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield narration, event caption, the latest event, and the grounding of each sentence."""
    name = fields.as_identifier(member.key, 'key')
    record = fields.mapping(member.value, '')
    film = videos.film(
        SOURCE, name, note, duration=record.get('duration'),
        other=name.removeprefix('v_') if name.startswith('v_') else f'v_{name}')

    def read(where: str, item: Any) -> Event | None:
        if isinstance(item, tuple):
            span, sentence, of_text = *item, where.replace('timestamps', 'sentences')
        else:
            fields.mapping(item, where)
            span, sentence = item.get('segment'), item.get('sentence')
            where, of_text = f'{where}.segment', f'{where}.sentence'
        text = fields.as_text(sentence, of_text)
        return placed(*fields.segment(span, where), text, film, where, note)

    events = usable(_items(record), read, note)
    yield tasks.narration(film, events)
    yield tasks.event_caption(film, events)
    yield tasks.latest(film, events)
    for event in events:
        yield tasks.grounding(film, event.text, [event])


def _items(record: Any) -> Iterator[tuple[str, Any]]:
    """Yield each event, of parallel lists as a pair (span, sentence)."""
    if 'annotations' in record:
        yield from fields.items(record, 'annotations')
        return
    spans, sentences = (list(fields.items(record, name)) for name in ('timestamps', 'sentences'))
    if len(spans) != len(sentences):
        raise BadRecord(
            'sentences', f'{len(sentences)} sentences do not go with {len(spans)} timestamps')
    for (where, span), (_, sentence) in zip(spans, sentences, strict=True):
        yield where, (span, sentence)


IMPORTER = Importer(members, convert, key)
