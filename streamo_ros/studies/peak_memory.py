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

"""The most memory that this process has held."""

from pathlib import Path


def peak_mib() -> float:
    """Return it in MiB."""
    # Not getrusage: its peak includes that of the process that started this one.
    status = Path('/proc/self/status').read_text(encoding='utf-8')
    return next(int(line.split()[1]) for line in status.splitlines()
                if line.startswith('VmHWM')) / 1024
