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

"""An export is a checkpoint with graphs beside it that compute what torch computes."""

from dataclasses import replace
import json
import sys

import numpy as np
import onnx
import pytest

pytest.importorskip('torch', reason='an export is held against torch')
pytest.importorskip('transformers')

from streamo_ros.cli.main import main  # noqa: E402
from streamo_ros.engine.backends.torch import TorchBackend  # noqa: E402
from streamo_ros.engine.graphs import onnx_export as module  # noqa: E402
from streamo_ros.engine.graphs.onnx_export import export_onnx  # noqa: E402
from streamo_ros.engine.graphs.onnx_export import ExportError  # noqa: E402
from streamo_ros.engine.graphs.onnx_export import GRAPHS  # noqa: E402
from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.output import OutputError


@pytest.mark.parametrize('precision, near', [
    ('float32', 1e-5), ('float16', 1e-2), ('bfloat16', 5e-2)])
def test_every_familys_graphs_compute_what_hugging_faces_modules_do(
        random_model, tmp_path, precision, near):
    export = export_onnx(
        load_checkpoint(random_model.directory), tmp_path / 'out', precision=precision)
    assert export.grid == random_model.grid
    assert set(export.differences) == set(GRAPHS)
    assert 0 < max(export.differences.values()) < near


def test_the_command_writes_a_checkpoint_of_small_graphs_with_their_weights_beside(tmp_path):
    out, figures = tmp_path / 'out', tmp_path / 'figures.json'
    assert main(['export', 'nano', '--to', 'onnx', '--out', str(out), '--json', str(figures)]) == 0
    assert json.loads(figures.read_text())['grid'] == [4, 4]
    assert load_checkpoint(out).weights.keys() == load_checkpoint('nano').weights.keys()
    for graph in GRAPHS:
        assert (out / f'{graph}.onnx').stat().st_size < 100_000
        model = onnx.load(out / f'{graph}.onnx', load_external_data=False)
        assert [opset.version for opset in model.opset_import] == [18]
        assert {opset.domain for opset in model.opset_import} == {''}
        onnx.checker.check_model(str(out / f'{graph}.onnx'))


def test_an_export_of_a_plain_model_remembers_that_it_is_asked_in_words(plain_model, tmp_path):
    out = tmp_path / 'out'
    assert main(['export', str(plain_model.directory), '--to', 'onnx', '--out', str(out)]) == 1
    assert main([
        'export', str(plain_model.directory), '--zero-shot', '--to', 'onnx', '--out', str(out)]
    ) == 0
    written, checkpoint = load_checkpoint(out), plain_model.checkpoint
    assert written.zero_shot
    assert written.tokenizer.state_ids == checkpoint.tokenizer.state_ids
    assert written.frame == checkpoint.frame


def test_the_frame_size_fixes_the_visual_tokens(tmp_path, random_model):
    checkpoint = load_checkpoint(random_model.directory)
    object.__setattr__(checkpoint.frame, 'size', None)
    if checkpoint.vision.image is not None:
        pytest.skip('this family takes one size')
    export = export_onnx(checkpoint, tmp_path / 'out', camera=(720, 1280))
    assert export.grid == tuple(
        side // checkpoint.vision.cell
        for side in checkpoint.frame.target(720, 1280, checkpoint.vision.cell))


def test_a_graph_that_computes_something_else_is_refused_and_nothing_is_left(
        tmp_path, monkeypatch):
    def wrong(weights, precision, store):
        return right(
            {**weights, 'head': weights['decoder.embed_tokens.weight'] * 1.01}, precision, store)

    right = module.lm_head_graph
    monkeypatch.setattr(module, 'lm_head_graph', wrong)
    with pytest.raises(ExportError, match=r'words\.onnx differs from torch by'):
        export_onnx(load_checkpoint('nano'), tmp_path / 'out')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('precision', ['float32', 'float16'])
def test_without_torch_graphs_are_compared_with_those_of_the_default_backend(
        random_model, tmp_path, monkeypatch, precision):
    monkeypatch.setitem(sys.modules, 'streamo_ros.engine.backends.torch', None)
    told = []
    export = export_onnx(
        load_checkpoint(random_model.directory), tmp_path / 'out', precision=precision,
        tell=told.append)
    assert any('verifying against ONNX Runtime' in line for line in told)
    assert 0 < export.differences['step'] < module.TOLERANCES[precision]
    right = module.step_graph
    monkeypatch.setattr(module, 'step_graph', lambda config, *arguments, **options: right(
        replace(config, norm_eps=10 * config.norm_eps + 0.1), *arguments, **options))
    with pytest.raises(ExportError, match=r'step\.onnx differs from ONNX Runtime'):
        export_onnx(load_checkpoint(random_model.directory), tmp_path / 'wrong')
    assert not (tmp_path / 'wrong').exists()


def test_where_a_whole_reference_has_no_room_two_layers_are_compared_and_it_says_so(
        random_model, tmp_path, monkeypatch):
    monkeypatch.setattr(module, 'memory_here', lambda: (1, 1))
    told = []
    export = export_onnx(
        load_checkpoint(random_model.directory), tmp_path / 'out', tell=told.append)
    assert any('2 layers of each network are compared' in line for line in told)
    assert 0 <= max(export.differences.values()) < 1e-5
    names = {tensor.name for tensor in onnx.load(
        tmp_path / 'out' / 'step.onnx', load_external_data=False).graph.initializer}
    assert 'decoder.layers.3.down.weight' in names  # all of them are written
    right = module.lm_head_graph
    monkeypatch.setattr(module, 'lm_head_graph', lambda weights, precision, store: right(
        {**weights, 'head': weights['decoder.embed_tokens.weight'] * 1.01}, precision, store))
    with pytest.raises(ExportError, match=r'words\.onnx differs from ONNX Runtime'):
        export_onnx(load_checkpoint(random_model.directory), tmp_path / 'wrong')


def test_a_directory_of_something_else_is_left_alone_and_an_earlier_export_replaced(tmp_path):
    (tmp_path / 'mine').mkdir()
    for name in ('thesis.txt', 'vision.onnx', 'step.onnx', 'words.onnx'):
        (tmp_path / 'mine' / name).write_text('years of work')
    with pytest.raises(OutputError, match='did not make'):
        export_onnx(load_checkpoint('nano'), tmp_path / 'mine')
    assert (tmp_path / 'mine' / 'thesis.txt').read_text() == 'years of work'
    out = tmp_path / 'out'
    for precision in ('float32', 'float16'):
        export_onnx(load_checkpoint('nano'), out, precision=precision)
        (out / 'notes.txt').write_text('mine')
    assert (out / 'notes.txt').read_text() == 'mine'
    weights = onnx.load(out / 'step.onnx').graph.initializer
    assert onnx.TensorProto.FLOAT16 in {tensor.data_type for tensor in weights}


def test_bfloat16_is_verified_in_float32_and_says_so(tmp_path):
    told = []
    export = export_onnx(
        load_checkpoint('nano'), tmp_path / 'out', precision='bfloat16', tell=told.append)
    # Near, but not as near as weights that were not rounded.
    assert all(1e-4 < difference < 5e-2 for difference in export.differences.values())
    assert any('arithmetic in float32' in line for line in told)
    weights = onnx.load(tmp_path / 'out' / 'step.onnx').graph.initializer
    assert onnx.TensorProto.BFLOAT16 in {tensor.data_type for tensor in weights}


def test_a_graph_that_overflows_is_refused(tmp_path, monkeypatch):
    """Keys that are no numbers, and nothing else that shows."""
    def overflowing(self, *arguments):
        hidden, deltas = forward(self, *arguments)
        deltas[-1].fill_(float('nan'))
        return hidden, deltas

    forward = TorchBackend._forward
    monkeypatch.setattr(TorchBackend, '_forward', overflowing)
    with pytest.raises(ExportError, match=r'step\.onnx differs from torch by nan'):
        export_onnx(load_checkpoint('nano'), tmp_path / 'out')


def test_where_nothing_can_be_written_one_sentence_says_so(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='cannot be used .* another folder'):
        export_onnx(load_checkpoint('nano'), tmp_path / 'file' / 'out')


def test_noise_hides_no_difference():
    assert module._difference([np.ones(3, np.float32)], [np.zeros(3, np.float32)]) > 1
