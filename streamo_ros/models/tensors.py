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

"""The tensors that a configuration calls for, by the names that they have here."""

from collections.abc import Iterator
from dataclasses import replace

from streamo_ros.models.config import DecoderConfig
from streamo_ros.models.config import VisionConfig
from streamo_ros.models.efficientnet import BLOCKS
from streamo_ros.models.efficientnet import COARSE
from streamo_ros.models.efficientnet import FINE
from streamo_ros.models.efficientnet import STEM
from streamo_ros.models.small_config import CHANGED
from streamo_ros.models.small_config import INNER

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def expected_tensors(decoder: DecoderConfig, vision: VisionConfig) -> Shapes:
    """
    Yield the name and shape of each, layer by layer.

    They are made one at a time, so that a configuration of very many layers costs nothing before
    its first one that the files do not hold.
    """
    table = (decoder.vocab, decoder.hidden)
    yield 'decoder.embed_tokens.weight', table
    yield 'decoder.norm.weight', (decoder.hidden,)
    if not decoder.tied:
        yield 'head', table
    yield from _decoder_layers(decoder)
    for name, shape in _TOWERS[vision.family](vision):
        yield f'visual.{name}', shape


def _linear(name: str, out: int, width: int, bias: bool = True) -> Shapes:
    yield f'{name}.weight', (out, width)
    if bias:
        yield f'{name}.bias', (out,)


def _norm(name: str, width: int) -> Shapes:
    yield f'{name}.weight', (width,)
    yield f'{name}.bias', (width,)


def _decoder_layers(decoder: DecoderConfig) -> Shapes:
    hidden, dim = decoder.hidden, decoder.head_dim
    wide, narrow = decoder.heads * dim, decoder.kv_heads * dim
    for layer in range(decoder.layers):
        name = f'decoder.layers.{layer}'
        yield f'{name}.input_layernorm.weight', (hidden,)
        for part, out in (('q', wide), ('k', narrow), ('v', narrow)):
            yield from _linear(f'{name}.self_attn.{part}_proj', out, hidden, decoder.qkv_bias)
        yield from _linear(f'{name}.self_attn.o_proj', hidden, wide, False)
        if decoder.qk_norm:
            yield f'{name}.self_attn.q_norm.weight', (dim,)
            yield f'{name}.self_attn.k_norm.weight', (dim,)
        yield f'{name}.post_attention_layernorm.weight', (hidden,)
        yield from _linear(f'{name}.mlp.gate_proj', decoder.mlp, hidden, False)
        yield from _linear(f'{name}.mlp.up_proj', decoder.mlp, hidden, False)
        yield from _linear(f'{name}.mlp.down_proj', hidden, decoder.mlp, False)


def _filters(vision: VisionConfig, *times: int) -> tuple[int, ...]:
    return (vision.hidden, vision.channels, *times, vision.patch, vision.patch)


def _qwen2_5_vl(vision: VisionConfig) -> Shapes:
    hidden, wide = vision.hidden, vision.hidden * vision.merge ** 2
    yield 'patch_embed.proj.weight', _filters(vision, vision.temporal_patch)
    for block in range(vision.layers):
        name = f'blocks.{block}'
        yield f'{name}.norm1.weight', (hidden,)
        yield from _linear(f'{name}.attn.qkv', 3 * hidden, hidden)
        yield from _linear(f'{name}.attn.proj', hidden, hidden)
        yield f'{name}.norm2.weight', (hidden,)
        yield from _linear(f'{name}.mlp.gate_proj', vision.mlp, hidden)
        yield from _linear(f'{name}.mlp.up_proj', vision.mlp, hidden)
        yield from _linear(f'{name}.mlp.down_proj', hidden, vision.mlp)
    yield 'merger.ln_q.weight', (hidden,)
    yield from _linear('merger.mlp.0', wide, wide)
    yield from _linear('merger.mlp.2', vision.out, wide)


def _qwen3_vl(vision: VisionConfig) -> Shapes:
    hidden, wide = vision.hidden, vision.hidden * vision.merge ** 2
    yield 'patch_embed.proj.weight', _filters(vision, vision.temporal_patch)
    yield 'patch_embed.proj.bias', (hidden,)
    yield 'pos_embed.weight', (vision.side ** 2, hidden)
    for block in range(vision.layers):
        name = f'blocks.{block}'
        yield from _norm(f'{name}.norm1', hidden)
        yield from _linear(f'{name}.attn.qkv', 3 * hidden, hidden)
        yield from _linear(f'{name}.attn.proj', hidden, hidden)
        yield from _norm(f'{name}.norm2', hidden)
        yield from _linear(f'{name}.mlp.linear_fc1', vision.mlp, hidden)
        yield from _linear(f'{name}.mlp.linear_fc2', hidden, vision.mlp)
    yield from _norm('merger.norm', hidden)
    mergers = [f'deepstack_merger_list.{merger}' for merger in range(vision.mergers)]
    for merger in ('merger', *mergers):
        if merger != 'merger':  # DeepStack normalises behind the merge
            yield from _norm(f'{merger}.norm', wide)
        yield from _linear(f'{merger}.linear_fc1', wide, wide)
        yield from _linear(f'{merger}.linear_fc2', vision.out, wide)


def _internvl(vision: VisionConfig) -> Shapes:
    hidden, wide = vision.hidden, vision.hidden * vision.merge ** 2
    yield 'embeddings.cls_token', (1, 1, hidden)
    yield 'embeddings.position_embeddings', (1, 1 + vision.side ** 2, hidden)
    yield 'embeddings.patch_embeddings.projection.weight', _filters(vision)
    yield 'embeddings.patch_embeddings.projection.bias', (hidden,)
    for block in range(vision.layers):
        name = f'encoder.layer.{block}'
        yield from _norm(f'{name}.layernorm_before', hidden)
        for part in 'qkv':
            yield from _linear(f'{name}.attention.{part}_proj', hidden, hidden, vision.bias)
        yield from _linear(f'{name}.attention.projection_layer', hidden, hidden)
        yield f'{name}.lambda_1', (hidden,)
        yield from _norm(f'{name}.layernorm_after', hidden)
        yield from _linear(f'{name}.mlp.fc1', vision.mlp, hidden)
        yield from _linear(f'{name}.mlp.fc2', hidden, vision.mlp)
        yield f'{name}.lambda_2', (hidden,)
    yield from _norm('projector.layer_norm', wide)
    yield from _linear('projector.linear_1', vision.out, wide)
    yield from _linear('projector.linear_2', vision.out, vision.out)


def _smolvlm(vision: VisionConfig) -> Shapes:
    hidden = vision.hidden
    yield 'embeddings.patch_embedding.weight', _filters(vision)
    yield 'embeddings.patch_embedding.bias', (hidden,)
    yield 'embeddings.position_embedding.weight', (vision.side ** 2, hidden)
    for block in range(vision.layers):
        name = f'encoder.layers.{block}'
        yield from _norm(f'{name}.layer_norm1', hidden)
        for part in ('q', 'k', 'v', 'out'):
            yield from _linear(f'{name}.self_attn.{part}_proj', hidden, hidden)
        yield from _norm(f'{name}.layer_norm2', hidden)
        yield from _linear(f'{name}.mlp.fc1', vision.mlp, hidden)
        yield from _linear(f'{name}.mlp.fc2', hidden, vision.mlp)
    yield from _norm('post_layernorm', hidden)
    yield from _linear(
        'connector.modality_projection.proj', vision.out, hidden * vision.merge ** 2, False)


def _small(vision: VisionConfig) -> Shapes:
    def convolution(name: str, out: int, width: int, side: int) -> Shapes:
        yield f'trunk.{name}.weight', (out, width, side, side)
        yield f'trunk.{name}.bias', (out,)

    yield from convolution('stem', STEM, 3, 3)
    ins = STEM
    for index, block in enumerate(BLOCKS):
        name, wide = f'blocks.{index}', ins * block.widening
        if block.widening > 1:
            yield from convolution(f'{name}.expand', wide, ins, 1)
        yield from convolution(f'{name}.depthwise', wide, 1, block.kernel)
        yield from convolution(f'{name}.project', block.outs, wide, 1)
        ins = block.outs
    yield from convolution('head', COARSE, ins, 1)
    tower = replace(vision, patch=vision.patch // 2, out=CHANGED)
    for name, shape in _qwen2_5_vl(tower):
        yield f'tower.{name}', shape
    assert vision.image is not None
    yield from _norm('connector.seen', FINE + COARSE)
    yield from _norm('connector.changed', CHANGED)
    yield from _linear('connector.first', INNER, FINE + COARSE + CHANGED)
    yield from _linear('connector.second', vision.out, INNER)
    yield 'connector.cells', ((vision.image[0] // vision.cell) ** 2, vision.out)


_TOWERS = {
    'qwen2_5_vl': _qwen2_5_vl, 'qwen3_vl': _qwen3_vl, 'internvl': _internvl,
    'smolvlm': _smolvlm, 'streamo_small': _small}
