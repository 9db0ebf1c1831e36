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
A pretrained Llama decoder that learns by low-rank changes to its matrices (LoRA), on a processor.

The frozen matrices are held in the type that is computed in: under autocast they would be cast at
every call.
Queries, keys and values share one matrix, and so do the two halves of the gated MLP. Attention
goes block by block through the rows of a sequence, each over the keys that it can see: a window
leaves most of the square empty.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math
import time
from typing import Any

import torch
from torch import nn
from torch import Tensor
from torch.nn.functional import linear
from torch.nn.functional import silu

from streamo_ros.models import DecoderConfig


def faster_type() -> torch.dtype:
    """
    Return the type whose matrices this machine multiplies faster; processors differ by eight.

    Turn about and each at its best: other work on the machine does not decide.
    """
    took = dict.fromkeys((torch.bfloat16, torch.float32), math.inf)
    for _ in range(30):
        for dtype in took:
            x, weight = torch.ones(512, 576, dtype=dtype), torch.ones(960, 576, dtype=dtype)
            begin = time.process_time()
            linear(x, weight)
            took[dtype] = min(took[dtype], time.process_time() - begin)
    return min(took, key=took.__getitem__)


WORKING = faster_type()
"""What activations and frozen weights are held in."""

BLOCK = 96
"""Queries that attend at once."""

SHRUNK = 0.2
"""What the last norm begins with, of the pretrained one: behind fewer layers than it was trained
behind, its full size makes logits that are wrong and sure of it."""

_HIDDEN_LOGIT = -1e4


@dataclass(frozen=True)
class AttentionBlock:
    """
    What a block of queries sees, for all rows alike but for the mask.

    :param queries: where the block stands
    :param recent: the keys behind the sink that any row's block sees, as far as its own end
    :param mask: (R, 1, 1, queries, keys of the sink and recent ones) zero where seen, else far
        below any score
    """

    queries: slice
    recent: slice
    mask: Tensor


def attention_blocks(mask: Tensor, sink: int) -> list[AttentionBlock]:
    """
    Return what each block sees.

    :param mask: (R, 1, S, S) True where a token sees another
    :param sink: tokens of the longest sink, which all blocks look at
    """
    length = mask.shape[-1]
    found = []
    for begin in range(0, length, BLOCK):
        queries = slice(begin, min(begin + BLOCK, length))
        seen = mask[:, :, queries]
        recent = seen[..., sink:queries.stop].any(2).any(0).any(0)
        first = sink + (int(recent.int().argmax()) if bool(recent.any()) else len(recent))
        keys = torch.cat([
            seen[..., :min(sink, queries.stop)], seen[..., first:queries.stop]], -1)
        found.append(AttentionBlock(
            queries, slice(first, max(first, queries.stop)),
            torch.where(keys, 0.0, _HIDDEN_LOGIT).to(WORKING)[:, :, None]))
    return found


class LowRankLinear(nn.Module):
    """
    A frozen matrix and the product of two thin ones that is added to it.

    :param weight: (out, in)
    """

    weight: Tensor

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        self.register_buffer('weight', weight.to(WORKING), persistent=False)
        outs, ins = weight.shape
        self.down = nn.Parameter(torch.empty(rank, ins).uniform_(-1, 1) / math.sqrt(ins))
        self.up = nn.Parameter(torch.zeros(outs, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Return x times the changed matrix."""
        thin = linear(x, self.down.to(x.dtype))
        return linear(x, self.weight) + linear(thin, self.up.to(x.dtype))

    @property
    def change(self) -> Tensor:
        """Return what is added, (out, in)."""
        return self.up @ self.down


class DecoderLayer(nn.Module):
    """
    One layer.

    :param weights: of this layer, named as Hugging Face's Llama names them
    """

    before: Tensor
    between: Tensor

    def __init__(self, config: DecoderConfig, weights: Mapping[str, Tensor], rank: int) -> None:
        super().__init__()
        self._heads, self._kv_heads = config.heads, config.kv_heads
        self._dim, self._epsilon = config.head_dim, config.norm_eps
        self.register_buffer('before', weights['input_layernorm.weight'], persistent=False)
        self.register_buffer(
            'between', weights['post_attention_layernorm.weight'], persistent=False)
        self.qkv = LowRankLinear(torch.cat([
            weights[f'self_attn.{part}_proj.weight'] for part in 'qkv']), rank)
        self.out = LowRankLinear(weights['self_attn.o_proj.weight'], rank)
        self.gate_up = LowRankLinear(torch.cat([
            weights['mlp.gate_proj.weight'], weights['mlp.up_proj.weight']]), rank)
        self.down = LowRankLinear(weights['mlp.down_proj.weight'], rank)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, blocks: Sequence[AttentionBlock],
                sink: int) -> Tensor:
        """
        Return (R, S, hidden).

        :param cos: (R, S, 1, D / 2)
        """
        q, k, v = self.project(x, cos, sin)
        return self.feed_forward(x, self.attend(q, k, v, blocks, sink))

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries (R, KV heads, heads of each, S, D), and keys and values."""
        rows, length, _ = x.shape
        qkv = self.qkv(rms_norm(x, self.before, self._epsilon)).view(
            rows, length, self._heads + 2 * self._kv_heads, self._dim)
        turning, v = qkv.split([self._heads + self._kv_heads, self._kv_heads], 2)
        first, second = turning.chunk(2, -1)
        turned = torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
        q, k = turned.split([self._heads, self._kv_heads], 2)
        # The scores' scale goes into the queries.
        q = (q * self._dim ** -0.5).unflatten(2, (self._kv_heads, -1))
        return (q.permute(0, 2, 3, 1, 4).contiguous(), k.transpose(1, 2).contiguous(),
                v.transpose(1, 2).contiguous())

    def attend(self, q: Tensor, k: Tensor, v: Tensor, blocks: Sequence[AttentionBlock],
               sink: int) -> Tensor:
        """Return what each token gathered, (R, S, heads * D)."""
        rows, groups, each, _, dim = q.shape
        gathered = []
        for block in blocks:
            keys, values = (
                torch.cat([one[:, :, :min(sink, block.queries.stop)], one[:, :, block.recent]], 2)
                for one in (k, v))
            asked = q[:, :, :, block.queries].reshape(rows, groups, -1, dim)
            scores = (asked @ keys.transpose(-1, -2)).unflatten(2, (each, -1)) + block.mask
            shares = torch.softmax(scores, -1).flatten(2, 3)
            gathered.append((shares @ values).unflatten(2, (each, -1)))
        return torch.cat(gathered, 3).permute(0, 3, 1, 2, 4).flatten(2)

    def feed_forward(self, x: Tensor, gathered: Tensor) -> Tensor:
        """Return the layer's output."""
        x = x + self.out(gathered)
        gate, up = self.gate_up(rms_norm(x, self.between, self._epsilon)).chunk(2, -1)
        return x + self.down(silu(gate) * up)


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Return x with its last axis at a root mean square of ``weight``."""
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon) * weight).to(
        x.dtype)


class Decoder(nn.Module):
    """
    The decoder, its embeddings and its head, which is the embeddings.

    :param weights: named as Hugging Face's Llama names them
    :param added: how many tokens the vocabulary has beyond the pretrained ones; their rows are
        all of the embeddings that learns
    """

    table: Tensor
    frequencies: Tensor

    def __init__(self, config: DecoderConfig, weights: Mapping[str, Tensor], added: int,
                 rank: int) -> None:
        super().__init__()
        self._epsilon = config.norm_eps
        table = weights['embed_tokens.weight']
        self.register_buffer('table', table.to(WORKING), persistent=False)
        self.norm = nn.Parameter(weights['norm.weight'].float() * SHRUNK)
        exponents = torch.arange(0, config.head_dim, 2) / config.head_dim
        self.register_buffer(
            'frequencies', 1 / config.rope_theta ** exponents, persistent=False)
        self.added = nn.Parameter(
            table.float().mean(0) + torch.randn(added, table.shape[1]) * table.float().std(0))
        self.layers = nn.ModuleList(
            DecoderLayer(config, {
                name.removeprefix(f'layers.{layer}.'): weight.float()
                for name, weight in weights.items() if name.startswith(f'layers.{layer}.')}, rank)
            for layer in range(config.layers))

    def embed(self, ids: Tensor) -> Tensor:
        """Return (..., hidden)."""
        known = len(self.table)
        own = self.added.to(WORKING)[(ids - known).clamp(min=0)]
        return torch.where(
            (ids >= known)[..., None], own, self.table[ids.clamp(max=known - 1)])

    def forward(self, embeds: Tensor, positions: Tensor, mask: Tensor, sink: int) -> Tensor:
        """
        Return the last states, normed, (R, S, hidden).

        :param embeds: (R, S, hidden)
        :param positions: (R, S)
        :param mask: (R, 1, S, S) True where a token sees another
        :param sink: tokens of the longest sink
        """
        angles = positions[..., None, None] * self.frequencies
        cos, sin = angles.cos().to(WORKING), angles.sin().to(WORKING)
        blocks = attention_blocks(mask, sink)
        x = embeds.to(WORKING)
        for layer in self.layers:
            x = layer(x, cos, sin, blocks, sink)
        return rms_norm(x, self.norm, self._epsilon)

    def logits(self, states: Tensor) -> Tensor:
        """Return (M, vocabulary) in float32."""
        return torch.cat([
            linear(states, self.table), linear(states, self.added.to(WORKING))], -1).float()

    def speed_up(self) -> None:
        """Compile what stands between the matrix products; takes a C++ compiler."""
        layers: Any = self.layers
        for layer in layers:
            layer.project = torch.compile(layer.project, dynamic=True)
            layer.feed_forward = torch.compile(layer.feed_forward, dynamic=True)
