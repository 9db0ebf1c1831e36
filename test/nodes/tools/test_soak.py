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

"""A short soak, and its figures."""

import json
import os
import subprocess
import sys

import pytest

from streamo_ros.nodes.tools.soak import growth


def test_a_short_soak_is_clean_and_says_what_happened(tmp_path):
    run = subprocess.run(
        [sys.executable, '-m', 'streamo_ros.nodes.tools.soak', '--minutes', '0.15', '--fps', '5',
         '--seed', '3', '--json', str(tmp_path / 'figures.json')],
        env={**os.environ, 'ROS_LOG_DIR': str(tmp_path)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert figures['frames_received'] == figures['frames_sent'] > 0
    assert 0 < figures['ticks'] <= figures['frames_sampled']
    # Every third frame of the camera's 15 a second; a reset and a silence begin with the next one.
    # So do the other clock's frame, from which it is known, and the first one after it.
    begun = 3 + figures['reset'] + figures['dropped_out'] + 2 * figures['slid']
    assert figures['frames_sampled'] <= figures['frames_sent'] / 3 + begun
    assert figures['states'] > figures['ticks']
    assert {'hostile_pictures', 'clocks', 'slid', 'disk_stalled', 'unread'} <= set(figures)
    assert figures['instructions'] > 1
    assert figures['answers'] > 0
    assert figures['rss_node_mib'][-1] > 10 and figures['rss_engine_mib'][-1] > 10


def test_growth_is_counted_after_the_warm_up():
    assert growth([1.0] * 10 + [100.0] * 30) == 0.0
    assert growth([50.0] * 10 + [100.0] * 27 + [102.0] * 3) == pytest.approx(2.0)
    assert growth([100.0] * 12) is None
