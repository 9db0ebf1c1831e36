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
DiDeMo: descriptions of moments, found by several annotators.

``{train,val,test}_data.json`` are arrays::

    [{"annotation_id": 1, "description": "the dog turns around", "num_segments": 6,
      "video": "64291696@N00_4938012746_5f8e2a1e2e.mov", "dl_link": "...",
      "times": [[0, 0], [0, 0], [0, 1], [0, 0]]}]

A time is the first and the last chunk of five seconds, from 0 and inclusive: [a, b] is the seconds
[5a, 5(b + 1)), in films that were cut off at 30 s. The span that most annotators agree on counts;
a record in which none has more than half of them is bad.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import field
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.videos import Videos

SOURCE = 'didemo'
CHUNK_S = 5
MOST_CHUNKS = 6


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the grounding of a description, and whether it has happened yet."""
    record = fields.mapping(record, '')
    text = fields.text(record, 'description')
    chunks = fields.whole(record.get('num_segments'), 'num_segments')
    if not 1 <= chunks <= MOST_CHUNKS:
        raise BadRecord('num_segments', f'{chunks} chunks are none of a film of 30 s')
    first, last = _agreed(record, chunks)
    film = videos.film(
        SOURCE, fields.identifier(record, 'video'), note, duration=CHUNK_S * chunks,
        field='num_segments')
    # The last chunk is often shorter: not worth a word each time.
    end: float = CHUNK_S * (last + 1)
    if last == chunks - 1 and film.duration is not None:
        end = min(end, film.duration)
    event = placed(CHUNK_S * first, end, text, film, 'times', note)
    if event is None:
        raise BadRecord('times', 'the moment is not in the film')
    yield tasks.grounding(film, text, [event])
    yield tasks.happened(film, text, event)


def _agreed(record: Any, chunks: int) -> tuple[int, int]:
    """Return the first and last chunk that more than half of the annotators gave."""
    given: Counter[tuple[int, int]] = Counter()
    for where, item in fields.items(record, 'times'):
        first, last = fields.segment(item, where)
        pair = fields.whole(first, f'{where}[0]'), fields.whole(last, f'{where}[1]')
        if not 0 <= pair[0] <= pair[1] < chunks:
            raise BadRecord(where, f'{item!r:.60} are no chunks of a film that has {chunks}')
        given[pair] += 1
    (pair, votes), = given.most_common(1)
    if 2 * votes <= given.total():
        raise BadRecord(
            'times', f'no span has a majority: the commonest has {votes} of {given.total()}')
    return pair


IMPORTER = Importer(elements, convert, field('annotation_id'))
