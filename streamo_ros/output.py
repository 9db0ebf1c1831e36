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
Where output goes: nothing that this package did not make is destroyed or replaced.

Every writer of the package goes through here. The rule, for whoever adds one:

- A file that is there already is replaced only when it is empty, or when its content shows that
  this package wrote it. It is replaced whole, by a temporary file beside it that nobody else can
  have made (exclusive, not followed if it is a link), so a kill or a full disk leaves the old one.
- A symbolic link stays: what it leads to is judged and replaced. A device, a pipe or a socket is
  written through. ``/dev/stdout`` and its like are the open file itself.
- A folder is written into when it is new, empty, or carries our mark for the same kind of run.
  The mark is locked while a run goes on, and the lock ends with the process.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
import errno
import fcntl
import json
import os
from pathlib import Path
import re
import shutil
import stat
import tempfile
from types import TracebackType
from typing import Any
from typing import BinaryIO
from typing import IO

from streamo_ros.errors import UserError

MARK = '.streamo_ros.json'
"""In each folder that this package made: the kind of run, and what the run depends on."""

WRITER = 'streamo_ros'
"""The key that marks a JSON object as written by this package."""

_HEAD_BYTES = 1 << 16
# Links that lead in a circle are a RuntimeError, a zero byte in a name is a ValueError.
_TROUBLE = (OSError, RuntimeError, ValueError)
_DESCRIPTOR = re.compile(r'/(?:dev/(?:fd/(\d+)|(stdin|stdout|stderr))|proc/self/fd/(\d+))')
_STANDARD = {'stdin': 0, 'stdout': 1, 'stderr': 2}


class OutputError(UserError, OSError):
    """Output that cannot be written where it was asked for; the message says what would help."""


Recognise = Callable[[bytes], bool]
"""Whether the first bytes of a file (up to 64 KiB) show that this package wrote it."""


def _anything(head: bytes) -> bool:
    return True


def nothing(head: bytes) -> bool:
    """Recognise no file: one that is there and not empty is never replaced."""
    return False


def own_json(head: bytes) -> bool:
    """Recognise a JSON object that ``write_json`` wrote."""
    return re.match(rf'\s*\{{\s*"{WRITER}"\s*:'.encode(), head) is not None


def lines_with(*keys: str) -> Recognise:
    """Return what recognises JSON lines whose first object has exactly these keys."""
    def recognise(head: bytes) -> bool:
        try:
            first = json.loads(head.partition(b'\n')[0])
        except (ValueError, RecursionError):
            return False
        return isinstance(first, dict) and set(first) == set(keys)
    return recognise


@contextmanager
def written(
    target: Path, recognise: Recognise = nothing, *, private: bool = False,
) -> Iterator[BinaryIO]:
    """
    Give a file to write that takes the target's place only when all is written.

    :param recognise: which files that are there may be replaced
    :param private: readable by this user alone
    :raises OutputError: when the target is not ours to replace, or cannot be written; what was
        there is still there
    """
    try:
        if (descriptor := _descriptor(target)) is not None:
            with open(os.dup(descriptor), 'wb') as file:
                yield file
            return
        place = target.resolve()
        if (through := _opened_through(place)) is not None:
            with through as file:
                yield file
            return
        check_replaceable(target, recognise)
        with _temporary(place, private) as (new, file):
            yield file
            file.flush()
            os.fsync(file.fileno())
            check_replaceable(target, recognise)  # again: it may be another's by now
            os.replace(new, place)
    except OutputError:
        raise
    except _TROUBLE as error:
        reason = getattr(error, 'strerror', None) or error
        raise OutputError(f'{target} cannot be written ({reason}): give another file') from error


def write_text(
    target: Path, text: str, recognise: Recognise = nothing, *, private: bool = False,
) -> None:
    """
    Write a whole text file as UTF-8.

    :raises OutputError: as ``written`` does
    """
    data = text.encode('utf-8', 'surrogateescape')
    with written(target, recognise, private=private) as file:
        file.write(data)


def write_json(target: Path, value: Mapping[str, Any]) -> None:
    """
    Write figures as a JSON object that says who wrote it, so that the next run may replace it.

    :raises OutputError: as ``written`` does
    """
    whole = {WRITER: 'figures', **value}
    write_text(target, json.dumps(whole, indent=2, ensure_ascii=False) + '\n', own_json)


def check_figures(target: Path | None, coming: Path | None = None) -> None:
    """
    Find out, before long work, whether ``write_json`` may write here.

    :param target: None where no figures are wanted
    :param coming: a folder that the run will make
    :raises OutputError: when it may not
    """
    if target is None:
        return
    try:
        folder = target.resolve().parent
        within = coming is not None and not folder.exists() and folder.is_relative_to(
            coming.resolve())
    except _TROUBLE:
        within = False  # what is wrong is said below, or by the run whose folder it is
    if not within:
        check_replaceable(target, own_json)


def opened(target: Path, recognise: Recognise = nothing) -> BinaryIO:
    """
    Open a file that is written bit by bit and may be read meanwhile.

    :param recognise: which files that are there may be written anew
    :raises OutputError: when the target is not ours to replace, or cannot be opened
    """
    check_replaceable(target, recognise)
    try:
        if (descriptor := _descriptor(target)) is not None:
            return open(os.dup(descriptor), 'wb')
        return _opened_through(target.resolve()) or target.resolve().open('wb')
    except OutputError:
        raise
    except _TROUBLE as error:
        reason = getattr(error, 'strerror', None) or error
        raise OutputError(f'{target} cannot be written ({reason}): give another file') from error


def check_replaceable(target: Path, recognise: Recognise = nothing) -> None:
    """
    Find out, before long work, whether ``written`` may write here.

    :raises OutputError: when it may not
    """
    if _descriptor(target) is not None:
        return
    try:
        place = target.resolve()
        found = os.stat(place)
        if stat.S_ISREG(found.st_mode) and found.st_size:
            with place.open('rb') as file:
                head = file.read(_HEAD_BYTES)
        else:
            head = b''
    except FileNotFoundError:
        if not target.resolve().parent.is_dir():
            raise OutputError(
                f'{target} cannot be written: {target.parent} is no folder; make it first'
            ) from None
        _check_access(target)
        return
    except _TROUBLE as error:
        reason = getattr(error, 'strerror', None) or error
        raise OutputError(f'{target} cannot be used ({reason}): give another file') from error
    if stat.S_ISDIR(found.st_mode):
        raise OutputError(f'{target} is a folder: give the name of a file')
    if head and not recognise(head):
        raise OutputError(
            f'{target} is there already and was not written by this command: give another name, '
            'or move it away')
    if stat.S_ISREG(found.st_mode):
        _check_access(target)


def _check_access(target: Path) -> None:
    if not os.access(target.resolve().parent, os.W_OK | os.X_OK):
        raise OutputError(
            f'{target} cannot be written: its folder may not be written to; give another file')


class OutputFolder:
    """
    A folder that a run writes into; used as a context, locked meanwhile.

    A run that fails before it wrote anything leaves the place as it was.

    :param kind: of the run, such as ``evaluation``; a folder of another kind is refused
    :param run: what results depend on; a folder of the same kind but another run is refused.
        Empty: any run of the kind may go on here
    :raises OutputError: when the folder is not ours, belongs to another run or is in use
    """

    def __init__(self, path: Path, kind: str, run: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self._kind = kind
        self._run = json.loads(json.dumps(run or {}))
        self._lock: IO[str] | None = None
        self._begun: tuple[Path, ...] = ()

    def __enter__(self) -> 'OutputFolder':
        try:
            self._lock = self._claimed()
        except OutputError:
            raise
        except _TROUBLE as error:
            reason = getattr(error, 'strerror', None) or error
            raise OutputError(
                f'{self.path} cannot be used ({reason}): give another folder') from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is None:
            return
        if error is not None and os.listdir(self.path) == [MARK]:
            for made in self._begun:
                made.unlink() if made.name == MARK else made.rmdir()
        self._lock.close()
        self._lock = None

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """
        Give a file of the folder to write; as ``written``, but what a run left there is replaced.

        :raises OutputError: when a link, a device or a folder has the name, or on a full disk
        """
        target = self.path / name
        if os.path.lexists(target) and not stat.S_ISREG(os.lstat(target).st_mode):
            raise OutputError(f'{target} is no plain file: move it away')
        with written(target, _anything) as file:
            yield file

    def place(self, name: str) -> Path:
        """
        Return a file of the folder that a library writes into; an empty one where there is none.

        It is for this user alone.

        :raises OutputError: when a link, a device or a folder has the name, or it cannot be made
        """
        target = self.path / name
        try:
            descriptor = os.open(
                target, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
                0o600)
            plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
            os.close(descriptor)
        except OSError as error:
            if os.path.lexists(target) and not stat.S_ISREG(os.lstat(target).st_mode):
                plain = False
            else:
                raise OutputError(
                    f'{target} cannot be written ({error.strerror}): give another folder'
                ) from error
        if not plain:
            raise OutputError(f'{target} is no plain file: move it away')
        return target

    def write_text(self, name: str, text: str) -> None:
        """Write a text file of the folder as UTF-8; errors as of ``file``."""
        with self.file(name) as file:
            file.write(text.encode('utf-8', 'surrogateescape'))

    def clear(self) -> None:
        """Remove what is in the folder but its mark."""
        for entry in self.path.iterdir():
            if entry.name == MARK:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _claimed(self) -> IO[str]:
        """Make the folder ours, or find that it is; return its mark, locked."""
        mark = self.path / MARK
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f'{self.path} is no folder: give the name of a new one')
        made = () if self.path.exists() else (self.path,)
        self.path.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(mark) and any(self.path.iterdir()):
            raise OutputError(
                f'{self.path} holds something that this command did not make: give a folder that '
                'is new or empty')
        if not os.path.lexists(mark):
            self._begun = (mark, *made)
        # Not followed: a mark that is a link is none of ours.
        descriptor = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        file = open(descriptor, 'r+', encoding='utf-8')
        try:
            self._take(file)
        except BaseException:
            file.close()
            raise
        return file

    def _take(self, file: IO[str]) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise OutputError(
                f'{self.path} is in use by another run: wait for it, or give another folder'
            ) from None
        text = file.read(_HEAD_BYTES)
        if not text:  # new, or its maker was killed before it wrote the mark
            json.dump({'kind': self._kind, 'run': self._run}, file, indent=1)
            file.flush()
            return
        try:
            mark = json.loads(text)
            kind, run = mark['kind'], mark['run']
        except (ValueError, KeyError, TypeError, RecursionError):
            raise OutputError(
                f'{self.path / MARK} cannot be read: give another folder, or delete this one'
            ) from None
        if kind != self._kind:
            raise OutputError(
                f'{self.path} holds a run of another kind ({kind}): give another folder')
        if self._run and run != self._run:
            changed = ', '.join(
                sorted(name for name in {*self._run, *run}
                       if self._run.get(name) != run.get(name)))
            raise OutputError(
                f'{self.path} holds a run with another {changed}: give another folder')


def folder_name(name: str) -> str:
    """Return a name for a folder of ours inside another: never hidden, no way up or down."""
    plain = ''.join(letter if letter.isprintable() and letter not in '/\\' else '_'
                    for letter in name).lstrip('. ').rstrip()
    return plain or 'unnamed'


def _descriptor(target: Path) -> int | None:
    """Return the open descriptor that a path such as /dev/stdout stands for."""
    match = _DESCRIPTOR.fullmatch(os.path.abspath(target))
    if match is None:
        return None
    return _STANDARD[match[2]] if match[2] else int(match[1] or match[3])


def _opened_through(place: Path) -> BinaryIO | None:
    """Return a device, pipe or socket opened for writing; None for anything else."""
    try:
        mode = os.stat(place).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise OutputError(f'{place} is a disk or a socket: give the name of a file')
    try:  # a pipe that nobody reads must not be waited for
        descriptor = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OutputError(f'{place} is a pipe that nobody reads: start its reader first'
                              ) from None
        raise
    os.set_blocking(descriptor, True)
    return open(descriptor, 'wb')


@contextmanager
def _temporary(place: Path, private: bool) -> Iterator[tuple[str, BinaryIO]]:
    """Give the name of a new file beside the place, and the file; gone unless it was renamed."""
    descriptor, name = tempfile.mkstemp(prefix=f'.{place.name[:64]}.', suffix='.new',
                                        dir=place.parent)
    try:
        if not private:
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(descriptor, 0o666 & ~mask)
        with open(descriptor, 'wb') as file:
            yield name, file
    finally:
        try:
            os.unlink(name)
        except FileNotFoundError:
            pass
