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
The stream format that Streamo trains on and is evaluated on, read record by record.

A record is a conversation: the system prompt, then for each frame a user's message (a question
where one is asked, the time tag, ``<stream>`` for the frame) and the assistant's (a state token,
and words after ``</Response>``); and the video that the frames are of.
"""

from dataclasses import dataclass
import json
import mmap
from pathlib import Path
import re
from typing import Any

import numpy as np

from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.errors import UserError

# Strings are matched whole, so that no brace within one counts.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}]', re.DOTALL)
_USER = re.compile(
    r'(?:(?P<question>.*)\n)?(?P<tag><(?P<start>\d+(?:\.\d+)?)s-\d+(?:\.\d+)?s>)\n<stream>\s*',
    re.DOTALL)


class DataError(UserError, ValueError):
    """Data that cannot be used; the message says why and what would help."""


@dataclass(frozen=True)
class RecordedTurn:
    """
    One frame's turn.

    :param question: what is asked at this turn; empty for nothing
    :param tag: the time tag as it stands in the record
    :param start: seconds since the video's start
    :param text: the answer's words; empty unless the state is Response
    """

    question: str
    tag: str
    start: float
    state: State
    text: str


@dataclass(frozen=True)
class RecordedStream:
    """
    One record.

    :param video: its path as it stands in the record
    :param system_prompt: to the letter; None when the record has none
    :param task: what the record calls its task; empty when it does not say
    """

    video: str
    system_prompt: str | None
    turns: tuple[RecordedTurn, ...]
    task: str = ''


class StreamFile:
    """
    The records of a file, each read when it is asked for.

    The file may hold one record, an array of them, or one after the other (JSON lines).

    :raises DataError: when the file is missing or holds no record
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._mapped: mmap.mmap | None = None
        try:
            self._spans = np.asarray(list(_spans(self._bytes())), np.int64).reshape(-1, 2)
        except (OSError, ValueError) as error:
            raise DataError(f'{file} cannot be read ({error})') from error
        if not len(self._spans):
            raise DataError(f'{file} holds no record: give what `streamo convert` writes')

    def __len__(self) -> int:
        return len(self._spans)

    def __getitem__(self, index: int) -> RecordedStream:
        """
        Return a record.

        :raises DataError: with file, index and field, when it is not in the stream format
        """
        start, end = self._spans[index]
        try:
            return _stream(json.loads(self._bytes()[start:end]))
        except (DataError, InstructionError, ValueError) as error:
            raise DataError(f'{self.file}, record {index}: {error}') from error

    def __getstate__(self) -> dict[str, Any]:
        """Leave the mapping out: each process that loads data makes its own."""
        return {**self.__dict__, '_mapped': None}

    def _bytes(self) -> mmap.mmap:
        if self._mapped is None:
            with self.file.open('rb') as file:
                self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._mapped


def _spans(content: mmap.mmap) -> list[tuple[int, int]]:
    """Return where each outermost object begins and ends."""
    spans, depth, start = [], 0, 0
    for mark in _MARKS.finditer(content):
        if mark[0] == b'{':
            start = start if depth else mark.start()
            depth += 1
        elif mark[0] == b'}':
            depth -= 1
            if depth == 0:
                spans.append((start, mark.end()))
    if depth:
        raise ValueError(f'an object that begins at byte {start} never ends')
    return spans


def _stream(record: dict[str, Any]) -> RecordedStream:
    messages, videos = record.get('messages'), record.get('videos')
    if not isinstance(videos, list) or len(videos) != 1 or not isinstance(videos[0], str):
        raise DataError(f'videos is {videos!r}, and should name one video')
    if not isinstance(messages, list) or not messages:
        raise DataError('messages is missing or empty')
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not all(
                isinstance(message.get(name), str) for name in ('role', 'content')):
            raise DataError(f'messages[{index}] has no role and content')
    prompt = messages[0]['content'] if messages[0]['role'] == 'system' else None
    first = 0 if prompt is None else 1
    roles = [message['role'] for message in messages[first:]]
    if not roles or roles != ['user', 'assistant'] * (len(roles) // 2):
        raise DataError('messages should alternate between user and assistant')
    return RecordedStream(videos[0], prompt, tuple(
        _turn(messages, index) for index in range(first, len(messages), 2)),
        str(record.get('task_type') or ''))


def _turn(messages: list[dict[str, str]], index: int) -> RecordedTurn:
    asked = _USER.fullmatch(messages[index]['content'])
    if asked is None:
        raise DataError(
            f'messages[{index}].content should end in a time tag, such as <0s-1s>, and <stream>')
    said = messages[index + 1]['content']
    state = next((state for state in State if said.startswith(state.token)), None)
    if state is None:
        raise DataError(f'messages[{index + 1}].content begins with none of the three states')
    text = said.removeprefix(state.token).strip()
    if bool(text) != (state is State.RESPONSE):
        raise DataError(
            f'messages[{index + 1}].content should have words behind </Response> and behind no '
            'other state')
    question = asked['question']
    return RecordedTurn(
        clean_instruction(question) if question else '', asked['tag'], float(asked['start']),
        state, text)
