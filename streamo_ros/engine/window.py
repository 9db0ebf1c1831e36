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
The sliding window of one instruction: which cache row holds what, and which token sees it.

The cache rows are a sink (prompt and instruction, for the life of the instruction, and what is
remembered of answers) and a ring. A
chunk takes the rows after the chunk before it; where it would pass the end of the ring, it starts
at row 0. Whole turns are evicted by overwriting them: no row ever moves, and all shapes stay.

A chunk is fed as ``close of turn t-1, opening of turn t``. Visibility goes by turn, not by
chunk: a token of turn t sees the sink and the turns ``oldest(t) .. t``, so deferring a close
changes nothing.

Positions: keys keep the absolute positions they were written with. The sink's keys stay at
theirs, from 0; against them a query is rotated to the position it would have if the evicted
turns had never existed (``sink_positions``). Only differences matter to RoPE, so this equals
numbering the whole window anew without gaps, and nothing is re-rotated, drifts or runs out.
"""

from dataclasses import dataclass
from functools import lru_cache

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
    :param is_new_turn: (S,) True for tokens of the turn that begins in the chunk
    :param ring_mask: (2, ring rows) True where a token of the turn before, and one of the new
        turn, sees a row
    :param chunk_mask: (S, S) True where a token sees a token of the chunk
    :param visible_sink_rows: how many of the sink's rows every token sees
    :param cache_offset: the row, of the ring or the sink, that the first key is written to
    :param floor: the oldest turn that is still whole
    :param turns: (S,) the turn of each token
    :param next_position: of the token that follows the chunk
    :param starts: the position at which each turn that begins in the chunk starts
    """

    positions: NDArray[np.int64]
    sink_positions: NDArray[np.int64]
    is_new_turn: NDArray[np.bool_]
    ring_mask: NDArray[np.bool_]
    chunk_mask: NDArray[np.bool_]
    visible_sink_rows: int
    cache_offset: int
    floor: int
    turns: NDArray[np.int64]
    next_position: int
    starts: dict[int, int]


@dataclass(frozen=True)
class Mark:
    """
    A place in a turn, to which a plan may return before the next turn begins.

    :param next: the row that follows
    :param position: of the token that follows
    :param own: (ring rows,) True for rows that the turn has by then
    """

    next: int
    position: int
    own: NDArray[np.bool_]


class WindowPlan:
    """
    Bookkeeping of one instruction's cache rows; pure host arithmetic.

    :param window_turns: N, the turns a token sees, its own included
    :param turn_rows: tokens of the longest chunk
    :param sink_length: positions of the sink, before those of turns
    :param grid: (rows, columns) of visual tokens in a frame; None for plain RoPE

    ``visible_sink_rows`` is how many of the sink's rows are in use, all of them unless it is set.
    """

    def __init__(
        self, *, window_turns: int, turn_rows: int, sink_length: int,
        grid: tuple[int, int] | None,
    ) -> None:
        self.window_turns = window_turns
        self.turn_rows = turn_rows
        self.sink_length = self.visible_sink_rows = sink_length
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
        """Return how many tokens the current turn can still take without evicting itself."""
        own = int((self._row_turn == self._turn).sum())
        # One turn for the next chunk, which carries this turn's close, one for where it wraps
        return self.rows - own - 2 * self.turn_rows

    @property
    def live_turns(self) -> int:
        """Return how many turns the current one sees, itself included."""
        return 0 if self._turn == _STALE else self._turn - self._oldest(self._turn) + 1

    def grow(self, turn_rows: int) -> None:
        """Add rows behind the ring's last one, for longer turns; what is in view stays."""
        self.turn_rows = turn_rows
        self.rows = ring_rows(self.window_turns, turn_rows)
        self._row_turn = np.pad(
            self._row_turn, (0, self.rows - len(self._row_turn)), constant_values=_STALE)

    def reserve(self, width: int) -> None:
        """Evict what a chunk of so many tokens would overwrite, be it committed or not."""
        self._floor = self._allocate(width)[1]

    def plan_sink(self, start: int, length: int) -> Chunk:
        """
        Return how a part of the sink is to be run; it is not committed.

        :param start: tokens of the sink that are in the cache already
        """
        positions, following = stream_positions(np.zeros(length, np.bool_), None, start)
        assert following <= self.sink_length, 'a chunk may not pass the end of the sink'
        return Chunk(
            positions=positions,
            sink_positions=positions,
            is_new_turn=np.zeros(length, np.bool_),
            ring_mask=np.zeros((2, self.rows), np.bool_),
            chunk_mask=_causal(length),
            visible_sink_rows=start,
            cache_offset=start,
            floor=0,
            turns=np.full(length, _STALE, np.int64),
            next_position=following,
            starts={})

    def plan(
        self, is_image: NDArray[np.bool_], new_turn_at: int | None = None, width: int = 0,
        kept: NDArray[np.bool_] | None = None,
    ) -> Chunk:
        """
        Return how a chunk is to be run; nothing changes until ``commit``.

        :param is_image: (tokens,) True for visual tokens, in whole frames
        :param new_turn_at: index of the first token of the next turn; None goes on with this one
        :param width: rows that are written, when padding makes them more than the tokens
        :param kept: (tokens,) False for visual tokens that are left out; the S others are run, at
            the positions they have when none is left out. None keeps all
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
        if new_turn_at is not None:
            turns[new_turn_at:] += 1
            starts[self._turn + 1] = int(positions[0, new_turn_at])
        cache_offset, floor = self._allocate(width)
        row_turn = self._row_turn.copy()
        row_turn[cache_offset:cache_offset + width] = _STALE
        is_new_turn = turns > self._turn
        # The oldest turn that is visible to the turn that closes, and to the new one
        oldest = np.maximum(self._turn + np.arange(2) - self.window_turns + 1, floor)
        known = {**self._starts, **starts}
        position_shift = np.asarray([
            known.get(int(turn), self.sink_length) - self.sink_length for turn in oldest])
        return Chunk(
            positions=positions,
            sink_positions=positions - position_shift[is_new_turn.astype(np.int64)],
            is_new_turn=is_new_turn,
            ring_mask=(row_turn >= oldest[:, None]) & (row_turn != _STALE),
            chunk_mask=_causal(length) & (turns >= oldest[is_new_turn.astype(np.int64), None]),
            visible_sink_rows=self.visible_sink_rows,
            cache_offset=cache_offset,
            floor=floor,
            turns=turns,
            next_position=following,
            starts=starts)

    def commit(self, chunk: Chunk) -> None:
        """Take a chunk as run, its keys and values written from ``chunk.cache_offset`` on."""
        end = chunk.cache_offset + len(chunk.turns)
        assert end <= self.rows, 'a chunk may not pass the end of the ring'
        self._row_turn[chunk.cache_offset:end] = chunk.turns
        self._next, self._floor = end, chunk.floor
        self._turn = int(chunk.turns[-1])
        self._position = chunk.next_position
        self._starts.update(chunk.starts)
        oldest = self._oldest(self._turn - 1)
        self._starts = {turn: at for turn, at in self._starts.items() if turn >= oldest}

    def mark(self) -> 'Mark':
        """Return how far the current turn has come."""
        return Mark(self._next, self._position, self._row_turn == self._turn)

    def rewind(self, mark: 'Mark') -> None:
        """
        Take back what was committed of the current turn since a mark.

        Turns that had to be evicted for it stay evicted: their rows were written over.
        """
        self._row_turn[(self._row_turn == self._turn) & ~mark.own] = _STALE
        self._next, self._position = mark.next, mark.position

    def _oldest(self, turn: int) -> int:
        return max(turn - self.window_turns + 1, self._floor)

    def _allocate(self, width: int) -> tuple[int, int]:
        """Return the row of a chunk's first token, and the oldest turn that is left whole."""
        cache_offset = self._next
        overwritten = self._row_turn[cache_offset:cache_offset + width]
        if cache_offset + width > self.rows:
            cache_offset = 0
            overwritten = np.concatenate([overwritten, self._row_turn[:width]])
        evicted = int(overwritten.max())
        assert evicted < self._turn or self._turn == _STALE, 'an answer longer than the ring'
        return cache_offset, max(self._floor, evicted + 1)


@lru_cache(maxsize=64)
def _causal(length: int) -> NDArray[np.bool_]:
    """Return (S, S) True where a token comes no later than another; not to be changed."""
    mask = np.tri(length, dtype=np.bool_)
    mask.flags.writeable = False
    return mask


def ring_rows(window_turns: int, turn_rows: int) -> int:
    """
    Return the rows of a ring that shows ``window_turns`` turns.

    One turn more than that, because the close of turn t-1, run in turn t's chunk, still sees turn
    t-N; and one for where a chunk wraps. Most turns are shorter than the longest, which leaves
    rows for answers; when answers need more, the oldest turns are evicted a little early.
    """
    return (window_turns + 2) * turn_rows


def chunk_width(length: int, turn_rows: int) -> int:
    """Return the width a chunk is padded to where shapes are few: 1, or quarters of a turn."""
    quarter = -(-turn_rows // 4)
    return 1 if length == 1 else min(turn_rows, -(-length // quarter) * quarter)
