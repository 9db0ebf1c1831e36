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

"""The engine's bench measures the engine, and says so when it cannot."""

import json
import math
from pathlib import Path
import subprocess
import sys

import pytest

from streamo_ros.bench import engine as bench
from streamo_ros.bench.random_checkpoints import random_checkpoint
from streamo_ros.cli.main import main
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.footprint import arithmetic
from streamo_ros.output import OutputError


@pytest.fixture(scope='module')
def tiny():
    return random_checkpoint('tiny')


def test_a_random_shape_watches_with_turns_of_141_tokens(tiny):
    stream = bench.NoiseStream(tiny, new_backend('auto', tiny), 2, 1, 100)
    assert stream.turn_tokens == 141
    chunk_rows = []
    step = stream.backend.step
    stream.backend.step = lambda first, inputs: (
        chunk_rows.append(inputs.embeds.shape[1]), step(first, inputs))[1]
    stream.tick()
    assert chunk_rows == [141]


def test_the_arithmetic_of_a_tick_is_that_of_its_products(tiny):
    # 8 layers of hidden 512, 8 heads and 2 of keys and values by 64, an MLP of 2752
    linear = 512 * 512 + 2 * 512 * 128 + 512 * 512 + 3 * 512 * 2752
    attention = 2 * 8 * 64 * 1000
    assert arithmetic(tiny, 141, 1000) == 2 * 141 * 8 * (linear + attention)


def test_four_instructions_are_watched_and_answers_are_muted(tiny):
    stream = bench.NoiseStream(tiny, new_backend('auto', tiny), 2, 4, 100)
    assert isinstance(stream.engine, StreamEngine)
    assert len(stream.engine.watches) == 4
    tick = stream.tick()
    assert 0 < tick.step_graph < tick.graph < tick.total
    assert 0 < tick.encode_image < tick.total


def test_the_command_writes_every_figure_and_a_plot(tmp_path):
    pytest.importorskip('matplotlib')
    ament = pytest.importorskip('ament_index_python')
    streamo = Path(ament.get_package_prefix('streamo_ros'), 'bin', 'streamo')
    figures, plot = tmp_path / 'figures.json', tmp_path / 'ticks.png'
    run = subprocess.run(
        [streamo, 'bench', 'engine', '--checkpoint', 'nano', '--backend', 'onnxruntime',
         '--window', '2', '--ticks', '6', '--threads', '1', '--json', 'figures.json', '--plot',
         'ticks.png'], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    written = json.loads(figures.read_text())
    assert set(written) == {
        'streamo_ros', 'shape', 'backend', *bench.EngineFigures.__annotations__}
    assert plot.read_bytes().startswith(b'\x89PNG')
    for name in bench.EngineFigures.__annotations__:
        assert f'{name} ' in run.stdout
        assert written[name] is None or math.isfinite(written[name])


def test_a_plot_replaces_plots_and_nothing_else(tiny, tmp_path, monkeypatch):
    pytest.importorskip('matplotlib')
    plot, photo = tmp_path / 'ticks.png', tmp_path / 'photo.png'
    bench._draw([0.1, 0.2], plot)
    bench._draw([0.2, 0.1, 0.3], plot)
    photo.write_bytes(b'\x89PNG of somebody else')
    with monkeypatch.context() as context:
        context.setattr(bench, '_run_long', None)  # refused before anything is measured
        with pytest.raises(OutputError, match='not written by this command'):
            bench.measure(tiny, backend='auto', window_turns=2, ticks=6, plot=photo)
    assert photo.read_bytes() == b'\x89PNG of somebody else'


def test_random_weights_are_refused_where_a_backend_reads_files(capsys):
    assert main(['bench', 'engine', '--shape', 'tiny', '--backend', 'torch']) == 1
    assert 'give a checkpoint' in capsys.readouterr().err


def test_without_torch_the_ratios_to_it_are_left_out(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, 'streamo_ros.bench.hugging_face', None)
    assert bench._hugging_face(tiny, 141, 200) == []


@pytest.mark.parametrize('ticks', [4, 899, 900, 20_000])
def test_time_tags_keep_their_length_for_the_whole_run(tiny, ticks):
    stream = bench.NoiseStream(tiny, new_backend('auto', tiny), 2, 1, ticks)
    assert len(str(stream._ticks + ticks)) == len(str(stream._first))
