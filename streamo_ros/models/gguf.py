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
Reading a GGUF file with numpy alone: its fields, and its tensors as float32.

The format (version 3): a header, key-value fields, a table of tensors, then the tensors, each at a
multiple of ``general.alignment``. Of its many ways to store numbers those are read that
SmolLM2-135M's Q4_1 file has: float32, Q8_0 and Q4_1, blocks of 32 numbers with their scales.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.json_file import shown

_MAGIC = b'GGUF'
_VERSION = 3
_BLOCK = 32
_STRING, _ARRAY = 8, 9
# Of the numbers in fields, by their code: what struct calls them.
_NUMBERS = {0: 'B', 1: 'b', 2: 'H', 3: 'h', 4: 'I', 5: 'i', 6: 'f', 7: '?', 10: 'Q', 11: 'q',
            12: 'd'}
_Q4_1 = np.dtype([('scale', '<f2'), ('least', '<f2'), ('pairs', 'u1', _BLOCK // 2)])
_Q8_0 = np.dtype([('scale', '<f2'), ('levels', 'i1', _BLOCK)])


@dataclass(frozen=True)
class Gguf:
    """
    A file that has been read.

    :param fields: by name, such as ``llama.block_count``
    :param tensors: by name, such as ``blk.0.attn_q.weight``
    """

    fields: Mapping[str, Any]
    tensors: Mapping[str, NDArray[np.float32]]


def read_gguf(content: bytes, name: str) -> Gguf:
    """
    Return all of a file.

    :param name: of the file, for errors
    :raises CheckpointError: when it is no such file, is cut short or stores numbers another way
    """
    try:
        return _read(_Reader(memoryview(content)))
    except (ValueError, OverflowError, RecursionError, struct.error) as error:
        raise CheckpointError(f'{name} cannot be read as GGUF: {error}') from error


class _Reader:

    def __init__(self, content: memoryview) -> None:
        self.content = content
        self.at = 0

    def take(self, size: int) -> memoryview:
        if self.at + size > len(self.content):
            raise ValueError('it is cut short')
        self.at += size
        return self.content[self.at - size:self.at]

    def number(self, code: str) -> Any:
        return struct.unpack('<' + code, self.take(struct.calcsize('<' + code)))[0]

    def string(self) -> str:
        return str(self.take(self.number('Q')), 'utf-8')

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            of, count = self.number('I'), self.number('Q')
            return [self.value(of) for _ in range(count)]
        if kind not in _NUMBERS:
            raise ValueError(f'a field is of the unknown type {kind}')
        return self.number(_NUMBERS[kind])


def _read(reader: _Reader) -> Gguf:
    if reader.take(4) != _MAGIC:
        raise ValueError('it does not begin with GGUF')
    version, count, entries = reader.number('I'), reader.number('Q'), reader.number('Q')
    if version != _VERSION:
        raise ValueError(f'it is of version {version}, and {_VERSION} is read')
    fields = {}
    for _ in range(entries):
        name, kind = reader.string(), reader.number('I')
        fields[name] = reader.value(kind)
    table = []
    for _ in range(count):
        name, axes = reader.string(), reader.number('I')
        # The axis that changes fastest comes first.
        shape = tuple(reader.number('Q') for _ in range(axes))[::-1]
        table.append((name, shape, reader.number('I'), reader.number('Q')))
    alignment = fields.get('general.alignment', 32)
    if type(alignment) is not int or alignment < 1:
        raise ValueError(f'its tensors are aligned to {shown(alignment)} bytes')
    begin = reader.at + -reader.at % alignment
    tensors = {}
    for name, shape, kind, offset in table:
        reader.at = begin + offset
        tensors[name] = _tensor(reader, name, shape, kind)
    return Gguf(fields, tensors)


def _tensor(
    reader: _Reader, name: str, shape: tuple[int, ...], kind: int
) -> NDArray[np.float32]:
    size = math.prod(shape)
    if kind == 0:
        return np.frombuffer(reader.take(4 * size), '<f4').astype(np.float32).reshape(shape)
    if kind == 3:
        blocks = _blocks(reader, _Q4_1, size)
        pairs = blocks['pairs']
        # The low halves of the bytes are a block's first sixteen numbers, the high ones the rest.
        levels = np.concatenate([pairs & 15, pairs >> 4], 1).astype(np.float32)
        return (levels * blocks['scale'].astype(np.float32)[:, None]
                + blocks['least'].astype(np.float32)[:, None]).reshape(shape)
    if kind == 8:
        blocks = _blocks(reader, _Q8_0, size)
        return (blocks['levels'].astype(np.float32)
                * blocks['scale'].astype(np.float32)[:, None]).reshape(shape)
    raise ValueError(f'the tensor {name} is stored in the unknown way {kind}')


def _blocks(reader: _Reader, dtype: np.dtype[Any], size: int) -> NDArray[Any]:
    if size % _BLOCK:
        raise ValueError(f'a tensor of {size} numbers does not come in blocks of {_BLOCK}')
    return np.frombuffer(reader.take(size // _BLOCK * dtype.itemsize), dtype)
