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
Where input comes from: nothing is read that waits for somebody who may never come.

Whatever a user names as input is asked for with ``check_no_pipe`` before it is opened; opening a
named pipe that nobody writes to would never return.
"""

import os
from pathlib import Path
import stat

from streamo_ros.errors import UserError


class InputError(UserError, OSError):
    """Input that cannot be read; the message says what would help."""


def check_no_pipe(path: str | Path) -> None:
    """
    Refuse a named pipe; what a shell hands on, as ``/dev/stdin`` or ``<(...)``, is open already.

    :raises InputError: when it is one
    """
    try:
        found = os.path.abspath(path)
        if found.startswith(('/dev/std', '/dev/fd/', '/proc/')):
            return
        waits = stat.S_ISFIFO(os.stat(found).st_mode)
    except (OSError, ValueError):
        return  # what is wrong is said by whoever opens it
    if waits:
        raise InputError(
            f'{path} is a pipe, and nobody may ever write to it: write what it carries into a '
            'file, and give that')
