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
The eyes of ``small`` as they are trained: a tower for what changed, and the connector.

The trunk, EfficientNet-Lite0, is frozen: its features come with the examples.
"""

import torch
from torch import nn
from torch import Tensor
from torch.nn.functional import gelu
from transformers import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

from streamo_ros.engine.graphs.vision.efficientnet import COARSE
from streamo_ros.engine.graphs.vision.efficientnet import FINE
from streamo_ros.models import VisionConfig

TOWER_OUT = 256
"""Features of the tower for each cell."""

INNER = 1024
"""Between the connector's two layers."""


class Connector(nn.Module):
    """A cell's features to its visual token; names as in the checkpoint."""

    def __init__(self, out: int, cells: int, changed: int, epsilon: float) -> None:
        super().__init__()
        self.seen = nn.LayerNorm(FINE + COARSE, eps=epsilon)
        self.changed = nn.LayerNorm(changed, eps=epsilon)
        self.add_module('0', nn.Linear(FINE + COARSE + changed, INNER))
        self.add_module('2', nn.Linear(INNER, out))
        self.cells = nn.Parameter(torch.randn(cells, out) * 0.02)

    def forward(self, seen: Tensor, changed: Tensor) -> Tensor:
        """
        Return (frames, cells, out).

        :param seen: (frames, cells, FINE + COARSE)
        :param changed: (frames, cells, features of the tower)
        """
        both = torch.cat([self.seen(seen), self.changed(changed)], -1)
        first, second = self.get_submodule('0'), self.get_submodule('2')
        tokens: Tensor = second(gelu(first(both))) + self.cells
        return tokens


class Eyes(nn.Module):
    """The tower and the connector."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        assert config.image is not None
        patch = config.patch // 2
        self.tower = Qwen2_5_VisionTransformerPretrainedModel(Qwen2_5_VLVisionConfig(
            depth=config.layers, hidden_size=config.hidden, intermediate_size=config.mlp,
            num_heads=config.heads, patch_size=patch, spatial_merge_size=config.merge,
            temporal_patch_size=config.temporal_patch, window_size=config.image[0] // 2,
            fullatt_block_indexes=list(range(config.layers)), out_hidden_size=TOWER_OUT))
        cells = (config.image[0] // config.cell) ** 2
        self.connector = Connector(config.out, cells, TOWER_OUT, config.norm_eps)

    def forward(self, patches: Tensor, grid: Tensor, seen: Tensor) -> Tensor:
        """
        Return the visual tokens, (frames, tokens of a frame, out).

        :param patches: (frames * patches, values) at half size, for the tower
        :param grid: (frames, 3) time, rows and columns of patches
        :param seen: (frames, tokens of a frame, features) of the trunk
        """
        changed = self.tower(patches, grid_thw=grid).pooler_output
        tokens: Tensor = self.connector(
            seen, changed.reshape(len(grid), -1, changed.shape[-1]))
        return tokens
