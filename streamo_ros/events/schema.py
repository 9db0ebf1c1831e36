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
The tables of the event log, and how older files become newer ones.

A file of an older version is migrated when it is opened for writing, one version a transaction, so
that a kill leaves the one before. Published migrations stay as they are: what changes is a further
one. What is repeated again and again, an instruction and an answer in the same words, is stored
once, as a saying; its words are indexed once, too.
"""

import os
from pathlib import Path
import sqlite3

from streamo_ros.errors import UserError

APPLICATION_ID = 0x73747265
"""In the header of each file of ours, so that another's database is never written to."""

BUSY_S = 5.0
"""How long a connection waits for another one's lock."""

LONG_NS = 3600 * 10**9
"""
Events that took longer are found by an index of their own: all others that touch a time have ended
within so long of it.
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        create table sayings (
            id integer primary key, instruction text not null, text not null,
            unique (instruction, text))
        """,
        """
        create virtual table words using fts5 (
            instruction, text, content='sayings', content_rowid='id',
            tokenize='porter unicode61 remove_diacritics 2')
        """,
        """
        create trigger saying_added after insert on sayings begin
            insert into words (rowid, instruction, text)
            values (new.id, new.instruction, new.text);
        end
        """,
        """
        create trigger saying_removed after delete on sayings begin
            insert into words (words, rowid, instruction, text)
            values ('delete', old.id, old.instruction, old.text);
        end
        """,
        """
        create table events (
            id integer primary key autoincrement, state integer not null, began integer not null,
            ended integer not null, camera text not null, frame_id text not null,
            instruction_id text not null, saying integer not null references sayings (id),
            complete integer not null, epoch integer not null, probability real not null,
            latency_s real not null, response_seq integer not null, checkpoint text not null,
            logged integer not null, pose text, pictures integer not null,
            written integer not null)
        """,
        'create index events_by_time on events (ended, id)',
        'create index events_by_camera on events (camera, ended, id)',
        'create index events_by_instruction on events (instruction_id, ended, id)',
        'create index events_by_saying on events (saying, ended, id)',
        """
        create index events_of_other_clocks on events (id)
        where logged != 0 and abs(logged - ended) > 600000000000
        """,
        """
        create table pictures (
            event integer not null references events (id) on delete cascade,
            stamp integer not null, jpeg blob not null)
        """,
        'create index pictures_by_event on pictures (event)',
        """
        create table gaps (
            id integer primary key, began integer not null, ended integer not null,
            count integer not null)
        """,
    ),
    (
        f"""
        create index long_events on events (began, ended) where ended - began > {LONG_NS}
        """,
        "alter table events add column data text not null default ''",
    ),
)


class EventLogError(UserError):
    """The event log cannot be used; the message says why."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """
    Open the file of a log that is there already, in autocommit mode.

    :raises EventLogError: when it is not one, or of a later version than this package knows
    """
    mode = 'ro' if read_only else 'rw'
    try:
        connection = sqlite3.connect(
            f'{Path(os.path.realpath(path)).as_uri()}?mode={mode}', uri=True, isolation_level=None,
            timeout=BUSY_S, check_same_thread=False)
        try:
            _prepare(connection, path, read_only)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise EventLogError(f'the event log {path} cannot be opened ({error})') from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    version = _value(connection, 'pragma user_version')
    tables = _value(connection, 'select count(*) from sqlite_master')
    if (tables or version) and _value(connection, 'pragma application_id') != APPLICATION_ID:
        raise EventLogError(
            f'{path} is the database of another program: give another folder')
    if version > len(MIGRATIONS):
        raise EventLogError(
            f'the event log {path} is of version {version}, which a later release wrote; this one '
            f'knows version {len(MIGRATIONS)}: give another folder')
    if read_only:
        if version < len(MIGRATIONS):
            raise EventLogError(
                f'the event log {path} is of version {version}: the node brings it to version '
                f'{len(MIGRATIONS)} when it writes to it')
        return
    if not version:
        connection.execute('pragma auto_vacuum = incremental')  # before there are tables
    connection.execute('pragma journal_mode = wal')
    # Each commit waits for the disk: what is committed outlives a loss of power as well.
    connection.execute('pragma synchronous = full')
    connection.execute('pragma foreign_keys = on')
    connection.execute(f'pragma journal_size_limit = {4 * 2**20}')
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        connection.execute('begin immediate')
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f'pragma application_id = {APPLICATION_ID}')
            connection.execute(f'pragma user_version = {number}')
            connection.execute('commit')
        except BaseException:
            connection.execute('rollback')
            raise


def _value(connection: sqlite3.Connection, statement: str) -> int:
    (value,) = connection.execute(statement).fetchone()
    return int(value)
