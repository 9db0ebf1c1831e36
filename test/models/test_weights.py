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


"""Tensors are read as they are stored, and the bytes of a file are never trusted."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save

from streamo_ros.models import CheckpointError
from streamo_ros.models.weights import WEIGHTS
from streamo_ros.models.weights import Weights

TENSORS = {
    'model.norm.weight': np.arange(6, dtype=np.float32),
    'model.embed_tokens.weight': np.arange(12, dtype=np.float16).reshape(3, 4)}


@pytest.mark.parametrize('published, here', [
    ('model.layers.0.mlp.up_proj.weight', 'decoder.layers.0.mlp.up_proj.weight'),
    ('model.language_model.layers.0.mlp.up_proj.weight', 'decoder.layers.0.mlp.up_proj.weight'),
    ('language_model.model.layers.0.mlp.up_proj.weight', 'decoder.layers.0.mlp.up_proj.weight'),
    ('model.text_model.layers.0.mlp.up_proj.weight', 'decoder.layers.0.mlp.up_proj.weight'),
    ('visual.merger.mlp.0.weight', 'visual.merger.mlp.0.weight'),
    ('model.visual.merger.mlp.0.weight', 'visual.merger.mlp.0.weight'),
    ('vision_tower.encoder.layer.0.lambda_1', 'visual.encoder.layer.0.lambda_1'),
    ('model.vision_model.post_layernorm.bias', 'visual.post_layernorm.bias'),
    ('multi_modal_projector.linear_1.bias', 'visual.projector.linear_1.bias'),
    ('model.connector.modality_projection.proj.weight',
     'visual.connector.modality_projection.proj.weight'),
    ('lm_head.weight', 'head'),
    ('language_model.lm_head.weight', 'head'),
])
def test_names_of_all_releases_are_known(published, here, tmp_path):
    (tmp_path / WEIGHTS).write_bytes(save({published: TENSORS['model.norm.weight']}))
    assert list(Weights(tmp_path)) == [here]


def test_tensors_come_widened_and_only_when_they_are_asked_for(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(save(TENSORS))
    table = Weights(tmp_path)['decoder.embed_tokens.weight']
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, TENSORS['model.embed_tokens.weight'])


def test_an_index_of_the_one_file_is_sound(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(save(TENSORS))
    (tmp_path / f'{WEIGHTS}.index.json').write_text(json.dumps(
        {'metadata': {}, 'weight_map': dict.fromkeys(TENSORS, WEIGHTS)}))
    assert len(Weights(tmp_path)) == 2


def read(directory, content):
    (directory / WEIGHTS).write_bytes(content)
    try:
        return {name: tensor.shape for name, tensor in Weights(directory).items()}
    except CheckpointError as error:
        assert str(directory) in str(error)
        return None


def test_whatever_bytes_change_it_is_read_or_refused(tmp_path):
    hypothesis = pytest.importorskip('hypothesis')
    sound = save(TENSORS)
    assert read(tmp_path, sound)

    @hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
    @hypothesis.given(
        hypothesis.strategies.integers(0, len(sound)), hypothesis.strategies.integers(0, 16),
        hypothesis.strategies.binary(max_size=16))
    def changed(at, gone, put):
        read(tmp_path, sound[:at] + put + sound[at + gone:])

    changed()


def test_whatever_a_header_says_it_is_read_or_refused(tmp_path):
    hypothesis = pytest.importorskip('hypothesis')
    strategies = hypothesis.strategies
    sound = save(TENSORS)
    size, = struct.unpack('<Q', sound[:8])
    header = json.loads(sound[8:8 + size])
    number = strategies.integers(-2, 2 ** 64) | strategies.sampled_from([0, 1, 2, 3, 4, 6, 12, 24])

    @hypothesis.settings(max_examples=300, deadline=None, derandomize=True)
    @hypothesis.given(strategies.fixed_dictionaries({}, optional={
        'dtype': strategies.sampled_from(
            ['F32', 'F16', 'BF16', 'F64', 'I8', 'BOOL', 'F8_E4M3', 'C64', 'F4', '', None]),
        'shape': strategies.lists(number, max_size=4) | strategies.none(),
        'data_offsets': strategies.lists(number, min_size=1, max_size=3)}))
    def changed(entry):
        text = json.dumps({**header, 'model.norm.weight': {
            **header['model.norm.weight'], **entry}}).encode()
        read(tmp_path, struct.pack('<Q', len(text)) + text + sound[8 + size:])

    changed()
