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

"""GGUF files of random decoders have the decoder's shape, and numbers as the format has them."""

import numpy as np
import pytest

from streamo_ros.bench.random_gguf import FORMATS
from streamo_ros.bench.random_gguf import stored_as
from streamo_ros.bench.random_gguf import write_random_gguf
from streamo_ros.models import DecoderConfig
from streamo_ros.models.gguf import read_gguf

DECODER = DecoderConfig(
    layers=2, hidden=64, heads=4, kv_heads=2, head_dim=16, mlp=96, vocab=50, norm_eps=1e-6,
    rope_theta=1e6, rope_axes=(0,) * 8, qkv_bias=True, qk_norm=False, deepstack=0)


def test_a_file_has_the_shape_of_the_decoder(tmp_path):
    write_random_gguf(DECODER, 'Q8_0', tmp_path / 'random.gguf')
    found = read_gguf((tmp_path / 'random.gguf').read_bytes(), 'file')
    assert found.fields['general.architecture'] == 'qwen2'
    assert found.fields['tokenizer.ggml.model'] == 'none'
    sizes = {name: found.fields[f'qwen2.{name}'] for name in (
        'block_count', 'embedding_length', 'attention.head_count', 'attention.head_count_kv',
        'feed_forward_length', 'vocab_size', 'rope.freq_base')}
    assert list(sizes.values()) == [2, 64, 4, 2, 96, 50, 1e6]
    shapes = {name: value.shape for name, value in found.tensors.items()}
    assert shapes['token_embd.weight'] == (50, 64)
    assert shapes['blk.1.attn_k.weight'] == (32, 64)
    assert shapes['blk.1.attn_v.bias'] == (32,)
    assert shapes['blk.1.ffn_up.weight'] == (96, 64)
    assert shapes['blk.1.ffn_down.weight'] == (64, 96)
    assert len(shapes) == 2 + 2 * 12


def test_matrices_are_random_norms_ones_and_biases_zeros(tmp_path):
    write_random_gguf(DECODER, 'Q8_0', tmp_path / 'random.gguf')
    tensors = read_gguf((tmp_path / 'random.gguf').read_bytes(), 'file').tensors
    assert tensors['blk.0.ffn_down.weight'].std() == pytest.approx(96 ** -0.5, rel=0.1)
    assert (tensors['blk.1.ffn_norm.weight'] == 1).all()
    assert (tensors['blk.1.attn_q.bias'] == 0).all()


@pytest.mark.parametrize('stored, bytes_of_block', [*zip(FORMATS, (64, 34, 18))])
def test_numbers_take_as_many_bytes_as_the_format_says(stored, bytes_of_block):
    assert len(stored_as(np.zeros((3, 64), np.float32), stored)) == 6 * bytes_of_block


@pytest.mark.parametrize('sign', [1, -1])
def test_eight_bits_are_a_scale_and_whole_numbers(sign):
    values = sign * np.linspace(-127, 96, 32, dtype=np.float32).round()
    content = stored_as(2 * values, 'Q8_0')
    assert np.frombuffer(content[:2], '<f2') == 2
    np.testing.assert_array_equal(np.frombuffer(content[2:], np.int8), values)


@pytest.mark.parametrize('scale', [0.5, -0.5])
def test_four_bits_are_a_scale_and_halves_of_bytes_eight_too_large(scale):
    levels = np.arange(32, dtype=np.float32) // 2 - 8
    content = stored_as(scale * levels, 'Q4_0')
    assert np.frombuffer(content[:2], '<f2') == scale
    pairs = np.frombuffer(content[2:], np.uint8)
    np.testing.assert_array_equal(np.concatenate([pairs & 15, pairs >> 4]), levels + 8)


@pytest.mark.parametrize('stored', ['Q8_0', 'Q4_0'])
def test_a_block_of_zeros_has_the_scale_zero(stored):
    content = stored_as(np.zeros(32, np.float32), stored)
    assert np.frombuffer(content[:2], '<f2') == 0
