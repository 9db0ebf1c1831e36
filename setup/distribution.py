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
Which ROS 2 distribution the wheels are of, and where its environment and its build lie.

Jazzy is what everything here is made for. `make test DISTRO=kilted` runs the node's tests on
another distribution, in directories of its own beside Jazzy's.
"""

import os
from pathlib import Path

DISTROS = ('jazzy', 'kilted')
DISTRO = os.environ.get('DISTRO') or 'jazzy'

_SUFFIX = '' if DISTRO == 'jazzy' else f'-{DISTRO}'

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / f'.venv{_SUFFIX}'
BUILD = ROOT / f'build{_SUFFIX}'
INSTALL = ROOT / f'install{_SUFFIX}'
