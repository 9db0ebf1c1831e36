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

"""EfficientNet-Lite0's convolutions out of the weights that its package holds."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_EPSILON = np.float32(1e-3)
_BLOCKS = 16
# Of each convolution: its name, that of the batch norm behind it, and what it is called here.
_OUTSIDE = (('_conv_stem', '_bn0', 'stem'), ('_conv_head', '_bn1', 'head'))
_INSIDE = (
    ('_expand_conv', '_bn0', 'expand'), ('_depthwise_conv', '_bn1', 'depthwise'),
    ('_project_conv', '_bn2', 'project'))


def efficientnet_tensors(weights: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the convolutions with their batch norms folded in; the classifier is left out."""
    convolutions = [*_OUTSIDE]
    for block in range(_BLOCKS):
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
