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
Times as people say them: "since noon", "yesterday between 2 and 4 pm", "in the last ten minutes".

A phrase becomes a span of time, or several where people mean different ones by it ("last night");
an answer then has to be the same for each. What is left of the question goes on without its times.
"""

from collections.abc import Sequence
from datetime import date
from datetime import datetime
from datetime import time
from datetime import timedelta
from datetime import tzinfo
import itertools

from streamo_ros.events.amounts import read_amount
from streamo_ros.events.clock_times import Clock
from streamo_ros.events.clock_times import read_clock
from streamo_ros.events.days import Day
from streamo_ros.events.days import PARTS
from streamo_ros.events.days import read_date
from streamo_ros.events.days import read_day
from streamo_ros.events.days import TimeError
from streamo_ros.events.days import WEEKDAY
from streamo_ros.events.spans import Phrase
from streamo_ros.events.spans import Span

AROUND_S = 600.0
"""Somebody who says "at three" may mean so much earlier or later."""

_NEAR = 0.06
"""Of a time ago: who says "an hour ago" means so much of it earlier or later."""


class SpokenTimes:
    """
    Finds the times of a question.

    :param now: in nanoseconds
    :param zone: where clocks are read
    """

    def __init__(self, words: Sequence[str], now: int, zone: tzinfo) -> None:
        self._words = words
        self._now_ns = now
        self._now = datetime.fromtimestamp(now // 10**9, zone)
        self._zone = zone

    def find(self) -> list[Phrase]:
        """
        Return the times in their order; a day and a time of day that belong together are one.

        :raises TimeError: when one can mean too much
        """
        days: list[tuple[int, int, Day]] = []
        clocks: list[tuple[int, int, str, list[Clock], list[Day | None]]] = []
        phrases: list[Phrase] = []
        at = 0
        while at < len(self._words):
            if (past := self._past(at)) is not None:
                phrases.append(past)
                at = past.place[1]
            elif (clock := self._interval(at)) is not None:
                clocks.append(clock)
                at = clock[1]
            elif (day := self._day_phrase(at)) is not None:
                days.append(day)
                at = day[1]
            else:
                at += 1
        return sorted([*phrases, *self._combined(days, clocks)], key=lambda one: one.place)

    def _word(self, at: int) -> str:
        return self._words[at] if at < len(self._words) else ''

    # So long until now

    def _past(self, at: int) -> Phrase | None:
        """Understand "in the last ten minutes", "since two hours ago", "this week"."""
        start = at
        if self._word(at) in ('in', 'within', 'during', 'over', 'for', 'of', 'from'):
            at += 1
        definite = self._word(at) in ('the', 'these', 'this')
        if definite:
            at += 1
        if self._word(at) in ('last', 'past', 'previous', 'preceding') and (
                definite or self._word(at) == 'last' or at > start):
            amount = read_amount(self._words, at + 1)
            if amount is not None:
                seconds, end = amount
                name = self._word(end - 1)
                calendar = not definite and end == at + 2 and name in ('week', 'month', 'year')
                return Phrase((start, end), self._last(
                    seconds, name, calendar, definite and end == at + 2))
        at = start
        if self._word(at) in ('since', 'after', 'from'):
            amount = read_amount(self._words, at + 1)
            if amount is not None and self._word(amount[1]) == 'ago':
                return Phrase((start, amount[1] + 1), [
                    Span(self._now_ns - int(amount[0] * 1e9), self._now_ns)])
        amount = read_amount(self._words, at)
        if amount is not None and self._word(amount[1]) == 'ago' and amount[0] < 86400:
            moment = self._now_ns - int(amount[0] * 1e9)
            near = int(max(60.0, amount[0] * _NEAR) * 1e9)
            return Phrase((start, amount[1] + 1), [
                Span(moment - near, min(moment + near, self._now_ns), around=True)])
        if self._word(at) in ('less', 'more', 'not') and self._word(at + 1) in ('than', 'more'):
            amount = read_amount(self._words, at + 2)
            if amount is not None and self._word(amount[1]) == 'ago':
                limit = self._now_ns - int(amount[0] * 1e9)
                less = self._word(at) == 'less'
                return Phrase((start, amount[1] + 1), [
                    Span(limit, self._now_ns) if less else Span(None, limit)])
        if self._word(at) in ('during', 'since'):
            at += 1
        if self._word(at) == 'this' and self._word(at + 1) in ('week', 'month', 'year', 'hour'):
            begin = self._begin_of(self._word(at + 1))
            return Phrase((start, at + 2), [Span(begin, self._now_ns)])
        return None

    def _last(self, seconds: float, name: str, calendar: bool, either: bool) -> list[Span]:
        """
        Return what "the last week" may mean.

        :param name: of the unit
        :param calendar: the one before this: "last week"
        :param either: that, or so long until now
        """
        rolling = Span(self._now_ns - int(seconds * 1e9), self._now_ns)
        if name not in ('week', 'month', 'year'):
            return [rolling]
        this = self._begin_of(name)
        first = datetime.fromtimestamp(this // 10**9, self._zone)
        before = first - timedelta(days=1)
        if name == 'week':
            last = first - timedelta(days=7)
        elif name == 'month':
            last = before.replace(day=1)
        else:
            last = before.replace(month=1, day=1)
        whole = Span(self._ns(last.date()), this)
        return [whole] if calendar else ([rolling, whole] if either else [rolling])

    def _begin_of(self, name: str) -> int:
        today = self._now.date()
        if name == 'hour':
            return int(self._now.replace(minute=0, second=0, microsecond=0).timestamp()) * 10**9
        if name == 'week':
            today -= timedelta(days=today.weekday())
        elif name == 'month':
            today = today.replace(day=1)
        else:
            today = today.replace(month=1, day=1)
        return self._ns(today)

    # Times of day

    def _interval(
        self, at: int
    ) -> tuple[int, int, str, list[Clock], list[Day | None]] | None:
        """Understand a preposition with one or two times of day, each maybe with its day."""
        start, word = at, self._word(at)
        if word in ('around', 'about', 'roughly', 'approximately') and (
                self._moment(at + 1, bare=True) is not None):
            raise TimeError(f'"{word}" says no exact time')
        if word == 'from' and (span := self._from_to(at)) is not None:
            return span
        if word in ('between', 'from'):
            first = self._moment(at + 1, bare=True)
            if first is None:
                return None
            joined = self._word(first[1])
            if joined in (('and',) if word == 'between' else ('to', 'till', 'until')):
                second = self._moment(first[1] + 1, bare=True)
                if second is not None and not first[3] and not second[3]:
                    return start, second[1], f'days {word}', [], [first[2], second[2]]
                if second is not None and not second[3]:
                    raise TimeError('')
                if second is not None:
                    return (start, second[1], 'between', [first[0], second[0]],
                            [first[2], second[2]])
            if not first[3] or word == 'between' or joined in ('and', 'to', 'till', 'until'):
                return None
            end = first[1] + (self._word(first[1]) in ('on', 'onwards'))
            return start, end, 'since', [first[0]], [first[2]]
        kinds = {'since': 'since', 'after': 'after', 'until': 'until', 'till': 'until',
                 'before': 'until', 'by': 'until', 'at': 'at'}
        if word in kinds:
            moment = self._moment(at + 1, bare=True)
            if moment is None or not moment[3]:  # a day alone
                return None
            return start, moment[1], kinds[word], [moment[0]], [moment[2]]
        moment = self._moment(at, bare=False)
        if moment is not None and moment[3] and moment[2] is None:
            return start, moment[1], 'at', [moment[0]], [None]
        return None

    def _from_to(
        self, at: int
    ) -> tuple[int, int, str, list[Clock], list[Day | None]] | None:
        """Understand "from ten to one", which is no ten minutes to one."""
        for to in range(at + 2, min(at + 5, len(self._words))):
            if self._word(to) == 'to':
                first = read_clock(self._words[:to], at + 1, bare=True)
                second = self._moment(to + 1, bare=True)
                if first is not None and first[1] == to and second is not None and second[3]:
                    return (at, second[1], 'between', [first[0], second[0]], [None, second[2]])
        return None

    def _moment(self, at: int, *, bare: bool) -> tuple[Clock, int, Day | None, bool] | None:
        """
        Understand a time of day with its day before or behind it.

        :param bare: whether a mere number is one
        :returns: (time, end, day, whether a time was said)
        """
        before = read_day(self._words, at, self._now.date())
        if before is not None:
            day, end = before
            if self._word(end) == 'at':
                end += 1
            clock = read_clock(self._words, end, bare=bare or self._word(end - 1) == 'at')
            if clock is not None:
                return clock[0], clock[1], day, True
            return None if not bare else (Clock(0), before[1], day, False)
        clock = read_clock(self._words, at, bare=bare)
        if clock is None:
            return None
        found, end = clock
        behind = end + 1 if self._word(end) == 'on' else end
        day_behind = read_day(self._words, behind, self._now.date())
        if day_behind is not None and day_behind[0].part in (
                '', 'morning', 'afternoon', 'evening'):
            return found, day_behind[1], day_behind[0], True
        return found, end, None, True

    # Days

    def _day_phrase(self, at: int) -> tuple[int, int, Day] | None:
        """Understand a day with its preposition: "on Monday", "since yesterday", "all day"."""
        start = at
        kind = ''
        at += self._word(at) == 'earlier'
        if self._words[at:at + 2] == ['in', 'the'] and self._word(at + 2) in (
                'morning', 'afternoon', 'evening'):
            part = self._word(at + 2)
            return start, at + 3, Day(self._now.date(), PARTS[part], part)
        if self._word(at) in ('since', 'before', 'until', 'till', 'after', 'from'):
            kind = self._word(at)
            at += 1
        elif self._word(at) in ('during', 'for', 'of', 'throughout', 'all', 'through'):
            at += 1
            if self._word(at) in ('the', 'all'):
                at += 1
        elif self._word(at) in ('on', 'in', 'at', 'over'):
            # "came in this morning", "turned on yesterday": there it belongs to the verb.
            at += 1
            named = self._word(at) in WEEKDAY or self._word(at) == 'last'
            if self._word(at) != 'the' and not (self._word(at - 1) == 'on' and (
                    named or read_date(self._words, at, self._now.date()) is not None)):
                return None
            if self._word(at) == 'the' and read_date(self._words, at, self._now.date()) is None:
                at += 1
        found = read_day(self._words, at, self._now.date())
        if found is None:
            return None
        day, end = found
        if kind == 'from':
            onwards = self._word(end) in ('on', 'onward', 'onwards')
            kind, end = 'since' if onwards else 'from', end + onwards
        if kind:
            day.part = f'{kind}|{day.part}'
        return start, end, day

    # Together

    def _combined(
        self, days: list[tuple[int, int, Day]],
        clocks: list[tuple[int, int, str, list[Clock], list[Day | None]]],
    ) -> list[Phrase]:
        """Put a day and a time of day together where each is said once."""
        if len(days) == len(clocks) == 1 and not any(clocks[0][4]):
            day = days[0][2]
            day.part = day.part.removeprefix('from|')  # "from last night between 2 and 3"
        if len(days) == len(clocks) == 1 and not any(clocks[0][4]) and '|' not in day.part:
            start, end, day = days[0]
            place = (min(start, clocks[0][0]), max(end, clocks[0][1]))
            between = [
                at for at in range(*place)
                if not (start <= at < end or clocks[0][0] <= at < clocks[0][1])]
            if all(self._words[at] in (',', 'on', 'at') for at in between):
                return [Phrase(place, self._clock_readings(clocks[0], day))]
            phrase = Phrase(clocks[0][:2], self._clock_readings(clocks[0], day))
            return [phrase, Phrase((start, end), phrase.readings)]
        return [
            *(Phrase((start, end), self._day_readings(day)) for start, end, day in days),
            *(Phrase(clock[:2], self._clock_readings(clock, None)) for clock in clocks)]

    def _day_readings(self, day: Day) -> list[Span]:
        kind, _, _ = day.part.rpartition('|')
        spans = [
            Span(self._ns(one, begin), self._ns(one + timedelta(days=day.days - 1), end))
            for one in (day.date, *day.others) for begin, end in day.hours]
        onwards = [Span(span.begin, self._now_ns) for span in spans]
        if kind == 'since':
            return onwards
        if kind == 'after':
            return [Span(span.end, self._now_ns) for span in spans]
        if kind == 'before':
            return [Span(None, span.begin) for span in spans]
        if kind in ('until', 'till'):
            return [Span(None, span.begin) for span in spans] + [
                Span(None, span.end) for span in spans]
        spans = [span for span in spans if span.begin is None or span.begin <= self._now_ns]
        if not spans:
            raise TimeError('that time has not come yet')
        return [*dict.fromkeys([*(
            span if span.end is not None and span.end <= self._now_ns
            else Span(span.begin, max(self._now_ns, span.begin or 0)) for span in spans),
            *(onwards if kind == 'from' else [])])]  # "the events from Monday" may be its own

    def _clock_readings(
        self, found: tuple[int, int, str, list[Clock], list[Day | None]], given: Day | None
    ) -> list[Span]:
        _, _, kind, clocks, own = found
        if kind.startswith('days'):
            first, last = own
            assert first is not None and last is not None
            if first.part or last.part:
                raise TimeError('')
            ends = [self._ns(last.date, 24)]
            if kind == 'days between':
                ends.append(self._ns(last.date))
            return [Span(self._ns(first.date), end) for end in ends]
        if kind == 'between':
            return self._between(clocks, [one or given for one in own], given)
        day = own[0] or given
        if kind == 'until':
            day = day or Day(self._now.date())
            return [Span(self._ns(day.date), moment)
                    for moment in self._moments(clocks[0], day)]
        moments = self._moments(clocks[0], day)
        if kind == 'at':
            return [Span(moment, moment + 60 * 10**9, around=True) for moment in moments]
        ends = [self._now_ns]
        if day is not None and day.date != self._now.date() and (
                own[0] is None or kind == 'after'):
            ends = [self._ns(day.date, 24), self._now_ns]
        return [Span(moment, end) for moment in moments for end in ends]

    def _moments(self, clock: Clock, day: Day | None) -> list[int]:
        """Return the moments that a time of day may mean, the likeliest first."""
        if day is not None:
            readings = []
            for hour in clock.hours(day.part.rpartition('|')[2]):
                whole = self._ns(day.date, hour, clock.minute, clock.second)
                if day.part.endswith('night') and hour < 12:
                    whole = self._ns(day.date + timedelta(days=1), hour, clock.minute)
                readings.append(whole)
            past = [moment for moment in readings if moment <= self._now_ns]
            readings = self._by_day(readings)
            if day.date == self._now.date():
                return past[-1:] or readings[:1]
            return readings
        today = self._now.date()
        readings = [
            self._ns(one, hour, clock.minute, clock.second)
            for one in (today - timedelta(days=1), today) for hour in clock.hours('')]
        past = [moment for moment in sorted(readings) if moment <= self._now_ns]
        return past[-1:]

    def _by_day(self, readings: list[int]) -> list[int]:
        """Leave out readings at night, which people name, where another one is by day."""
        by_day = [moment for moment in readings if 5 <= datetime.fromtimestamp(
            moment // 10**9, self._zone).hour < 22]
        return by_day or readings

    def _between(
        self, clocks: list[Clock], days: list[Day | None], given: Day | None
    ) -> list[Span]:
        first, second = clocks
        if days[0] is None and days[1] is not None:
            days[0] = days[1]
        if first.half and not second.half:  # "2 and 4 pm": both in the afternoon, if that fits
            late = second.hour >= 12
            hour = first.hour % 12 + 12 * late
            same = (hour, first.minute) < (second.hour or 24, second.minute)
            first = Clock(hour if same else first.hour % 12 + 12 * (not late), first.minute)
        pairs = [
            (begin, end)
            for one, other in itertools.product(
                first.hours(days[0].part if days[0] else ''),
                second.hours(days[1].part if days[1] else ''))
            for begin, end in self._windows(
                (one, first.minute), (other, second.minute), days)]
        if not pairs:
            raise TimeError('that time is no span')
        shortest = min(end - begin for begin, end in pairs)
        pairs = [pair for pair in pairs if pair[1] - pair[0] <= max(shortest, 12 * 3600 * 10**9)
                 and (not (first.half and second.half) or pair[1] - pair[0] == shortest)]
        past = [pair for pair in sorted(pairs) if pair[0] <= self._now_ns]
        if not past:
            raise TimeError('that time has not come yet')
        if days[0] is None or days[0].date == self._now.date():
            past = past[-1:]
        else:
            kept = self._by_day([pair[0] for pair in past])
            past = [pair for pair in past if pair[0] in kept]
        return [Span(*pair) for pair in past]

    def _windows(
        self, one: tuple[int, int], other: tuple[int, int], days: list[Day | None]
    ) -> list[tuple[int, int]]:
        today = self._now.date()
        dates = [days[0].date] if days[0] else [today - timedelta(days=1), today]
        windows = []
        for begin_day in dates:
            end_day = days[1].date if days[1] else begin_day
            if days[0] and days[0].part.endswith('night'):  # its small hours are the next day's
                begin_day += timedelta(days=one[0] < 12)
                end_day += timedelta(days=other[0] < 12 and days[1] in (None, days[0]))
            begin, end = self._ns(begin_day, *one), self._ns(end_day, *other)
            if end <= begin and end_day == begin_day:
                end = self._ns(end_day + timedelta(days=1), *other)
            if end > begin:
                windows.append((begin, end))
        return windows

    def _ns(self, day: date, hour: float = 0, minute: int = 0, second: int = 0) -> int:
        """Return a local time; hours of 24 and more are the next day's."""
        extra, rest = divmod(int(hour), 24)
        when = datetime.combine(
            day + timedelta(days=extra), time(rest, minute, second), self._zone)
        return int(when.timestamp()) * 10**9
