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
Answers that are published before they are logged, where no disk is waited for.

Each is a file in shared memory until it is logged or given up. That takes microseconds, and
outlives the process: after ``kill -9`` whoever opens the log next finds it there. A file comes
into being whole and locked; the lock ends with its process, so what can be locked is left over.
"""

from collections.abc import Callable
from dataclasses import asdict
from dataclasses import dataclass
import errno
import fcntl
import hashlib
import json
import os
from pathlib import Path
import secrets
import stat
from typing import Any

from streamo_ros.dialogue.state import State
from streamo_ros.events.event import Event
from streamo_ros.events.event import Pose

SHARED = Path('/dev/shm')

_MOST_BYTES = 1 << 20   # of one answer


@dataclass(frozen=True)
class LeftOver:
    """
    An answer of a process that ended before it was logged.

    :param remove: called when it is in the log
    :param leave: called when it could not be logged: somebody may do it later
    """

    event: Event
    remove: Callable[[], None]
    leave: Callable[[], None]


class EarlyAnswers:
    """The answers of one log that are published and not logged."""

    def __init__(self, log: Path, shared: Path = SHARED) -> None:
        key = hashlib.sha256(os.fsencode(log.absolute())).hexdigest()[:16]
        self._shared = shared
        self._prefix = f'streamo_ros.{os.getuid()}.{key}.'

    def keep(self, event: Event) -> Callable[[], None]:
        """
        Keep an answer that is about to be published; return what removes it.

        :raises OSError: when there is no shared memory, or no room in it
        """
        descriptor = os.open(self._shared, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            text = json.dumps(asdict(event)).encode()
            if os.write(descriptor, text) != len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            path = self._shared / f'{self._prefix}{secrets.token_hex(8)}'
            folder = os.open(self._shared, os.O_PATH | os.O_CLOEXEC)
            try:
                # With a folder's descriptor alone the link in /proc is followed.
                os.link(f'/proc/self/fd/{descriptor}', path.name, dst_dir_fd=folder)
            finally:
                os.close(folder)
        except BaseException:
            os.close(descriptor)
            raise
        return lambda: _remove(path, descriptor)

    def left_over(self) -> list[LeftOver]:
        """Return what processes that ended have left, oldest first; nobody else gets it now."""
        found = []
        try:
            paths = [*self._shared.glob(f'{self._prefix}*')]
        except OSError:
            return []
        for path in paths:
            try:
                descriptor = os.open(
                    path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.append(_left_over(path, descriptor))
            except OSError:  # of a process that lives
                os.close(descriptor)
            except (KeyError, TypeError, ValueError):  # of another version: nobody can read it
                _remove(path, descriptor)
        return sorted(found, key=lambda one: one.event.logged)


def _left_over(path: Path, descriptor: int) -> LeftOver:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
        raise PermissionError(f'{path} is not ours')
    fields: dict[str, Any] = json.loads(os.read(descriptor, _MOST_BYTES))
    pose = fields.pop('pose')
    event = Event(
        **{**fields, 'state': State(fields['state']), 'pose': pose and Pose(
            pose['frame'], tuple(pose['position']), tuple(pose['orientation']))})
    return LeftOver(
        event, lambda: _remove(path, descriptor), lambda: os.close(descriptor))


def _remove(path: Path, descriptor: int) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)
