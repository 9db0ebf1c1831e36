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
Quantised checkpoints: known by what they say and hold, and refused by name where not read.

Their numbers mean nothing without their scales: taken as floats they would decide at random. The
layouts that are read are those of ``packed``.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.json_file import Fields
from streamo_ros.models.json_file import read_json
from streamo_ros.models.json_file import shown
from streamo_ros.models.packed import Layout
from streamo_ros.models.packed import layout_of

_FIELDS = ('quantization_config', 'compression_config', 'quantization')
_FILES = ('quantize_config.json', 'quant_config.json', 'hf_quant_config.json')
_ALSO = ('quantize_config.json', 'hf_quant_config.json')   # say what config.json says, too
# Ends of the names of tensors that only quantised checkpoints have
_COMPANIONS = {
    '.qweight': 'AWQ or GPTQ',
    '.qzeros': 'AWQ or GPTQ',
    '.g_idx': 'GPTQ',
    '.weight_packed': 'compressed-tensors',
    '.weight_scale': 'compressed-tensors or FP8',
    '.weight_zero_point': 'compressed-tensors',
    '.weight_scale_inv': 'FP8 by blocks',
    '.input_scale': 'FP8 or NVFP4',
    '.weight_scale_2': 'NVFP4',
    '.k_scale': 'FP8 of the cache',
    '.v_scale': 'FP8 of the cache',
    '.absmax': 'bitsandbytes',
    '.quant_map': 'bitsandbytes',
    '.SCB': 'bitsandbytes',
    '.weight_format': 'bitsandbytes',
}
# As safetensors calls them, and what they are called elsewhere
_DTYPES = {
    'F8_E4M3': 'FP8 (E4M3)', 'F8_E5M2': 'FP8 (E5M2)', 'F8_E8M0': 'FP8 (E8M0)',
    'F8_E4M3FNUZ': 'FP8 (E4M3FNUZ)', 'F8_E5M2FNUZ': 'FP8 (E5M2FNUZ)', 'F4': 'FP4',
    'F6_E2M3': 'FP6', 'F6_E3M2': 'FP6', 'I8': 'INT8', 'U8': 'UINT8', 'I4': 'INT4', 'U4': 'UINT4'}

FLOATS = ('F16', 'BF16', 'F32', 'F64')
"""The types of numbers that weights are read in, as safetensors calls them."""


def read_layout(directory: Path) -> Layout | None:
    """
    Return how a checkpoint's configuration says that matrices are stored; None: as floats.

    :raises CheckpointError: naming a method that is not read
    """
    file = directory / 'config.json'
    config = Fields(file, read_json(file))
    # transformers looks at the whole model's first, and then into the language model's.
    for fields in (config, config.inner('text_config')):
        if fields.values.get(_FIELDS[0]) and (
                layout := layout_of(fields.inner(_FIELDS[0]))) is not None:
            return layout
    return None


def refuse_quantised(config: Fields) -> None:
    """
    Refuse a configuration that says that the weights are stored in a way that is not read.

    :raises CheckpointError: naming the method
    """
    for name in _FIELDS:
        said = config.values.get(name)
        if said and not (name == _FIELDS[0] and isinstance(said, dict)
                         and layout_of(config.inner(name)) is not None):
            method = said.get('quant_method') if isinstance(said, dict) else None
            _refuse(f'{config.file} says in {config.path}{name} that its weights are quantised '
                    f'({shown(method or said)})')


def refuse_quantised_files(directory: Path) -> None:
    """
    Refuse a directory with a quantiser's own file.

    :raises CheckpointError: naming the file
    """
    for name in _FILES:
        if (directory / name).is_file():
            said = read_json(directory / name)
            method = said.get('quant_method') or said.get('quant_algo') or name
            if name in _ALSO and read_layout(directory) is not None:
                continue
            _refuse(f'{directory / name} says that the weights are quantised ({shown(method)})')


def refuse_quantised_tensors(file: Path, names: Iterable[str]) -> None:
    """
    Refuse weights among whose tensors there are scales and levels.

    :raises CheckpointError: naming a tensor, and what writes such
    """
    for name in names:
        for end, writer in _COMPANIONS.items():
            if name.endswith(end) or f'{end}.' in name:
                _refuse(f'{file} is quantised: it holds {shown(name)}, as {writer} writes it')


def check_dtype(file: Path, name: str, dtype: str) -> None:
    """
    Refuse a tensor that is not of floats.

    :param dtype: as safetensors calls it
    :raises CheckpointError: naming the tensor and what it is
    """
    if dtype in _DTYPES:
        _refuse(f'{file} is quantised: its tensor {shown(name)} is {_DTYPES[dtype]}')
    if dtype not in FLOATS:
        raise CheckpointError(
            f'{file} cannot be run: its tensor {shown(name)} is of {dtype}, and weights are '
            f'{", ".join(FLOATS)}: copy the checkpoint again')


def _refuse(finding: str) -> NoReturn:
    raise CheckpointError(
        f'{finding}, and quantised weights are not read in this form: take the checkpoint in '
        'float16, bfloat16 or float32')
