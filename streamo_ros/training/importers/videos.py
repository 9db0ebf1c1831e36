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
Films of a data set: where they lie in a folder, and how long they are.

Annotations name a film by an identifier, a name with another suffix, or a path of another tree.
Of several files of the name the one counts that shares the most folders with what is asked for.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
import os
from pathlib import Path
import sqlite3

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.files import MOST_TURNS
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.conversion.turn_count import video_length
from streamo_ros.training.conversion.turn_count import VideoError
from streamo_ros.training.json_records import FileError

_SUFFIXES = frozenset(
    f'.{name}' for name in '3gp avi flv m4v mkv mov mp4 mpeg mpg mts ogv ts webm wmv'.split())


@dataclass(frozen=True)
class Film:
    """
    A film that annotations are about.

    :param source: the data set
    :param path: relative to the folder of the films
    :param duration: seconds; None where nothing says it
    """

    source: str
    path: str
    duration: float | None

    @property
    def name(self) -> str:
        """The name of the film's file."""
        return self.path.rpartition('/')[2]


class Videos:
    """
    The films of a folder, folders within it included.

    Their names lie in a temporary database on disk, so that memory does not grow with the folder.

    :param durations: seconds by a film's path or name, for films that are not there
    :raises FileError: when the folder cannot be read
    """

    def __init__(self, folder: Path, durations: Mapping[str, object] | None = None) -> None:
        self._folder = folder
        self._durations = durations or {}
        self._last: tuple[str, float | None] = '', None  # records of a film mostly follow another
        self._files = sqlite3.connect('')  # a name of nothing: a file that is gone when closed
        self._files.execute('CREATE TABLE film (stem TEXT, path TEXT)')
        if not folder.is_dir():
            raise FileError(f'{folder} is no folder: give the one that the videos lie in')
        self._files.executemany(
            'INSERT INTO film VALUES (?, ?)',
            ((stem(path), path) for path in _paths(os.fspath(folder), '')))
        self._files.execute('CREATE INDEX by_stem ON film (stem)')

    def film(
        self, source: str, name: str, note: Callable[[Finding], None], *,
        duration: object = None, field: str = 'duration', other: str = '',
    ) -> Film:
        """
        Return a film by what an annotation calls it.

        :param note: told when the film is not there, or nothing says how long it is
        :param duration: as it is spelt in the annotation; None or empty where it does not say
        :param field: where it stands
        :param other: another name, looked for where the first is not found
        :raises BadRecord: when a duration is none
        """
        path = self._found(name) or (self._found(other) if other else None)
        is_there = path is not None
        if path is None:
            path = name if stem(name) != name.rpartition('/')[2] else f'{name}.mp4'
            note(Finding('no-video', 'video', f'{name} is not in {self._folder}'))
        return Film(source, path, self._seconds(path, name, is_there, duration, field, note))

    def _found(self, name: str) -> str | None:
        wanted = name.split('/')
        best, found = -1, None
        for (path,) in self._files.execute(
                'SELECT path FROM film WHERE stem = ? ORDER BY path', (stem(name),)):
            parts = path.split('/')
            shared = 2 * sum(
                1 for _ in _while_equal(parts[-2::-1], wanted[-2::-1])) + (parts[-1] == wanted[-1])
            if shared > best:
                best, found = shared, path
        return found

    def _seconds(
        self, path: str, name: str, is_there: bool, duration: object, field: str,
        note: Callable[[Finding], None],
    ) -> float | None:
        # As streamo convert has it: the film itself counts most.
        if is_there and (length := self._length(path, note)) is not None:
            return length
        known = [self._durations[key] for key in (path, name, path.rpartition('/')[2])
                 if key in self._durations]
        for value, where in [*((value, 'duration') for value in known), (duration, field)]:
            seconds = read_seconds(value, where)
            if seconds is None:
                continue
            if not 0 < seconds < MOST_TURNS:
                raise BadRecord(where, f'{value!r:.60} is the length of no film')
            return seconds
        note(Finding('no-duration', field, f'nothing says how long {name} is'))
        return None

    def _length(self, path: str, note: Callable[[Finding], None]) -> float | None:
        if self._last[0] != path:
            try:
                length = video_length(os.path.join(self._folder, path))
                self._last = path, length.last + 1 / length.rate
            except VideoError as error:
                note(Finding('unreadable-video', 'video', str(error)))
                self._last = path, None
        return self._last[1]


def _while_equal(ours: list[str], theirs: list[str]) -> Iterator[str]:
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            return
        yield mine


def stem(path: str) -> str:
    """Return a film's name without folders and the suffixes of films; other dots are its own."""
    name = path.rpartition('/')[2]
    while (parts := os.path.splitext(name))[1].lower() in _SUFFIXES:
        name = parts[0]
    return name


def _encodes(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _leads_up(link: str) -> bool:
    """Return whether a link leads to a folder that it lies in itself."""
    target = os.path.realpath(link)
    return os.path.commonpath([target, os.path.realpath(os.path.dirname(link))]) == target


def _paths(folder: str, inside: str) -> Iterator[str]:
    """Yield the paths of all films, with slashes, relative to the outermost folder."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # A name that is no UTF-8 can stand in no annotation.
                if entry.name.startswith('.') or not _encodes(entry.name):
                    continue
                if entry.is_symlink() and (
                        not os.path.exists(entry.path) or _leads_up(entry.path)):
                    continue
                if entry.is_dir():
                    yield from _paths(entry.path, f'{inside}{entry.name}/')
                elif os.path.splitext(entry.name)[1].lower() in _SUFFIXES:
                    yield inside + entry.name
    except OSError as error:
        raise FileError(f'{folder} cannot be read ({error.strerror or error})') from error
