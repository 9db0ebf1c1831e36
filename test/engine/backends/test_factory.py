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

"""A backend is imported when it is chosen, and says which package it lacks."""

import re
import subprocess
import sys

import pytest

from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.models import load_checkpoint


def loaded_by(code: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded behind some code."""
    return set(subprocess.run(
        [sys.executable, '-c',
         f'{code}\nimport sys; print(*sorted({{name.split(".")[0] for name in sys.modules}}))'],
        check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize('module', [
    'streamo_ros.engine', 'streamo_ros.engine.backends.factory',
    'streamo_ros.engine.backends.tensorrt.backend', 'streamo_ros.engine.backends.tensorrt.build'])
def test_the_engine_and_tensorrt_load_neither_onnx_runtime_nor_torch(module):
    assert loaded_by(f'import {module}') & {'onnx', 'onnxruntime', 'torch'} == set()


def test_the_torch_backend_runs_without_onnx_runtime():
    pytest.importorskip('torch', reason='the torch backend needs torch')
    loaded = loaded_by(
        "from streamo_ros.engine import StreamEngine\n"
        "StreamEngine.from_pretrained('nano', backend='torch')")
    assert 'torch' in loaded and loaded & {'onnx', 'onnxruntime'} == set()


@pytest.mark.parametrize('name, package, sentence', [
    ('auto', 'onnxruntime', 'pip install onnx onnxruntime'),
    ('onnxruntime', 'onnx', 'pip install onnx onnxruntime'),
    ('torch', 'torch', 'needs torch and transformers .* or choose onnxruntime'),
    ('torch', 'transformers', 'needs torch and transformers .* or choose onnxruntime')])
def test_a_package_that_is_missing_is_named(name, package, sentence):
    ran = subprocess.run(
        [sys.executable, '-c', f"""
import sys
sys.modules[{package!r}] = None
from streamo_ros.engine import StreamEngine
from streamo_ros.models import CheckpointError
try:
    StreamEngine.from_pretrained('nano', backend={name!r})
except CheckpointError as error:
    print(error)
"""],
        check=True, capture_output=True, text=True)
    assert re.search(sentence, ran.stdout)


def test_a_backend_of_another_name_is_refused():
    with pytest.raises(ValueError, match="'tflite' is not one of auto, onnxruntime, torch"):
        new_backend('tflite', load_checkpoint('nano'))
