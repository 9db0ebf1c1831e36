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
An engine with the real one's face that fails on demand; for tests of faults alone.

Run as a program it is the node with this engine; the parameter ``checkpoint`` says what goes
wrong, e.g. ``raises``. A fault of ``FAULTS`` happens at the second frame, and only once in the
folder that the node runs in: the engine that takes the lost one's place is well.
"""

import ctypes
from dataclasses import replace
import itertools
import os
from pathlib import Path
import sys
import threading
import time

from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import Watch

MAX_INSTRUCTIONS = 4
SLOW_S = 0.5


def hang(engine, decisions):
    engine.released.wait()


def exit(engine, decisions):
    os._exit(3)


def segfault(engine, decisions):
    ctypes.string_at(0)


def out_of_memory(engine, decisions):
    raise MemoryError('no room for another window')


def not_a_number(engine, decisions):
    return [replace(decision, probabilities=(float('nan'),) * 3) for decision in decisions]


def too_few(engine, decisions):
    return decisions[1:]


def unknown_state(engine, decisions):
    return [replace(decision, state=7) for decision in decisions]


FAULTS = {
    fault.__name__: fault
    for fault in (hang, exit, segfault, out_of_memory, not_a_number, too_few, unknown_state)}


class FakeEngine:
    """Silence, Standby, Response in turn for each instruction; ``mode`` says what goes wrong."""

    visual_tokens_pruned = 0.0
    skipped_frames = 0

    def __init__(self, mode='well'):
        self.mode = mode
        self.watches = ()
        self.calls = []
        self.released = threading.Event()  # ends a hanging step
        self._names = (f'watch-{number}' for number in itertools.count(1))
        self._tick = -1
        self._interrupted = threading.Event()

    @classmethod
    def from_pretrained(cls, name, **options):
        if name == 'unloadable':
            raise ValueError('the weights are not there: look for them')
        print('made with', options.get('fps'), options.get('thresholds'), flush=True)
        if name == 'loads slowly':
            time.sleep(2.0)
        if name == 'dies at load':
            segfault(None, None)
        return cls(name)

    def new_stream(self):
        return type(self)(self.mode)

    def watch(self, text, instruction_id=None, *, look_back=False):
        text = clean_instruction(text)
        if 'too long' in text:
            raise InstructionError('the instruction is too long: shorten it')
        if len(self.watches) == MAX_INSTRUCTIONS:
            raise InstructionError(f'{MAX_INSTRUCTIONS} instructions stand already')
        watch = Watch(instruction_id or next(self._names), text, self._cancel)
        self.watches += (watch,)
        self.calls.append(f'watch {text}')
        return watch

    def _cancel(self, watch):
        self.watches = tuple(other for other in self.watches if other is not watch)
        self.calls.append(f'cancel {watch.text}')

    def step(self, frame, stamp):
        self._interrupted.clear()
        self._tick += 1
        self.calls.append(f'step {self._tick}')
        if self.mode == 'raises' and self._tick % 3 == 1:
            raise RuntimeError('out of memory, say')
        if self.mode == 'hangs':
            self.released.wait()
        if self.mode == 'slow':
            time.sleep(SLOW_S)
        state = State(self._tick % 3)
        complete = True
        if self.mode == 'talks' and state is State.RESPONSE:
            print('the answer has begun', flush=True)
            complete = not self._interrupted.wait(30.0)
            print('the answer is', 'complete' if complete else 'cut', flush=True)
        decisions = [
            Decision(
                watch.instruction_id, state, tuple(0.8 if s is state else 0.1 for s in State),
                f'It happened at {stamp:.3f}.' if state is State.RESPONSE else '', complete, stamp)
            for watch in self.watches]
        if self.mode in FAULTS and self._tick == 1 and not Path('failed').exists():
            Path('failed').touch()
            return FAULTS[self.mode](self, decisions)
        return decisions

    def reconfigure(self, fps, thresholds):
        print('reconfigured to', fps, thresholds, flush=True)

    def reset(self):
        self._tick = -1
        self.calls.append('reset')

    def interrupt(self):
        self._interrupted.set()


if __name__ == '__main__':
    # Of this file as a module, not as a program: the engine's process imports it by its name.
    import fake_engine

    from streamo_ros.nodes import streamo_node

    streamo_node.StreamEngine = fake_engine.FakeEngine
    sys.exit(streamo_node.main())
