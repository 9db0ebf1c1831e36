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
The event log as one thread writes it: events added, the oldest removed.

It lies in a folder that carries our mark and is locked while it is open: two nodes cannot write
one log.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace
import json
from pathlib import Path
import sqlite3
import time

from streamo_ros.events.event import Event
from streamo_ros.events.event import Gap
from streamo_ros.events.event import Picture
from streamo_ros.events.event import Pose
from streamo_ros.events.schema import connect
from streamo_ros.events.schema import EventLogError
from streamo_ros.output import OutputFolder

KIND = 'event log'
FILE = 'events.sqlite3'

SMALLEST_BYTES = 16 * 2**20
"""A bound on bytes that is lower than this leaves no room for the journal."""

_JOURNAL_BYTES = 8 * 2**20   # what the write-ahead log and its index may take beside the file
_BATCH = 64                  # events that are removed in one transaction


@dataclass(frozen=True)
class Bounds:
    """
    What the log may grow to; the oldest events go first.

    :param days: how old an event may be, by the machine's clock
    :param bytes: what the folder may take, ``SMALLEST_BYTES`` or more
    :param events: how many there may be
    """

    days: float
    bytes: int
    events: int


class EventLog:
    """
    The log, open for writing; used as a context, by one thread.

    :param folder: new, empty or a log's
    :raises OutputError: when the folder is not ours, or another process writes to it
    :raises EventLogError: when the file in it cannot be used
    """

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        self._bounds = bounds
        self._stack = ExitStack()
        try:
            marked = self._stack.enter_context(OutputFolder(folder, KIND))
            self.path = marked.place(FILE)
            self._connection = connect(self.path)
            self._stack.callback(self._connection.close)
            (self._count,) = self._connection.execute('select count(*) from events').fetchone()
        except BaseException as error:
            self._stack.close()
            if isinstance(error, sqlite3.Error):
                raise EventLogError(f'the event log {folder} cannot be read ({error})') from error
            raise

    def __enter__(self) -> 'EventLog':
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def count(self) -> int:
        """Return how many events there are."""
        return int(self._count)

    def add(
        self, entries: Sequence[tuple[Event, Sequence[Picture]]], gap: Gap | None = None
    ) -> list[Event]:
        """
        Add events with their pictures, all or none, and return them as they are in the log.

        :param gap: what could not be kept before them
        :raises EventLogError: when they cannot be written, as on a full disk
        """
        with self._transaction():
            if gap is not None:
                self._connection.execute(
                    'insert into gaps (began, ended, count) values (?, ?, ?)',
                    (gap.began, gap.ended, gap.count))
            added = [self._insert(event, pictures) for event, pictures in entries]
        self._count += len(added)
        return added

    def holds(self, event: Event) -> bool:
        """Return whether an event is in the log, by all that tells one from another."""
        try:
            return self._connection.execute(
                'select 1 from events where ended = ? and camera = ? and instruction_id = ? and '
                'response_seq = ? and logged = ?', (
                    event.ended, event.camera, event.instruction_id, event.response_seq,
                    event.logged)).fetchone() is not None
        except sqlite3.Error as error:
            raise EventLogError(
                f'the event log {self.path} cannot be read ({error})') from error

    def prune(self) -> int:
        """
        Remove the oldest events until the log is within its bounds; return how many went.

        :raises EventLogError: when that cannot be written
        """
        removed = 0
        while (oldest := self._excess()):
            with self._transaction():
                self._remove(oldest)
            self._count -= len(oldest)
            removed += len(oldest)
        if removed:
            try:
                # A script runs to its end; execute() would give back a single page.
                self._connection.executescript('pragma incremental_vacuum')
            except sqlite3.Error as error:
                raise EventLogError(
                    f'the event log {self.path} cannot be made smaller ({error})') from error
        return removed

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute('begin immediate')
            yield
            self._connection.execute('commit')
        except BaseException as error:
            if self._connection.in_transaction:  # some failures have ended it themselves
                self._connection.execute('rollback')
            if isinstance(error, sqlite3.Error):
                raise EventLogError(
                    f'the event log {self.path} cannot be written ({error})') from error
            raise

    def _insert(self, event: Event, pictures: Sequence[Picture]) -> Event:
        execute = self._connection.execute
        words = (event.instruction, event.text)
        execute('insert or ignore into sayings (instruction, text) values (?, ?)', words)
        (saying,) = execute(
            'select id from sayings where instruction = ? and text = ?', words).fetchone()
        pose = None if event.pose is None else json.dumps(
            [event.pose.frame, *event.pose.position, *event.pose.orientation])
        values = (
            int(event.state), event.began, event.ended, event.camera, event.frame_id,
            event.instruction_id, saying, event.complete, event.epoch, event.probability,
            event.latency_s, event.response_seq, event.checkpoint, event.logged, pose,
            len(pictures), time.time_ns(), event.data)
        id = execute(
            'insert into events (state, began, ended, camera, frame_id, instruction_id, saying, '
            'complete, epoch, probability, latency_s, response_seq, checkpoint, logged, pose, '
            'pictures, written, data) '
            'values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            values).lastrowid
        assert id is not None
        for picture in pictures:
            execute('insert into pictures (event, stamp, jpeg) values (?, ?, ?)',
                    (id, picture.stamp, picture.jpeg))
        return replace(event, id=id, pictures=len(pictures))

    def _excess(self) -> list[tuple[int, int]]:
        """Return (id, saying) of some of the oldest events, if the bounds do not allow them."""
        oldest = self._connection.execute(
            'select id, saying, written from events order by id limit ?', (_BATCH,)).fetchall()
        before = time.time_ns() - int(self._bounds.days * 86400e9)
        old = sum(written < before for *_, written in oldest)
        over = max(old, min(len(oldest), self._count - self._bounds.events))
        if over <= 0 and self._bytes() > self._bounds.bytes - _JOURNAL_BYTES:
            over = min(len(oldest), 8)
        return [(id, saying) for id, saying, _ in oldest[:max(0, over)]]

    def _bytes(self) -> int:
        """Return what the file needs, in bytes: pages that are free are filled before it grows."""
        size, pages, free = (
            self._connection.execute(f'pragma {name}').fetchone()[0]
            for name in ('page_size', 'page_count', 'freelist_count'))
        return int(size) * (int(pages) - int(free))

    def _remove(self, oldest: Sequence[tuple[int, int]]) -> None:
        last = oldest[-1][0]
        (ended,) = self._connection.execute(
            'select max(ended) from events where id <= ?', (last,)).fetchone()
        self._connection.execute('delete from events where id <= ?', (last,))
        self._connection.execute('delete from gaps where ended < ?', (ended,))
        for saying in {saying for _, saying in oldest}:
            self._connection.execute(
                'delete from sayings where id = ? and not exists '
                '(select 1 from events where saying = sayings.id)', (saying,))


def pose_of(text: str | None) -> Pose | None:
    """Return the pose that a row of the table has."""
    if text is None:
        return None
    frame, *numbers = json.loads(text)
    x, y, z, *orientation = map(float, numbers)
    return Pose(frame, (x, y, z), (orientation[0], orientation[1], orientation[2], orientation[3]))
