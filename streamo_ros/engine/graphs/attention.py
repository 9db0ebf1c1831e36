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
Attention over the sink, the ring and the chunk, as graph operators.

The ring holds nearly all rows, so the cost is how often its scores are passed over. On a CPU one
pass costs a third as much as the product itself. ``GatheredAttention``, for CPUs, gathers only the
ring's visible rows and gives them a softmax of their own; their mask, and the log-sum-exp of the
scores of sink and chunk that joins the two parts, are further columns of queries and keys inside
the product. A GPU wants shapes that never change, fuses such passes, and in half precision could
not hold a log-sum-exp in those columns: ``MaskedAttention`` puts all scores side by side.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.models import DecoderConfig

_MASKED = -1e30


@dataclass(frozen=True)
class LayerKV:
    """Keys or values of one layer: the two parts of the cache, and the chunk's own."""

    sink: str
    ring: str
    chunk: str


class Attention:
    """
    Attention of one step: the part that is the same in every layer, and the common operators.

    :param sink_chunk_mask: (B, S, sink rows + S) True where a token sees a row of the sink or a
        token of the chunk
    :param ring_mask: (B, 2, rows) what tokens of the turn that closes see, and those of the new
        turn
    """

    def __init__(
        self, graph: Graph, config: DecoderConfig, sink_chunk_mask: str, ring_mask: str
    ) -> None:
        self._graph, self._config = graph, config
        self._group = config.heads // config.kv_heads
        self._zero = graph.weight('zero', np.asarray(0, np.float32))
        self._masked = graph.scalar(_MASKED)
        self._sink_chunk_visible = graph.op('Unsqueeze', sink_chunk_mask, graph.ints(1, 2))
        self._sink_chunk_used = self._used(sink_chunk_mask)
        self._batch = graph.op('Shape', ring_mask, end=1)
        self._sink_chunk_rows = graph.op('Shape', sink_chunk_mask, start=2)
        self._ring_rows = graph.op('Shape', ring_mask, start=2)

    def __call__(self, query: str, to_sink: str, keys: LayerKV, values: LayerKV) -> str:
        """
        Return (B, heads, S, D), the attention's output for each token.

        :param query: (B, heads, S, D) scaled and rotated to the tokens' positions
        :param to_sink: the same, rotated to their positions against the sink
        """
        graph, config = self._graph, self._config
        # Heads of a group share their keys: (B, KV, group * S, D) needs no copies of them.
        shared = graph.ints(0, config.kv_heads, -1, config.head_dim)
        query, to_sink = (graph.op('Reshape', name, shared) for name in (query, to_sink))
        scores = graph.op('Concat', self._product(to_sink, keys.sink),
                          self._product(query, keys.chunk), axis=-1)
        scores = self._mask(scores, self._sink_chunk_visible)
        return graph.op('Reshape', self._attend(query, scores, keys, values), graph.op(
            'Concat', self._batch, graph.ints(config.heads, -1, config.head_dim), axis=0))

    def _attend(self, query: str, sink_chunk: str, keys: LayerKV, values: LayerKV) -> str:
        """
        Return (B, KV, group * S, D).

        :param sink_chunk: (B, KV, group * S, sink rows + S) masked scores of the sink and the
            chunk
        """
        raise NotImplementedError

    def _product(self, query: str, keys: str) -> str:
        graph = self._graph
        return graph.widen(graph.op(
            'MatMul', query, graph.op('Transpose', keys, perm=[0, 1, 3, 2])))

    def _mask(self, scores: str, visible: str) -> str:
        """Return the scores, (B, KV, group * S, rows), with -inf's stand-in where not visible."""
        graph = self._graph
        flat = graph.op('Shape', scores)
        grouped = graph.op('Concat', graph.op('Shape', scores, end=2), graph.ints(self._group, -1),
                           graph.op('Shape', scores, start=3), axis=0)
        scores = graph.op('Where', visible, graph.op('Reshape', scores, grouped), self._masked)
        return graph.op('Reshape', scores, flat)

    def _weighted_sum(self, sink_chunk: str, values: LayerKV) -> str:
        """
        Return the values of the sink and the chunk, weighted and summed.

        :param sink_chunk: (B, KV, group * S, sink rows + S) probabilities
        """
        graph = self._graph
        lengths = graph.op('Concat', *(
            graph.op('Shape', part, start=2, end=3) for part in (values.sink, values.chunk)),
            axis=0)
        probabilities = graph.ops('Split', 2, sink_chunk, lengths, axis=-1)
        used = graph.ops('Split', 2, self._sink_chunk_used, lengths, axis=2)
        return graph.op('Add', *(
            graph.op('MatMul', share, graph.op('Where', rows, value, self._zero))
            for share, rows, value in zip(
                probabilities, used, (values.sink, values.chunk), strict=True)))

    def _used(self, mask: str) -> str:
        """Return the rows that some token sees, (B, 1, rows, 1)."""
        # Any other row may hold anything, NaN included: it must not enter a sum.
        graph = self._graph
        used = graph.op('Cast', graph.op(
            'ReduceMax', graph.op('Cast', mask, to=TensorProto.FLOAT), graph.ints(1), keepdims=0),
            to=TensorProto.BOOL)
        return graph.op('Unsqueeze', used, graph.ints(1, 3))


class GatheredAttention(Attention):
    """
    Only the ring's visible rows, for a CPU; float32 alone.

    :param ring_mask: of the visible rows
    :param visible_rows: (B, rows) which rows of the ring these are
    :param ring_key: any layer's, for the ring's size; its last row is zeros
    :param slots: (B,) which slots of the ring's are run
    """

    def __init__(
        self, graph: Graph, config: DecoderConfig, sink_chunk_mask: str, ring_mask: str,
        is_new_turn: str, visible_rows: str, ring_key: str, slots: str,
    ) -> None:
        super().__init__(graph, config, sink_chunk_mask, ring_mask)
        heads = config.kv_heads
        # Of every layer alike: by group of heads, and by sink and chunk.
        self._grouped_visible = graph.op(
            'Tile', graph.op('Unsqueeze', sink_chunk_mask, graph.ints(1)),
            graph.ints(1, 1, self._group, 1))
        sink_rows = graph.op(
            'Sub', self._sink_chunk_rows, graph.op('Shape', is_new_turn, start=1))
        self._sink_used = graph.op(
            'Slice', self._sink_chunk_used, graph.ints(0), sink_rows, graph.ints(2))
        # The ring's last row is zeros. Behind the visible rows, it stands for sink and chunk.
        ring = graph.op('Shape', ring_key, start=2, end=3)
        first = graph.op('Mul', ring, graph.op(
            'Add', graph.op('Mul', graph.op('Unsqueeze', slots, graph.ints(1, 2)),
                            graph.ints(heads)),
            graph.constant('heads', np.arange(heads)[:, None])))
        self._gather_indices = graph.op('Add', first, graph.op(
            'Concat', graph.op('Unsqueeze', visible_rows, graph.ints(1)),
            graph.op('Expand', graph.op('Sub', ring, graph.ints(1)), graph.op(
                'Concat', self._batch, graph.ints(1, 1), axis=0)), axis=2))
        bias = graph.op('Transpose', graph.op('Where', ring_mask, self._zero, self._masked),
                        perm=[0, 2, 1])
        columns = graph.op(
            'Concat', graph.op('Pad', bias, graph.ints(0, 0, 0, 0, 0, 1)),
            graph.op('Expand', graph.constant('lse', np.asarray([0, 0, 1], np.float32)),
                     graph.op('Concat', self._batch, graph.ints(1, 3), axis=0)), axis=1)
        self._key_columns = graph.op(
            'Tile', graph.op('Unsqueeze', columns, graph.ints(1)), graph.ints(1, heads, 1, 1))
        opening = graph.op('Unsqueeze', graph.op('Cast', is_new_turn, to=TensorProto.FLOAT),
                           graph.ints(1, 3))
        closing = graph.op('Sub', graph.scalar(1.0), opening)
        self._query_columns = graph.op('Tile', graph.op('Concat', closing, opening, axis=3),
                                       graph.ints(1, heads, self._group, 1))

    def _mask(self, scores: str, visible: str) -> str:
        return self._graph.op('Where', self._grouped_visible, scores, self._masked)

    def _weighted_sum(self, sink_chunk: str, values: LayerKV) -> str:
        # A chunk's own values are finite, its padding's too.
        sink = self._graph.op('Where', self._sink_used, values.sink, self._zero)
        return self._graph.op(
            'MatMul', sink_chunk, self._graph.op('Concat', sink, values.chunk, axis=2))

    def _attend(self, query: str, sink_chunk: str, keys: LayerKV, values: LayerKV) -> str:
        graph = self._graph
        top = graph.op('ReduceMax', sink_chunk, graph.ints(-1), keepdims=1)
        share = graph.op('Exp', graph.op('Sub', sink_chunk, top))
        total = graph.op('ReduceSum', share, graph.ints(-1), keepdims=1)
        from_sink_chunk = self._weighted_sum(graph.op('Div', share, total), values)
        lse = graph.op('Add', top, graph.op('Log', total))
        ring_keys, ring_values = (
            graph.op('Gather', graph.op(
                'Reshape', rows, graph.ints(-1, self._config.head_dim)), self._gather_indices,
                axis=0)
            for rows in (keys.ring, values.ring))
        probabilities = graph.op('Softmax', self._product(
            graph.op('Concat', query, self._query_columns, lse, axis=3),
            graph.op('Concat', ring_keys, self._key_columns, axis=3)), axis=-1)
        of_sink_chunk = graph.op('Slice', probabilities, self._ring_rows, graph.op(
            'Add', self._ring_rows, graph.ints(1)), graph.ints(3))
        return graph.op('Add', graph.op('MatMul', probabilities, ring_values),
                        graph.op('Mul', of_sink_chunk, from_sink_chunk))


class MaskedAttention(Attention):
    """All rows of the ring, for runtimes of static shapes; any precision."""

    def __init__(
        self, graph: Graph, config: DecoderConfig, sink_chunk_mask: str, ring_mask: str,
        is_new_turn: str,
    ) -> None:
        super().__init__(graph, config, sink_chunk_mask, ring_mask)
        self._ring_used = self._used(ring_mask)
        closing, opening = (
            graph.op('Slice', ring_mask, graph.ints(kind), graph.ints(kind + 1), graph.ints(1))
            for kind in (0, 1))
        is_new_turn = graph.op('Unsqueeze', is_new_turn, graph.ints(2))
        visible = graph.op('Or', graph.op('And', is_new_turn, opening),
                           graph.op('And', graph.op('Not', is_new_turn), closing))
        self._ring_visible = graph.op('Unsqueeze', visible, graph.ints(1, 2))

    def _attend(self, query: str, sink_chunk: str, keys: LayerKV, values: LayerKV) -> str:
        graph = self._graph
        ring = self._mask(self._product(query, keys.ring), self._ring_visible)
        probabilities = graph.narrow(
            graph.op('Softmax', graph.op('Concat', sink_chunk, ring, axis=-1), axis=-1))
        sink_chunk, ring = graph.ops('Split', 2, probabilities, graph.op(
            'Concat', self._sink_chunk_rows, self._ring_rows, axis=0), axis=-1)
        return graph.op('Add', self._weighted_sum(sink_chunk, values), graph.op(
            'MatMul', ring, graph.op('Where', self._ring_used, values.ring, self._zero)))
