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
The built-in model before training: a small Qwen2.5-VL with a tokenizer of its own.

Byte-level BPE, so that any text encodes; digits stand alone, as in Qwen's tokenizer.
"""

from collections.abc import Iterable
from itertools import chain
import json
from pathlib import Path

from tokenizers import decoders
from tokenizers import pre_tokenizers
from tokenizers import Regex
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import Qwen2_5_VLConfig
from transformers import Qwen2_5_VLForConditionalGeneration

from streamo_ros.dialogue import QWEN
from streamo_ros.dialogue import time_tag
from streamo_ros.models import StreamTokenizer
from streamo_ros.worlds.corpus import corpus

VOCAB = 1024
FRAME = (112, 112)
WINDOW_TURNS = 8
SYSTEM_PROMPT = (
    'You watch a camera. Frames come one by one, each after its time. '
    'While nothing that was asked for happens, say </Silence>. '
    'While it is happening, say </Standby>. '
    'When it has happened, say </Response> and what it was.')

# As in Qwen2: words with their space, single digits, runs of punctuation with their line break.
_WORDS = Regex(r"""[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+""")


def write_tokenizer(file: Path) -> None:
    """Write nano's ``tokenizer.json``, its merges learned from the training split's wordings."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(_WORDS, 'isolated'),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(_words(), BpeTrainer(
        vocab_size=VOCAB, special_tokens=list(QWEN.control_tokens), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.save(str(file))


def _words() -> Iterable[str]:
    tags = (time_tag(tick, fps) + '\n' for tick in range(200) for fps in (1.0, 2.0))
    chat = ['system\n', 'user\n', 'assistant\n'] * 100
    return chain(corpus(), tags, chat, [SYSTEM_PROMPT] * 20)


def nano_config(tokenizer: StreamTokenizer) -> Qwen2_5_VLConfig:
    """Return nano's configuration: 4.3 M parameters, 16 visual tokens a frame."""
    return Qwen2_5_VLConfig(
        text_config={
            'vocab_size': VOCAB, 'hidden_size': 256, 'intermediate_size': 640,
            'num_hidden_layers': 4, 'num_attention_heads': 4, 'num_key_value_heads': 2,
            'max_position_embeddings': 32768, 'rms_norm_eps': 1e-6,
            'rope_parameters': {
                'rope_type': 'default', 'rope_theta': 100.0, 'mrope_section': [8, 12, 12]},
            'bos_token_id': None, 'eos_token_id': tokenizer.end_id, 'pad_token_id': None},
        vision_config={
            'depth': 4, 'hidden_size': 128, 'intermediate_size': 256, 'num_heads': 4,
            'patch_size': 14, 'spatial_merge_size': 2, 'temporal_patch_size': 2,
            'window_size': 112, 'fullatt_block_indexes': [0, 1, 2, 3], 'out_hidden_size': 256},
        image_token_id=tokenizer.image_id, tie_word_embeddings=True)


def write_nano(directory: Path) -> None:
    """Write all files of the checkpoint but the weights."""
    directory.mkdir(parents=True, exist_ok=True)
    write_tokenizer(directory / 'tokenizer.json')
    nano_config(StreamTokenizer(directory / 'tokenizer.json', QWEN)).save_pretrained(directory)
    (directory / 'system_prompt.txt').write_text(SYSTEM_PROMPT, encoding='utf-8')
    (directory / 'streamo.json').write_text(json.dumps({
        'window_turns': WINDOW_TURNS, 'frame': {'size': FRAME, 'pair': True}}, indent=2) + '\n',
        encoding='utf-8')


def new_model(config: Qwen2_5_VLConfig) -> Qwen2_5_VLForConditionalGeneration:
    """
    Return the model with fresh weights.

    Half of the patch filters start antisymmetric in time, which responds to change, and half
    symmetric.
    """
    model = Qwen2_5_VLForConditionalGeneration(config)
    filters = model.model.visual.patch_embed.proj.weight.data
    half = len(filters) // 2
    filters[:half, :, 1] = -filters[:half, :, 0]
    filters[half:, :, 1] = filters[half:, :, 0]
    return model
