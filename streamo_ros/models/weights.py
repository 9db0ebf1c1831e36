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
A checkpoint's tensors, and whether they are all there.

A tensor is read when it is asked for, and its file is not mapped, so that nothing is held twice.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
import json
import math
from pathlib import Path
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors import SafetensorError

from streamo_ros.models.blocks import LayerMatrix
from streamo_ros.models.config import DecoderConfig
from streamo_ros.models.config import VisionConfig
from streamo_ros.models.confined import INDEX
from streamo_ros.models.confined import read_index
from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.json_file import shown
from streamo_ros.models.packed import Layout
from streamo_ros.models.packed import NUMBERS
from streamo_ros.models.quantised import check_dtype
from streamo_ros.models.quantised import refuse_quantised_files
from streamo_ros.models.quantised import refuse_quantised_tensors
from streamo_ros.models.tensors import expected_tensors

WEIGHTS = 'model.safetensors'

_AT_ONCE = 1 << 22  # numbers that are looked at together
# What classes of old kept beside their weights and computes nothing here
_LEFT_OVER = re.compile(r'rotary_emb\.inv_freq$|position_ids$|mask_token$|masked_bias$')
# Where a tensor that the configuration does not call for would have changed what is computed
_COMPUTED = re.compile(r'decoder\.(layers|norm|embed_tokens)\b|visual\.|head\b')


@dataclass(frozen=True)
class _Stored:
    """
    A tensor in a file: its name there, and what it is.

    :param begin: where its numbers begin, in bytes
    """

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: str
    begin: int

    def read(self) -> NDArray[Any]:
        """Return the numbers as they are stored."""
        with self.file.open('rb') as content:
            numbers = np.fromfile(
                content, NUMBERS[self.dtype], math.prod(self.shape), offset=self.begin)
        return numbers.reshape(self.shape)


@dataclass(frozen=True)
class _Parts:
    """A matrix that is stored as several tensors, by the ends of their names."""

    layout: Layout
    parts: Mapping[str, _Stored]
    shape: tuple[int, ...]

    @property
    def file(self) -> Path:
        return self.parts[self.layout.marker].file

    @property
    def name(self) -> str:
        return self.parts[self.layout.marker].name

    @property
    def dtype(self) -> str:
        return 'F32'  # what it is read as

    def read(self) -> NDArray[Any]:
        """Return the numbers that it stands for."""
        return self.layout.floats(self.arrays())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return its tensors as they are stored."""
        return {end: part.read() for end, part in self.parts.items()}


class Weights(Mapping[str, NDArray[np.float32]]):
    """
    Tensors by name, named ``visual.*``, ``decoder.*`` and ``head``, as float32.

    A missing one is an error that says what to do.

    :param layout: how the configuration says that matrices are stored; None: as floats
    :raises CheckpointError: when there are no safetensors, a file of theirs is missing or cannot
        be read, or they are quantised
    """

    def __init__(self, directory: Path, layout: Layout | None = None) -> None:
        self._directory = directory
        self._stored: dict[str, _Stored | _Parts] = {}
        refuse_quantised_files(directory)
        index = directory / INDEX
        shards = read_index(index) if index.is_file() else None
        for file in _files(directory, shards):
            for stored in _read_header(file):
                name = plain_name(stored.name)
                if name in self._stored:
                    raise CheckpointError(
                        f'{directory} holds {shown(name)} twice, in {self._stored[name].file.name}'
                        f' and {file.name}: keep the files of one model')
                self._stored[name] = stored
        if shards is not None:
            _check_index(index, shards, self._stored)
        if layout is not None:
            self._take_together(layout)
        for held in self._stored.values():
            if isinstance(held, _Stored):
                refuse_quantised_tensors(held.file, [held.name])

    def _take_together(self, layout: Layout) -> None:
        """Make one matrix of the tensors that a layout stores it in."""
        end = layout.marker
        layers = [name[:-len(end) - 1] for name in self._stored if name.endswith(f'.{end}')]
        if 'head.levels' in self._stored and layout.bits:
            layers.append('head')
        if not layers:
            raise CheckpointError(
                f'{self._directory} says in config.json that its weights are quantised '
                f'({layout.name}), and none is: copy its config.json again')
        for layer in layers:
            parts = {}
            for end, dtypes in layout.dtypes.items():
                part = self._stored.pop(_part(layer, end), None)
                if not isinstance(part, _Stored) or part.dtype not in dtypes:
                    raise CheckpointError(
                        f'{self._directory} does not hold {shown(layer)} as {layout.name} stores '
                        f'it: {end} is {"missing" if part is None else part.dtype}; copy the '
                        'checkpoint again')
                parts[end] = part
            for end in layout.optional:
                self._stored.pop(_part(layer, end), None)
            try:
                shape = layout.shape({end: part.shape for end, part in parts.items()})
            except ValueError as error:
                raise _misfit(layout, parts[layout.marker], error) from error
            self._stored['head' if layer == 'head' else f'{layer}.weight'] = _Parts(
                layout, parts, shape)

    def published_name(self, name: str) -> str:
        """Return what a tensor is called in the files; a matrix of several as if it were one."""
        stored = self._stored[name]
        if isinstance(stored, _Parts):
            return f'{stored.name.removesuffix(stored.layout.marker)}weight'
        return stored.name

    def stored_numbers(self, name: str) -> NDArray[Any]:
        """Return a tensor in the type that it is stored in; float32 where that is no float."""
        stored = self._stored[name]
        return self[name] if isinstance(stored, _Parts) else stored.read()

    def matrix(self, name: str) -> LayerMatrix:
        """Return a matrix as it is stored where it is multiplied by so, as float32 otherwise."""
        stored = self._stored.get(name)
        if isinstance(stored, _Parts) and stored.layout.matrix is not None:
            try:
                return stored.layout.matrix(stored.arrays())
            except (OSError, ValueError) as error:
                raise _misfit(stored.layout, stored, error) from error
        return self[name]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return a tensor."""
        if name not in self._stored:
            raise CheckpointError(
                f'{self._directory} has no tensor {name!r}: its safetensors are not all there, or '
                'are of another model than its config.json; copy the checkpoint again')
        stored = self._stored[name]
        try:
            tensor = stored.read()
        except (OSError, ValueError) as error:
            if isinstance(stored, _Parts):
                raise _misfit(stored.layout, stored, error) from error
            raise _unreadable(stored.file, error) from error
        with np.errstate(over='ignore'):  # what float32 cannot hold becomes infinite: refused
            return tensor.astype(np.float32)

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a tensor."""
        return name in self._stored

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._stored)

    def __len__(self) -> int:
        """Return how many tensors there are."""
        return len(self._stored)

    def check(self, decoder: DecoderConfig, vision: VisionConfig) -> None:
        """
        Refuse weights that are not those of a configuration, in names, shapes and numbers.

        Names and shapes come first: whatever sizes a configuration asks for, nothing is allocated
        that the files do not hold.

        :raises CheckpointError: naming the file, the tensor, and what it should be
        """
        expected = {}
        for name, shape in expected_tensors(decoder, vision):
            self._check_shape(name, shape)
            expected[name] = shape
        if 'head' in self:
            self._check_shape('head', (decoder.vocab, decoder.hidden))
            expected['head'] = (decoder.vocab, decoder.hidden)
        for name, stored in self._stored.items():
            if name in expected:
                check_dtype(stored.file, stored.name, stored.dtype)
            elif _COMPUTED.match(name) and not _LEFT_OVER.search(name):
                raise CheckpointError(
                    f'{stored.file} holds {shown(stored.name)}, which config.json does not call '
                    'for: they are not of one model; copy the checkpoint again')
        for name in expected:
            self._check_numbers(name)

    def _check_shape(self, name: str, shape: tuple[int, ...]) -> None:
        if name == 'head' and name not in self:
            raise CheckpointError(
                f'{self._directory} has no tensor lm_head.weight, and its config.json does not '
                'say that the embedding table stands for it (tie_word_embeddings): copy all of '
                'its safetensors')
        if name not in self._stored:
            self[name]
        stored = self._stored[name]
        if stored.shape != shape:
            raise CheckpointError(
                f'{stored.file} holds {shown(stored.name)} of shape {list(stored.shape)}, and '
                f'config.json calls for {list(shape)}: they are not of one model; copy the '
                'checkpoint again')

    def _check_numbers(self, name: str) -> None:
        numbers = self[name].reshape(-1)
        for begin in range(0, len(numbers), _AT_ONCE):
            if not np.isfinite(numbers[begin:begin + _AT_ONCE]).all():
                stored = self._stored[name]
                raise CheckpointError(
                    f'{stored.file} has numbers in {shown(stored.name)} that are not finite: its '
                    'training diverged, or it was saved in too narrow a type; take another '
                    'checkpoint')


def _files(directory: Path, shards: Mapping[str, str] | None) -> list[Path]:
    """Return the files that hold the weights, chosen as transformers chooses them."""
    single = directory / WEIGHTS
    if shards is not None:
        files = [directory / name for name in sorted(set(shards.values()))]
        if single not in files and single.is_file():
            raise CheckpointError(
                f'{directory} has both {WEIGHTS} and {INDEX} of other files: keep those that '
                'belong to it')
        return files
    if single.is_file():
        return [single]
    found = sorted(file.name for file in directory.glob('*.safetensors'))
    if found:
        raise CheckpointError(
            f'{directory} has {shown(found[0])}, and neither {WEIGHTS} nor {INDEX}, which names '
            'shards: copy all files of the checkpoint')
    if gguf := sorted(file.name for file in directory.glob('*.gguf')):
        raise CheckpointError(
            f'{directory} has its weights in a GGUF file ({shown(gguf[0])}), which is not read: '
            'take the checkpoint in safetensors, in float16, bfloat16 or float32')
    raise CheckpointError(
        f'{directory} has no *.safetensors: pickled weights are not read; save the model with '
        'safetensors')


def _read_header(file: Path) -> list[_Stored]:
    if not file.is_file():
        raise CheckpointError(f'{file} is missing: copy all files of the checkpoint')
    try:
        with file.open('rb') as content:
            begin = content.read(64)
        if begin.startswith(b'GGUF'):
            raise CheckpointError(
                f'{file} is a GGUF file by its content, which is not read: take the checkpoint in '
                'safetensors, in float16, bfloat16 or float32')
        if begin.startswith(b'version https://git-lfs'):
            raise CheckpointError(
                f'{file} is a pointer of Git LFS in place of the weights: fetch them with '
                '`git lfs pull`')
        with safe_open(file, framework='numpy') as reader:  # it checks the header
            names = list(reader.keys())
        header, data = _header(file)
        stored = [
            _Stored(file, name, tuple(header[name]['shape']), str(header[name]['dtype']),
                    data + header[name]['data_offsets'][0])
            for name in names]
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise _unreadable(file, error) from error
    return stored


def _part(layer: str, end: str) -> str:
    """Return what a layer's tensor is called here; the head's name has no end."""
    return f'head{end.removeprefix("weight")}' if layer == 'head' and end.startswith(
        'weight') else f'{layer}.{end}'


def _misfit(layout: Layout, stored: _Stored | _Parts, error: Exception) -> CheckpointError:
    return CheckpointError(
        f'{stored.file} does not hold {shown(stored.name)} as {layout.name} stores it ({error}): '
        'copy the checkpoint again')


def _header(file: Path) -> tuple[dict[str, Any], int]:
    """Return what a sound file says of its tensors, and where their numbers begin."""
    with file.open('rb') as content:
        length = int.from_bytes(content.read(8), 'little')
        header: dict[str, Any] = json.loads(content.read(length))
    return header, 8 + length


def _unreadable(file: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f'{file} cannot be read as safetensors ({error}): it is cut short or another kind of '
        'file; copy it again')


def _check_index(
    index: Path, shards: Mapping[str, str], stored: Mapping[str, _Stored | _Parts]
) -> None:
    """Refuse shards that do not hold what their index says."""
    held = {(tensor.name, tensor.file.name) for tensor in stored.values()}
    for name, file in shards.items():
        if (name, Path(file).name) not in held:
            raise CheckpointError(
                f'{index} says that {shown(file)} holds {shown(name)}, and it does not: copy the '
                'index and all shards again')


# Prefixes of tensor names, and what they are called here; the first that fits counts.
_PARTS = {
    'language_model.lm_head.weight': 'head',
    'language_model.model.': 'decoder.',
    'language_model.': 'decoder.',
    'text_model.': 'decoder.',
    'lm_head.weight': 'head',
    'lm_head.': 'head.',
    'visual.': 'visual.',
    'vision_tower.': 'visual.',
    'vision_model.': 'visual.',
    'multi_modal_projector.': 'visual.projector.',
    'connector.': 'visual.connector.',
    '': 'decoder.',
}


def plain_name(name: str) -> str:
    """
    Return what a published tensor is called here.

    Names come as first published, as transformers 5 writes them, and without ``model.``.
    """
    name = name.removeprefix('model.')
    part = next(part for part in _PARTS if name.startswith(part))
    return _PARTS[part] + name.removeprefix(part)
