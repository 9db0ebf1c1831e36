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

"""What a checkpoint is said to take is what it takes."""

import json
import subprocess
import sys

import pytest

from streamo_ros.cli.main import main
from streamo_ros.engine import footprint
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.machines import Machine
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint


def test_the_peak_of_nano_is_within_a_tenth_of_what_is_said(tmp_path):
    # In a process of its own, for it is the process's peak.
    subprocess.run(
        [sys.executable, '-c', 'from streamo_ros.cli.main import main\nraise SystemExit(main())',
         'study', 'footprint', 'nano', '--json', str(tmp_path / 'figures')],
        check=True, capture_output=True)
    assert json.loads((tmp_path / 'figures').read_text())['ratio'] == pytest.approx(1, abs=0.1)


def test_more_turns_instructions_and_bits_take_more():
    nano = load_checkpoint('nano')
    least = footprint.footprint(nano, bits=4)
    for more in (footprint.footprint(nano, bits=8), footprint.footprint(nano)):
        assert more.decoder_bytes > least.decoder_bytes
        assert more.tick_bytes > least.tick_bytes
        assert more.operations == least.operations
    longer = footprint.footprint(nano, bits=4, window_turns=80)
    assert longer.cache_bytes > least.cache_bytes
    assert longer.operations > least.operations
    assert footprint.footprint(nano, instructions=2).cache_bytes == 2 * footprint.footprint(
        nano).cache_bytes


def test_what_a_tick_needs_is_not_held_while_networks_are_loaded():
    nano = load_checkpoint('nano')
    one, eight = footprint.footprint(nano), footprint.footprint(nano, instructions=8)
    assert eight.other_bytes > one.other_bytes
    assert eight.loading_bytes - one.loading_bytes <= eight.cache_bytes - one.cache_bytes


def test_what_cannot_fit_is_refused_before_it_is_loaded(monkeypatch):
    monkeypatch.setattr(footprint, 'memory_here', lambda: (2 ** 26, 2 ** 26))
    with pytest.raises(CheckpointError, match='does not fit: it takes .* and this machine has'):
        StreamEngine.from_pretrained('nano')


def test_a_container_may_have_less_than_its_machine(monkeypatch, tmp_path):
    (tmp_path / 'memory.max').write_text('104857600\n')
    (tmp_path / 'memory.high').write_text('max\n')
    monkeypatch.setattr(
        footprint, '_FILES', (tmp_path / 'memory.max', tmp_path / 'memory.high'))
    assert footprint.memory_here() == (104857600, 104857600)


def test_a_tick_is_bound_by_what_takes_longer():
    needed = footprint.footprint(load_checkpoint('nano'))
    slow = Machine('slow', 1, needed.operations / 2, 1e30)
    narrow = Machine('narrow', 1, 1e30, needed.tick_bytes / 3)
    assert slow.least_ms(needed) == pytest.approx(2000)
    assert narrow.least_ms(needed) == pytest.approx(3000)


def test_the_command_says_what_fits_where(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr('streamo_ros.bench.engine.peak_gflops', lambda: 100.0)
    monkeypatch.setattr('streamo_ros.bench.latency.copy_rate', lambda: 1e10)
    figures = tmp_path / 'figures.json'
    assert main(['info', 'nano', '--window', '400000', '--json', str(figures)]) == 0
    printed = capsys.readouterr().out
    assert 'Jetson Orin Nano 8GB' in printed
    assert 'does not fit' in printed
    written = json.loads(figures.read_text())
    by_name = {row['machine']: row for row in written['machines']}
    assert not by_name['Jetson Orin Nano 8GB']['fits']
    assert by_name['Jetson AGX Thor 128GB']['least_ms'] > 0
    assert all(row['machine'] in by_name for row in written['published'])
