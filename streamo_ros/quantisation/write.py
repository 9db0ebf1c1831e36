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
``streamo quantize``: a copy of a checkpoint whose language model is in few bits.

What is quantised are the matrices of the decoder's layers. With int8 and int4 embedding table and
LM head have 8 bits: they are read by row or for answers alone. The vision tower, norms and biases
stay as they are.
"""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.blocks import packed
from streamo_ros.models.json_file import read_json
from streamo_ros.models.narrow_floats import fp4_pairs
from streamo_ros.models.narrow_floats import NarrowMatrix
from streamo_ros.models.packed import METHOD
from streamo_ros.models.packed import MODEL_OPTIMIZER
from streamo_ros.models.weights import WEIGHTS
from streamo_ros.output import OutputError
from streamo_ros.output import OutputFolder
from streamo_ros.quantisation.calibration import Flow
from streamo_ros.quantisation.formats import FORMATS
from streamo_ros.quantisation.formats import NumberFormat
from streamo_ros.quantisation.scaling import channel_scales

_FILES = (
    'tokenizer.json', 'system_prompt.txt', 'preprocessor_config.json', 'processor_config.json')
_TABLES = ('decoder.embed_tokens.weight', 'head')
_TABLE_BITS = 8
# Inputs: the place in the graph, the matrices that take it, and the tensor before them whose
# outputs carry the scales. The attention's output has none that grouped heads would not share.
_GROUPS = (
    ('qkv', ('self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'), 'input_layernorm'),
    ('o', ('self_attn.o_proj',), ''),
    ('mlp', ('mlp.gate_proj', 'mlp.up_proj'), 'post_attention_layernorm'),
    ('down', ('mlp.down_proj',), 'mlp.up_proj'))


@dataclass(frozen=True)
class Quantised:
    """
    What was written.

    :param weights: the kind of the decoder's numbers, one of ``FORMATS``
    :param bits: of each
    :param megabytes: of the weights now, and as they were
    :param kept: matrices of the decoder that do not come in blocks and stay as they were
    """

    weights: str
    bits: int
    megabytes: float
    megabytes_before: float
    kept: tuple[str, ...]


def quantise(
    checkpoint: Checkpoint, out: Path, weights: str,
    listened: Callable[[], Mapping[str, Flow]],
    tell: Callable[[int], None] = lambda layers: None,
) -> Quantised:
    """
    Write a checkpoint's directory in few bits.

    :param out: must not exist, or be empty, or hold an earlier one
    :param weights: one of ``FORMATS``
    :param listened: returns what flowed into each product, as ``listen`` does; called only when
        nothing stands in the way of writing
    :param tell: told the layers done so far
    :raises CheckpointError: when a number is too large for the scales
    :raises OutputError: when ``out`` holds something else or cannot be written
    """
    layout = checkpoint.layout
    if layout is not None and layout.matrix is not None:
        raise CheckpointError(
            f'{checkpoint.directory} is quantised already ({layout.name}): give the checkpoint '
            'that it was made of')
    with OutputFolder(out, 'quantised'):
        tensors, kept = _tensors(checkpoint, FORMATS[weights], listened(), tell)
        try:
            with tempfile.TemporaryDirectory(dir=out.parent, prefix='.quantised-') as name:
                directory = Path(name)
                for copied in _FILES:
                    if (checkpoint.directory / copied).is_file():
                        shutil.copy2(checkpoint.directory / copied, directory)
                _write_json(directory / 'config.json', _config(checkpoint, weights))
                _write_json(directory / 'streamo.json', _streamo(checkpoint))
                save_file(tensors, str(directory / WEIGHTS), metadata={'format': 'pt'})
                (directory / WEIGHTS).chmod(0o644)
                size = (directory / WEIGHTS).stat().st_size
                for made in sorted(directory.iterdir(), key=lambda made: made.name == WEIGHTS):
                    os.replace(made, out / made.name)
        except OSError as error:
            raise OutputError(
                f'{out} cannot be written ({error.strerror or error}): give another folder'
            ) from error
    before = sum(file.stat().st_size for file in checkpoint.directory.glob('*.safetensors'))
    return Quantised(
        weights, FORMATS[weights].bits, round(size / 1e6, 3), round(before / 1e6, 3),
        tuple(kept))


def _tensors(
    checkpoint: Checkpoint, kind: NumberFormat, flows: Mapping[str, Flow],
    tell: Callable[[int], None],
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    weights = checkpoint.weights
    tensors: dict[str, NDArray[Any]] = {}
    kept: list[str] = []
    done = set()

    def put(name: str, value: BlockMatrix | NarrowMatrix | NDArray[Any]) -> None:
        done.add(name)
        tensors.update(_stored(weights.published_name(name), value))

    for layer in range(checkpoint.decoder.layers):
        for name, value in _layer(checkpoint, f'decoder.layers.{layer}', kind, flows).items():
            if name.endswith('_proj.weight') and isinstance(value, np.ndarray):
                kept.append(name)
            put(name, value)
        tell(layer + 1)
    for name in _TABLES:
        if kind.in_blocks and name in weights and checkpoint.decoder.hidden % BLOCK == 0:
            put(name, _checked(name, in_blocks, weights[name], _TABLE_BITS))
    for name in weights:
        if name not in done:
            put(name, weights.stored_numbers(name))
    return tensors, kept


def _stored(
    name: str, value: BlockMatrix | NarrowMatrix | NDArray[Any],
) -> dict[str, NDArray[Any]]:
    """Return the tensors that a value of a published name is stored in."""
    if isinstance(value, BlockMatrix):
        return {
            f'{name}.levels': packed(value.levels) if value.bits == 4 else value.levels,
            f'{name}.scales': value.scales.astype(np.float16)}
    if isinstance(value, NarrowMatrix):
        scale, input_scale = (
            np.asarray(number, np.float32) for number in (value.scale, value.input_scale))
        shared = {f'{name.removesuffix("weight")}input_scale': input_scale}
        if value.scales is None:
            return {**shared, name: value.numbers, f'{name}_scale': scale}
        return {**shared, name: fp4_pairs(value.numbers), f'{name}_scale': value.scales,
                f'{name}_scale_2': scale}
    return {name: np.ascontiguousarray(value)}


def _layer(
    checkpoint: Checkpoint, layer: str, kind: NumberFormat, flows: Mapping[str, Flow],
) -> dict[str, BlockMatrix | NarrowMatrix | NDArray[np.float32]]:
    """Return the tensors of a layer that change."""
    weights = checkpoint.weights
    floats: dict[str, NDArray[np.float32]] = {}

    def get(name: str) -> NDArray[np.float32]:
        return floats[name] if name in floats else weights[name]

    scales_of = {}
    for place, matrices, before in _GROUPS:
        names = [f'{layer}.{matrix}.weight' for matrix in matrices]
        flow = flows[f'{layer}.{place}']
        width = len(flow.magnitude)
        scales = np.ones(width, np.float32)
        if before and kind.trial is not None and width % kind.block == 0:
            scales = _checked(
                layer, channel_scales, [get(name) for name in names], flow, kind.trial)
            source = f'{layer}.{before}.weight'
            value = get(source)
            # A matrix gives what it carries by row; a norm has a number for each channel.
            floats[source] = value / (scales[:, None] if value.ndim == 2 else scales)
            for name in names:
                floats[name] = get(name) * scales
        scales_of[place] = scales
    result: dict[str, BlockMatrix | NarrowMatrix | NDArray[np.float32]] = dict(floats)
    for place, matrices, _ in _GROUPS:
        flow = flows[f'{layer}.{place}']
        if len(flow.magnitude) % kind.block == 0:
            names = [f'{layer}.{matrix}.weight' for matrix in matrices]
            result.update(zip(names, _checked(
                layer, kind.rounding, [get(name) for name in names], flow, scales_of[place]),
                strict=True))
    return result


def _checked(name: str, make: Callable[..., Any], *given: Any) -> Any:
    try:
        return make(*given)
    except ValueError as error:
        raise CheckpointError(
            f'{name} cannot be quantised: {error}; take another checkpoint') from error


def _config(checkpoint: Checkpoint, weights: str) -> dict[str, Any]:
    config = read_json(checkpoint.directory / 'config.json')
    config.pop('quantization_config', None)
    if isinstance(text := config.get('text_config'), dict):
        text.pop('quantization_config', None)
    kind = FORMATS[weights]
    if kind.in_blocks:
        return {**config, 'quantization_config': {
            'quant_method': METHOD, 'bits': kind.bits, 'block': BLOCK}}
    numbers = {'type': 'float', 'num_bits': kind.bits, 'dynamic': False, **(
        {'group_size': kind.block} if kind.block > 1 else {})}
    return {**config, 'quantization_config': {
        'quant_method': MODEL_OPTIMIZER, 'quant_algo': weights.upper(),
        'config_groups': {'group_0': {
            'input_activations': numbers, 'weights': numbers, 'targets': ['Linear']}},
        'ignore': ['lm_head', '*visual*', '*vision*', '*projector*', '*connector*']}}


def _streamo(checkpoint: Checkpoint) -> dict[str, Any]:
    file = checkpoint.directory / 'streamo.json'
    said = read_json(file) if file.is_file() else {}
    return {**said, 'zero_shot': True} if checkpoint.zero_shot else said


def _write_json(file: Path, value: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2) + '\n', encoding='utf-8')

