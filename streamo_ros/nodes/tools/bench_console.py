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
What the operators' console costs: its share of a core, with nobody, one and five looking.

They are measured in turns, several rounds of them, and so is the node without a console.

Everything is real but the browsers, which take pictures and states and draw nothing: a camera of
640x480 at 30 Hz, the node with nano at two frames a second, the console, as processes over DDS.
The node's latency beside each says whether it notices.
"""

import argparse
import asyncio
from pathlib import Path
import signal
import socket
import sys
import threading
import time
from typing import Any

import aiohttp

from streamo_ros.msg import StreamState
from streamo_ros.nodes.diagnostics import quantile
from streamo_ros.nodes.tools.bench import choose_profile
from streamo_ros.nodes.tools.bench import cpu_seconds
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.nodes.tools.graph_runner import Process
from streamo_ros.nodes.tools.graph_runner import run_tool
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import check_figures
from streamo_ros.output import write_json

PORT = 8429
FPS = 2.0
LOOKING = None, 0, 1, 5
SETTLE_S = 3.0  # after a browser came or went


class Latencies(Console):
    """Notes the latency of each decision of the node."""

    def __init__(self, runner: GraphRunner) -> None:
        super().__init__(runner)
        self.seconds: list[float] = []

    def take_state(self, message: StreamState) -> None:
        """Note a state's latency, if it is fresh."""
        super().take_state(message)
        if message.age_s == 0 and message.header.stamp.sec:
            self.seconds.append(message.latency_s)


class Viewers:
    """
    Browsers that look at the camera and draw nothing, in a thread of their own.

    :param count: how many
    """

    def __init__(self, count: int) -> None:
        self.pictures = 0
        self._count = count
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def __enter__(self) -> 'Viewers':
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session:
            looking = [asyncio.ensure_future(self._look(session)) for _ in range(self._count)]
            await self._ended.wait()
            for one in looking:
                one.cancel()
            await asyncio.gather(*looking, return_exceptions=True)

    async def _look(self, session: aiohttp.ClientSession) -> None:
        site = f'http://127.0.0.1:{PORT}'
        async with session.ws_connect(f'{site}/live', origin=site, max_msg_size=0) as live:
            await live.send_json({
                'number': 1, 'do': 'look', 'node': '/streamo', 'camera': 'image', 'looks': True})
            async for message in live:
                self.pictures += message.type is aiohttp.WSMsgType.BINARY


class Setting:
    """
    What was measured with so many browsers, over all rounds.

    :param browsers: that look; None: there is no console
    """

    def __init__(self, browsers: int | None) -> None:
        self.browsers = browsers
        self.used = self.took = 0.0
        self.pictures = 0
        self.latencies: list[list[float]] = []      # of each round

    def figures(self) -> dict[str, Any]:
        """Return its figures."""
        every = [seconds for latencies in self.latencies for seconds in latencies]
        medians = [1e3 * quantile(latencies, 0.5) for latencies in self.latencies]
        return {
            'browsers': self.browsers,
            'core_share': round(self.used / self.took, 3),
            'pictures_per_s': round(self.pictures / self.took / max(1, self.browsers or 0), 2),
            'node_latency_p50_ms': round(1e3 * quantile(every, 0.5), 1),
            'node_latency_p95_ms': round(1e3 * quantile(every, 0.95), 1),
            'node_latency_p50_ms_of_rounds': [round(min(medians), 1), round(max(medians), 1)]}


def measure(runner: GraphRunner, seconds: float, rounds: int) -> list[dict[str, Any]]:
    """Return the figures of each number of browsers, and of no console, in turns."""
    runner.start_node('--log-level', 'warn', '-p', f'fps:={FPS}')
    heard = Latencies(runner)
    heard.await_ready()
    heard.ask('Tell me when the light goes off or on.', 'light')
    total = rounds * len(LOOKING) * (seconds + 4 * SETTLE_S)
    camera = runner.start_camera('bench_camera', 'image', '640', '480', '--seconds', f'{total}')
    next(camera)
    settings = [Setting(looking) for looking in LOOKING]
    for _ in range(rounds):
        console = None
        for setting in settings:
            if setting.browsers is not None and console is None:
                console = _start_console(runner)
            with Viewers(setting.browsers or 0) as viewers:
                _listen(runner, SETTLE_S)
                heard.seconds.clear()
                pictures, begin = viewers.pictures, time.monotonic()
                used = 0.0 if console is None else cpu_seconds(console.pid)
                _listen(runner, seconds)
                setting.took += time.monotonic() - begin
                setting.used += 0.0 if console is None else cpu_seconds(console.pid) - used
                setting.pictures += viewers.pictures - pictures
                setting.latencies.append([*heard.seconds])
        assert console is not None
        console.send(signal.SIGTERM)
        console.wait()
    for setting in settings:
        print(setting.figures(), flush=True)
    return [setting.figures() for setting in settings]


def _start_console(runner: GraphRunner) -> Process:
    console = runner.run(
        str(Path(runner.executable).with_name('console')), '--ros-args', '--log-level', 'warn',
        '-p', f'port:={PORT}')

    def serves() -> bool:
        if not console.runs:
            raise GraphError(f'the console has ended: is port {PORT} taken?')
        with socket.socket() as one:
            return one.connect_ex(('127.0.0.1', PORT)) == 0

    runner.wait(serves, 'the console')
    _listen(runner, SETTLE_S)
    return console


def _listen(runner: GraphRunner, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        runner.listen()


def main(args: list[str] | None = None) -> int:
    """Measure once and print the figures; return 1 when something failed, 130 at Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0].strip())
    parser.add_argument(
        '--seconds', type=float, default=10.0, help='for each number of browsers, in each round')
    parser.add_argument('--rounds', type=positive_count, default=4)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')
    options = parser.parse_args(args)

    def run() -> int:
        check_figures(options.json)
        choose_profile(large_images=True)
        with GraphRunner() as runner:
            figures = measure(runner, options.seconds, options.rounds)
        if options.json is not None:
            write_json(options.json, {'looking': figures})
        return 0

    return run_tool('bench_console', run)


if __name__ == '__main__':
    sys.exit(main())
