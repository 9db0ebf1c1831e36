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
import subprocess
import sys

import ml_dtypes
import numpy as np
from PIL.Image import Resampling
import pytest
from safetensors.numpy import load_file
from safetensors.numpy import save_file

from streamo_ros.dialogue import ZERO_SHOT_PROMPT
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models.checkpoint import NANO
from streamo_ros.models.family import FAMILIES


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(NANO, tmp_path / 'checkpoint')
    return tmp_path / 'checkpoint'


def test_nano_loads_by_name():
    checkpoint = load_checkpoint('nano')
    assert 1 <= checkpoint.window_turns <= 60
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


def test_the_threshold_of_a_checkpoint_is_read_and_checked(copy):
    assert load_checkpoint(copy).response_threshold == 0
    file = copy / 'streamo.json'
    streamo = json.loads(file.read_text())
    file.write_text(json.dumps({**streamo, 'response_threshold': 0.7}))
    assert load_checkpoint(copy).response_threshold == 0.7
    for wrong in (1.5, -0.1, 'high', None):
        file.write_text(json.dumps({**streamo, 'response_threshold': wrong}))
        with pytest.raises(CheckpointError, match='response_threshold'):
            load_checkpoint(copy)


def test_another_family_is_refused_by_its_name(copy):
    config = json.loads((copy / 'config.json').read_text(encoding='utf-8'))
    (copy / 'config.json').write_text(json.dumps({**config, 'model_type': 'llama'}))
    with pytest.raises(CheckpointError, match="model_type 'llama'"):
        load_checkpoint(copy)


def test_a_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match='is no directory'):
        load_checkpoint(tmp_path / 'nowhere')


def test_a_plain_instruct_model_is_taken_only_when_that_is_meant(plain_model):
    with pytest.raises(CheckpointError, match=r'</Silence>.*not trained.*--zero-shot'):
        load_checkpoint(plain_model.directory)
    checkpoint = load_checkpoint(plain_model.directory, zero_shot=True)
    assert checkpoint.zero_shot
    assert checkpoint.system_prompt == ZERO_SHOT_PROMPT


def test_streamo_json_remembers_that_a_model_is_asked_in_words(plain_model, tmp_path):
    copy = shutil.copytree(plain_model.directory, tmp_path / 'copy')
    (copy / 'streamo.json').write_text('{"zero_shot": true}', encoding='utf-8')
    assert load_checkpoint(copy).tokenizer.state_ids == plain_model.checkpoint.tokenizer.state_ids


def test_a_trained_checkpoint_is_not_asked_in_words():
    assert not load_checkpoint('nano').zero_shot
    with pytest.raises(CheckpointError, match='watch with it without zero-shot'):
        load_checkpoint('nano', zero_shot=True)


def spelled_otherwise(name):
    """Return a published name as transformers 5 holds it."""
    for published, present in (
            ('language_model.lm_head.', 'lm_head.'), ('language_model.model.', 'language_model.'),
            ('model.layers.', 'language_model.layers.'), ('model.norm.', 'language_model.norm.'),
            ('model.embed_tokens.', 'language_model.embed_tokens.')):
        if name.startswith(published):
            name = present + name.removeprefix(published)
    return name if name.startswith(('lm_head.', 'model.')) else f'model.{name}'


@pytest.fixture
def whole(random_model, tmp_path):
    """Return a copy of a random model's directory and its tensors by their published names."""
    shutil.copytree(random_model.directory, tmp_path / 'whole')
    file = tmp_path / 'whole' / 'model.safetensors'
    tensors = load_file(file)
    file.unlink()
    return tmp_path / 'whole', tensors


def write_shards(directory, tensors):
    """Write two shards and their index, as large checkpoints have them."""
    names = sorted(tensors)
    shards = {
        f'model-0000{number}-of-00002.safetensors': names[number - 1::2] for number in (1, 2)}
    for file, held in shards.items():
        save_file({name: tensors[name] for name in held}, directory / file)
    (directory / 'model.safetensors.index.json').write_text(json.dumps({
        'weight_map': {name: file for file, held in shards.items() for name in held}}))
    return [directory / file for file in shards]


def test_published_and_present_names_and_shards_give_the_same_weights(random_model, whole):
    directory, tensors = whole
    expected = load_checkpoint(random_model.directory).weights
    present = {spelled_otherwise(name): tensor for name, tensor in tensors.items()}
    assert set(present) <= set(random_model.model.state_dict())
    write_shards(directory, present)
    weights = load_checkpoint(directory).weights
    assert set(weights) == set(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(weights[name], tensor)


def test_bfloat16_is_read_without_torch(whole):
    directory, tensors = whole
    save_file({name: tensor.astype(ml_dtypes.bfloat16) for name, tensor in tensors.items()},
              directory / 'model.safetensors')
    code = (
        'import sys; from streamo_ros.models import load_checkpoint; '
        f'weights = load_checkpoint({str(directory)!r}).weights; '
        'print({str(tensor.dtype) for tensor in weights.values()}, "torch" in sys.modules)')
    printed = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "{'float32'} False"
    name = 'decoder.layers.0.mlp.up_proj.weight'
    published = next(key for key in tensors if key.endswith('.layers.0.mlp.up_proj.weight'))
    np.testing.assert_array_equal(
        load_checkpoint(directory).weights[name],
        tensors[published].astype(ml_dtypes.bfloat16).astype(np.float32))


def test_a_missing_shard_is_named(whole):
    directory, tensors = whole
    shard = write_shards(directory, tensors)[1]
    shard.unlink()
    with pytest.raises(CheckpointError, match='copy all files') as raised:
        load_checkpoint(directory).weights  # noqa: B018
    assert shard.name in str(raised.value)


def test_a_missing_tensor_is_named(whole):
    directory, tensors = whole
    write_shards(directory, tensors)
    weights = load_checkpoint(directory).weights
    with pytest.raises(CheckpointError, match="no tensor 'visual.nowhere'"):
        weights['visual.nowhere']


@pytest.mark.parametrize('file, content', [
    ('preprocessor_config.json', {'image_mean': [0.1, 0.2, 0.3], 'resample': 2}),
    ('processor_config.json', {'image_processor': {
        'image_mean': [0.1, 0.2, 0.3], 'resample': 2}}),
])
def test_the_checkpoints_own_processor_says_how_frames_are_prepared(copy, file, content):
    (copy / file).write_text(json.dumps(content), encoding='utf-8')
    frame = load_checkpoint(copy).frame
    assert frame.mean == (0.1, 0.2, 0.3)
    assert frame.resample == Resampling.BILINEAR
    assert frame.std == FAMILIES['qwen2_5_vl'].std
