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
Slips of the hand that leave no doubt: two letters exchanged, or one of a pair left out or doubled.

Other errors are not mended: a bell is no ball. Nor is a word that the planner knows: three is not
there.
"""

from collections.abc import Collection
from collections.abc import Sequence
import re

from streamo_ros.events.amounts import SMALL
from streamo_ros.events.amounts import UNITS
from streamo_ros.events.spans import LEFT_OVER
from streamo_ros.events.vocabulary import DEED_WORDS
from streamo_ros.events.vocabulary import DROPPED
from streamo_ros.events.vocabulary import IRREGULAR
from streamo_ros.events.vocabulary import KINDS

_KNOWN = frozenset({
    *SMALL, *UNITS, *LEFT_OVER, *DROPPED, *IRREGULAR, *re.findall(r'\w+', KINDS),
    *(word for verbs in DEED_WORDS.values() for word in re.findall(r'\w+', verbs)),
    'twenty', 'thirty', 'forty', 'fifty', 'third', 'fourth', 'fifth', 'often', 'other', 'than'})
_ASKING = frozenset(
    'how many times often did does was were has have when what which who where the last first '
    'since between before after today yesterday this morning afternoon evening night hour hours '
    'minutes happened happen anybody anyone somebody someone anything there from until'.split())


def mended(words: Sequence[str], known: Collection[str]) -> list[str]:
    """
    Return words with such slips mended.

    :param known: the words of the log
    """
    vocabulary = _ASKING | {*known}
    found = []
    for word in words:
        right = word in vocabulary or word in _KNOWN or not word.isalpha() or len(word) < 3
        meant = set() if right else {*_slips(word)} & vocabulary
        found.append(meant.pop() if len(meant) == 1 else word)
    return found


def _slips(word: str) -> Collection[str]:
    exchanged = {
        word[:at] + word[at + 1] + word[at] + word[at + 2:] for at in range(len(word) - 1)}
    if len(word) < 4:
        return exchanged
    return exchanged | {
        word[:at] + word[at] + word[at:] for at in range(len(word))} | {
        word[:at] + word[at + 1:] for at in range(1, len(word)) if word[at] == word[at - 1]}
