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

"""Times of day in words: "half past three", "2 pm", "14:05", "nine in the evening"."""

from collections.abc import Sequence
from dataclasses import dataclass
import re

from streamo_ros.events.amounts import read_number
from streamo_ros.events.amounts import SMALL
from streamo_ros.events.amounts import UNITS
from streamo_ros.events.amounts import word_at


@dataclass
class Clock:
    """A time of day; ``half``: whether it may be twelve hours later."""

    hour: int
    minute: int = 0
    half: bool = False
    second: int = 0

    def hours(self, part: str) -> list[int]:
        """Return the hours of 24 that may be meant, in a part of the day."""
        if not self.half:
            return [self.hour]
        early, late = self.hour % 12, self.hour % 12 + 12
        if part == 'morning':
            return [early]
        if part in ('afternoon', 'evening'):
            return [late]
        if part == 'night':
            return [late if early > 5 else early]
        return [early, late]


def read_clock(words: Sequence[str], at: int, *, bare: bool) -> tuple[Clock, int] | None:
    """
    Return the time of day that words begin with, and where they go on; None: there is none.

    :param bare: whether a mere number is one, as behind "since"
    """
    word = word_at(words, at)
    if word in ('noon', 'midday'):
        return Clock(12), at + 1
    if word == 'midnight':
        return Clock(0), at + 1
    if word in ('half', 'quarter') or (word == 'a' and word_at(words, at + 1) == 'quarter'):
        at += word == 'a'
        minutes = 30 if word == 'half' else 15
        side = word_at(words, at + 1)
        if side == 'past' or (side == 'to' and minutes == 15):
            return _beside(words, at + 2, minutes if side == 'past' else -minutes)
        return None
    if match := re.fullmatch(r'(\d{1,2})[:.](\d\d)(?::(\d\d))?', word):
        hour, minute = int(match[1]), int(match[2])
        dotted = '.' in word and word_at(words, at + 1) not in ('am', 'pm')
        if hour > 24 or minute > 59 or dotted:
            return None
        clock = Clock(hour, minute, len(match[1]) == 1 or 10 <= hour <= 12,
                      int(match[3] or 0))
        if 10 <= hour <= 12 or len(match[1]) == 1:
            clock.half = len(match[1]) == 1  # "9:30" may be in the evening; "09:30" is not
        return _half(words, clock, at + 1)
    if re.fullmatch(r'[0-2]\d[0-5]\d', word) and int(word[:2]) < 24 and (
            bare or word_at(words, at + 1) in ('hours', 'h')):
        end = at + 1 + (word_at(words, at + 1) in ('hours', 'h'))
        return Clock(int(word[:2]), int(word[2:])), end
    found = read_number(words, at)
    if found is None:
        return None
    value, end = found
    rest = word_at(words, end)
    if rest in ('past', 'to', 'minutes') and value < 60:
        turn = end + (rest == 'minutes')
        if (word_at(words, turn) in ('past', 'to') and read_number(words, turn + 1) is not None
                and (rest == 'minutes' or value in (5, 10, 20, 25))):
            return _beside(
                words, turn + 1, value if word_at(words, turn) == 'past' else -value)
    if value > 24:
        return None
    if rest == 'oclock':
        return _half(words, Clock(value, 0, 1 <= value <= 12), end + 1)
    if rest in ('am', 'pm'):
        return _half(words, Clock(value, 0, 1 <= value <= 12), end)
    if rest == 'h' and bare:
        return Clock(value % 24), end + 1
    if not bare or rest in UNITS or rest in ('times', 'time'):
        return None
    minutes_found = read_number(words, end)
    if minutes_found is not None and word in SMALL and 10 <= minutes_found[0] < 60:
        return _half(words, Clock(value, minutes_found[0], 1 <= value <= 12), minutes_found[1])
    return _half(words, Clock(value % 24, 0, 1 <= value <= 12 and not word.startswith('0')), end)


def _beside(words: Sequence[str], at: int, minutes: int) -> tuple[Clock, int] | None:
    if word_at(words, at) in ('noon', 'midnight', 'midday'):
        hour, end = (0 if word_at(words, at) == 'midnight' else 12), at + 1
        clock, half = Clock(hour), False
    else:
        found = read_number(words, at)
        if found is None or not 1 <= found[0] <= 23:
            return None
        half = found[0] <= 12
        end = found[1] + (word_at(words, found[1]) == 'oclock')
        result = _half(words, Clock(found[0], 0, half), end)
        if result is None:
            return None
        clock, end = result
        half = clock.half
    total = (clock.hour * 60 + minutes) % 1440
    return Clock(total // 60, total % 60, half), end


def _half(words: Sequence[str], clock: Clock, at: int) -> tuple[Clock, int] | None:
    """Take "am", "in the evening" and the like behind a time of day."""
    word = word_at(words, at)
    part = ''
    end = at
    if word in ('am', 'pm'):
        part, end = word, at + 1
    elif words[at:at + 2] == ['in', 'the'] and word_at(words, at + 2) in (
            'morning', 'afternoon', 'evening'):
        part, end = word_at(words, at + 2), at + 3
    elif words[at:at + 2] == ['at', 'night']:
        part, end = 'night', at + 2
    if not part:
        return clock, at
    if clock.hour > 12 or clock.hour == 0:
        return (clock, end) if part != 'am' else None
    hour = clock.hour % 12
    late = part in ('pm', 'afternoon', 'evening') or (part == 'night' and 5 < hour)
    return Clock(hour + 12 * late, clock.minute, False, clock.second), end
