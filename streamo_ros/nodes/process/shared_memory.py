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
What killed processes have left of Fast DDS in shared memory.

Each participant has a segment, /dev/shm/fastrtps_ID (fastdds_ID from Fast DDS 3 on), and beside
it a file of that name with _el, which is locked while its process lives. A process that is killed
leaves both, half a megabyte. Fast DDS's own rule says which may go (``fastdds shm clean``): those
whose lock is free. So nothing that a living process uses is touched, whoever it is; and of the
rest only what this user owns, and what is not just being made: a file comes before its lock.

What is left of ports stays. All participants of a machine share them, and Fast DDS takes up again
what it finds: one that is removed while another process is about to listen there leaves that
process deaf.
"""

from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import re
import time

SHARED = Path('/dev/shm')
MIN_AGE_S = 10.0

_LOCK = re.compile(r'(fast(?:rtps|dds)_[0-9a-f]{16})_el')


@dataclass(frozen=True)
class Left:
    """
    What was found of dead processes.

    :param removed: files that are gone now
    :param others: locks without a holder that belong to other users
    """

    removed: int = 0
    others: int = 0

    @property
    def sentence(self) -> str:
        """Return what to tell the user; empty if nothing is left."""
        if not self.others:
            return ''
        return (f'{self.others} participants of dead processes of other users are left '
                f'in {SHARED}: they may run `fastdds shm clean`')


def clean_shared_memory(folder: Path = SHARED, min_age_s: float = MIN_AGE_S) -> Left:
    """Remove what dead processes of this user have left; return what was found."""
    removed = others = 0
    try:
        names = os.listdir(folder)
    except OSError:
        return Left()
    for name in names:
        if (match := _LOCK.fullmatch(name)) is None:
            continue
        try:
            if os.lstat(folder / name).st_uid == os.geteuid():
                removed += _remove(folder, name, match[1], min_age_s)
            else:
                others += _is_free(folder / name)
        except OSError:
            continue  # it went by itself, or is none of ours to open
    return Left(removed, others)


def _is_free(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path, name: str, base: str, min_age_s: float) -> int:
    """Remove a lock without a holder and what it stands for; return how many files that were."""
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made = os.fstat(descriptor)
        if (time.time() - made.st_mtime < min_age_s
                or os.lstat(folder / name).st_ino != made.st_ino):
            return 0  # it may be about to be locked, or is another's by now
        removed = 0
        # The lock goes last, and is held meanwhile.
        for file in (base, name):
            try:
                if os.lstat(folder / file).st_uid == made.st_uid:
                    os.unlink(folder / file)
                    removed += 1
            except FileNotFoundError:
                continue
        return removed
    except BlockingIOError:
        return 0  # its process lives
    finally:
        os.close(descriptor)
