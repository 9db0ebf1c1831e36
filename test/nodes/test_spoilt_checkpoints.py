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


"""A node with a spoilt checkpoint says why, stays unconfigured, and goes on."""

import re
import shutil

import pytest
from spoilt_checkpoints import rows

from streamo_ros.models.checkpoint import NANO
from streamo_ros.msg import StreamState

ROWS = {row.name: row for row in rows()}


@pytest.mark.parametrize('name, engine_process', [
    ('quantised: projections int8', 'true'),
    ('weights: all NaN', 'true'),
    ('config: text_config__num_hidden_layers 1000000000', 'true'),
    ('tokenizer: newer', 'true'),
    ('streamo.json pipe', 'true'),
    ('weights: without embed_tokens.weight', 'false'),
])
def test_the_sentence_is_told_and_no_traceback(graph, tmp_path, name, engine_process):
    directory = shutil.copytree(NANO, tmp_path / 'checkpoint')
    ROWS[name].spoil(directory)
    process = graph.start(checkpoint=directory, engine_process=engine_process)
    console = graph.console()
    state = console.await_any(
        'the failure', lambda state: state.status == StreamState.STATUS_ERROR)
    assert 'cannot be loaded' in state.detail
    console.await_lifecycle('unconfigured')
    assert process.runs
    assert re.search(f'cannot be loaded: .*({ROWS[name].gist})', process.log), process.log
    assert 'Traceback' not in process.log
