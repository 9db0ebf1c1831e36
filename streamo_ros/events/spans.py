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

"""Spans of time, as questions speak of them, and what they are together."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from streamo_ros.events.days import WEEKDAYS
from streamo_ros.events.uncertain import UncertainError

LEFT_OVER = frozenset(
    'since until till before after during while ago yesterday today tonight tomorrow oclock '
    'am pm noon midday midnight morning afternoon evening night hour hours minute minutes '
    'second seconds week weeks weekend month months year years half quarter past later '
    'earlier recently lately between within around shortly soon next afterwards meanwhile '
    'meantime day days daily'.split()
    ) | {*WEEKDAYS}
"""Words that are about time: where one is left, the question was not understood."""


@dataclass(frozen=True)
class Span:
    """
    From one moment to another, in nanoseconds; None: open.

    :param around: a moment was named, so that events close to it may be meant
    """

    begin: int | None = None
    end: int | None = None
    around: bool = False


@dataclass
class Phrase:
    """
    A time in a question.

    :param place: of its tokens, [from, to)
    :param readings: what it may mean
    """

    place: tuple[int, int]
    readings: list[Span] = field(default_factory=list)


EVER = Span()


def without_times(words: Sequence[str], phrases: Sequence[Phrase]) -> list[str]:
    """Return the words that belong to no time."""
    return [word for at, word in enumerate(words) if word != ',' and not any(
        phrase.place[0] <= at < phrase.place[1] for phrase in phrases)]


def together(phrases: Sequence[Phrase]) -> list[Span]:
    """
    Return the readings of all the times of a question together.

    :raises UncertainError: when they are too many
    """
    readings = [EVER]
    for phrase in phrases:
        if phrase.readings in [[*readings]]:
            continue  # a day and its time of day, told apart
        readings = [
            intersection(one, other) for one in readings for other in phrase.readings]
        readings = [*dict.fromkeys(readings)]
    if not readings or len(readings) > 12:
        raise UncertainError('')
    return readings


def intersection(one: Span, other: Span) -> Span:
    """
    Return the time that is in two spans.

    :raises UncertainError: when there is none
    """
    begins = [begin for begin in (one.begin, other.begin) if begin is not None]
    ends = [end for end in (one.end, other.end) if end is not None]
    begin, end = max(begins, default=None), min(ends, default=None)
    if begin is not None and end is not None and begin >= end:
        raise UncertainError('these times have nothing in common')
    return Span(begin, end, one.around or other.around)
