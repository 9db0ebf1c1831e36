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

import copy
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


CONFIGURATIONS = (QWEN2_5_VL_3B, QWEN3_VL_2B, INTERNVL3_1B, SMOLVLM2_500M)


def test_whatever_a_field_holds_it_is_read_or_refused(tmp_path):
    hypothesis = pytest.importorskip('hypothesis')
    strategies = hypothesis.strategies
    value = strategies.recursive(
        strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats()
        | strategies.text(max_size=5),
        lambda inner: strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.text(max_size=5), inner, max_size=3), max_leaves=5)
    places = [
        (number, section, name)
        for number, config in enumerate(CONFIGURATIONS)
        for section in (None, 'text_config', 'vision_config')
        for name in (config if section is None else config.get(section, ()))]

    @hypothesis.settings(max_examples=400, deadline=None, derandomize=True)
    @hypothesis.given(strategies.sampled_from(places), value)
    def changed(place, value):
        number, section, name = place
        config = copy.deepcopy(CONFIGURATIONS[number])
        (config if section is None else config[section])[name] = value
        try:
            decoder, vision = read(tmp_path, config)
        except CheckpointError as error:
            assert 'config.json' in str(error)
        else:
            assert decoder.layers > 0 and vision.layers > 0

    changed()


def test_whatever_bytes_the_file_has_it_is_refused(tmp_path):
    hypothesis = pytest.importorskip('hypothesis')
    sound = json.dumps(QWEN2_5_VL_3B).encode()

    @hypothesis.settings(max_examples=200, deadline=None, derandomize=True)
    @hypothesis.given(
        hypothesis.strategies.integers(0, len(sound)), hypothesis.strategies.integers(0, 40),
        hypothesis.strategies.binary(max_size=8))
    def changed(at, gone, put):
        (tmp_path / 'config.json').write_bytes(sound[:at] + put + sound[at + gone:])
        try:
            read_config(tmp_path)
        except CheckpointError as error:
            assert 'config.json' in str(error)

    changed()


@pytest.mark.parametrize('config', CONFIGURATIONS, ids=lambda config: config['model_type'])
def test_what_a_file_leaves_out_is_what_transformers_takes_for_it(config, tmp_path):
    transformers = pytest.importorskip('transformers')

    def outcome(changed):
        try:
            return read(tmp_path, changed)
        except CheckpointError as error:  # of another shape, for both
            return type(error)

    (tmp_path / 'config.json').write_text(json.dumps(config))
    whole = transformers.AutoConfig.from_pretrained(tmp_path)
    full = whole.to_dict()  # every field that there is, as transformers 5 writes them
    assert read(tmp_path, full) == read(tmp_path, config)
    compared = 0
    for section, part in (
            (None, whole), ('text_config', whole.text_config),
            ('vision_config', whole.vision_config)):
        defaults = type(part)().to_dict()
        for name in (full if section is None else full[section]):
            # Objects; what has a test of its own below; what Llama's class makes of other fields
            if name in ('model_type', 'rope_parameters', 'text_config', 'vision_config',
                        'tie_word_embeddings') or (
                    config is SMOLVLM2_500M and name in ('head_dim', 'num_key_value_heads')):
                continue
            absent, default = copy.deepcopy(full), copy.deepcopy(full)
            del (absent if section is None else absent[section])[name]
            (default if section is None else default[section])[name] = defaults.get(name)
            if outcome(default) != outcome(full):
                compared += 1
            assert outcome(absent) == outcome(default), name
    assert compared >= 5, 'no field made a difference: nothing was compared'


@pytest.mark.parametrize('rope', [
    {}, {'rope_scaling': None}, {'rope_parameters': None}, {'rope_theta': 7e5},
    {'rope_scaling': {'rope_theta': 3e5, 'rope_type': 'default'}, 'rope_theta': 7e5},
    {'rope_scaling': {'rope_type': 'default'}, 'rope_parameters': {'rope_theta': 2e5}},
    {'rope_parameters': {'rope_theta': 2e5, 'rope_type': 'default'}, 'rope_theta': 7e5},
    {'rope_scaling': {}, 'rope_parameters': {'rope_theta': 2e5}},
], ids=str)
@pytest.mark.parametrize('config', CONFIGURATIONS, ids=lambda config: config['model_type'])
def test_where_rope_says_two_things_the_one_that_transformers_takes_counts(
        config, rope, tmp_path):
    transformers = pytest.importorskip('transformers')
    changed = copy.deepcopy(config)
    text = changed.get('text_config', changed)
    for name in ('rope_scaling', 'rope_theta', 'rope_parameters'):
        text.pop(name, None)
    text.update(copy.deepcopy(rope))
    decoder, _ = read(tmp_path, changed)
    expected = transformers.AutoConfig.from_pretrained(tmp_path).text_config
    assert decoder.rope_theta == expected.rope_parameters['rope_theta']


@pytest.mark.parametrize('inner', [None, True, False])
@pytest.mark.parametrize('outer', [None, True, False])
@pytest.mark.parametrize('config', CONFIGURATIONS, ids=lambda config: config['model_type'])
def test_whether_the_head_is_tied_is_read_as_transformers_reads_it(
        config, outer, inner, tmp_path):
    transformers = pytest.importorskip('transformers')
    changed = copy.deepcopy(config)
    flat = 'text_config' not in changed
    for fields, tied in ((changed, outer), (changed.get('text_config', {}), inner)):
        fields.pop('tie_word_embeddings', None)
        if tied is not None:
            fields['tie_word_embeddings'] = tied
    decoder, _ = read(tmp_path, changed)
    expected = transformers.AutoConfig.from_pretrained(tmp_path).tie_word_embeddings
    if config is INTERNVL3_1B and outer is None and inner is False:
        expected = False  # the only word that the file has, not the class's default
    assert decoder.tied == expected or flat


def test_llama_has_as_many_key_value_heads_as_heads_where_nothing_else_is_said(tmp_path):
    text = dict(SMOLVLM2_500M['text_config'])
    del text['num_key_value_heads']
    for said in ({}, {'num_key_value_heads': None}):
        text.update(said)
        decoder, _ = read(tmp_path, {**SMOLVLM2_500M, 'text_config': text})
        assert decoder.kv_heads == decoder.heads == 15
