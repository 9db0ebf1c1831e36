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

"""The shapes of a stream's cache, and of the chunks that are fed to it."""

from dataclasses import dataclass

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import time_tag
from streamo_ros.engine.decision import MAX_INSTRUCTION_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.window import ring_rows
from streamo_ros.models import Checkpoint

# Rings are sized for time tags up to this many seconds, 115 days.
_LONGEST_STREAM = 10**7


@dataclass(frozen=True)
class CacheLayout:
    """
    What a stream needs of its backend once the size of its frames is known.

    :param frame: (height, width) in pixels, to which frames are scaled
    :param grid: (rows, columns) of visual tokens in a frame
    :param window_turns: turns that stay in view
    :param max_batch: batch slots: most instructions at a time
    :param sink_rows: cache rows of each slot for the system prompt, the instruction and what is
        remembered of answers
    :param turn_rows: tokens of the longest chunk, the close of one turn and the opening of the
        next
    """

    frame: tuple[int, int]
    grid: tuple[int, int]
    window_turns: int
    max_batch: int
    sink_rows: int
    turn_rows: int

    @property
    def ring_rows(self) -> int:
        """Return the cache rows of each slot for its window."""
        return ring_rows(self.window_turns, self.turn_rows)


def cache_layout(
    checkpoint: Checkpoint, frame: tuple[int, int], fps: float,
    window_turns: int | None = None, memory_tokens: int | None = None,
) -> CacheLayout:
    """
    Return the layout for a checkpoint and its stream.

    :param frame: (height, width) in pixels, to which frames are scaled
    :param fps: ticks per second; there is room for their time tags
    :param window_turns: turns that stay in view; None takes what the checkpoint was trained on
    :param memory_tokens: for what is remembered of answers; None takes the same
    """
    if memory_tokens is None:
        memory_tokens = checkpoint.memory_tokens
    tokenizer, cell = checkpoint.tokenizer, checkpoint.vision.cell
    chat = tokenizer.chat
    rows, columns = grid = frame[0] // cell, frame[1] // cell
    # Some ticks in a row: their decimals differ in length.
    tags = [time_tag(int(_LONGEST_STREAM * fps) + tick, fps) for tick in range(8)]
    return CacheLayout(
        frame=frame, grid=grid, window_turns=window_turns or checkpoint.window_turns,
        max_batch=MAX_INSTRUCTIONS,
        sink_rows=MAX_INSTRUCTION_TOKENS + memory_tokens + len(
            tokenizer.encode(system_segments(checkpoint.system_prompt, chat))),
        turn_rows=max(len(tokenizer.encode(close_turn(state, chat))) for state in State) + max(
            len(tokenizer.encode(open_turn(tag, chat), rows * columns)) for tag in tags))
