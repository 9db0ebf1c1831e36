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
HACS: actions of 200 classes, as segments and as clips of two seconds.

``HACS_segments_v1.1.1.json`` has what happens from when to when, with lengths as text::

    {"database": {"-9tsQ_NkGCE": {
        "subset": "training", "duration": "92.166667", "url": "...",
        "annotations": [{"label": "Dodgeball", "segment": [5.4, 11.6]}]}}}

``HACS_clips_v1.1.1.csv`` has a clip a row, in which the action is (label 1) or is not (-1)::

    classname,youtube_id,subset,start,end,label
    Dodgeball,-9tsQ_NkGCE,training,14.5,16.5,-1

All clips of a film are one record, at the place of its first. Where an action is in none of its
clips, it is asked for and never happens. That is as sure as the clips are dense: those of a film
were taken where a classifier expected the action.
"""

from collections.abc import Iterator
import csv
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
import sqlite3
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import by_text
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.events import segments
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import JSON
from streamo_ros.training.importers.importer import members
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import OnRead
from streamo_ros.training.importers.text_files import lines
from streamo_ros.training.importers.videos import Videos

SOURCE = 'HACS'
_COLUMNS = ('classname', 'youtube_id', 'start', 'end', 'label')
_TABLE = """
    CREATE TABLE clip (
        row INTEGER, film TEXT, action TEXT, start REAL, finish REAL, shown INTEGER,
        PRIMARY KEY (film, action, start, finish)) WITHOUT ROWID"""


@dataclass(frozen=True)
class Clip:
    """A clip, and whether it shows the action."""

    action: str
    start: float
    end: float
    shown: bool


@dataclass(frozen=True)
class FilmOfClips:
    """The clips of a film."""

    name: str
    clips: tuple[Clip, ...]


def read(file: Path, on_read: OnRead) -> Iterator[tuple[int, Any]]:
    """Read the members of a file of segments, or a file of clips as ``FilmOfClips``."""
    return _clips(file, on_read) if file.suffix == '.csv' else members(file, on_read)


def _clips(file: Path, on_read: OnRead) -> Iterator[tuple[int, Any]]:
    found = lines(file, on_read)
    first = next((line for _, line in found), '')
    columns = [] if isinstance(first, BadRecord) else next(csv.reader([first]), [])
    if missing := [name for name in _COLUMNS if name not in columns]:
        yield 0, BadRecord('', f'the first line has no column {", ".join(missing)}')
        return
    # Rows of a film stand anywhere: they are put together on disk.
    table = sqlite3.connect('')
    table.execute(_TABLE)
    for index, line in found:
        try:
            if isinstance(line, BadRecord):
                raise line
            cells = next(csv.reader([line]))
            _keep(table, index - 1, dict(zip(columns, cells, strict=False)))
        except (BadRecord, csv.Error) as error:
            yield index - 1, error if isinstance(error, BadRecord) else BadRecord('', f'{error}')
    rows = table.execute('SELECT film, row, action, start, finish, shown FROM clip ORDER BY film')
    for name, of_film in groupby(rows, lambda row: row[0]):
        kept = list(of_film)
        yield min(row[1] for row in kept), FilmOfClips(
            name, tuple(
                Clip(action, start, end, shown > 0) for _, _, action, start, end, shown in kept))
    table.close()


def _keep(table: sqlite3.Connection, index: int, row: dict[str, str]) -> None:
    label = fields.whole(row.get('label'), 'label')
    if label not in (1, -1):
        raise BadRecord('label', f'{label} is neither 1 nor -1')
    name = fields.identifier(row, 'youtube_id')
    action = fields.text(row, 'classname')
    start, end = (fields.seconds(row.get(name), name) for name in ('start', 'end'))
    new = table.execute(
        'INSERT OR IGNORE INTO clip VALUES (?, ?, ?, ?, ?, ?)',
        (index, name, action, start, end, label)).rowcount
    if not new:
        raise BadRecord('youtube_id', f'this clip of {name} was there already: left out')


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the actions, and grounding and count of each; or a question for each clip."""
    if isinstance(record, FilmOfClips):
        yield from _of_clips(record, videos, note)
        return
    value = fields.mapping(record.value, '')
    film = videos.film(
        SOURCE, fields.as_identifier(record.key, 'key'), note, duration=value.get('duration'))
    events = segments(fields.items(value, 'annotations'), 'label', film, note)
    yield tasks.action_caption(film, events)
    for action, alike in by_text(events).items():
        yield tasks.grounding(film, action, alike)
        yield tasks.count(film, action, alike)


def _of_clips(record: FilmOfClips, videos: Videos, note: Note) -> Iterator[Annotation]:
    film = videos.film(SOURCE, record.name, note)
    for action, of_action in groupby(record.clips, lambda clip: clip.action):
        clips = list(of_action)
        if not any(clip.shown for clip in clips):
            yield tasks.notify(film, action, [])
            continue
        for clip in clips:
            event = placed(clip.start, clip.end, action, film, 'start', note)
            if event is not None:
                yield tasks.now(film, event) if clip.shown else tasks.not_now(film, event)


def identity(record: Any) -> tuple[str, object]:
    """Identify the film that a record is about."""
    return 'key', record.name if isinstance(record, FilmOfClips) else record.key


IMPORTER = Importer(read, convert, identity, (*JSON, '.csv'))
