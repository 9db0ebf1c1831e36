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

"""Whether an answer says what is right: words, numbers and options, without a judge."""

from collections import Counter
from collections.abc import Sequence
import re
import unicodedata

_LETTERS = 'ABCDEF'
_ARTICLES = {'a', 'an', 'the'}
_NEAR = 1e-9
_SURE = 0.5
"""Share of words from which an answer is taken for an option."""

_BEGINNING = 40
"""Characters in which an option's letter is looked for."""


def words_of(text: str) -> list[str]:
    """Return the words of ASCII letters and digits, in lower case and without articles."""
    folded = unicodedata.normalize('NFKC', text).lower()
    return [word for word in re.findall(r'[a-z0-9]+', folded) if word not in _ARTICLES]


def word_f1(right: str, said: str) -> float:
    """Return the harmonic mean of the shares of words that both have, 0 to 1."""
    one, other = words_of(right), words_of(said)
    common = (Counter(one) & Counter(other)).total()
    if not common:
        return 0.0
    precision, recall = common / len(other), common / len(one)
    return 2 * precision * recall / (precision + recall)


def last_number(text: str) -> float | None:
    """Return the last number in a text, so that "the count is now 7" is 7."""
    found = re.findall(r'-?\d+(?:\.\d+)?', text.replace(',', ''))
    return float(found[-1]) if found else None


def likeness(right: str, said: str) -> float:
    """
    Return how much of an answer is right, 0 to 1: the best of words, number, and all of it.

    A number counts where the right answer is little more than one, and its other words are said.
    """
    mine = words_of(right)
    exact = float(bool(right) and mine == words_of(said))
    due, given = last_number(right), last_number(said)
    others = [word for word in mine if not re.fullmatch(r'-?\d+(?:\.\d+)?', word)]
    number = float(
        due is not None and given is not None and abs(due - given) < _NEAR and len(mine) <= 3
        and set(others) <= set(words_of(said)))
    return max(exact, word_f1(right, said), number)


def chose(options: Sequence[str], right: int, said: str) -> float:
    """
    Return 1 if an answer picks the right option, else 0.

    By a letter that stands alone in the first 40 characters; else by the option most of whose
    words it has; else by the only one that it contains.
    """
    spoken = said.strip()
    if not spoken:
        return 0.0
    letters = _LETTERS[:len(options)]
    alone = re.search(
        rf'(?:^|[^a-z0-9])([{letters}{letters.lower()}])(?:[^a-z0-9]|$)', spoken[:_BEGINNING])
    if alone:
        return float(alone[1].upper() == letters[right])
    shares = [word_f1(option, spoken) for option in options]
    best = shares.index(max(shares))
    if shares[best] >= _SURE and shares.count(shares[best]) == 1:
        return float(best == right)
    whole = ' '.join(words_of(spoken))
    within = [
        index for index, option in enumerate(options)
        if words_of(option) and ' '.join(words_of(option)) in whole]
    return float(within == [right])
