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

"""The robot's side of an engine on another machine."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
import json
import threading
import time
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.engine.called_engine import CalledEngine
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.process.protocol import read_error
from streamo_ros.engine.process.protocol import write_answer_format
from streamo_ros.engine.remote.clock import RemoteClock
from streamo_ros.engine.remote.clock import Split
from streamo_ros.engine.remote.link import Link
from streamo_ros.engine.remote.link import LoopThread
from streamo_ros.engine.remote.link import Refused
from streamo_ros.engine.remote.picture import Picture
from streamo_ros.engine.remote.picture import PictureSize
from streamo_ros.engine.remote.protocol import FRAME_HEAD
from streamo_ros.engine.remote.protocol import OPEN_S
from streamo_ros.engine.remote.protocol import PROTOCOL
from streamo_ros.engine.remote.protocol import ProtocolError
from streamo_ros.engine.remote.protocol import Served
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.remote.server import Server
from streamo_ros.engine.thresholds import Thresholds

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
"""Between two tries to reach a server."""

CLOCKS = 4
"""Questions for the server's time when a stream is opened, and steps between two later ones."""
CLOCK_STEPS = 60


class RemoteEngine(CalledEngine):
    """
    One stream of a server; the first of them is a context manager, connected on entry.

    The rules about threads are those of ``Engine``.

    :param stream: its name at the server, which knows it as this robot's
    :param deadline_s: seconds that ``step`` or ``watch`` may take
    :param bits_per_s: that may go up at most; 0: what the link carries
    :param ended: set by the caller when it ends: a call under way is then given up
    :param log: takes a line now and then, in the caller's thread
    :param on_end: called in a thread of the link when that is gone
    :param names: of the streams that ``new_stream`` opens, in their order
    """

    def __init__(
        self, server: Server, stream: str, options: StreamOptions, *, deadline_s: float,
        bits_per_s: float = 0.0, ended: threading.Event | None = None,
        log: Callable[[str], None] = lambda line: None,
        on_end: Callable[[], None] = lambda: None, names: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._server = server
        self._stream = stream
        self._options = options
        self._deadline_s = deadline_s
        self._bits_per_s = bits_per_s
        self._ended = ended or threading.Event()
        self._log = log
        self._on_end = on_end
        self._names = names
        self._loop: LoopThread | None = None
        self._link: Link | None = None
        self._others: list[RemoteEngine] = []
        self._served: Served | None = None
        self._clock = RemoteClock()
        self._size = PictureSize(bits_per_s)
        self._fps = options.fps
        self._steps = 0
        self._figures: dict[str, str] = {}

    def connect(self) -> None:
        """
        Connect, or not at all.

        :raises Refused: when the server will not have this stream
        :raises EngineFailure: when it cannot be reached, or has no room now
        """
        self._loop = self._loop or LoopThread()
        self._open()

    def __enter__(self) -> 'RemoteEngine':
        """
        Connect, as soon as the server can be reached and has room.

        :raises Refused: when it will not have this stream
        :raises EngineFailure: when the caller ends
        """
        try:
            self._await_server()
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
        """Give up the links of this stream and of those that it has opened."""
        for one in (*self._others, self):
            if one._link is not None:
                one._link.close()
        if self._loop is not None:
            self._loop.stop()

    def check(self) -> None:
        """
        Find out whether the links are there.

        :raises EngineFailure: when one is not
        """
        for one in (self, *self._others):
            if one._link is not None and one._link.reason:
                raise EngineFailure(one._link.reason)

    @property
    def link(self) -> Mapping[str, str]:
        """Return how the link to it is."""
        return self._figures

    def new_stream(self) -> 'RemoteEngine':
        """
        Return another stream at the same server.

        :raises EngineFailure: when that is lost, or has no room for it
        """
        name = self._names[len(self._others)]
        other = RemoteEngine(
            self._server, name, self._options, deadline_s=self._deadline_s,
            bits_per_s=self._bits_per_s, ended=self._ended, log=self._log, on_end=self._on_end)
        other._loop = self._loop
        other._open()
        self._others.append(other)
        return other

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
        answer: AnswerFormat | None = None,
    ) -> Watch:
        """
        Add a standing instruction, as ``StreamEngine.watch`` does.

        :raises InstructionError: when the engine does not take it, or the server has no room
        :raises EngineFailure: when the link is lost
        """
        given = self._call(
            call='watch', text=text, instruction_id=instruction_id, look_back=look_back,
            answer=write_answer_format(answer))
        with self._garbage_is_failure():
            return self._add(given)

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Send one frame and return what was decided, as ``StreamEngine.step`` does.

        :raises StampError: when the stamp does not grow
        :raises EngineFailure: when the link is lost
        """
        began = time.monotonic()
        assert self._served is not None
        if self._steps % CLOCK_STEPS == CLOCK_STEPS - 1:
            self._ask_time()
        self._steps += 1
        spec = self._served.frame
        shown = spec.target(frame.shape[0], frame.shape[1], self._served.cell)
        picture = self._size.encode(spec.scale(frame, shown), shown, self._fps)
        before = dict(self._watches)
        encoded = time.monotonic()
        reply, sent, returned = self._exchange(FRAME_HEAD.pack(stamp, *shown) + picture.jpeg)
        with self._garbage_is_failure():
            decisions = self._decided(before, stamp, reply)
            split = self._clock.split(
                sent, float(reply['received']), float(reply['replied']), returned,
                float(reply['step_s']))
        self._size.note(len(picture.jpeg), split.up_s - self._clock.one_way_s)
        self._figures = self._describe(picture, split, encoded - began)
        return decisions

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """
        Go on at another rate and with other thresholds, as ``StreamEngine.reconfigure`` does.

        :raises EngineFailure: when the link is lost, as over a rate that the server does not give
        """
        self._call(call='reconfigure', fps=fps,
                   thresholds=[thresholds.response, thresholds.release])
        self._fps = fps

    def _control(self, name: str, instruction_id: str = '') -> None:
        if self._link is not None:
            self._link.send(json.dumps({'control': name, 'instruction_id': instruction_id}))

    def _await_server(self) -> None:
        pause_s, told = FIRST_PAUSE_S, ''
        while True:
            try:
                self.connect()
                return
            except Refused:
                raise
            except EngineFailure as error:
                if self._ended.is_set():
                    raise
                if str(error) != told:
                    told = str(error)
                    self._log(f'{told}; it is tried again')
            self._ended.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _open(self) -> None:
        assert self._loop is not None
        self._link = Link(self._loop, self._server, self._stream, self._ended, self._on_end)
        self._link.open()
        try:
            self._served = Served.from_json(self._call(
                OPEN_S, call='open', protocol=PROTOCOL, options=self._options.to_json())['served'])
        except (LookupError, ProtocolError) as error:
            raise self._garbage(error) from error
        for _ in range(CLOCKS):
            self._ask_time()
        self._log(f'{self._served.description}, at {self._server.url}')

    def _ask_time(self) -> None:
        reply, sent, returned = self._exchange(json.dumps({'call': 'time'}), OPEN_S)
        with self._garbage_is_failure():
            self._clock.take(sent, float(reply['received']), float(reply['replied']), returned)

    def _call(self, deadline_s: float | None = None, **request: Any) -> dict[str, Any]:
        return self._exchange(json.dumps(request), deadline_s)[0]

    def _exchange(
        self, message: str | bytes, deadline_s: float | None = None,
    ) -> tuple[dict[str, Any], float, float]:
        assert self._link is not None
        reply, sent, returned = self._link.exchange(message, deadline_s or self._deadline_s)
        if 'refused' in reply:
            self._link.close()
            raise Refused(str(reply['refused']))
        if 'error' in reply:
            with self._garbage_is_failure():
                error = read_error(reply['error'])
            if isinstance(error, EngineFailure):
                self._link.close()
            raise error
        return reply, sent, returned

    @contextmanager
    def _garbage_is_failure(self) -> Iterator[None]:
        """Within it, whatever an answer lacks or has wrong is a failure of the link."""
        try:
            yield
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise self._garbage(error) from error

    def _garbage(self, error: BaseException) -> EngineFailure:
        assert self._link is not None
        self._link.close()
        return EngineFailure(f'the server {self._server.url} returned garbage: {error!r}')

    def _describe(self, picture: Picture, split: Split, encoding_s: float) -> dict[str, str]:
        return {
            'server': self._server.url,
            'checkpoint': self._served.checkpoint if self._served else '',
            'jpeg_quality': str(picture.quality),
            'size': f'{round(picture.shown[1] * picture.scale)}x'
                    f'{round(picture.shown[0] * picture.scale)}',
            'frame_bytes': str(len(picture.jpeg)),
            'up_kbit_s': f'{8e-3 * len(picture.jpeg) * self._fps:.1f}',
            'carries_kbit_s': f'{8e-3 * self._size.carried_bytes_per_s:.0f}',
            'encode_s': f'{encoding_s:.4f}', 'up_s': f'{split.up_s:.4f}',
            'queue_s': f'{split.queue_s:.4f}', 'model_s': f'{split.model_s:.4f}',
            'down_s': f'{split.down_s:.4f}'}
