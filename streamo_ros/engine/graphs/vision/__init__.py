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

"""A frame's patches to its visual tokens, as an ONNX graph; one module for each family's tower."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto
from onnx import TensorProto

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.builder import inline
from streamo_ros.engine.graphs.builder import Store
from streamo_ros.engine.graphs.vision.internvl import internvl_tower
from streamo_ros.engine.graphs.vision.qwen2_5_vl import qwen2_5_vl_tower
from streamo_ros.engine.graphs.vision.qwen3_vl import qwen3_vl_tower
from streamo_ros.engine.graphs.vision.small import small_tower
from streamo_ros.engine.graphs.vision.smolvlm import smolvlm_tower
from streamo_ros.models import FrameSpec
from streamo_ros.models import VisionConfig

_TOWERS = {
    'internvl': internvl_tower,
    'qwen2_5_vl': qwen2_5_vl_tower,
    'qwen3_vl': qwen3_vl_tower,
    'smolvlm': smolvlm_tower,
    'streamo_small': small_tower,
}

__all__ = ['vision_graph']


def vision_graph(
    config: VisionConfig, frame: FrameSpec, weights: Mapping[str, NDArray[np.float32]],
    grid: tuple[int, int], precision: str = 'float32', store: Store = inline,
) -> ModelProto:
    """
    Return the graph: cut ``patches`` to ``tokens`` (1 + D, rows * columns, hidden).

    The first layer of tokens stands in the stream; the D others (DeepStack, Qwen3-VL alone) are
    added to them behind the decoder's first D layers.

    :param weights: a checkpoint's tensors
    :param frame: how pixels are normalised
    :param grid: (rows, columns) of visual tokens
    :param precision: one of ``PRECISIONS``; tokens are float32 in any case
    :param store: takes the weights
    """
    graph = Graph('vision', precision, store)
    count = grid[0] * grid[1] * config.merge ** 2
    values = config.channels * config.temporal_patch * config.patch ** 2
    patches = graph.op(
        'Cast', graph.input('patches', np.uint8, (count, values)), to=TensorProto.FLOAT)
    for kind, of_channel in (('Sub', frame.mean), ('Div', frame.std)):
        levels = np.tile(np.asarray(of_channel, np.float32) * 255, values // config.channels)
        patches = graph.op(kind, patches, graph.constant(f'{kind}_levels', levels))
    patches = graph.narrow(patches)
    tokens = _TOWERS[config.family](graph, patches, config, weights, grid)
    one = graph.ints(0)
    layers = [graph.op('Unsqueeze', layer, one) for layer in tokens]
    stacked = layers[0] if len(layers) == 1 else graph.op('Concat', *layers, axis=0)
    graph.output('tokens', graph.widen(stacked), (len(layers), grid[0] * grid[1], config.out))
    return graph.model()
