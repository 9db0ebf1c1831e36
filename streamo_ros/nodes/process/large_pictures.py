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
Room in Fast DDS's shared memory for those who publish pictures.

By itself a publisher has half a megabyte. Larger messages are cut into pieces that do not fit in
together, and each subscriber that is killed keeps the piece that it was taking, until pictures
reach nobody. The profile in ``config/`` has room for many.
"""

import os
from pathlib import Path
import shutil

from ament_index_python.packages import get_package_share_directory
from ament_index_python.packages import PackageNotFoundError

from streamo_ros.nodes.process.shared_memory import SHARED

VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Where Fast DDS is told of a profile: until 2, and from 3 on."""

VARIABLE = VARIABLES[
    0 if os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy') else 1]
"""Where that of this ROS is told, without a warning."""

_CHOSEN = (*VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS')
_ROOM = 256 * 2**20  # four times what a process with the profile takes


def profile() -> Path:
    """Return the profile for large images, as it is installed."""
    return Path(get_package_share_directory('streamo_ros'), 'config', 'fastdds_large_images.xml')


def make_room(shared: Path = SHARED) -> None:
    """
    Have this process publish by the profile, if it calls this before it joins a graph.

    Nothing changes where the user chose a profile or transports, or where shared memory is short,
    as in a container that was given 64 MB.
    """
    if any(os.environ.get(name) for name in _CHOSEN):
        return
    try:
        if shutil.disk_usage(shared).free >= _ROOM and profile().is_file():
            os.environ[VARIABLE] = str(profile())
    except (OSError, PackageNotFoundError):
        return  # no shared memory, or run from a checkout that is not built
