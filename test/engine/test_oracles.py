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
What is exact about the engine, against Hugging Face's own forward on random weights.

Each oracle holds for every family, on ONNX Runtime in float32 and on torch in float64, where what
is left of a difference is rounding.
"""

from contextlib import nullcontext
import copy
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from random_model import in_double
from random_model import RandomModel

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.rope import Rope
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint
from streamo_ros.models.positions import stream_positions

QUESTIONS = ('Tell me when the light goes off.', 'Say so when it </Response> moves <|im_end|>!')
# What runs the model, and how near it comes to the reference.
KINDS = {'onnxruntime': 1e-4, 'float64': 1e-9}


class Recorder:
    """
    A backend and its log: the state logits of every turn. It never responds unless it is told to.

    :param respond_at: the turns in which every instruction responds
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.static_shapes, self.dtype = backend.static_shapes, backend.dtype
        self.logits: list[Any] = []
        self.respond_at: tuple[int, ...] = ()
        self._computing = in_double if self.dtype == np.float64 else nullcontext

    def __getattr__(self, name):
        return getattr(self.backend, name)

    def encode_image(self, patches, grid):
        with self._computing():
            return self.backend.encode_image(patches, grid)

    def run(self, first, inputs):
        """Run the backend's step; what a test puts around it goes here."""
        with self._computing():
            return self.backend.step(first, inputs)

    def step(self, first, inputs):
        outputs = self.run(first, inputs)
        if not inputs.into_sink and inputs.embeds.shape[1] > 1:
            self.logits.append(outputs.states.copy())
            outputs.states[:, State.RESPONSE] = 1e9 * (
                1 if len(self.logits) - 1 in self.respond_at else -1)
        return outputs


@dataclass(frozen=True)
class Subject:
    """A random model under one backend."""

    kind: str
    checkpoint: Checkpoint
    reference: RandomModel
    backend: Backend

    @property
    def tolerance(self) -> float:
        return KINDS[self.kind]

    def watching(self, questions=QUESTIONS, window_turns=16, backend=None, **options):
        recorder = Recorder(backend or self.backend)
        engine = StreamEngine(self.checkpoint, recorder, window_turns=window_turns, **options)
        for question in questions:
            engine.watch(question)
        return engine, recorder

    def logits(self, frames, **options):
        """Return (T, questions, 3) logits of a stream that never answers, and its states."""
        engine, recorder = self.watching(**options)
        states = [[decision.state for decision in tick] for tick in run(engine, frames)]
        return np.stack(recorder.logits), states

    def expected(self, ids, due, frames, mask=None, positions=None):
        """Return (T, 3) from one full forward of Hugging Face's model."""
        with in_double() if self.kind == 'float64' else nullcontext():
            return self.reference.logits(ids, due, frames, mask, positions)

    def expected_of(self, frames, question, states, window_turns=None, tags=None):
        """Return the same over all turns of a stream; a window hides turns by its mask."""
        ids, turn, due = stream_ids(self.checkpoint, self.reference.grid, question, states, tags)
        mask = np.tri(len(ids), dtype=np.bool_)
        if window_turns is not None:
            mask &= (turn == -1)[None] | (turn[None] > turn[:, None] - window_turns)
        return self.expected(ids, due, frames, mask)

    def assert_equal(self, got, expected):
        np.testing.assert_allclose(got, expected, rtol=0, atol=self.tolerance)


def new_backend(kind: str, checkpoint: Checkpoint) -> Backend:
    if kind == 'onnxruntime':
        return OnnxRuntimeBackend(checkpoint)
    import torch

    from streamo_ros.engine.backends.torch import TorchBackend
    torch.set_num_threads(1)  # more only wait for one another on models this small
    return TorchBackend(checkpoint, 'cpu', getattr(torch, kind))


@pytest.fixture(scope='module', params=KINDS)
def subject(request, random_model):
    checkpoint = load_checkpoint(random_model.directory)
    reference = random_model.double() if request.param == 'float64' else random_model
    return Subject(request.param, checkpoint, reference, new_backend(request.param, checkpoint))


def run(engine, frames):
    return [engine.step(frame, float(stamp)) for stamp, frame in enumerate(frames)]


def stream_ids(checkpoint, grid, question, states, tags=None):
    """Return the ids of a stream without answers, the turn of each, and where states are due."""
    tokenizer = checkpoint.tokenizer
    ids = tokenizer.encode(
        system_segments(checkpoint.system_prompt, tokenizer.chat) + instruction_segments(question))
    turns, due = [-1] * len(ids), []
    for tick, state in enumerate(states):
        ids += tokenizer.encode(
            open_turn(tags[tick] if tags else time_tag(tick, 1.0), tokenizer.chat),
            grid[0] * grid[1])
        due.append(len(ids) - 1)
        ids += tokenizer.encode(close_turn(state, tokenizer.chat))
        turns += [tick] * (len(ids) - len(turns))
    return ids, np.asarray(turns), due


def absolute_sink(monkeypatch):
    """Leave the sink at absolute distance, which is what a single forward can express."""
    plan, distances = WindowPlan.plan, []

    def absolute(self, *arguments):
        chunk = plan(self, *arguments)
        distances[:] = np.unique(chunk.positions - chunk.sink_positions)
        return replace(chunk, sink_positions=chunk.positions)

    monkeypatch.setattr(WindowPlan, 'plan', absolute)
    return distances


def feeding_in_pieces(engine, recorder, monkeypatch, pieces):
    """Feed each turn of a lone instruction as several chunks, of which the last one counts."""
    whole, image = engine._run, engine.checkpoint.tokenizer.image_id

    def in_pieces(first, chunks, tokens):
        ((close, opening),) = chunks
        recorded = len(recorder.logits)
        for piece in pieces(close, opening):
            del recorder.logits[recorded:]
            outputs = whole(
                first, [piece], tokens if image in sum(piece, []) else None)
        return outputs

    monkeypatch.setattr(engine, '_run', in_pieces)


# 1


def test_equals_hugging_face_while_nothing_is_evicted(subject):
    frames = subject.reference.frames(10)
    logits, states = subject.logits(frames)
    for index, question in enumerate(QUESTIONS):
        subject.assert_equal(logits[:, index], subject.expected_of(
            frames, question, [tick[index] for tick in states]))


def test_an_answer_stays_in_the_context_as_trained(subject):
    """Answers, those longer than turns included, equal one forward that contains them."""
    frames = subject.reference.frames(10)
    engine, recorder = subject.watching(QUESTIONS[:1], max_answer_tokens=90)
    tokenizer = engine.checkpoint.tokenizer
    # The first answer is cut by its limit, the second comes to an end.
    recorder.respond_at, lengths = (2, 6), [90, 5]
    said = []
    words = recorder.compute_logits

    def remembering(hidden):
        logits = words(hidden)
        logits[:, sorted(tokenizer.control_ids)] = -1e9
        if len(said) == lengths[0]:
            logits[:, tokenizer.end_id] = 1e9
        said.append(int(logits[0].argmax()))
        return logits

    recorder.compute_logits = remembering
    ids, _, due = stream_ids(engine.checkpoint, subject.reference.grid, QUESTIONS[0], [])
    for tick, frame in enumerate(frames):
        decision = engine.step(frame, float(tick))[0]
        ids += tokenizer.encode(
            open_turn(time_tag(tick, 1.0), tokenizer.chat),
            subject.reference.grid[0] * subject.reference.grid[1])
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
    subject.assert_equal(np.stack(recorder.logits)[:, 0], subject.expected(ids, due, frames))


# 2


def test_eviction_equals_one_masked_forward_over_all_turns(subject, monkeypatch):
    frames = subject.reference.frames(10)
    absolute_sink(monkeypatch)
    logits, states = subject.logits(frames, window_turns=4)
    for index, question in enumerate(QUESTIONS):
        subject.assert_equal(logits[:, index], subject.expected_of(
            frames, question, [tick[index] for tick in states], window_turns=4))


def test_a_change_of_rate_keeps_the_window_and_goes_on_with_other_tags(subject, monkeypatch):
    absolute_sink(monkeypatch)
    frames = subject.reference.frames(27)
    engine, recorder = subject.watching(QUESTIONS[:1], window_turns=6)
    rates = [(1.0, range(0, 9)), (3.0, range(25, 35)), (0.5, range(6, 14))]
    states, tags, rows = [], [], []
    for rate, ticks in rates:
        engine.reconfigure(rate, Thresholds())
        for tick in ticks:
            states += [engine.step(frames[len(states)], tick / rate)[0].state]
            tags.append(time_tag(tick, rate))
        rows.append(engine._layout.turn_rows)
    assert tags[8:11] == ['<8s-9s>', '<8.333s-8.667s>', '<8.667s-9s>']
    assert tags[18:20] == ['<11.333s-11.667s>', '<12s-14s>']
    assert rows[0] < rows[1] == rows[2]  # longer tags than there was room for
    subject.assert_equal(np.stack(recorder.logits)[:, 0], subject.expected_of(
        frames, QUESTIONS[0], states, window_turns=6, tags=tags))


# 3


def test_eviction_keeps_the_sink_at_the_distance_of_a_contiguous_window(subject):
    engine, _ = subject.watching(QUESTIONS[:1], window_turns=4)
    run(engine, subject.reference.frames(10))
    plan = engine._sequences[0].plan
    chunk = plan.plan(np.zeros(3, np.bool_), 1)
    position_shift = chunk.positions - chunk.sink_positions
    # Turn 9 sees turns 6 to 9 and turn 10 sees 7 to 10: what lies before is as if never been.
    assert (position_shift[:, 0] == plan._starts[6] - plan.sink_length).all()
    assert (position_shift[:, 1:] == plan._starts[7] - plan.sink_length).all()


def test_rotating_queries_to_the_sink_equals_moving_the_sinks_keys(subject, monkeypatch):
    """The same window, once as it is run and once with every sink key turned at every step."""
    frames = subject.reference.frames(10)
    expected, _ = subject.logits(frames, window_turns=4, questions=QUESTIONS[:1])
    gone = absolute_sink(monkeypatch)
    engine, recorder = subject.watching(QUESTIONS[:1], window_turns=4)
    rope = Rope(subject.checkpoint.decoder, subject.backend.dtype)
    step = recorder.run

    def moved(first, inputs):
        if inputs.into_sink:
            return step(first, inputs)
        (distance,) = gone
        masters = copy.deepcopy(recorder.sink)
        for keys in recorder.sink[::2]:
            rotate(keys, *rope(np.full((3, 1), distance)))
        subject.backend.copy_sink(0, 0)  # that it looks at its sink anew
        outputs = step(first, inputs)
        for cache, master in zip(recorder.sink, masters, strict=True):
            cache[:] = master
        return outputs

    recorder.run = moved
    # A close still sees the window of its own turn, so the sink lies elsewhere for it.
    feeding_in_pieces(engine, recorder, monkeypatch, lambda close, opening: [
        *([(close, [])] if close else []), ([], opening)])
    run(engine, frames)
    assert gone[0] > 0, 'nothing was evicted: nothing was tested'
    subject.assert_equal(np.stack(recorder.logits), expected)


def rotate(keys, cos, sin):
    """Rotate an array's or tensor's keys in place."""
    if not isinstance(keys, np.ndarray):
        import torch
        cos, sin = torch.from_numpy(cos), torch.from_numpy(sin)
    half = keys.shape[-1] // 2
    one, two = copy.deepcopy(keys[..., :half]), copy.deepcopy(keys[..., half:])
    keys[..., :half], keys[..., half:] = one * cos - two * sin, two * cos + one * sin


# 4


def _apart(frame):
    """Return a frame and the last two tokens, unless they are of the frame, as pieces."""
    return [(frame, [])] if frame[-2] == frame[0] else [(frame[:-2], []), (frame[-2:], [])]


@pytest.mark.parametrize('pieces', [
    pytest.param(lambda close, opening, image: [(close, opening)], id='whole'),
    pytest.param(lambda close, opening, image: [
        *([(close, [])] if close else []), ([], opening)], id='its close at once'),
    pytest.param(lambda close, opening, image: [
        (close, opening[:image]), (opening[image:], [])], id='words and frame apart'),
    pytest.param(lambda close, opening, image: [
        (close, opening[:1]), *(([word], []) for word in opening[1:image]),
        *_apart(opening[image:])], id='word by word'),
])
def test_however_a_turn_is_fed_it_comes_to_the_same(subject, pieces, monkeypatch):
    frames = subject.reference.frames(10)
    expected, _ = subject.logits(frames, window_turns=4, questions=QUESTIONS[:1])
    engine, recorder = subject.watching(QUESTIONS[:1], window_turns=4)
    image = subject.checkpoint.tokenizer.image_id
    feeding_in_pieces(engine, recorder, monkeypatch, lambda close, opening: pieces(
        close, opening, opening.index(image)))
    run(engine, frames)
    subject.assert_equal(np.stack(recorder.logits), expected)


def test_what_a_turn_is_padded_with_changes_nothing(subject):
    frames = subject.reference.frames(10)
    expected, _ = subject.logits(frames, window_turns=4)
    engine, recorder = subject.watching(window_turns=4)
    recorder.static_shapes = True
    random, padded, step = np.random.default_rng(3), [], recorder.run

    def with_junk(first, inputs):
        for index, length in enumerate(inputs.lengths):
            junk = inputs.embeds[index, length:]
            junk[:] = random.normal(0, 5, junk.shape)
            for rotary in (inputs.cos, inputs.sin, inputs.sink_cos, inputs.sink_sin):
                rotary[index, length:] = random.uniform(-1, 1, rotary[index, length:].shape)
            padded.append(len(junk))
        return step(first, inputs)

    recorder.run = with_junk
    run(engine, frames)
    assert sum(padded) > 0, 'nothing was padded: nothing was tested'
    subject.assert_equal(np.stack(recorder.logits), expected)


# 5


def test_what_unused_rows_hold_changes_nothing(subject):
    frames = subject.reference.frames(10)
    expected, _ = subject.logits(frames, window_turns=4)
    engine, recorder = subject.watching(window_turns=4)

    def poisoned(max_batch, sink_rows, ring_rows):
        subject.backend.allocate(max_batch, sink_rows, ring_rows)
        for cache in recorder.sink:
            cache[:] = np.nan
        for cache in recorder.ring:
            cache[:, :, :ring_rows] = np.nan

    recorder.allocate = poisoned
    run(engine, frames)
    np.testing.assert_array_equal(np.stack(recorder.logits), expected)


def test_the_order_of_the_rings_rows_changes_nothing(subject):
    frames = subject.reference.frames(10)
    expected, _ = subject.logits(frames, window_turns=4, questions=QUESTIONS[:1])
    engine, recorder = subject.watching(QUESTIONS[:1], window_turns=4)
    random, step = np.random.default_rng(4), recorder.run

    def shuffled(first, inputs):
        if inputs.into_sink:
            return step(first, inputs)
        # All rows but those that the chunk is about to take.
        rows = inputs.ring_mask.shape[2]
        free = np.setdiff1d(
            np.arange(rows), inputs.cache_offsets[0] + np.arange(inputs.embeds.shape[1]))
        order = np.arange(rows)
        order[free] = random.permutation(free)
        reorder(recorder.ring, order)
        outputs = step(first, replace(inputs, ring_mask=inputs.ring_mask[:, :, order]))
        reorder(recorder.ring, np.argsort(order))
        return outputs

    recorder.run = shuffled
    run(engine, frames)
    subject.assert_equal(np.stack(recorder.logits), expected)


def reorder(caches, order):
    for cache in caches:
        cache[:, :, :len(order)] = cache[:, :, order]


# 6


def test_instructions_in_a_batch_decide_as_each_alone(subject):
    frames = subject.reference.frames(10)
    together, _ = subject.logits(frames, window_turns=5)
    for index, question in enumerate(QUESTIONS):
        alone, _ = subject.logits(frames, window_turns=5, questions=(question,))
        subject.assert_equal(together[:, index], alone[:, 0])


def test_a_cancelled_instruction_leaves_the_others_as_they_were(subject):
    frames = subject.reference.frames(10)
    alone, _ = subject.logits(frames, questions=QUESTIONS[1:])
    engine, recorder = subject.watching()
    for stamp, frame in enumerate(frames):
        if stamp == 5:
            engine.watches[0].cancel()
        engine.step(frame, float(stamp))
    got = [logits[-1] for logits in recorder.logits]
    subject.assert_equal(np.stack(got), alone[:, 0])


def test_two_streams_turn_by_turn_decide_as_each_alone(subject):
    streams = subject.reference.frames(16).reshape(2, 8, *subject.reference.frames(1).shape[1:])
    other = new_backend(subject.kind, subject.checkpoint)
    options = [{'questions': QUESTIONS, 'window_turns': 3, 'backend': subject.backend},
               {'questions': QUESTIONS[1:], 'window_turns': 5, 'backend': other}]
    alone = [subject.logits(frames, **option)[0]
             for frames, option in zip(streams, options, strict=True)]
    engines, recorders = zip(
        *(subject.watching(**option) for option in options), strict=True)
    for stamp in range(8):
        for engine, frames in zip(engines, streams, strict=True):
            engine.step(frames[stamp], float(stamp))
    for recorder, expected in zip(recorders, alone, strict=True):
        np.testing.assert_array_equal(np.stack(recorder.logits), expected)


# 9


def test_backends_agree_and_answer_with_the_same_tokens(random_model):
    checkpoint = load_checkpoint(random_model.directory)
    frames, heard, logits = random_model.frames(10), [], []
    for kind in ('onnxruntime', 'float32'):
        recorder = Recorder(new_backend(kind, checkpoint))
        recorder.respond_at = (1, 5, 8)
        said, words = [], recorder.compute_logits

        def never_ending(hidden, words=words, said=said):
            answer = words(hidden)
            answer[:, sorted(checkpoint.tokenizer.control_ids)] = -1e9
            said.append(int(answer[0].argmax()))
            return answer

        recorder.compute_logits = never_ending
        engine = StreamEngine(checkpoint, recorder, window_turns=4, max_answer_tokens=20)
        for question in QUESTIONS:
            engine.watch(question)
        run(engine, frames)
        heard.append(said)
        logits.append(np.stack(recorder.logits))
    assert len(heard[0]) == 3 * 2 * 20
    assert heard[0] == heard[1]
    np.testing.assert_allclose(*logits, rtol=0, atol=1e-4)


# 10


@pytest.mark.parametrize('asked', [2, 3, 8])
def test_looking_back_equals_having_stood_silent_since_the_window_began(subject, asked):
    """Of 4 turns; asked before the window is full, when it just is, and after it has slid."""
    frames = subject.reference.frames(10)
    begun = max(0, asked - 3)

    def ask_at(tick, **how):
        """Return the new instruction's logits from the tick of asking on, another beside it."""
        engine, recorder = subject.watching(QUESTIONS[:1], window_turns=4)
        step = recorder.run

        def silent_until_asked(first, inputs):
            outputs = step(first, inputs)
            if not inputs.into_sink and engine._tick < asked:
                outputs.states[:, State.SILENCE] = 1e8
            return outputs

        recorder.run = silent_until_asked
        for stamp, frame in enumerate(frames):
            if stamp == tick:
                engine.watch(QUESTIONS[1], **how)
            engine.step(frame, float(stamp))
        return np.stack([logits[1] for logits in recorder.logits if len(logits) == 2][asked - 10:])

    subject.assert_equal(ask_at(asked, look_back=True), ask_at(begun))
    assert np.abs(ask_at(asked) - ask_at(begun))[0].max() > 100 * subject.tolerance


# 11


def memory_text(tokenizer, answers, room):
    """Return the ids of a memory of (begin, end, text), written out by hand."""
    first, last = answers[0], answers[-1]
    lines = [f'answers: {len(answers)}, first {first[0]}s-{first[1]}s, last {last[0]}s-{last[1]}s',
             *(f'[{begin}s-{end}s] {" ".join(text.split())}' for begin, end, text in answers)]
    while len(found := sum((tokenizer.encode([Text(line + '\n')]) for line in lines), [])) > room:
        del lines[1]
    return found, len(lines) - 1


def remembered_stream(subject, question, ticks, said, room):
    """
    Return the ids, turns, blocks, what block each token sees, due places, and lines of blocks.

    :param ticks: the decision of each tick
    :param said: the token ids of each answer
    """
    tokenizer, grid = subject.checkpoint.tokenizer, subject.reference.grid
    ids, _, due = stream_ids(subject.checkpoint, grid, question, [])
    turns, blocks, sees = [-1] * len(ids), [0] * len(ids), [0] * len(ids)
    version, began, answers, lines, said = 0, None, [], [], list(said)

    def add(tokens, turn, block=0):
        ids.extend(tokens)
        turns.extend([turn] * len(tokens))
        blocks.extend([block] * len(tokens))
        sees.extend([version] * len(tokens))

    for tick, decision in enumerate(ticks):
        add(tokenizer.encode(
            open_turn(time_tag(tick, 1.0), tokenizer.chat), grid[0] * grid[1]), tick)
        due.append(len(ids) - 1)
        if decision.state is State.STANDBY:
            began = tick if began is None else began
        if decision.state is not State.RESPONSE:
            began = began if decision.state is State.STANDBY else None
            add(tokenizer.encode(close_turn(decision.state, tokenizer.chat)), tick)
            continue
        answer = said.pop(0)
        fed = len(answer) if decision.complete else len(answer) - 1
        add([tokenizer.state_ids[State.RESPONSE], *answer[:fed]], tick)
        answers.append((tick if began is None else began, tick, decision.text))
        began, version = None, version + 1
        block, shown = memory_text(tokenizer, answers, room)
        lines.append(shown)
        add(block, -1, version)
        # An answer that was cut has a last token that is fed with the close of its turn.
        add([*answer[fed:], *tokenizer.encode(close_turn(None, tokenizer.chat))], tick)
    return ids, *map(np.asarray, (turns, blocks, sees)), due, lines


def expected_with_memory(subject, frames, stream, room, window_turns):
    """Return (T, 3) from one forward over all blocks and turns that were ever fed."""
    ids, turns, blocks, sees, due, _ = stream
    prefix = (turns == -1) & (blocks == 0)
    of_turn = turns >= 0
    mask = np.tri(len(ids), dtype=np.bool_) & (
        prefix[None] | (blocks > 0)[None] & (blocks[None] == sees[:, None])
        | of_turn[:, None] & of_turn[None] & (turns[None] > turns[:, None] - window_turns))
    positions = np.zeros((3, len(ids)), np.int64)
    positions[:, prefix] = np.arange(prefix.sum())
    for version in range(1, blocks.max() + 1):
        positions[:, blocks == version] = prefix.sum() + np.arange((blocks == version).sum())
    is_image = np.asarray(ids) == subject.checkpoint.tokenizer.image_id
    positions[:, of_turn] = stream_positions(
        is_image[of_turn], subject.reference.grid if subject.checkpoint.decoder.mrope else None,
        int(prefix.sum()) + room)[0]
    return subject.expected(ids, due, frames, mask, positions)


def remembering(subject, window_turns, room, respond_at, **options):
    """Return an engine with a memory, its recorder, and the tokens it says by instruction."""
    engine, recorder = subject.watching(
        window_turns=window_turns, memory_tokens=room, max_answer_tokens=8, **options)
    recorder.respond_at = respond_at
    tokenizer, said, words = engine.checkpoint.tokenizer, [[] for _ in QUESTIONS], []
    compute, answer = recorder.compute_logits, engine._answer

    def ends_after_some(hidden):
        logits = compute(hidden)
        logits[:, sorted(tokenizer.control_ids)] = -1e9
        # Of three answers one is cut by its limit.
        if len(words) == 3 + 3 * (len(recorder.logits) % 3):
            logits[:, tokenizer.end_id] = 1e9
        else:
            words.append(int(logits[0].argmax()))
        return logits

    def saying(slot):
        words.clear()
        decided = answer(slot)
        said[slot].append(list(words))
        return decided

    recorder.compute_logits, engine._answer = ends_after_some, saying
    return engine, recorder, said


def test_a_memory_equals_one_forward_over_all_its_blocks_and_the_window(subject, monkeypatch):
    """What has left the window is answered from the block; cached turns stay as they were."""
    frames, room = subject.reference.frames(12), 110
    absolute_sink(monkeypatch)
    engine, recorder, said = remembering(subject, 3, room, (1, 3, 4, 6, 7, 8, 9))
    decided = run(engine, frames)
    for index, question in enumerate(QUESTIONS):
        stream = remembered_stream(
            subject, question, [tick[index] for tick in decided], said[index], room)
        assert stream[-1][0] == 1 and 0 < stream[-1][-1] < 7, 'nothing was folded'
        subject.assert_equal(
            np.stack(recorder.logits)[:, index],
            expected_with_memory(subject, frames, stream, room, 3))


def test_a_memory_in_static_shapes_is_the_same(subject):
    frames, room = subject.reference.frames(8), 130
    engine, recorder, _ = remembering(subject, 3, room, (1, 4))
    run(engine, frames)
    padded, recorded, _ = remembering(subject, 3, room, (1, 4))
    recorded.static_shapes = True
    run(padded, frames)
    subject.assert_equal(np.stack(recorded.logits), np.stack(recorder.logits))


def test_a_memory_moves_with_its_slot_and_ends_with_the_stream(subject):
    frames, room = subject.reference.frames(9), 130
    alone, recorder, _ = remembering(subject, 3, room, (1, 4), questions=QUESTIONS[1:])
    run(alone, frames)
    engine, recorded, _ = remembering(subject, 3, room, (1, 4))
    for stamp, frame in enumerate(frames):
        if stamp == 3:
            engine.watches[0].cancel()
        engine.step(frame, float(stamp))
    subject.assert_equal(
        np.stack([logits[-1] for logits in recorded.logits]), np.stack(recorder.logits)[:, 0])
    engine.reset()
    recorded.logits.clear()
    run(engine, frames)
    subject.assert_equal(np.stack(recorded.logits)[:, 0], np.stack(recorder.logits)[:, 0])
