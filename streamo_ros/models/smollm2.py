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

"""SmolLM2's decoder and tokenizer out of its GGUF file, as Hugging Face's Llama names them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken
from tokenizers import decoders
from tokenizers import models
from tokenizers import pre_tokenizers
from tokenizers import Tokenizer

from streamo_ros.models.gguf import Gguf

_OUTSIDE = {'token_embd.weight': 'embed_tokens.weight', 'output_norm.weight': 'norm.weight'}
_INSIDE = {
    'attn_norm': 'input_layernorm',
    'attn_q': 'self_attn.q_proj',
    'attn_k': 'self_attn.k_proj',
    'attn_v': 'self_attn.v_proj',
    'attn_output': 'self_attn.o_proj',
    'ffn_norm': 'post_attention_layernorm',
    'ffn_gate': 'mlp.gate_proj',
    'ffn_up': 'mlp.up_proj',
    'ffn_down': 'mlp.down_proj',
}
_CONTROL = 3


def smollm2_tensors(gguf: Gguf, layers: int) -> dict[str, NDArray[np.float32]]:
    """
    Return the tensors of the first layers, of the embeddings and of the last norm.

    :param layers: how many layers are kept
    """
    tensors = {name: gguf.tensors[source] for source, name in _OUTSIDE.items()}
    heads = {'attn_q': gguf.fields['llama.attention.head_count'],
             'attn_k': gguf.fields['llama.attention.head_count_kv']}
    for layer in range(layers):
        for source, name in _INSIDE.items():
            tensor = gguf.tensors[f'blk.{layer}.{source}.weight']
            if source in heads:
                tensor = _halves_apart(tensor, heads[source])
            tensors[f'layers.{layer}.{name}.weight'] = tensor
    return tensors


def _halves_apart(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    # What RoPE turns against each other lies side by side in GGUF; in Llama's classes, half a
    # head apart.
    pairs = weight.reshape(heads, -1, 2, weight.shape[1])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(weight.shape)


def write_smollm2_tokenizer(gguf: Gguf, added: tuple[str, ...], file: Path) -> None:
    """
    Write ``tokenizer.json``.

    :param added: further control tokens, numbered behind the vocabulary in this order
    """
    tokens = gguf.fields['tokenizer.ggml.tokens']
    merges = [tuple(merge.split(' ')) for merge in gguf.fields['tokenizer.ggml.merges']]
    tokenizer = Tokenizer(models.BPE(
        vocab={token: index for index, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = gguf.fields['tokenizer.ggml.token_type']
    own = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([
        AddedToken(token, special=True, normalized=False) for token in (*own, *added)])
    tokenizer.save(str(file))
