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
A sequence with the memory of answers: its blocks, its positions, and who sees which block.

The engine replaces the block behind the instruction after each answer. A training sequence has all
of them, one after another before the first turn, at the same positions; a turn's token sees the
one that the engine would have held when the token was fed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerMemory
from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import State
from streamo_ros.models import StreamTokenizer
from streamo_ros.models.positions import stream_positions

SINK = -1


class MemoryBlocks:
    """
    What the engine would remember of a stream, block after block.

    :param memory_tokens: positions that a block takes; 0 remembers nothing
    :raises AnswerMemoryError: when they are too few for any memory
    """

    def __init__(self, tokenizer: StreamTokenizer, memory_tokens: int) -> None:
        self.memory_tokens = memory_tokens
        self.blocks: list[list[int]] = []
        self._encode = tokenizer.encode
        self._memory = AnswerMemory(memory_tokens, lambda lines: len(self._encode(lines)))
        self._span: EventSpan[float] = EventSpan()

    def follow(self, state: State, seconds: float, text: str) -> None:
        """
        Take a turn of the history; what is fed behind an answer's words sees the next block.

        :param seconds: of the stream, at which the turn began
        """
        began = self._span.follow(state, seconds)
        if began is not None and self.memory_tokens:
            self._memory.remember(began, seconds, text)
            self.blocks.append(self._encode(self._memory.segments()))


@dataclass(frozen=True)
class StreamTokens:
    """
    The tokens of a stream.

    :param ids: (S,) the prompt and the instruction, all blocks, then the turns
    :param positions: (3, S) time, height and width
    :param is_image: (S,)
    :param turns: (S,) the turn that a token belongs to, ``SINK`` before the first
    :param blocks: (S,) from 1 on, the block that a token belongs to or sees; 0 for none
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    is_image: NDArray[np.bool_]
    turns: NDArray[np.int64]
    blocks: NDArray[np.int64]


def stream_tokens(
    sink: list[int], memory: MemoryBlocks, ids: list[int], turns: Sequence[int],
    seen: Sequence[int], image_id: int, grid: tuple[int, int] | None,
) -> StreamTokens:
    """
    Return the tokens of a stream.

    :param sink: ids of the prompt and the instruction
    :param ids: of the turns' tokens
    :param turns: the turn of each of them
    :param seen: how many blocks there were when it was fed
    :param grid: (rows, columns) of visual tokens in a frame; None for plain RoPE
    """
    lengths = [len(block) for block in memory.blocks]
    own = [*sink, *(token for block in memory.blocks for token in block)]
    is_image = np.asarray(ids) == image_id
    return StreamTokens(
        ids=np.asarray(own + ids, np.int64),
        positions=np.concatenate([
            np.tile(np.concatenate([
                np.arange(len(sink)), *(len(sink) + np.arange(length) for length in lengths)]),
                (3, 1)),
            stream_positions(is_image, grid, len(sink) + memory.memory_tokens)[0]], 1),
        is_image=np.concatenate([np.zeros(len(own), np.bool_), is_image]),
        turns=np.asarray([SINK] * len(own) + [*turns], np.int64),
        blocks=np.concatenate([
            np.zeros(len(sink), np.int64),
            np.repeat(np.arange(1, len(lengths) + 1), lengths),
            np.asarray(seen, np.int64)]))
