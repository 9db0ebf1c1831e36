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

"""EfficientNet-Lite0 without its classifier: what a picture shows, as ImageNet taught it."""

import numpy as np

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.tower import Weights
from streamo_ros.models.efficientnet import BLOCKS
from streamo_ros.models.efficientnet import FINE_BLOCK
from streamo_ros.models.efficientnet import STEM


def efficientnet_lite0(
    graph: Graph, pictures: str, weights: Weights, name: str
) -> tuple[str, str]:
    """
    Return features at both scales, (N, FINE, side / 16, ..) and (N, COARSE, side / 32, ..).

    :param pictures: (N, 3, side, side), normalised; the side a multiple of 32
    :param name: what the weights' names begin with
    """
    def convolve(x: str, part: str, stride: int = 1, groups: int = 1) -> str:
        weight = weights[f'{name}.{part}.weight']
        # Padded as TensorFlow does it: what is over goes to the right and below.
        over = weight.shape[2] - stride
        before, after = over // 2, over - over // 2
        return graph.op(
            'Conv', x, graph.weight(f'{name}.{part}.weight', weight),
            graph.weight(f'{name}.{part}.bias', weights[f'{name}.{part}.bias']),
            pads=[before, before, after, after], strides=[stride, stride], group=groups)

    # Of one element, not scalars: the builder stores no others.
    low, high = (
        graph.op('Squeeze', graph.weight(f'relu6_{end}', np.asarray([end], np.float32)))
        for end in (0, 6))

    def relu6(x: str) -> str:
        return graph.op('Clip', x, low, high)

    x = relu6(convolve(pictures, 'stem', 2))
    fine, ins = '', STEM
    for index, block in enumerate(BLOCKS):
        part, inner = f'blocks.{index}', x
        if block.widening > 1:
            inner = relu6(convolve(inner, f'{part}.expand'))
        inner = relu6(convolve(
            inner, f'{part}.depthwise', block.stride, ins * block.widening))
        inner = convolve(inner, f'{part}.project')
        x = graph.op('Add', x, inner) if block.outs == ins and block.stride == 1 else inner
        ins = block.outs
        if index == FINE_BLOCK:
            fine = x
    return fine, relu6(convolve(x, 'head'))
