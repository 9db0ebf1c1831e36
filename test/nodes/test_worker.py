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

"""The engine's thread: order kept, the newest frames kept, no fault stops it."""

from contextlib import contextmanager
from contextlib import nullcontext
import threading
import weakref

from fake_engine import FakeEngine
import numpy as np
import pytest
from waiting import wait_for

from streamo_ros.engine import EngineFailure
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S
from streamo_ros.nodes.worker import FIRST_PAUSE_S
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import LONGEST_PAUSE_S
from streamo_ros.nodes.worker import WAITING_BYTES
from streamo_ros.nodes.worker import WAITING_FRAMES
from streamo_ros.nodes.worker import Worker


def frame(tick, camera=0):
    return Frame(np.zeros((4, 4, 3), np.uint8), None, tick * 10**9, 1, tick, camera)


class Recorder:
    """A worker over a fake engine, and what came out of it."""

    def __init__(self, mode='well', load=None, cameras=1):
        self.engine = FakeEngine(mode)
        self.steps = []
        self.errors = []
        self.worker = Worker(
            load or (lambda ended: nullcontext(self.engine)), self.steps.append,
            lambda error, about: self.errors.append((error, about)), cameras)
        self.worker.loaded.wait(PATIENCE_S)

    def finish(self):
        """Wait until all that was queued is done."""
        done = threading.Event()
        self.worker.post(lambda *_: done.set())
        assert done.wait(PATIENCE_S)

    @property
    def ticks(self):
        return [step.frame.tick for step in self.steps]


@pytest.fixture
def recorder(request):
    made = Recorder(*getattr(request, 'param', ()))
    yield made
    made.engine.released.set()
    made.worker.stop(PATIENCE_S)


def test_a_picture_does_not_stay_until_the_next_one_comes(recorder):
    one = frame(0)
    image = weakref.ref(one.image)
    recorder.worker.submit(one)
    del one
    wait_for(lambda: recorder.steps, 'its step')
    recorder.steps.clear()
    wait_for(lambda: image() is None, 'the picture to go')


def hold(worker):
    """Keep the worker busy until the event that is returned is set."""
    entered, gate = threading.Event(), threading.Event()

    def wait(*_):
        entered.set()
        gate.wait()
    worker.post(wait)
    assert entered.wait(PATIENCE_S)
    return gate


def test_every_frame_is_stepped_once_in_order_while_the_engine_keeps_up(recorder):
    for tick in range(5):
        assert recorder.worker.submit(frame(tick)) == 0
        recorder.finish()
    assert recorder.ticks == [0, 1, 2, 3, 4]


def test_a_step_carries_its_frame_and_the_engines_decisions(recorder):
    recorder.worker.post(lambda engine: engine.watch('Tell me when it rains.'))
    recorder.worker.submit(frame(7))
    recorder.finish()
    (step,) = recorder.steps
    assert step.decisions[0].stamp == 7.0
    assert step.inference_s > 0


def test_the_oldest_waiting_frames_are_dropped_and_counted(recorder):
    gate = hold(recorder.worker)
    dropped = [recorder.worker.submit(frame(tick)) for tick in range(6)]
    gate.set()
    recorder.finish()
    assert dropped == [0] * WAITING_FRAMES + [1] * (6 - WAITING_FRAMES)
    assert recorder.ticks == list(range(6))[-WAITING_FRAMES:]


def test_calls_keep_their_place_among_the_frames_and_are_never_dropped(recorder):
    gate = hold(recorder.worker)
    recorder.worker.post(lambda engine: engine.watch('one'))
    recorder.worker.submit(frame(0))
    recorder.worker.post(lambda engine: engine.reset())
    for tick in range(1, 4):
        recorder.worker.submit(frame(tick))
    recorder.worker.post(lambda engine: engine.watch('two'))
    gate.set()
    recorder.finish()
    assert recorder.engine.calls == ['watch one', 'reset', 'step 0', 'step 1', 'watch two']
    assert recorder.ticks == [2, 3]


def test_discarded_frames_are_counted_and_calls_stay(recorder):
    gate = hold(recorder.worker)
    recorder.worker.submit(frame(0))
    recorder.worker.post(lambda engine: engine.reset())
    recorder.worker.submit(frame(1))
    assert recorder.worker.discard_frames() == 2
    gate.set()
    recorder.finish()
    assert recorder.engine.calls == ['reset']


@pytest.mark.parametrize('recorder', [('raises',)], indirect=True)
def test_an_engine_that_raises_is_reported_with_its_frame_and_goes_on(recorder):
    for tick in range(4):
        recorder.worker.submit(frame(tick))
        recorder.finish()
    assert recorder.ticks == [0, 2, 3]
    ((error, about),) = recorder.errors
    assert 'out of memory' in str(error)
    assert about.tick == 1


def test_a_call_that_raises_is_reported_without_a_frame(recorder):
    recorder.worker.post(lambda engine: engine.nothing())
    recorder.finish()
    ((error, about),) = recorder.errors
    assert isinstance(error, AttributeError)
    assert about is None


@pytest.mark.parametrize('recorder', [('hangs',)], indirect=True)
def test_an_engine_that_hangs_shows_and_does_not_keep_stop_waiting(recorder):
    assert recorder.worker.busy_s == 0
    recorder.worker.submit(frame(0))
    wait_for(lambda: recorder.engine.calls, 'the step')
    assert recorder.worker.busy_s > 0
    assert not recorder.worker.stop(0.05)
    recorder.engine.released.set()
    assert recorder.worker.stop(PATIENCE_S)
    assert recorder.steps == []  # what comes so late, nobody waits for


@pytest.mark.parametrize('recorder', [('talks',)], indirect=True)
def test_an_interrupt_cuts_the_answer_under_way(recorder):
    recorder.worker.post(lambda engine: engine.watch('one'))
    for tick in range(3):
        recorder.worker.submit(frame(tick))
        wait_for(lambda tick=tick: f'step {tick}' in recorder.engine.calls, 'the step')
    recorder.worker.interrupt()
    recorder.finish()
    assert [step.decisions[0].complete for step in recorder.steps] == [True, True, False]


def test_a_checkpoint_that_cannot_be_loaded_is_told():
    def fail(ended):
        raise ValueError('no weights')
    recorder = Recorder(load=fail)
    assert str(recorder.worker.failure) == 'no weights'
    assert recorder.worker.stop(PATIENCE_S)


def test_stop_ends_the_thread(recorder):
    assert recorder.worker.stop(PATIENCE_S)


def lose(engine):
    raise EngineFailure('it is gone')


def test_another_engine_takes_the_place_of_a_lost_one_and_its_calls_are_void():
    engines = []
    left = []

    @contextmanager
    def load(ended):
        engines.append(FakeEngine())
        yield engines[-1]
        left.append(engines[-1])

    recorder = Recorder(load=load)
    gate = hold(recorder.worker)
    recorder.worker.post(lose)
    recorder.worker.post(lambda engine: engine.reset())
    recorder.worker.submit(frame(3))
    gate.set()
    wait_for(lambda: recorder.steps, 'a step')
    assert [engine.calls for engine in engines] == [[], ['step 0']]
    assert left == engines[:1]
    ((error, about),) = recorder.errors
    assert (str(error), about) == ('it is gone', None)
    assert recorder.worker.stop(PATIENCE_S)
    assert left == engines


def test_pauses_between_engines_that_fail_grow_to_a_bound_until_a_frame_was_judged():
    pauses, loads = [], []

    def load(ended):
        def wait(pause_s):
            pauses.append(pause_s)
            return ended.is_set()
        ended.wait = wait
        loads.append(ended)
        if 1 < len(loads) < 10:
            raise EngineFailure('no memory')
        return nullcontext(FakeEngine())

    recorder = Recorder(load=load)
    recorder.worker.post(lose)
    wait_for(lambda: len(loads) == 10, 'the tenth engine')
    assert pauses == [min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(9)]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert len(recorder.errors) == 9
    recorder.worker.submit(frame(0))
    recorder.finish()
    recorder.worker.post(lose)
    wait_for(lambda: len(loads) == 11, 'one more engine')
    assert pauses[-1] == FIRST_PAUSE_S
    assert recorder.worker.stop(PATIENCE_S)


def test_each_camera_has_its_own_engine_and_its_own_waiting_frames():
    recorder = Recorder(cameras=2)
    gate = hold(recorder.worker)
    engines = []
    recorder.worker.post(lambda *both: engines.extend(both))
    dropped = [recorder.worker.submit(frame(tick, camera)) for tick in range(4)
               for camera in (0, 1)]
    assert dropped == [0, 0, 0, 0, 1, 1, 1, 1]
    assert recorder.worker.discard_frames(1) == WAITING_FRAMES
    recorder.worker.submit(frame(9, 1))
    recorder.worker.post(lambda *both: both[1].reset())
    gate.set()
    recorder.finish()
    assert [(step.frame.camera, step.frame.tick) for step in recorder.steps] == [
        (0, 2), (0, 3), (1, 9)]
    assert engines[0] is recorder.engine
    assert [engine.calls for engine in engines] == [['step 0', 'step 1'], ['step 0', 'reset']]
    assert recorder.worker.stop(PATIENCE_S)


def test_an_interrupt_about_another_camera_leaves_the_answer_under_way():
    recorder = Recorder('talks', cameras=2)
    recorder.worker.post(lambda one, _: one.watch('one'))
    for tick in range(3):
        recorder.worker.submit(frame(tick))
        wait_for(lambda tick=tick: f'step {tick}' in recorder.engine.calls, 'the step')
    recorder.worker.interrupt(1)
    assert not recorder.engine.interrupted.is_set()
    assert recorder.worker.busy_s > 0 and len(recorder.steps) == 2
    recorder.worker.interrupt(0)
    recorder.finish()
    assert not recorder.steps[2].decisions[0].complete
    assert recorder.worker.stop(PATIENCE_S)


def test_a_call_that_waits_already_does_not_wait_twice(recorder):
    class Equal:
        def __call__(self, *engines):
            done.append(len(recorder.steps))

    done, call = [], Equal()
    gate = hold(recorder.worker)
    recorder.worker.submit(frame(0))
    for _ in range(1000):
        recorder.worker.post(call)
    recorder.worker.submit(frame(1))
    gate.set()
    recorder.finish()
    assert done == [1]
    recorder.worker.post(call)
    recorder.finish()
    assert done == [1, 2]


def test_of_frames_that_are_large_one_waits(recorder):
    def large(tick):
        return Frame(np.empty((WAITING_BYTES // 6, 1, 3), np.uint8), None, tick, 1, tick)

    gate = hold(recorder.worker)
    assert [recorder.worker.submit(large(tick)) for tick in range(4)] == [0, 0, 1, 1]
    assert recorder.worker.submit(
        Frame(np.empty((WAITING_BYTES // 3, 1, 3), np.uint8), None, 9, 1, 9)) == 2
    gate.set()
    recorder.finish()
    assert recorder.ticks == [9]


def test_an_owner_that_fails_over_a_failure_does_not_end_the_thread(recorder, capsys):
    def fail(error, about):
        raise RuntimeError('nobody listens')

    recorder.worker._on_error = fail
    recorder.worker.post(lambda engine: engine.nothing())
    recorder.worker.submit(frame(0))
    recorder.finish()
    assert recorder.ticks == [0]
    assert 'nobody listens' in capsys.readouterr().err
