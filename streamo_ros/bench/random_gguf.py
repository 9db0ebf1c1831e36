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
A decoder of random weights as a GGUF file, in the ways to store numbers that are measured.

For llama.cpp, as its architecture ``qwen2`` without a tokenizer. Norms and biases are float32;
a number of ``Q8_0`` or ``Q4_0`` is a whole one of 8 or 4 bits times the scale of its block of 32.
"""

from collections.abc import Iterator
import math
from pathlib import Path
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models import DecoderConfig

FORMATS = ('F16', 'Q8_0', 'Q4_0')

_BLOCK = 32
_ALIGNMENT = 32
# The format's code of each way, and the bytes that it takes for a block
_STORED = {'F32': (0, 4 * _BLOCK), 'F16': (1, 2 * _BLOCK), 'Q4_0': (2, 18), 'Q8_0': (8, 34)}
# The format's code of a field's type, and what struct calls it
_NUMBERS = {int: (4, 'I'), float: (6, 'f')}
_STRING = 8


def write_random_gguf(decoder: DecoderConfig, stored: str, file: Path) -> None:
    """
    Write a decoder whose matrices hold random numbers, its norms ones and its biases zeros.

    Positions are rotated by on one axis: rotating by three costs the same.

    :param stored: one of ``FORMATS``, of matrices and embeddings
    """
    fields: dict[str, str | int | float] = {
        'general.architecture': 'qwen2',
        'qwen2.vocab_size': decoder.vocab,
        'qwen2.context_length': 2 ** 20,
        'qwen2.block_count': decoder.layers,
        'qwen2.embedding_length': decoder.hidden,
        'qwen2.feed_forward_length': decoder.mlp,
        'qwen2.attention.head_count': decoder.heads,
        'qwen2.attention.head_count_kv': decoder.kv_heads,
        'qwen2.attention.layer_norm_rms_epsilon': float(decoder.norm_eps),
        'qwen2.rope.freq_base': float(decoder.rope_theta),
        'tokenizer.ggml.model': 'none'}
    tensors = {
        name: (shape, stored if len(shape) == 2 else 'F32') for name, shape in _shapes(decoder)}
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(fields))
    head += b''.join(map(_field, fields, fields.values()))
    end = 0
    for name, (shape, way) in tensors.items():
        code, block_bytes = _STORED[way]
        # The axis that changes fastest comes first.
        head += _string(name) + struct.pack(
            f'<I{len(shape)}QIQ', len(shape), *reversed(shape), code, end)
        end += _padded(math.prod(shape) // _BLOCK * block_bytes)
    random = np.random.default_rng(0)
    with file.open('wb') as out:
        out.write(head.ljust(_padded(len(head)), b'\0'))
        for name, (shape, way) in tensors.items():
            content = stored_as(_values(name, shape, random), way)
            out.write(content.ljust(_padded(len(content)), b'\0'))


def stored_as(values: NDArray[np.float32], way: str) -> bytes:
    """
    Return numbers as the format stores them.

    :param values: a multiple of 32 of them
    :param way: one of ``FORMATS``, or ``F32``
    """
    if way == 'F32':
        return values.astype('<f4').tobytes()
    if way == 'F16':
        return values.astype('<f2').tobytes()
    blocks = values.reshape(-1, _BLOCK)
    at = np.abs(blocks).argmax(1, keepdims=True)
    largest = np.take_along_axis(blocks, at, 1)
    # Four bits reach from -8 to 7: the largest number of a block, whatever its sign, is at -8.
    scales = np.abs(largest) / 127 if way == 'Q8_0' else largest / -8
    levels = np.divide(blocks, scales, out=np.zeros_like(blocks), where=scales != 0)
    if way == 'Q8_0':
        content: NDArray[Any] = np.rint(levels).astype(np.int8)
    else:
        half = np.minimum(levels + 8.5, 15).astype(np.uint8)
        content = half[:, :_BLOCK // 2] | half[:, _BLOCK // 2:] << 4
    return np.hstack([scales.astype('<f2').view(np.uint8), content.view(np.uint8)]).tobytes()


def _shapes(decoder: DecoderConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    hidden, mlp = decoder.hidden, decoder.mlp
    narrow = decoder.kv_heads * decoder.head_dim
    yield 'token_embd.weight', (decoder.vocab, hidden)
    yield 'output_norm.weight', (hidden,)
    for layer in range(decoder.layers):
        name = f'blk.{layer}'
        for norm in ('attn_norm', 'ffn_norm'):
            yield f'{name}.{norm}.weight', (hidden,)
        for part, out in (('q', hidden), ('k', narrow), ('v', narrow)):
            yield f'{name}.attn_{part}.weight', (out, hidden)
            if decoder.qkv_bias:
                yield f'{name}.attn_{part}.bias', (out,)
        yield f'{name}.attn_output.weight', (hidden, hidden)
        for part in ('gate', 'up'):
            yield f'{name}.ffn_{part}.weight', (mlp, hidden)
        yield f'{name}.ffn_down.weight', (hidden, mlp)


def _values(
    name: str, shape: tuple[int, ...], random: np.random.Generator
) -> NDArray[np.float32]:
    if len(shape) == 2:
        return random.standard_normal(shape, np.float32) / np.float32(shape[1] ** 0.5)
    return np.full(shape, 0 if name.endswith('bias') else 1, np.float32)


def _field(name: str, value: str | int | float) -> bytes:
    if isinstance(value, str):
        return _string(name) + struct.pack('<I', _STRING) + _string(value)
    code, number = _NUMBERS[type(value)]
    return _string(name) + struct.pack(f'<I{number}', code, value)


def _string(text: str) -> bytes:
    return struct.pack('<Q', len(text)) + text.encode('ascii')


def _padded(size: int) -> int:
    return size + -size % _ALIGNMENT
