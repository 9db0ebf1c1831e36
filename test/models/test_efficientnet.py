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

"""EfficientNet-Lite0's batch norms are folded, and cells are means of what lies in them."""

import numpy as np
import pytest
from tiny_small import trunk_state

from streamo_ros.models.efficientnet import cell_means
from streamo_ros.models.efficientnet import efficientnet_tensors

torch = pytest.importorskip('torch', reason='the reference convolutions are torch')


def test_a_folded_convolution_does_what_both_did():
    state = trunk_state()
    found = efficientnet_tensors({name: value.numpy() for name, value in state.items()})
    for source, norm, name in (
            ('_conv_stem', '_bn0', 'stem'), ('_conv_head', '_bn1', 'head'),
            ('_blocks.4._depthwise_conv', '_blocks.4._bn1', 'blocks.4.depthwise')):
        weight = state[f'{source}.weight']
        x = torch.randn(2, weight.shape[1] * (len(weight) if 'depthwise' in source else 1), 8, 8)
        groups = len(weight) if 'depthwise' in source else 1
        expected = torch.nn.functional.batch_norm(
            torch.nn.functional.conv2d(x, weight, groups=groups),
            *(state[f'{norm}.{part}'] for part in (
                'running_mean', 'running_var', 'weight', 'bias')), eps=1e-3)
        got = torch.nn.functional.conv2d(x, *(
            torch.from_numpy(found[f'{name}.{part}']) for part in ('weight', 'bias')),
            groups=groups)
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_every_convolution_of_the_sixteen_blocks_is_there():
    found = efficientnet_tensors(
        {name: value.numpy() for name, value in trunk_state().items()})
    # The first block has no expansion; the stem and the head stand outside.
    assert len(found) == 2 * (2 + 16 * 3 - 1)


@pytest.mark.parametrize('places, cells', [(8, 4), (7, 4), (14, 4), (6, 6)])
def test_a_cell_is_the_mean_of_its_share_of_places(places, cells):
    means = cell_means(places, cells)
    np.testing.assert_allclose(means.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(means.sum(0), cells ** 2 / places ** 2, rtol=1e-5)
    # A ramp from left to right is met at each cell's middle.
    ramp = np.tile(np.arange(places) + 0.5, (places, 1)).ravel()
    middles = (np.arange(cells) + 0.5) * places / cells
    if places % cells == 0:
        np.testing.assert_allclose((means @ ramp).reshape(cells, cells)[0], middles, rtol=1e-5)
