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

"""A checkpoint that cannot be used is refused with the file and the remedy."""

import json
import shutil

import numpy as np
import pytest

from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models.checkpoint import NANO


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(NANO, tmp_path / 'checkpoint')
    return tmp_path / 'checkpoint'


def test_nano_loads_by_name():
    checkpoint = load_checkpoint('nano')
    assert checkpoint.window_turns >= 16
    assert checkpoint.frame.pair
    weights = checkpoint.weights
    assert weights['decoder.embed_tokens.weight'].shape == (
        checkpoint.decoder.vocab, checkpoint.decoder.hidden)
    assert all(np.isfinite(weight).all() for weight in weights.values())


def test_nano_is_as_small_as_promised():
    size = (NANO / 'model.safetensors').stat().st_size
    assert size <= 10 * 2**20
    assert sum(weight.size for weight in load_checkpoint('nano').weights.values()) <= 5_000_000


@pytest.mark.parametrize('missing, word', [
    ('config.json', 'missing from the checkpoint'),
    ('tokenizer.json', 'needs its tokenizer.json'),
    ('system_prompt.txt', 'put the system prompt'),
])
def test_a_missing_file_is_named_with_its_remedy(copy, missing, word):
    (copy / missing).unlink()
    with pytest.raises(CheckpointError, match=word) as raised:
        load_checkpoint(copy)
    assert missing in str(raised.value)


def test_pickled_weights_are_not_read(copy):
    (copy / 'model.safetensors').rename(copy / 'pytorch_model.bin')
    with pytest.raises(CheckpointError, match='pickled weights are not read'):
        load_checkpoint(copy).weights  # noqa: B018 - reading it is the test


def test_truncated_weights_are_refused(copy):
    file = copy / 'model.safetensors'
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match='cannot be read as safetensors'):
        load_checkpoint(copy).weights  # noqa: B018


def test_another_family_is_refused_by_its_name(copy):
    config = json.loads((copy / 'config.json').read_text(encoding='utf-8'))
    (copy / 'config.json').write_text(json.dumps({**config, 'model_type': 'llama'}))
    with pytest.raises(CheckpointError, match="model_type 'llama'"):
        load_checkpoint(copy)


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match='is no directory'):
        load_checkpoint(tmp_path / 'nowhere')
