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

"""When the words of an answer are right: to the letter, but for its form, or by its option."""

import re
from typing import Protocol
import unicodedata

_ARTICLES = {'a', 'an', 'the'}
_LETTER = re.compile(r'\(?([A-Za-z])(?:\)|[.:)](?=\s|$)|$)')


class Judge(Protocol):
    """Marks answers that may be put in many ways; none is built in."""

    def mark(self, instruction: str, right: str, said: str) -> float:
        """Return how good an answer is, 0 to 1."""


def normalised(text: str) -> str:
    """Return the words alone: no case, punctuation, articles, nor extra white space."""
    folded = unicodedata.normalize('NFKC', text).casefold()
    letters = ''.join(one if one.isalnum() else ' ' for one in folded)
    return ' '.join(word for word in letters.split() if word not in _ARTICLES)


def option_letter(text: str) -> str | None:
    """Return the letter of ``B``, ``(B)``, ``B.`` or ``B) two cars``; None of anything else."""
    found = _LETTER.match(text.strip())
    return found[1].upper() if found else None
