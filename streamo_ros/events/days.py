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

"""Days and parts of days in words: "yesterday evening", "on Monday", "the 3rd of March"."""

from collections.abc import Sequence
from dataclasses import dataclass
import datetime as dt
from datetime import date
from datetime import timedelta
import re

from streamo_ros.events.amounts import read_amount
from streamo_ros.events.amounts import word_at

WEEKDAYS = 'monday tuesday wednesday thursday friday saturday sunday'.split()
WEEKDAY = {name: number for number, full in enumerate(WEEKDAYS)
            for name in (full, full + 's', full[:3], *(['tues'] if full == 'tuesday' else []),
                         *(['thur', 'thurs'] if full == 'thursday' else []))}
WEEKDAY.pop('sun')     # as in "the sun"; "sat" is a form of "sit"
WEEKDAY.pop('sat')
_MONTHS = ('january february march april may june july august september october november '
           'december').split()
_MONTH = {name: number for number, full in enumerate(_MONTHS, 1) for name in (full, full[:3])}
PARTS = {  # what people mean by it, from hour to hour; the first is named in answers
    'morning': ((5, 12), (0, 12), (6, 12)), 'afternoon': ((12, 18), (12, 17)),
    'evening': ((18, 24), (17, 24), (18, 22)), 'night': ((18, 30), (22, 30), (20, 32))}
_OVERNIGHT = ((22, 30), (23, 31), (24, 29))
_NIGHT_TONIGHT = ((18, 24), (20, 24), (18, 30))


class TimeError(ValueError):
    """A time that cannot be understood for certain; the message says why."""


@dataclass
class Day:
    """
    A day, or a part of one.

    :param hours: what may be meant of it, from hour to hour
    :param part: the part's name, behind "since|" and the like where one was said
    :param days: how many days it lasts
    :param others: other dates that may be meant
    """

    date: dt.date
    hours: Sequence[tuple[float, float]] = ((0, 24),)
    part: str = ''
    days: int = 1
    others: Sequence[dt.date] = ()


def read_day(words: Sequence[str], at: int, today: date) -> tuple[Day, int] | None:
    """Return the day that words begin with, and where they go on; None: there is none."""
    word, after = word_at(words, at), word_at(words, at + 1)
    if word == 'today':
        return _part(words, Day(today), at + 1)
    if word == 'yesterday':
        return _part(words, Day(today - timedelta(days=1)), at + 1)
    if words[at:at + 4] == ['the', 'day', 'before', 'yesterday'] or (
            words[at:at + 3] == ['day', 'before', 'yesterday']):
        return _part(words, Day(today - timedelta(days=2)), at + 3 + (word == 'the'))
    if word == 'tonight':
        return Day(today, _NIGHT_TONIGHT, 'evening'), at + 1
    if words[at:at + 3] in (['during', 'the', 'night'], ['in', 'the', 'night']) or (
            words[at:at + 2] == ['at', 'night']):
        return (Day(today - timedelta(days=1), _OVERNIGHT, 'night'),
                at + 2 + (word != 'at'))
    if word == 'overnight':
        return Day(today - timedelta(days=1), _OVERNIGHT, 'night'), at + 1
    if word == 'last' and after == 'night':
        return Day(today - timedelta(days=1), PARTS['night'], 'night'), at + 2
    if word == 'last' and after == 'evening':
        return Day(today - timedelta(days=1), PARTS['evening'], 'evening'), at + 2
    if word == 'this' and after in ('morning', 'afternoon', 'evening'):
        return Day(today, PARTS[after], after), at + 2
    if word == 'all' and after == 'day':
        return Day(today), at + 2
    if word in ('weekend', 'weekends') or (
            word in ('the', 'last', 'this') and after in ('weekend',)):
        saturday = today - timedelta(days=(today.weekday() - 5) % 7)
        if word == 'last' and today.weekday() >= 5:
            saturday -= timedelta(days=7)
        return Day(saturday, days=2), at + 1 + (word not in ('weekend', 'weekends'))
    if (amount := read_amount(words, at)) is not None and word_at(words, amount[1]) == 'ago' and (
            amount[0] >= 86400 and word_at(words, amount[1] - 1) in ('day', 'days', 'week')):
        return _part(
            words, Day(today - timedelta(days=round(amount[0] / 86400))), amount[1] + 1)
    return _weekday(words, at, today) or read_date(words, at, today)


def _weekday(words: Sequence[str], at: int, today: date) -> tuple[Day, int] | None:
    last = word_at(words, at) in ('last', 'this', 'past')
    name = word_at(words, at + last)
    if name not in WEEKDAY:
        return None
    ago = (today.weekday() - WEEKDAY[name]) % 7
    if word_at(words, at) == 'last' and ago == 0:
        ago = 7
    others = [today - timedelta(days=7)] if ago == 0 else []
    return _part(words, Day(today - timedelta(days=ago), others=others), at + last + 1)


def read_date(words: Sequence[str], at: int, today: date) -> tuple[Day, int] | None:
    """Return the date that words begin with, the latest that was; else as ``read_day``."""
    word = word_at(words, at)
    if re.fullmatch(r'\d{4}-\d\d-\d\d', word):
        try:
            return _part(words, Day(date.fromisoformat(word)), at + 1)
        except ValueError as error:
            raise TimeError(f'{word} is no date') from error
    month, number, end = 0, 0, at
    if word in _MONTH and word_at(words, at + 1).isdecimal():
        month, number, end = _MONTH[word], int(word_at(words, at + 1)), at + 2
        end += word_at(words, end) in ('st', 'nd', 'rd', 'th')
    else:
        start = at + (word == 'the')
        if not word_at(words, start).isdecimal():
            return None
        number, end = int(word_at(words, start)), start + 1
        ordinal = word_at(words, end) in ('st', 'nd', 'rd', 'th')
        end += ordinal
        end += word_at(words, end) == 'of'
        if word_at(words, end) in _MONTH:
            month, end = _MONTH[word_at(words, end)], end + 1
        else:
            return None
    year = today.year
    if re.fullmatch(r'(19|20)\d\d', word_at(words, end)):
        year, end = int(word_at(words, end)), end + 1
        found = _date_of(year, month, number)
    else:
        found = _date_of(year, month, number)
        if found > today:
            found = _date_of(year - 1, month, number)
    return _part(words, Day(found), end)


def _date_of(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise TimeError(f'{day} {_MONTHS[month - 1]} {year} is no date') from error


def _part(words: Sequence[str], day: Day, at: int) -> tuple[Day, int]:
    """Take a part of the day behind a day: "yesterday evening"."""
    end = at
    if words[at:at + 2] == ['in', 'the']:
        end = at + 2
    name = word_at(words, end)
    if name in PARTS:
        day.part, day.hours = name, PARTS[name]
        return day, end + 1
    return day, at
