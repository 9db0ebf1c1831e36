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
Qwen2.5-VL's tower: RoPE over rows and columns, window attention in all but some blocks.

The grid is fixed, so windows are a constant mask over the merger's order: nothing is permuted.
"""

import numpy as np

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.tower import axial_rope
from streamo_ros.engine.graphs.vision.tower import embedding
from streamo_ros.engine.graphs.vision.tower import Floats
from streamo_ros.engine.graphs.vision.tower import gelu
from streamo_ros.engine.graphs.vision.tower import Grid
from streamo_ros.engine.graphs.vision.tower import patch_coordinates
from streamo_ros.engine.graphs.vision.tower import projected
from streamo_ros.engine.graphs.vision.tower import self_attention
from streamo_ros.engine.graphs.vision.tower import Weights
from streamo_ros.models import VisionConfig


def qwen2_5_vl_tower(
    graph: Graph, patches: str, config: VisionConfig, weights: Weights, grid: Grid
) -> list[str]:
    """Return the visual tokens, (rows * columns, out)."""
    rope = axial_rope(graph, config, grid)
    window = patch_coordinates(config, grid) // (config.window // config.patch)
    apart = (window[:, None] != window[None]).any(-1)
    x = graph.linear(patches, 'patch_embed',
                     embedding(weights['visual.patch_embed.proj.weight'], config))
    for block in range(config.layers):
        name = f'visual.blocks.{block}'

        def get(tensor: str, name: str = name) -> Floats:
            return weights[f'{name}.{tensor}']

        normed = graph.rms_norm(x, f'{name}.norm1', get('norm1.weight'), config.norm_eps)
        mixed = self_attention(
            graph, normed, name, config, get('attn.qkv.weight'), get('attn.qkv.bias'), rope,
            None if block in config.full_attention else apart)
        x = graph.op('Add', x, projected(graph, mixed, f'{name}.attn.proj', weights))
        normed = graph.rms_norm(x, f'{name}.norm2', get('norm2.weight'), config.norm_eps)
        inner = graph.gated_mlp(
            normed, f'{name}.mlp', get('mlp.gate_proj.weight'), get('mlp.up_proj.weight'),
            np.concatenate([get('mlp.gate_proj.bias'), get('mlp.up_proj.bias')]))
        x = graph.op('Add', x, projected(graph, inner, f'{name}.mlp.down_proj', weights))
    x = graph.rms_norm(x, 'merger.norm', weights['visual.merger.ln_q.weight'], config.norm_eps)
    x = graph.op('Reshape', x, graph.ints(grid[0] * grid[1], -1))
    x = gelu(graph, projected(graph, x, 'visual.merger.mlp.0', weights))
    return [projected(graph, x, 'visual.merger.mlp.2', weights)]
