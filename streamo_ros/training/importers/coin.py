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
COIN: the steps of instructional films, from a fixed vocabulary.

``COIN.json`` is an object::

    {"database": {"EA0FaZIIQqg": {"duration": 131.03, "class": "ReplaceCDDriveWithSSD",
                                  "start": 56.64, "end": 85.71, "subset": "training",
                                  "recipe_type": 131, "video_url": "...", "annotation": [
        {"id": "212", "segment": [60.0, 69.0], "label": "take out the laptop CD drive"}]}}}

``annotation`` is in the singular. Segments are in seconds of the whole film; ``start`` and ``end``
bound the part that shows the task.
"""

from collections.abc import Iterator
import re
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import by_text
from streamo_ros.training.importers.events import Event
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.events import segments
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import key
from streamo_ros.training.importers.importer import members
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.videos import Film
from streamo_ros.training.importers.videos import Videos

SOURCE = 'coin'
_WORDS = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+')


def convert(member: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the steps, the task as one event, what comes next, and grounding and count of each."""
    record = fields.mapping(member.value, '')
    film = videos.film(
        SOURCE, fields.as_identifier(member.key, 'key'), note, duration=record.get('duration'))
    events = segments(fields.items(record, 'annotation'), 'label', film, note)
    yield tasks.action_caption(film, events)
    if whole := _task(record, film, note):
        yield tasks.event_caption(film, [whole])
    yield tasks.latest(film, events)
    if len(events) > 1:
        yield tasks.following(film, events)
    for text, alike in by_text(events).items():
        yield tasks.grounding(film, text, alike)
        if len(alike) > 1:
            yield tasks.count(film, text, alike)


def _task(record: Any, film: Film, note: Note) -> Event | None:
    """Return all that was done as one event; None where the record does not say."""
    if all(record.get(name) is None for name in ('class', 'start', 'end')):
        return None
    try:
        words = _WORDS.findall(fields.text(record, 'class'))
        kept = [word if word.isupper() and len(word) > 1 else word.lower() for word in words]
        return placed(
            fields.seconds(record.get('start'), 'start'), fields.seconds(record.get('end'), 'end'),
            ' '.join(kept), film, 'start', note) if kept else None
    except BadRecord as error:
        note(Finding('bad-event', error.field, f'{error.what}: left out'))
        return None


IMPORTER = Importer(members, convert, key)
