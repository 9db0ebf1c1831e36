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
Checkpoints as they were published decide as Hugging Face's models do over the same directory.

Values and layouts are those of the published files, and two layers are kept of each half; the
vocabulary is that of a byte-level tokenizer. The smallest size of a family has its true widths;
those of the others are divided, heads and all, to fit a small machine beside its other work.
"""

import json

import numpy as np
import pytest
from random_model import PROMPT
from random_model import RandomModel
from random_model import SHAPES

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.models import load_checkpoint
from streamo_ros.models.family import FAMILIES

QUESTION = 'Tell me when the light goes off.'
TURNS = 2


def qwen2_5_vl(hidden, mlp, heads, kv_heads, tied):
    """Return a configuration as it was published with transformers 4.49: flat."""
    return {
        'architectures': ['Qwen2_5_VLForConditionalGeneration'], 'attention_dropout': 0.0,
        'hidden_act': 'silu', 'hidden_size': hidden, 'initializer_range': 0.02,
        'intermediate_size': mlp, 'max_position_embeddings': 128000, 'max_window_layers': 70,
        'model_type': 'qwen2_5_vl', 'num_attention_heads': heads, 'num_hidden_layers': 2,
        'num_key_value_heads': kv_heads, 'rms_norm_eps': 1e-06, 'rope_theta': 1000000.0,
        'sliding_window': 32768, 'tie_word_embeddings': tied, 'torch_dtype': 'bfloat16',
        'transformers_version': '4.41.2', 'use_cache': True, 'use_sliding_window': False,
        'vision_config': {
            'depth': 2, 'hidden_act': 'silu', 'hidden_size': 1280, 'intermediate_size': 3420,
            'num_heads': 16, 'in_chans': 3, 'out_hidden_size': hidden, 'patch_size': 14,
            'spatial_merge_size': 2, 'spatial_patch_size': 14, 'window_size': 112,
            'fullatt_block_indexes': [1], 'tokens_per_second': 2, 'temporal_patch_size': 2},
        'rope_scaling': {'type': 'mrope', 'mrope_section': [16, 24, 24]}}


def qwen3_vl(hidden, mlp, heads, vision, vision_mlp, tied):
    """Return a configuration as it was published with transformers 4.57."""
    return {
        'architectures': ['Qwen3VLForConditionalGeneration'], 'model_type': 'qwen3_vl',
        'text_config': {
            'attention_bias': False, 'attention_dropout': 0.0, 'dtype': 'bfloat16',
            'head_dim': 128, 'hidden_act': 'silu', 'hidden_size': hidden,
            'initializer_range': 0.02, 'intermediate_size': mlp,
            'max_position_embeddings': 262144, 'model_type': 'qwen3_vl_text',
            'num_attention_heads': heads, 'num_hidden_layers': 2, 'num_key_value_heads': 8,
            'rms_norm_eps': 1e-06, 'rope_theta': 5000000, 'tie_word_embeddings': tied,
            'rope_scaling': {'mrope_interleaved': True, 'mrope_section': [24, 20, 20],
                             'rope_type': 'default'}, 'use_cache': True},
        'tie_word_embeddings': tied, 'transformers_version': '4.57.0.dev0',
        'vision_config': {
            'deepstack_visual_indexes': [0, 1], 'depth': 2, 'hidden_act': 'gelu_pytorch_tanh',
            'hidden_size': vision, 'in_channels': 3, 'initializer_range': 0.02,
            'intermediate_size': vision_mlp, 'model_type': 'qwen3_vl', 'num_heads': 16,
            'num_position_embeddings': 2304, 'out_hidden_size': hidden, 'patch_size': 16,
            'spatial_merge_size': 2, 'temporal_patch_size': 2}}


def internvl(hidden, mlp, heads, kv_heads):
    """Return a configuration as it was published with transformers 4.52."""
    return {
        'architectures': ['InternVLForConditionalGeneration'], 'downsample_ratio': 0.5,
        'image_seq_length': 256, 'model_type': 'internvl', 'projector_hidden_act': 'gelu',
        'text_config': {
            'architectures': ['Qwen2ForCausalLM'], 'attention_dropout': 0.0,
            'hidden_act': 'silu', 'hidden_size': hidden, 'initializer_range': 0.02,
            'intermediate_size': mlp, 'max_position_embeddings': 32768, 'max_window_layers': 70,
            'model_type': 'qwen2', 'num_attention_heads': heads, 'num_hidden_layers': 2,
            'num_key_value_heads': kv_heads, 'rms_norm_eps': 1e-06,
            'rope_scaling': {'factor': 2.0, 'rope_type': 'dynamic', 'type': 'dynamic'},
            'rope_theta': 1000000.0, 'sliding_window': None, 'torch_dtype': 'bfloat16',
            'use_cache': True, 'use_sliding_window': False},
        'torch_dtype': 'bfloat16', 'transformers_version': '4.52.0.dev0',
        'vision_config': {
            'architectures': ['InternVisionModel'], 'attention_bias': True,
            'attention_dropout': 0.0, 'hidden_act': 'gelu', 'hidden_dropout_prob': 0.0,
            'hidden_size': 1024, 'image_size': [448, 448], 'initializer_factor': 0.1,
            'initializer_range': 1e-10, 'intermediate_size': 4096, 'layer_norm_eps': 1e-06,
            'layer_scale_init_value': 0.1, 'model_type': 'internvl_vision',
            'norm_type': 'layer_norm', 'num_attention_heads': 16, 'num_channels': 3,
            'num_hidden_layers': 2, 'patch_size': [14, 14], 'projection_dropout': 0.0,
            'use_absolute_position_embeddings': True, 'use_mask_token': False,
            'use_mean_pooling': True, 'use_qk_norm': False},
        'vision_feature_layer': -1, 'vision_feature_select_strategy': 'default'}


def smolvlm(text, vision, scale):
    """Return a configuration as it was published with transformers 4.47."""
    return {
        'architectures': ['SmolVLMForConditionalGeneration'], 'model_type': 'smolvlm',
        'scale_factor': scale, 'text_config': {
            'architectures': ['VLlama3ForCausalLM'], '_flash_attn_2_enabled': True,
            'head_dim': 64, 'is_llama_config': True, 'max_position_embeddings': 8192,
            'model_type': 'llama', 'neftune_noise_alpha': 0.0, 'num_hidden_layers': 2,
            'pixel_shuffle_factor': scale, 'qk_layer_norms': False, 'rms_norm_eps': 1e-05,
            'torch_dtype': 'bfloat16', 'use_resampler': False, **text},
        'tie_word_embeddings': False, 'torch_dtype': 'float32', 'transformers_version': '4.47.1',
        'use_cache': False, 'use_reentrant_checkpointing': False,
        'vision_config': {
            'model_type': 'smolvlm_vision', 'num_hidden_layers': 2, 'tie_word_embeddings': False,
            'use_base_siglip': False, **vision}}


def narrower(config, text_by=4, vision_by=4):
    """Return a configuration with widths and heads divided; the sizes of heads stay."""
    for part, by in ((config.get('text_config', config), text_by),
                     (config['vision_config'], vision_by)):
        for name in ('hidden_size', 'intermediate_size', 'num_attention_heads', 'num_heads',
                     'num_key_value_heads'):
            if name in part:
                part[name] = max(1, part[name] // by)
    if 'out_hidden_size' in config['vision_config']:
        config['vision_config']['out_hidden_size'] = config.get(
            'text_config', config)['hidden_size']
    return config


SMALL_EYES = {'hidden_size': 768, 'image_size': 512, 'max_image_size': {'longest_edge': 512},
              'num_attention_heads': 12, 'patch_size': 16, 'size': {'longest_edge': 2048}}
SIZES = {
    'Qwen2.5-VL-3B': qwen2_5_vl(2048, 11008, 16, 2, True),
    'Qwen2.5-VL-7B, narrower': narrower(qwen2_5_vl(3584, 18944, 28, 4, False)),
    'Qwen3-VL-2B': qwen3_vl(2048, 6144, 16, 1024, 4096, True),
    'Qwen3-VL-4B, narrower': narrower(qwen3_vl(2560, 9728, 32, 1024, 4096, True)),
    'Qwen3-VL-8B, narrower': narrower(qwen3_vl(4096, 12288, 32, 1152, 4304, False)),
    'InternVL3-1B': internvl(896, 4864, 14, 2),
    'InternVL3-2B, narrower': narrower(internvl(1536, 8960, 12, 2)),
    'InternVL3-8B, narrower': narrower(internvl(3584, 18944, 28, 4)),
    'SmolVLM2-256M': smolvlm(
        {'hidden_size': 576, 'intermediate_size': 1536, 'num_attention_heads': 9,
         'num_key_value_heads': 3, 'rope_theta': 100000}, SMALL_EYES, 4),
    'SmolVLM2-500M, narrower': narrower(smolvlm(
        {'hidden_size': 960, 'intermediate_size': 2560, 'num_attention_heads': 15,
         'num_key_value_heads': 5, 'rope_theta': 100000}, dict(SMALL_EYES), 4), 5),
    'SmolVLM2-2.2B, narrower': narrower(smolvlm(
        {'hidden_size': 2048, 'intermediate_size': 8192, 'rope_theta': 130000},
        {'hidden_size': 1152, 'image_size': 384, 'intermediate_size': 4304,
         'max_image_size': {'longest_edge': 384}, 'num_attention_heads': 16, 'patch_size': 14,
         'size': {'longest_edge': 1920}}, 3)),
}


class Published(RandomModel):
    """A directory of published values, and Hugging Face's model of the same directory."""

    @property
    def frame(self):
        """Return (height, width) in pixels."""
        return self.checkpoint.vision.image or SHAPES[self.family][0]

    @property
    def grid(self):
        cell = self.checkpoint.vision.cell
        return self.frame[0] // cell, self.frame[1] // cell

    def frames(self, count):
        return np.random.default_rng(1).integers(0, 256, (count, *self.frame, 3), np.uint8)


@pytest.fixture(params=SIZES)
def published(request, tmp_path):
    torch = pytest.importorskip('torch', reason='the reference forward needs torch')
    transformers = pytest.importorskip('transformers')
    torch.set_num_threads(1)
    family = SIZES[request.param]['model_type']
    tokens = list(FAMILIES[family].chat.control_tokens)
    config = json.loads(json.dumps(SIZES[request.param]))
    config.get('text_config', config)['vocab_size'] = 256 + len(tokens)
    config['image_token_id'] = tokens.index(FAMILIES[family].chat.image_pad)
    write_tokenizer(tokens, tmp_path)
    (tmp_path / 'system_prompt.txt').write_text(PROMPT, encoding='utf-8')
    (tmp_path / 'streamo.json').write_text(json.dumps({
        'frame': {'size': SHAPES[family][0]}}), encoding='utf-8')
    text = json.dumps(config)
    (tmp_path / 'config.json').write_text(text, encoding='utf-8')
    read = transformers.AutoConfig.from_pretrained(tmp_path)
    torch.manual_seed(0)
    model = transformers.AutoModelForImageTextToText.from_config(read)
    for _name, weight in model.named_parameters():
        if weight.ndim == 1:  # otherwise all ones or zeros
            weight.data += 0.2 * torch.randn_like(weight)
    model.save_pretrained(tmp_path, max_shard_size='200MB')
    del model
    (tmp_path / 'config.json').write_text(text, encoding='utf-8')  # as it was published
    model, report = transformers.AutoModelForImageTextToText.from_pretrained(
        tmp_path, dtype=torch.float32, output_loading_info=True)
    assert not report['missing_keys'] and not report['unexpected_keys']
    return Published(family, tmp_path, model.eval())


def write_tokenizer(tokens, directory):
    from tokenizers import decoders
    from tokenizers import pre_tokenizers
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator([], BpeTrainer(
        special_tokens=tokens, show_progress=False, vocab_size=256 + len(tokens),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.save(str(directory / 'tokenizer.json'))


class Logging(OnnxRuntimeBackend):
    """Keeps the logits of the states, and never responds."""

    def step(self, first, inputs):
        outputs = super().step(first, inputs)
        if not inputs.into_sink:
            self.logits = [*getattr(self, 'logits', []), outputs.states[0].copy()]
            outputs.states[:, State.RESPONSE] = -1e9
        return outputs


def test_it_decides_as_hugging_faces_model_of_the_same_files(published):
    checkpoint = load_checkpoint(published.directory)
    backend, tokenizer = Logging(checkpoint), checkpoint.tokenizer
    engine = StreamEngine(checkpoint, backend, window_turns=4)
    engine.watch(QUESTION)
    frames = published.frames(TURNS)
    ids = tokenizer.encode(
        system_segments(checkpoint.system_prompt, tokenizer.chat)
        + instruction_segments(QUESTION))
    due = []
    for tick, frame in enumerate(frames):
        decision, = engine.step(frame, float(tick))
        ids += tokenizer.encode(
            open_turn(time_tag(tick, 1.0), tokenizer.chat), published.grid[0] * published.grid[1])
        due.append(len(ids) - 1)
        ids += tokenizer.encode(close_turn(decision.state, tokenizer.chat))
    expected = published.logits(ids, due, frames)
    assert np.abs(expected).max() > 0.1, 'the logits are all the same: nothing was compared'
    np.testing.assert_allclose(np.stack(backend.logits), expected, rtol=0, atol=1e-4)
