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
Cleaning of instructions, which are data from outside.

Operators and networks send them, so they are cleaned once, here. That their text can never become
a control token is ensured where text becomes token ids (``models.tokenizer``).
"""

import unicodedata

from streamo_ros.errors import UserError


class InstructionError(UserError, ValueError):
    """An instruction that cannot be taken; the message says why and what to do."""


def clean_instruction(text: str) -> str:
    """
    Return the text as one printable line.

    White space becomes single spaces; control, surrogate and format characters are removed, so
    that nobody can put line breaks or terminal codes into prompts and logs.

    :raises InstructionError: when nothing is left
    """
    printable = ''.join(
        ' ' if character.isspace() else character
        for character in text
        if character.isspace() or unicodedata.category(character)[0] != 'C')
    cleaned = ' '.join(printable.split())
    if not cleaned:
        raise InstructionError('the instruction has no text: say in words what to watch for')
    return cleaned
