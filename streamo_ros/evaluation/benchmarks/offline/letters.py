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

"""An option's letter, found in an answer as Video-MME and LongVideoBench find it."""

from collections.abc import Sequence
import re


def letter_in(said: str, prefixes: Sequence[str], letters: str) -> str:
    """
    Return the first of these capital letters behind the usual prefixes; '' where there is none.

    Any capital will do, so the A of "At first" is one. That an answer of more than ten words
    without one says nothing, which both check before, follows from it.
    """
    rest = said.strip()
    for prefix in prefixes:
        rest = rest.replace(prefix, '')
    found = re.search(f'[{letters}]', rest)
    return found[0] if found else ''


# From here on as lmms-eval's ``_task_utils/mcq_extract.py`` at 75571cfe.

_PHRASES = tuple(
    f'{article}{quality}{noun} is'
    for noun, qualities in {
        'answer': ('', 'correct ', 'best '), 'option': ('correct ', 'best '),
        'choice': ('', 'correct ')}.items()
    for quality in qualities for article in ('the ', '')
) + ('i choose', 'i select', 'i pick', 'my answer is', 'my choice is',
     '옵션', '정답은', '답은', '답:', '答案是', '答案为', '选', '答えは')
_FORMS = ((6, '({})'), (5, '{}.'), (4, '{}:'), (3, '{})'), (2, '{} '))
"""How a letter may stand, and how sure each form is; where it is last of several, it counts."""

_START, _END, _PHRASE = 10, 9, 7


def ranked_letter(said: str, letters: str) -> str:
    """
    Return the letter in the surest form, the last one of these; '' where there is none.

    At the start or end of the answer, behind words such as "the answer is", in brackets, before a
    full stop, colon, bracket or space; and where none stands so, anywhere.
    """
    text = said.strip()
    for sign in ',.!?;:\'"':
        text = text.strip(sign)
    if not text:
        return ''
    text = f' {text} '
    found = [
        (sure, text.rfind(form.format(letter)), letter)
        for sure, form in _FORMS for letter in letters if form.format(letter) in text]
    lower = text.lower()
    for phrase in _PHRASES:
        if phrase in lower:
            behind = lower.find(phrase) + len(phrase)
            found += [(_PHRASE, text.find(letter, behind), letter) for letter in letters
                      if letter in text[behind:]]
    words = text.strip()
    for letter in letters:
        if words.startswith(letter) and not words[1:2].isalpha():
            found.append((_START, 0, letter))
        if words.endswith(letter) and not words[-2:-1].isalpha():
            found.append((_END, len(text) - 1, letter))
    found = found or [(0, text.rfind(letter), letter) for letter in letters if letter in text]
    return max(found, key=lambda one: one[:2])[2] if found else ''
