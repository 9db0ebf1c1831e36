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

"""The table of latencies: a row for each setting, and rows that hang together."""

import json

import pytest

from streamo_ros.bench import latency
from streamo_ros.bench.latency import _row
from streamo_ros.bench.latency import _Run
from streamo_ros.cli.main import main
from streamo_ros.engine.backends.tensorrt import cuda
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.models import load_checkpoint


@pytest.fixture
def no_gpu(monkeypatch):
    def missing():
        raise TensorRtError('no GPU can be used')
    assert latency.CudaDevice is cuda.CudaDevice
    monkeypatch.setattr(latency, 'CudaDevice', missing)


def test_every_setting_has_its_row_and_who_cannot_run_is_named(no_gpu, tmp_path, capsys):
    file = tmp_path / 'table.json'
    assert main([
        'bench', 'latency', '--backend', 'onnxruntime', 'tensorrt', '--fps', '1', '10',
        '--window', '2', '3', '--instructions', '2', '--ticks', '4', '--json', str(file)]) == 0
    table = json.loads(file.read_text())
    assert table['absent'] == {'tensorrt': 'no GPU can be used'}
    rows = table['rows']
    assert [(row['window_turns'], row['fps']) for row in rows] == [
        (2, 1), (2, 10), (3, 1), (3, 10)]
    for row in rows:
        assert row['backend'] == 'onnxruntime' and row['instructions'] == 2
        assert 0 < row['looking_ms'] < row['p50_ms'] <= row['p95_ms']
        assert row['fps_kept'] == pytest.approx(1e3 / row['p95_ms'], rel=0.02)
    # Decimals in a time tag are tokens.
    assert rows[1]['turn_tokens'] > rows[0]['turn_tokens']
    printed = capsys.readouterr().out
    assert printed.count('onnxruntime') == 4
    assert 'tensorrt: not measured: no GPU can be used' in printed


def test_the_roofline_is_whichever_limit_takes_longer():
    ticks = [latency.Tick(total=0.05, encode_image=0.01, graph=0.0, step_graph=0.0)] * 3
    run = _Run('onnxruntime', 2.0, 8, 1, 40, ticks, work=10**9, traffic=10**7)
    row = _row(run, 1e11, 1e10)
    assert (row.bound_by, row.roofline_ms, row.over_roofline) == ('arithmetic', 10, 4)
    row = _row(run, 1e12, 5e8)
    assert (row.bound_by, row.roofline_ms, row.over_roofline) == ('memory', 20, 2)
    assert (row.p50_ms, row.looking_ms, row.fps_kept) == (50, 10, 20)


def test_what_a_tick_reads_is_the_decoder_and_the_rows_in_view():
    nano = load_checkpoint('nano')
    decoder = nano.decoder
    wide, narrow = decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim
    weights = decoder.layers * decoder.hidden * (2 * wide + 2 * narrow + 3 * decoder.mlp)
    read = latency._bytes(nano, 1000)
    # Norms and biases are a hundredth.
    assert weights < read / 4 - 2000 * decoder.layers * narrow < 1.02 * weights


def test_more_instructions_than_the_engine_takes_are_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(['bench', 'latency', '--instructions', '9'])
    assert stopped.value.code == 2
    assert 'more than 8' in capsys.readouterr().err
