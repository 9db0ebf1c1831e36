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
"""

from collections.abc import Sequence
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
from streamo_ros.output import write_text

FORMAT = 'streamo_ros instructions, version 1'

MAX_BYTES = 2**20
"""A longer file was not written by the node."""

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

    def read(self) -> list[Instruction]:
        """Return the instructions that stood when the node ended, oldest first."""
        path = self._path
        if path is None:
            return []
        if path.exists() and not path.is_file():
            self._give_up('is no plain file: give another')
            return []
        try:
            with path.open('rb') as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            self._give_up(f'cannot be read: {error}')
            return []
        try:
            node, entries = _parse(content)
        except ValueError as error:
            self._move_aside(path, error)
            return []
        if node != self._node:
            self._give_up(
                f'belongs to node {node}: give each node a file of its own, or delete it')
            return []
        self._written = entries
        self._logger.info(f'{len(entries)} instructions of {path} are taken up again')
        return [Instruction(action=Instruction.ADD, **entry) for entry in entries]

    def write(self, standing: Sequence[StandingInstruction]) -> None:
        """Keep the instructions that stand; nothing is written where nothing has changed."""
        kept = [
            {'id': instruction.id, 'text': instruction.text, 'source': instruction.source,
             'once': instruction.once, 'camera': instruction.camera}
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
        write_text(path, content, _is_ours, private=True)

    def _give_up(self, reason: str) -> None:
        self._logger.error(f'state_file {self._path} {reason}; nothing is kept')
        self._path = None

    def _move_aside(self, path: Path, reason: ValueError) -> None:
        names = (path.with_name(f'{path.name}.bad{number}') for number in ('', *range(2, 100)))
        aside = next((name for name in names if not os.path.lexists(name)), path)
        try:
            if aside == path or path.is_symlink() or not path.is_file():
                raise OSError('it is no plain file, or too many were moved aside before')
            os.rename(path, aside)
        except OSError as error:
            self._give_up(f'is none of ours ({reason}) and cannot be moved aside: {error}')
        else:
            self._logger.error(
                f'state_file {path} is none of ours ({reason}): it is {aside} now, and no '
                'instruction of it stands')


def _is_ours(head: bytes) -> bool:
    return FORMAT.encode() in head[:200]


def _parse(content: bytes) -> tuple[str, list[dict[str, Any]]]:
    """
    Return the node's name and its instructions, field by field.

    :raises ValueError: when the content is not what ``write`` writes
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f'it is larger than {MAX_BYTES} bytes')
    try:
        state = json.loads(content)
    except RecursionError as error:
        raise ValueError('it is nested too deeply') from error
    if not isinstance(state, dict) or state.get('format') != FORMAT:
        raise ValueError(f'it does not say {FORMAT!r}')
    kinds = {'id': str, 'text': str, 'source': str, 'once': bool, 'camera': str}
    node, entries = state.get('node'), state.get('instructions')
    if isinstance(entries, list):  # files from before there were several cameras name none
        entries = [{'camera': '', **entry} if isinstance(entry, dict) else entry
                   for entry in entries]
    if not isinstance(node, str) or not isinstance(entries, list) or not all(
            isinstance(entry, dict) and {
                name: type(value) for name, value in entry.items()} == kinds
            for entry in entries):
        raise ValueError('its instructions are not in order')
    return node, entries
