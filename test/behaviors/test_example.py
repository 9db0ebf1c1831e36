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


"""The example of a behaviour's test passes as a user runs it: copied to a folder of their own."""

from pathlib import Path
import re
import shutil
import subprocess
import sys

BEHAVIORS = Path(__file__).parents[2] / 'behaviors'
BROKEN = """
from py_trees.common import Status
from streamo_ros.behaviors import WatchFor

right = WatchFor.update
WatchFor.update = lambda leaf: (
    Status.FAILURE if (status := right(leaf)) is Status.SUCCESS else status)
"""


def pytest_in(folder):
    return subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', str(folder)],
        cwd=folder, capture_output=True, text=True)


def test_the_example_passes_and_fails_when_the_behaviour_breaks(tmp_path):
    shutil.copy(BEHAVIORS / 'test_door.py', tmp_path)
    run = pytest_in(tmp_path)
    assert run.returncode == 0, run.stdout
    assert re.search('^2 passed', run.stdout, re.MULTILINE)
    (tmp_path / 'conftest.py').write_text(BROKEN)
    assert pytest_in(tmp_path).returncode == 1
