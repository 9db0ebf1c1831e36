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

"""What a backend does: see a frame, run a chunk, keep the cache. The engine does the rest."""

from dataclasses import dataclass
from typing import Any
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class StepInputs:
    """
    One chunk for each of B neighbouring instructions; shapes as in ``step_graph``.

    :param deepstack: (D, B, S, hidden) what is added behind each of the decoder's first D layers;
        zero but at visual tokens
    :param ring_mask: (B, 2, ring rows) True where tokens of the turn that closes, and those of
        the turn that opens, see a row
    :param opens: (B, S) True for the second kind
    :param near_mask: (B, S, rows + S) True where a token sees a row of the sink or a token; as
        many of the sink's rows as are in use, or all where shapes are static
    :param lengths: (B,) real tokens of each chunk; the rest is padding
    :param rows: (B,) where each chunk's first key goes
    :param into_sink: write to the sink's rows instead of the ring's
    """

    embeds: Floats
    deepstack: Floats
    cos: Floats
    sin: Floats
    sink_cos: Floats
    sink_sin: Floats
    ring_mask: NDArray[np.bool_]
    opens: NDArray[np.bool_]
    near_mask: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    rows: NDArray[np.int64]
    into_sink: bool = False


def step_feeds(inputs: StepInputs) -> dict[str, NDArray[Any]]:
    """Return what a static ``step_graph`` is fed beside its cache."""
    batch, chunk = inputs.embeds.shape[:2]
    feeds = {
        name: getattr(inputs, name) for name in (
            'embeds', 'cos', 'sin', 'sink_cos', 'sink_sin', 'near_mask', 'ring_mask', 'opens')}
    feeds['last'] = np.arange(batch) * chunk + inputs.lengths - 1
    for layer, added in enumerate(inputs.deepstack):
        feeds[f'deepstack_{layer}'] = added
    return feeds


@dataclass(frozen=True)
class StepOutputs:
    """
    What the last real token of each chunk says.

    :param states: (B, 3) logits of the state tokens
    :param hidden: (B, hidden) for the full head
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

    The cache holds a place for each of several instructions; a step runs over neighbouring
    places and writes their rows. All calls come from one thread.

    :param static_shapes: steps come in few shapes: chunks are padded to the widths of
        ``chunk_width``, and all of the sink's rows are in the masks
    :param dtype: of what goes in and out; float32, or float64 where a test asks for it
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

    def allocate(self, places: int, sink_rows: int, ring_rows: int) -> None:
        """Make an empty cache; what was there is gone."""

    def grow(self, ring_rows: int) -> None:
        """
        Add empty rows behind the last one of the rings; what is in the cache stays.

        :raises CheckpointError: when its shapes cannot change
        """

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a chunk for the places from ``first`` on, and write its keys and values."""

    def copy(self, source: int, target: int) -> None:
        """Copy one place's cache onto another's."""

    def copy_sink(self, source: int, target: int) -> None:
        """Copy one place's sink onto another's; its ring stays."""
