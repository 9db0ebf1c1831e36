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
which Qwen2.5-VL checkpoints were published. What a file leaves out is the default of the family's
class in transformers, which saves no more than what differs from it. A field that calls for other
arithmetic than the graphs compute is refused here, so that no checkpoint silently runs wrong.
"""

from dataclasses import dataclass
from dataclasses import replace
import math
from pathlib import Path
from typing import Any

from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.json_file import Fields
from streamo_ros.models.json_file import read_json
from streamo_ros.models.json_file import shown
from streamo_ros.models.quantised import refuse_quantised

# No published model is near them; what the files hold is the real bound (see ``weights``).
_MOST_LAYERS, _WIDEST_HEAD = 10_000, 65_536


@dataclass(frozen=True)
class DecoderConfig:
    """
    The language model: one kind of decoder, with the differences of Qwen2, Qwen3 and Llama.

    :param rope_axes: for each of the head_dim / 2 frequencies, the axis whose position it rotates
        by (0 time, 1 height, 2 width); all 0 for plain RoPE
    :param qkv_bias: queries, keys and values have a bias
    :param qk_norm: queries and keys are normalised head by head
    :param deepstack: to how many of the first layers' outputs visual features are added
    :param tied: where the files hold no LM head, the embedding table is meant to be it
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
    tied: bool = True

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
    :param mergers: of DeepStack that the files hold
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
    mergers: int = 0

    @property
    def cell(self) -> int:
        """Return the side in pixels of the square that becomes one visual token."""
        return self.patch * self.merge


def read_config(directory: Path) -> tuple[DecoderConfig, VisionConfig]:
    """
    Return both halves of a model's shape.

    :raises CheckpointError: for an unreadable file or a model this version cannot run
    """
    file = directory / 'config.json'
    config = Fields(file, read_json(file))
    family = config.values.get('model_type')
    if not isinstance(family, str) or family not in _TOWERS:
        raise CheckpointError(
            f"{file} says model_type {shown(family)}: checkpoints of {', '.join(_TOWERS)} can be "
            "run, in the layout of Hugging Face's own classes")
    text = config.inner('text_config')
    if family == 'qwen2_5_vl' and config.values.get('text_config') is None:
        text = config  # as it was first published
    for fields in (config, text, config.inner('vision_config')):
        refuse_quantised(fields)
    decoder = _decoder(text, config, family)
    vision = _TOWERS[family](config.inner('vision_config'), config, decoder.hidden)
    vision = replace(vision, deepstack=vision.deepstack[:decoder.layers])
    return replace(decoder, deepstack=len(vision.deepstack)), vision


@dataclass(frozen=True)
class _Text:
    """
    A text model's class: how it attends, and its defaults for what a file leaves out.

    :param bias: queries, keys and values have a bias
    :param norm: queries and keys are normalised head by head
    """

    bias: bool
    norm: bool
    vocab: int
    hidden: int
    mlp: int
    layers: int
    heads: int
    kv_heads: int | None
    eps: float
    theta: float
    head_dim: int | None = None
    sections: tuple[int, ...] = ()


_QWEN2_5_VL = _Text(
    True, False, 152064, 8192, 29568, 80, 64, 8, 1e-5, 1e6, sections=(16, 24, 24))
_TEXTS = {
    'qwen2_5_vl': _QWEN2_5_VL,  # the flat layout
    'qwen2_5_vl_text': _QWEN2_5_VL,
    'qwen2': _Text(True, False, 151936, 4096, 22016, 32, 32, 32, 1e-6, 1e4),
    'qwen3_vl_text': _Text(
        False, True, 151936, 4096, 22016, 32, 32, 32, 1e-6, 5e5, 128, (24, 20, 20)),
    'llama': _Text(False, False, 32000, 4096, 11008, 32, 32, None, 1e-6, 1e4),
}
# Of each family: its text models, the usual one first, and whether its head is the embedding
# table where the file does not say.
_OF_FAMILY = {
    'qwen2_5_vl': (('qwen2_5_vl_text', 'qwen2_5_vl'), False),
    'qwen3_vl': (('qwen3_vl_text',), False),
    'internvl': (('qwen2', 'llama'), True),
    'smolvlm': (('llama',), False),
    'streamo_small': (('llama',), True),
}


def _decoder(text: Fields, config: Fields, family: str) -> DecoderConfig:
    kinds, _ = _OF_FAMILY[family]
    kind = _TEXTS[text.one_of('model_type', kinds[0], kinds)]
    text.only(hidden_act='silu', mlp_bias=False, partial_rotary_factor=1.0)
    if text.values.get('use_sliding_window') not in (None, False) or any(
            layer != 'full_attention' for layer in _words(text, 'layer_types')):
        text.refuse(
            'use_sliding_window' if text.values.get('use_sliding_window') else 'layer_types',
            'only full attention is supported: take another checkpoint')
    if not kind.bias:
        text.only(attention_bias=False)
    heads = text.integer('num_attention_heads', kind.heads)
    kv_heads = text.integer('num_key_value_heads', kind.kv_heads or heads, null=True)
    if text.values.get('num_key_value_heads', kind.kv_heads) is None:
        kv_heads = heads  # that is what a class's None means, and a file's null
    if heads % kv_heads:
        text.refuse('num_attention_heads', f'should be a multiple of the {kv_heads} key-value '
                    'heads: copy it again')
    hidden = text.integer('hidden_size', kind.hidden)
    if hidden % heads and text.values.get('head_dim', kind.head_dim) is None:
        text.refuse('num_attention_heads', f'{hidden} numbers do not come in so many heads: copy '
                    'it again')
    head_dim = text.integer(
        'head_dim', kind.head_dim or max(1, hidden // heads), most=_WIDEST_HEAD, null=True)
    if head_dim % 2:  # RoPE turns halves against each other
        text.refuse('head_dim' if 'head_dim' in text else 'num_attention_heads',
                    f'heads of {head_dim} numbers have no halves: copy it again')
    rope = text.inner('rope_scaling')
    if not rope.values:
        rope = text.inner('rope_parameters')
    # 'mrope' is the older name of what `mrope_section` says; 'dynamic' scales only positions
    # beyond the trained ones, which a window never reaches.
    rope.one_of('rope_type' if 'rope_type' in rope else 'type', 'default', (
        'default', 'mrope', 'dynamic'))
    rope.only(partial_rotary_factor=1.0)
    theta = text.number('rope_theta', kind.theta)
    return DecoderConfig(
        layers=text.integer('num_hidden_layers', kind.layers, most=_MOST_LAYERS),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        mlp=text.integer('intermediate_size', kind.mlp),
        vocab=text.integer('vocab_size', kind.vocab),
        norm_eps=text.number('rms_norm_eps', kind.eps, most=1.0),
        rope_theta=rope.number('rope_theta', theta),
        rope_axes=_rope_axes(rope, family, head_dim // 2, kind.sections),
        qkv_bias=kind.bias,
        qk_norm=kind.norm,
        deepstack=0,
        tied=_tied(text, config, family))


def _words(fields: Fields, name: str) -> list[Any]:
    value = fields.values.get(name)
    return value if isinstance(value, list) else []


def _tied(text: Fields, config: Fields, family: str) -> bool:
    """Return whether the file lets the embedding table be the head, as transformers reads it."""
    tied = config.flag('tie_word_embeddings', _OF_FAMILY[family][1])
    inner = text.flag('tie_word_embeddings', tied)
    if family == 'qwen2_5_vl':
        return tied or inner
    # Where a class's default contradicts the only word that the file has, the file counts.
    return tied if 'tie_word_embeddings' in config else tied and inner


def _rope_axes(
    rope: Fields, family: str, half: int, default: tuple[int, ...]
) -> tuple[int, ...]:
    if not default:
        return (0,) * half
    sections = rope.integers('mrope_section', default)
    if len(sections) != 3 or sum(sections) != half:
        rope.refuse('mrope_section', f'should be three parts of {half}: copy it again')
    if family == 'qwen2_5_vl':  # one section after the other
        return tuple(axis for axis, part in enumerate(sections) for _ in range(part))
    axes = [0] * half  # height and width each at every third frequency, time at the rest
    for axis in (1, 2):
        for frequency in range(axis, min(3 * sections[axis], half), 3):
            axes[frequency] = axis
    return tuple(axes)


def _qwen(vision: Fields, hidden: int, **defaults: int) -> dict[str, Any]:
    """Return the fields that both Qwen towers, and that of ``small``, have under one name."""
    rope = vision.inner('rope_parameters')
    rope.only(rope_theta=10000.0)
    fields = {
        'layers': vision.integer('depth', defaults['depth'], most=_MOST_LAYERS),
        'hidden': vision.integer('hidden_size', defaults['hidden_size']),
        'heads': vision.integer('num_heads', defaults['num_heads']),
        'mlp': vision.integer('intermediate_size', defaults['intermediate_size']),
        'patch': vision.side('patch_size', defaults['patch_size']),
        'merge': vision.integer('spatial_merge_size', 2),
        'out': hidden,
        'temporal_patch': vision.side('temporal_patch_size', 2),
        'channels': _channels(vision, 'in_channels' if 'in_channels' in vision else 'in_chans'),
    }
    if fields['temporal_patch'] < 2:
        vision.refuse('temporal_patch_size', 'should be at least 2: copy it again')
    if fields['hidden'] % (4 * fields['heads']):  # rows and columns each rotate a half in pairs
        vision.refuse('num_heads', f'{fields["hidden"]} numbers do not come in so many heads of '
                      'quarters: copy it again')
    return fields


def _channels(vision: Fields, name: str) -> int:
    if vision.integer(name, 3) != 3:
        vision.refuse(name, 'cameras have 3: take another checkpoint')
    return 3


def _qwen2_5(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    vision.only(hidden_act='silu')
    _check_out(vision, hidden)
    fields = _qwen(vision, hidden, depth=32, hidden_size=3584, num_heads=16,
                   intermediate_size=3420, patch_size=14)
    window = vision.integer('window_size', 112)
    if window // fields['patch'] // fields['merge'] < 1:
        vision.refuse('window_size', 'should be at least the side of a visual token, '
                      f'{fields["patch"] * fields["merge"]}: copy it again')
    return VisionConfig(
        family='qwen2_5_vl', window=window,
        full_attention=vision.integers('fullatt_block_indexes', (7, 15, 23, 31)), **fields)


def _check_out(vision: Fields, hidden: int) -> None:
    if vision.integer('out_hidden_size', 3584) != hidden:
        vision.refuse('out_hidden_size', f'should be the hidden_size of the language model, '
                      f'{hidden}: copy it again')


def _qwen3(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    vision.only(hidden_act='gelu_pytorch_tanh')
    _check_out(vision, hidden)
    fields = _qwen(vision, hidden, depth=27, hidden_size=1152, num_heads=16,
                   intermediate_size=4304, patch_size=16)
    positions = vision.integer('num_position_embeddings', 2304)
    side = math.isqrt(positions)
    if side * side != positions:
        vision.refuse('num_position_embeddings', 'should be a square: copy it again')
    mergers = vision.integers('deepstack_visual_indexes', (8, 16, 24))
    if list(mergers) != sorted(set(mergers)):
        vision.refuse('deepstack_visual_indexes', 'should grow: copy it again')
    return VisionConfig(
        family='qwen3_vl', side=side, mergers=len(mergers),
        deepstack=tuple(block for block in mergers if block < fields['layers']), **fields)


def _squares(vision: Fields, image: int, patch: int, merge: int) -> dict[str, Any]:
    """Return what a tower has that takes pictures of one size only."""
    side = image // patch
    if not side or side % merge:
        vision.refuse('image_size', f'should be a multiple of {merge} patches of {patch}: copy '
                      'it again')
    return {'patch': patch, 'merge': merge, 'image': (image, image), 'side': side}


def _heads(vision: Fields, hidden: int) -> int:
    heads = vision.integer('num_attention_heads', 16)
    if hidden % heads:
        vision.refuse('num_attention_heads', f'{hidden} numbers do not come in so many heads: '
                      'copy it again')
    return heads


def _internvl(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    config.only(vision_feature_layer=-1, vision_feature_select_strategy='default',
                projector_hidden_act='gelu')
    vision.only(hidden_act='gelu', norm_type='layer_norm', use_qk_norm=False,
                use_mean_pooling=True, use_absolute_position_embeddings=True)
    merge = round(1 / config.number('downsample_ratio', 0.5, above=1e-3, most=1.0))
    if merge * config.number('downsample_ratio', 0.5) != 1:
        config.refuse('downsample_ratio', 'should be one over a whole number: copy it again')
    width = vision.integer('hidden_size', 1024)
    return VisionConfig(
        family='internvl',
        layers=vision.integer('num_hidden_layers', 24, most=_MOST_LAYERS),
        hidden=width,
        heads=_heads(vision, width),
        mlp=vision.integer('intermediate_size', 4096),
        out=hidden,
        channels=_channels(vision, 'num_channels'),
        norm_eps=vision.number('layer_norm_eps', 1e-6, most=1.0),
        bias=vision.flag('attention_bias', False),
        **_squares(vision, vision.side('image_size', 448), vision.side('patch_size', 14), merge))


def _smolvlm(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    vision.only(hidden_act='gelu_pytorch_tanh')
    width = vision.integer('hidden_size', 1152)
    return VisionConfig(
        family='smolvlm',
        layers=vision.integer('num_hidden_layers', 12, most=_MOST_LAYERS),
        hidden=width,
        heads=_heads(vision, width),
        mlp=vision.integer('intermediate_size', 3072),
        out=hidden,
        channels=_channels(vision, 'num_channels'),
        norm_eps=vision.number('layer_norm_eps', 1e-6, most=1.0),
        **_squares(vision, vision.side('image_size', 224), vision.side('patch_size', 32),
                   config.integer('scale_factor', 2)))


def _small(vision: Fields, config: Fields, hidden: int) -> VisionConfig:
    vision.only(trunk='efficientnet_lite0')
    fields = _qwen(vision, hidden, depth=4, hidden_size=128, num_heads=4, intermediate_size=256,
                   patch_size=28)
    image = vision.side('image_size', 224)
    cell = fields['patch'] * fields['merge']
    if image % 32 or image % cell or fields['patch'] % 2:
        vision.refuse('image_size', f'its trunk takes pictures of a multiple of 32 pixels, and '
                      f'of its cells of {cell}: copy it again')
    return VisionConfig(
        family='streamo_small',
        image=(image, image),
        window=image,
        full_attention=tuple(range(fields['layers'])),
        **fields)


_TOWERS = {
    'qwen2_5_vl': _qwen2_5, 'qwen3_vl': _qwen3, 'internvl': _internvl, 'smolvlm': _smolvlm,
    'streamo_small': _small}
