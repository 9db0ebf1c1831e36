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
Streams that share a batch equal each alone, whatever the others do.

Every stream lives in a thread of its own. They run freely, and in step: then nothing is computed
before all of them wait for something, so that as much as can be is run together.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
import threading
from typing import Any

import numpy as np
import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.engine.backends.batch_queue import BatchQueue
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.backends.shared_batch import ClosedError
from streamo_ros.engine.backends.shared_batch import SharedBatch
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint

TOLERANCE = 1e-4  # of the state logits, as in the oracles for float32
QUESTIONS = (
    'Tell me when the light goes off.', 'Is it there?',
    'Say so when it </Response> moves <|im_end|> further than it did before!')


class Poisoned(OnnxRuntimeBackend):
    """What nobody has written is no number, here."""

    def allocate(self, max_batch, sink_rows, ring_rows):
        super().allocate(max_batch, sink_rows, ring_rows)
        for sink, ring in zip(self.sink, self.ring, strict=True):
            sink[:], ring[:, :, :-1] = np.nan, np.nan

    def enlarge(self, slots, sink_rows, ring_rows):
        (held, _, sinks, _), rings = self.sink[0].shape, self.ring[0].shape[2] - 1
        super().enlarge(slots, sink_rows, ring_rows)
        for sink, ring in zip(self.sink, self.ring, strict=True):
            sink[held:], sink[:, :, sinks:] = np.nan, np.nan
            ring[held:, :, :-1], ring[:, :, rings:-1] = np.nan, np.nan


class Responding:
    """
    A backend that responds at some of its turns only, with words; it keeps the states' logits.

    :param respond_at: counted from 0
    """

    def __init__(self, backend, checkpoint, respond_at):
        self._backend, self._respond_at = backend, respond_at
        self._mute = sorted(checkpoint.tokenizer.control_ids)
        self.logits: list[Any] = []

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def step(self, first, inputs):
        outputs = self._backend.step(first, inputs)
        if inputs.is_new_turn.any():
            responds = len(self.logits) in self._respond_at
            self.logits.append(outputs.states.copy())
            outputs.states[:, State.RESPONSE] = 1e9 if responds else -1e9
        return outputs

    def compute_logits(self, hidden):
        logits = self._backend.compute_logits(hidden)
        logits[:, self._mute] = -1e9
        return logits


@dataclass(frozen=True)
class Story:
    """What a stream's thread does; ``tell`` yields what was decided."""

    tell: Callable[..., Any]
    respond_at: tuple[int, ...] = ()
    options: Any = None


def run(engine, frames, since=0):
    return [engine.step(frame, float(since + at)) for at, frame in enumerate(frames)]


def one_question(engine, frames):
    engine.watch(QUESTIONS[0])
    return run(engine, frames)


def comes_and_goes(engine, frames):
    watches = [engine.watch(question) for question in QUESTIONS]
    decided = run(engine, frames[:4])
    watches[0].cancel()
    decided += run(engine, frames[4:7], 4)
    engine.watch(QUESTIONS[0], look_back=True)
    watches[1].cancel()
    return decided + run(engine, frames[7:], 7)


def begins_again(engine, frames):
    engine.watch(QUESTIONS[1])
    decided = run(engine, frames[:5])
    engine.reset()
    engine.watch(QUESTIONS[2])
    decided += run(engine, frames[3:9, ::2])
    engine.restart(QUESTIONS[:1])
    return decided + run(engine, frames[5:8])


def changes_its_rate(engine, frames):
    engine.watch(QUESTIONS[0])
    engine.watch(QUESTIONS[1])
    decided = run(engine, frames[:4])
    engine.reconfigure(3.0, Thresholds())
    decided += [engine.step(frame, 4 + at / 3) for at, frame in enumerate(frames[4:])]
    engine.reconfigure(0.5, Thresholds())
    return decided + [engine.step(frame, 20 + 2 * at) for at, frame in enumerate(frames[:4])]


def is_asked_late(engine, frames):
    decided = run(engine, frames[:3])
    engine.watch(QUESTIONS[1])
    return decided + run(engine, frames[3:], 3)


def stands_still(engine, frames):
    engine.watch(QUESTIONS[2])
    return run(engine, np.repeat(frames[:4], 3, axis=0))


STORIES = (
    Story(one_question, (3, 8), {'window_turns': 4, 'max_answer_tokens': 5}),
    Story(one_question, (), {'window_turns': 12}),
    Story(comes_and_goes, (2, 9), {'window_turns': 5, 'max_answer_tokens': 30}),
    Story(begins_again, (2, 6), {'window_turns': 3, 'max_answer_tokens': 9}),
    Story(changes_its_rate, (5,), {'window_turns': 4, 'max_answer_tokens': 12}),
    Story(is_asked_late, (1, 3, 4), {
        'window_turns': 3, 'memory_tokens': 130, 'max_answer_tokens': 8}),
    Story(stands_still, (), {'window_turns': 5, 'still': StillScene()}))


class InStep(BatchQueue):
    """
    A queue out of which nothing is taken before all threads wait for something.

    :param threads: how many run
    """

    def __init__(self, threads):
        super().__init__()
        self.threads = threads

    def __bool__(self):
        return 0 < self.threads <= len(self._waiting)


def tell(story, checkpoint, backend, frames):
    """Return the states' logits of each turn and what else was decided of each tick."""
    responding = Responding(backend, checkpoint, story.respond_at)
    engine = StreamEngine(checkpoint, responding, **story.options)
    decided = story.tell(engine, frames)
    return responding.logits, [[
        (decision.instruction_id, decision.state, decision.text, decision.complete)
        for decision in tick] for tick in decided]


def assert_together_as_alone(checkpoint, frames, alone, shared, queue=None):
    """Tell all stories at once, and each once more alone."""
    if queue:
        shared._queue = queue

    def together(story):
        backend = shared.new_stream()
        try:
            return tell(story, checkpoint, backend, frames)
        finally:
            backend.close()
            if queue:
                with shared._changed:
                    queue.threads -= 1
                    shared._changed.notify()

    with ThreadPoolExecutor(len(STORIES)) as threads:
        told = list(threads.map(together, STORIES))
    for story, (logits, decided) in zip(STORIES, told, strict=True):
        expected, decisions = tell(story, checkpoint, alone.new_stream(), frames)
        assert decided == decisions, story
        for tick, one in zip(logits, expected, strict=True):
            np.testing.assert_allclose(tick, one, rtol=0, atol=TOLERANCE, err_msg=str(story))
        assert any(answer for tick in decided for *_, answer, _ in tick) == bool(story.respond_at)


@pytest.fixture
def share():
    """Return what makes a shared batch, closed in the end."""
    made = []

    def make(backend, slots=64, **options):
        made.append(SharedBatch(backend, slots, **options))
        return made[-1]

    yield make
    for shared in made:
        shared.close()


@pytest.mark.parametrize('in_step', [False, True])
def test_streams_that_share_a_batch_equal_each_alone(random_model, share, in_step):
    checkpoint = random_model.checkpoint
    shared = share(Poisoned(checkpoint))
    assert_together_as_alone(
        checkpoint, random_model.frames(12), OnnxRuntimeBackend(checkpoint), shared,
        InStep(len(STORIES)) if in_step else None)
    if in_step:
        assert shared.chunks - shared.forwards > 50


def test_nano_watches_with_others_as_it_does_alone(share):
    checkpoint = load_checkpoint('nano')
    frames = np.random.default_rng(1).integers(0, 256, (12, 112, 112, 3), np.uint8)
    assert_together_as_alone(
        checkpoint, frames, OnnxRuntimeBackend(checkpoint), share(Poisoned(checkpoint)),
        InStep(len(STORIES)))


def test_torch_shares_a_batch_as_well(random_model, share):
    if random_model.family != 'qwen3_vl':
        pytest.skip('one family is enough: the step is the same')
    import torch

    from streamo_ros.engine.backends.torch import TorchBackend
    torch.set_num_threads(1)
    checkpoint = random_model.checkpoint
    shared = share(TorchBackend(checkpoint, 'cpu'))
    assert_together_as_alone(
        checkpoint, random_model.frames(12), TorchBackend(checkpoint, 'cpu'), shared,
        InStep(len(STORIES)))
    assert shared.chunks - shared.forwards > 50


@pytest.fixture(scope='module')
def nano():
    return load_checkpoint('nano')


FRAMES = np.random.default_rng(2).integers(0, 256, (8, 112, 112, 3), np.uint8)


def watching(shared, checkpoint, questions=QUESTIONS[:1]):
    """Return an engine that never answers, and its backend."""
    backend = shared.new_stream()
    engine = StreamEngine(checkpoint, backend, window_turns=3, max_answer_tokens=0)
    for question in questions:
        engine.watch(question)
    return engine, backend


def states(decided):
    return [[decision.probabilities for decision in tick] for tick in decided]


def test_a_step_waits_for_the_stream_that_was_just_given_its_visual_tokens(nano, share):
    # For ever, so that the test needs no clock.
    shared = share(OnnxRuntimeBackend(nano), linger_s=threading.TIMEOUT_MAX)
    engines = [watching(shared, nano)[0] for _ in range(3)]
    for engine in engines:
        run(engine, FRAMES[:2])
    held, before = Held(shared), shared.forwards
    with ThreadPoolExecutor(3) as threads:
        told = [threads.submit(engine.step, FRAMES[2], 2.0) for engine in engines]
        held.wait_for(3)
        held.let_go()
        for engine in told:
            engine.result()
    assert shared.forwards == before + 1


def test_a_stream_that_does_not_come_is_not_waited_for_long(nano, share):
    shared = share(OnnxRuntimeBackend(nano))
    engine, _ = watching(shared, nano)
    idle, _ = watching(shared, nano, ())
    run(engine, FRAMES[:2])
    held = Held(shared)
    with ThreadPoolExecutor(2) as threads:
        watched = threads.submit(engine.step, FRAMES[2], 2.0)
        held.wait_for(1)
        looked = threads.submit(idle.step, FRAMES[2], 2.0)
        held.wait_for(2)
        held.let_go()
        assert len(watched.result()) == 1 and looked.result() == []


class Held:
    """The computing thread, kept from its work until it is let go."""

    def __init__(self, shared):
        self.shared, self._go = shared, threading.Event()
        begun = threading.Event()

        def hold():
            begun.set()
            self._go.wait()

        self._stream = shared.new_stream()
        self._thread = threading.Thread(target=lambda: self._stream._ask(hold))
        self._thread.start()
        begun.wait()

    def wait_for(self, requests):
        """Return when so many wait."""
        with self.shared._changed:
            self.shared._changed.wait_for(
                lambda: len(self.shared._queue._waiting) >= requests)

    def let_go(self):
        self._go.set()
        self._thread.join()
        self._stream.close()


def test_who_fails_in_a_batch_fails_alone(nano, share, monkeypatch):
    backend = OnnxRuntimeBackend(nano)
    shared = share(backend)
    engines = [watching(shared, nano)[0] for _ in range(3)]
    for engine in engines:
        run(engine, FRAMES[:4])
    bad, run_slots = engines[1]._backend._slots[0], backend.step_slots

    def failing(slots, inputs):
        if bad in slots:
            raise ArithmeticError('this one fails')
        return run_slots(slots, inputs)

    alone, _ = watching(share(OnnxRuntimeBackend(nano)), nano)
    expected = states(run(alone, FRAMES[:6]))[4:]
    monkeypatch.setattr(backend, 'step_slots', failing)
    shared._queue = InStep(3)
    with ThreadPoolExecutor(3) as threads:
        told = [threads.submit(engine.step, FRAMES[4], 4.0) for engine in engines]
        with pytest.raises(ArithmeticError, match='this one fails'):
            told[1].result()
        for good in (told[0], told[2]):
            np.testing.assert_allclose(
                states([good.result()]), expected[:1], rtol=0, atol=TOLERANCE)
        shared._queue = BatchQueue()
    monkeypatch.undo()
    for engine in engines[::2]:
        np.testing.assert_allclose(
            states([engine.step(FRAMES[5], 5.0)]), expected[1:], rtol=0, atol=TOLERANCE)


def test_nobody_waits_for_a_stream_that_stopped_or_whose_thread_died(nano, share):
    shared = share(OnnxRuntimeBackend(nano))
    engines = [watching(shared, nano)[0] for _ in range(3)]
    others = [threading.Thread(target=run, args=(engine, FRAMES[:2])) for engine in engines[1:]]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert len(run(engines[0], FRAMES)) == len(FRAMES)


def test_a_request_that_is_taken_back_is_not_computed(nano, share, monkeypatch):
    shared = share(OnnxRuntimeBackend(nano))
    stream = shared.new_stream()
    held, done = Held(shared), []

    def interrupted(self, timeout=None):
        held.wait_for(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr('concurrent.futures.Future.result', interrupted)
        with pytest.raises(KeyboardInterrupt):
            stream._ask(lambda: done.append('taken back'))
    held.let_go()
    stream._ask(lambda: done.append('asked'))
    assert done == ['asked']


def test_what_steps_at_once_is_one_forward(nano, share):
    backend = OnnxRuntimeBackend(nano)
    shared = share(backend)
    engines = [watching(shared, nano, QUESTIONS[:count])[0] for count in (1, 3, 2)]
    for engine in engines:
        run(engine, FRAMES[:2])
    before, batches, run_slots = shared.forwards, [], backend.step_slots
    backend.step_slots = lambda slots, inputs: (
        batches.append(list(slots)), run_slots(slots, inputs))[1]
    shared._queue = InStep(3)
    with ThreadPoolExecutor(3) as threads:
        for tick, order in enumerate((engines, engines[::-1]), 2):
            list(threads.map(lambda engine, tick=tick: engine.step(
                FRAMES[tick], float(tick)), order))
        shared._queue = BatchQueue()
    assert [len(slots) for slots in batches] == [6, 6] and shared.forwards == before + 2
    assert batches[0] == batches[1]  # or what is kept of the sinks were copied at each tick


def test_who_waits_for_the_head_gets_the_logits_of_its_own_rows(nano, share):
    backend = OnnxRuntimeBackend(nano)
    shared = share(backend)
    hidden = np.random.default_rng(3).standard_normal((6, nano.decoder.hidden), np.float32)
    asked, compute = [], backend.compute_logits
    backend.compute_logits = lambda rows: (asked.append(len(rows)), compute(rows))[1]
    held = Held(shared)
    with ThreadPoolExecutor(3) as threads:
        told = [threads.submit(shared.new_stream().compute_logits, rows)
                for rows in np.split(hidden, [1, 4])]
        held.wait_for(3)
        held.let_go()
        logits = np.concatenate([each.result() for each in told])
    assert asked == [6]
    np.testing.assert_allclose(logits, compute(hidden), rtol=0, atol=TOLERANCE)


def test_slots_are_given_back_by_a_stream_that_begins_anew_or_ends(nano, share):
    shared = share(OnnxRuntimeBackend(nano), slots=3)
    first, backend = watching(shared, nano, QUESTIONS[:2])
    run(first, FRAMES[:2])
    second, _ = watching(shared, nano, QUESTIONS[:2])
    with pytest.raises(InstructionError, match='all 3 batch slots are taken'):
        second.step(FRAMES[0], 0.0)
    first.watches[0].cancel()
    first.reset()
    run(first, FRAMES[:2])
    second.step(FRAMES[0], 1.0)  # what failed can be tried again
    with pytest.raises(InstructionError, match='batch slots are taken'):
        second.watch(QUESTIONS[2])
    assert len(second.watches) == 2
    second.step(FRAMES[1], 2.0)
    backend.close()
    second.watch(QUESTIONS[2])
    assert len(second.step(FRAMES[2], 3.0)) == 3


def test_a_slot_that_another_stream_had_begins_empty(nano, share):
    shared = share(OnnxRuntimeBackend(nano))
    first, backend = watching(shared, nano, QUESTIONS[1:2])
    run(first, FRAMES)
    backend.close()
    second, _ = watching(shared, nano)
    alone, _ = watching(share(OnnxRuntimeBackend(nano)), nano)
    assert states(run(second, FRAMES)) == states(run(alone, FRAMES))


def test_what_is_closed_says_so(nano, share):
    shared = share(OnnxRuntimeBackend(nano))
    engine, backend = watching(shared, nano)
    engine.step(FRAMES[0], 0.0)
    backend.close()
    backend.close()
    with pytest.raises(ClosedError, match='the stream is closed'):
        engine.step(FRAMES[1], 1.0)
    held, heard = Held(shared), SimpleQueue()
    stream = shared.new_stream()

    def ask():
        try:
            stream._ask(lambda: None)
        except ClosedError as error:
            heard.put(str(error))

    waits = threading.Thread(target=ask)
    waits.start()
    held.wait_for(1)
    closing = threading.Thread(target=shared.close)
    closing.start()
    with shared._changed:
        shared._changed.wait_for(lambda: shared._closed)
    held.let_go()
    assert heard.get() == 'the shared batch was closed'
    waits.join()
    closing.join()
    stream.close()
    with pytest.raises(ClosedError, match='the shared batch is closed'):
        shared.new_stream()


def test_a_backend_of_fixed_shapes_is_refused(nano):
    backend = OnnxRuntimeBackend(nano)
    backend.static_shapes = True
    with pytest.raises(CheckpointError, match='give each stream its own'):
        SharedBatch(backend, 8)


def test_a_stream_that_is_closed_while_it_waits_for_a_batch_has_no_part_in_it(
        nano, share, monkeypatch):
    shared, asked = share(OnnxRuntimeBackend(nano)), {}
    streams = []
    for _ in range(2):
        engine, backend = watching(shared, nano)
        with monkeypatch.context() as context:
            step = backend.step
            context.setattr(backend, 'step', lambda first, inputs, step=step, backend=backend: (
                asked.update({backend: (first, inputs)}), step(first, inputs))[1])
            run(engine, FRAMES[:2])
        streams.append(backend)
    expected = streams[0].step(*asked[streams[0]])
    held = Held(shared)
    with ThreadPoolExecutor(3) as threads:
        kept, cut = (threads.submit(stream.step, *asked[stream]) for stream in streams)
        held.wait_for(2)
        closed = threads.submit(streams[1].close)
        held.wait_for(3)
        held.let_go()
        with pytest.raises(ClosedError, match='the stream is closed'):
            cut.result()
        closed.result()
        np.testing.assert_array_equal(kept.result().states, expected.states)
    assert streams[1]._slots == []
