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
How many threads an engine computes with: as many as there are cores that its process was given.

Runtimes count the machine's cores, so that under ``taskset`` two threads share one, and in a
container with a quota they use it up in the first half of a period and stand still in the other.
"""

from collections.abc import Iterator
import math
import os
from pathlib import Path
from pathlib import PurePosixPath

_SELF = Path('/proc/self')


def given_threads(most: int = 0) -> int:
    """
    Return a number of threads, at least 1.

    It is at most the cores that the process may run on (``taskset``, cpusets) and its quota of
    them (cgroups), rounded up.

    :param most: no more than these; 0 takes ``OMP_NUM_THREADS`` of the environment, if any
    """
    given = min(float(_allowed_cores()), cpu_quota())
    most = most or _asked_by_environment()
    return max(1, math.ceil(min(given, most or math.inf)))


def cpu_quota(process: Path = _SELF) -> float:
    """
    Return the cores' worth of time that cgroups, v1 or v2, give a process; infinite for no limit.

    :param process: its folder in ``/proc``
    """
    try:
        groups = (process / 'cgroup').read_text().splitlines()
        mounts = (process / 'mountinfo').read_text().splitlines()
    except OSError:
        return math.inf  # no Linux, or /proc is hidden
    quota = math.inf
    for line in mounts:
        before, _, after = line.partition(' - ')
        fields, (kind, _, options) = before.split(), after.split(' ', 2)
        if kind == 'cgroup2' or (kind == 'cgroup' and 'cpu' in options.split(',')):
            # The whole path counts: each group shares what the one above it was given.
            for folder in _folders(Path(fields[4]), fields[3], _group(groups, kind)):
                quota = min(quota, _quota_of(folder))
    return quota


def _allowed_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # no Linux
        return os.cpu_count() or 1


def _asked_by_environment() -> int:
    # A list is for nested regions: the outermost comes first.
    asked = os.environ.get('OMP_NUM_THREADS', '').split(',')[0].strip()
    return int(asked) if asked.isdecimal() else 0


def _group(groups: list[str], kind: str) -> PurePosixPath:
    """Return the path of the process's group in a hierarchy: ``id:controllers:path`` a line."""
    for line in groups:
        id, controllers, path = line.split(':', 2)
        if (id == '0' and not controllers) if kind == 'cgroup2' else (
                'cpu' in controllers.split(',')):
            return PurePosixPath(path)
    return PurePosixPath('/')


def _folders(mount: Path, root: str, group: PurePosixPath) -> Iterator[Path]:
    """Yield the folders of a group and of those above it, as far as the mount shows them."""
    below = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
    for part in (below, *below.parents):
        if '..' not in part.parts:
            yield mount / part


def _quota_of(folder: Path) -> float:
    try:
        if (folder / 'cpu.max').is_file():
            time, period = (folder / 'cpu.max').read_text().split()
        else:
            time, period = (
                (folder / f'cpu.cfs_{name}_us').read_text() for name in ('quota', 'period'))
        # Without a limit it says max, or -1.
        return int(time) / int(period) if time != 'max' and int(time) > 0 else math.inf
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
