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

"""The window's bookkeeping, without a model."""

import numpy as np
import pytest

from streamo_ros.engine.window import WindowPlan

SINK = 10
CLOSE, OPEN = 3, 6  # tokens; a frame of 2 by 2 tokens stands in the opening


def new_plan(window_turns=3, turn_rows=12):
    return WindowPlan(
        window_turns=window_turns, turn_rows=turn_rows, sink_length=SINK, grid=(2, 2))


def turn_tokens(first):
    is_image = np.zeros((0 if first else CLOSE) + OPEN, np.bool_)
    is_image[-5:-1] = True
    return is_image


def run(plan, turns, answers=()):
    """Feed turns; return every token's turn and every chunk's plan."""
    chunks = []
    for turn in range(turns):
        chunk = plan.plan(turn_tokens(turn == 0), 0 if turn == 0 else CLOSE)
        plan.commit(chunk)
        chunks.append(chunk)
        for _ in range(dict(answers).get(turn, 0)):
            chunk = plan.plan(np.zeros(1, np.bool_))
            plan.commit(chunk)
            chunks.append(chunk)
    return chunks


def visible_turns(plan, chunk):
    return [set(plan._row_turn[seen].tolist()) for seen in chunk.ring_mask]


def test_a_token_sees_the_last_n_turns_and_its_own():
    plan = new_plan()
    run(plan, 8)
    chunk = plan.plan(turn_tokens(False), CLOSE)
    close, opening = visible_turns(plan, chunk)[0], visible_turns(plan, chunk)[-1]
    assert close == {5, 6, 7}  # the close belongs to turn 7
    assert opening == {6, 7}  # turn 8 itself stands in the chunk
    assert chunk.chunk_mask[CLOSE:, :CLOSE].all()
    assert (chunk.chunk_mask == np.tri(CLOSE + OPEN)).all()


def test_with_a_window_of_one_turn_the_old_close_is_out_of_sight():
    plan = new_plan(window_turns=1)
    run(plan, 3)
    chunk = plan.plan(turn_tokens(False), CLOSE)
    assert not chunk.ring_mask[CLOSE:].any()
    assert not chunk.chunk_mask[CLOSE:, :CLOSE].any()


def test_no_write_passes_the_end_of_the_ring_nor_what_is_still_seen():
    plan = new_plan()
    held = np.full(plan.rows, -1)
    chunks = run(plan, 50, answers=[(turn, turn % 15) for turn in range(50)])
    for chunk in chunks:
        end = chunk.cache_offset + len(chunk.turns)
        assert end <= plan.rows
        held[chunk.cache_offset:end] = chunk.turns
    np.testing.assert_array_equal(plan._row_turn, held)
    assert {chunk.cache_offset for chunk in chunks} > {0}, 'the ring never wrapped'


def test_n_whole_turns_stay_in_view_wherever_the_ring_wraps():
    random = np.random.default_rng(0)
    plan = WindowPlan(window_turns=3, turn_rows=12, sink_length=SINK, grid=None)
    fed: dict[int, int] = {}
    for turn in range(500):
        close, opening = random.choice([1, 2, 6]), random.choice([1, 5, 6])
        chunk = plan.plan(np.zeros(close + opening, np.bool_), int(close))
        for kind, oldest in enumerate((turn - 3, turn - 2)):
            seen = plan._row_turn[chunk.ring_mask[kind]]
            for whole in range(max(0, oldest), turn):
                assert (seen == whole).sum() == fed[whole]
        plan.commit(chunk)
        fed[turn - 1] = fed.get(turn - 1, 0) + close
        fed[turn] = opening


def test_junk_behind_a_padded_chunk_is_written_over_nothing_that_is_seen():
    plan = new_plan()
    for turn in range(40):
        chunk = plan.plan(turn_tokens(turn == 0), 0 if turn == 0 else CLOSE, width=12)
        assert chunk.cache_offset + 12 <= plan.rows
        assert not chunk.ring_mask[:, chunk.cache_offset:chunk.cache_offset + 12].any()
        plan.commit(chunk)
        plan._row_turn[chunk.cache_offset + len(chunk.turns):chunk.cache_offset + 12] = -1
        assert plan.live_turns == min(turn + 1, 3)


def test_rows_about_to_be_overwritten_are_seen_by_nobody():
    plan = new_plan()
    for turn in range(40):
        chunk = plan.plan(turn_tokens(turn == 0), 0 if turn == 0 else CLOSE)
        end = chunk.cache_offset + len(chunk.turns)
        assert not chunk.ring_mask[:, chunk.cache_offset:end].any()
        plan.commit(chunk)


def test_positions_run_on_and_the_sink_stays_as_near_as_in_a_contiguous_window():
    plan = new_plan()
    chunks = run(plan, 30)
    spans = [chunk.next_position for chunk in chunks]
    assert (np.diff(spans) == CLOSE + 2 + 2).all()  # a 2 by 2 frame takes two positions
    last = chunks[-1]
    # Three turns in view: the sink, two whole turns, and this one.
    assert last.sink_positions[0, -1] == SINK + 3 * 7 - CLOSE - 1
    assert (chunks[-1].sink_positions[:, CLOSE:] == chunks[-9].sink_positions[:, CLOSE:]).all()


def test_a_split_turn_sees_and_sits_as_a_whole_one():
    whole, split = new_plan(), new_plan()
    run(whole, 9)
    run(split, 9)
    tokens = turn_tokens(False)
    together = whole.plan(tokens, CLOSE)
    parts = []
    for start, stop, new_turn_at in ((0, CLOSE, None), (CLOSE, len(tokens), 0)):
        part = split.plan(tokens[start:stop], new_turn_at)
        split.commit(part)
        parts.append(part)
    for name in ('positions', 'sink_positions'):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, name) for part in parts], 1), getattr(together, name))
    assert visible_turns(split, parts[0])[0] >= {6, 7, 8}


def test_an_answer_takes_no_more_rows_than_it_has_tokens():
    plan = new_plan()
    run(plan, 4)
    offset = plan.plan(np.zeros(1, np.bool_)).cache_offset
    assert offset == 4 * (CLOSE + OPEN) - CLOSE


def test_long_answers_make_the_oldest_turns_go_early_and_whole():
    plan = new_plan(window_turns=3)
    run(plan, 12, answers=[(9, 30), (10, 30), (11, 20)])
    chunk = plan.plan(turn_tokens(False), CLOSE)
    seen = visible_turns(plan, chunk)[-1]
    assert seen and seen < {10, 11, 12}
    assert (chunk.sink_positions[:, CLOSE:] >= SINK).all()


def test_what_was_rewound_is_seen_by_nobody_and_the_turn_goes_on_where_it_was():
    plan, other = new_plan(), new_plan()
    for one in plan, other:
        run(one, 5, {4: 2})
    mark = plan.mark()
    evicted = 0
    while plan.answer_room > 0:
        plan.commit(plan.plan(np.zeros(1, np.bool_)))
        evicted += 1
    plan.rewind(mark)
    chunk, plain = (one.plan(turn_tokens(False), CLOSE) for one in (plan, other))
    assert evicted > 0
    np.testing.assert_array_equal(chunk.positions, plain.positions)
    assert chunk.cache_offset == plain.cache_offset
    # Only whole turns that were written over are gone; of the current one all is as before.
    assert visible_turns(plan, chunk)[0] <= visible_turns(other, plain)[0]
    for now, then in zip(chunk.ring_mask, plain.ring_mask, strict=True):
        assert not (now & ~then).any()
        own = other._row_turn == 4
        np.testing.assert_array_equal(now[own], then[own])


def test_an_answer_is_stopped_before_it_would_evict_itself():
    plan = new_plan()
    run(plan, 4)
    room = plan.answer_room
    for _ in range(room):
        plan.commit(plan.plan(np.zeros(1, np.bool_)))
    assert plan.answer_room == 0
    plan.commit(plan.plan(turn_tokens(False), CLOSE))  # the next turn still fits
    assert plan.live_turns >= 1


def test_a_chunk_longer_than_a_turn_is_refused():
    with pytest.raises(AssertionError, match='13 rows in a turn of 12'):
        new_plan().plan(np.zeros(13, np.bool_), 0)


def test_planning_alone_changes_nothing():
    plan = new_plan()
    run(plan, 6)
    first = plan.plan(turn_tokens(False), CLOSE)
    second = plan.plan(turn_tokens(False), CLOSE)
    for name in ('positions', 'sink_positions', 'ring_mask', 'chunk_mask'):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.cache_offset == second.cache_offset
