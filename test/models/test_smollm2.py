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

"""SmolLM2's parts come out of the GGUF file as Hugging Face's Llama takes them."""

import numpy as np
import pytest
from tiny_small import HEADS
from tiny_small import HIDDEN
from tiny_small import LAYERS
from tiny_small import tiny_gguf

from streamo_ros.models.gguf import read_gguf
from streamo_ros.models.smollm2 import smollm2_tensors
from streamo_ros.models.smollm2 import write_smollm2_tokenizer


@pytest.fixture(scope='module')
def gguf():
    return read_gguf(tiny_gguf(), 'tiny.gguf')


def test_the_first_layers_are_kept_and_no_others(gguf):
    found = smollm2_tensors(gguf, 2)
    assert len(found) == 2 + 2 * 9
    assert {name.split('.')[1] for name in found if name.startswith('layers.')} == {'0', '1'}
    assert len(smollm2_tensors(gguf, LAYERS)) == 2 + LAYERS * 9


def test_what_rope_turns_together_is_moved_half_a_head_apart(gguf):
    stored = gguf.tensors['blk.0.attn_q.weight'].reshape(HEADS, HIDDEN // HEADS, HIDDEN)
    found = smollm2_tensors(gguf, 1)['layers.0.self_attn.q_proj.weight'].reshape(stored.shape)
    half = HIDDEN // HEADS // 2
    np.testing.assert_array_equal(found[:, :half], stored[:, 0::2])
    np.testing.assert_array_equal(found[:, half:], stored[:, 1::2])
    np.testing.assert_array_equal(
        smollm2_tensors(gguf, 1)['layers.0.self_attn.v_proj.weight'],
        gguf.tensors['blk.0.attn_v.weight'])


def test_the_tokenizer_merges_splits_digits_and_knows_added_tokens(gguf, tmp_path):
    tokenizers = pytest.importorskip('tokenizers')
    write_smollm2_tokenizer(gguf, ('</Silence>',), tmp_path / 'tokenizer.json')
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / 'tokenizer.json'))
    encoded = tokenizer.encode('<|im_start|> the 12</Silence>', add_special_tokens=False)
    assert encoded.tokens == ['<|im_start|>', 'Ġt', 'he', 'Ġ', '1', '2', '</Silence>']
    size = len(gguf.fields['tokenizer.ggml.tokens'])
    assert encoded.ids[-1] == size and tokenizer.get_vocab_size() == size + 1
    text = 'Where is the dog, in 2026?\n'
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
