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

"""The caller's end of an engine's process: it starts the child, calls it, and ends it."""

from collections.abc import Callable
from contextlib import ExitStack
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.process.deadline import Deadline
from streamo_ros.engine.process.deadline import END_S
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.process.protocol import FRAME_BYTES
from streamo_ros.engine.process.protocol import MESSAGE_BYTES
from streamo_ros.engine.process.protocol import read_error

LINE_CHARACTERS = 1000
KEPT_BYTES = 2**25  # of a frame, more than one of 4K has


class Connection:
    """
    One child process, which runs ``server.serve``, and the sockets and memory shared with it.

    :param deadline_s: seconds that a call may take
    :param ended: set by the caller when it ends: a call under way is then given up
    :param log: takes each line that the child prints, in a thread of its own
    :param on_end: called in that thread when the child is gone
    """

    def __init__(
        self, deadline_s: float, ended: threading.Event, log: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> None:
        self._deadline_s = deadline_s
        self._ended = ended
        self._sending = threading.Lock()
        self._controls = 0
        with ExitStack() as ours, ExitStack() as childs:  # whatever fails, none stays open
            memory = os.memfd_create('streamo frame')
            childs.callback(os.close, memory)
            os.ftruncate(memory, FRAME_BYTES)
            self._memory = ours.enter_context(mmap.mmap(memory, FRAME_BYTES))
            self._calls, calls = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.enter_context(self._calls)
            childs.enter_context(calls)
            self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.enter_context(self._control)
            childs.enter_context(control)
            self._control.setblocking(False)
            self._process = self._start(calls.fileno(), control.fileno(), memory)
            ours.pop_all()
        threading.Thread(
            target=_pass_on, args=(self._process, log, on_end), name='engine log', daemon=True,
        ).start()

    @staticmethod
    def _start(*given: int) -> 'subprocess.Popen[str]':
        """Start the child, which is given these descriptors."""
        # The caller's path first: then the child finds what the caller has found.
        code = (f'import sys; sys.path[:] = {sys.path!r}; '
                'from streamo_ros.engine.process.server import serve; '
                f'serve{(*given, os.getpid())}')
        # A session of its own: signals of the terminal are the caller's business.
        return subprocess.Popen(
            [sys.executable, '-u', '-c', code], pass_fds=given, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace')

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    def close(self) -> None:
        """End the child, whatever it does."""
        self.kill()
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

    def put_frame(self, frame: NDArray[np.uint8]) -> None:
        """Copy a frame to the memory that the child reads frames from."""
        np.copyto(np.ndarray(frame.shape, np.uint8, self._memory), frame, casting='no')

    def forget_frame(self, size: int) -> None:
        """Give back the memory of a frame of so many bytes, if that was a large one."""
        if size > KEPT_BYTES:
            self._memory.madvise(mmap.MADV_REMOVE)

    def send_control(self, name: str, stream: int, id: str = '') -> None:
        """
        Send a control message, which has no answer, from any thread.

        It never waits for a child that does not listen.

        :param name: ``interrupt``, ``reset`` or ``cancel``
        :param stream: number of the child's stream
        :param id: with ``cancel``: of the instruction
        """
        with self._sending:
            self._controls += 1
            try:
                self._control.send(json.dumps([name, stream, id]).encode())
            except OSError:  # dead, or deaf: the next call then waits in vain, and tells
                if name == 'interrupt':
                    self._controls -= 1  # one of those that fill the socket will do as well

    def call(
        self, name: str, stream: int, deadline_s: float | None = None, **arguments: Any,
    ) -> dict[str, Any]:
        """
        Return the child's answer.

        :param name: of the call
        :param stream: number of the child's stream
        :param deadline_s: seconds; None takes the connection's own
        :raises EngineFailure: when the engine is lost
        """
        with self._sending:
            controls = self._controls
        return self.exchange(json.dumps(
            {**arguments, 'call': name, 'stream': stream, 'controls': controls}).encode(),
            stream, deadline_s or self._deadline_s)

    def exchange(self, message: bytes, stream: int, deadline_s: float) -> dict[str, Any]:
        """
        Send a message and return the answer, within a deadline in seconds.

        :param stream: whose answer is interrupted when it takes too long
        :raises EngineFailure: when the engine is lost
        """
        try:
            self._calls.send(message)
        except OSError as error:
            raise self._death() from error
        return self._receive(deadline_s, stream)

    def kill(self) -> None:
        """Kill the child; it is gone, or stuck in the kernel, when this returns."""
        self._process.kill()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            pass  # stuck in the kernel, with its device; the log's thread waits on

    def _receive(self, deadline_s: float, stream: int) -> dict[str, Any]:
        deadline = Deadline(
            deadline_s, self._ended, lambda: self.send_control('interrupt', stream))
        while wait_s := deadline.wait_s():
            self._calls.settimeout(wait_s)
            try:
                message = self._calls.recv(MESSAGE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                message = b''
            if not message:
                raise self._death()
            return self._read(message)
        self.kill()
        raise EngineFailure(
            'the caller ended' if deadline.ending else
            f'the model hung: it did not return within {deadline_s:g} s; if it is only slow, '
            'raise deadline_s')

    def _read(self, message: bytes) -> dict[str, Any]:
        try:
            reply = dict(json.loads(message))
            error = read_error(reply['error']) if 'error' in reply else None
        except (TypeError, ValueError) as garbled:
            self.kill()
            raise EngineFailure(f'the model returned garbage: {garbled}') from garbled
        if error is None:
            return reply
        if isinstance(error, EngineFailure):
            self.kill()
        raise error

    def _death(self) -> EngineFailure:
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return EngineFailure("the model's process does not listen any more")
        if code >= 0:
            return EngineFailure(f"the model's process ended, with exit code {code}")
        return EngineFailure(
            f"the model's process was ended by {signal.Signals(-code).name}"
            + (': did memory run out? The kernel log says' if code == -signal.SIGKILL else ''))


def _pass_on(
    process: 'subprocess.Popen[str]', log: Callable[[str], None], on_end: Callable[[], None],
) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        while line := lines.readline(LINE_CHARACTERS):
            if line := line.strip():
                log(line)
    process.wait()
    on_end()
