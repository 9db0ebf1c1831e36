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

"""Hugging Face's own forward over the same weights, with which the engine's cost is compared."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import DynamicCache
from transformers import Qwen2_5_VLTextConfig
from transformers import Qwen2_5_VLTextModel

from streamo_ros.models import Checkpoint


class HuggingFaceDecoder:
    """The language model of a Qwen2.5-VL checkpoint, in float32, with torch's fused attention."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        decoder = checkpoint.decoder
        config = Qwen2_5_VLTextConfig(
            hidden_size=decoder.hidden, intermediate_size=decoder.mlp,
            num_hidden_layers=decoder.layers, num_attention_heads=decoder.heads,
            num_key_value_heads=decoder.kv_heads, vocab_size=decoder.vocab,
            rms_norm_eps=decoder.norm_eps, pad_token_id=None, attn_implementation='sdpa',
            rope_parameters={
                'rope_type': 'default', 'rope_theta': decoder.rope_theta,
                'mrope_section': [decoder.rope_axes.count(axis) for axis in range(3)]})
        self._model = Qwen2_5_VLTextModel(config).eval()
        self._model.load_state_dict({
            name.removeprefix('decoder.'): torch.from_numpy(value.copy())
            for name, value in checkpoint.weights.items() if name.startswith('decoder.')})

    def window(self, tokens: int) -> Callable[[], Any]:
        """Return a call that runs the whole window again, as the paper's inference does."""
        embeds = self._embeds(tokens)
        return lambda: self._forward(embeds, 0, None)

    def turn(self, tokens: int, context: int) -> Callable[[], Any]:
        """Return a call that runs one turn after a DynamicCache of the rest of the window."""
        cache = DynamicCache()
        self._forward(self._embeds(context), 0, cache)
        embeds = self._embeds(tokens)

        def run() -> None:
            self._forward(embeds, context, cache)
            for layer in cache.layers:
                layer.keys = layer.keys[:, :, :context]
                layer.values = layer.values[:, :, :context]
        return run

    def _embeds(self, tokens: int) -> torch.Tensor:
        return torch.randn(1, tokens, self._model.config.hidden_size)

    def _forward(self, embeds: torch.Tensor, start: int, cache: DynamicCache | None) -> None:
        positions = torch.arange(start, start + embeds.shape[1]).expand(3, 1, -1)
        with torch.inference_mode():
            self._model(
                inputs_embeds=embeds, position_ids=positions, past_key_values=cache,
                use_cache=cache is not None)
