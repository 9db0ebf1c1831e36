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
The stream format that the authors publish: a video as a conversation, one pair a turn.

The user's message is ``{question}\n<4s-5s>\n<stream>``, without the first line where nothing is
asked; ``<stream>`` stands for the turn's frame. The assistant's is a state token, and behind
``</Response>`` and one space the answer. The system prompt comes first.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import Any

from streamo_ros.dialogue import State
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.dialogue import time_tag
from streamo_ros.training.conversion.raw_annotation import BadRecord

FRAME = '<stream>'
_PLACEHOLDERS = (FRAME, '<image>', '<video>', '<audio>')
_USER = re.compile(
    r'(?:(?P<question>.*)\n)?<(?:\d+(?:\.\d+)?)s-(?P<end>\d+(?:\.\d+)?)s>\n<stream>', re.DOTALL)


@dataclass
class Turn:
    """
    One turn.

    :param question: what is asked here; mostly nothing
    :param text: the answer; only behind Response
    """

    state: State = State.SILENCE
    text: str = ''
    question: str = ''


@dataclass(frozen=True)
class StreamRecord:
    """
    One record of the stream format.

    :param ends: the second at which each turn ends, as its tag says
    """

    system_prompt: str
    turns: tuple[Turn, ...]
    ends: tuple[float, ...]
    video_path: str
    video_name: str
    task_type: str
    source: str


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


def read_stream(record: object) -> StreamRecord:
    """
    Return a record of the stream format.

    :raises BadRecord: when a message is not as the format has it
    """
    if not isinstance(record, Mapping):
        raise BadRecord('', f'{record!r:.60} is no object')
    messages, videos = record.get('messages'), record.get('videos')
    if not isinstance(messages, list):
        raise BadRecord('messages', 'they are no list: is this a file of the stream format?')
    if not isinstance(videos, list) or not videos or not isinstance(videos[0], str):
        raise BadRecord('videos', 'the record names no video')
    prompt = ''
    first = 0
    if messages and isinstance(messages[0], Mapping) and messages[0].get('role') == 'system':
        prompt, first = _content(messages, 0, 'system'), 1
    turns, ends = [], []
    for index in range(first, len(messages), 2):
        user = _USER.fullmatch(_content(messages, index, 'user'))
        if not user:
            raise BadRecord(
                f'messages[{index}].content', 'it does not end in a time tag and <stream>')
        state, text = _answer(_content(messages, index + 1, 'assistant'), index + 1)
        turns.append(Turn(state, text, user['question'] or ''))
        ends.append(float(user['end']))
        if len(ends) > 1 and ends[-1] <= ends[-2]:
            raise BadRecord(f'messages[{index}].content', 'its time tag does not advance')
    return StreamRecord(
        prompt, tuple(turns), tuple(ends), videos[0],
        **{name: str(record.get(name) or '') for name in ('video_name', 'task_type', 'source')})


def check_words(text: str, field: str) -> None:
    """
    Refuse words that would become a frame or a state.

    :raises BadRecord: when the text spells a placeholder or a state token
    """
    for token in (*_PLACEHOLDERS, *STATE_TOKENS):
        if token in text:
            raise BadRecord(field, f'the text spells {token}, which has a meaning of its own')


def _content(messages: Sequence[Any], index: int, role: str) -> str:
    message = messages[index] if index < len(messages) else None
    if not isinstance(message, Mapping) or message.get('role') != role:
        raise BadRecord(f'messages[{index}]', f'here should be a message of the role {role}')
    content = message.get('content')
    if not isinstance(content, str):
        raise BadRecord(f'messages[{index}].content', f'{content!r:.60} is no text')
    return content


def _answer(content: str, index: int) -> tuple[State, str]:
    for state in State:
        text = content.removeprefix(state.token)
        if text != content:
            if state is State.RESPONSE:
                return state, text.removeprefix(' ')
            if not text.strip():
                return state, ''
    raise BadRecord(
        f'messages[{index}].content', f'{content!r:.60} is none of {", ".join(STATE_TOKENS)}')
