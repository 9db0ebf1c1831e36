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
What stands in the stream, piece by piece (Streamo, arXiv 2512.21334, Table 1 and its code).

A conversation is cut so that whole turns can be dropped from its middle::

    sink   <|im_start|>system\n{prompt}<|im_end|>\n<|im_start|>user\n{instruction}\n
    turn   <0s-1s>\n{frame}<|im_end|>\n<|im_start|>assistant\n      (open: the model decides here)
           </Silence><|im_end|>\n<|im_start|>user\n                 (close: fed with the next turn)

The close of a turn is deferred to the front of the next one: a silent tick is one forward pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from streamo_ros.dialogue.state import State
from streamo_ros.dialogue.state import STATE_TOKENS

START = '<|im_start|>'
END = '<|im_end|>'
VISION_START = '<|vision_start|>'
VISION_END = '<|vision_end|>'
IMAGE_PAD = '<|image_pad|>'

CONTROL_TOKENS = (START, END, VISION_START, VISION_END, IMAGE_PAD) + STATE_TOKENS
"""Every token with a meaning of its own; text from outside must never turn into one."""


@dataclass(frozen=True)
class Text:
    """Words. Only a trusted text (the checkpoint's own prompt) may spell control tokens."""

    text: str
    trusted: bool = False


@dataclass(frozen=True)
class Control:
    """One control token."""

    token: str


@dataclass(frozen=True)
class Image:
    """The place of one frame; it becomes as many tokens as the frame has."""


Piece = Text | Control | Image


def time_tag(tick: int, fps: float) -> str:
    """
    Return the span of one turn, such as ``<12s-13s>``, in seconds since the stream's start.

    Whole seconds at 1 fps as in the paper; at other rates as many decimals as the bounds need,
    at most three.
    """
    return f'<{_seconds(tick / fps)}s-{_seconds((tick + 1) / fps)}s>'


def _seconds(value: float) -> str:
    return f'{value:.3f}'.rstrip('0').rstrip('.')


def system_pieces(prompt: str) -> list[Piece]:
    """Return the first half of the sink: the checkpoint's system prompt, the user's turn open."""
    return [
        Control(START), Text('system\n' + prompt, trusted=True), Control(END),
        Text('\n'), Control(START), Text('user\n')]


def instruction_pieces(text: str) -> list[Piece]:
    """Return the second half of the sink: the standing instruction, before all time tags."""
    return [Text(text + '\n')]


def open_turn(tag: str) -> list[Piece]:
    """Return a turn up to the point where the model's state token is due."""
    return [
        Text(tag + '\n'), Control(VISION_START), Image(), Control(VISION_END),
        Control(END), Text('\n'), Control(START), Text('assistant\n')]


def close_turn(state: State | None) -> Sequence[Piece]:
    """
    Return what ends a turn.

    :param state: the decided state of a turn that has no text; None after an answer, whose
        state and words already stand in the stream
    """
    end: list[Piece] = [Control(END), Text('\n'), Control(START), Text('user\n')]
    return end if state is None else [Control(state.token), *end]
