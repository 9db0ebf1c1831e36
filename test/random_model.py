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

"""Small random models of every family, as checkpoint directories and as Hugging Face's own."""

from contextlib import contextmanager
import copy
from dataclasses import dataclass
from dataclasses import replace
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamo_ros.dialogue import zero_shot_chat
from streamo_ros.engine.rope import Rope
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint
from streamo_ros.models.family import FAMILIES
from streamo_ros.models.positions import stream_positions

PROMPT = '\nSay </Silence>, </Standby> or </Response>.'
TEXT = {
    'hidden_size': 64, 'intermediate_size': 96, 'num_hidden_layers': 4, 'num_attention_heads': 4,
    'num_key_value_heads': 2, 'rms_norm_eps': 1e-5, 'pad_token_id': None}
ROPE = {'rope_type': 'default', 'rope_theta': 100.0}
QWEN_VISION = {
    'depth': 4, 'hidden_size': 64, 'intermediate_size': 80, 'num_heads': 2,
    'spatial_merge_size': 2, 'temporal_patch_size': 2, 'out_hidden_size': 64}
VISION = {
    'hidden_size': 48, 'intermediate_size': 80, 'num_hidden_layers': 3, 'num_attention_heads': 2}
# Each family's own structure at small widths, and the frame: (height, width) in pixels.
SHAPES: dict[str, Any] = {
    'qwen2_5_vl': ((112, 140), {
        'text_config': {**TEXT, 'rope_parameters': {**ROPE, 'mrope_section': [2, 3, 3]}},
        'vision_config': {
            **QWEN_VISION, 'patch_size': 14, 'window_size': 112, 'fullatt_block_indexes': [1, 3]},
        'tie_word_embeddings': True}),
    'qwen3_vl': ((96, 128), {
        'text_config': {
            **TEXT, 'head_dim': 32,
            'rope_parameters': {**ROPE, 'mrope_section': [6, 5, 5], 'mrope_interleaved': True}},
        'vision_config': {
            **QWEN_VISION, 'patch_size': 16, 'num_position_embeddings': 49,
            'deepstack_visual_indexes': [0, 1, 2]},
        'tie_word_embeddings': False}),
    'internvl': ((112, 112), {
        'text_config': {**TEXT, 'model_type': 'qwen2', 'rope_parameters': ROPE},
        'vision_config': {
            **VISION, 'patch_size': [14, 14], 'image_size': [112, 112], 'attention_bias': True},
        'image_seq_length': 16, 'tie_word_embeddings': False}),
    'smolvlm': ((128, 128), {
        'text_config': {**TEXT, 'model_type': 'llama', 'rope_parameters': ROPE},
        'vision_config': {**VISION, 'patch_size': 16, 'image_size': 128},
        'scale_factor': 4, 'tie_word_embeddings': True}),
    'streamo_small': ((96, 96), {
        'text_config': {**TEXT, 'rope_parameters': ROPE},
        'vision_config': {
            'image_size': 96, 'depth': 2, 'hidden_size': 64, 'intermediate_size': 80,
            'num_heads': 2, 'patch_size': 16},
        'tie_word_embeddings': True}),
}


def new_model(family: str, **vision: Any):
    """Return Hugging Face's model with fresh weights large enough for mistakes to show."""
    torch = pytest.importorskip('torch', reason='the reference forward needs torch')
    transformers = pytest.importorskip('transformers')
    if family == 'streamo_small':
        from streamo_ros.models import small_torch as transformers
    kind = {'qwen2_5_vl': 'Qwen2_5_VL', 'qwen3_vl': 'Qwen3VL', 'internvl': 'InternVL',
            'smolvlm': 'SmolVLM', 'streamo_small': 'Small'}[family]
    shape = SHAPES[family][1]
    tokens = FAMILIES[family].chat.control_tokens
    config = getattr(transformers, f'{kind}Config')(**{
        **shape,
        'text_config': {**shape['text_config'], 'vocab_size': 256 + len(tokens)},
        'vision_config': {**shape['vision_config'], **vision},
        'image_token_id': tokens.index(FAMILIES[family].chat.image_pad)})
    model = getattr(transformers, f'{kind}ForConditionalGeneration')(config).eval()
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            weight.data += 0.2 * torch.randn_like(weight)
        elif 'embed_tokens' in name or 'pos' in name or 'cls' in name:
            weight.data.normal_(0, 0.5)
        else:
            weight.data.normal_(0, 1.2 / math.sqrt(weight[0].numel()))
    return model


def write_checkpoint(
    family: str, model: Any, directory: Path, *, plain: bool = False,
) -> None:
    """
    Write a checkpoint as transformers saves it, with a byte-level tokenizer.

    :param plain: as an instruct model is published, without Streamo's tokens and prompt
    """
    from tokenizers import decoders
    from tokenizers import pre_tokenizers
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer
    model.save_pretrained(directory)
    chat = FAMILIES[family].chat
    tokens = list((zero_shot_chat(chat) if plain else chat).control_tokens)
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # In the states' stead, as real tokenizers have it, each word's first letter with its space.
    tokenizer.train_from_iterator([' N W Y'] if plain else [], BpeTrainer(
        special_tokens=tokens, show_progress=False, vocab_size=256 + len(chat.control_tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.save(str(directory / 'tokenizer.json'))
    if not plain:
        (directory / 'system_prompt.txt').write_text(PROMPT, encoding='utf-8')
    (directory / 'streamo.json').write_text(json.dumps({
        'frame': {
            'size': SHAPES[family][0], 'pair': family in ('qwen2_5_vl', 'streamo_small')}}),
        encoding='utf-8')


def write_random(family: str, directory: Path) -> None:
    """Write a random checkpoint whose own forward, vision and all, runs in any transformers 5."""
    # Early ones place SmolVLM's visual tokens in blocks of `patch_size`: a frame has to be some.
    vision = {'patch_size': 8} if family == 'smolvlm' else {}
    directory.mkdir(exist_ok=True)
    write_checkpoint(family, new_model(family, **vision), directory)


def text_model(model: Any):
    """Return the language model, which families call differently."""
    return getattr(model.model, 'language_model', None) or model.model.text_model


@contextmanager
def in_double():
    """
    Make Hugging Face's modules compute in float64 all through.

    Their norms, rotary embeddings and softmaxes ask for float32 by name, whatever they are given.
    """
    import torch
    single, short, method = torch.float32, torch.float, torch.Tensor.float
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.float, torch.Tensor.float = single, short, method


@dataclass(frozen=True)
class RandomModel:
    """A checkpoint directory and the same model in torch, whose forward is the reference."""

    family: str
    directory: Path
    model: Any
    zero_shot: bool = False

    @property
    def checkpoint(self) -> Checkpoint:
        """Return the directory as the package reads it."""
        return load_checkpoint(self.directory, zero_shot=self.zero_shot)

    def double(self) -> 'RandomModel':
        """Return the same with its model in float64."""
        import torch
        model = copy.deepcopy(self.model).double()
        # numpy and torch raise to float32 powers that differ in the last bit.
        rope = Rope(self.checkpoint.decoder, np.dtype(np.float64))
        text_model(model).rotary_emb.inv_freq = torch.from_numpy(rope.frequencies)
        return replace(self, model=model)

    @property
    def grid(self) -> tuple[int, int]:
        """Return (rows, columns) of visual tokens in a frame."""
        cell = self.checkpoint.vision.cell
        return SHAPES[self.family][0][0] // cell, SHAPES[self.family][0][1] // cell

    def frames(self, count: int):
        """Return (count, H, W, 3) of noise at the model's own size."""
        return np.random.default_rng(1).integers(
            0, 256, (count, *SHAPES[self.family][0], 3), np.uint8)

    def encode_image(self, frames) -> list[Any]:
        """Return the visual tokens of all frames, and what DeepStack adds, by the model itself."""
        import torch
        checkpoint = self.checkpoint
        if checkpoint.vision.temporal_patch > 1:
            patches = torch.from_numpy(np.concatenate([
                checkpoint.frame.normalise(
                    checkpoint.frame.cut(before, frame, checkpoint.vision), checkpoint.vision)
                for before, frame in zip([frames[0], *frames[:-1]], frames, strict=True)])
            ).to(self.model.dtype)
            merge = checkpoint.vision.merge
            seen = self.model.model.visual(patches, grid_thw=torch.tensor(
                [[1, self.grid[0] * merge, self.grid[1] * merge]] * len(frames)))
            return [seen.pooler_output, *getattr(seen, 'deepstack_features', [])]
        # In float32 as the package does it, so that models in float64 are given the same.
        mean, std = (np.asarray(value, np.float32) * 255 for value in (
            checkpoint.frame.mean, checkpoint.frame.std))
        pixels = torch.from_numpy(
            ((frames.astype(np.float32) - mean) / std).transpose(0, 3, 1, 2)).to(self.model.dtype)
        if self.family == 'smolvlm':
            return [self.model.model.get_image_features(pixels[None]).pooler_output[0]]
        return [self.model.model.get_image_features(
            pixels, vision_feature_layer=-1, vision_feature_select_strategy='default',
        ).pooler_output.flatten(0, 1)]

    def logits(self, ids, at, frames, mask=None, positions=None):
        """
        Return (len(at), 3), the states' logits behind the tokens at some places of a stream.

        One forward over all of it, positions explicit; ``mask`` (S, S) hides tokens, and
        ``positions`` (3, S) are those of a stream without gaps unless given.
        """
        import torch
        checkpoint = self.checkpoint
        tokens = torch.from_numpy(np.asarray(ids))
        is_image = tokens == checkpoint.tokenizer.image_id
        mrope = self.family in ('qwen2_5_vl', 'qwen3_vl')
        if positions is None:
            positions = stream_positions(is_image.numpy(), self.grid if mrope else None, 0)[0]
        positions = torch.from_numpy(positions if mrope else positions[:1])
        with torch.no_grad():
            seen, *deepstack = self.encode_image(frames)
            embeds = self.model.get_input_embeddings()(tokens)
            embeds[is_image] = seen
            more = {'visual_pos_masks': is_image[None], 'deepstack_visual_embeds': deepstack}
            hidden = text_model(self.model)(
                inputs_embeds=embeds[None],
                attention_mask=None if mask is None else torch.from_numpy(mask)[None, None],
                position_ids=positions[:, None] if mrope else positions,
                **(more if deepstack else {})).last_hidden_state[0]
            states = list(checkpoint.tokenizer.state_ids)
            return self.model.lm_head(hidden[at])[:, states].numpy()
