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

"""
How quantised weights are stored, by us and by others, and how they become numbers again.

Each layout is one published rule of packing; what a configuration says and what its tensors are
must both be that rule, or the checkpoint is refused by name: no layout is guessed. Those of others
become floats of the very same values; ``streamo quantize`` puts them into blocks of ours.
"""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import unpacked
from streamo_ros.models.json_file import Fields
from streamo_ros.models.narrow_floats import FP4_BLOCK
from streamo_ros.models.narrow_floats import fp4_numbers
from streamo_ros.models.narrow_floats import NarrowMatrix

Arrays = Mapping[str, NDArray[Any]]
Shapes = Mapping[str, tuple[int, ...]]

METHOD = 'streamo'
"""What ``quant_method`` is called in checkpoints of ``streamo quantize``."""

MODEL_OPTIMIZER = 'modelopt'
"""The same in those of NVIDIA's Model Optimizer, and of ours in FP8 and NVFP4."""

_AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)  # the column of each half byte, the lowest first
_FP8_BLOCK = 128


@dataclass(frozen=True)
class Layout:
    """
    One way to store a matrix, (out, in), as several tensors.

    :param name: as people call it
    :param dtypes: of each tensor, by the end of its name, as safetensors calls them; the
        layer's name and ``.`` come before it
    :param optional: tensors that may stand beside them and say nothing more
    :param shape: of the matrix, from those of the tensors; ValueError where they do not fit
    :param floats: the numbers from the tensors
    :param matrix: what is multiplied by as it is, from the tensors; None where floats are
    :param bits: of the decoder's matrices where they are blocks of ours
    """

    name: str
    dtypes: Mapping[str, tuple[str, ...]]
    shape: Callable[[Shapes], tuple[int, int]]
    floats: Callable[[Arrays], NDArray[np.float32]]
    optional: tuple[str, ...] = ()
    matrix: Callable[[Arrays], BlockMatrix | NarrowMatrix] | None = None
    bits: int = 0

    @property
    def marker(self) -> str:
        """Return the end of a name by which a layer is known to be stored so."""
        return next(end for end in self.dtypes if end != 'weight')


def layout_of(said: Fields) -> Layout | None:
    """
    Return the layout that a ``quantization_config`` describes; None where it is none of these.

    :param said: that object of ``config.json``
    """
    values = said.values
    method = values.get('quant_method')
    if method == METHOD and values.get('bits') in (4, 8) and values.get('block') == BLOCK:
        return OURS[values['bits']]
    if method == 'awq' and values.get('bits') == 4 and str(
            values.get('version', 'gemm')).lower() == 'gemm':
        return AWQ
    if method == 'gptq' and values.get('bits') == 4:
        return {'gptq': GPTQ, 'gptq_v2': GPTQ_V2}.get(
            str(values.get('checkpoint_format') or 'gptq'))
    if method == 'bitsandbytes' and values.get('load_in_8bit') is True and (
            values.get('load_in_4bit') in (None, False)):
        return BITSANDBYTES
    if method == 'fp8' and values.get('weight_block_size') == [_FP8_BLOCK, _FP8_BLOCK] and (
            values.get('fmt', 'e4m3') == 'e4m3'):
        return FP8
    if method == 'compressed-tensors':
        return _compressed(values)
    if method == MODEL_OPTIMIZER and not values.get('kv_cache_scheme'):
        return NARROW.get(str(values.get('quant_algo')).lower())
    return None


def _compressed(values: Mapping[str, Any]) -> Layout | None:
    groups = values.get('config_groups')
    if not isinstance(groups, dict) or len(groups) != 1 or values.get('kv_cache_scheme'):
        return None
    group = next(iter(groups.values()))
    weights = group.get('weights') if isinstance(group, dict) else None
    if not isinstance(weights, dict) or weights.get('symmetric') is not True or (
            weights.get('type') != 'int') or weights.get('actorder') not in (None, 'static'):
        return None
    if values.get('format') == 'pack-quantized' and weights.get('num_bits') in (4, 8):
        return COMPRESSED[weights['num_bits']]
    if values.get('format') == 'int-quantized' and weights.get('num_bits') == 8:
        return COMPRESSED_INT8
    return None


def _need(condition: bool) -> None:
    if not condition:
        raise ValueError('the shapes of its tensors do not fit each other')


def _nibbles(words: NDArray[np.int32], order: tuple[int, ...] = tuple(range(8))) -> (
        NDArray[np.int32]):
    """Return (rows, 8 * columns), the half bytes of each word in their columns."""
    result = np.empty((*words.shape, 8), np.int32)
    for nibble, column in enumerate(order):
        result[..., column] = words >> 4 * nibble & 15
    return result.reshape(len(words), -1)


def _our_shape(shapes: Shapes) -> tuple[int, int]:
    (out, stored), (rows, blocks) = shapes['weight.levels'], shapes['weight.scales']
    width = blocks * BLOCK
    _need(rows == out and stored in (width, width // 2))
    return out, width


def our_blocks(tensors: Arrays) -> BlockMatrix:
    """
    Return a matrix that ``streamo quantize`` stored.

    :raises ValueError: when it has levels of another number of bits than its type says
    """
    levels, scales = tensors['weight.levels'], tensors['weight.scales'].astype(np.float32)
    bits = 4 if levels.dtype == np.uint8 else 8
    _need(levels.shape[1] * 8 == scales.shape[1] * BLOCK * bits)
    return BlockMatrix(unpacked(levels) if bits == 4 else levels, scales, bits)


def _awq_shape(shapes: Shapes) -> tuple[int, int]:
    (width, words), (groups, out) = shapes['qweight'], shapes['scales']
    _need(groups > 0 and out == 8 * words and width % groups == 0
          and shapes['qzeros'] == (groups, words))
    return out, width


def _awq(tensors: Arrays) -> NDArray[np.float32]:
    scales = tensors['scales'].astype(np.float32)
    levels, zeros = (_nibbles(tensors[name], _AWQ_ORDER) for name in ('qweight', 'qzeros'))
    group = len(levels) // len(scales)
    centred = levels - np.repeat(zeros, group, 0)
    return np.ascontiguousarray((centred * np.repeat(scales, group, 0)).T, np.float32)


def _gptq_shape(shapes: Shapes) -> tuple[int, int]:
    (words, out), (groups, columns) = shapes['qweight'], shapes['scales']
    _need(groups > 0 and columns == out and out % 8 == 0
          and shapes['qzeros'] == (groups, out // 8)
          and shapes.get('g_idx', (8 * words,)) == (8 * words,))
    return out, 8 * words


def _gptq(first: int) -> Callable[[Arrays], NDArray[np.float32]]:
    def floats(tensors: Arrays) -> NDArray[np.float32]:
        scales = tensors['scales'].astype(np.float32)
        levels = _nibbles(np.ascontiguousarray(tensors['qweight'].T)).T
        zeros = _nibbles(tensors['qzeros']) + first
        if zeros.max() > 15:
            raise ValueError('its zero points are beyond 4 bits')
        groups = tensors['g_idx']
        if groups.min() < 0 or groups.max() >= len(scales):
            raise ValueError('its g_idx names groups that have no scales')
        return np.ascontiguousarray(((levels - zeros[groups]) * scales[groups]).T, np.float32)
    return floats


def _grouped_shape(out: int, width: int, scales: tuple[int, ...]) -> tuple[int, int]:
    _need(len(scales) == 2 and scales[0] == out and scales[1] > 0 and width % scales[1] == 0)
    return out, width


def _compressed_shape(bits: int) -> Callable[[Shapes], tuple[int, int]]:
    def shape(shapes: Shapes) -> tuple[int, int]:
        out, words = shapes['weight_packed']
        return _grouped_shape(out, words * 32 // bits, shapes['weight_scale'])
    return shape


def _compressed_floats(bits: int) -> Callable[[Arrays], NDArray[np.float32]]:
    def floats(tensors: Arrays) -> NDArray[np.float32]:
        words = tensors['weight_packed']
        if tuple(tensors['weight_shape']) != (len(words), words.shape[1] * 32 // bits):
            raise ValueError('its weight_shape is that of another matrix')
        if bits == 4:
            levels = _nibbles(words) - 8
        else:
            levels = words.view(np.uint8).astype(np.int32) - 128
        return _grouped(levels, tensors['weight_scale'])
    return floats


def _grouped(levels: NDArray[Any], scales: NDArray[Any]) -> NDArray[np.float32]:
    blocks = levels.reshape(*scales.shape, -1).astype(np.float32)
    return (blocks * scales.astype(np.float32)[..., None]).reshape(levels.shape)


def _bitsandbytes_shape(shapes: Shapes) -> tuple[int, int]:
    out, width = shapes['weight']
    _need(shapes['SCB'] == (out,))
    return out, width


def _bitsandbytes(tensors: Arrays) -> NDArray[np.float32]:
    greatest: NDArray[np.float32] = tensors['SCB'].astype(np.float32)
    floats: NDArray[np.float32] = tensors['weight'].astype(np.float32)
    floats *= (greatest / np.float32(127))[:, None]
    return floats


def _fp8_shape(shapes: Shapes) -> tuple[int, int]:
    out, width = shapes['weight']
    _need(shapes['weight_scale_inv'] == (-(-out // _FP8_BLOCK), -(-width // _FP8_BLOCK)))
    return out, width


def _fp8(tensors: Arrays) -> NDArray[np.float32]:
    weight = tensors['weight'].astype(np.float32)
    scales = tensors['weight_scale_inv'].astype(np.float32)
    for axis in (0, 1):
        scales = np.repeat(scales, _FP8_BLOCK, axis).take(range(weight.shape[axis]), axis)
    return weight * scales


def _one_scale(shapes: Shapes, *names: str) -> None:
    _need(all(shapes[name] in ((), (1,)) for name in names))


def _narrow_fp8_shape(shapes: Shapes) -> tuple[int, int]:
    out, width = shapes['weight']
    _one_scale(shapes, 'weight_scale', 'input_scale')
    return out, width


def _narrow_fp8(tensors: Arrays) -> NarrowMatrix:
    return NarrowMatrix(
        tensors['weight'], _scale(tensors['weight_scale']), _scale(tensors['input_scale']))


def _nvfp4_shape(shapes: Shapes) -> tuple[int, int]:
    out, pairs = shapes['weight']
    _need(shapes['weight_scale'] == (out, 2 * pairs // FP4_BLOCK)
          and 2 * pairs % FP4_BLOCK == 0)
    _one_scale(shapes, 'weight_scale_2', 'input_scale')
    return out, 2 * pairs


def _nvfp4(tensors: Arrays) -> NarrowMatrix:
    return NarrowMatrix(
        fp4_numbers(tensors['weight']), _scale(tensors['weight_scale_2']),
        _scale(tensors['input_scale']), tensors['weight_scale'])


def _scale(tensor: NDArray[Any]) -> float:
    scale = float(tensor.reshape(()))
    if not 0 < scale < np.inf:
        raise ValueError(f'a scale is {scale}')
    return scale


FLOAT_SCALES = ('F16', 'BF16', 'F32')
OURS = {bits: Layout(
    f'streamo quantize, int{bits}',
    {'weight.levels': ('U8', 'I8'), 'weight.scales': ('F16',)}, _our_shape,
    lambda tensors: our_blocks(tensors).floats(), matrix=our_blocks, bits=bits)
    for bits in (4, 8)}
AWQ = Layout(
    'awq', {'qweight': ('I32',), 'qzeros': ('I32',), 'scales': FLOAT_SCALES}, _awq_shape, _awq)
GPTQ, GPTQ_V2 = (Layout(
    name, {'qweight': ('I32',), 'qzeros': ('I32',), 'scales': FLOAT_SCALES, 'g_idx': ('I32',)},
    _gptq_shape, _gptq(first)) for name, first in (('gptq', 1), ('gptq v2', 0)))
COMPRESSED = {bits: Layout(
    f'compressed-tensors, {bits} bits', {
        'weight_packed': ('I32',), 'weight_scale': FLOAT_SCALES, 'weight_shape': ('I64', 'I32')},
    _compressed_shape(bits), _compressed_floats(bits)) for bits in (4, 8)}
COMPRESSED_INT8 = Layout(
    'compressed-tensors INT8', {'weight': ('I8',), 'weight_scale': FLOAT_SCALES},
    lambda shapes: _grouped_shape(*shapes['weight'], shapes['weight_scale']),  # type: ignore
    lambda tensors: _grouped(tensors['weight'], tensors['weight_scale']))
BITSANDBYTES = Layout(
    'bitsandbytes INT8', {'weight': ('I8',), 'SCB': ('F32',)}, _bitsandbytes_shape,
    _bitsandbytes, ('weight_format',))
FP8 = Layout(
    'fp8 by blocks', {'weight': ('F8_E4M3',), 'weight_scale_inv': FLOAT_SCALES}, _fp8_shape, _fp8)

NARROW = {
    'fp8': Layout(
        'fp8 of Model Optimizer',
        {'weight_scale': ('F32',), 'weight': ('F8_E4M3',), 'input_scale': ('F32',)},
        _narrow_fp8_shape, lambda tensors: _narrow_fp8(tensors).floats(), matrix=_narrow_fp8),
    'nvfp4': Layout(
        'nvfp4 of Model Optimizer', {
            'weight_scale_2': ('F32',), 'weight': ('U8',), 'weight_scale': ('F8_E4M3',),
            'input_scale': ('F32',)},
        _nvfp4_shape, lambda tensors: _nvfp4(tensors).floats(), matrix=_nvfp4)}

NUMBERS: dict[str, np.dtype[Any]] = {
    'F64': np.dtype('<f8'), 'F32': np.dtype('<f4'), 'F16': np.dtype('<f2'),
    'BF16': np.dtype(ml_dtypes.bfloat16), 'F8_E4M3': np.dtype(ml_dtypes.float8_e4m3fn),
    'I64': np.dtype('<i8'), 'I32': np.dtype('<i4'), 'I8': np.dtype('i1'), 'U8': np.dtype('u1')}
"""The types of numbers that are read, as safetensors calls them."""
