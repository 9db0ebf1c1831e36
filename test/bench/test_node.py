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

"""The node's bench sets each run beside the one it is compared with, and says what failed."""

import json

import pytest

from streamo_ros.bench import node as bench
from streamo_ros.cli.main import main


def test_the_command_writes_what_each_run_found(monkeypatch, tmp_path, capsys):
    def measured(arguments):
        """Return figures that tell which run they are of."""
        large, profile = '1920' in arguments, '--profile' in arguments
        two = arguments[-4:-2] == ['--cameras', '2']
        figures = {
            'sent': 100, 'received': 50 + 20 * profile + 10 * large + ('4' in arguments) + two,
            'cpu_share': 0.1 + 0.2 * large + 0.4 * two}
        if '--reader' in arguments:
            figures['transport_ms'] = {'p50': 9.0, 'p95': 12.0}
            figures['overhead_ms'] = {'p50': 2.0, 'p95': 4.0}
        assert arguments[-2:] == ['--seconds', '7.0']
        return figures

    monkeypatch.setattr(bench, '_measured', measured)
    file = tmp_path / 'figures.json'
    assert main(['bench', 'node', '--seconds', '7', '--json', str(file)]) == 0
    assert json.loads(file.read_text()) == {
        'streamo_ros': 'figures',
        'delivered_480p_default': 0.5, 'delivered_480p': 0.7,
        'delivered_1080p_default': 0.6, 'delivered_1080p_profile': 0.8,
        'delivered_1080p_four_instructions': 0.81, 'delivered_1080p_two_cameras': 0.82,
        'cpu_share_480p': 0.1, 'cpu_share_1080p': 0.3, 'cpu_share_1080p_two_cameras': 0.7,
        'transport_p50_ms_1080p': 9.0, 'transport_p95_ms_1080p': 12.0,
        'overhead_p50_ms_1080p': 2.0, 'overhead_p95_ms_1080p': 4.0}
    assert 'delivered_1080p_profile ' in capsys.readouterr().out


def test_a_run_that_fails_ends_the_command_with_its_reason(monkeypatch, capsys):
    pytest.importorskip('rclpy')
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    assert main(['bench', 'node', '--seconds', '1']) == 1
    assert 'the package is not installed' in capsys.readouterr().err
