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
One chunk through the language model, as an ONNX graph.

The cache is an input, and only the chunk's own keys and values are outputs ("delta-out"); the
runtime writes them into their cache rows. The operators are standard ones, so ONNX Runtime and
every TensorRT from 10.3 on take it. Queries are rotated twice: to their absolute positions for
the ring and the chunk, to their contiguous positions for the sink (see ``window``).
"""

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from streamo_ros.engine.graphs.attention import Attention
from streamo_ros.engine.graphs.attention import GatheredAttention
from streamo_ros.engine.graphs.attention import LayerKV
from streamo_ros.engine.graphs.attention import MaskedAttention
from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.builder import inline
from streamo_ros.engine.graphs.builder import Shape
from streamo_ros.engine.graphs.builder import Store
from streamo_ros.models import DecoderConfig
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import LayerMatrix
from streamo_ros.models.blocks import Matrix
from streamo_ros.models.blocks import stacked
from streamo_ros.models.weights import Weights


def step_graph(
    config: DecoderConfig, weights: Mapping[str, NDArray[np.float32]],
    state_ids: tuple[int, ...], *, precision: str = 'float32', static: bool = True,
    store: Store = inline, state_rows: NDArray[np.float32] | None = None,
) -> ModelProto:
    """
    Return the graph of a step.

    With B instructions, S tokens a chunk and D the size of a head, inputs are ``embeds``
    (B, S, hidden), ``cos``, ``sin``, ``sink_cos``, ``sink_sin`` (B, S, D / 2), the masks
    ``near_mask`` (B, S, sink + S; ``StepInputs.sink_chunk_mask``), ``ring_mask`` (B, 2, ring) and
    ``opens`` (B, S; ``StepInputs.is_new_turn``), ``last`` (B; index of each chunk's last real
    token in B * S), and for each layer ``sink_key_i``, ``sink_value_i``, ``ring_key_i``,
    ``ring_value_i`` (B, KV heads, rows, D). Where shapes may change, the ring has a row of zeros
    behind it; ``visible_rows`` (B, rows) names the rows that ``ring_mask`` is about, and the
    others cost nothing. Nor do slots of the ring that ``slots`` (B,) does not name: there,
    ``ring_key_i`` and ``ring_value_i`` have as many as they like.
    Outputs are ``states`` (B, 3), ``hidden`` (B, hidden), and ``key_i``, ``value_i``
    (B, KV heads, S, D). Where the decoder has DeepStack, its first layers also take
    ``deepstack_i`` (B, S, hidden), which is added to their output.

    :param state_ids: the state tokens, whose rows of the LM head are all that a tick needs
    :param precision: one of ``PRECISIONS``, of weights, cache, keys and values; all other inputs
        and outputs are float32
    :param static: for runtimes whose shapes never change; otherwise in float32 alone
    :param store: takes the weights
    :param state_rows: (3, hidden) the head's rows of the states; None reads them
    """
    assert static or precision == 'float32'
    graph = Graph('step', precision, store, standard=static)
    kv_heads, dim = config.kv_heads, config.head_dim
    embeds = graph.input('embeds', np.float32, ('batch', 'chunk', config.hidden))
    rotary = ('batch', 'chunk', dim // 2)
    cos, sin, sink_cos, sink_sin = (
        graph.input(name, np.float32, rotary) for name in ('cos', 'sin', 'sink_cos', 'sink_sin'))
    masks = (
        graph.input('near_mask', np.bool_, ('batch', 'chunk', 'sink_chunk_rows')),
        graph.input('ring_mask', np.bool_, ('batch', 2, 'visible_rows')),
        graph.input('opens', np.bool_, ('batch', 'chunk')))
    last = graph.input('last', np.int64, ('batch',))

    to_ring, to_sink = (
        _rotation(graph, *angles, dim // 2, fused=not static)
        for angles in ((cos, sin), (sink_cos, sink_sin)))
    kinds = [(part, kind) for part in ('sink', 'ring') for kind in ('key', 'value')]
    held = {'sink': 'batch', 'ring': 'batch' if static else 'ring_slots'}
    caches = [{
        f'{part}_{kind}': graph.input(
            f'{part}_{kind}_{layer}', graph.dtype, (held[part], kv_heads, f'{part}_rows', dim))
        for part, kind in kinds} for layer in range(config.layers)]
    attention: Attention
    if static:
        attention = MaskedAttention(graph, config, *masks)
    else:
        attention = GatheredAttention(
            graph, config, *masks,
            visible_rows=graph.input('visible_rows', np.int64, ('batch', 'visible_rows')),
            ring_key=caches[0]['ring_key'], slots=graph.input('slots', np.int64, ('batch',)))

    x = graph.narrow(embeds)
    for layer, cache in enumerate(caches):
        name = f'decoder.layers.{layer}'

        def get(tensor: str, name: str = name) -> NDArray[np.float32]:
            return weights[f'{name}.{tensor}']

        def matrix(part: str, name: str = name) -> LayerMatrix:
            # In FP8 and NVFP4 it is given to runtimes of GPUs alone.
            return (_stored if static else matrix_of)(weights, f'{name}.{part}.weight')

        normed = graph.rms_norm(
            x, f'{name}.norm1', get('input_layernorm.weight'), config.norm_eps)
        # The scores' scale is folded into the last weight that the queries pass.
        scale = np.float32(dim ** -0.5)
        on_weight = np.float32(1) if config.qk_norm else scale
        qkv = graph.linear(
            normed, f'{name}.qkv',
            stacked(matrix('self_attn.q_proj') * on_weight, matrix('self_attn.k_proj'),
                    matrix('self_attn.v_proj')),
            np.concatenate([
                get('self_attn.q_proj.bias') * on_weight, get('self_attn.k_proj.bias'),
                get('self_attn.v_proj.bias')]) if config.qkv_bias else None)
        qkv = graph.op('Reshape', qkv, graph.ints(0, 0, config.heads + 2 * kv_heads, dim))
        qkv = graph.op('Transpose', qkv, perm=[0, 2, 1, 3])
        q, k, v = graph.ops(
            'Split', 3, qkv, graph.ints(config.heads, kv_heads, kv_heads), axis=1)
        if config.qk_norm:
            q = graph.rms_norm(
                q, f'{name}.q_norm', get('self_attn.q_norm.weight') * scale, config.norm_eps)
            k = graph.rms_norm(
                k, f'{name}.k_norm', get('self_attn.k_norm.weight'), config.norm_eps)
        k = to_ring(k)
        attended = attention(
            to_ring(q), to_sink(q),
            LayerKV(cache['sink_key'], cache['ring_key'], k),
            LayerKV(cache['sink_value'], cache['ring_value'], v))
        attended = graph.op(
            'Reshape', graph.op('Transpose', attended, perm=[0, 2, 1, 3]),
            graph.ints(0, 0, config.heads * dim))
        x = graph.op('Add', x, graph.linear(
            attended, f'{name}.o', matrix('self_attn.o_proj')))
        normed = graph.rms_norm(
            x, f'{name}.norm2', get('post_attention_layernorm.weight'), config.norm_eps)
        inner = graph.gated_mlp(
            normed, f'{name}.mlp', matrix('mlp.gate_proj'), matrix('mlp.up_proj'), None)
        x = graph.op('Add', x, graph.linear(inner, f'{name}.down', matrix('mlp.down_proj')))
        if layer < config.deepstack:
            x = graph.op('Add', x, graph.narrow(graph.input(
                f'deepstack_{layer}', np.float32, ('batch', 'chunk', config.hidden))))
        delta: Shape = ('batch', kv_heads, 'chunk', dim)
        graph.output(f'key_{layer}', k, delta, graph.dtype)
        graph.output(f'value_{layer}', v, delta, graph.dtype)
    x = graph.op('Gather', graph.op('Reshape', x, graph.ints(-1, config.hidden)), last, axis=0)
    x = graph.rms_norm(x, 'decoder.norm', weights['decoder.norm.weight'], config.norm_eps)
    head = state_rows if state_rows is not None else rows_of(
        matrix_of(weights, head_name(weights)), np.asarray(state_ids))
    graph.output('states', graph.widen(graph.linear(x, 'states', head)),
                 ('batch', len(state_ids)))
    graph.output('hidden', graph.widen(x), ('batch', config.hidden))
    return graph.model()


def _rotation(
    graph: Graph, cos: str, sin: str, half: int, *, fused: bool,
) -> Callable[[str], str]:
    """Return what rotates queries or keys, (B, heads, S, D), by angles (B, S, D / 2)."""
    if not fused:
        # A head's axis for broadcasting: (B, 1, S, D / 2).
        over_heads = [graph.op('Unsqueeze', angles, graph.ints(1)) for angles in (cos, sin)]
        return lambda x: graph.rotate(x, *over_heads)
    tokens = graph.op('Shape', cos, end=2)
    rows = graph.op('Reshape', graph.op(
        'Range', graph.constant('first', np.asarray(0)),
        graph.op('ReduceProd', tokens, graph.ints(0), keepdims=0),
        graph.constant('step', np.asarray(1))), tokens)
    cos, sin = (graph.op('Reshape', angles, graph.ints(-1, half)) for angles in (cos, sin))
    return lambda x: graph.fused_rotate(x, cos, sin, rows)


def head_name(weights: Mapping[str, NDArray[np.float32]]) -> str:
    """Return the name of the LM head, (vocabulary, hidden), or of what stands for it."""
    return 'head' if 'head' in weights else 'decoder.embed_tokens.weight'


def matrix_of(weights: Mapping[str, NDArray[np.float32]], name: str) -> Matrix:
    """Return a matrix of a checkpoint, in its blocks where it has any."""
    matrix = _stored(weights, name)
    return matrix if isinstance(matrix, np.ndarray | BlockMatrix) else matrix.floats()


def _stored(weights: Mapping[str, NDArray[np.float32]], name: str) -> LayerMatrix:
    return weights.matrix(name) if isinstance(weights, Weights) else weights[name]


def rows_of(table: Matrix, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return rows of a table as float32."""
    return table.rows(ids) if isinstance(table, BlockMatrix) else table[ids]
