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
from streamo_ros.dialogue import Text
from streamo_ros.models import StreamTokenizer
from streamo_ros.models.positions import stream_positions

IGNORED = -100
SINK = -1


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
    :param state_labels: (S,) the state's id where a state is due, else ``IGNORED``
    :param text_labels: (S,) the next token of an answer, ``<|im_end|>`` included, else
        ``IGNORED``
    """

    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    is_image: NDArray[np.bool_]
    turns: NDArray[np.int64]
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
) -> TrainingSequence:
    """
    Return the sequence of one instruction; ``tags`` and ``turns`` run side by side.

    :param mrope: of the decoder; without it a visual token takes one position like any token
    """
    ids = tokenizer.encode(
        system_segments(system_prompt, tokenizer.chat) + instruction_segments(instruction))
    belongs = [SINK] * len(ids)
    state_labels = [IGNORED] * len(ids)
    text_labels = [IGNORED] * len(ids)
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
        ids += answer + closing
        belongs += [index] * (len(ids) - len(belongs))
        state_labels += [IGNORED] * (len(answer) + len(closing))
        text_labels += following + [IGNORED] * len(closing)
    tokens = np.asarray(ids, np.int64)
    is_image = tokens == tokenizer.image_id
    return TrainingSequence(
        ids=tokens,
        positions=stream_positions(is_image, grid if mrope else None, 0)[0],
        is_image=is_image,
        turns=np.asarray(belongs, np.int64),
        state_labels=np.asarray(state_labels, np.int64),
        text_labels=np.asarray(text_labels, np.int64))


def window_mask(turns: NDArray[np.int64], window_turns: int) -> NDArray[np.bool_]:
    """
    Return (S, S), True where a token attends to another: the engine's window at each turn.

    Tokens in the window were themselves computed while evicted turns were still visible, as in the
    engine's cache. A model that is not trained with this mask fails once its window slides.

    :param turns: (S,) the turn that each token belongs to
    """
    visible = (turns == SINK)[None] | (turns[None] > turns[:, None] - window_turns)
    return visible & np.tri(len(turns), dtype=np.bool_)
