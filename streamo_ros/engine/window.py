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

Rows are a sink (prompt and instruction, for the life of the instruction) and a ring. A chunk
takes the rows behind the one before; where it would pass the end, it begins again at the start.
Eviction is overwriting, of whole turns: no row ever moves, and every shape stays.

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
    :param sink_seen: how many of the sink's rows every token sees
    :param row: where the chunk's first key goes, of the ring's rows or the sink's
    :param floor: the oldest turn that is still whole
    """

    positions: NDArray[np.int64]
    sink_positions: NDArray[np.int64]
    opens: NDArray[np.bool_]
    ring_mask: NDArray[np.bool_]
    chunk_mask: NDArray[np.bool_]
    sink_seen: int
    row: int
    floor: int
    turns: NDArray[np.int64]
    next_position: int
    starts: dict[int, int]


class WindowPlan:
    """
    Bookkeeping of one instruction's cache rows; pure host arithmetic.

    :param window_turns: N, the turns a token sees, its own included
    :param turn_rows: tokens of the longest chunk
    :param sink_length: tokens in the sink
    :param grid: (rows, columns) of visual tokens in a frame; None for plain RoPE
    """

    def __init__(
        self, *, window_turns: int, turn_rows: int, sink_length: int,
        grid: tuple[int, int] | None,
    ) -> None:
        self.window_turns = window_turns
        self.turn_rows = turn_rows
        self.sink_length = sink_length
        self.grid = grid
        self.rows = ring_rows(window_turns, turn_rows)
        self._row_turn = np.full(self.rows, _STALE, np.int64)
        self._next = 0
        self._turn = _STALE
        self._floor = 0
        self._position = sink_length
        self._starts: dict[int, int] = {}

    @property
    def answer_room(self) -> int:
        """Return how many tokens the open turn can still take without evicting itself."""
        own = int((self._row_turn == self._turn).sum())
        # Left for the next chunk, which carries this turn's close, and for where it wraps.
        return self.rows - own - 2 * self.turn_rows

    @property
    def live_turns(self) -> int:
        """Return how many turns the open one sees, itself included."""
        return 0 if self._turn == _STALE else self._turn - self._oldest(self._turn) + 1

    def grow(self, turn_rows: int) -> None:
        """Make room for longer turns, behind the ring's last row; what is in view stays."""
        self.turn_rows = turn_rows
        self.rows = ring_rows(self.window_turns, turn_rows)
        self._row_turn = np.pad(
            self._row_turn, (0, self.rows - len(self._row_turn)), constant_values=_STALE)

    def plan_sink(self, start: int, length: int) -> Chunk:
        """
        Return how a part of the sink is to be run; it is not committed.

        :param start: tokens of the sink that are in place already
        """
        positions, following = stream_positions(np.zeros(length, np.bool_), None, start)
        assert following <= self.sink_length, 'a chunk may not pass the end of the sink'
        return Chunk(
            positions=positions,
            sink_positions=positions,
            opens=np.zeros(length, np.bool_),
            ring_mask=np.zeros((2, self.rows), np.bool_),
            chunk_mask=np.tri(length, dtype=np.bool_),
            sink_seen=start,
            row=start,
            floor=0,
            turns=np.full(length, _STALE, np.int64),
            next_position=following,
            starts={})

    def plan(
        self, is_image: NDArray[np.bool_], opens_at: int | None = None, width: int = 0,
        kept: NDArray[np.bool_] | None = None,
    ) -> Chunk:
        """
        Return how a chunk is to be run; nothing changes until ``commit``.

        :param is_image: (tokens,) True for visual tokens, in whole frames
        :param opens_at: index of the token that opens the next turn; None goes on with this one
        :param width: rows that are written when they are more than tokens, junk behind them
        :param kept: (tokens,) False for visual tokens that are left out; S others are run, and
            stand where they would if all were. None keeps all
        :raises AssertionError: when the chunk is longer than a turn
        """
        positions, following = stream_positions(is_image, self.grid, self._position)
        if kept is not None:
            positions = positions[:, kept]
        length = positions.shape[1]
        width = max(width, length)
        assert 0 < width <= self.turn_rows, f'{width} rows in a turn of {self.turn_rows}'
        turns = np.full(length, self._turn, np.int64)
        starts = {}
        if opens_at is not None:
            turns[opens_at:] += 1
            starts[self._turn + 1] = int(positions[0, opens_at])
        row, floor = self._place(width)
        seen = self._row_turn.copy()
        seen[row:row + width] = _STALE
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
            sink_seen=self.sink_length,
            row=row,
            floor=floor,
            turns=turns,
            next_position=following,
            starts=starts)

    def commit(self, chunk: Chunk) -> None:
        """Take a chunk as run, its keys and values written from ``chunk.row`` on."""
        end = chunk.row + len(chunk.turns)
        assert end <= self.rows, 'a chunk may not pass the end of the ring'
        self._row_turn[chunk.row:end] = chunk.turns
        self._next, self._floor = end, chunk.floor
        self._turn = int(chunk.turns[-1])
        self._position = chunk.next_position
        self._starts.update(chunk.starts)
        oldest = self._oldest(self._turn - 1)
        self._starts = {turn: at for turn, at in self._starts.items() if turn >= oldest}

    def _oldest(self, turn: int) -> int:
        return max(turn - self.window_turns + 1, self._floor)

    def _place(self, width: int) -> tuple[int, int]:
        """Return the row of a chunk's first token, and the oldest turn that is left whole."""
        row = self._next
        gone = self._row_turn[row:row + width]
        if row + width > self.rows:
            row = 0
            gone = np.concatenate([gone, self._row_turn[:width]])
        evicted = int(gone.max())
        assert evicted < self._turn or self._turn == _STALE, 'an answer longer than the ring'
        return row, max(self._floor, evicted + 1)


def ring_rows(window_turns: int, turn_rows: int) -> int:
    """
    Return the rows of a ring that shows ``window_turns`` turns.

    One turn more than that, since the close of turn t-1, run in turn t's chunk, still sees turn
    t-N; and one for where a chunk wraps. Turns are mostly shorter than the longest, which leaves
    rows for answers; when those need more, the oldest turns go a little early.
    """
    return (window_turns + 2) * turn_rows


def chunk_width(length: int, turn_rows: int) -> int:
    """Return what a chunk is padded to where shapes are few: one token, or quarters of a turn."""
    quarter = -(-turn_rows // 4)
    return 1 if length == 1 else min(turn_rows, -(-length // quarter) * quarter)
