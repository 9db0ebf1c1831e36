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
The tower of ``small``: what is seen, beside what changed, cell by cell.

A frozen trunk (EfficientNet-Lite0) sees the frame at full size. A small tower of Qwen2.5-VL's kind
sees the pair of frames at half the size. Both have features for each cell of the grid; a
connector of two layers makes a token of a cell's features.
"""

from dataclasses import replace

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.efficientnet import efficientnet_lite0
from streamo_ros.engine.graphs.vision.qwen2_5_vl import qwen2_5_vl_tower
from streamo_ros.engine.graphs.vision.tower import gelu
from streamo_ros.engine.graphs.vision.tower import Grid
from streamo_ros.engine.graphs.vision.tower import layer_norm
from streamo_ros.engine.graphs.vision.tower import projected
from streamo_ros.engine.graphs.vision.tower import Weights
from streamo_ros.models import VisionConfig
from streamo_ros.models.efficientnet import cell_means
from streamo_ros.models.efficientnet import COARSE
from streamo_ros.models.efficientnet import FINE

_TOWER = 'visual.tower.'


def small_tower(
    graph: Graph, patches: str, config: VisionConfig, weights: Weights, grid: Grid
) -> list[str]:
    """Return the visual tokens, (rows * columns, out)."""
    seen = trunk_features(graph, patches, config, weights, 1)
    seen = graph.op('Reshape', seen, graph.ints(grid[0] * grid[1], FINE + COARSE))
    changed, = qwen2_5_vl_tower(
        graph, _halved(graph, patches, config), replace(config, patch=config.patch // 2),
        {name.replace(_TOWER, 'visual.'): weights[name] for name in weights
         if name.startswith(_TOWER)}, grid)
    both = [
        layer_norm(graph, part, f'visual.connector.{name}', weights, config.norm_eps)
        for part, name in ((seen, 'seen'), (changed, 'changed'))]
    x = gelu(graph, projected(
        graph, graph.op('Concat', *both, axis=-1), 'visual.connector.first', weights))
    x = projected(graph, x, 'visual.connector.second', weights)
    return [graph.op('Add', x, graph.weight('cells', weights['visual.connector.cells']))]


def trunk_features(
    graph: Graph, patches: str, config: VisionConfig, weights: Weights, frames: int
) -> str:
    """
    Return what the trunk makes of frames, (frames, rows * columns, FINE + COARSE).

    :param patches: (frames * patches of one, values), normalised
    """
    assert config.image is not None
    side, patch, merge = config.image[0], config.patch, config.merge
    cells = side // config.cell
    # frame, row, column, row and column in a cell, time, y, x, channel
    x = graph.op('Reshape', patches, graph.ints(
        frames, cells, cells, merge, merge, config.temporal_patch, patch, patch, config.channels))
    x = graph.op('Gather', x, graph.ints(config.temporal_patch - 1), axis=5)
    x = graph.op('Transpose', x, perm=[0, 8, 1, 3, 6, 2, 4, 7, 5])
    pictures = graph.op('Reshape', x, graph.ints(frames, config.channels, side, side))
    parts = []
    for features, name, scale in zip(
            efficientnet_lite0(graph, pictures, weights, 'visual.trunk'),
            ('fine', 'coarse'), (16, 32), strict=True):
        rows = graph.op('Reshape', features, graph.ints(0, 0, -1))
        # (frames, features, places) to (frames, cells, features)
        pooled = graph.op('MatMul', rows, graph.weight(
            f'{name}_cells', cell_means(side // scale, cells).T))
        parts.append(graph.op('Transpose', pooled, perm=[0, 2, 1]))
    return graph.op('Concat', *parts, axis=-1)


def _halved(graph: Graph, patches: str, config: VisionConfig) -> str:
    """Return patches at half their size, each value the mean of four."""
    half = config.patch // 2
    x = graph.op('Reshape', patches, graph.ints(
        -1, config.temporal_patch, half, 2, half, 2, config.channels))
    x = graph.narrow(graph.op(
        'ReduceMean', graph.widen(x), graph.ints(3, 5), keepdims=0))
    return graph.op('Reshape', x, graph.ints(
        -1, config.temporal_patch * half * half * config.channels))
