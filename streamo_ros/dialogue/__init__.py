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

"""The language of the stream: states, turns, time tags and prompts, in pure Python."""

from streamo_ros.dialogue.answer_format import answer_format
from streamo_ros.dialogue.answer_format import AnswerFormat
from streamo_ros.dialogue.answer_memory import AnswerMemory
from streamo_ros.dialogue.answer_memory import AnswerMemoryError
from streamo_ros.dialogue.answer_memory import MAX_MEMORY_TOKENS
from streamo_ros.dialogue.chat import Chat
from streamo_ros.dialogue.chat import INTERNVL
from streamo_ros.dialogue.chat import QWEN
from streamo_ros.dialogue.chat import SMALL
from streamo_ros.dialogue.chat import SMOLVLM
from streamo_ros.dialogue.event_span import EventSpan
from streamo_ros.dialogue.instruction import clean_instruction
from streamo_ros.dialogue.instruction import InstructionError
from streamo_ros.dialogue.segment import Control
from streamo_ros.dialogue.segment import Image
from streamo_ros.dialogue.segment import PromptSegment
from streamo_ros.dialogue.segment import Text
from streamo_ros.dialogue.state import State
from streamo_ros.dialogue.state import STATE_TOKENS
from streamo_ros.dialogue.turn import close_turn
from streamo_ros.dialogue.turn import instruction_segments
from streamo_ros.dialogue.turn import open_turn
from streamo_ros.dialogue.turn import system_segments
from streamo_ros.dialogue.turn import tag_begin
from streamo_ros.dialogue.turn import time_tag
from streamo_ros.dialogue.zero_shot import zero_shot_chat
from streamo_ros.dialogue.zero_shot import ZERO_SHOT_PROMPT

__all__ = [
    'answer_format',
    'AnswerFormat',
    'AnswerMemory',
    'AnswerMemoryError',
    'Chat',
    'clean_instruction',
    'close_turn',
    'Control',
    'EventSpan',
    'Image',
    'instruction_segments',
    'InstructionError',
    'INTERNVL',
    'MAX_MEMORY_TOKENS',
    'open_turn',
    'PromptSegment',
    'QWEN',
    'SMALL',
    'SMOLVLM',
    'State',
    'STATE_TOKENS',
    'system_segments',
    'tag_begin',
    'Text',
    'time_tag',
    'zero_shot_chat',
    'ZERO_SHOT_PROMPT',
]
