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
Qwen2.5-VL's vision tower as an ONNX graph, for one size of frame.

Windows are a constant mask over patches kept in the merger's order, so nothing is permuted.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from streamo_ros.engine.graph import Graph
from streamo_ros.models import VisionConfig

_ROPE_THETA = 10000.0
_NORM_EPS = 1e-6
_MASKED = -1e30


def patch_places(config: VisionConfig, grid: tuple[int, int]) -> NDArray[np.int64]:
    """
    Return (row, column) of every patch, (patches, 2), in the merger's order.

    :param grid: (rows, columns) of visual tokens
    """
    rows, columns, merge = grid[0], grid[1], config.merge
    row, column, inner_row, inner_column = np.meshgrid(
        np.arange(rows), np.arange(columns), np.arange(merge), np.arange(merge), indexing='ij')
    return np.stack([
        (row * merge + inner_row).ravel(), (column * merge + inner_column).ravel()], -1)


def vision_graph(
    config: VisionConfig, weights: Mapping[str, NDArray[np.float32]], grid: tuple[int, int]
) -> ModelProto:
    """
    Return the graph: ``patches`` (patches, values) to ``tokens`` (rows * columns, hidden).

    :param weights: a checkpoint's tensors
    :param grid: (rows, columns) of visual tokens
    """
    graph = Graph('vision')
    places = patch_places(config, grid)
    count, hidden, heads = len(places), config.hidden, config.heads
    head_dim = hidden // heads
    values = config.channels * config.temporal_patch * config.patch ** 2
    patches = graph.input('patches', np.float32, (count, values))

    frequencies = 1.0 / _ROPE_THETA ** (np.arange(0, head_dim // 2, 2) / (head_dim // 2))
    angles = (places[:, :, None] * frequencies).reshape(count, 1, -1)
    cos = graph.weight('cos', np.cos(angles).astype(np.float32))
    sin = graph.weight('sin', np.sin(angles).astype(np.float32))
    window = places // (config.window // config.patch)
    apart = (window[:, None] != window[None]).any(-1)
    x = graph.linear(patches, 'patch_embed',
                     weights['visual.patch_embed.proj.weight'].reshape(hidden, -1))
    for block in range(config.layers):
        name = f'visual.blocks.{block}'

        def get(tensor: str, name: str = name) -> NDArray[np.float32]:
            return weights[f'{name}.{tensor}']

        normed = graph.rms_norm(x, f'{name}.norm1', get('norm1.weight'), _NORM_EPS)
        qkv = graph.linear(normed, f'{name}.qkv', get('attn.qkv.weight'), get('attn.qkv.bias'))
        q, k, v = (
            graph.op('Reshape', part, graph.ints(count, heads, head_dim))
            for part in graph.ops('Split', 3, qkv, axis=-1, num_outputs=3))
        q = graph.op('Mul', graph.rotate(q, cos, sin), graph.scalar(head_dim ** -0.5))
        k = graph.rotate(k, cos, sin)
        scores = graph.op(
            'MatMul', graph.op('Transpose', q, perm=[1, 0, 2]),
            graph.op('Transpose', k, perm=[1, 2, 0]))
        if block not in config.full_attention and apart.any():
            scores = graph.op('Add', scores, graph.weight(
                'apart', np.where(apart, np.float32(_MASKED), np.float32(0))))
        mixed = graph.op(
            'MatMul', graph.op('Softmax', scores, axis=-1),
            graph.op('Transpose', v, perm=[1, 0, 2]))
        mixed = graph.op(
            'Reshape', graph.op('Transpose', mixed, perm=[1, 0, 2]), graph.ints(count, hidden))
        x = graph.op('Add', x, graph.linear(
            mixed, f'{name}.proj', get('attn.proj.weight'), get('attn.proj.bias')))
        normed = graph.rms_norm(x, f'{name}.norm2', get('norm2.weight'), _NORM_EPS)
        inner = graph.gated_mlp(
            normed, f'{name}.mlp', get('mlp.gate_proj.weight'), get('mlp.up_proj.weight'),
            np.concatenate([get('mlp.gate_proj.bias'), get('mlp.up_proj.bias')]))
        x = graph.op('Add', x, graph.linear(
            inner, f'{name}.down', get('mlp.down_proj.weight'), get('mlp.down_proj.bias')))
    x = graph.rms_norm(x, 'merger.norm', weights['visual.merger.ln_q.weight'], _NORM_EPS)
    x = graph.op('Reshape', x, graph.ints(grid[0] * grid[1], hidden * config.merge ** 2))
    x = graph.linear(
        x, 'merger.0', weights['visual.merger.mlp.0.weight'], weights['visual.merger.mlp.0.bias'])
    error = graph.op('Erf', graph.op('Div', x, graph.scalar(float(np.sqrt(2)))))
    x = graph.op('Mul', graph.op('Mul', x, graph.op('Add', error, graph.scalar(1.0))),
                 graph.scalar(0.5))
    x = graph.linear(
        x, 'merger.2', weights['visual.merger.mlp.2.weight'], weights['visual.merger.mlp.2.bias'])
    graph.output('tokens', x, (grid[0] * grid[1], config.out))
    return graph.model()
