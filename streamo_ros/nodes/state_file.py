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
The file that keeps standing instructions for the node's next start.

The file is replaced as a whole, never written into, so a node that is killed at any moment leaves
either the old or the new one. What is read from it is checked as what comes from the network is,
and nothing about it can keep the node from starting.

Nor can a disk that does not answer hold up anything else: ``StateFileThread`` is all that touches
the file. Bounded: one state waits to be written, the latest. A node that starts waits ``READ_S``
for what stood before; what comes later stands from then on, and nothing is written before. For
as long as the file does not answer, ``trouble`` says so.
"""

from collections.abc import Callable
from collections.abc import Sequence
import functools
import json
import os
from pathlib import Path
import threading
import time
from typing import Any

from rclpy.impl.rcutils_logger import RcutilsLogger

from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.engine.instruction_table import TOPIC
from streamo_ros.msg import Instruction
from streamo_ros.msg import StructuredInstruction
from streamo_ros.nodes.failures import Failures
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.process.claim import Claim
from streamo_ros.nodes.process.claim import TakenError
from streamo_ros.nodes.rounded_time import rounded_down
from streamo_ros.output import write_text
from streamo_ros.strict_json import parse_json

FORMAT = 'streamo_ros instructions, version 1'

_OURS = b'streamo_ros instructions'
"""Whatever became of it since: what holds this was written by a node."""

MAX_BYTES = 2**20
"""A longer file was not written by the node."""

READ_S = 1.0
"""How long a node that starts waits for what stood when it ended."""

STALLED_S = 2.0
"""A file that has not answered for so long is in trouble."""

_KINDS = {'id': str, 'text': str, 'source': str, 'once': bool, 'camera': str}

RETRY_S = 5.0
"""How long after a failure to write, such as a full disk, it is tried again."""


class StateFile:
    """
    The standing instructions of the topics, in a file; goals' and parameters' are not kept.

    :param path: the file; relative to the ROS home; empty: nothing is kept
    :param node: the node's full name; the file of another node is left alone
    """

    def __init__(self, path: str, node: str, logger: RcutilsLogger) -> None:
        home = Path(os.environ.get('ROS_HOME') or Path.home() / '.ros')
        self._path = home / Path(path).expanduser() if path else None
        self._node = node
        self._logger = logger
        self._writing = threading.Lock()
        self._written: list[dict[str, Any]] = []
        self._failed_at = float('-inf')

    @property
    def path(self) -> Path | None:
        """Return the whole path; None where nothing is kept."""
        return self._path

    def read(self) -> list[StructuredInstruction]:
        """Return the instructions that stood when the node ended, oldest first."""
        path = self._path
        if path is None:
            return []
        try:
            if path.exists() and not path.is_file():
                self._give_up('is no plain file: give another')
                return []
            with path.open('rb') as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._give_up(f'cannot be read: {error}')
            return []
        if not content:
            return []
        try:
            node, entries = _parse(content)
        except ValueError as error:
            if _OURS in content:
                self._move_aside(path, error)
            else:
                self._give_up(f'is none of ours ({error}): give another')
            return []
        if node != self._node:
            self._give_up(
                f'belongs to node {printable(node)}: give each node a file of its own, or delete '
                'it')
            return []
        self._written = entries
        self._logger.info(f'{len(entries)} instructions of {path} are taken up again')
        return [
            StructuredInstruction(
                instruction=Instruction(action=Instruction.ADD, **{
                    name: value for name, value in entry.items() if name in _KINDS}),
                choices=entry.get('choices', []), json_schema=entry.get('json_schema', ''))
            for entry in entries]

    def write(self, standing: Sequence[StandingInstruction]) -> None:
        """Keep the instructions that stand; nothing is written where nothing has changed."""
        kept = [
            {'id': instruction.id, 'text': instruction.text, 'source': instruction.source,
             'once': instruction.once, 'camera': instruction.camera,
             **({'choices': list(instruction.answer.choices),
                 'json_schema': instruction.answer.json_schema} if instruction.answer else {})}
            for instruction in standing if instruction.origin == TOPIC]
        with self._writing:
            path = self._path
            if path is None or kept == self._written or (
                    time.monotonic() - self._failed_at < RETRY_S):
                return
            try:
                self._replace(path, kept)
            except OSError as error:
                self._failed_at = time.monotonic()
                self._logger.error(
                    f'state_file {path} cannot be written: {error}; a restart now would lose '
                    'instructions')
            else:
                self._written = kept

    def _replace(self, path: Path, kept: list[dict[str, Any]]) -> None:
        content = json.dumps(
            {'format': FORMAT, 'node': self._node, 'instructions': kept},
            ensure_ascii=False, indent=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        # For the node's user alone: what a robot watches for is nobody else's business.
        write_text(path, content, functools.partial(_is_of, self._node), private=True)

    def _give_up(self, reason: str) -> None:
        self._logger.error(printable(
            f'state_file {self._path} {reason}; nothing is kept', MAX_BYTES))
        self._path = None

    def _move_aside(self, path: Path, reason: ValueError) -> None:
        names = (path.with_name(f'{path.name}.bad{number}') for number in ('', *range(2, 100)))
        aside = next((name for name in names if not os.path.lexists(name)), path)
        try:
            if aside == path or path.is_symlink() or not path.is_file():
                raise OSError('it is no plain file, or too many were moved aside before')
            os.rename(path, aside)
        except OSError as error:
            self._give_up(f'is spoilt ({reason}) and cannot be moved aside: {error}')
        else:
            self._logger.error(
                f'state_file {path} is spoilt ({reason}): it is {aside} now, and no instruction '
                'of it stands')


class StateFileThread:
    """
    A state file in a thread of its own, for a node whose other threads must not wait.

    ``write`` may be called from any thread; ``read`` once, and before it. Without a path there is
    no thread.

    :param path: as of ``StateFile``
    :param node: as of ``StateFile``
    """

    def __init__(self, path: str, node: str, logger: RcutilsLogger) -> None:
        self._file = StateFile(path, node, logger)
        self._keeps = bool(path)
        self._name = path
        self._logger = logger
        self._failures = Failures(logger)
        self._wake = threading.Condition()
        self._standing: tuple[StandingInstruction, ...] | None = None  # waits to be written
        self._since: float | None = None    # steady time since when the file is at work
        self._ended = False
        self._told = ''
        self._thread: threading.Thread | None = None

    @property
    def trouble(self) -> str:
        """Return in a sentence that the file does not answer; empty while it does."""
        since = self._since
        stalled_s = 0.0 if since is None else time.monotonic() - since
        if stalled_s < STALLED_S:
            return ''
        return (f'state_file {printable(self._name)} has not answered for '
                f'{rounded_down(stalled_s):g} s: a restart now would lose instructions')

    def read(self, take: Callable[[Sequence[StructuredInstruction]], None]) -> None:
        """
        Have ``take`` called with what stood when the node ended, oldest first.

        That is in this thread, or later in the file's, where the file does not answer in time.
        """
        if not self._keeps:
            return
        found: list[StructuredInstruction] = []
        done = threading.Event()
        late = threading.Event()
        self._since = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, args=(found, done, late, take), name='state file', daemon=True)
        self._thread.start()
        done.wait(READ_S)
        with self._wake:
            if not done.is_set():
                late.set()
        if late.is_set():
            self._logger.warning(
                f'state_file {printable(self._name)} does not answer: the node starts without '
                'what it holds')
        else:
            take(found)

    def write(self, standing: Sequence[StandingInstruction]) -> None:
        """Keep the instructions that stand, as soon as the file takes them."""
        if not self._keeps:
            return
        trouble = self.trouble
        if trouble != self._told:  # here, since the file's own thread is the one that hangs
            self._told = trouble
            self._logger.warning(trouble or f'state_file {printable(self._name)} answers again')
        with self._wake:
            self._standing = tuple(standing)
            self._wake.notify_all()

    def finish(self, timeout_s: float) -> None:
        """Wait until all is written, but not longer, and let another node have the file."""
        end = time.monotonic() + timeout_s
        with self._wake:
            if self._keeps:
                self._wake.wait_for(
                    lambda: self._standing is None and self._since is None, timeout_s)
            self._ended = True
            self._wake.notify_all()
        if self._thread is not None:  # which lets go of the file at its end
            self._thread.join(max(0.0, end - time.monotonic()))

    def _run(
        self, found: list[StructuredInstruction], done: threading.Event, late: threading.Event,
        take: Callable[[Sequence[StructuredInstruction]], None],
    ) -> None:
        claim = None
        try:
            claim = self._claimed()
            found += self._file.read()
        except TakenError as error:
            self._keeps = False
            self._logger.error(str(error))
        except Exception as error:
            self._failures.report(error, 'reading state_file')
        with self._wake:
            done.set()
            self._since = None
        if late.is_set():
            take(found)
            with self._wake:
                self._standing = None  # what waits to be written knows nothing of it yet
        while self._keeps and (standing := self._next()) is not None:
            try:
                self._file.write(standing)
            except Exception as error:
                self._failures.report(error, 'writing state_file')
            with self._wake:
                self._since = None
                self._wake.notify_all()
        if claim is not None:
            claim.release()

    def _claimed(self) -> Claim:
        """
        Take the file for this process.

        :raises TakenError: when another node has it
        :raises OSError: when its place cannot be found
        """
        assert self._file.path is not None
        place = self._file.path.resolve()
        return Claim(
            f'state_file {place}', f'state_file {printable(str(place), 999)} is in use by another '
            'node: give each node a file of its own; nothing is kept')

    def _next(self) -> tuple[StandingInstruction, ...] | None:
        with self._wake:
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._standing is not None or self._ended)
            standing, self._standing = self._standing, None
            if standing is not None:
                self._since = time.monotonic()
            return standing


def _is_of(node: str, head: bytes) -> bool:
    """Return whether a file begins as one of ours does, and of this node."""
    name = json.dumps({'node': node}, ensure_ascii=False)[1:-1].encode('utf-8', 'surrogateescape')
    return FORMAT.encode() in head[:200] and name in head[:200 + len(name)]


def _parse(content: bytes) -> tuple[str, list[dict[str, Any]]]:
    """
    Return the node's name and its instructions, field by field.

    :raises ValueError: when the content is not what ``write`` writes
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f'it is larger than {MAX_BYTES} bytes')
    state = parse_json(content)
    if not isinstance(state, dict) or state.get('format') != FORMAT:
        raise ValueError(f'it does not say {FORMAT!r}')
    node, entries = state.get('node'), state.get('instructions')
    if isinstance(entries, list):  # files from before there were several cameras name none
        entries = [{'camera': '', **entry} if isinstance(entry, dict) else entry
                   for entry in entries]
    if not isinstance(node, str) or not isinstance(entries, list) or not all(
            isinstance(entry, dict) and _is_entry(entry) for entry in entries):
        raise ValueError('its instructions are not in order')
    return node, entries


def _is_entry(entry: dict[str, Any]) -> bool:
    kinds = {name: type(value) for name, value in entry.items()}
    # Those whose answers have data say so; files from before there was any have none of them.
    return kinds == _KINDS or kinds == {**_KINDS, 'choices': list, 'json_schema': str} and all(
        isinstance(choice, str) for choice in entry['choices'])
