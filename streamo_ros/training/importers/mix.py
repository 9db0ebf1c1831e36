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
A training set drawn from files of raw annotations: shares, no doubles, a split by film.

Which records are drawn, and in which order, depends on the seed and the records alone. All records
of a film are on one side of the split, in whichever data set it is. Records wait in a temporary
database on disk, so that memory does not grow with them.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import hashlib
import json
from pathlib import Path
import re
import sqlite3
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import read_annotation
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.importers.seen import Seen
from streamo_ros.training.importers.shares import check_named
from streamo_ros.training.importers.shares import MixError
from streamo_ros.training.importers.shares import quotas
from streamo_ros.training.importers.summary import Summary
from streamo_ros.training.importers.tasks import ACTION_CAPTION
from streamo_ros.training.importers.tasks import EVENT_CAPTION
from streamo_ros.training.importers.tasks import NARRATION
from streamo_ros.training.importers.videos import stem
from streamo_ros.training.json_records import read_records

TRAIN, VALIDATION = 'train', 'validation'
SPLITS = (TRAIN, VALIDATION)
_TOLD = (NARRATION, ACTION_CAPTION, EVENT_CAPTION)
_CUT = re.compile(r'_\d+(?:\.\d+)?_\d+(?:\.\d+)?$')
_YOUTUBE = re.compile(r'v_(?=[\w-]{11}$)')
_TABLES = """
    CREATE TABLE record (
        number INTEGER PRIMARY KEY, task TEXT, source TEXT, split TEXT, rank BLOB, content TEXT);
    CREATE TABLE drawn (number INTEGER PRIMARY KEY)"""


@dataclass(frozen=True)
class Mix:
    """
    What is wanted.

    :param records: how many in all; None for as many as the shares allow
    :param tasks: shares by task, in any unit; empty for those that there are
    :param sources: likewise by data set, within each task
    :param held_out: share of the films that validate
    """

    records: int | None = None
    tasks: dict[str, float] = field(default_factory=dict)
    sources: dict[str, float] = field(default_factory=dict)
    held_out: float = 0.05
    seed: int = 0


@dataclass(frozen=True)
class Cell:
    """What there was of a task and source in one part of the split, and what was drawn."""

    split: str
    task: str
    source: str
    available: int
    drawn: int


@dataclass
class Mixed:
    """
    What came of it.

    :param bad: records that could not be read, as (file, index, field, what)
    :param doubles: records that said of a film what another had said
    :param before: of all that could be read
    :param after: of what was drawn, by the part of the split
    """

    records: int = 0
    bad: list[tuple[str, int, str, str]] = field(default_factory=list)
    doubles: int = 0
    before: Summary = field(default_factory=Summary)
    after: dict[str, Summary] = field(
        default_factory=lambda: {split: Summary() for split in SPLITS})
    cells: list[Cell] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the figures as they stand in a file."""
        return {
            'records': self.records, 'doubles': self.doubles,
            'bad': [dict(zip(('file', 'record', 'field', 'what'), one, strict=True))
                    for one in self.bad],
            'before': self.before.to_json(),
            **{split: summary.to_json() for split, summary in self.after.items()},
            'drawn': [vars(cell) for cell in self.cells]}

    def lines(self) -> list[str]:
        """Return the tables as lines to print."""
        rows = [f'{self.records:8}  records', f'{len(self.bad):8}  bad ones',
                f'{self.doubles:8}  doubles']
        rows += [f'{cell.drawn:8}  of {cell.available}: {cell.split}, {cell.task}, {cell.source}'
                 for cell in self.cells]
        shares = {'before': self.before.shares(), **{
            split: summary.shares() for split, summary in self.after.items()}}
        rows += ['  '.join([f'{name:10}', *(
            f'{share:6.1%} {state}' for state, share in of.items())])
            for name, of in shares.items()]
        return rows


class Mixer:
    """Reads files of raw annotations, and draws from them."""

    def __init__(self, mix: Mix) -> None:
        self._mix = mix
        self._seen = Seen()
        self._table = sqlite3.connect('')  # a name of nothing: a file that is gone when closed
        self._table.executescript(_TABLES)
        self.result = Mixed()

    def read(self, file: Path, on_read: Callable[[int], object] = lambda count: None) -> None:
        """
        Take in the records of a file; bad ones are kept in the result.

        :raises FileError: when it cannot be read
        """
        for index, record in enumerate(read_records(file, on_read)):
            self.result.records += 1
            try:
                if isinstance(record, BadRecord):
                    raise record
                self._add(read_annotation(record))
            except BadRecord as error:
                self.result.bad.append((str(file), index, error.field, error.what))

    def _add(self, annotation: Annotation) -> None:
        try:
            content = json.dumps(annotation.to_json(), ensure_ascii=False)
            content.encode()
        except UnicodeEncodeError as error:
            raise BadRecord('', f'a text holds half a character ({error.reason})') from error
        self.result.before.add(annotation)
        film = film_of(annotation)
        said = json.dumps(
            [film, annotation.task_type,
             [] if annotation.task_type in _TOLD else [*map(vars, annotation.questions)],
             [*map(vars, annotation.responses)]], sort_keys=True)
        if self._seen.again(said):
            self.result.doubles += 1
            return
        split = VALIDATION if _fraction(self._mix.seed, film) < self._mix.held_out else TRAIN
        self._table.execute('INSERT INTO record VALUES (NULL, ?, ?, ?, ?, ?)', (
            annotation.task_type, annotation.source, split, _digest(self._mix.seed, said),
            content))

    def draw(self) -> None:
        """
        Draw what the mix wants from what was read.

        :raises MixError: when it wants what there is not
        """
        mix, found = self._mix, self._table.execute(
            'SELECT split, task, source, count(*) FROM record GROUP BY 1, 2, 3').fetchall()
        if not found:
            raise MixError('the files hold no record that can be used')
        check_named('task', mix.tasks, {row[1] for row in found})
        check_named('source', mix.sources, {row[2] for row in found})
        self._table.execute('CREATE INDEX of_cell ON record (split, task, source, rank)')
        for split in SPLITS:
            available = {row[1:3]: row[3] for row in found if row[0] == split}
            total = None if mix.records is None else round(mix.records * (
                mix.held_out if split == VALIDATION else 1 - mix.held_out))
            wanted = quotas(available, mix.tasks, mix.sources, total)
            for (task, source), count in available.items():
                drawn = wanted.get((task, source), 0)
                self._table.execute(
                    'INSERT INTO drawn SELECT number FROM record WHERE split = ? AND task = ? '
                    'AND source = ? ORDER BY rank LIMIT ?', (split, task, source, drawn))
                self.result.cells.append(Cell(split, task, source, count, drawn))

    def drawn(self, split: str) -> Iterator[dict[str, Any]]:
        """Yield the drawn records of a part of the split in their order, and count them."""
        for (content,) in self._table.execute(
                'SELECT content FROM record JOIN drawn USING (number) WHERE split = ? '
                'ORDER BY rank', (split,)):
            record = json.loads(content)
            self.result.after[split].add(read_annotation(record))
            yield record

    def sample(self, count: int) -> Sequence[Annotation]:
        """Return some of the drawn training records, of each task as many as of any other."""
        rows = self._table.execute(
            'SELECT content FROM (SELECT content, rank, row_number() OVER '
            '(PARTITION BY task ORDER BY rank) AS place FROM record JOIN drawn USING (number) '
            'WHERE split = ?) ORDER BY place, rank LIMIT ?', (TRAIN, count)).fetchall()
        return [read_annotation(json.loads(content)) for (content,) in rows]


def answers_of(annotation: Annotation) -> list[tuple[float | None, float, str]]:
    """Return each answer as (first second, last second, text); of an instant without the first."""
    found: list[tuple[float | None, float, str]] = []
    for index, response in enumerate(annotation.responses):
        start, end, time = (
            read_seconds(value, f'response[{index}]')
            for value in (response.st_time, response.end_time, response.time))
        if start is not None and end is not None:
            found.append((min(start, end), max(start, end), response.content))
        else:
            moment = time if time is not None else start if end is None else end
            found.append((None, (moment or 1) - 1, response.content))
    return found


def film_of(annotation: Annotation) -> str:
    """Return what names a film in every data set: YouTube's identifier where it has one."""
    name = stem(annotation.video_name or annotation.video_path)
    return _YOUTUBE.sub('', _CUT.sub('', name))


def _digest(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f'{seed}\n{text}'.encode(), digest_size=16).digest()


def _fraction(seed: int, film: str) -> float:
    return int.from_bytes(_digest(seed, film)[:7], 'big') / (1 << 56)
