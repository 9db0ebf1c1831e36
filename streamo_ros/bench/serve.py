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
``streamo bench serve``: streams of one server, over this machine's network.

``throughput_over_one_by_one``
    Ticks a second, of all streams together, where those that tick at the same time are one
    forward, over a server that computes each by itself; frames come as fast as they are taken.
    Two servers, by turns; the median of the rounds.
``slowest_share``
    Ticks of the slowest stream over those of the mean one, in the worst round: 1 is fair.
``paced_...``
    The same streams at so many ticks a second, each beginning anywhere: how many of their ticks
    came in time, before the next frame, and seconds from a frame's leaving to its decision, median
    and 95 %.
``door_s``, ``tick_s``
    Processor time of the door for a tick, and time that the device is busy with one.
"""

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextlib import ExitStack
from dataclasses import dataclass
import json
import multiprocessing
from multiprocessing.connection import Connection
import os
from pathlib import Path
import statistics
import tempfile
import time
import urllib.request

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.remote.client import RemoteEngine
from streamo_ros.engine.remote.protocol import MOST_FPS
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.remote.server import Server

_TEXT = 'Tell me when somebody comes in.'
_ROBOT, _SECRET = 'bench', 24 * 'b'
_CAMERA = (480, 640)
_FRAMES = 16
_DEADLINE_S = 120.0
_ROUNDS = 3


@dataclass(frozen=True)
class ServeFigures:
    """The figures."""

    streams: int
    batched_ticks_s: float
    one_by_one_ticks_s: float
    throughput_over_one_by_one: float
    slowest_share: float
    paced_fps: float
    paced_in_time: float
    paced_p50_s: float
    paced_p95_s: float
    door_s: float
    tick_s: float


@dataclass(frozen=True)
class _Running:
    """A server that runs, and its streams."""

    pid: int
    url: str
    engines: list[RemoteEngine]

    def tick_s(self) -> float:
        """Return the seconds that its device is busy with a tick."""
        request = urllib.request.Request(
            f'{self.url.replace("ws://", "http://")}/streams',
            headers={'Authorization': f'Bearer {_SECRET}'})
        with urllib.request.urlopen(request) as answer:
            return float(json.load(answer)['devices'][0]['tick_s'])

    def processor_s(self) -> float:
        """Return the processor time of the door so far."""
        fields = Path(f'/proc/{self.pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def measure(
    checkpoint: str, *, streams: int, seconds: float, fps: float, threads: int = 0,
) -> ServeFigures:
    """
    Return the figures of a checkpoint.

    :param seconds: that each round lasts
    :param fps: ticks a second of each stream where they are paced
    :param threads: as in ``given_threads``
    """
    frames = np.random.default_rng(0).integers(
        0, 256, (_FRAMES, *_CAMERA, 3), np.uint8)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(streams))
        batched, one_by_one = (
            stack.enter_context(_server(checkpoint, streams, threads, together))
            for together in (True, False))
        for running in (batched, one_by_one):  # until everything is made
            _rush(pool, running, frames, seconds / 2)
        rates: list[tuple[float, float]] = []
        shares = []
        door_s = 0.0
        for _ in range(_ROUNDS):
            before = batched.processor_s()
            counts = _rush(pool, batched, frames, seconds)
            door_s = (batched.processor_s() - before) / sum(counts)
            shares.append(min(counts) / statistics.mean(counts))
            rates.append((sum(counts) / seconds,
                          sum(_rush(pool, one_by_one, frames, seconds)) / seconds))
        late = _pace(pool, batched, frames, seconds, fps)
        return ServeFigures(
            streams, statistics.median(rate for rate, _ in rates),
            statistics.median(rate for _, rate in rates),
            statistics.median(one / other for one, other in rates), min(shares), fps,
            sum(each <= 1 / fps for each in late) / len(late), statistics.median(late),
            sorted(late)[int(0.95 * (len(late) - 1))], door_s, batched.tick_s())


def _rush(
    pool: ThreadPoolExecutor, running: _Running, frames: NDArray[np.uint8], seconds: float,
) -> list[int]:
    """Return how many ticks each stream had, as fast as it could."""
    end = time.monotonic() + seconds

    def run(engine: RemoteEngine) -> int:
        ticks = 0
        while time.monotonic() < end:
            engine.step(frames[ticks % _FRAMES], time.monotonic())
            ticks += 1
        return ticks
    return list(pool.map(run, running.engines))


def _pace(
    pool: ThreadPoolExecutor, running: _Running, frames: NDArray[np.uint8], seconds: float,
    fps: float,
) -> list[float]:
    """Return how long each tick took, where each stream has so many a second."""
    begin = time.monotonic()
    phases = np.random.default_rng(0).random(len(running.engines))

    def run(numbered: tuple[int, RemoteEngine]) -> list[float]:
        number, engine = numbered
        took = []
        for tick in range(max(2, round(seconds * fps))):
            due = begin + (tick + phases[number]) / fps
            time.sleep(max(0.0, due - time.monotonic()))
            engine.step(frames[tick % _FRAMES], time.monotonic())
            took.append(time.monotonic() - due)
        return took
    return [each for one in pool.map(run, enumerate(running.engines)) for each in one]


@contextmanager
def _server(
    checkpoint: str, streams: int, threads: int, together: bool,
) -> Iterator[_Running]:
    """Run a server with its streams open."""
    context = multiprocessing.get_context('spawn')
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder, 'robots.json')
        file.touch(0o600)
        file.write_text(json.dumps({'operator': _SECRET, 'robots': {_ROBOT: {
            'secret': _SECRET, 'streams': min(64, streams), 'fps': MOST_FPS}}}))
        process = context.Process(
            target=_serve, args=(checkpoint, file, threads, together, theirs))
        process.start()
        theirs.close()
        stack.callback(process.join)
        stack.callback(process.terminate)
        url: str = ours.recv()
        server = Server(url, f'{_ROBOT}.{_SECRET}')
        engines = [
            stack.enter_context(RemoteEngine(
                server, f'stream-{number}', StreamOptions(fps=0.01), deadline_s=_DEADLINE_S))
            for number in range(streams)]
        for engine in engines:
            engine.watch(_TEXT)
        assert process.pid is not None
        yield _Running(process.pid, url, engines)


def _serve(
    checkpoint: str, robots: Path, threads: int, together: bool, told: Connection,
) -> None:
    """Be the process of a server."""
    import asyncio

    from streamo_ros.serving.door import Address
    from streamo_ros.serving.door import serve
    from streamo_ros.serving.fleet import Fleet
    from streamo_ros.serving.robots import Robots
    from streamo_ros.serving.served_model import LoadCheckpoint
    send: Callable[[str], None] = told.send
    asyncio.run(serve(
        Fleet(LoadCheckpoint(checkpoint, threads=threads, batched=together), 'local', 1),
        Robots(robots), Address('127.0.0.1', 0), send))
