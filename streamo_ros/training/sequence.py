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
One instruction's whole stream as one training sequence.

Its tokens are those that the engine feeds turn by turn; a test compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import Control
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import tag_begin
from streamo_ros.dialogue import Text
from streamo_ros.models import StreamTokenizer
from streamo_ros.training.memory_blocks import MemoryBlocks
from streamo_ros.training.memory_blocks import SINK
from streamo_ros.training.memory_blocks import stream_tokens

IGNORED = -100


@dataclass(frozen=True)
class TrainingTurn:
    """
    One tick of a training sequence.

    :param state: the right state
    :param text: the right words; empty unless the state is Response
    :param shown: the state in the history, mostly the right one
    :param counted: False leaves the state out of the loss
    """

    state: State
    text: str
    shown: State
    counted: bool = True


@dataclass(frozen=True)
class TrainingSequence:
    """
    Token ids and the label of each position.

    :param ids: (S,)
    :param positions: (3, S)
    :param is_image: (S,)
    :param turns: (S,) the turn that a token belongs to, ``SINK`` before the first
    :param blocks: (S,) the memory's block that a token belongs to or sees; 0 for none
    :param state_labels: (S,) the state's id where a state is due, else ``IGNORED``
    :param text_labels: (S,) the next token of an answer, ``<|im_end|>`` included, else
        ``IGNORED``
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    is_image: NDArray[np.bool_]
    turns: NDArray[np.int64]
    blocks: NDArray[np.int64]
    state_labels: NDArray[np.int64]
    text_labels: NDArray[np.int64]


def build_sequence(
    tokenizer: StreamTokenizer,
    system_prompt: str,
    instruction: str,
    tags: Sequence[str],
    turns: Sequence[TrainingTurn],
    grid: tuple[int, int],
    mrope: bool = True,
    memory_tokens: int = 0,
) -> TrainingSequence:
    """
    Return the sequence of one instruction; ``tags`` and ``turns`` run side by side.

    :param mrope: of the decoder; without it a visual token takes one position like any token
    :param memory_tokens: for the memory of answers; 0 for none
    """
    sink = tokenizer.encode(
        system_segments(system_prompt, tokenizer.chat) + instruction_segments(instruction))
    memory = MemoryBlocks(tokenizer, memory_tokens)
    ids: list[int] = []
    belongs: list[int] = []
    seen: list[int] = []
    state_labels: list[int] = []
    text_labels: list[int] = []
    for index, (tag, turn) in enumerate(zip(tags, turns, strict=True)):
        opening = tokenizer.encode(open_turn(tag, tokenizer.chat), grid[0] * grid[1])
        ids += opening
        state_labels += [IGNORED] * len(opening)
        text_labels += [IGNORED] * len(opening)
        if turn.counted:
            state_labels[-1] = tokenizer.state_ids[turn.state]
        if turn.state is State.RESPONSE:
            answer = tokenizer.encode([Control(turn.state.token), Text(' ' + turn.text)])
            following = answer[1:] + [tokenizer.end_id]
            closing = tokenizer.encode(close_turn(None, tokenizer.chat))
        else:
            answer, following = [], []
            closing = tokenizer.encode(close_turn(turn.shown, tokenizer.chat))
        ids += answer
        seen += [len(memory.blocks)] * (len(ids) - len(seen))
        memory.follow(turn.shown, tag_begin(tag), turn.text)
        ids += closing
        seen += [len(memory.blocks)] * len(closing)
        belongs += [index] * (len(ids) - len(belongs))
        state_labels += [IGNORED] * (len(answer) + len(closing))
        text_labels += following + [IGNORED] * len(closing)
    tokens = stream_tokens(
        sink, memory, ids, belongs, seen, tokenizer.image_id, grid if mrope else None)
    before = [IGNORED] * (len(tokens.ids) - len(ids))
    return TrainingSequence(
        **vars(tokens),
        state_labels=np.asarray(before + state_labels, np.int64),
        text_labels=np.asarray(before + text_labels, np.int64))


def window_mask(
    turns: NDArray[np.int64], window_turns: int, blocks: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """
    Return (S, S), True where a token attends to another: the engine's window at each turn.

    Tokens in the window were themselves computed while evicted turns were still visible, as in the
    engine's cache. A model that is not trained with this mask fails once its window slides.

    :param turns: (S,) the turn that each token belongs to
    :param blocks: (S,) the memory's block that it belongs to or sees, as ``StreamTokens`` has it
    """
    visible = (turns == SINK)[None] | (turns[None] > turns[:, None] - window_turns)
    if blocks is not None:
        of_block = (turns == SINK) & (blocks > 0)
        visible &= ~of_block[None] | (blocks[None] == blocks[:, None])
    return visible & np.tri(len(turns), dtype=np.bool_)
