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
What each token gathers from the sink, the ring and its own chunk, as graph operators.

The ring holds nearly all rows, so what counts is how often its scores are passed over. On a
processor a pass costs as much as a third of the product itself. There only the rows in sight are
picked, and they get a softmax of their own (``Picked``), masked and joined to the rest inside the
product, by further columns of queries and keys. A GPU wants shapes that never change, fuses such
passes, and in half precision could not hold the joint in those columns: there all scores stand
side by side (``Whole``).
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.models import DecoderConfig

_MASKED = -1e30


@dataclass(frozen=True)
class Rows:
    """Keys or values of one layer: the cache's two parts, and the chunk's own."""

    sink: str
    ring: str
    chunk: str


class Attention:
    """
    Attention of one step: the part that is the same in every layer, and the common operators.

    :param near_mask: (B, S, sink rows + S) True where a token sees a row of the sink or a token
    :param ring_mask: (B, 2, rows) what tokens of the turn that closes see, and those of the turn
        that opens
    """

    def __init__(
        self, graph: Graph, config: DecoderConfig, near_mask: str, ring_mask: str
    ) -> None:
        self._graph, self._config = graph, config
        self._group = config.heads // config.kv_heads
        self._zero = graph.weight('zero', np.asarray(0, np.float32))
        self._masked = graph.scalar(_MASKED)
        self._near_seen = graph.op('Unsqueeze', near_mask, graph.ints(1, 2))
        self._near_live = self._live(near_mask)
        self._batch = graph.op('Shape', ring_mask, end=1)
        self._near_rows = graph.op('Shape', near_mask, start=2)
        self._ring_rows = graph.op('Shape', ring_mask, start=2)

    def __call__(self, query: str, to_sink: str, keys: Rows, values: Rows) -> str:
        """
        Return (B, heads, S, D), what each token gathers.

        :param query: (B, heads, S, D) scaled and rotated to the tokens' positions
        :param to_sink: the same, rotated to their positions against the sink
        """
        graph, config = self._graph, self._config
        # Heads of a group share their keys: (B, KV, group * S, D) needs no copies of them.
        shared = graph.ints(0, config.kv_heads, -1, config.head_dim)
        query, to_sink = (graph.op('Reshape', name, shared) for name in (query, to_sink))
        near = graph.op('Concat', self._product(to_sink, keys.sink),
                        self._product(query, keys.chunk), axis=-1)
        near = self._hidden(near, self._near_seen)
        return graph.op('Reshape', self._attend(query, near, keys, values), graph.op(
            'Concat', self._batch, graph.ints(config.heads, -1, config.head_dim), axis=0))

    def _attend(self, query: str, near: str, keys: Rows, values: Rows) -> str:
        """Return (B, KV, group * S, D); ``near`` are scores of the sink and the chunk."""
        raise NotImplementedError

    def _product(self, query: str, keys: str) -> str:
        graph = self._graph
        return graph.widen(graph.op(
            'MatMul', query, graph.op('Transpose', keys, perm=[0, 1, 3, 2])))

    def _hidden(self, scores: str, seen: str) -> str:
        """Return the scores, (B, KV, group * S, rows), with -inf's stand-in where not seen."""
        graph = self._graph
        flat = graph.op('Shape', scores)
        grouped = graph.op('Concat', graph.op('Shape', scores, end=2), graph.ints(self._group, -1),
                           graph.op('Shape', scores, start=3), axis=0)
        scores = graph.op('Where', seen, graph.op('Reshape', scores, grouped), self._masked)
        return graph.op('Reshape', scores, flat)

    def _gathered(self, near: str, values: Rows) -> str:
        """Return what shares of the sink and the chunk, (B, KV, group * S, sink + S), gather."""
        graph = self._graph
        lengths = graph.op('Concat', *(
            graph.op('Shape', part, start=2, end=3) for part in (values.sink, values.chunk)),
            axis=0)
        probabilities = graph.ops('Split', 2, near, lengths, axis=-1)
        lives = graph.ops('Split', 2, self._near_live, lengths, axis=2)
        return graph.op('Add', *(
            graph.op('MatMul', share, graph.op('Where', live, value, self._zero))
            for share, live, value in zip(
                probabilities, lives, (values.sink, values.chunk), strict=True)))

    def _live(self, mask: str) -> str:
        # A row that no token sees may hold anything, NaN included: it must not enter a sum.
        graph = self._graph
        seen = graph.op('Cast', graph.op(
            'ReduceMax', graph.op('Cast', mask, to=TensorProto.FLOAT), graph.ints(1), keepdims=0),
            to=TensorProto.BOOL)
        return graph.op('Unsqueeze', seen, graph.ints(1, 3))


class Picked(Attention):
    """
    Only the rows in sight, for a processor; float32 alone.

    :param ring_mask: of the rows in sight
    :param in_sight: (B, rows) which rows of the ring these are
    :param ring_key: any layer's, for the ring's size; its last row is zeros
    """

    def __init__(
        self, graph: Graph, config: DecoderConfig, near_mask: str, ring_mask: str, opens: str,
        in_sight: str, ring_key: str,
    ) -> None:
        super().__init__(graph, config, near_mask, ring_mask)
        heads = config.kv_heads
        # The ring's last row is zeros. Behind the rows in sight, it stands for the near part.
        batch_heads = graph.op('Concat', self._batch, graph.ints(heads, 1), axis=0)
        ring = graph.op('Shape', ring_key, start=2, end=3)
        first = graph.op('Mul', ring, graph.op('Reshape', graph.op(
            'Range', graph.constant('first', np.asarray(0)),
            graph.op('ReduceProd', batch_heads, graph.ints(0), keepdims=0),
            graph.constant('step', np.asarray(1))), batch_heads))
        self._places = graph.op('Add', first, graph.op(
            'Concat', graph.op('Unsqueeze', in_sight, graph.ints(1)),
            graph.op('Expand', graph.op('Sub', ring, graph.ints(1)), graph.op(
                'Concat', self._batch, graph.ints(1, 1), axis=0)), axis=2))
        bias = graph.op('Transpose', graph.op('Where', ring_mask, self._zero, self._masked),
                        perm=[0, 2, 1])
        columns = graph.op(
            'Concat', graph.op('Pad', bias, graph.ints(0, 0, 0, 0, 0, 1)),
            graph.op('Expand', graph.constant('joint', np.asarray([0, 0, 1], np.float32)),
                     graph.op('Concat', self._batch, graph.ints(1, 3), axis=0)), axis=1)
        self._key_columns = graph.op(
            'Tile', graph.op('Unsqueeze', columns, graph.ints(1)), graph.ints(1, heads, 1, 1))
        opening = graph.op('Unsqueeze', graph.op('Cast', opens, to=TensorProto.FLOAT),
                           graph.ints(1, 3))
        closing = graph.op('Sub', graph.scalar(1.0), opening)
        self._kinds = graph.op('Tile', graph.op('Concat', closing, opening, axis=3),
                               graph.ints(1, heads, self._group, 1))

    def _attend(self, query: str, near: str, keys: Rows, values: Rows) -> str:
        graph = self._graph
        top = graph.op('ReduceMax', near, graph.ints(-1), keepdims=1)
        share = graph.op('Exp', graph.op('Sub', near, top))
        total = graph.op('ReduceSum', share, graph.ints(-1), keepdims=1)
        nearby = self._gathered(graph.op('Div', share, total), values)
        joint = graph.op('Add', top, graph.op('Log', total))
        ring_keys, ring_values = (
            graph.op('Gather', graph.op(
                'Reshape', rows, graph.ints(-1, self._config.head_dim)), self._places, axis=0)
            for rows in (keys.ring, values.ring))
        probabilities = graph.op('Softmax', self._product(
            graph.op('Concat', query, self._kinds, joint, axis=3),
            graph.op('Concat', ring_keys, self._key_columns, axis=3)), axis=-1)
        of_near = graph.op('Slice', probabilities, self._ring_rows, graph.op(
            'Add', self._ring_rows, graph.ints(1)), graph.ints(3))
        return graph.op('Add', graph.op('MatMul', probabilities, ring_values),
                        graph.op('Mul', of_near, nearby))


class Whole(Attention):
    """All rows of the ring, for runtimes of static shapes; any precision."""

    def __init__(
        self, graph: Graph, config: DecoderConfig, near_mask: str, ring_mask: str, opens: str
    ) -> None:
        super().__init__(graph, config, near_mask, ring_mask)
        self._ring_live = self._live(ring_mask)
        closing, opening = (
            graph.op('Slice', ring_mask, graph.ints(kind), graph.ints(kind + 1), graph.ints(1))
            for kind in (0, 1))
        opens = graph.op('Unsqueeze', opens, graph.ints(2))
        seen = graph.op('Or', graph.op('And', opens, opening),
                        graph.op('And', graph.op('Not', opens), closing))
        self._ring_seen = graph.op('Unsqueeze', seen, graph.ints(1, 2))

    def _attend(self, query: str, near: str, keys: Rows, values: Rows) -> str:
        graph = self._graph
        ring = self._hidden(self._product(query, keys.ring), self._ring_seen)
        probabilities = graph.narrow(
            graph.op('Softmax', graph.op('Concat', near, ring, axis=-1), axis=-1))
        near, far = graph.ops('Split', 2, probabilities, graph.op(
            'Concat', self._near_rows, self._ring_rows, axis=0), axis=-1)
        return graph.op('Add', self._gathered(near, values), graph.op(
            'MatMul', far, graph.op('Where', self._ring_live, values.ring, self._zero)))
