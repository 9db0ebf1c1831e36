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
Charades-STA: sentences on moments of films taken at home.

``charades_sta_{train,test}.txt`` have a moment a line: film, begin and end in seconds, sentence::

    3MSZA 24.3 30.4##person turn a light on.

An end may pass the film's. The lengths are not there: they are the films' own, or those in the
column ``length`` of the ``Charades_v1_{train,test}.csv`` that lie beside the file.
"""

from collections.abc import Iterator
import csv
from functools import cache
from pathlib import Path
import re
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers import fields
from streamo_ros.training.importers import tasks
from streamo_ros.training.importers.events import placed
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import nothing
from streamo_ros.training.importers.importer import OnRead
from streamo_ros.training.importers.text_files import lines
from streamo_ros.training.importers.videos import Videos
from streamo_ros.training.json_records import FileError

SOURCE = 'Charades'
_LINE = re.compile(r'(\S+)\s+(\S+)\s+(\S+?)\s*##(.*)')


def read(file: Path, on_read: OnRead) -> Iterator[tuple[int, Any]]:
    """Read a moment a line, as (film, start, end, sentence, length)."""
    for index, line in lines(file, on_read):
        if isinstance(line, BadRecord):
            yield index, line
        elif found := _LINE.fullmatch(line):
            yield index, (*found.groups(), _lengths(file.parent).get(found[1]))
        else:
            yield index, BadRecord(
                '', f'{line!r:.60} is not of the form "FILM BEGIN END##SENTENCE"')


@cache
def _lengths(folder: Path) -> dict[str, str]:
    """Return the films' lengths as they are spelt; some ten thousand at most are published."""
    lengths = {}
    for table in sorted(folder.glob('Charades_v1_*.csv')):
        try:
            with table.open(encoding='utf-8-sig', newline='') as file:
                for row in csv.DictReader(file):
                    if row.get('id') and row.get('length'):
                        lengths[row['id']] = row['length']
        except (OSError, ValueError, csv.Error) as error:
            raise FileError(f'{table} cannot be read ({error})') from error
    return lengths


def convert(record: Any, videos: Videos, note: Note) -> Iterator[Annotation]:
    """Yield the grounding of a sentence, and whether it has happened yet."""
    name, start, end, sentence, length = record
    text = fields.as_text(sentence, 'sentence')
    span = fields.seconds(start, 'start'), fields.seconds(end, 'end')
    film = videos.film(SOURCE, fields.as_identifier(name, 'video'), note, duration=length,
                       field='length')
    event = placed(*span, text, film, 'start', note)
    if event is None:
        raise BadRecord('start', 'the moment is not in the film')
    yield tasks.grounding(film, text, [event])
    yield tasks.happened(film, text, event)


IMPORTER = Importer(read, convert, nothing, ('.txt',))
