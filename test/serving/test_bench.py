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

"""``streamo bench serve`` runs its servers to the end, and the simulation takes its figures."""

import json
import os
import subprocess
import sys

from server_process import PROGRAM


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *PROGRAM[:2], *arguments], cwd=folder, env={**os.environ},
        capture_output=True, text=True, check=True)


def test_figures_are_of_two_servers_and_go_into_the_simulation(ray_lock, tmp_path):
    run(tmp_path, 'bench', 'serve', '--checkpoint', 'nano', '--streams', '3', '--seconds', '1',
        '--fps', '2', '--threads', '1', '--json', 'figures.json')
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert 0 < figures['slowest_share'] <= 1
    assert 0 <= figures['paced_in_time'] <= 1
    assert min(figures[name] for name in (
        'batched_ticks_s', 'one_by_one_ticks_s', 'door_s', 'tick_s', 'paced_p50_s')) > 0
    told = run(tmp_path, 'study', 'fleet', 'figures.json', 'figures.json').stdout
    assert told.count('measured here') == 2     # at both rates
