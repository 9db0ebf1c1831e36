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

"""An engine in its own process: the same decisions, and failures that are told in time."""

import functools
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import EngineFailure
from streamo_ros.engine import EngineProcess
from streamo_ros.engine import StampError
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds

NODES = Path(__file__).parents[2] / 'nodes'
sys.path.insert(0, str(NODES))
PATIENCE_S = 20.0
FRAME = np.zeros((48, 64, 3), np.uint8)
LIGHT = 'Tell me when the light goes off or on.'


def fake(mode):
    from fake_engine import FakeEngine
    return functools.partial(FakeEngine.from_pretrained, mode)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a fault of the fake engine leaves its mark
    return tmp_path


class Lines:
    """What a child has printed."""

    def __init__(self):
        self._heard = threading.Condition()
        self._lines = []

    def __call__(self, line):
        with self._heard:
            self._lines.append(line)
            self._heard.notify()

    def wait(self, part):
        with self._heard:
            assert self._heard.wait_for(
                lambda: any(part in line for line in self._lines), PATIENCE_S)


def live(engine):
    """Drive an engine through all that a caller may do; return its decisions."""
    pictures = np.random.default_rng(3).integers(0, 256, (8, 48, 64, 3), np.uint8)
    decisions = []
    light = engine.watch(LIGHT)
    for stamp, picture in enumerate(pictures):
        if stamp == 2:
            engine.watch('Tell me when something moves.', 'motion')
        if stamp == 3:
            engine.reconfigure(3.0, Thresholds(0.3, 0.3))
        if stamp == 5:
            light.cancel()
        if stamp == 6:
            engine.reset()
        decisions += engine.step(picture[:40] if stamp >= 6 else picture, stamp % 6 / 2)
    return decisions


def test_decisions_are_those_of_an_engine_in_this_process():
    make = functools.partial(StreamEngine.from_pretrained, 'nano', fps=2.0)
    expected = live(make())
    with EngineProcess(make, PATIENCE_S) as engine:
        assert live(engine) == expected
    assert {decision.instruction_id for decision in expected} == {'watch-1', 'motion'}


def test_another_stream_of_the_process_decides_as_one_in_this_process_and_keeps_its_own():
    make = functools.partial(StreamEngine.from_pretrained, 'nano', window_turns=3)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 4, 48, 64, 3), np.uint8)
    first = make()
    local = [first, first.new_stream()]
    with EngineProcess(make, PATIENCE_S) as process:
        remote = [process, process.new_stream()]
        told = [[], []]
        for engines, heard in zip((local, remote), told, strict=True):
            engines[0].watch(LIGHT, 'same id')
            watch = engines[1].watch('Tell me when it rains.', 'same id')
            for tick in range(4):
                if tick == 2:
                    engines[0].reset()  # and its stamps may begin again, the other's go on
                    watch.cancel()
                    engines[1].watch(LIGHT, 'same id')
                for index, engine in enumerate(engines):
                    heard += engine.step(frames[index, tick], tick if index or tick < 2 else 0.5)
                if tick == 2:
                    engines[0].reset()
    assert told[0] == told[1]
    assert len(told[0]) == 8


def test_looking_back_reaches_the_window_of_the_process():
    make = functools.partial(StreamEngine.from_pretrained, 'nano', window_turns=4)
    pictures = np.random.default_rng(5).integers(0, 256, (4, 48, 64, 3), np.uint8)

    def asked_late(engine, **how):
        for stamp in range(3):
            engine.step(pictures[stamp], float(stamp))
        engine.watch(LIGHT, **how)
        return engine.step(pictures[3], 3.0)

    with EngineProcess(make, PATIENCE_S) as process:
        assert asked_late(process, look_back=True) == asked_late(make(), look_back=True)
        assert asked_late(make(), look_back=True) != asked_late(make())


def test_what_the_engine_refuses_is_refused_and_no_failure():
    make = functools.partial(StreamEngine.from_pretrained, 'nano')
    with EngineProcess(make, PATIENCE_S) as engine:
        with pytest.raises(InstructionError, match='tokens'):
            engine.watch('word ' * 700)
        engine.step(FRAME, 1.0)
        with pytest.raises(StampError, match='reset'):
            engine.step(FRAME, 1.0)
        engine.check()


def test_a_frame_that_is_too_large_is_refused(folder):
    with EngineProcess(fake('well'), PATIENCE_S) as engine:
        with pytest.raises(ValueError, match='scale it'):
            engine.step(np.zeros((2**14, 2**14, 3), np.uint8), 0.0)
        engine.check()


@pytest.mark.parametrize('ask', [EngineProcess.interrupt, EngineProcess.reset])
def test_what_is_asked_during_a_step_reaches_it(folder, ask):
    lines = Lines()
    with EngineProcess(fake('talks'), PATIENCE_S, log=lines) as engine:
        engine.watch(LIGHT)
        for stamp in range(2):
            engine.step(FRAME, float(stamp))

        def cut():
            lines.wait('the answer has begun')
            ask(engine)
            engine.interrupt()
        thread = threading.Thread(target=cut)
        thread.start()
        (decision,) = engine.step(FRAME, 2.0)
        thread.join()
        assert (decision.state, decision.complete) == (State.RESPONSE, False)
        # A reset is heard before the step that follows it, an interrupt is not for that step.
        (following,) = engine.step(FRAME, 3.0)
        assert following.state is State.SILENCE


def test_an_answer_that_takes_too_long_is_cut_and_not_lost(folder):
    with EngineProcess(fake('talks'), 5.0) as engine:
        engine.watch(LIGHT)
        states = [engine.step(FRAME, float(stamp))[0] for stamp in range(3)]
        assert (states[2].state, states[2].complete) == (State.RESPONSE, False)
        engine.check()


@pytest.mark.parametrize('fault, reason', [
    ('hang', 'hung'), ('exit', 'exit code 3'), ('segfault', 'SIGSEGV'),
    ('out_of_memory', 'MemoryError'), ('not_a_number', 'probabilities'), ('too_few', 'garbage'),
    ('unknown_state', 'garbage')])
def test_a_failure_is_told_and_leaves_no_process(folder, fault, reason):
    ended = threading.Event()
    # Only a hang is told by the deadline; all others must be told before it.
    deadline_s = 3.0 if fault == 'hang' else PATIENCE_S
    with EngineProcess(fake(fault), deadline_s, on_end=ended.set) as engine:
        engine.watch(LIGHT)
        engine.step(FRAME, 0.0)
        with pytest.raises(EngineFailure, match=reason):
            engine.step(FRAME, 1.0)
        assert ended.wait(PATIENCE_S)
        with pytest.raises(EngineFailure):
            engine.check()
        with pytest.raises(EngineFailure):
            engine.step(FRAME, 2.0)
        engine.interrupt()  # there is nobody to hear it, and that is no error


@pytest.mark.parametrize('fault, reason', [
    ('unloadable', 'the weights are not there'), ('dies at load', 'SIGSEGV')])
def test_a_failure_at_load_is_told_on_entry(folder, fault, reason):
    with pytest.raises(EngineFailure, match=reason):
        EngineProcess(fake(fault), PATIENCE_S).__enter__()


def test_a_caller_that_ends_is_not_kept_waiting_by_a_hang(folder):
    ended = threading.Event()
    with EngineProcess(fake('hang'), 3600.0, ended) as engine:
        engine.watch(LIGHT)
        engine.step(FRAME, 0.0)
        ended.set()
        with pytest.raises(EngineFailure, match='ended'):
            engine.step(FRAME, 1.0)


PARENT = f"""
import functools, sys
sys.path.insert(0, {str(NODES)!r})
from fake_engine import FakeEngine
import numpy as np
from streamo_ros.engine import EngineProcess
engine = EngineProcess(functools.partial(FakeEngine.from_pretrained, 'hang'), 3600.0)
engine.__enter__()
engine.step(np.zeros((4, 4, 3), np.uint8), 0.0)
print(engine.pid, flush=True)
engine.step(np.zeros((4, 4, 3), np.uint8), 1.0)
"""


def test_it_ends_with_a_parent_that_is_killed_though_it_hangs(folder):
    parent = subprocess.Popen(
        [sys.executable, '-c', PARENT], stdout=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    with parent.stdout as lines:
        child = int(lines.readline())
    while not (folder / 'failed').exists():
        assert parent.poll() is None, 'it ended before its engine hung'
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    end = time.monotonic() + PATIENCE_S
    while Path(f'/proc/{child}').exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f'/proc/{child}').exists()


def test_ctrl_c_is_the_callers_business(folder):
    with EngineProcess(fake('well'), PATIENCE_S) as engine:
        child = engine.pid
        assert os.getpgid(child) != os.getpgid(0)
        os.kill(child, signal.SIGINT)
        engine.watch(LIGHT)
        assert engine.step(FRAME, 0.0)


def test_the_child_imports_no_ros(folder):
    lines = Lines()
    make = functools.partial(exec, 'import sys; print("with ROS:", "rclpy" in sys.modules)')
    with EngineProcess(make, PATIENCE_S, log=lines):
        lines.wait('with ROS: False')


def test_a_restart_that_fails_costs_no_descriptor(monkeypatch):
    def fail(*arguments, **options):
        raise OSError('no more processes')

    def descriptors():
        return os.listdir('/proc/self/fd')

    monkeypatch.setattr(subprocess, 'Popen', fail)
    before = len(descriptors())
    for _ in range(5):
        with pytest.raises(OSError, match='no more processes'):
            EngineProcess(fake('well'), PATIENCE_S)
    assert len(descriptors()) == before


def test_an_engine_that_is_stopped_keeps_nobody_who_interrupts_it_waiting():
    with EngineProcess(fake('well'), PATIENCE_S) as engine:
        engine.watch(LIGHT)
        os.kill(engine.pid, signal.SIGSTOP)
        try:
            calls = threading.Thread(
                target=lambda: [engine.interrupt() for _ in range(2000)], daemon=True)
            calls.start()
            calls.join(PATIENCE_S)
            assert not calls.is_alive()
        finally:
            os.kill(engine.pid, signal.SIGCONT)
        (decision,) = engine.step(FRAME, 1.0)  # and those it had no room for are not waited for
        assert decision.state is State.SILENCE


def test_the_memory_of_a_very_large_frame_is_given_back():
    def shared(process):
        status = Path(f'/proc/{process}/status').read_text()
        return int(next(line for line in status.splitlines() if 'RssShmem' in line).split()[1])

    with EngineProcess(fake('well'), PATIENCE_S) as engine:
        before = shared(os.getpid())
        engine.step(np.ones((5000, 5000, 3), np.uint8), 1.0)
        assert shared(os.getpid()) < before + 10_000
        engine.step(FRAME, 2.0)
