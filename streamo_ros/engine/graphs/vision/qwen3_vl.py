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
Qwen3-VL's tower: learned positions interpolated over the frame, RoPE, and DeepStack.

The outputs of some blocks are merged into further layers of visual tokens, which the decoder adds
behind its first layers.
"""

import numpy as np

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.tower import axial_rope
from streamo_ros.engine.graphs.vision.tower import embedding
from streamo_ros.engine.graphs.vision.tower import Floats
from streamo_ros.engine.graphs.vision.tower import gelu
from streamo_ros.engine.graphs.vision.tower import gelu_tanh
from streamo_ros.engine.graphs.vision.tower import Grid
from streamo_ros.engine.graphs.vision.tower import layer_norm
from streamo_ros.engine.graphs.vision.tower import patch_coordinates
from streamo_ros.engine.graphs.vision.tower import projected
from streamo_ros.engine.graphs.vision.tower import self_attention
from streamo_ros.engine.graphs.vision.tower import Weights
from streamo_ros.models import VisionConfig


def qwen3_vl_tower(
    graph: Graph, patches: str, config: VisionConfig, weights: Weights, grid: Grid
) -> list[str]:
    """Return the visual tokens, then each DeepStack layer, all (rows * columns, out)."""
    rope = axial_rope(graph, config, grid)
    x = graph.linear(
        patches, 'patch_embed',
        embedding(weights['visual.patch_embed.proj.weight'], config),
        weights['visual.patch_embed.proj.bias'])
    x = graph.op('Add', x, graph.weight('positions', _positions(config, weights, grid)))
    deepstack = []
    for block in range(config.layers):
        name = f'visual.blocks.{block}'
        normed = layer_norm(graph, x, f'{name}.norm1', weights, config.norm_eps)
        mixed = self_attention(
            graph, normed, name, config, weights[f'{name}.attn.qkv.weight'],
            weights[f'{name}.attn.qkv.bias'], rope)
        x = graph.op('Add', x, projected(graph, mixed, f'{name}.attn.proj', weights))
        normed = layer_norm(graph, x, f'{name}.norm2', weights, config.norm_eps)
        inner = gelu_tanh(graph, projected(graph, normed, f'{name}.mlp.linear_fc1', weights))
        x = graph.op('Add', x, projected(graph, inner, f'{name}.mlp.linear_fc2', weights))
        if block in config.deepstack:
            merger = f'visual.deepstack_merger_list.{config.deepstack.index(block)}'
            wide = graph.op('Reshape', x, graph.ints(grid[0] * grid[1], -1))
            deepstack.append(_merged(
                graph, layer_norm(graph, wide, f'{merger}.norm', weights, config.norm_eps),
                merger, weights))
    x = layer_norm(graph, x, 'visual.merger.norm', weights, config.norm_eps)
    x = graph.op('Reshape', x, graph.ints(grid[0] * grid[1], -1))
    return [_merged(graph, x, 'visual.merger', weights), *deepstack]


def _merged(graph: Graph, x: str, name: str, weights: Weights) -> str:
    inner = gelu(graph, projected(graph, x, f'{name}.linear_fc1', weights))
    return projected(graph, inner, f'{name}.linear_fc2', weights)


def _positions(config: VisionConfig, weights: Weights, grid: Grid) -> Floats:
    """Return (patches, hidden): the learned positions interpolated, corners aligned."""
    table = weights['visual.pos_embed.weight'].reshape(config.side, config.side, -1)
    for axis in (0, 1):
        at = np.linspace(0, config.side - 1, grid[axis] * config.merge)
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, config.side - 1)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        share = (at - low).astype(np.float32).reshape(shape)
        table = table.take(low, axis) * (1 - share) + table.take(high, axis) * share
    row, column = patch_coordinates(config, grid).T
    positions: Floats = table[row, column]
    return positions
