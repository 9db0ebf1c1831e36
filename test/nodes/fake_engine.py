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
The mock engine, but that it fails on demand; for tests of faults alone.

Run as a program it is the node with this engine; the parameter ``checkpoint`` says what goes
wrong, e.g. ``raises``. A fault of ``FAULTS`` happens at the second frame, and only once in the
folder that the node runs in: the engine that takes the lost one's place is well.
"""

import ctypes
from dataclasses import replace
import os
from pathlib import Path
import sys
import threading
import time

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.mock.engine import MockEngine

MAX_INSTRUCTIONS = 4
SLOW_S = 0.5
CHANGE_S = 0.2
PATIENCE_S = 60.0

GO_ON = 'go on'
"""With ``loads when told`` it is loaded when this file is in the folder."""


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


class FakeEngine(MockEngine):
    """Silence, Standby, Response in turn for each instruction; ``mode`` says what goes wrong."""

    def __init__(self, mode='well'):
        super().__init__()
        self.mode = mode
        self.calls = []
        self.released = threading.Event()  # ends a hanging step
        self.interrupted = threading.Event()
        self._tick = -1

    @classmethod
    def from_pretrained(cls, name, **options):
        if name == 'unloadable':
            raise ValueError('the weights are not there: look for them')
        print('made with', options.get('fps'), options.get('thresholds'), flush=True)
        while name == 'loads when told' and not Path(GO_ON).exists():
            time.sleep(0.02)
        if name == 'dies at load':
            segfault(None, None)
        return cls(name)

    def new_stream(self):
        return type(self)(self.mode)

    def watch(self, text, instruction_id=None, **options):
        if 'too long' in text:
            raise InstructionError('the instruction is too long: shorten it')
        if len(self.watches) == MAX_INSTRUCTIONS:
            raise InstructionError(f'{MAX_INSTRUCTIONS} instructions stand already')
        watch = super().watch(text, instruction_id, **options)
        self.calls.append(f'watch {watch.text}')
        return watch

    def _cancel(self, watch):
        super()._cancel(watch)
        self.calls.append(f'cancel {watch.text}')

    def step(self, frame, stamp):
        self.interrupted.clear()
        self._tick += 1
        self.calls.append(f'step {self._tick}')
        if self.mode == 'raises' and self._tick % 3 == 1:
            raise RuntimeError('out of memory, say')
        if self.mode == 'hangs':
            self.released.wait()
        if self.mode == 'slow':
            time.sleep(SLOW_S)
        decisions = super().step(frame, stamp)
        if self.mode == 'talks' and any(one.state is State.RESPONSE for one in decisions):
            print('the answer has begun', flush=True)
            complete = not self.interrupted.wait(PATIENCE_S)
            print('the answer is', 'complete' if complete else 'cut', flush=True)
            decisions = [replace(decision, complete=complete) for decision in decisions]
        if self.mode in FAULTS and self._tick == 1 and not Path('failed').exists():
            Path('failed').touch()
            return FAULTS[self.mode](self, decisions)
        return decisions

    def reconfigure(self, fps, thresholds):
        if self.mode == 'slow to change':
            time.sleep(CHANGE_S)
        print('reconfigured to', fps, thresholds, flush=True)

    def reset(self):
        super().reset()
        self._tick = -1
        self.calls.append('reset')

    def interrupt(self):
        self.interrupted.set()


if __name__ == '__main__':
    # Of this file as a module, not as a program: the engine's process imports it by its name.
    import fake_engine

    from streamo_ros.events import release
    from streamo_ros.nodes import streamo_node
    # What an answer waits for a disk; a busy machine is not to be taken for a slow disk.
    release.HOLD_S = float(os.environ.get('STREAMO_HOLD_S', release.HOLD_S))

    sys.exit(streamo_node.main(make_engine=fake_engine.FakeEngine.from_pretrained))
