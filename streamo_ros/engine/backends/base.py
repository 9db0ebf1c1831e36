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
The interface of backends: encode an image, run a chunk, keep the cache.

The engine plans what is run and where it is written; a backend only computes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Protocol
from typing import runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# What a step's graph calls its inputs, and what they are called here. Exported graphs and built
# engines are files, so their names stay.
_GRAPH_INPUTS = {
    'embeds': 'embeds',
    'cos': 'cos',
    'sin': 'sin',
    'sink_cos': 'sink_cos',
    'sink_sin': 'sink_sin',
    'near_mask': 'sink_chunk_mask',
    'ring_mask': 'ring_mask',
    'opens': 'is_new_turn',
}


@dataclass(frozen=True)
class StepInputs:
    """
    One chunk of S tokens for each of B neighbouring batch slots; shapes as in ``step_graph``.

    :param embeds: (B, S, hidden) token embeddings, visual tokens included
    :param deepstack: (D, B, S, hidden) what is added behind each of the decoder's first D layers;
        zero but at visual tokens
    :param cos: (B, S, head_dim / 2) of positions against the ring and the chunk; ``sin`` likewise
    :param sink_cos: (B, S, head_dim / 2) of positions against the sink; ``sink_sin`` likewise
    :param ring_mask: (B, 2, ring rows) True where tokens of the turn that closes, and those of
        the new turn, see a row
    :param is_new_turn: (B, S) True for tokens of the new turn
    :param sink_chunk_mask: (B, S, sink rows + S) True where a token sees a row of the sink or a
        token of the chunk; as many of the sink's rows as are in use, or all where shapes are
        static
    :param lengths: (B,) real tokens of each chunk; the rest is padding
    :param cache_offsets: (B,) the cache row that each chunk's first key is written to
    :param into_sink: write to the sink instead of the ring
    """

    embeds: Floats
    deepstack: Floats
    cos: Floats
    sin: Floats
    sink_cos: Floats
    sink_sin: Floats
    ring_mask: NDArray[np.bool_]
    is_new_turn: NDArray[np.bool_]
    sink_chunk_mask: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    cache_offsets: NDArray[np.int64]
    into_sink: bool = False


def step_feeds(inputs: StepInputs) -> dict[str, NDArray[Any]]:
    """Return what a static ``step_graph`` is fed beside its cache, by the graph's names."""
    batch, chunk = inputs.embeds.shape[:2]
    feeds = {name: getattr(inputs, field) for name, field in _GRAPH_INPUTS.items()}
    feeds['last'] = np.arange(batch) * chunk + inputs.lengths - 1
    for layer, added in enumerate(inputs.deepstack):
        feeds[f'deepstack_{layer}'] = added
    return feeds


@dataclass(frozen=True)
class StepOutputs:
    """
    What the last real token of each chunk says.

    :param states: (B, 3) logits of the state tokens
    :param hidden: (B, hidden) last hidden state, for the LM head
    """

    states: Floats
    hidden: Floats

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Return the probabilities of Silence, Standby and Response among the three, (B, 3)."""
        logits = self.states.astype(np.float64)
        probabilities = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(probabilities / probabilities.sum(1, keepdims=True))


class Backend(Protocol):
    """
    Runs one checkpoint.

    The cache has a batch slot for each of several instructions; a step runs over neighbouring
    slots and writes their new keys and values. All calls come from one thread.

    :param static_shapes: shapes are few: chunks are padded to the widths of ``chunk_width``, and
        all of the sink's rows are in the masks
    :param dtype: of inputs and outputs; float32, or float64 where a test asks for it
    """

    static_shapes: bool
    dtype: np.dtype[Any]

    def new_stream(self) -> 'Backend':
        """Return one over the same weights with a cache of its own, for the same thread."""

    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """
        Return the visual tokens of a frame's cut patches, (1 + D, rows * columns, hidden).

        The first layer stands in the stream, the D others (DeepStack) go to the decoder's
        first layers.
        """

    def embed(self, ids: NDArray[np.int64]) -> Floats:
        """Return the embeddings, (S, hidden), of token ids."""

    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits of the whole vocabulary, (B, vocabulary)."""

    def allocate(self, max_batch: int, sink_rows: int, ring_rows: int) -> None:
        """Make an empty cache of so many batch slots; what was there is gone."""

    def grow(self, ring_rows: int) -> None:
        """
        Add empty rows behind the last one of the rings; what is in the cache stays.

        :raises CheckpointError: when its shapes cannot change
        """

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a chunk for the slots from ``first`` on, and write its keys and values."""

    def copy(self, source: int, target: int) -> None:
        """Copy the cache of one slot to another."""

    def copy_sink(self, source: int, target: int) -> None:
        """Copy the sink of one slot to another, whose ring stays."""


@runtime_checkable
class SlotBackend(Backend, Protocol):
    """A backend whose batch slots need not be neighbours, and whose cache may become larger."""

    def enlarge(self, slots: int, sink_rows: int, ring_rows: int) -> None:
        """Add empty slots and rows behind the last ones; what is in the cache stays."""

    def step_slots(self, slots: Sequence[int], inputs: StepInputs) -> StepOutputs:
        """
        Run a chunk for some slots, wherever they lie, and write its keys and values.

        The masks may have fewer rows than the ring: those behind them are seen by nobody.
        """
