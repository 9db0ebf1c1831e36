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
The shape of a model, read from a Hugging Face ``config.json``.

Both layouts are read: the nested one of transformers 5 (``text_config``) and the flat one that
Qwen2.5-VL checkpoints were published in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says why and what would help."""


@dataclass(frozen=True)
class DecoderConfig:
    """The language model: a Qwen2 decoder with M-RoPE (Qwen2.5-VL)."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    vocab: int
    norm_eps: float
    rope_theta: float
    mrope_section: tuple[int, ...]
    tied: bool


@dataclass(frozen=True)
class VisionConfig:
    """The vision tower: Qwen2.5-VL's, with windowed attention in all but some blocks."""

    layers: int
    hidden: int
    heads: int
    mlp: int
    patch: int
    merge: int
    temporal_patch: int
    channels: int
    window: int
    full_attention: tuple[int, ...]
    out: int

    @property
    def cell(self) -> int:
        """Return the side in pixels of the square that becomes one visual token."""
        return self.patch * self.merge


def read_json(file: Path) -> dict[str, Any]:
    """
    Return a JSON file's object.

    :raises CheckpointError: when it is missing or no JSON object
    """
    try:
        value = json.loads(file.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise CheckpointError(f'{file} is missing from the checkpoint') from error
    except ValueError as error:
        raise CheckpointError(f'{file} is not valid JSON ({error})') from error
    if not isinstance(value, dict):
        raise CheckpointError(f'{file} should hold a JSON object')
    return value


def read_config(directory: Path) -> tuple[DecoderConfig, VisionConfig]:
    """
    Return both halves of a model's shape.

    :raises CheckpointError: for an unreadable file or a model family this version cannot run
    """
    file = directory / 'config.json'
    config = read_json(file)
    family = config.get('model_type')
    if family != 'qwen2_5_vl':
        raise CheckpointError(
            f'{file} says model_type {family!r}: only qwen2_5_vl checkpoints can be run so far')
    try:
        return (
            _decoder(config.get('text_config', config), config),
            _vision(config['vision_config']))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f'{file} lacks or misspells a field ({error})') from error


def _decoder(text: Mapping[str, Any], top: Mapping[str, Any]) -> DecoderConfig:
    rope = text.get('rope_parameters') or text.get('rope_scaling') or {}
    hidden, heads = int(text['hidden_size']), int(text['num_attention_heads'])
    return DecoderConfig(
        layers=int(text['num_hidden_layers']),
        hidden=hidden,
        heads=heads,
        kv_heads=int(text['num_key_value_heads']),
        head_dim=int(text.get('head_dim') or hidden // heads),
        mlp=int(text['intermediate_size']),
        vocab=int(text['vocab_size']),
        norm_eps=float(text['rms_norm_eps']),
        rope_theta=float(rope.get('rope_theta') or text['rope_theta']),
        mrope_section=tuple(int(part) for part in rope['mrope_section']),
        tied=bool(top.get('tie_word_embeddings', text.get('tie_word_embeddings', False))))


def _vision(vision: Mapping[str, Any]) -> VisionConfig:
    return VisionConfig(
        layers=int(vision['depth']),
        hidden=int(vision['hidden_size']),
        heads=int(vision['num_heads']),
        mlp=int(vision['intermediate_size']),
        patch=int(vision['patch_size']),
        merge=int(vision['spatial_merge_size']),
        temporal_patch=int(vision['temporal_patch_size']),
        channels=int(vision.get('in_channels', vision.get('in_chans', 3))),
        window=int(vision['window_size']),
        full_attention=tuple(int(block) for block in vision['fullatt_block_indexes']),
        out=int(vision['out_hidden_size']))
