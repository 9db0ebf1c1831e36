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
The chat template of each family of checkpoints.

The protocol of the stream is the same for all (see ``turn``); what stands around a message and a
frame differs by family.
"""

from dataclasses import dataclass

from streamo_ros.dialogue.segment import Control
from streamo_ros.dialogue.segment import Image
from streamo_ros.dialogue.segment import PromptSegment
from streamo_ros.dialogue.segment import Text
from streamo_ros.dialogue.state import STATE_TOKENS


@dataclass(frozen=True)
class Chat:
    """
    What stands around messages and frames.

    :param start: the token that opens a conversation
    :param system: the text before the system prompt
    :param user: opens a user's message after the end of another message
    :param assistant: opens the assistant's message, up to where its answer is due
    :param end: the token that ends a message
    :param frame: what stands for one frame
    :param image_pad: the token whose embedding each visual token replaces
    :param states: how each state is written, in State's order
    """

    start: str
    system: str
    user: tuple[PromptSegment, ...]
    assistant: tuple[PromptSegment, ...]
    end: str
    frame: tuple[PromptSegment, ...]
    image_pad: str
    states: tuple[PromptSegment, ...] = tuple(Control(token) for token in STATE_TOKENS)

    @property
    def control_tokens(self) -> tuple[str, ...]:
        """Return every token with a meaning of its own; no text may ever become one."""
        def controls(*segments: PromptSegment) -> list[str]:
            return [segment.token for segment in segments if isinstance(segment, Control)]

        return tuple(dict.fromkeys([
            self.start, self.end, *controls(*self.user, *self.assistant, *self.frame),
            self.image_pad, *controls(*self.states)]))


_START = '<|im_start|>'

QWEN = Chat(
    start=_START,
    system='system\n',
    user=(Text('\n'), Control(_START), Text('user\n')),
    assistant=(Text('\n'), Control(_START), Text('assistant\n')),
    end='<|im_end|>',
    frame=(Control('<|vision_start|>'), Image(), Control('<|vision_end|>')),
    image_pad='<|image_pad|>')
"""Qwen2.5-VL and Qwen3-VL: ChatML."""

INTERNVL = Chat(
    start=_START,
    system=QWEN.system,
    user=QWEN.user,
    assistant=QWEN.assistant,
    end=QWEN.end,
    # The line break is part of a frame in the authors' InternVL template.
    frame=(Control('<img>'), Image(), Control('</img>'), Text('\n')),
    image_pad='<IMG_CONTEXT>')
"""InternVL3: ChatML, with frames written in its own way."""

SMOLVLM = Chat(
    start=_START,
    system='System: ',
    user=(Text('\nUser: '),),
    assistant=(Text('\nAssistant: '),),
    end='<end_of_utterance>',
    frame=(
        Control('<fake_token_around_image>'), Control('<global-img>'), Image(),
        Control('<fake_token_around_image>')),
    image_pad='<image>')
"""SmolVLM2: speakers are named, and each frame is one global image."""

SMALL = Chat(
    start=_START,
    system=QWEN.system,
    user=(Control(_START),),
    assistant=(),
    end=QWEN.end,
    frame=(Image(),),
    image_pad=QWEN.image_pad)
"""The built-in ``small``: SmolLM2's tokens with no role named and nothing around a frame, for a
tick costs what its tokens do."""
