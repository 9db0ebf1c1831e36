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

"""ONNX Runtime reports nothing to anybody, and leaves nothing in the home of its user."""

import ast
import os
from pathlib import Path
import subprocess
import sys

PACKAGE = Path(__file__).parents[3] / 'streamo_ros'


def test_it_leaves_nothing_behind(tmp_path):
    # Where a variable says that this is a CI, it is silent by itself.
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('CI', 'GITHUB_ACTIONS', 'TF_BUILD')
                   and not name.startswith('ORT_')}
    subprocess.run(
        [sys.executable, '-c', 'from streamo_ros.engine import StreamEngine; '
         "StreamEngine.from_pretrained('nano')"],
        env={**environment, 'HOME': str(tmp_path), 'TMPDIR': str(tmp_path)}, check=True)
    assert list(tmp_path.iterdir()) == []


def test_nobody_imports_it_otherwise():
    importers = {
        path.name for path in PACKAGE.rglob('*.py') for node in ast.walk(ast.parse(
            path.read_text()))
        if any(name.split('.')[0] == 'onnxruntime' for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ''] if isinstance(node, ast.ImportFrom) else []))}
    assert importers == {'silent_onnxruntime.py'}
