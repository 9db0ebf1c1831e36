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
Reading tensors that torch.save wrote before its version 1.6, without torch and without trust.

Such a file is a row of pickles (a magic number, a version, facts about the machine, the tensors'
shapes, the keys of their storages) and the storages' numbers behind them. A pickle may call
anything; this reader knows four names and refuses all others.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.errors import CheckpointError

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {'FloatStorage': np.dtype('<f4'), 'LongStorage': np.dtype('<i8')}


@dataclass(frozen=True)
class _Storage:

    key: str
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Tensor:

    storage: _Storage
    places: NDArray[np.int64]
    """Of each of its numbers, in the storage."""


def read_pickled(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """
    Return the tensors of a saved state dict.

    :param name: of the file, for errors
    :raises CheckpointError: when it is no such file, or asks for more than tensors
    """
    file = io.BytesIO(content)
    try:
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError('it does not begin as torch.save began before 1.6')
        for _ in ('version', 'machine'):
            _Unpickler(file).load()
        saved: Mapping[str, _Tensor] = _Unpickler(file).load()
        keys: list[str] = _Unpickler(file).load()
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in saved.values()}
        numbers = {}
        for key in keys:
            count = int(np.frombuffer(file.read(8), '<i8')[0])
            dtype = dtypes[key]
            numbers[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
        return {
            name: numbers[tensor.storage.key][tensor.places] for name, tensor in saved.items()}
    except (
        pickle.UnpicklingError, ValueError, KeyError, TypeError, EOFError, IndexError,
        AttributeError,
    ) as error:
        raise CheckpointError(f'{name} cannot be read as saved tensors: {error}') from error


class _Unpickler(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ('collections', 'OrderedDict'):
            return OrderedDict
        if (module, name) == ('torch._utils', '_rebuild_tensor_v2'):
            return _rebuilt
        if module == 'torch' and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f'it asks for {module}.{name}')

    def persistent_load(self, reference: Any) -> _Storage:
        _, dtype, key, _, _, view = reference
        if view is not None:
            raise pickle.UnpicklingError('a storage is a view of another')
        return _Storage(key, dtype)


def _rebuilt(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> _Tensor:
    if min((offset, *shape, *stride)) < 0:
        raise pickle.UnpicklingError('a tensor lies outside its storage')
    places = np.asarray(offset, np.int64)
    for length, step in zip(shape, stride, strict=True):
        places = np.add.outer(places, np.arange(length) * step)
    return _Tensor(storage, places)
