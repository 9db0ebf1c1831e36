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
One recorded stream as training tokens; every token of the assistant is supervised.

Its tokens are those that the engine feeds turn by turn; a test compares the two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import Control
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import Text
from streamo_ros.models import StreamTokenizer
from streamo_ros.models.positions import stream_positions
from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.sequence import SINK


@dataclass(frozen=True)
class Conversation:
    """
    A stream's tokens.

    :param ids: (S,)
    :param positions: (3, S) time, height and width
    :param labels: (S,) the token itself where the assistant says it (the state, the words of an
        answer, and the end of the message), else ``IGNORED``
    :param turns: (S,) the turn that a token belongs to, ``SINK`` before the first
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64]
    turns: NDArray[np.int64]


def conversation(
    tokenizer: StreamTokenizer, system_prompt: str, stream: RecordedStream,
    grid: tuple[int, int], mrope: bool,
) -> Conversation:
    """
    Return a stream's tokens; the question of the first turn is the instruction in the sink.

    :param grid: (rows, columns) of visual tokens in a frame
    :param mrope: of the decoder; without it a visual token takes one position like any token
    """
    chat = tokenizer.chat
    ids = tokenizer.encode(system_segments(system_prompt, chat))
    if stream.turns[0].question:
        ids += tokenizer.encode(instruction_segments(stream.turns[0].question))
    turns = [SINK] * len(ids)
    said: list[tuple[int, int]] = []
    for index, turn in enumerate(stream.turns):
        if index and turn.question:
            ids += tokenizer.encode(instruction_segments(turn.question))
        ids += tokenizer.encode(open_turn(turn.tag, chat), grid[0] * grid[1])
        begin = len(ids)
        if turn.state is State.RESPONSE:
            ids += tokenizer.encode([Control(turn.state.token), Text(' ' + turn.text)])
            closing = tokenizer.encode(close_turn(None, chat))
        else:
            closing = tokenizer.encode(close_turn(turn.state, chat))
        end = len(ids) + closing.index(tokenizer.end_id) + 1
        said.append((begin, end))
        ids += closing
        turns += [index] * (len(ids) - len(turns))
    # Nothing follows the end of the last message.
    tokens = np.asarray(ids[:said[-1][1]], np.int64)
    labels = np.full_like(tokens, IGNORED)
    for begin, end in said:
        labels[begin:end] = tokens[begin:end]
    is_image = tokens == tokenizer.image_id
    return Conversation(
        ids=tokens,
        positions=stream_positions(is_image, grid if mrope else None, 0)[0],
        labels=labels,
        turns=np.asarray(turns[:len(tokens)], np.int64))
