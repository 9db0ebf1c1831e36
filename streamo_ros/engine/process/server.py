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

"""The child's side of an engine in a process of its own."""

from collections.abc import Callable
import ctypes
import faulthandler
import json
import mmap
import os
from pathlib import Path
import pickle
import signal
import socket
import threading
import traceback
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import answer_format
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.protocol import FRAME_BYTES
from streamo_ros.engine.process.protocol import MESSAGE_BYTES
from streamo_ros.engine.process.protocol import REFUSALS
from streamo_ros.engine.process.protocol import write_error
from streamo_ros.engine.process.protocol import write_step
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.errors import UserError

_PR_SET_PDEATHSIG = 1


def serve(calls: int, control: int, memory: int, parent: int) -> None:
    """
    Be the child of an ``EngineProcess``, until it ends.

    :param calls: descriptor of the socket of calls; the first message is the pickled ``make``
    :param control: descriptor of the socket of control messages
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
    _Server(socket.socket(fileno=calls), socket.socket(fileno=control), memory).run()


class _Server:
    """An engine for each stream, the thread that steps them, and one for control messages."""

    def __init__(self, calls: socket.socket, control: socket.socket, memory: int) -> None:
        self._calls = calls
        self._control = control
        self._memory = mmap.mmap(memory, FRAME_BYTES, access=mmap.ACCESS_READ)
        self._engines: list[Engine] = []
        self._watches: dict[tuple[int, str], Watch] = {}
        self._handled = 0
        self._handling = threading.Condition()

    def run(self) -> None:
        threading.Thread(target=self._handle_controls, name='control', daemon=True).start()
        if self._reply(self._load, self._calls.recv(MESSAGE_BYTES)):
            while message := self._calls.recv(MESSAGE_BYTES):
                self._reply(self._answer, json.loads(message))

    def _reply(self, answer: Callable[[Any], dict[str, Any]], request: Any) -> bool:
        try:
            reply = json.dumps(answer(request))
        except Exception as error:
            if not isinstance(error, (UserError, *REFUSALS.values())):
                traceback.print_exc()
            reply = json.dumps(write_error(error))
        self._calls.send(reply.encode())
        return 'error' not in reply

    def _load(self, make: bytes) -> dict[str, Any]:
        self._engines.append(pickle.loads(make)())
        return {}

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._handling:
            self._handling.wait_for(lambda: self._handled >= request['controls'])
        stream = request['stream']
        engine = self._engines[stream]
        if request['call'] == 'new_stream':
            self._engines.append(engine.new_stream())
            return {'number': len(self._engines) - 1}
        if request['call'] == 'watch':
            watch = engine.watch(
                request['text'], request['instruction_id'], look_back=request['look_back'],
                answer=answer_format(*request['answer']))
            self._watches[stream, watch.instruction_id] = watch
            return {'instruction_id': watch.instruction_id, 'text': watch.text}
        if request['call'] == 'reconfigure':
            engine.reconfigure(request['fps'], Thresholds(*request['thresholds']))
            return {}
        frame: NDArray[np.uint8] = np.ndarray(request['shape'], np.uint8, self._memory)
        decisions = engine.step(frame, request['stamp'])
        return write_step(engine, decisions)

    def _handle_controls(self) -> None:
        while message := self._control.recv(MESSAGE_BYTES):
            name, stream, id = json.loads(message)
            if self._engines:  # else it loads, and there is nothing to control
                if name == 'cancel':
                    self._watches.pop((stream, id)).cancel()
                elif name == 'reset':
                    self._engines[stream].reset()
                else:
                    self._engines[stream].interrupt()
            with self._handling:
                self._handled += 1
                self._handling.notify()
        os._exit(0)  # the parent is gone, whatever the other thread does
