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
A ROS graph of its own on this machine: nodes as processes, and a node in this process.

What demo, bench, replay, soak and the package's tests run on.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import ExitStack
import json
import math
import os
from pathlib import Path
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any
from typing import IO
from typing import TypeVar

from ament_index_python.packages import get_package_prefix
from ament_index_python.packages import PackageNotFoundError
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from streamo_ros.nodes.tools.domain import DomainError
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.output import OutputError

PATIENCE_S = 60.0
"""How long a machine under load may take for anything; what works takes far less."""

END_S = 1.5
"""What processes get to end by themselves, so that all is over within two seconds."""

LOG_CHARACTERS = 8000
"""Of what the processes have printed, so much is repeated with an error."""

Found = TypeVar('Found')


class GraphError(RuntimeError):
    """The graph cannot go on; the message says why and what would help."""


class Process:
    """
    A program, in a session of its own: what a terminal sends reaches its runner alone.

    :param log: what it prints is added there; None: it goes to this process's own outputs
    :param stdout: where the standard output goes in place of the log
    :param output: a descriptor to which both outputs go in place of the log
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path | None = None,
        folder: Path | None = None, stdout: int | None = None, output: int | None = None,
    ) -> None:
        self._log = log
        with ExitStack() as stack:
            file: Any = output if log is None else stack.enter_context(log.open('ab'))
            self._process = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=file if stdout is None else stdout,
                stderr=file, start_new_session=True, text=True)

    @property
    def log(self) -> str:
        """Return what is in its log."""
        return '' if self._log is None else self._log.read_text(errors='replace')

    @property
    def pid(self) -> int:
        """Return its id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Return whether it has not ended."""
        return self._process.poll() is None

    @property
    def stdout(self) -> IO[str]:
        """Return its standard output, if that was to be a pipe."""
        assert self._process.stdout is not None
        return self._process.stdout

    def send(self, number: int) -> None:
        """Send a signal as a terminal would, to it and to those it started in its session."""
        os.killpg(self._process.pid, number)

    def wait(self, patience_s: float | None = None) -> int:
        """
        Wait for its end; return the exit code.

        :raises GraphError: when it does not end in good time
        """
        patience_s = PATIENCE_S if patience_s is None else patience_s
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired as error:
            raise GraphError(f'waited {patience_s:g} s in vain for {error.cmd} to end') from error

    def kill(self) -> None:
        """End it, whatever it does."""
        self.send(signal.SIGKILL)
        self._process.wait()


class GraphRunner:
    """
    The processes, and ``node`` in this one, until ``close``.

    They have a ROS domain to themselves, away from every other graph and from the network.
    All belongs to one thread, the main one: the node's callbacks run in ``wait``, and what they
    raise ends it.

    :param environment: variables that the processes get besides
    :param folder: the processes' working directory; None: this one's
    :raises GraphError: when the package is not installed
    :raises DomainError: when all domains are taken
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        self.executable = str(installed() / 'lib' / 'streamo_ros' / 'streamo_node')
        self.folder = folder
        self._stack = ExitStack()
        domain = self._stack.enter_context(own_domain())
        if os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') != 'SYSTEM_DEFAULT':  # a profile's
            os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        self._environment = {
            **os.environ, 'ROS_DOMAIN_ID': str(domain), **(environment or {})}
        self.context = Context()
        rclpy.init(args=[], context=self.context, domain_id=domain)
        self.node = rclpy.create_node('console', context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._processes: list[Process] = []
        self._nodes: list[Process] = []
        self._logs: list[Path] = []

    def run(self, *command: str, log: Path | None = None, **options: Any) -> Process:
        """
        Start a program.

        :param log: as for ``Process``
        :param options: further ones of ``Process``
        """
        process = Process(command, self._environment, log, self.folder, **options)
        self._processes.append(process)
        if log is not None and log not in self._logs:
            self._logs.append(log)
        return process

    def start_node(
        self, *arguments: str, log: Path | None = None, output: int | None = None
    ) -> Process:
        """
        Start the node as it is installed; from then on ``wait`` sees to it that it runs.

        :param arguments: what follows ``--ros-args``
        :param log: as for ``Process``
        :param output: as for ``Process``
        """
        node = self.run(self.executable, '--ros-args', *arguments, log=log, output=output)
        self._nodes.append(node)
        return node

    def start_camera(
        self, module: str, *arguments: str, patience_s: float = math.inf
    ) -> Iterator[dict[str, Any]]:
        """
        Start a camera, a module of this folder; return what it will say, in lines of JSON.

        :param patience_s: with each line
        :raises GraphError: on reading, when none comes in good time or the camera has failed
        """
        camera = self.run(
            sys.executable, '-m', f'streamo_ros.nodes.tools.{module}', *arguments,
            stdout=subprocess.PIPE)
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            for line in camera.stdout:
                lines.put(line)
            lines.put('')

        threading.Thread(target=read, daemon=True).start()
        return self._lines(camera, lines, patience_s)

    def _lines(
        self, camera: Process, lines: 'queue.Queue[str]', patience_s: float
    ) -> Iterator[dict[str, Any]]:
        while True:
            self.wait(lambda: not lines.empty(), 'the camera', patience_s)
            if not (line := lines.get()):
                break
            yield json.loads(line)
        if camera.wait():
            raise GraphError('the camera has failed: see above')

    def wait(
        self, condition: Callable[[], Found], what: str, patience_s: float | None = None
    ) -> Found:
        """
        Listen until the condition holds; return its value.

        :param what: is waited for, in words
        :raises GraphError: when it does not in good time, or a node has ended
        """
        patience_s = PATIENCE_S if patience_s is None else patience_s
        end = time.monotonic() + patience_s
        while not (found := condition()):
            if time.monotonic() > end:
                raise GraphError(f'waited {patience_s:g} s in vain for {what}{self._printed()}')
            self.listen()
        return found

    def listen(self, seconds: float = 0.05) -> None:
        """
        Have callbacks of ``node`` run, for so long at most.

        :raises GraphError: when one of the nodes has ended
        """
        self._executor.spin_once(timeout_sec=seconds)
        for node in self._nodes:
            if not node.runs:
                raise GraphError(f'the node has ended with {node.wait()}{self._printed()}')

    def _printed(self) -> str:
        if not self._logs:
            return ': see above'
        printed = '\n'.join(log.read_text(errors='replace') for log in self._logs)
        return f'; the processes printed:\n{printed[-LOG_CHARACTERS:]}'

    def __enter__(self) -> 'GraphRunner':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, whatever signals still come, and leave the graph."""
        with _undisturbed():
            running = [process for process in self._processes if process.runs]
            for process in running:
                process.send(signal.SIGTERM)
            end = time.monotonic() + END_S
            for process in running:
                try:
                    process.wait(max(0.0, end - time.monotonic()))
                except GraphError:
                    process.kill()
            self._executor.shutdown()
            self.node.destroy_node()
            self.context.shutdown()
            self._stack.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    before = {
        number: signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt_on_signals() -> None:
    """Have SIGTERM and SIGHUP end this program as Ctrl-C does: not without its processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def run_tool(name: str, run: Callable[[], int]) -> int:
    """
    Run a tool on its command; return its exit code.

    That is what ``run`` returns, 1 when it could not do what it is for, and 130 at Ctrl-C.
    """
    interrupt_on_signals()
    try:
        return run()
    except KeyboardInterrupt:
        return 130
    except (DomainError, GraphError, OutputError) as error:
        print(f'{name}: {error}', file=sys.stderr)
        return 1


def installed() -> Path:
    """
    Return where the package is installed.

    :raises GraphError: when it is not
    """
    try:
        return Path(get_package_prefix('streamo_ros'))
    except (PackageNotFoundError, OSError) as error:  # OSError: nothing is sourced
        raise GraphError(
            'the package is not installed: `make build`, `source env.sh`') from error
