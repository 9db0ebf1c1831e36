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
What a process prints, without ever waiting for whoever reads it.

A terminal on Ctrl-S, a launcher that hangs or a pipe that nobody reads would stop the process at
its next line: rclpy writes its log with the interpreter's lock in hand, so all threads would wait.
Therefore descriptors 1 and 2 become pipes of this process's own, which never block; for
each a thread carries what is in it to where it was to go, and it alone waits.

Bounded: a pipe holds ``HELD_BYTES``; what finds no room is lost, and when the reader goes on it is
told so. A process that crashes or hangs leaves the trace of its Python code on the true standard
error.
"""

from collections.abc import Mapping
import contextlib
import faulthandler
import fcntl
import os
import select
import signal
import sys
import threading
import time

HELD_BYTES = 2**18
_READ_BYTES = 2**16
_LATE_S = 1.0
_LOST = b'(this output was not read for a while: lines are missing)\n'


class StandardStreams:
    """The standard output and error of this process, from now on until ``finish``."""

    def __init__(self) -> None:
        self._true = {number: os.dup(number) for number in (1, 2) if _is_open(number)}
        if _is_terminal(self._true):  # which the log would no longer see
            os.environ.setdefault('RCUTILS_COLORIZED_OUTPUT', '1')
        self._threads: list[threading.Thread] = []
        ends: dict[tuple[int, int], int] = {}
        for number, true in self._true.items():
            status = os.fstat(true)
            place = status.st_dev, status.st_ino
            if place not in ends:  # one pipe for one file: the order of lines stays
                source, ends[place] = os.pipe()
                os.set_blocking(ends[place], False)
                with contextlib.suppress(OSError):  # more than this user may have
                    fcntl.fcntl(ends[place], fcntl.F_SETPIPE_SZ, HELD_BYTES)
                self._threads.append(threading.Thread(
                    target=_carry, args=(source, true), name='output', daemon=True))
            os.dup2(ends[place], number)
        for end in ends.values():
            os.close(end)
        if 2 in self._true:
            faulthandler.enable(self._true[2])
            faulthandler.register(signal.SIGPROF, self._true[2], chain=True)     # see hang
        for thread in self._threads:
            thread.start()

    def finish(self, timeout_s: float) -> bool:
        """
        Give the streams back; return whether all that was printed has arrived.

        Otherwise whoever prints from now on may have to wait.
        """
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        for number, true in self._true.items():
            os.dup2(true, number)  # with it the pipe ends
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)


def _carry(source: int, true: int) -> None:
    """Carry what comes out of a pipe on, until it ends."""
    while text := os.read(source, _READ_BYTES):
        before = time.monotonic()
        try:
            _write(true, text)
            if time.monotonic() - before > _LATE_S:
                _write(true, _LOST)
        except OSError:
            pass  # whoever read it has gone; the pipe is emptied all the same
    os.close(source)


def _write(descriptor: int, text: bytes) -> None:
    while text:
        try:
            text = text[os.write(descriptor, text):]
        except BlockingIOError:  # others have made the file itself non-blocking
            select.select([], [descriptor], [])


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _is_terminal(true: Mapping[int, int]) -> bool:
    return 2 in true and os.isatty(true[2])
