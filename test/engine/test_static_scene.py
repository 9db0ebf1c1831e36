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

"""Static scenes: what the gate and the dropping of tokens give the model, and what they save."""

from dataclasses import replace

import numpy as np
import pytest

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.static_scene import SceneMemory
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import load_checkpoint

CELL = 28
ASKED = 'Tell me when something starts moving.'


class SilentBackend(OnnxRuntimeBackend):
    """The real backend; keeps the state logits of every turn and stays silent."""

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.looks = 0
        self.logits = []
        self.lengths = []
        self.widths = []

    def encode_image(self, patches, grid):
        self.looks += 1
        return super().encode_image(patches, grid)

    def step(self, first, inputs):
        outputs = super().step(first, inputs)
        if not inputs.into_sink:
            self.logits.append(outputs.states.copy())
            self.lengths.append(int(inputs.lengths[0]))
            self.widths.append(inputs.embeds.shape[1])
            outputs.states[:, State.SILENCE] = 1e9
        return outputs


def watching(still, pair=True, static_shapes=False, **options):
    """Return an engine over nano that watches one thing, and its backend."""
    checkpoint = load_checkpoint('nano')
    checkpoint = replace(checkpoint, frame=replace(checkpoint.frame, pair=pair))
    backend = SilentBackend(checkpoint)
    backend.static_shapes = static_shapes
    engine = StreamEngine(checkpoint, backend, still=still, **options)
    engine.watch(ASKED)
    return engine, backend


def scene(*changes, size=(112, 112)):
    """Return a frame of noise, and after it one for each change: (cell's row, column, by)."""
    frames = [np.random.default_rng(0).integers(60, 180, (*size, 3), np.uint8)]
    for row, column, by in changes:
        frame = frames[-1].copy()
        frame[row * CELL:(row + 1) * CELL, column * CELL:(column + 1) * CELL] += np.uint8(by)
        frames.append(frame)
    return frames


def feed(engine, frames, first=0.0):
    for stamp, frame in enumerate(frames):
        engine.step(frame, first + stamp)


def test_off_unless_asked_for_and_thresholds_of_0_change_nothing():
    frames = scene(*[(1, 1, 0)] * 5)
    plain, backend = watching(None)
    zeros, other = watching(StillScene(gate=0, drop=0))
    feed(plain, frames)
    feed(zeros, frames)
    np.testing.assert_array_equal(np.stack(backend.logits), np.stack(other.logits))
    assert backend.looks == other.looks == len(frames)
    assert plain.visual_tokens_pruned == zeros.visual_tokens_pruned == plain.skipped_frames == 0


@pytest.mark.parametrize('option', ['gate', 'drop', 'key_frame_s'])
def test_a_number_below_0_is_refused(option):
    with pytest.raises(ValueError, match=f'{option} of a still scene is -1'):
        StillScene(**{option: -1})


@pytest.mark.parametrize('pair', [True, False])
def test_a_gated_frame_is_the_one_last_shown_once_more(pair):
    # A little, a little more (much in sum), nothing, nothing, much, a little
    frames = scene((0, 0, 1), (0, 0, 1), (0, 0, 0), (0, 0, 0), (3, 2, 40), (1, 0, 1))
    shown = [frames[at] for at in (0, 0, 2, 2, 2, 5, 5)]
    gated, backend = watching(StillScene(gate=2, drop=0), pair)
    plain, other = watching(None, pair)
    feed(gated, frames)
    feed(plain, shown)
    np.testing.assert_array_equal(np.stack(backend.logits), np.stack(other.logits))
    # A pair that stands still is another picture than the pair that moved: seen once.
    assert backend.looks == (5 if pair else 3)
    assert gated.skipped_frames == len(frames) - backend.looks


def test_time_goes_on_while_the_gate_is_shut():
    gated, backend = watching(StillScene(gate=2, drop=0))
    feed(gated, scene(*[(0, 0, 0)] * 5))
    assert len(backend.lengths) == 6
    assert gated._tick == 5 and gated._sequences[0].plan.live_turns == 6


def test_slow_drift_is_caught_by_the_gate():
    frames = scene(*[(2, 1, 1)] * 9)
    memory = SceneMemory(StillScene(gate=3, drop=0, key_frame_s=99), CELL)
    shown = [memory.show(frame, float(stamp), 99) for stamp, frame in enumerate(frames)]
    assert [next(at for at, one in enumerate(frames) if one is frame) for frame in shown] == [
        0, 0, 0, 3, 3, 3, 6, 6, 6, 9]


def kept_cells(memory, frames, turns_in_view=99):
    """Return (frames, cells): whose tokens are kept, as a checkpoint that sees pairs has it."""
    kept, before = [], frames[0]
    for stamp, frame in enumerate(frames):
        frame = memory.show(frame, float(stamp), turns_in_view)
        kept.append(memory.keep(before, frame))
        before = frame
    return np.stack(kept)


def test_slow_drift_is_caught_by_the_dropping_against_what_was_last_kept():
    frames = scene(*[(2, 1, 1)] * 9)
    for at, frame in enumerate(frames):  # another cell changes all the time
        frame[:CELL, :CELL] = 100 * (at % 2)
    kept = kept_cells(SceneMemory(StillScene(gate=0, drop=3, key_frame_s=99), CELL), frames)
    assert kept[1:, 0].all()
    # As the second of a pair it has drifted by 3 one frame before it has as the first.
    assert np.nonzero(kept[:, 2 * 4 + 1])[0].tolist() == [0, 3, 6, 9]


def test_what_comes_to_rest_is_kept_once_more_and_at_least_one_token_always():
    frames = scene((1, 2, 40), (0, 0, 0), (0, 0, 0), (0, 0, 0))
    kept = kept_cells(SceneMemory(StillScene(gate=0, drop=3, key_frame_s=99), CELL), frames)
    moved = 1 * 4 + 2
    assert kept[0].all()
    # It moves; it has moved, which is another pair; then nothing is new.
    assert [np.nonzero(row)[0].tolist() for row in kept[1:3]] == [[moved], [moved]]
    assert kept[3:].sum(1).tolist() == [1, 1]


def test_pixels_out_of_the_towers_sight_change_nothing():
    frames = scene((3, 3, 0), size=(115, 120))
    frames[1][112:] += 99
    frames[1][:, 112:] += 99
    memory = SceneMemory(StillScene(gate=3, drop=3), CELL)
    assert kept_cells(memory, frames).sum(1).tolist() == [16, 1]
    assert memory.show(frames[1], 2.0, 99) is frames[0]


def test_key_frames_come_in_time_whole_and_seen():
    frames = scene(*[(1, 1, 1)] + [(0, 0, 0)] * 8)
    memory = SceneMemory(StillScene(gate=5, drop=5, key_frame_s=4.0), CELL)
    assert kept_cells(memory, frames).sum(1).tolist() == [16, 1, 1, 1, 16, 1, 1, 1, 16, 1]
    assert memory.show(frames[8], 12.0, 99) is frames[8], 'the gate was shut on a key frame'


def test_all_cells_are_in_view_at_every_turn_of_a_sliding_window():
    still, backend = watching(StillScene(gate=0, drop=5, key_frame_s=1e9), window_turns=4)
    kept = []
    keep = SceneMemory.keep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SceneMemory, 'keep', lambda *arguments: kept.append(
            keep(*arguments)) or kept[-1])
        feed(still, scene(*[(0, 0, 0)] * 19))
    for turn in range(4, 20):
        assert np.any(kept[turn - 3:turn + 1], axis=0).all()
    assert np.sum(kept, 1).tolist() == [16, 1, 1, 1] * 5
    assert still.visual_tokens_pruned == 3 * 15 / (4 * 16)


def test_a_new_instruction_gets_a_key_frame():
    still, backend = watching(StillScene())
    frames = scene(*[(0, 0, 0)] * 7)
    feed(still, frames[:4])
    still.watch('Tell me when the light goes off.')
    backend.lengths.clear()
    looks = backend.looks
    feed(still, frames[4:6], 4.0)
    assert backend.lengths[0] - backend.lengths[1] == 15
    # The key frame itself, then it and itself as a pair.
    assert backend.looks == looks + 2
    alone, other = watching(None)
    alone.watches[0].cancel()
    feed(alone, frames[:4])
    alone.watch('Tell me when the light goes off.')
    feed(alone, frames[4:5], 4.0)
    np.testing.assert_allclose(backend.logits[4][1], other.logits[0][0], atol=1e-4)


def test_the_gates_count_and_the_drop_ratio_begin_anew_with_the_stream():
    still, _ = watching(StillScene())
    frames = scene(*[(0, 0, 0)] * 3)
    feed(still, frames)
    assert still.skipped_frames == 3 and still.visual_tokens_pruned == 45 / 64
    still.reset()
    feed(still, frames[:1])
    assert still.skipped_frames == still.visual_tokens_pruned == 0


@pytest.mark.parametrize('grid', [(2, 3), None])
def test_kept_tokens_and_all_text_stay_at_their_positions(grid):
    plans = [
        WindowPlan(window_turns=3, turn_rows=20, sink_length=5, grid=grid) for _ in range(2)]
    random = np.random.default_rng(0)
    for turn in range(30):
        is_image = np.asarray([False] * 4 + [True] * 6 + [False] * 2)
        kept = ~is_image | (random.random(12) < 0.5)
        whole = plans[0].plan(is_image, 2 if turn else 0)
        some = plans[1].plan(is_image, 2 if turn else 0, 0, kept)
        for name in ('positions', 'sink_positions'):
            np.testing.assert_array_equal(getattr(some, name), getattr(whole, name)[:, kept])
        assert some.next_position == whole.next_position
        assert some.is_new_turn.sum() == whole.is_new_turn.sum() - (~kept).sum()
        assert len(some.turns) == kept.sum()
        plans[0].commit(whole)
        plans[1].commit(some)


def test_leaving_tokens_out_equals_one_forward_that_hides_them(random_model, monkeypatch):
    frames = random_model.frames(8)
    rows, columns = random_model.grid
    cell = load_checkpoint(random_model.directory).vision.cell
    for frame in frames[1:]:  # all but one cell stands still
        moving = frame[cell:2 * cell, cell:2 * cell].copy()
        frame[:] = frames[0]
        frame[cell:2 * cell, cell:2 * cell] = moving
    kept = []
    keep = SceneMemory.keep
    monkeypatch.setattr(SceneMemory, 'keep', lambda *arguments: kept.append(
        keep(*arguments)) or kept[-1])
    backend = SilentBackend(load_checkpoint(random_model.directory))
    engine = StreamEngine(
        backend._checkpoint, backend, window_turns=16, still=StillScene(gate=0, drop=4))
    engine.watch(ASKED)
    feed(engine, frames)
    assert 0.5 < engine.visual_tokens_pruned < 1
    tokenizer, prompt = engine.checkpoint.tokenizer, engine.checkpoint.system_prompt
    ids = tokenizer.encode(system_segments(prompt, tokenizer.chat) + instruction_segments(ASKED))
    due = []
    for tick in range(len(frames)):
        ids += tokenizer.encode(open_turn(time_tag(tick, 1.0), tokenizer.chat), rows * columns)
        due.append(len(ids) - 1)
        ids += tokenizer.encode(close_turn(State.SILENCE, tokenizer.chat))
    hidden = np.asarray(ids) == tokenizer.image_id
    hidden[hidden] = ~np.concatenate(kept)
    mask = np.tri(len(ids), dtype=np.bool_) & ~hidden | np.eye(len(ids), dtype=np.bool_)
    np.testing.assert_allclose(
        np.stack(backend.logits)[:, 0], random_model.logits(ids, due, frames, mask), atol=1e-4)


def test_where_shapes_are_static_shorter_turns_come_in_few_widths_and_decide_the_same():
    frames = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), np.uint8)
    stream = [frames[0]] * 4 + [frames[1]] * 3 + [frames[2]] * 9
    rigid, one = watching(StillScene(), static_shapes=True)
    free, two = watching(StillScene())
    feed(rigid, stream)
    feed(free, stream)
    np.testing.assert_allclose(np.stack(one.logits), np.stack(two.logits), atol=1e-4)
    assert rigid.visual_tokens_pruned == free.visual_tokens_pruned > 0.5
    assert len(set(one.widths)) <= 3
    assert one.widths[1] < one.widths[8], 'a turn without most tokens is as wide as a key frame'


@pytest.mark.parametrize('still', [None, StillScene()])
def test_the_caller_may_fill_one_array_again_and_again(still):
    frames = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3), np.uint8)
    fresh, backend = watching(still)
    feed(fresh, frames)
    again, other = watching(still)
    array = np.empty_like(frames[0])
    for stamp, frame in enumerate(frames):
        array[:] = frame
        again.step(array, float(stamp))
    np.testing.assert_array_equal(np.stack(backend.logits), np.stack(other.logits))


def test_who_looks_back_sees_frames_whole_that_others_were_spared():
    spared, backend = watching(StillScene(gate=2, drop=2, key_frame_s=99))
    plain, other = watching(None)
    for engine, log in ((spared, backend), (plain, other)):
        feed(engine, scene(*[(0, 0, 0)] * 4))
        log.lengths.clear()
        engine.watch('Is it dark?', look_back=True)
    assert backend.lengths == other.lengths and len(other.lengths) == 5
    assert spared.visual_tokens_pruned > 0
