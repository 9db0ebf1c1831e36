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
The shape of ``small``: SmolLM2's first layers behind EfficientNet's features and a change tower.

Everything of a checkpoint's directory but its weights is written here, from SmolLM2's GGUF file.
"""

import json
from pathlib import Path
from typing import Any

from streamo_ros.dialogue import SMALL
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.models.gguf import Gguf
from streamo_ros.models.smollm2 import write_smollm2_tokenizer

LAYERS = 8
"""Of SmolLM2's thirty: behind the eighth a stranger's wordings are told apart better than behind
the last (docs/small_runs.md), and training and ticks cost what the layers do."""

ADDED = (SMALL.image_pad, *STATE_TOKENS)
"""Tokens that SmolLM2 does not have, numbered behind its own."""

CHANGED = 256
"""Features of the change tower for each cell."""

INNER = 1024
"""Between the connector's two layers."""

FRAME = 224
WINDOW_TURNS = 8
SYSTEM_PROMPT = (
    'You watch a camera, frame by frame. Say </Silence> while nothing that was asked for happens, '
    '</Standby> while it is happening, and </Response> and what it was once it has happened.')


def kept_layers(gguf: Gguf) -> int:
    """Return how many of the language model's layers are kept."""
    return min(LAYERS, int(gguf.fields['llama.block_count']))


def small_config(gguf: Gguf) -> dict[str, Any]:
    """Return what ``config.json`` says."""
    def llama(name: str) -> Any:
        return gguf.fields[f'llama.{name}']

    return {
        'model_type': 'streamo_small',
        'tie_word_embeddings': True,
        'image_token_id': llama('vocab_size') + ADDED.index(SMALL.image_pad),
        'text_config': {
            'model_type': 'llama',
            'hidden_act': 'silu',
            'hidden_size': llama('embedding_length'),
            'intermediate_size': llama('feed_forward_length'),
            'max_position_embeddings': llama('context_length'),
            'num_attention_heads': llama('attention.head_count'),
            'num_hidden_layers': kept_layers(gguf),
            'num_key_value_heads': llama('attention.head_count_kv'),
            'rms_norm_eps': round(llama('attention.layer_norm_rms_epsilon'), 9),
            'rope_parameters': {'rope_type': 'default', 'rope_theta': llama('rope.freq_base')},
            'vocab_size': llama('vocab_size') + len(ADDED)},
        'vision_config': {
            'trunk': 'efficientnet_lite0',
            'image_size': FRAME,
            'depth': 4,
            'hidden_size': 128,
            'intermediate_size': 256,
            'num_heads': 4,
            'patch_size': 28,
            'spatial_merge_size': 2,
            'temporal_patch_size': 2}}


def write_small(gguf: Gguf, directory: Path) -> None:
    """Write everything of the checkpoint but its weights."""
    directory.mkdir(parents=True, exist_ok=True)
    _write_json(directory / 'config.json', small_config(gguf))
    write_smollm2_tokenizer(gguf, ADDED, directory / 'tokenizer.json')
    (directory / 'system_prompt.txt').write_text(SYSTEM_PROMPT, encoding='utf-8')
    _write_json(
        directory / 'streamo.json', {'window_turns': WINDOW_TURNS, 'frame': {'pair': True}})


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2) + '\n', encoding='utf-8')
