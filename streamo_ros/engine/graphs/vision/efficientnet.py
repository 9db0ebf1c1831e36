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
EfficientNet-Lite0 without its classifier: what a picture shows, in features learned on ImageNet.

Sixteen inverted bottlenecks; batch norms are folded into the convolutions that they follow.
"""

import numpy as np

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.vision.tower import Weights

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of the depthwise convolutions, block by block; the stem's is 2."""

FINE_BLOCK = 10
"""The last block that sees a picture at a sixteenth of its side."""

FINE, COARSE = 112, 1280
"""Features of that block, and of the last convolution at a thirty-second."""


def efficientnet_lite0(
    graph: Graph, pictures: str, side: int, weights: Weights, name: str
) -> tuple[str, str]:
    """
    Return the features of pictures: (N, FINE, side / 16, side / 16) and (N, COARSE, side / 32, ..).

    :param pictures: (N, 3, side, side), normalised as for ImageNet
    :param side: a multiple of 32
    :param name: what the weights' names begin with
    """
    def convolve(x: str, part: str, side: int, stride: int = 1) -> str:
        weight = weights[f'{name}.{part}.weight']
        # Padded as TensorFlow does it: what is over goes to the right and below.
        over = weight.shape[2] - stride
        before, after = over // 2, over - over // 2
        assert side % stride == 0
        return graph.op(
            'Conv', x, graph.weight(f'{name}.{part}.weight', weight),
            graph.weight(f'{name}.{part}.bias', weights[f'{name}.{part}.bias']),
            pads=[before, before, after, after], strides=[stride, stride],
            group=1 if weight.shape[1] > 1 or part == 'stem' else len(weight))

    zero = graph.weight('relu6_low', np.asarray(0, np.float32))
    six = graph.weight('relu6_high', np.asarray(6, np.float32))

    def relu6(x: str) -> str:
        return graph.op('Clip', x, zero, six)

    x = relu6(convolve(pictures, 'stem', side, 2))
    side //= 2
    fine = ''
    for block, stride in enumerate(STRIDES):
        inner = x
        if block:  # the first widens nothing
            inner = relu6(convolve(inner, f'blocks.{block}.expand', side))
        inner = relu6(convolve(inner, f'blocks.{block}.depthwise', side, stride))
        side //= stride
        projected = convolve(inner, f'blocks.{block}.project', side)
        same = stride == 1 and (
            weights[f'{name}.blocks.{block}.project.weight'].shape[0]
            == weights[f'{name}.blocks.{block}.{"expand" if block else "depthwise"}.weight'
                       ].shape[1 if block else 0])
        x = graph.op('Add', x, projected) if same else projected
        if block == FINE_BLOCK:
            fine = x
    return fine, relu6(convolve(x, 'head', side))
