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
What stands in the stream, segment by segment (Streamo, arXiv 2512.21334, Table 1 and its code).

A conversation is divided so that whole turns can be dropped from its middle::

    sink   <|im_start|>system\n{prompt}<|im_end|>\n<|im_start|>user\n{instruction}\n
    turn   <0s-1s>\n{frame}<|im_end|>\n<|im_start|>assistant\n      (open: the model decides here)
           </Silence><|im_end|>\n<|im_start|>user\n                 (close: fed with the next turn)

The close of a turn is deferred to the front of the next one: a silent tick is one forward pass.
The example is ChatML as Qwen2.5-VL uses it; other families have another ``Chat``.
"""

from collections.abc import Sequence

from streamo_ros.dialogue.chat import Chat
from streamo_ros.dialogue.segment import Control
from streamo_ros.dialogue.segment import PromptSegment
from streamo_ros.dialogue.segment import Text
from streamo_ros.dialogue.state import State


def time_tag(tick: int, fps: float) -> str:
    """
    Return the span of one turn, such as ``<12s-13s>``, in seconds since the stream's start.

    Whole seconds at 1 fps as in the paper; at other rates as many decimals as the bounds need,
    at most three.
    """
    return f'<{in_seconds(tick / fps)}s-{in_seconds((tick + 1) / fps)}s>'


def in_seconds(value: float) -> str:
    """Return seconds with as many decimals as they need, at most three."""
    return f'{value:.3f}'.rstrip('0').rstrip('.')


def tag_begin(tag: str) -> float:
    """
    Return the seconds at which a turn begins.

    :param tag: as ``time_tag`` writes it
    """
    return float(tag[1:].partition('s-')[0])


def system_segments(prompt: str, chat: Chat) -> list[PromptSegment]:
    """Return the first half of the sink: the system prompt, and the start of the user's turn."""
    return [
        Control(chat.start), Text(chat.system + prompt, trusted=True), Control(chat.end),
        *chat.user]


def instruction_segments(text: str) -> list[PromptSegment]:
    """Return the second half of the sink: the standing instruction, before all time tags."""
    return [Text(text + '\n')]


def open_turn(tag: str, chat: Chat) -> list[PromptSegment]:
    """Return a turn up to the point where the model's state token is due."""
    return [Text(tag + '\n'), *chat.frame, Control(chat.end), *chat.assistant]


def close_turn(state: State | None, chat: Chat) -> Sequence[PromptSegment]:
    """
    Return what ends a turn.

    :param state: the decided state of a turn that has no text; None after an answer, whose
        state and text are in the stream already
    """
    end: list[PromptSegment] = [Control(chat.end), *chat.user]
    return end if state is None else [chat.states[state], *end]
