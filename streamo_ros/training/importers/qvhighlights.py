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
QVHighlights: what a query asks for, and how well each clip shows it.

``highlight_{train,val}_release.jsonl`` and ``highlight_test_with_gt.jsonl`` are JSON lines::

    {"qid": 8737, "query": "Chef makes pizza and cuts it up.", "duration": 150,
     "vid": "NUsG9BgSes0_210.0_360.0", "relevant_windows": [[0, 6], [126, 150]],
     "relevant_clip_ids": [0, 1, 2, 63], "saliency_scores": [[4, 1, 1], [4, 1, 1], [4, 2, 2], ...]}

Clip i is [2i, 2i + 2). Each has the scores of three annotators, from 0 to 4. A highlight is what
most of them give 3 or more. The file of the test split without truth has no windows.
"""

from collections.abc import Iterator
from statistics import median
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import Event
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.events import usable
from streamo_ros.training.importers.importer import elements
from streamo_ros.training.importers.importer import field
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.videos import Film
from streamo_ros.training.importers.videos import Videos

SOURCE = 'QVHighlight'
CLIP_S = 2
GOOD = 3
_SCORES = range(5)


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the grounding of a query, how often it is seen, a sign for each, and highlights."""
    record = fields.mapping(record, '')
    query = fields.text(record, 'query')
    film = videos.film(
        SOURCE, fields.identifier(record, 'vid'), note, duration=record.get('duration'))

    def read(where: str, item: Any) -> Event | None:
        return placed(*fields.segment(item, where), query, film, where, note)

    windows = usable(fields.items(record, 'relevant_windows'), read, note)
    yield tasks.grounding(film, query, windows)
    yield tasks.notify(film, query, windows)
    if len(windows) > 1:
        yield tasks.count(film, query, windows)
    if passages := _highlights(record, film, note):
        yield tasks.highlights(film, query, passages)


def _highlights(record: Any, film: Film, note: Note) -> list[Event]:
    """Return the passages that most annotators find good."""
    if record.get('relevant_clip_ids') is None and record.get('saliency_scores') is None:
        return []
    try:
        clips = [fields.whole(clip, where)
                 for where, clip in fields.items(record, 'relevant_clip_ids')]
        scores = [_score(item, where) for where, item in fields.items(record, 'saliency_scores')]
        if len(clips) != len(scores):
            raise BadRecord('saliency_scores', f'{len(scores)} do not go with {len(clips)} clips')
    except BadRecord as error:
        note(Finding('no-highlights', error.field, error.what))
        return []
    good = sorted({clip for clip, score in zip(clips, scores, strict=True) if score >= GOOD})
    passages: list[list[int]] = []
    for clip in good:
        if passages and passages[-1][1] == clip:
            passages[-1][1] = clip + 1
        else:
            passages.append([clip, clip + 1])
    found = [
        placed(CLIP_S * first, CLIP_S * end, '', film, 'relevant_clip_ids', note)
        for first, end in passages]
    return [event for event in found if event]


def _score(item: Any, where: str) -> float:
    if not isinstance(item, list) or not item:
        raise BadRecord(where, f'{item!r:.60} is no list of scores')
    scores = [fields.whole(score, f'{where}[{place}]') for place, score in enumerate(item)]
    if any(score not in _SCORES for score in scores):
        raise BadRecord(where, f'{item!r:.60} are no scores from 0 to 4')
    return median(scores)


IMPORTER = Importer(elements, convert, field('qid'))
