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

"""Numbers and amounts of time in words: "ten", "twenty-five", "half an hour"."""

from collections.abc import Sequence
import re

SMALL = {word: number for number, word in enumerate(
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen '
    'fifteen '
    'sixteen seventeen eighteen nineteen'.split())}
_TENS = {word: 10 * number for number, word in enumerate(
    'twenty thirty forty fifty sixty seventy eighty ninety'.split(), 2)}
UNITS = {word: seconds for words, seconds in (
    ('second seconds sec secs s', 1), ('minute minutes min mins', 60),
    ('hour hours hr hrs h', 3600), ('day days', 86400), ('week weeks', 7 * 86400),
    ('month months', 30 * 86400), ('year years', 365 * 86400)) for word in words.split()}


def word_at(words: Sequence[str], at: int) -> str:
    """Return a word; empty behind the last one."""
    return words[at] if at < len(words) else ''


def read_number(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """Return the number that words begin with, and where they go on; None: there is none."""
    word = word_at(words, at)
    if word.isdecimal() and len(word) <= 4:
        return int(word), at + 1
    tens, _, small = word.partition('-')
    if tens in _TENS:
        if small in SMALL:
            return _TENS[tens] + SMALL[small], at + 1
        if not small and 0 < SMALL.get(word_at(words, at + 1), 0) < 10:
            return _TENS[tens] + SMALL[word_at(words, at + 1)], at + 2
        return (_TENS[tens], at + 1) if not small else None
    return (SMALL[word], at + 1) if word in SMALL else None


def read_amount(words: Sequence[str], at: int) -> tuple[float, int] | None:
    """Return the seconds of "ten minutes" or "an hour and a half", and where the words go on."""
    said = ' '.join(words[at:at + 6])
    for pattern, factor in (
            (r'half an? (\w+)', 0.5), (r'half (\w+)', 0.5), (r'quarter of an (\w+)', 0.25),
            (r'(?:a|the) quarter of an (\w+)', 0.25), (r'a quarter (\w+)', 0.25),
            (r'three quarters of an (\w+)', 0.75), (r'(?:(?:an?|one) )?(\w+) and a half', 1.5),
            (r'(?:a )?couple of (\w+)', 2), (r'(?:a )?couple (\w+)', 2), (r'an? (\w+)', 1),
            (r'(hour|minute|day|week|month|year)\b', 1)):
        if (match := re.match(pattern, said)) and match[1] in UNITS:
            return factor * UNITS[match[1]], at + len(match[0].split())
    found = read_number(words, at)
    if found is None:
        return None
    value, end = float(found[0]), found[1]
    if words[end:end + 3] == ['and', 'a', 'half']:
        value, end = value + 0.5, end + 3
    unit = word_at(words, end)
    if unit not in UNITS:
        return None
    seconds, end = value * UNITS[unit], end + 1
    if word_at(words, end) == 'and':
        if words[end:end + 3] == ['and', 'a', 'half']:
            return seconds + 0.5 * UNITS[unit], end + 3
        more = read_amount(words, end + 1)
        if more is not None and more[0] < UNITS[unit]:
            return seconds + more[0], more[1]
    return seconds, end
