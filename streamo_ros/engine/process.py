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
An engine in a process of its own, with the face of one that is not.

Native code of a model may crash, hang or be killed by the kernel for want of memory; whoever
calls must outlive that. So the engine lives in a child, and a call either returns or raises
``EngineFailure``, within its deadline. After a failure the child is dead and this object of no
further use: its owner makes another and gives it the instructions again.

Who owns what. The caller owns the table of instructions, the waiting frames and the decision
to begin again; the child owns the checkpoint and the cache. Between them are

- one frame in shared memory. A step is a call, so there is never a second, however many streams
  the child holds. It is anonymous (memfd): nothing stays in /dev/shm when somebody is killed, and
  a container's small /dev/shm is no limit. Pages that no frame touches cost nothing.
- a socket for calls: one message asks, one answers, whole or not at all, as JSON, since whatever
  comes from a broken child must be harmless to read.
- a socket for what must not wait behind a call: interrupt, reset, cancel. A thread of the child
  hears it during a step and acts within one token; a call waits until all has been heard that
  was said before it, so ``reset(); step()`` means what it says.

What happens on

- a hang: at four fifths of the deadline the step is interrupted, so that a long answer comes out
  cut rather than not at all; at the deadline the child is killed.
- a crash, or the kernel's killer: the socket ends, the failure names the signal. The child offers
  itself to that killer before its parent.
- an exception in a step, MemoryError among them: the child tells it and is killed, since nobody
  knows what state it is in. A refused instruction or stamp is no failure.
- garbage: decisions that are not one for each instruction, with a known state and probabilities,
  are never returned; the child is killed.
- a death in the middle of an answer: that answer was not given. One that was sent is received,
  though its sender be dead.
- a failure at load: raised by ``with``, with the child's reason; loading has its own patience.
- the end: leaving ``with`` kills the child. So does the death of the parent, by SIGKILL, too: the
  kernel sends the child a signal, and its sockets end. Ctrl-C reaches only the parent.
- an idle child that dies: ``on_end`` is called, and ``check`` raises.

The child is a fresh interpreter (never a fork of a process with threads) that imports what the
engine needs and nothing of the caller's; what it prints goes to ``log``.
"""

from collections.abc import Callable
import ctypes
import faulthandler
import json
import math
import mmap
import os
from pathlib import Path
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import StampError
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.thresholds import Thresholds

LOAD_S = 600.0
"""Patience with a checkpoint that loads: large ones come from slow disks."""

END_S = 0.5         # how long a step gets to let go when the caller ends
POLL_S = 0.1        # how often a waiting call looks whether it still should
CUT = 0.8           # share of the deadline after which an answer is cut
FRAME_BYTES = 2**28
MESSAGE_BYTES = 2**18
LINE_CHARACTERS = 1000

_REFUSALS = {error.__name__: error for error in (InstructionError, StampError)}
_PR_SET_PDEATHSIG = 1


class EngineFailure(RuntimeError):
    """The engine's process is gone, with everything in its window; the message says why."""


class ProcessStream(Engine):
    """
    One stream of an engine in a process of its own.

    :param number: its place among the child's streams
    """

    def __init__(self, process: 'EngineProcess', number: int) -> None:
        self._visual_tokens_pruned = 0.0
        self._skipped_frames = 0
        self._owner = process
        self._number = number
        self._watches: dict[str, Watch] = {}

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""
        return self._visual_tokens_pruned

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""
        return self._skipped_frames

    def new_stream(self) -> 'ProcessStream':
        """
        Return another stream of the same child, over the same weights.

        :raises EngineFailure: when the engine is lost
        """
        reply = self._owner._call(LOAD_S, self._number, call='another')
        return ProcessStream(self._owner, int(reply['number']))

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
    ) -> Watch:
        """
        Add a standing instruction, as ``StreamEngine.watch`` does.

        :raises InstructionError: when the engine does not take it
        :raises EngineFailure: when the engine is lost
        """
        given = self._owner._call(
            None, self._number, call='watch', text=text, instruction_id=instruction_id,
            look_back=look_back)
        watch = Watch(given['instruction_id'], given['text'], self._cancel)
        self._watches[watch.instruction_id] = watch
        return watch

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Take one frame and decide, as ``StreamEngine.step`` does.

        :raises StampError: when the stamp does not grow
        :raises ValueError: when the frame has more than ``FRAME_BYTES``
        :raises EngineFailure: when the engine is lost
        """
        if frame.nbytes > FRAME_BYTES:
            raise ValueError(
                f'the frame has {frame.nbytes} bytes: scale it to at most {FRAME_BYTES}')
        self._owner._show(frame)
        before = dict(self._watches)
        reply = self._owner._call(
            None, self._number, call='step', shape=frame.shape, stamp=stamp)
        try:
            decisions = [_decision(stamp, *fields) for fields in reply['decisions']]
            decided = [decision.instruction_id for decision in decisions]
            expected = [id for id, watch in before.items()
                        if not watch.cancelled or id in decided]
            if decided != expected:
                raise ValueError(f'decisions about {decided}, not about {expected}')
            self._visual_tokens_pruned = float(reply['visual_tokens_pruned'])
            self._skipped_frames = int(reply['skipped_frames'])
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            self._owner._kill()
            raise EngineFailure(f'the model returned garbage: {error}') from error
        return [decision for decision in decisions
                if not before[decision.instruction_id].cancelled]

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """
        Go on at another rate and with other thresholds, as ``StreamEngine.reconfigure`` does.

        :raises EngineFailure: when the engine is lost, as over time tags it has no room for
        """
        self._owner._call(
            None, self._number, call='reconfigure', fps=fps,
            thresholds=[thresholds.response, thresholds.release])

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""
        self._owner._ask('reset', self._number)

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""
        self._owner._ask('interrupt', self._number)

    def _cancel(self, watch: Watch) -> None:
        watch.cancelled = True
        if self._watches.pop(watch.instruction_id, None) is watch:
            self._owner._ask('cancel', self._number, watch.instruction_id)


class EngineProcess(ProcessStream):
    """
    ``StreamEngine``, in a process of its own; a context manager, loaded on entry.

    It is its own first stream.

    The threads' rules are those of ``StreamEngine``, and one more: the thread that makes it must
    outlive it (the kernel takes that thread for the child's parent).

    :param make: makes the engine, in the child: a picklable callable of an importable module
    :param deadline_s: seconds that ``step`` or ``watch`` may take
    :param ended: set by the caller when it ends: a call under way is then given up
    :param log: takes each line that the child prints, in a thread of its own
    :param on_end: called in that thread when the child is gone
    """

    def __init__(
        self,
        make: Callable[[], Engine],
        deadline_s: float,
        ended: threading.Event | None = None,
        log: Callable[[str], None] = lambda line: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(self, 0)
        self._make = make
        self._deadline_s = deadline_s
        self._ended = ended or threading.Event()
        self._asking = threading.Lock()
        self._asked = 0
        memory = os.memfd_create('streamo frame')
        os.ftruncate(memory, FRAME_BYTES)
        self._memory = mmap.mmap(memory, FRAME_BYTES)
        self._calls, calls = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(END_S)
        given = calls.fileno(), control.fileno(), memory
        # The caller's path first: then the child finds what the caller has found.
        code = (f'import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; '
                f'serve{(*given, os.getpid())}')
        # A session of its own: signals of the terminal are the caller's business.
        self._process = subprocess.Popen(
            [sys.executable, '-u', '-c', code], pass_fds=given, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace')
        calls.close()
        control.close()
        os.close(memory)
        threading.Thread(
            target=_listen, args=(self._process, log, on_end), name='engine log', daemon=True,
        ).start()

    def __enter__(self) -> 'EngineProcess':
        """
        Load the checkpoint.

        :raises EngineFailure: when that fails
        """
        try:
            self._send(pickle.dumps(self._make))
            self._receive(LOAD_S, 0)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it does."""
        self._kill()
        self._calls.close()
        self._control.close()
        self._memory.close()

    def check(self) -> None:
        """
        Find out whether the child lives.

        :raises EngineFailure: when it does not
        """
        if self._process.poll() is not None:
            raise self._death()

    def _show(self, frame: NDArray[np.uint8]) -> None:
        np.copyto(np.ndarray(frame.shape, np.uint8, self._memory), frame, casting='no')

    def _ask(self, word: str, stream: int, id: str = '') -> None:
        with self._asking:
            self._asked += 1
            try:
                self._control.send(json.dumps([word, stream, id]).encode())
            except OSError:
                pass  # dead, or deaf: the next call then waits in vain, and tells

    def _call(self, patience_s: float | None, stream: int, **request: Any) -> dict[str, Any]:
        """Return the child's reply; without a patience of its own within the deadline."""
        with self._asking:
            asked = self._asked
        self._send(json.dumps({**request, 'stream': stream, 'asked': asked}).encode())
        return self._receive(patience_s or self._deadline_s, stream)

    def _send(self, message: bytes) -> None:
        try:
            self._calls.send(message)
        except OSError as error:
            raise self._death() from error

    def _receive(self, patience_s: float, stream: int) -> dict[str, Any]:
        now = time.monotonic()
        cut, end, ending, interrupted = now + CUT * patience_s, now + patience_s, False, False
        while True:
            if self._ended.is_set() and not ending:
                ending, cut, end = True, now, min(end, now + END_S)
            if now >= cut and not interrupted:
                interrupted = True
                self._ask('interrupt', stream)
            if now >= end:
                self._kill()
                raise EngineFailure(
                    'the caller ended' if ending else
                    f'the model hung: it did not return within {patience_s:g} s; if it is only '
                    'slow, raise deadline_s')
            self._calls.settimeout(max(1e-3, min(POLL_S, end - now)))
            try:
                message = self._calls.recv(MESSAGE_BYTES)
            except TimeoutError:
                now = time.monotonic()
                continue
            except OSError:
                message = b''
            if not message:
                raise self._death()
            return self._understood(message)

    def _understood(self, message: bytes) -> dict[str, Any]:
        try:
            reply = dict(json.loads(message))
            error = reply.get('error')
            kind, reason = error or ('', '')
        except (TypeError, ValueError) as garbled:
            self._kill()
            raise EngineFailure(f'the model returned garbage: {garbled}') from garbled
        if not error:
            return reply
        if kind in _REFUSALS:
            raise _REFUSALS[kind](reason)
        self._kill()
        raise EngineFailure(reason if kind == 'CheckpointError' else f'{kind}: {reason}')

    def _death(self) -> EngineFailure:
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._kill()
            return EngineFailure("the model's process does not listen any more")
        if code >= 0:
            return EngineFailure(f"the model's process ended, with exit code {code}")
        return EngineFailure(
            f"the model's process was ended by {signal.Signals(-code).name}"
            + (': did memory run out? The kernel log says' if code == -signal.SIGKILL else ''))

    def _kill(self) -> None:
        self._process.kill()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            pass  # stuck in the kernel, with its device; the thread that listens waits on


def _decision(
    stamp: float, id: str, state: int, probabilities: list[float], text: str, complete: bool,
) -> Decision:
    silence, standby, response = map(float, probabilities)
    for share in (silence, standby, response):
        if not (math.isfinite(share) and -1e-6 <= share <= 1 + 1e-6):
            raise ValueError(f'probabilities {probabilities}')
    return Decision(
        id, State(state), (silence, standby, response), str(text), bool(complete), stamp)


def _listen(
    process: 'subprocess.Popen[str]', log: Callable[[str], None], on_end: Callable[[], None],
) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        while line := lines.readline(LINE_CHARACTERS):
            if line := line.strip():
                log(line)
    process.wait()
    on_end()


def serve(calls: int, control: int, memory: int, parent: int) -> None:
    """
    Be the child of an ``EngineProcess``, until it ends.

    :param calls: descriptor of the socket of calls; the first message is the pickled ``make``
    :param control: descriptor of the socket of what does not wait
    :param memory: descriptor of the frame
    :param parent: id of the process that must be the parent
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return  # it died before this could be said
    faulthandler.enable()
    try:
        Path('/proc/self/oom_score_adj').write_text('500')
    except OSError:
        pass  # some containers forbid it
    for descriptor in (calls, control, memory):
        os.set_inheritable(descriptor, False)
    _Child(socket.socket(fileno=calls), socket.socket(fileno=control), memory).run()


class _Child:
    """The child's side: an engine a stream, the thread that steps them, and one that hears."""

    def __init__(self, calls: socket.socket, control: socket.socket, memory: int) -> None:
        self._calls = calls
        self._control = control
        self._memory = mmap.mmap(memory, FRAME_BYTES, access=mmap.ACCESS_READ)
        self._engines: list[Engine] = []
        self._watches: dict[tuple[int, str], Watch] = {}
        self._heard = 0
        self._hearing = threading.Condition()

    def run(self) -> None:
        threading.Thread(target=self._hear, name='hear', daemon=True).start()
        if self._reply(self._load, self._calls.recv(MESSAGE_BYTES)):
            while message := self._calls.recv(MESSAGE_BYTES):
                self._reply(self._answer, json.loads(message))

    def _reply(self, answer: Callable[[Any], dict[str, Any]], request: Any) -> bool:
        try:
            reply = json.dumps(answer(request))
        except Exception as error:
            if not isinstance(error, tuple(_REFUSALS.values())):
                traceback.print_exc()
            reply = json.dumps({'error': [type(error).__name__, str(error)]})
        self._calls.send(reply.encode())
        return 'error' not in reply

    def _load(self, make: bytes) -> dict[str, Any]:
        self._engines.append(pickle.loads(make)())
        return {}

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._hearing:
            self._hearing.wait_for(lambda: self._heard >= request['asked'])
        stream = request['stream']
        engine = self._engines[stream]
        if request['call'] == 'another':
            self._engines.append(engine.new_stream())
            return {'number': len(self._engines) - 1}
        if request['call'] == 'watch':
            watch = engine.watch(
                request['text'], request['instruction_id'], look_back=request['look_back'])
            self._watches[stream, watch.instruction_id] = watch
            return {'instruction_id': watch.instruction_id, 'text': watch.text}
        if request['call'] == 'reconfigure':
            engine.reconfigure(request['fps'], Thresholds(*request['thresholds']))
            return {}
        frame: NDArray[np.uint8] = np.ndarray(request['shape'], np.uint8, self._memory)
        decisions = engine.step(frame, request['stamp'])
        return {
            'decisions': [
                [decision.instruction_id, int(decision.state),
                 [float(share) for share in decision.probabilities],
                 decision.text, decision.complete]
                for decision in decisions],
            'visual_tokens_pruned': engine.visual_tokens_pruned,
            'skipped_frames': engine.skipped_frames}

    def _hear(self) -> None:
        while message := self._control.recv(MESSAGE_BYTES):
            word, stream, id = json.loads(message)
            if self._engines:  # else it loads, and has nothing to be told
                if word == 'cancel':
                    self._watches.pop((stream, id)).cancel()
                elif word == 'reset':
                    self._engines[stream].reset()
                else:
                    self._engines[stream].interrupt()
            with self._hearing:
                self._heard += 1
                self._hearing.notify()
        os._exit(0)  # the parent is gone, whatever the other thread does
