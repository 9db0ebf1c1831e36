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

"""What the vision towers have in common: coordinates of patches, attention, norms, activations."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.models import VisionConfig

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]
Grid = tuple[int, int]

_ROPE_THETA = 10000.0
_MASKED = -1e30


def patch_coordinates(config: VisionConfig, grid: Grid) -> NDArray[np.int64]:
    """
    Return (row, column) of every patch, (patches, 2), in the merger's order.

    :param grid: (rows, columns) of visual tokens
    """
    rows, columns, merge = grid[0], grid[1], config.merge
    row, column, inner_row, inner_column = np.meshgrid(
        np.arange(rows), np.arange(columns), np.arange(merge), np.arange(merge), indexing='ij')
    return np.stack([
        (row * merge + inner_row).ravel(), (column * merge + inner_column).ravel()], -1)


def embedding(weight: Floats, config: VisionConfig) -> Floats:
    """Return the filters of the patch embedding in the order of cut patches, (hidden, values)."""
    filters = weight.reshape(
        config.hidden, config.channels, config.temporal_patch, config.patch, config.patch)
    ordered: Floats = filters.transpose(0, 2, 3, 4, 1).reshape(config.hidden, -1)
    return ordered


def axial_rope(graph: Graph, config: VisionConfig, grid: Grid) -> tuple[str, str]:
    """Return cosine and sine, (patches, 1, head / 2): one half for rows, the other for columns."""
    quarter = config.hidden // config.heads // 2
    frequencies = 1.0 / _ROPE_THETA ** (np.arange(0, quarter, 2) / quarter)
    coordinates = patch_coordinates(config, grid)
    angles = (coordinates[:, :, None] * frequencies).reshape(len(coordinates), 1, -1)
    return (graph.constant('cos', np.cos(angles).astype(np.float32)),
            graph.constant('sin', np.sin(angles).astype(np.float32)))


def self_attention(
    graph: Graph, x: str, name: str, config: VisionConfig, weight: Floats, bias: Floats | None,
    rope: tuple[str, str] | None = None, apart: NDArray[np.bool_] | None = None,
) -> str:
    """
    Return (patches, hidden), the attention's output before its projection.

    :param weight: (3 * hidden, hidden), queries, keys and values
    :param rope: cosine and sine that rotate queries and keys
    :param apart: (patches, patches) True where two patches must not see each other
    """
    qkv = graph.linear(x, f'{name}.qkv', weight, bias)
    head_dim = config.hidden // config.heads
    q, k, v = (
        graph.op('Reshape', part, graph.ints(-1, config.heads, head_dim))
        for part in graph.ops('Split', 3, qkv, axis=-1, num_outputs=3))
    if rope is not None:
        q, k = graph.rotate(q, *rope), graph.rotate(k, *rope)
    scores = graph.op(
        'MatMul',
        graph.op('Transpose', graph.op('Mul', q, graph.weight(
            'scale', np.asarray(head_dim ** -0.5, np.float32))), perm=[1, 0, 2]),
        graph.op('Transpose', k, perm=[1, 2, 0]))
    scores = graph.widen(scores)
    if apart is not None and apart.any():
        scores = graph.op('Add', scores, graph.constant(
            'apart', np.where(apart, np.float32(_MASKED), np.float32(0))))
    mixed = graph.op(
        'MatMul', graph.narrow(graph.op('Softmax', scores, axis=-1)),
        graph.op('Transpose', v, perm=[1, 0, 2]))
    return graph.op(
        'Reshape', graph.op('Transpose', mixed, perm=[1, 0, 2]), graph.ints(-1, config.hidden))


def projected(
    graph: Graph, x: str, name: str, weights: Weights, scale: Floats | None = None
) -> str:
    """
    Return x through the linear layer that the weights hold under the name.

    :param scale: (out,) a factor for each output
    """
    weight, bias = weights[f'{name}.weight'], weights[f'{name}.bias']
    if scale is not None:
        weight, bias = weight * scale[:, None], bias * scale
    return graph.linear(x, name, weight, bias)


def layer_norm(graph: Graph, x: str, name: str, weights: Weights, epsilon: float) -> str:
    """Return x normalised over its last axis by the layer that the weights hold under the name."""
    return graph.narrow(graph.op(
        'LayerNormalization', graph.widen(x),
        graph.constant(f'{name}.weight', weights[f'{name}.weight']),
        graph.constant(f'{name}.bias', weights[f'{name}.bias']), axis=-1, epsilon=epsilon))


def gelu(graph: Graph, x: str) -> str:
    """Return GELU, exact."""
    x = graph.widen(x)
    error = graph.op('Erf', graph.op('Mul', x, graph.scalar(float(np.sqrt(0.5)))))
    return _half_gated(graph, x, error)


def gelu_tanh(graph: Graph, x: str) -> str:
    """Return GELU as PyTorch approximates it with a hyperbolic tangent."""
    x = graph.widen(x)
    cube = graph.op('Mul', graph.op('Mul', x, x), graph.op('Mul', x, graph.scalar(0.044715)))
    inner = graph.op('Mul', graph.op('Add', x, cube), graph.scalar(float(np.sqrt(2 / np.pi))))
    return _half_gated(graph, x, graph.op('Tanh', inner))


def _half_gated(graph: Graph, x: str, gate: str) -> str:
    return graph.narrow(graph.op(
        'Mul', graph.op('Mul', x, graph.scalar(0.5)), graph.op('Add', gate, graph.scalar(1.0))))
