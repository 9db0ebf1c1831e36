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
The path of an SQLite bag as ``rosbags`` has to write it into SQLite's URI.

``rosbags`` puts the path into a URI as it is, so that a ``%``, ``?`` or ``#`` in it names another
file, and opens the file as one that nobody changes, which leaves out its write-ahead log: what a
recorder that was killed had not yet moved from ``-wal`` into the database.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

_WAL = 'unix-none'  # SQLite's file system without locks: nothing is written beside the bag


class DatabasePath(type(Path())):  # type: ignore[misc]
    """A path that is a URI's path where it is formatted, and itself everywhere else."""

    def __format__(self, specification: str) -> str:
        """Return it for ``f'file:{path}?immutable=1'``."""
        name = quote(os.fsencode(self))
        wal = Path(f'{os.fspath(self)}-wal')
        if not wal.is_file() or not wal.stat().st_size:
            return name
        return f'{name}?mode=ro&vfs={_WAL}&instead_of='


def read_logs() -> None:
    """Have SQLite read the write-ahead logs of databases opened by such a path, from now on."""
    try:
        import apsw
    except ModuleNotFoundError:  # an earlier rosbags, which reads without it
        return
    if _keep_index_in_memory not in apsw.connection_hooks:
        apsw.connection_hooks.append(_keep_index_in_memory)


def _keep_index_in_memory(connection: Any) -> None:
    import apsw
    if connection.open_flags & apsw.SQLITE_OPEN_READONLY:
        connection.pragma('locking_mode', 'exclusive')  # no -shm file then
