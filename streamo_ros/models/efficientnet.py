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
EfficientNet-Lite0: its shape, and its convolutions out of the weights that its package holds.

Sixteen inverted bottlenecks between two convolutions. Batch norms are folded into the
convolutions that they follow; the classifier is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """
    An inverted bottleneck.

    :param widening: how many times its input's channels it has inside
    :param kernel: side of its depthwise convolution
    """

    outs: int
    widening: int
    kernel: int
    stride: int


STEM = 32
"""Channels of the first convolution, whose stride is 2."""

BLOCKS = (
    Block(16, 1, 3, 1),
    Block(24, 6, 3, 2), Block(24, 6, 3, 1),
    Block(40, 6, 5, 2), Block(40, 6, 5, 1),
    Block(80, 6, 3, 2), Block(80, 6, 3, 1), Block(80, 6, 3, 1),
    Block(112, 6, 5, 1), Block(112, 6, 5, 1), Block(112, 6, 5, 1),
    Block(192, 6, 5, 2), Block(192, 6, 5, 1), Block(192, 6, 5, 1), Block(192, 6, 5, 1),
    Block(320, 6, 3, 1))
FINE_BLOCK = 10
"""The last block that sees a picture at a sixteenth of its side."""

FINE, COARSE = BLOCKS[FINE_BLOCK].outs, 1280
"""Features of that block, and of the last convolution, at a thirty-second."""

_EPSILON = np.float32(1e-3)
# Of each convolution: its name, that of the batch norm behind it, and what it is called here.
_OUTSIDE = (('_conv_stem', '_bn0', 'stem'), ('_conv_head', '_bn1', 'head'))
_INSIDE = (
    ('_expand_conv', '_bn0', 'expand'), ('_depthwise_conv', '_bn1', 'depthwise'),
    ('_project_conv', '_bn2', 'project'))


def efficientnet_tensors(weights: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the convolutions with their batch norms folded in."""
    convolutions = [*_OUTSIDE]
    for block in range(len(BLOCKS)):
        convolutions += [
            (f'_blocks.{block}.{convolution}', f'_blocks.{block}.{norm}', f'blocks.{block}.{name}')
            # The first block has nothing to widen.
            for convolution, norm, name in (_INSIDE if block else _INSIDE[1:])]
    tensors = {}
    for convolution, norm, name in convolutions:
        scale = weights[f'{norm}.weight'] / np.sqrt(weights[f'{norm}.running_var'] + _EPSILON)
        tensors[f'{name}.weight'] = (
            weights[f'{convolution}.weight'] * scale[:, None, None, None])
        tensors[f'{name}.bias'] = (
            weights[f'{norm}.bias'] - weights[f'{norm}.running_mean'] * scale)
    return tensors


def cell_means(places: int, cells: int) -> Floats:
    """
    Return (cells ** 2, places ** 2): the mean over each cell of a square of places.

    A place that lies in several cells counts in each by its share.
    """
    edges = np.arange(cells + 1) * places / cells
    starts = np.arange(places)
    shares = np.clip(
        np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts), 0, None)
    shares *= cells / places
    means: Floats = np.einsum('ab,cd->acbd', shares, shares).reshape(
        cells ** 2, places ** 2).astype(np.float32)
    return means
