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

"""Matrices of others are the numbers that their packing rule says; all else is refused."""

import json
import shutil

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file
from safetensors.numpy import save_file

from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.blocks import packed
from streamo_ros.models.blocks import stacked
from streamo_ros.models.blocks import unpacked
from streamo_ros.models.checkpoint import NANO

GROUP = 128
PROJECTION = 'layers.0.mlp.up_proj'
RANDOM = np.random.default_rng(0)


def words(columns, order):
    """Pack (rows, n) numbers of 4 bits, eight in a word, the column order[i] in half byte i."""
    result = np.zeros((columns.shape[0], columns.shape[1] // 8), np.uint32)
    for word in range(result.shape[1]):
        for nibble, column in enumerate(order):
            result[:, word] |= columns[:, 8 * word + column].astype(np.uint32) << (4 * nibble)
    return result.view(np.int32)


def awq(out, width):
    levels = RANDOM.integers(0, 16, (width, out))
    zeros = RANDOM.integers(0, 16, (width // GROUP, out))
    scales = RANDOM.uniform(0.01, 0.02, (width // GROUP, out)).astype(np.float16)
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    numbers = np.empty((out, width), np.float32)
    for row in range(width):
        group = row // GROUP
        numbers[:, row] = (levels[row] - zeros[group]) * scales[group].astype(np.float32)
    return {'quant_method': 'awq', 'bits': 4, 'group_size': GROUP, 'version': 'gemm'}, {
        'qweight': words(levels, order), 'qzeros': words(zeros, order), 'scales': scales}, numbers


def gptq(out, width):
    levels = RANDOM.integers(0, 16, (width, out))
    zeros = RANDOM.integers(1, 16, (width // GROUP, out))
    scales = RANDOM.uniform(0.01, 0.02, (width // GROUP, out)).astype(np.float16)
    groups = RANDOM.permutation(np.arange(width) // GROUP).astype(np.int32)  # as desc_act does
    numbers = np.empty((out, width), np.float32)
    for row in range(width):
        group = groups[row]
        numbers[:, row] = (levels[row] - zeros[group]) * scales[group].astype(np.float32)
    order = range(8)
    return {'quant_method': 'gptq', 'bits': 4, 'desc_act': True}, {
        'qweight': np.ascontiguousarray(words(levels.T, order).T),
        'qzeros': words(zeros - 1, order), 'scales': scales, 'g_idx': groups}, numbers


def compressed(bits):
    def make(out, width):
        most = 2 ** (bits - 1)
        levels = RANDOM.integers(-most, most, (out, width))
        scales = RANDOM.uniform(0.01, 0.02, (out, width // GROUP)).astype(ml_dtypes.bfloat16)
        stored = words(levels + 8, range(8)) if bits == 4 else (
            levels + 128).astype(np.uint8).view(np.int32)
        return {
            'quant_method': 'compressed-tensors', 'format': 'pack-quantized', 'config_groups': {
                'group_0': {'weights': {
                    'num_bits': bits, 'type': 'int', 'symmetric': True, 'group_size': GROUP}}},
        }, {
            'weight_packed': stored, 'weight_scale': scales,
            'weight_shape': np.asarray([out, width]),
        }, levels * np.repeat(scales.astype(np.float32), GROUP, 1)
    return make


def compressed_int8(out, width):
    levels = RANDOM.integers(-128, 128, (out, width)).astype(np.int8)
    scales = RANDOM.uniform(0.01, 0.02, (out, 1)).astype(np.float32)
    return {
        'quant_method': 'compressed-tensors', 'format': 'int-quantized', 'config_groups': {
            'group_0': {'weights': {'num_bits': 8, 'type': 'int', 'symmetric': True}}},
    }, {'weight': levels, 'weight_scale': scales}, levels * scales


def bitsandbytes(out, width):
    levels = RANDOM.integers(-127, 128, (out, width)).astype(np.int8)
    greatest = RANDOM.uniform(0.5, 2, out).astype(np.float32)
    return {'quant_method': 'bitsandbytes', 'load_in_8bit': True, 'load_in_4bit': False}, {
        'weight': levels, 'SCB': greatest, 'weight_format': np.zeros((), np.uint8),
    }, levels * (greatest / np.float32(127))[:, None]


def fp8(out, width):
    weight = RANDOM.standard_normal((out, width)).astype(ml_dtypes.float8_e4m3fn)
    scales = RANDOM.uniform(0.01, 0.02, (-(-out // 128), -(-width // 128))).astype(np.float32)
    numbers = np.empty((out, width), np.float32)
    for row in range(out):
        for column in range(width):
            numbers[row, column] = np.float32(weight[row, column]) * scales[
                row // 128, column // 128]
    return {'quant_method': 'fp8', 'weight_block_size': [128, 128], 'fmt': 'e4m3'}, {
        'weight': weight, 'weight_scale_inv': scales}, numbers


def narrow_fp8(out, width):
    weight = RANDOM.standard_normal((out, width)).astype(ml_dtypes.float8_e4m3fn)
    scale, input_scale = np.float32(0.0125), np.float32(0.5)
    return {'quant_method': 'modelopt', 'quant_algo': 'FP8', 'ignore': ['lm_head']}, {
        'weight': weight, 'weight_scale': np.asarray(scale),
        'input_scale': np.asarray(input_scale)}, weight.astype(np.float32) * scale


def nvfp4(out, width):
    # By the codes of E2M1: a sign, two bits of exponent, one of mantissa.
    magnitudes = np.asarray([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
    codes = RANDOM.integers(0, 16, (out, width))
    values = magnitudes[codes & 7] * np.where(codes & 8, -1, 1)
    scales = RANDOM.uniform(1, 200, (out, width // 16)).astype(ml_dtypes.float8_e4m3fn)
    pairs = np.zeros((out, width // 2), np.uint8)
    for column in range(width):
        pairs[:, column // 2] |= codes[:, column].astype(np.uint8) << 4 * (column % 2)
    whole = np.float32(3e-4)
    numbers = values * np.repeat(scales.astype(np.float32), 16, 1) * whole
    return {'quant_method': 'modelopt', 'quant_algo': 'NVFP4', 'ignore': ['lm_head']}, {
        'weight': pairs, 'weight_scale': scales, 'weight_scale_2': np.asarray(whole),
        'input_scale': np.asarray(np.float32(0.01))}, numbers


MAKERS = {
    'awq': awq, 'gptq': gptq, 'compressed-tensors 4': compressed(4),
    'compressed-tensors 8': compressed(8), 'compressed-tensors int8': compressed_int8,
    'bitsandbytes': bitsandbytes, 'fp8': fp8, 'modelopt fp8': narrow_fp8,
    'modelopt nvfp4': nvfp4}


@pytest.fixture(params=MAKERS)
def foreign(request, tmp_path):
    """Return nano's directory with one matrix stored another way, and what it is."""
    directory = shutil.copytree(NANO, tmp_path / 'nano')
    tensors = load_file(directory / 'model.safetensors')
    name = next(name for name in tensors if name.endswith(f'{PROJECTION}.weight'))
    said, parts, numbers = MAKERS[request.param](*tensors.pop(name).shape)
    layer = name.removesuffix('.weight')
    tensors.update({f'{layer}.{end}': np.ascontiguousarray(part) for end, part in parts.items()})
    write(directory, tensors, said)
    return directory, layer, parts, numbers, tensors, said


def write(directory, tensors, said):
    (directory / 'model.safetensors').unlink()
    save_file(tensors, directory / 'model.safetensors')
    config = json.loads((NANO / 'config.json').read_text())
    (directory / 'config.json').unlink()
    (directory / 'config.json').write_text(json.dumps({**config, 'quantization_config': said}))


def test_the_numbers_are_those_of_the_published_rule(foreign):
    directory, _, _, numbers, _, _ = foreign
    read = load_checkpoint(directory).weights[f'decoder.{PROJECTION}.weight']
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, numbers, rtol=1e-6, atol=1e-9)


def test_a_part_that_is_missing_is_never_made_up(foreign):
    directory, layer, parts, _, whole, said = foreign
    for end in parts:
        if end == 'weight_format':
            continue
        write(directory, {
            name: value for name, value in whole.items() if name != f'{layer}.{end}'}, said)
        with pytest.raises(CheckpointError, match='missing|none is|holds|no tensor'):
            load_checkpoint(directory)


def test_parts_of_other_shapes_are_refused(foreign):
    directory, layer, parts, _, whole, said = foreign
    for end, part in parts.items():
        if end == 'weight_format':
            continue
        cut = {**whole, f'{layer}.{end}': np.ascontiguousarray(part[:-1]) if part.ndim else (
            np.stack([part, part]))}
        write(directory, cut, said)
        with pytest.raises(CheckpointError):
            load_checkpoint(directory)


@pytest.mark.parametrize('said', [
    {'quant_method': 'awq', 'bits': 4, 'version': 'gemv'}, {'quant_method': 'awq', 'bits': 3},
    {'quant_method': 'gptq', 'bits': 8}, {'quant_method': 'gptq', 'bits': 4,
                                          'checkpoint_format': 'marlin'},
    {'quant_method': 'bitsandbytes', 'load_in_4bit': True}, {'quant_method': 'fp8'},
    {'quant_method': 'compressed-tensors', 'format': 'pack-quantized', 'config_groups': {
        'group_0': {'weights': {'num_bits': 4, 'type': 'int', 'symmetric': False}}}},
    {'quant_method': 'modelopt', 'quant_algo': 'W4A8_AWQ'},
    {'quant_method': 'modelopt', 'quant_algo': 'FP8', 'kv_cache_scheme': {'num_bits': 8}},
    {'quant_method': 'streamo', 'bits': 5, 'block': BLOCK}, {'quant_method': 'quanto'}])
def test_what_no_rule_here_covers_is_refused_by_name(said, tmp_path):
    directory = shutil.copytree(NANO, tmp_path / 'nano')
    write(directory, load_file(NANO / 'model.safetensors'), said)
    with pytest.raises(CheckpointError, match=f'quantised.*{said["quant_method"]}'):
        load_checkpoint(directory)


@pytest.mark.parametrize('bits', [4, 8])
def test_a_block_is_off_by_half_a_level_at_most(bits):
    matrix = RANDOM.standard_normal((6, 3 * BLOCK)).astype(np.float32)
    blocks = in_blocks(matrix, bits)
    off = np.abs(blocks.floats() - matrix).reshape(6, 3, BLOCK)
    assert (off <= 0.501 * blocks.scales[..., None] + 1e-3 * np.abs(
        matrix.reshape(off.shape))).all()
    assert (blocks * np.float32(2)).floats() == pytest.approx(2 * blocks.floats())
    both = stacked(blocks, in_blocks(-matrix, bits))
    assert np.array_equal(both.floats()[:6], blocks.floats())
    assert np.array_equal(blocks.rows([2, 5]), blocks.floats()[[2, 5]])


def test_pairs_hold_what_was_packed():
    levels = RANDOM.integers(-8, 8, (4, 64)).astype(np.int8)
    assert np.array_equal(unpacked(packed(levels)), levels)


def test_what_no_scale_can_hold_is_refused():
    with pytest.raises(ValueError, match='too large'):
        in_blocks(np.full((1, BLOCK), 1e9, np.float32), 4)
    with pytest.raises(ValueError, match='blocks of 32'):
        in_blocks(np.ones((1, 33), np.float32), 4)


def test_a_quantisers_own_file_may_say_what_the_configuration_says_too(foreign):
    directory, _, _, _, _, said = foreign
    for file in ('quantize_config.json', 'hf_quant_config.json'):
        (directory / file).write_text(json.dumps({'quantization': said}))
        load_checkpoint(directory)
        (directory / file).unlink()


def test_scales_of_a_cache_in_few_bits_are_refused(foreign):
    directory, layer, _, _, whole, said = foreign
    scale = layer.replace('mlp.up_proj', 'self_attn.k_proj.k_scale')
    write(directory, {**whole, scale: np.ones((), np.float32)}, said)
    with pytest.raises(CheckpointError, match='k_scale'):
        load_checkpoint(directory)


@pytest.mark.parametrize('scale', [0.0, -1.0, np.nan, np.inf])
def test_a_scale_that_is_none_is_refused(tmp_path, scale):
    directory = shutil.copytree(NANO, tmp_path / 'nano')
    tensors = load_file(directory / 'model.safetensors')
    name = next(name for name in tensors if name.endswith(f'{PROJECTION}.weight'))
    said, parts, _ = narrow_fp8(*tensors.pop(name).shape)
    layer = name.removesuffix('.weight')
    parts['input_scale'] = np.asarray(scale, np.float32)
    write(directory, {**tensors, **{
        f'{layer}.{end}': part for end, part in parts.items()}}, said)
    with pytest.raises(CheckpointError, match='a scale is'):
        load_checkpoint(directory)
