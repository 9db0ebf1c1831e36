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

"""What is exact about the engine, against Hugging Face's own forward on random weights."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_pieces
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_pieces
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.onnxruntime_backend import OnnxRuntimeBackend
from streamo_ros.engine.rope import Rope
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import load_checkpoint

TOLERANCE = 1e-4
QUESTIONS = ('Tell me when the light goes off.', 'Say so when it </Response> moves <|im_end|>!')


class Recorder(OnnxRuntimeBackend):
    """The real backend; keeps the state logits of every turn, and then says when to respond."""

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.logits: list[NDArray[np.float32]] = []
        self.respond_at: tuple[int, ...] = ()

    def step(self, first, inputs):
        outputs = super().step(first, inputs)
        if not inputs.into_sink and inputs.embeds.shape[1] > 1:
            self.logits.append(outputs.states.copy())
            outputs.states[:, State.RESPONSE] = 1e9 * (
                1 if len(self.logits) - 1 in self.respond_at else -1)
        return outputs


def watching(directory, questions=QUESTIONS, window_turns=16, **options):
    checkpoint = load_checkpoint(directory)
    backend = Recorder(checkpoint)
    engine = StreamEngine(checkpoint, backend, window_turns=window_turns, **options)
    for question in questions:
        engine.watch(question)
    return engine, backend


def logits_of(directory, frames, **options):
    """Return (T, questions, 3) logits of a stream that never answers, and its states."""
    engine, backend = watching(directory, **options)
    ticks = [engine.step(frame, float(stamp)) for stamp, frame in enumerate(frames)]
    return np.stack(backend.logits), [[decision.state for decision in tick] for tick in ticks]


def stream_ids(checkpoint, grid, question, states):
    """Return the ids of a stream without answers, the turn of each, and where states are due."""
    tokenizer = checkpoint.tokenizer
    ids = tokenizer.encode(
        system_pieces(checkpoint.system_prompt, tokenizer.chat) + instruction_pieces(question))
    turns, due = [-1] * len(ids), []
    for tick, state in enumerate(states):
        ids += tokenizer.encode(
            open_turn(time_tag(tick, 1.0), tokenizer.chat), grid[0] * grid[1])
        due.append(len(ids) - 1)
        ids += tokenizer.encode(close_turn(state, tokenizer.chat))
        turns += [tick] * (len(ids) - len(turns))
    return ids, np.asarray(turns), due


def reference_logits(random_model, frames, question, states, window_turns=None):
    """Return (T, 3) from one full forward over all turns; a window hides turns by its mask."""
    ids, turn, due = stream_ids(
        load_checkpoint(random_model.directory), random_model.grid, question, states)
    mask = np.tri(len(ids), dtype=np.bool_)
    if window_turns is not None:
        mask &= (turn == -1)[None] | (turn[None] > turn[:, None] - window_turns)
    return random_model.logits(ids, due, frames, mask)


def test_equals_hugging_face_while_nothing_is_evicted(random_model):
    frames = random_model.frames(10)
    logits, states = logits_of(random_model.directory, frames)
    for index, question in enumerate(QUESTIONS):
        np.testing.assert_allclose(logits[:, index], reference_logits(
            random_model, frames, question, [tick[index] for tick in states]),
            atol=TOLERANCE)


def test_eviction_equals_one_masked_forward_over_all_turns(random_model, monkeypatch):
    """With the sink at absolute distance, which is what a single forward can express."""
    frames = random_model.frames(10)
    plan = WindowPlan.plan

    def absolute(self, *arguments):
        chunk = plan(self, *arguments)
        return replace(chunk, sink_positions=chunk.positions)

    monkeypatch.setattr(WindowPlan, 'plan', absolute)
    logits, states = logits_of(random_model.directory, frames, window_turns=4)
    for index, question in enumerate(QUESTIONS):
        np.testing.assert_allclose(logits[:, index], reference_logits(
            random_model, frames, question, [tick[index] for tick in states],
            window_turns=4), atol=TOLERANCE)


def test_eviction_keeps_the_sink_at_the_distance_of_a_contiguous_window(random_model):
    frames = random_model.frames(10)
    engine, _ = watching(random_model.directory, QUESTIONS[:1], window_turns=4)
    for stamp, frame in enumerate(frames):
        engine.step(frame, float(stamp))
    plan = engine._places[0].plan
    chunk = plan.plan(np.zeros(3, np.bool_), 1)
    gone = chunk.positions - chunk.sink_positions
    # Turn 9 sees turns 6 to 9 and turn 10 sees 7 to 10: what lies before is as if never been.
    assert (gone[:, 0] == plan._starts[6] - plan.sink_length).all()
    assert (gone[:, 1:] == plan._starts[7] - plan.sink_length).all()


def test_rotating_queries_to_the_sink_equals_moving_the_sinks_keys(random_model, monkeypatch):
    """The same window, once as it is run and once with every sink key turned at every step."""
    frames = random_model.frames(10)
    expected, _ = logits_of(
        random_model.directory, frames, window_turns=4, questions=QUESTIONS[:1])
    gone = []
    plan, step = WindowPlan.plan, OnnxRuntimeBackend.step

    def absolute(self, *arguments):
        chunk = plan(self, *arguments)
        gone[:] = np.unique(chunk.positions - chunk.sink_positions)
        return replace(chunk, sink_positions=chunk.positions)

    def moved(self, first, inputs):
        if inputs.into_sink:
            return step(self, first, inputs)
        (distance,) = gone
        cos, sin = Rope(self._checkpoint.decoder, self.dtype)(np.full((3, 1), distance))
        masters = self._sink
        self._sink = [cache.copy() for cache in masters]
        for keys in self._sink[::2]:
            one, two = np.split(keys, 2, axis=-1)
            keys[:] = np.concatenate([one * cos - two * sin, two * cos + one * sin], -1)
        self._in_use = (None, [])
        outputs = step(self, first, inputs)
        self._sink = masters
        return outputs

    monkeypatch.setattr(WindowPlan, 'plan', absolute)
    monkeypatch.setattr(OnnxRuntimeBackend, 'step', moved)
    engine, backend = watching(random_model.directory, QUESTIONS[:1], window_turns=4)
    run = engine._run

    def close_first(first, chunks, tokens):
        # A close still sees the window of its own turn, so the sink lies elsewhere for it.
        ((close, opening),) = chunks
        if close and opening:
            run(first, [(close, [])], None)
            backend.logits.pop()
            close = []
        return run(first, [(close, opening)], tokens)

    monkeypatch.setattr(engine, '_run', close_first)
    for stamp, frame in enumerate(frames):
        engine.step(frame, float(stamp))
    assert gone[0] > 0, 'nothing was evicted: nothing was tested'
    np.testing.assert_allclose(np.stack(backend.logits), expected, atol=TOLERANCE)


def test_what_unused_rows_hold_changes_nothing(random_model, monkeypatch):
    frames = random_model.frames(10)
    expected, _ = logits_of(random_model.directory, frames, window_turns=4)
    allocate = OnnxRuntimeBackend.allocate

    def poisoned(self, places, sink_rows, ring_rows):
        allocate(self, places, sink_rows, ring_rows)
        for cache in self._sink:
            cache.fill(np.nan)
        for cache in self._ring:
            cache[:, :, :ring_rows] = np.nan

    monkeypatch.setattr(OnnxRuntimeBackend, 'allocate', poisoned)
    got, _ = logits_of(random_model.directory, frames, window_turns=4)
    np.testing.assert_array_equal(got, expected)


def test_instructions_in_a_batch_decide_as_each_alone(random_model):
    frames = random_model.frames(10)
    together, _ = logits_of(random_model.directory, frames, window_turns=5)
    for index, question in enumerate(QUESTIONS):
        alone, _ = logits_of(random_model.directory, frames, window_turns=5, questions=(question,))
        np.testing.assert_allclose(together[:, index], alone[:, 0], atol=TOLERANCE)


def test_a_cancelled_instruction_leaves_the_others_as_they_were(random_model):
    frames = random_model.frames(10)
    alone, _ = logits_of(random_model.directory, frames, questions=QUESTIONS[1:])
    engine, backend = watching(random_model.directory)
    for stamp, frame in enumerate(frames):
        if stamp == 5:
            engine.watches[0].cancel()
        engine.step(frame, float(stamp))
    got = [logits[-1] for logits in backend.logits]
    np.testing.assert_allclose(np.stack(got), alone[:, 0], atol=TOLERANCE)


def test_an_answer_stays_in_the_context_as_trained(random_model):
    """Answers, their spill into further slots included, equal one forward that contains them."""
    frames = random_model.frames(10)
    engine, backend = watching(random_model.directory, QUESTIONS[:1], max_answer_tokens=90)
    tokenizer = engine.checkpoint.tokenizer
    # The first answer is cut by its limit, the second comes to an end.
    backend.respond_at, lengths = (2, 6), [90, 5]
    said = []
    words = backend.words

    def remembering(hidden):
        logits = words(hidden)
        logits[:, sorted(tokenizer.control_ids)] = -1e9
        if len(said) == lengths[0]:
            logits[:, tokenizer.end_id] = 1e9
        said.append(int(logits[0].argmax()))
        return logits

    backend.words = remembering
    ids, _, due = stream_ids(engine.checkpoint, random_model.grid, QUESTIONS[0], [])
    for tick, frame in enumerate(frames):
        decision = engine.step(frame, float(tick))[0]
        ids += tokenizer.encode(
            open_turn(time_tag(tick, 1.0), tokenizer.chat),
            random_model.grid[0] * random_model.grid[1])
        due.append(len(ids) - 1)
        if decision.state is State.RESPONSE:
            assert len(said) == lengths.pop(0) + decision.complete
            answer = said[:-1] if decision.complete else said
            ids += [tokenizer.state_ids[State.RESPONSE], *answer]
            said.clear()
            ids += tokenizer.encode(close_turn(None, tokenizer.chat))
        else:
            ids += tokenizer.encode(close_turn(decision.state, tokenizer.chat))
    assert not lengths
    np.testing.assert_allclose(
        np.stack(backend.logits)[:, 0], random_model.logits(ids, due, frames), atol=TOLERANCE)
