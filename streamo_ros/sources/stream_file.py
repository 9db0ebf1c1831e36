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
r"""
The stream format that Streamo trains on and is evaluated on: a video as a conversation.

A record is a conversation and the video that it is about. The system prompt comes first. Then each
frame is a pair of messages. The user's is ``{question}\n<4s-5s>\n<stream>``, without the first
line where nothing is asked; ``<stream>`` stands for the frame. The assistant's is a state token,
and behind ``</Response>`` and one space the answer.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import mmap
from pathlib import Path
import re
from typing import Any

import numpy as np

from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import State
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.dialogue import time_tag
from streamo_ros.errors import UserError
from streamo_ros.strict_json import parse_json

FRAME = '<stream>'
_PLACEHOLDERS = (FRAME, '<image>', '<video>', '<audio>')
# Strings are matched whole, so that no brace within one counts.
_MARKS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}]', re.DOTALL)
_USER = re.compile(
    r'(?:(?P<question>.*)\n)?'
    r'(?P<tag><(?P<start>\d+(?:\.\d+)?)s-(?P<end>\d+(?:\.\d+)?)s>)\n<stream>\s*', re.DOTALL)


class BadRecord(ValueError):
    """
    A record that cannot be used.

    :param field: where in the record, such as ``messages[3].content``; empty for all of it
    :param what: what is wrong there, and what would help
    """

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f'{field}: {what}' if field else what)
        self.field = field
        self.what = what


class DataError(UserError, ValueError):
    """Data that cannot be used; the message says why and what would help."""


@dataclass
class Turn:
    """
    A turn that is to be written.

    :param question: what is asked here; mostly nothing
    :param text: the answer; only behind Response
    """

    state: State = State.SILENCE
    text: str = ''
    question: str = ''


@dataclass(frozen=True)
class RecordedTurn:
    """
    One frame's turn.

    :param question: what is asked at this turn; empty for nothing
    :param tag: the time tag as it stands in the record
    :param start: seconds since the video's start
    :param end: likewise
    :param text: the answer's words; empty unless the state is Response
    """

    question: str
    tag: str
    start: float
    end: float
    state: State
    text: str


@dataclass(frozen=True)
class RecordedStream:
    """
    One record.

    :param video: its path as it stands in the record
    :param system_prompt: to the letter; None when the record has none
    :param task: what the record calls its task; empty when it does not say
    :param video_name: likewise
    :param source: likewise, the data set that it is from
    """

    video: str
    system_prompt: str | None
    turns: tuple[RecordedTurn, ...]
    task: str = ''
    video_name: str = ''
    source: str = ''

    def message(self, turn: int, role: str) -> str:
        """Return where a turn's message of a role stands in the record."""
        before = (self.system_prompt is not None) + (role == 'assistant')
        return f'messages[{2 * turn + before}]'


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
        Return a record, its questions as instructions and its answers without space around them.

        :raises DataError: with file, index and field, when it is not in the stream format
        """
        start, end = self._spans[index]
        try:
            return _cleaned(read_stream(parse_json(self._bytes()[start:end])))
        except ValueError as error:  # no JSON, not of the format, or no instruction
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


def _cleaned(stream: RecordedStream) -> RecordedStream:
    if not stream.turns:
        raise BadRecord('messages', 'they hold no turn')
    turns = []
    for index, turn in enumerate(stream.turns):
        text = turn.text.strip()
        if turn.state is State.RESPONSE and not text:
            raise BadRecord(
                f'{stream.message(index, "assistant")}.content',
                'there should be words behind </Response>')
        question = clean_instruction(turn.question) if turn.question else ''
        turns.append(replace(turn, question=question, text=text))
    return replace(stream, turns=tuple(turns))


def read_stream(record: object) -> RecordedStream:
    """
    Return a record, its texts as they stand in it.

    :raises BadRecord: when it is not as the format has it
    """
    if not isinstance(record, Mapping):
        raise BadRecord('', f'{record!r:.60} is no object')
    messages, videos = record.get('messages'), record.get('videos')
    if not isinstance(messages, list):
        raise BadRecord('messages', 'they are no list: is this a file of the stream format?')
    if not isinstance(videos, list) or len(videos) != 1 or not isinstance(videos[0], str):
        raise BadRecord('videos', f'{videos!r:.60} does not name one video')
    prompt = None
    if messages and isinstance(messages[0], Mapping) and messages[0].get('role') == 'system':
        prompt = _content(messages, 0, 'system')
    first = 0 if prompt is None else 1
    return RecordedStream(
        videos[0], prompt,
        tuple(_turn(messages, index) for index in range(first, len(messages), 2)),
        *(str(record.get(name) or '') for name in ('task_type', 'video_name', 'source')))


def _turn(messages: Sequence[Any], index: int) -> RecordedTurn:
    user = _USER.fullmatch(_content(messages, index, 'user'))
    if user is None:
        raise BadRecord(
            f'messages[{index}].content',
            'it should end in a time tag, such as <0s-1s>, and <stream>')
    state, text = _answer(_content(messages, index + 1, 'assistant'), index + 1)
    return RecordedTurn(
        user['question'] or '', user['tag'], float(user['start']), float(user['end']), state, text)


def _content(messages: Sequence[Any], index: int, role: str) -> str:
    message = messages[index] if index < len(messages) else None
    if not isinstance(message, Mapping) or message.get('role') != role:
        raise BadRecord(f'messages[{index}]', f'here should be a message of the role {role}')
    content = message.get('content')
    if not isinstance(content, str):
        raise BadRecord(f'messages[{index}].content', f'{content!r:.60} is no text')
    return content


def _answer(content: str, index: int) -> tuple[State, str]:
    field = f'messages[{index}].content'
    for state in State:
        text = content.removeprefix(state.token)
        if text == content:
            continue
        if state is State.RESPONSE:
            return state, text.removeprefix(' ')
        if text.strip():
            raise BadRecord(field, f'{content!r:.60} has words behind {state.token}')
        return state, ''
    raise BadRecord(field, f'{content!r:.60} begins with none of {", ".join(STATE_TOKENS)}')


def stream_json(
    turns: Sequence[Turn],
    fps: float,
    system_prompt: str,
    video_path: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """
    Return a record as it stands in a file, its fields in the published order.

    :param fps: turns per second, for the tags
    :param labels: ``video_name``, ``task_type`` and ``source``
    """
    messages = [{'role': 'system', 'content': system_prompt}]
    for index, turn in enumerate(turns):
        asked = f'{turn.question}\n' if turn.question else ''
        answer = f' {turn.text}' if turn.text else ''
        messages += [
            {'role': 'user', 'content': f'{asked}{time_tag(index, fps)}\n{FRAME}'},
            {'role': 'assistant', 'content': turn.state.token + answer}]
    return {
        'messages': messages,
        'videos': [video_path],
        **{name: labels[name] for name in ('video_name', 'task_type', 'source')}}


def check_words(text: str, field: str) -> None:
    """
    Refuse words that would become a frame or a state.

    :raises BadRecord: when the text spells a placeholder or a state token
    """
    for token in (*_PLACEHOLDERS, *STATE_TOKENS):
        if token in text:
            raise BadRecord(field, f'the text spells {token}, which has a meaning of its own')
