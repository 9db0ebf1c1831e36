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

"""SmolVLM2's tower: SigLIP, whose patches are merged by one linear layer."""

import numpy as np

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.tower import embedding
from streamo_ros.engine.graphs.vision.tower import gelu_tanh
from streamo_ros.engine.graphs.vision.tower import Grid
from streamo_ros.engine.graphs.vision.tower import layer_norm
from streamo_ros.engine.graphs.vision.tower import patch_coordinates
from streamo_ros.engine.graphs.vision.tower import projected
from streamo_ros.engine.graphs.vision.tower import self_attention
from streamo_ros.engine.graphs.vision.tower import Weights
from streamo_ros.models import VisionConfig


def smolvlm_tower(
    graph: Graph, patches: str, config: VisionConfig, weights: Weights, grid: Grid
) -> list[str]:
    """Return the visual tokens, (rows * columns, out)."""
    embeddings = 'visual.embeddings'
    row, column = patch_coordinates(config, grid).T
    x = graph.linear(
        patches, 'patch_embed',
        embedding(weights[f'{embeddings}.patch_embedding.weight'], config),
        weights[f'{embeddings}.patch_embedding.bias'])
    x = graph.op('Add', x, graph.weight(
        'positions',
        weights[f'{embeddings}.position_embedding.weight'][row * config.side + column]))
    for block in range(config.layers):
        name = f'visual.encoder.layers.{block}'
        parts = [f'{name}.self_attn.{part}_proj' for part in 'qkv']
        normed = layer_norm(graph, x, f'{name}.layer_norm1', weights, config.norm_eps)
        mixed = self_attention(
            graph, normed, name, config,
            np.concatenate([weights[f'{part}.weight'] for part in parts]),
            np.concatenate([weights[f'{part}.bias'] for part in parts]))
        x = graph.op('Add', x, projected(graph, mixed, f'{name}.self_attn.out_proj', weights))
        normed = layer_norm(graph, x, f'{name}.layer_norm2', weights, config.norm_eps)
        inner = gelu_tanh(graph, projected(graph, normed, f'{name}.mlp.fc1', weights))
        x = graph.op('Add', x, projected(graph, inner, f'{name}.mlp.fc2', weights))
    x = layer_norm(graph, x, 'visual.post_layernorm', weights, config.norm_eps)
    x = graph.op('Reshape', x, graph.ints(grid[0] * grid[1], -1))
    return [graph.linear(
        x, 'connector', weights['visual.connector.modality_projection.proj.weight'])]
