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

"""A short attack with hostile pictures, and its figures."""

import json
import os
import subprocess
import sys

from streamo_ros.nodes.tools.hostile_pictures import hostile_pictures


def test_a_node_under_hostile_pictures_goes_on_and_decides_about_sound_ones(tmp_path):
    # Of time and memory the figures speak: a busy machine has its own.
    run = subprocess.run(
        [sys.executable, '-m', 'streamo_ros.nodes.tools.picture_attack', '--seconds', '4',
         '--gap', '60', '--mib', '4000', '--json', str(tmp_path / 'figures.json')],
        env={**os.environ, 'ROS_LOG_DIR': str(tmp_path)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert figures['pictures'] == len(hostile_pictures())
    assert figures['sent'] > 10
    assert figures['received'] > 0 and figures['reports'] > 1
    assert figures['worst_gap_s'] > 0 and figures['rest_mib'] > 10


def test_the_pictures_are_small_on_the_wire_and_always_the_same():
    first, second = hostile_pictures(), hostile_pictures()
    assert first == second
    assert len({one.name for one in first}) == len(first) > 30
    assert max(len(one.fields['data']) for one in first if one.compressed) < 3 * 2**20
