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
Checkpoints of random weights, to measure cost alone.

A turn has 141 tokens in the long run, as with Qwen2.5-VL on 640x480: 9 by 13 visual tokens and
the text around them. Vision tower and vocabulary are small: what is measured is the decoder.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models import Checkpoint
from streamo_ros.models import DecoderConfig
from streamo_ros.models import load_checkpoint
from streamo_ros.models import VisionConfig

GRID = (9, 13)
WINDOW_TURNS = 60

# Hidden size, layers, heads, KV heads, and width of the MLP. Both in Qwen2.5's proportions: heads
# of 64, and an MLP 5.4 times as wide as the hidden size.
_DECODERS = {
    'tiny': (512, 8, 8, 2, 2752),
    '0.5b': (896, 24, 14, 2, 4864),
}
SHAPES = ('nano', *_DECODERS)


def random_checkpoint(shape: str) -> Checkpoint:
    """
    Return a checkpoint of a shape, its weights drawn anew; ``nano`` is the built-in one itself.

    :param shape: one of ``SHAPES``
    """
    nano = load_checkpoint('nano')
    if shape == 'nano':
        return nano
    hidden, layers, heads, kv_heads, mlp = _DECODERS[shape]
    decoder = DecoderConfig(
        layers=layers, hidden=hidden, heads=heads, kv_heads=kv_heads, head_dim=64, mlp=mlp,
        vocab=nano.tokenizer.vocab_size, norm_eps=1e-6, rope_theta=1e6,
        rope_axes=(0,) * 8 + (1,) * 12 + (2,) * 12, qkv_bias=True, qk_norm=False, deepstack=0)
    vision = replace(nano.vision, out=hidden)
    cell = vision.cell
    checkpoint = replace(
        nano, decoder=decoder, vision=vision, window_turns=WINDOW_TURNS,
        frame=replace(nano.frame, size=(GRID[0] * cell, GRID[1] * cell)))
    # In place of what the property would read from the directory
    checkpoint.__dict__['weights'] = _weights(nano, decoder, vision)
    return checkpoint


def _weights(
    nano: Checkpoint, decoder: DecoderConfig, vision: VisionConfig
) -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)

    def draw(out: int, width: int) -> NDArray[np.float32]:
        return random.standard_normal((out, width), np.float32) / np.float32(width ** 0.5)

    weights = {name: value for name, value in nano.weights.items() if name.startswith('visual.')}
    last = 'visual.merger.mlp.2'
    weights[f'{last}.weight'] = draw(vision.out, weights[f'{last}.weight'].shape[1])
    weights[f'{last}.bias'] = np.zeros(vision.out, np.float32)
    hidden, wide = decoder.hidden, decoder.heads * decoder.head_dim
    narrow = decoder.kv_heads * decoder.head_dim
    weights['decoder.embed_tokens.weight'] = draw(decoder.vocab, hidden)
    weights['decoder.norm.weight'] = np.ones(hidden, np.float32)
    for layer in range(decoder.layers):
        name = f'decoder.layers.{layer}'
        for norm in ('input_layernorm', 'post_attention_layernorm'):
            weights[f'{name}.{norm}.weight'] = np.ones(hidden, np.float32)
        for part, out in (('q', wide), ('k', narrow), ('v', narrow)):
            weights[f'{name}.self_attn.{part}_proj.weight'] = draw(out, hidden)
            weights[f'{name}.self_attn.{part}_proj.bias'] = np.zeros(out, np.float32)
        weights[f'{name}.self_attn.o_proj.weight'] = draw(hidden, wide)
        for part in ('gate', 'up'):
            weights[f'{name}.mlp.{part}_proj.weight'] = draw(decoder.mlp, hidden)
        weights[f'{name}.mlp.down_proj.weight'] = draw(hidden, decoder.mlp)
    return weights
