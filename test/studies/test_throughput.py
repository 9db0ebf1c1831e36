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

"""What an evaluation takes is measured for each length of bag, in a process of its own."""

import json

from streamo_ros.cli.main import main


def test_every_length_has_its_figures_and_they_go_together(tmp_path, capsys):
    file = tmp_path / 'figures.json'
    assert main(['study', 'throughput', '--minutes', '0.5', '1', '--json', str(file)]) == 0
    short, long = json.loads(file.read_text())['runs']
    assert (short['minutes'], long['minutes']) == (0.5, 1)
    for one in (short, long):
        # The camera records 10 frames a second.
        assert abs(one['frames_s'] - 10 * one['times_real_time']) <= 0.6
        # nano alone, with ONNX Runtime and numpy, is some 100 MiB.
        assert 50 < one['peak_mib'] < 2000
    assert capsys.readouterr().out.startswith('0.5 min: ')
