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
from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.training.memory_blocks import MemoryBlocks
from streamo_ros.training.memory_blocks import stream_tokens
from streamo_ros.training.sequence import IGNORED


@dataclass(frozen=True)
class Conversation:
    """
    A stream's tokens.

    :param ids: (S,)
    :param positions: (3, S) time, height and width
    :param labels: (S,) the token itself where the assistant says it (the state, the words of an
        answer, and the end of the message), else ``IGNORED``
    :param turns: (S,) the turn that a token belongs to, ``SINK`` before the first
    :param blocks: (S,) the memory's block that a token belongs to or sees; 0 for none
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64]
    turns: NDArray[np.int64]
    blocks: NDArray[np.int64]


def conversation(
    tokenizer: StreamTokenizer, system_prompt: str, stream: RecordedStream,
    grid: tuple[int, int], mrope: bool, memory_tokens: int = 0,
) -> Conversation:
    """
    Return a stream's tokens; the question of the first turn is the instruction in the sink.

    :param grid: (rows, columns) of visual tokens in a frame
    :param mrope: of the decoder; without it a visual token takes one position like any token
    :param memory_tokens: for the memory of answers; 0 for none
    """
    chat = tokenizer.chat
    sink = tokenizer.encode(system_segments(system_prompt, chat))
    if stream.turns[0].question:
        sink += tokenizer.encode(instruction_segments(stream.turns[0].question))
    memory = MemoryBlocks(tokenizer, memory_tokens)
    ids: list[int] = []
    turns: list[int] = []
    seen: list[int] = []
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
        seen += [len(memory.blocks)] * (len(ids) - len(seen))
        memory.follow(turn.state, turn.start, turn.text)
        end = len(ids) + closing.index(tokenizer.end_id) + 1
        said.append((begin, end))
        ids += closing
        turns += [index] * (len(ids) - len(turns))
        seen += [len(memory.blocks)] * (len(ids) - len(seen))
    last = said[-1][1]  # nothing follows the end of the last message
    tokens = stream_tokens(
        sink, memory, ids[:last], turns[:last], seen[:last], tokenizer.image_id,
        grid if mrope else None)
    labels = np.full_like(tokens.ids, IGNORED)
    own = len(labels) - last
    for begin, end in said:
        labels[own + begin:own + end] = tokens.ids[own + begin:own + end]
    return Conversation(
        ids=tokens.ids, positions=tokens.positions, labels=labels, turns=tokens.turns,
        blocks=tokens.blocks)
