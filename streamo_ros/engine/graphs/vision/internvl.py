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

"""InternVL3's tower: a class token before the patches, learned positions, scaled residuals."""

import numpy as np

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.tower import embedding
from streamo_ros.engine.graphs.vision.tower import gelu
from streamo_ros.engine.graphs.vision.tower import Grid
from streamo_ros.engine.graphs.vision.tower import layer_norm
from streamo_ros.engine.graphs.vision.tower import patch_coordinates
from streamo_ros.engine.graphs.vision.tower import projected
from streamo_ros.engine.graphs.vision.tower import self_attention
from streamo_ros.engine.graphs.vision.tower import Weights
from streamo_ros.models import VisionConfig

# The projector's own, torch's default.
_PROJECTOR_EPS = 1e-5


def internvl_tower(
    graph: Graph, patches: str, config: VisionConfig, weights: Weights, grid: Grid
) -> list[str]:
    """Return the visual tokens, (rows * columns, out)."""
    embeddings = 'visual.embeddings'
    position = weights[f'{embeddings}.position_embeddings'][0]
    row, column = patch_coordinates(config, grid).T
    x = graph.linear(
        patches, 'patch_embed',
        embedding(weights[f'{embeddings}.patch_embeddings.projection.weight'], config),
        weights[f'{embeddings}.patch_embeddings.projection.bias'])
    x = graph.op('Add', x, graph.weight('positions', position[1 + row * config.side + column]))
    first = graph.weight('class', weights[f'{embeddings}.cls_token'][0] + position[:1])
    x = graph.op('Concat', first, x, axis=0)
    for block in range(config.layers):
        name = f'visual.encoder.layer.{block}'
        parts = [f'{name}.attention.{part}_proj' for part in 'qkv']
        normed = layer_norm(graph, x, f'{name}.layernorm_before', weights, config.norm_eps)
        mixed = self_attention(
            graph, normed, name, config,
            np.concatenate([weights[f'{part}.weight'] for part in parts]),
            np.concatenate([weights[f'{part}.bias'] for part in parts]) if config.bias else None)
        x = graph.op('Add', x, projected(
            graph, mixed, f'{name}.attention.projection_layer', weights,
            weights[f'{name}.lambda_1']))
        normed = layer_norm(graph, x, f'{name}.layernorm_after', weights, config.norm_eps)
        inner = gelu(graph, projected(graph, normed, f'{name}.mlp.fc1', weights))
        x = graph.op('Add', x, projected(
            graph, inner, f'{name}.mlp.fc2', weights, weights[f'{name}.lambda_2']))
    x = graph.op('Slice', x, graph.ints(1), graph.ints(len(row) + 1), graph.ints(0))
    x = graph.op('Reshape', x, graph.ints(grid[0] * grid[1], -1))
    x = layer_norm(graph, x, 'visual.projector.layer_norm', weights, _PROJECTOR_EPS)
    x = gelu(graph, projected(graph, x, 'visual.projector.linear_1', weights))
    return [projected(graph, x, 'visual.projector.linear_2', weights)]
