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

"""Configurations are read as they were published, and what is not supported is refused."""

import json

import pytest

from streamo_ros.models import CheckpointError
from streamo_ros.models.config import read_config

# The parts that matter, as the checkpoints were published.
QWEN2_5_VL_3B = {
    'model_type': 'qwen2_5_vl', 'hidden_act': 'silu', 'hidden_size': 2048,
    'intermediate_size': 11008, 'num_attention_heads': 16, 'num_hidden_layers': 36,
    'num_key_value_heads': 2, 'rms_norm_eps': 1e-6, 'rope_theta': 1000000.0,
    'use_sliding_window': False, 'vocab_size': 151936,
    'rope_scaling': {'type': 'mrope', 'mrope_section': [16, 24, 24]},
    'vision_config': {
        'depth': 32, 'hidden_act': 'silu', 'hidden_size': 1280, 'intermediate_size': 3420,
        'num_heads': 16, 'in_chans': 3, 'out_hidden_size': 2048, 'patch_size': 14,
        'spatial_merge_size': 2, 'window_size': 112, 'fullatt_block_indexes': [7, 15, 23, 31],
        'temporal_patch_size': 2}}
QWEN3_VL_2B = {
    'model_type': 'qwen3_vl',
    'text_config': {
        'model_type': 'qwen3_vl_text', 'attention_bias': False, 'head_dim': 128,
        'hidden_act': 'silu', 'hidden_size': 2048, 'intermediate_size': 6144,
        'num_attention_heads': 16, 'num_hidden_layers': 28, 'num_key_value_heads': 8,
        'rms_norm_eps': 1e-6, 'rope_theta': 5000000, 'vocab_size': 151936,
        'rope_scaling': {
            'mrope_interleaved': True, 'mrope_section': [24, 20, 20], 'rope_type': 'default'}},
    'vision_config': {
        'model_type': 'qwen3_vl', 'depth': 24, 'hidden_act': 'gelu_pytorch_tanh',
        'hidden_size': 1024, 'in_channels': 3, 'intermediate_size': 4096, 'num_heads': 16,
        'num_position_embeddings': 2304, 'out_hidden_size': 2048, 'patch_size': 16,
        'spatial_merge_size': 2, 'temporal_patch_size': 2,
        'deepstack_visual_indexes': [5, 11, 17]}}
INTERNVL3_1B = {
    'model_type': 'internvl', 'downsample_ratio': 0.5, 'image_seq_length': 256,
    'projector_hidden_act': 'gelu', 'vision_feature_layer': -1,
    'vision_feature_select_strategy': 'default',
    'text_config': {
        'model_type': 'qwen2', 'hidden_act': 'silu', 'hidden_size': 896,
        'intermediate_size': 4864, 'num_attention_heads': 14, 'num_hidden_layers': 24,
        'num_key_value_heads': 2, 'rms_norm_eps': 1e-6, 'rope_theta': 1000000.0,
        'rope_scaling': {'factor': 2.0, 'rope_type': 'dynamic', 'type': 'dynamic'},
        'use_sliding_window': False, 'vocab_size': 151674},
    'vision_config': {
        'model_type': 'internvl_vision', 'attention_bias': True, 'hidden_act': 'gelu',
        'hidden_size': 1024, 'image_size': [448, 448], 'intermediate_size': 4096,
        'layer_norm_eps': 1e-6, 'norm_type': 'layer_norm', 'num_attention_heads': 16,
        'num_channels': 3, 'num_hidden_layers': 24, 'patch_size': [14, 14],
        'use_absolute_position_embeddings': True, 'use_mean_pooling': True,
        'use_qk_norm': False}}
SMOLVLM2_500M = {
    'model_type': 'smolvlm', 'scale_factor': 4,
    'text_config': {
        'model_type': 'llama', 'attention_bias': False, 'head_dim': 64, 'hidden_act': 'silu',
        'hidden_size': 960, 'intermediate_size': 2560, 'mlp_bias': False,
        'num_attention_heads': 15, 'num_hidden_layers': 32, 'num_key_value_heads': 5,
        'rms_norm_eps': 1e-5, 'rope_scaling': None, 'rope_theta': 100000, 'vocab_size': 49280},
    'vision_config': {
        'hidden_size': 768, 'image_size': 512, 'max_image_size': {'longest_edge': 512},
        'num_attention_heads': 12, 'patch_size': 16, 'tie_word_embeddings': False}}


def read(tmp_path, config):
    (tmp_path / 'config.json').write_text(json.dumps(config), encoding='utf-8')
    return read_config(tmp_path)


@pytest.mark.parametrize('config, head_dim, bias, norm, mrope, cell, tokens', [
    (QWEN2_5_VL_3B, 128, True, False, True, 28, None),
    (QWEN3_VL_2B, 128, False, True, True, 32, None),
    (INTERNVL3_1B, 64, True, False, False, 28, 256),
    (SMOLVLM2_500M, 64, False, False, False, 64, 64),
], ids=lambda value: value.get('model_type') if isinstance(value, dict) else None)
def test_published_configurations(tmp_path, config, head_dim, bias, norm, mrope, cell, tokens):
    decoder, vision = read(tmp_path, config)
    assert vision.family == config['model_type']
    assert (decoder.head_dim, decoder.qkv_bias, decoder.qk_norm) == (head_dim, bias, norm)
    assert decoder.mrope == mrope and len(decoder.rope_axes) == head_dim // 2
    assert vision.cell == cell
    if tokens:
        assert (vision.image[0] // cell) ** 2 == tokens


def test_rope_turns_by_time_height_and_width_as_frozen_here(tmp_path):
    assert read(tmp_path, QWEN2_5_VL_3B)[0].rope_axes == (0,) * 16 + (1,) * 24 + (2,) * 24
    assert read(tmp_path, QWEN3_VL_2B)[0].rope_axes == (0, 1, 2) * 20 + (0,) * 4
    assert set(read(tmp_path, INTERNVL3_1B)[0].rope_axes) == {0}
    assert set(read(tmp_path, SMOLVLM2_500M)[0].rope_axes) == {0}


def test_deepstack_reaches_as_many_layers_as_the_tower_gives(tmp_path):
    decoder, vision = read(tmp_path, QWEN3_VL_2B)
    assert vision.deepstack == (5, 11, 17) and decoder.deepstack == 3
    assert vision.side == 48


def test_what_a_small_smolvlm_leaves_out_is_what_its_class_says(tmp_path):
    vision = read(tmp_path, SMOLVLM2_500M)[1]
    assert (vision.layers, vision.mlp, vision.side) == (12, 3072, 32)


@pytest.mark.parametrize('config, section, field, value', [
    (QWEN2_5_VL_3B, None, 'hidden_act', 'gelu'),
    (QWEN2_5_VL_3B, None, 'use_sliding_window', True),
    (QWEN2_5_VL_3B, None, 'rope_scaling', {'type': 'mrope', 'mrope_section': [16, 24]}),
    (QWEN2_5_VL_3B, 'vision_config', 'out_hidden_size', 1024),
    (QWEN3_VL_2B, 'text_config', 'attention_bias', True),
    (QWEN3_VL_2B, 'text_config', 'model_type', 'qwen3_vl_moe_text'),
    (INTERNVL3_1B, 'vision_config', 'norm_type', 'rms_norm'),
    (INTERNVL3_1B, 'vision_config', 'use_qk_norm', True),
    (INTERNVL3_1B, 'vision_config', 'image_size', [448, 224]),
    (INTERNVL3_1B, None, 'vision_feature_layer', -2),
    (SMOLVLM2_500M, 'text_config', 'rope_scaling', {'rope_type': 'yarn', 'factor': 4.0}),
])
def test_a_field_that_would_run_wrong_is_refused(tmp_path, config, section, field, value):
    part = {**config[section], field: value} if section else value
    changed = {**config, section or field: part}
    with pytest.raises(CheckpointError, match=r'config\.json cannot be run'):
        read(tmp_path, changed)


def test_a_missing_field_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="lacks or misspells a field .'scale_factor'"):
        read(tmp_path, {key: value for key, value in SMOLVLM2_500M.items()
                        if key != 'scale_factor'})
