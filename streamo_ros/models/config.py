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
The shape of a model, read from a Hugging Face ``config.json``.

Both layouts are read: the nested one of transformers 5 (``text_config``) and the flat one in
which Qwen2.5-VL checkpoints were published. A field that calls for other arithmetic than the
graphs compute is refused here, so that no checkpoint silently runs wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import math
from pathlib import Path
from typing import Any

from streamo_ros.errors import UserError

Fields = Mapping[str, Any]


class CheckpointError(UserError, ValueError):
    """A checkpoint that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class DecoderConfig:
    """
    The language model: one kind of decoder, with the differences of Qwen2, Qwen3 and Llama.

    :param rope_axes: for each of the head_dim / 2 frequencies, the axis whose position it rotates
        by (0 time, 1 height, 2 width); all 0 for plain RoPE
    :param qkv_bias: queries, keys and values have a bias
    :param qk_norm: queries and keys are normalised head by head
    :param deepstack: to how many of the first layers' outputs visual features are added
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    vocab: int
    norm_eps: float
    rope_theta: float
    rope_axes: tuple[int, ...]
    qkv_bias: bool
    qk_norm: bool
    deepstack: int

    @property
    def mrope(self) -> bool:
        """Return whether a frame's tokens have positions in height and width."""
        return any(self.rope_axes)


@dataclass(frozen=True)
class VisionConfig:
    """
    The vision tower.

    :param image: the only (height, width) in pixels that it takes; None for any
    :param side: side, in patches, of its square of learned positions; 0 for none
    :param bias: queries, keys and values have a bias
    :param window: side in pixels of the windows of window attention; 0 for none
    :param full_attention: the blocks that attend to the whole frame all the same
    :param deepstack: the blocks whose output also goes to the decoder's first layers
    """

    family: str
    layers: int
    hidden: int
    heads: int
    mlp: int
    patch: int
    merge: int
    out: int
    temporal_patch: int = 1
    channels: int = 3
    norm_eps: float = 1e-6
    image: tuple[int, int] | None = None
    side: int = 0
    bias: bool = True
    window: int = 0
    full_attention: tuple[int, ...] = ()
    deepstack: tuple[int, ...] = ()

    @property
    def cell(self) -> int:
        """Return the side in pixels of the square that becomes one visual token."""
        return self.patch * self.merge


def read_json(file: Path) -> dict[str, Any]:
    """
    Return a JSON file's object.

    :raises CheckpointError: when it is missing or no JSON object
    """
    try:
        value = json.loads(file.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise CheckpointError(f'{file} is missing from the checkpoint') from error
    except ValueError as error:
        raise CheckpointError(f'{file} is not valid JSON ({error})') from error
    if not isinstance(value, dict):
        raise CheckpointError(f'{file} should hold a JSON object')
    return value


def read_config(directory: Path) -> tuple[DecoderConfig, VisionConfig]:
    """
    Return both halves of a model's shape.

    :raises CheckpointError: for an unreadable file or a model this version cannot run
    """
    file = directory / 'config.json'
    config = read_json(file)
    family = config.get('model_type')
    if family not in _TOWERS:
        raise CheckpointError(
            f"{file} says model_type {family!r}: checkpoints of {', '.join(_TOWERS)} can be run, "
            "in the layout of Hugging Face's own classes")
    text = config.get('text_config', config)
    try:
        vision = _TOWERS[family](config['vision_config'], config, int(text['hidden_size']))
        return _decoder(text, family, len(vision.deepstack)), vision
    except (KeyError, TypeError) as error:
        raise CheckpointError(f'{file} lacks or misspells a field ({error})') from error
    except ValueError as error:
        raise CheckpointError(f'{file} cannot be run: {error}') from error


def _only(fields: Fields, **allowed: Any) -> None:
    """Refuse a field that is there and has another value than the graphs compute with."""
    for name, value in allowed.items():
        if fields.get(name, value) != value:
            raise ValueError(f'{name} is {fields[name]!r}, and only {value!r} is supported')


# Of each text model: whether queries, keys and values have a bias, and whether they are normed.
_ATTENTION = {
    'qwen2_5_vl': (True, False),  # the flat layout
    'qwen2_5_vl_text': (True, False),
    'qwen2': (True, False),
    'qwen3_vl_text': (False, True),
    'llama': (False, False),
}


def _decoder(text: Fields, family: str, deepstack: int) -> DecoderConfig:
    kind = text['model_type']
    if kind not in _ATTENTION:
        raise ValueError(f'text model {kind!r} is not one of {", ".join(_ATTENTION)}')
    bias, norm = _ATTENTION[kind]
    _only(text, hidden_act='silu', use_sliding_window=False, mlp_bias=False)
    if not bias:
        _only(text, attention_bias=False)
    rope = text.get('rope_parameters') or text.get('rope_scaling') or {}
    # 'mrope' is the older name of what `mrope_section` says; 'dynamic' scales only positions
    # beyond the trained ones, which a window never reaches.
    scaling = rope.get('rope_type', rope.get('type', 'default'))
    if scaling not in ('default', 'mrope', 'dynamic'):
        raise ValueError(f'RoPE of type {scaling!r} is not supported')
    hidden, heads = int(text['hidden_size']), int(text['num_attention_heads'])
    head_dim = int(text.get('head_dim') or hidden // heads)
    return DecoderConfig(
        layers=int(text['num_hidden_layers']),
        hidden=hidden,
        heads=heads,
        kv_heads=int(text['num_key_value_heads']),
        head_dim=head_dim,
        mlp=int(text['intermediate_size']),
        vocab=int(text['vocab_size']),
        norm_eps=float(text['rms_norm_eps']),
        rope_theta=float(rope.get('rope_theta') or text['rope_theta']),
        rope_axes=_rope_axes(rope, family, head_dim // 2),
        qkv_bias=bias,
        qk_norm=norm,
        deepstack=deepstack)


def _rope_axes(rope: Fields, family: str, half: int) -> tuple[int, ...]:
    if family not in ('qwen2_5_vl', 'qwen3_vl'):
        return (0,) * half
    sections = [int(part) for part in rope['mrope_section']]
    if len(sections) != 3 or sum(sections) != half:
        raise ValueError(f'mrope_section {sections} should be three parts of {half}')
    if family == 'qwen2_5_vl':  # one section after the other
        return tuple(axis for axis, part in enumerate(sections) for _ in range(part))
    axes = [0] * half  # height and width each at every third frequency, time at the rest
    for axis in (1, 2):
        for frequency in range(axis, 3 * sections[axis], 3):
            axes[frequency] = axis
    return tuple(axes)


def _qwen(vision: Fields, hidden: int) -> dict[str, Any]:
    """Return the fields that both Qwen towers have under the same names."""
    return {
        'layers': int(vision['depth']),
        'hidden': int(vision['hidden_size']),
        'heads': int(vision['num_heads']),
        'mlp': int(vision['intermediate_size']),
        'patch': int(vision['patch_size']),
        'merge': int(vision['spatial_merge_size']),
        'out': hidden,
        'temporal_patch': int(vision['temporal_patch_size']),
        'channels': int(vision.get('in_channels', vision.get('in_chans', 3))),
    }


def _qwen2_5(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    _only(vision, hidden_act='silu', out_hidden_size=hidden)
    return VisionConfig(
        family='qwen2_5_vl',
        window=int(vision['window_size']),
        full_attention=tuple(int(block) for block in vision['fullatt_block_indexes']),
        **_qwen(vision, hidden))


def _qwen3(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    _only(vision, hidden_act='gelu_pytorch_tanh', out_hidden_size=hidden)
    return VisionConfig(
        family='qwen3_vl',
        side=math.isqrt(int(vision['num_position_embeddings'])),
        deepstack=tuple(int(block) for block in vision['deepstack_visual_indexes']),
        **_qwen(vision, hidden))


def _internvl(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    _only(config, vision_feature_layer=-1, vision_feature_select_strategy='default',
          projector_hidden_act='gelu')
    _only(vision, hidden_act='gelu', norm_type='layer_norm', use_qk_norm=False,
          use_mean_pooling=True, use_absolute_position_embeddings=True)
    image, patch = _side(vision['image_size']), _side(vision['patch_size'])
    return VisionConfig(
        family='internvl',
        layers=int(vision['num_hidden_layers']),
        hidden=int(vision['hidden_size']),
        heads=int(vision['num_attention_heads']),
        mlp=int(vision['intermediate_size']),
        patch=patch,
        merge=round(1 / float(config['downsample_ratio'])),
        out=hidden,
        channels=int(vision.get('num_channels', 3)),
        norm_eps=float(vision['layer_norm_eps']),
        image=(image, image),
        side=image // patch,
        bias=bool(vision['attention_bias']))


def _smolvlm(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    _only(vision, hidden_act='gelu_pytorch_tanh')
    image, patch = _side(vision['image_size']), _side(vision['patch_size'])
    return VisionConfig(
        family='smolvlm',
        # The small checkpoints leave out what is a default of Hugging Face's class.
        layers=int(vision.get('num_hidden_layers', 12)),
        hidden=int(vision['hidden_size']),
        heads=int(vision['num_attention_heads']),
        mlp=int(vision.get('intermediate_size', 3072)),
        patch=patch,
        merge=int(config['scale_factor']),
        out=hidden,
        channels=int(vision.get('num_channels', 3)),
        norm_eps=float(vision.get('layer_norm_eps', 1e-6)),
        image=(image, image),
        side=image // patch)


def _small(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    _only(vision, trunk='efficientnet_lite0')
    fields = _qwen(vision, hidden)
    image = _side(vision['image_size'])
    if image % 32:
        raise ValueError(f'its trunk takes pictures of a multiple of 32 pixels, not of {image}')
    return VisionConfig(
        family='streamo_small',
        image=(image, image),
        window=image,
        full_attention=tuple(range(fields['layers'])),
        **fields)


def _side(size: Any) -> int:
    """Return the side of a square given as one number or as two equal ones."""
    sides = set(size) if isinstance(size, list | tuple) else {size}
    if len(sides) != 1:
        raise ValueError(f'{size} is no square')
    return int(sides.pop())


_TOWERS = {
    'qwen2_5_vl': _qwen2_5, 'qwen3_vl': _qwen3, 'internvl': _internvl, 'smolvlm': _smolvlm,
    'streamo_small': _small}
