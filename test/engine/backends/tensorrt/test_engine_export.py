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

"""From a checkpoint to engines in one call, and what it says where that cannot be."""

import sys
from types import SimpleNamespace

import pytest

pytest.importorskip('torch', reason='an export is held against torch')
pytest.importorskip('transformers')

from streamo_ros.cli.main import main  # noqa: E402
from streamo_ros.engine import StreamEngine  # noqa: E402
from streamo_ros.engine.backends.factory import new_backend  # noqa: E402
from streamo_ros.engine.backends.tensorrt.engine_export import export_tensorrt  # noqa: E402
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError  # noqa: E402
from streamo_ros.models import CheckpointError  # noqa: E402
from streamo_ros.models import load_checkpoint  # noqa: E402


def test_a_checkpoint_becomes_a_directory_of_verified_graphs_and_engines(tmp_path):
    pytest.importorskip('tensorrt_rtx', reason='building without a GPU needs TensorRT-RTX')
    out = tmp_path / 'out'
    any_ampere = SimpleNamespace(name='', capability=(8, 6))
    export, manifest = export_tensorrt(
        load_checkpoint('nano'), out, window_turns=4, open_device=lambda: any_ampere)
    assert max(export.differences.values()) < 1e-2
    assert manifest.precision == 'float16' and manifest.shapes.window_turns == 4
    for name, size in manifest.sizes.items():
        assert (out / f'{name}.engine').stat().st_size == size > 0
    with pytest.raises(TensorRtError, match='cuda-python|no GPU'):
        new_backend('auto', load_checkpoint(out))


def test_auto_takes_onnxruntime_where_there_are_no_engines():
    assert type(new_backend('auto', load_checkpoint('nano'))).__name__ == 'OnnxRuntimeBackend'
    with pytest.raises(CheckpointError, match='--to tensorrt'):
        StreamEngine.from_pretrained('nano', backend='tensorrt')


@pytest.mark.parametrize('module, sentence', [
    (None, 'TensorRT is not installed here'), (SimpleNamespace(), 'cuda-python')])
def test_without_tensorrt_or_cuda_there_are_graphs_and_the_command_says_what_is_missing(
        tmp_path, monkeypatch, capsys, module, sentence):
    monkeypatch.setitem(sys.modules, 'tensorrt', module)
    monkeypatch.setitem(sys.modules, 'tensorrt_rtx', None)
    monkeypatch.setitem(sys.modules, 'cuda.bindings.runtime', None)
    command = ['export', 'nano', '--to', 'tensorrt', '--out', str(tmp_path / 'out')]
    assert main(command) == 1
    assert sentence in capsys.readouterr().err
    assert {file.name for file in (tmp_path / 'out').glob('*.onnx')} == {
        'vision.onnx', 'step.onnx', 'words.onnx'}
    assert type(new_backend('auto', load_checkpoint(tmp_path / 'out'))).__name__ == (
        'OnnxRuntimeBackend')
