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
``small`` as a model of transformers: what trains it, and what its graphs are held against.

A frozen trunk (EfficientNet-Lite0) sees the frame at full size, a tower of Qwen2.5-VL's kind sees
the pair of frames at half the size; a connector makes a token of what both have for a cell; a
Llama reads the tokens. Importing this module makes the family known to transformers.
"""

from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch import Tensor
from torch.nn.functional import gelu
from torch.nn.functional import pad
from torch.nn.functional import relu6
from transformers import AutoConfig
from transformers import AutoModelForImageTextToText
from transformers import GenerationMixin
from transformers import LlamaConfig
from transformers import LlamaModel
from transformers import PretrainedConfig
from transformers import PreTrainedModel
from transformers import Qwen2_5_VLVisionConfig
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl

from streamo_ros.models.efficientnet import BLOCKS
from streamo_ros.models.efficientnet import cell_means
from streamo_ros.models.efficientnet import COARSE
from streamo_ros.models.efficientnet import FINE
from streamo_ros.models.efficientnet import FINE_BLOCK
from streamo_ros.models.efficientnet import STEM
from streamo_ros.models.small_config import CHANGED
from streamo_ros.models.small_config import INNER


class SmallVisionConfig(PretrainedConfig):
    """What the eyes are; the trunk's shape is EfficientNet-Lite0's."""

    model_type = 'streamo_small_vision'
    base_config_key = 'vision_config'

    def __init__(
        self, image_size: int = 224, depth: int = 4, hidden_size: int = 128,
        intermediate_size: int = 256, num_heads: int = 4, patch_size: int = 28,
        spatial_merge_size: int = 2, temporal_patch_size: int = 2,
        trunk: str = 'efficientnet_lite0', **more: Any,
    ) -> None:
        super().__init__(**more)
        self.image_size = image_size
        self.depth = depth
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_heads = num_heads
        self.patch_size = patch_size
        self.spatial_merge_size = spatial_merge_size
        self.temporal_patch_size = temporal_patch_size
        self.trunk = trunk

    @property
    def cells(self) -> int:
        """Return how many cells a side of a frame has."""
        return int(self.image_size // (self.patch_size * self.spatial_merge_size))


class SmallConfig(PretrainedConfig):
    """Eyes and decoder."""

    model_type = 'streamo_small'
    sub_configs = {'text_config': LlamaConfig, 'vision_config': SmallVisionConfig}

    def __init__(
        self, text_config: Any = None, vision_config: Any = None, image_token_id: int = 0,
        tie_word_embeddings: bool = True, **more: Any,
    ) -> None:
        self.text_config = (
            text_config if isinstance(text_config, LlamaConfig)
            else LlamaConfig(**(text_config or {})))
        self.vision_config = (
            vision_config if isinstance(vision_config, SmallVisionConfig)
            else SmallVisionConfig(**(vision_config or {})))
        self.image_token_id = image_token_id
        self.tie_word_embeddings = tie_word_embeddings
        super().__init__(**more)


class SameConv(nn.Conv2d):
    """A convolution that is padded as TensorFlow pads: what is over goes right and below."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of (N, channels, side, side)."""
        over = self.kernel_size[0] - self.stride[0]
        before, after = over // 2, over - over // 2
        padded: Tensor = super().forward(pad(x, (before, after, before, after)))
        return padded


class Bottleneck(nn.Module):
    """Widen, look around channel by channel, and narrow again."""

    def __init__(self, ins: int, outs: int, widening: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = ins * widening
        self.expand = SameConv(ins, wide, 1) if widening > 1 else None
        self.depthwise = SameConv(wide, wide, kernel, stride, groups=wide)
        self.project = SameConv(wide, outs, 1)
        self._skips = ins == outs and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        inner = x if self.expand is None else relu6(self.expand(x))
        inner = self.project(relu6(self.depthwise(inner)))
        return x + inner if self._skips else inner


class Trunk(nn.Module):
    """EfficientNet-Lite0, its batch norms folded in, without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM, 3, 2)
        ins = [STEM, *(block.outs for block in BLOCKS[:-1])]
        self.blocks = nn.ModuleList(
            Bottleneck(before, block.outs, block.widening, block.kernel, block.stride)
            for before, block in zip(ins, BLOCKS, strict=True))
        self.head = SameConv(BLOCKS[-1].outs, COARSE, 1)

    def forward(self, pictures: Tensor, cells: int) -> Tensor:
        """Return the means over cells of both scales, (N, cells ** 2, FINE + COARSE)."""
        x, fine = relu6(self.stem(pictures)), pictures
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index == FINE_BLOCK:
                fine = x
        return torch.cat([
            torch.from_numpy(cell_means(scale.shape[-1], cells)).to(scale)
            @ scale.flatten(2).transpose(1, 2) for scale in (fine, relu6(self.head(x)))], -1)


class Connector(nn.Module):
    """A cell's features to its visual token."""

    def __init__(self, out: int, cells: int) -> None:
        super().__init__()
        self.seen = nn.LayerNorm(FINE + COARSE, eps=1e-6)
        self.changed = nn.LayerNorm(CHANGED, eps=1e-6)
        self.first = nn.Linear(FINE + COARSE + CHANGED, INNER)
        self.second = nn.Linear(INNER, out)
        self.cells = nn.Parameter(torch.randn(cells ** 2, out) * 0.02)

    def forward(self, seen: Tensor, changed: Tensor) -> Tensor:
        """
        Return (frames, cells, out).

        :param seen: (frames, cells, FINE + COARSE)
        :param changed: (frames, cells, CHANGED)
        """
        both = torch.cat([self.seen(seen), self.changed(changed)], -1)
        tokens: Tensor = self.second(gelu(self.first(both))) + self.cells
        return tokens


class Eyes(nn.Module):
    """The tower for what changed, and the connector: what learns of the eyes."""

    def __init__(self, config: SmallVisionConfig, out: int) -> None:
        super().__init__()
        self.tower = modeling_qwen2_5_vl.Qwen2_5_VisionTransformerPretrainedModel(
            Qwen2_5_VLVisionConfig(
                depth=config.depth, hidden_size=config.hidden_size,
                intermediate_size=config.intermediate_size, num_heads=config.num_heads,
                patch_size=config.patch_size // 2,
                spatial_merge_size=config.spatial_merge_size,
                temporal_patch_size=config.temporal_patch_size,
                window_size=config.image_size // 2,
                fullatt_block_indexes=list(range(config.depth)), out_hidden_size=CHANGED))
        self.connector = Connector(out, config.cells)

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


class SmallVision(Eyes):
    """Trunk, tower and connector: patches, as Qwen2.5-VL's tower takes them, to tokens."""

    def __init__(self, config: SmallVisionConfig, out: int) -> None:
        super().__init__(config, out)
        self.trunk = Trunk()
        self._config = config

    def forward(self, pixel_values: Tensor, grid_thw: Tensor) -> Any:  # type: ignore[override]
        """
        Return the visual tokens, (frames * tokens of a frame, out), as ``pooler_output``.

        :param pixel_values: (frames * patches, values), normalised, channels before times
        :param grid_thw: (frames, 3) time, rows and columns of patches
        """
        config = self._config
        patch, merge, cells = config.patch_size, config.spatial_merge_size, config.cells
        x = pixel_values.reshape(-1, 3, config.temporal_patch_size, patch, patch)
        halved = x.unflatten(4, (-1, 2)).unflatten(3, (-1, 2)).mean((4, 6))
        pictures = x[:, :, -1].reshape(
            len(grid_thw), cells, cells, merge, merge, 3, patch, patch,
        ).permute(0, 5, 1, 3, 6, 2, 4, 7).reshape(
            len(grid_thw), 3, config.image_size, config.image_size)
        seen = self.trunk(pictures, cells)
        tokens = super().forward(halved.flatten(1), grid_thw, seen)
        return SimpleNamespace(pooler_output=tokens.flatten(0, 1))


class SmallModel(PreTrainedModel):
    """Eyes and the decoder without its head."""

    config_class = SmallConfig
    _supports_sdpa = True
    _supports_attention_backend = True
    _no_split_modules = ['LlamaDecoderLayer']

    def __init__(self, config: SmallConfig) -> None:
        super().__init__(config)
        self.visual = SmallVision(config.vision_config, config.text_config.hidden_size)
        self.language_model = LlamaModel(config.text_config)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings."""
        return self.language_model.embed_tokens

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings."""
        self.language_model.embed_tokens = value

    def forward(
        self, input_ids: Tensor | None = None, pixel_values: Tensor | None = None,
        image_grid_thw: Tensor | None = None, inputs_embeds: Tensor | None = None, **more: Any,
    ) -> Any:
        """Return what the decoder makes of tokens and frames."""
        if inputs_embeds is None:
            inputs_embeds = self.get_input_embeddings()(input_ids)
        if pixel_values is not None:
            assert input_ids is not None and image_grid_thw is not None
            tokens = self.visual(pixel_values, image_grid_thw).pooler_output
            at = (input_ids == self.config.image_token_id)[..., None].expand_as(inputs_embeds)
            inputs_embeds = inputs_embeds.masked_scatter(at, tokens.to(inputs_embeds.dtype))
        return self.language_model(inputs_embeds=inputs_embeds, **more)


class SmallForConditionalGeneration(PreTrainedModel, GenerationMixin):
    """The whole model."""

    config_class = SmallConfig
    _supports_sdpa = True
    _supports_attention_backend = True
    _no_split_modules = ['LlamaDecoderLayer']
    _tied_weights_keys = {'lm_head.weight': 'model.language_model.embed_tokens.weight'}

    def __init__(self, config: SmallConfig) -> None:
        super().__init__(config)
        self.model = SmallModel(config)
        text = config.text_config
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings."""
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings."""
        self.model.set_input_embeddings(value)

    def forward(
        self, labels: Tensor | None = None, logits_to_keep: int | Tensor = 0, **inputs: Any
    ) -> Any:
        """
        Return logits and, given labels, the mean loss.

        :param logits_to_keep: how many of the last tokens have logits, 0 for all; or which
        """
        states = self.model(**inputs)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(states.last_hidden_state[:, kept])
        loss = None if labels is None else self.loss_function(
            logits=logits, labels=labels, vocab_size=self.config.text_config.vocab_size)
        return CausalLMOutputWithPast(
            loss=loss, logits=logits, past_key_values=states.past_key_values)


AutoConfig.register(SmallConfig.model_type, SmallConfig, exist_ok=True)
AutoModelForImageTextToText.register(
    SmallConfig, SmallForConditionalGeneration, exist_ok=True)
