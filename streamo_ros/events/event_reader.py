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

"""Reads the event log while its writer goes on: by time, camera, instruction and words."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
import re
import sqlite3
from typing import Any

from streamo_ros.dialogue.state import State
from streamo_ros.events.event import Event
from streamo_ros.events.event import Gap
from streamo_ros.events.event import Picture
from streamo_ros.events.event_log import FILE
from streamo_ros.events.event_log import pose_of
from streamo_ros.events.schema import connect
from streamo_ros.events.schema import EventLogError
from streamo_ros.events.schema import LONG_NS

LONGEST_PAGE = 1000
PAGE = 50

_COLUMNS = (
    'e.state, e.began, e.ended, e.camera, e.instruction_id, s.instruction, s.text, e.complete, '
    'e.epoch, e.probability, e.latency_s, e.response_seq, e.checkpoint, e.frame_id, e.logged, '
    'e.pose, e.pictures, e.id, e.data')
_EVER = 2**63 - 1


@dataclass(frozen=True)
class EventQuery:
    """
    Which events are asked for; each condition that is given must hold.

    :param since: nanoseconds; those that ended before do not count; None: open
    :param until: nanoseconds; those that began after do not count; None: open
    :param camera: by the node's name for it; empty: all
    :param instruction: the id of an instruction or its whole text; empty: all
    :param words: that the instruction or the answer has, in any of their forms; empty: any
    """

    since: int | None = None
    until: int | None = None
    camera: str = ''
    instruction: str = ''
    words: str = ''


@dataclass(frozen=True)
class Saying:
    """
    An instruction and an answer.

    :param id: of the pair
    """

    id: int
    instruction: str
    text: str


class EventReader:
    """
    The log, open for reading; used as a context.

    :param folder: of the log
    :raises EventLogError: when there is none, or it cannot be read
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        if not self._path.is_file():
            raise EventLogError(f'there is no event log in {folder}')
        self._connection = connect(self._path, read_only=True)

    def __enter__(self) -> 'EventReader':
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def page(self, query: EventQuery, number: int = 0, limit: int = 0) -> tuple[list[Event], int]:
        """
        Return a page of events, the latest first, and how many there are on all pages.

        :param number: from 0 on
        :param limit: events a page, up to ``LONGEST_PAGE``; 0: ``PAGE``
        :raises EventLogError: when the log cannot be read
        """
        limit = min(limit or PAGE, LONGEST_PAGE)
        with _errors(self._path):
            # All of the same moment, whatever the writer does meanwhile.
            self._connection.execute('begin')
            try:
                parts = self._parts(query)
                values = [value for _, part in parts for value in part]
                (total,) = self._connection.execute('select ' + ' + '.join(
                    f'(select count(*) from {part})' for part, _ in parts), values).fetchone()
                rows = self._connection.execute(
                    f'select {_COLUMNS} from ('
                    + ' union all '.join(f'select e.id, e.ended from {part}' for part, _ in parts)
                    + ' order by ended desc, id desc limit ? offset ?) found '
                    'join events e on e.id = found.id join sayings s on s.id = e.saying '
                    'order by e.ended desc, e.id desc',
                    [*values, limit, number * limit]).fetchall()
            finally:
                self._connection.execute('rollback')
        return [_event(row) for row in rows], total

    def _parts(self, query: EventQuery) -> list[tuple[str, list[Any]]]:
        """Return the rows ``e`` that are asked for, as parts of a statement with their values."""
        where, values = _condition(query)
        if query.instruction:
            named = self._connection.execute(
                'select 1 from events where instruction_id = ? limit 1', (query.instruction,)
            ).fetchone()
            either = 'e.saying in (select id from sayings where instruction = ?)'
            where += f' and (e.instruction_id = ? or {either})' if named else f' and {either}'
            values += [query.instruction] * (2 if named else 1)
        if query.until is None:
            return [(f'events e where {where}', values)]
        # No index knows what touches a time. Those that are not long end soon after it.
        soon = min(query.until + LONG_NS, _EVER)
        return [
            (f'events e where {where} and e.ended <= ? and e.began <= ?',
             [*values, soon, query.until]),
            (f'events e indexed by long_events where {where} and e.ended - e.began > {LONG_NS} '
             'and e.began <= ? and e.ended > ?', [*values, query.until, soon])]

    def get(self, id: int) -> tuple[Event, list[Picture]] | None:
        """
        Return an event and its pictures; None where the log does not have it.

        :raises EventLogError: when the log cannot be read
        """
        if not 0 < id <= _EVER:
            return None
        with _errors(self._path):
            row = self._connection.execute(
                f'select {_COLUMNS} from events e join sayings s on s.id = e.saying '
                'where e.id = ?', (id,)).fetchone()
            pictures = self._connection.execute(
                'select stamp, jpeg from pictures where event = ? order by stamp', (id,)
            ).fetchall()
        return row and (_event(row), [Picture(*picture) for picture in pictures])

    def sayings(self, camera: str, limit: int) -> list[Saying]:
        """
        Return what answers said, each wording once; Standby that came to nothing is none.

        :param camera: of this one; empty: of all
        :param limit: so many at most
        """
        with _errors(self._path):
            rows = self._connection.execute(
                'select s.id, s.instruction, s.text from sayings s where exists (select 1 from '
                f'events e where e.saying = s.id and e.state = {int(State.RESPONSE)}'
                f'{" and e.camera = ?" if camera else ""}) limit ?',
                [*([camera] if camera else []), limit]).fetchall()
        return [Saying(*row) for row in rows]

    def answers(
        self, sayings: Collection[int], since: int | None, before: int | None, camera: str = '',
        limit: int = -1, latest: bool = True,
    ) -> list[Event]:
        """
        Return the answers of some wordings that ended in a time, in the order of time.

        :param since: nanoseconds; None: open
        :param before: nanoseconds, itself not in it; None: open
        :param camera: of this one; empty: of all
        :param limit: so many at most
        :param latest: of the latest; else of the earliest
        """
        condition, values = f'e.state = {int(State.RESPONSE)}', []
        for part, value in (
                ('e.ended >= ?', since), ('e.ended < ?', before),
                ('e.camera = ?', camera or None)):
            if value is not None:
                condition += f' and {part}'
                values.append(value)
        with _errors(self._path):
            self._connection.execute(
                'create temp table if not exists asked (id integer primary key)')
            self._connection.execute('delete from asked')
            self._connection.executemany(
                'insert into asked values (?)', [(saying,) for saying in sayings])
            rows = self._connection.execute(
                f'select {_COLUMNS} from events e join sayings s on s.id = e.saying '
                f'where {condition} and e.saying in (select id from asked) '
                + ('order by e.ended desc, e.id desc limit ?' if latest else
                   'order by e.ended, e.id limit ?'), [*values, limit]).fetchall()
        return [_event(row) for row in (reversed(rows) if latest else rows)]

    def cameras(self) -> list[str]:
        """Return the cameras that the log has events of."""
        with _errors(self._path):
            return [camera for (camera,) in self._connection.execute(
                'select distinct camera from events')]

    def gaps(self, since: int | None, before: int | None) -> list[Gap]:
        """Return what could not be kept of a time, in nanoseconds; None: open."""
        with _errors(self._path):
            rows = self._connection.execute(
                'select began, ended, count from gaps where ended >= ? and began < ?',
                (-_EVER if since is None else since, _EVER if before is None else before)
            ).fetchall()
        return [Gap(*row) for row in rows]

    def oldest(self) -> Event | None:
        """Return the event that was logged first of those that are there; None: there is none."""
        with _errors(self._path):
            row = self._connection.execute(
                f'select {_COLUMNS} from events e join sayings s on s.id = e.saying '
                'order by e.id limit 1').fetchone()
        return None if row is None else _event(row)

    def stamped_by_the_clock(self) -> bool:
        """Return whether all frames were stamped by the clock that the log was written by."""
        with _errors(self._path):
            return self._connection.execute(
                'select 1 from events where logged != 0 and '
                'abs(logged - ended) > 600000000000 limit 1').fetchone() is None


class _errors:  # noqa: N801 - reads as a function
    """Turns what SQLite raises into a sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise EventLogError(
                f'the event log {self._path} cannot be read ({error})') from error


def _condition(query: EventQuery) -> tuple[str, list[Any]]:
    """Return what of a query is a plain condition on a row ``e``, and the values in it."""
    parts: list[str] = ['1']
    values: list[Any] = []
    if query.since is not None:
        parts.append('e.ended >= ?')
        values.append(query.since)
    if query.camera:
        parts.append('e.camera = ?')
        values.append(query.camera)
    if query.words:
        # Quoted: no word of a question is an operator. Without any letter nothing is found.
        words = re.findall(r'\w+', query.words)
        if words:
            parts.append('e.saying in (select rowid from words where words match ?)')
            values.append(' '.join(f'"{word}"' for word in words))
        else:
            parts.append('0')
    return ' and '.join(parts), values


def _event(row: Any) -> Event:
    state, *middle, pose, pictures, id, data = row
    (began, ended, camera, instruction_id, instruction, text, complete, epoch, probability,
     latency_s, response_seq, checkpoint, frame_id, logged) = middle
    return Event(
        State(state), began, ended, camera, instruction_id, instruction, text, bool(complete),
        epoch, probability, latency_s, response_seq, checkpoint, frame_id, logged, pose_of(pose),
        pictures, id, data)
