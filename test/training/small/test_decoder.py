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

"""The decoder that is trained computes what the assembled checkpoint's classes compute."""

import numpy as np
import pytest
from tiny_small import HEADS
from tiny_small import HIDDEN
from tiny_small import KV_HEADS
from tiny_small import LAYERS
from tiny_small import MLP
from tiny_small import tiny_gguf

from streamo_ros.models import DecoderConfig
from streamo_ros.models.assembly import merged
from streamo_ros.models.gguf import read_gguf
from streamo_ros.models.smollm2 import smollm2_tensors
from streamo_ros.training.sequence import SINK
from streamo_ros.training.sequence import window_mask

torch = pytest.importorskip('torch', reason='the decoder is torch')
transformers = pytest.importorskip('transformers')

from streamo_ros.training.small import decoder as module  # noqa: E402

LANGUAGE = smollm2_tensors(read_gguf(tiny_gguf(), 'tiny'), LAYERS)
KNOWN, ADDED = len(LANGUAGE['embed_tokens.weight']), 4
CONFIG = DecoderConfig(
    layers=LAYERS, hidden=HIDDEN, heads=HEADS, kv_heads=KV_HEADS, head_dim=HIDDEN // HEADS,
    mlp=MLP, vocab=KNOWN + ADDED, norm_eps=1e-5, rope_theta=10000.0,
    rope_axes=(0,) * (HIDDEN // HEADS // 2), qkv_bias=False, qk_norm=False, deepstack=0)


@pytest.fixture
def decoder(monkeypatch):
    """Return one in single precision whose every learned part has moved."""
    monkeypatch.setattr(module, 'WORKING', torch.float32)
    monkeypatch.setattr(module, 'BLOCK', 16)
    torch.manual_seed(0)
    made = module.Decoder(
        CONFIG, {name: torch.from_numpy(value) for name, value in LANGUAGE.items()}, ADDED, 3)
    for weight in made.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    return made


def reference(decoder):
    """Return Hugging Face's Llama with the same weights, merged as the assembly merges."""
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=KNOWN + ADDED, hidden_size=HIDDEN, intermediate_size=MLP,
        num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS,
        rms_norm_eps=1e-5, rope_parameters={'rope_type': 'default', 'rope_theta': 10000.0},
        tie_word_embeddings=True, attn_implementation='eager')).eval()
    weights = merged(LANGUAGE, {
        f'decoder.{name}': value.detach().numpy()
        for name, value in decoder.named_parameters()})
    model.model.load_state_dict({
        name: torch.from_numpy(value) for name, value in weights.items()})
    model.tie_weights()
    return model


@pytest.mark.parametrize('window', [1, 3, 8])
def test_it_is_the_merged_model_under_the_window(decoder, window):
    sinks, length = (5, 9), 67
    turns = np.stack([np.concatenate([
        np.full(sink, SINK), np.arange(length - sink) // 11]) for sink in sinks])
    mask = torch.from_numpy(np.stack([window_mask(row, window) for row in turns]))[:, None]
    ids = torch.randint(0, KNOWN + ADDED, (2, length))
    ids[:, 20] = KNOWN + 1
    positions = torch.arange(length).expand(2, -1)
    with torch.no_grad():
        states = decoder(decoder.embed(ids), positions, mask, max(sinks))
        expected = reference(decoder).model(
            input_ids=ids, position_ids=positions,
            attention_mask=torch.where(mask, 0.0, -1e30)).last_hidden_state
        logits = reference(decoder).lm_head(expected[0, -3:])
    torch.testing.assert_close(states, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        decoder.logits(states[0, -3:]), logits, rtol=1e-4, atol=1e-3)


def test_a_block_looks_at_the_sink_and_what_the_window_leaves():
    turns = np.concatenate([np.full(4, SINK), np.arange(80) // 8])
    blocks = module.attention_blocks(torch.from_numpy(window_mask(turns, 2))[None, None], 4)
    assert [block.queries for block in blocks] == [slice(0, 84)]  # one block holds it all
    turns = np.concatenate([np.full(4, SINK), np.arange(800) // 8])
    blocks = module.attention_blocks(torch.from_numpy(window_mask(turns, 2))[None, None], 4)
    last = blocks[-1]
    # The turn in which the block begins still sees the one before it.
    first_turn = turns[last.queries.start]
    assert last.recent == slice(4 + 8 * (first_turn - 1), 804)


def test_only_what_shall_learn_learns(decoder):
    learns = {name.split('.')[-1] for name, _ in decoder.named_parameters()}
    assert learns == {'added', 'norm', 'up', 'down'}
    before = [layer.qkv.weight.clone() for layer in decoder.layers]
    states = decoder(decoder.embed(torch.arange(8)[None]), torch.arange(8)[None],
                     torch.ones(1, 1, 8, 8, dtype=torch.bool).tril(), 2)
    decoder.logits(states[0]).sum().backward()
    assert all(weight.grad is not None for weight in decoder.parameters())
    assert all(torch.equal(layer.qkv.weight, old)
               for layer, old in zip(decoder.layers, before, strict=True))


def test_a_fresh_change_changes_nothing():
    layer = module.LowRankLinear(torch.randn(6, 4), 2)
    x = torch.randn(3, 4, dtype=module.WORKING)
    assert torch.equal(layer(x), torch.nn.functional.linear(x, layer.weight))
