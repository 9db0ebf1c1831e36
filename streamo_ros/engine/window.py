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
The sliding window of one instruction: which cache row holds what, and who may see it.

Rows are a sink (prompt and instruction, for the life of the instruction) and a ring of slots of
fixed size. A turn opens in a fresh slot; its answer fills that slot and goes on in the next.
Eviction is overwriting: no row ever moves, and every shape stays.

A chunk is fed as ``close of turn t-1, opening of turn t``. Visibility goes by turn, not by
chunk: a token of turn t sees the sink and the turns ``oldest(t) .. t``, so deferring a close
changes nothing.

Positions: keys keep the absolute positions they were written with. The sink's keys stay at
theirs, from 0; against them a query is rotated to the position it would have if the evicted
turns had never been (``sink_positions``). Only differences matter to RoPE, so this equals a
contiguous re-numbering of the whole window, with nothing re-rotated, no drift and no limit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.models.positions import stream_positions

_STALE = -1


@dataclass(frozen=True)
class Chunk:
    """
    One run of tokens, planned but not yet written.

    :param positions: (3, S) absolute positions, against the ring's keys and the chunk's own
    :param sink_positions: (3, S) contiguous positions, against the sink's keys
    :param opens: (S,) True for tokens of the turn that the chunk opens
    :param ring_mask: (2, ring rows) True where a token of the turn before, and one of the turn
        that opens, sees a row
    :param chunk_mask: (S, S) True where a token sees a token of the chunk
    :param row: the ring row where the chunk's first key goes
    """

    positions: NDArray[np.int64]
    sink_positions: NDArray[np.int64]
    opens: NDArray[np.bool_]
    ring_mask: NDArray[np.bool_]
    chunk_mask: NDArray[np.bool_]
    row: int
    turns: NDArray[np.int64]
    next_position: int
    starts: dict[int, int]


class WindowPlan:
    """
    Bookkeeping of one instruction's cache rows; pure host arithmetic.

    :param window_turns: N, the turns a token sees, its own included
    :param slot_rows: rows of a slot; no chunk may be longer
    :param sink_length: tokens in the sink
    :param grid: (rows, columns) of visual tokens in a frame; None for plain RoPE
    """

    def __init__(
        self, *, window_turns: int, slot_rows: int, sink_length: int,
        grid: tuple[int, int] | None,
    ) -> None:
        self.window_turns = window_turns
        self.slot_rows = slot_rows
        self.sink_length = sink_length
        self.grid = grid
        self.slots = window_slots(window_turns)
        self._row_turn = np.full(self.slots * slot_rows, _STALE, np.int64)
        self._slot = -1
        self._used = 0
        self._turn = _STALE
        self._floor = 0
        self._position = sink_length
        self._starts: dict[int, int] = {}

    @property
    def answer_room(self) -> int:
        """Return how many tokens the open turn can still take without evicting itself."""
        own = len(np.unique(np.nonzero(self._row_turn == self._turn)[0] // self.slot_rows))
        # One slot is left for the next turn, whose chunk carries this turn's close.
        return (self.slots - own - 1) * self.slot_rows + self.slot_rows - self._used

    @property
    def live_turns(self) -> int:
        """Return how many turns the open one sees, itself included."""
        return 0 if self._turn == _STALE else self._turn - self._oldest(self._turn) + 1

    def plan(self, is_image: NDArray[np.bool_], opens_at: int | None = None) -> Chunk:
        """
        Return how a chunk is to be run; nothing changes until ``commit``.

        :param is_image: (S,) True for visual tokens
        :param opens_at: index of the token that opens the next turn; None goes on with this one
        :raises AssertionError: when the chunk does not fit a slot
        """
        length = len(is_image)
        assert 0 < length <= self.slot_rows, f'{length} tokens in a slot of {self.slot_rows} rows'
        turns = np.full(length, self._turn, np.int64)
        positions, following = stream_positions(is_image, self.grid, self._position)
        starts = {}
        if opens_at is not None:
            turns[opens_at:] += 1
            starts[self._turn + 1] = int(positions[0, opens_at])
        row, evicted = self._place(length, fresh=opens_at is not None)
        floor = max(self._floor, evicted + 1)
        seen = self._row_turn.copy()
        if row % self.slot_rows == 0:
            slot = row // self.slot_rows
            seen[slot * self.slot_rows:(slot + 1) * self.slot_rows] = _STALE
        opens = turns > self._turn
        # Of the turn that closes, and of the one that opens.
        oldest = np.maximum(self._turn + np.arange(2) - self.window_turns + 1, floor)
        known = {**self._starts, **starts}
        gone = np.asarray([
            known.get(int(turn), self.sink_length) - self.sink_length for turn in oldest])
        causal = np.tri(length, dtype=np.bool_)
        return Chunk(
            positions=positions,
            sink_positions=positions - gone[opens.astype(np.int64)],
            opens=opens,
            ring_mask=(seen >= oldest[:, None]) & (seen != _STALE),
            chunk_mask=causal & (turns >= oldest[opens.astype(np.int64), None]),
            row=row,
            turns=turns,
            next_position=following,
            starts=starts)

    def commit(self, chunk: Chunk) -> None:
        """Take a chunk as run, its keys and values written from ``chunk.row`` on."""
        length = len(chunk.turns)
        slot, offset = divmod(chunk.row, self.slot_rows)
        assert offset + length <= self.slot_rows, 'a chunk may not pass the end of its slot'
        if offset == 0:
            rows = self._row_turn[slot * self.slot_rows:(slot + 1) * self.slot_rows]
            self._floor = max(self._floor, self._evicted(rows) + 1)
            rows[:] = _STALE
        self._row_turn[chunk.row:chunk.row + length] = chunk.turns
        self._slot, self._used = slot, offset + length
        self._turn = int(chunk.turns[-1])
        self._position = chunk.next_position
        self._starts.update(chunk.starts)
        oldest = self._oldest(self._turn - 1)
        self._starts = {turn: at for turn, at in self._starts.items() if turn >= oldest}

    def _oldest(self, turn: int) -> int:
        return max(turn - self.window_turns + 1, self._floor)

    def _place(self, length: int, fresh: bool) -> tuple[int, int]:
        if not fresh and self._slot >= 0 and self._used + length <= self.slot_rows:
            return self._slot * self.slot_rows + self._used, _STALE
        slot = (self._slot + 1) % self.slots
        rows = self._row_turn[slot * self.slot_rows:(slot + 1) * self.slot_rows]
        evicted = self._evicted(rows)
        assert evicted < self._turn or self._turn == _STALE, 'an answer longer than the ring'
        return slot * self.slot_rows, evicted

    def _evicted(self, rows: NDArray[np.int64]) -> int:
        # A turn is gone as a whole: what a slot holds last of it counts for all its slots.
        return int(rows.max())


def window_slots(window_turns: int) -> int:
    """
    Return the slots of a ring that shows ``window_turns`` turns.

    One more than turns, since the close of turn t-1, run in turn t's chunk, still sees turn
    t-N; and some for answers longer than the rest of their slot. When those run out, the oldest
    turns go a little early.
    """
    return window_turns + 1 + max(2, window_turns // 8)
