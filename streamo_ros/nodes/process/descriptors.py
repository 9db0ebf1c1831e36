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

"""Whether this process may open the files that a node needs; it imports next to nothing."""

import resource

from streamo_ros.errors import UserError

NEEDED = 64
"""Descriptors: DDS has some thirty, the engine ten, a checkpoint some more while it loads."""


def require_descriptors() -> None:
    """
    See to it that enough files may be open at once.

    :raises UserError: when the system does not allow it
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= NEEDED:
        return
    if hard == resource.RLIM_INFINITY or hard >= NEEDED:
        resource.setrlimit(resource.RLIMIT_NOFILE, (NEEDED, hard))
        return
    raise UserError(
        f'only {hard} files may be open at once, and the node needs {NEEDED}: '
        f'raise the limit (ulimit -n, LimitNOFILE= of systemd)')
