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

"""What the module of a data set says: how its files are read, and what becomes of a record."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers.videos import Videos
from streamo_ros.training.json_records import read_members
from streamo_ros.training.json_records import read_records

OnRead = Callable[[int], object]
"""Called with the size of each piece read, in bytes."""
Note = Callable[[Finding], None]
"""Called with what was not taken as it stood."""
JSON = ('.json', '.jsonl', '.ndjson')
_BESIDE_MEMBERS = ('version', 'VERSION', 'taxonomy')


@dataclass(frozen=True)
class Importer:
    """
    How the annotations of one data set are imported.

    :param read: a file to (index, record); what cannot be read is a ``BadRecord`` in its place
    :param convert: a record to raw annotations; raises ``BadRecord`` when it gives none
    :param identity: a record to (field, value) of what two records of a file may not share; a
        value of None stands for none
    :param suffixes: of the files that are read in a folder
    """

    read: Callable[[Path, OnRead], Iterator[tuple[int, Any]]]
    convert: Callable[[Any, Videos, Note], Iterable[Annotation]]
    identity: Callable[[Any], tuple[str, object]]
    suffixes: tuple[str, ...] = JSON


def elements(file: Path, on_read: OnRead) -> Iterator[tuple[int, Any]]:
    """Read an array, or JSON lines."""
    return enumerate(read_records(file, on_read))


def members(file: Path, on_read: OnRead) -> Iterator[tuple[int, Any]]:
    """Read an object by its members, as ``Member``; those of ``database`` where it has one."""
    kept = (
        member for member in read_members(file, 'database', on_read)
        if isinstance(member, BadRecord) or member.key not in _BESIDE_MEMBERS)
    return enumerate(kept)


def key(record: Any) -> tuple[str, object]:
    """Identify a ``Member`` by its key."""
    return 'key', record.key


def field(name: str) -> Callable[[Any], tuple[str, object]]:
    """Return what identifies a record by one of its fields."""
    def identity(record: Any) -> tuple[str, object]:
        return name, record.get(name) if isinstance(record, dict) else None
    return identity


def nothing(record: Any) -> tuple[str, object]:
    """Identify no record: only those that are the same throughout are one."""
    return '', None
