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

"""How answers tell times and events."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
from datetime import tzinfo

from streamo_ros.events.event import Event
from streamo_ros.events.spans import Span

_SHOWN = 10


class Wording:
    """
    Tells times as clocks show them.

    :param now: in nanoseconds
    :param zone: where clocks are read
    """

    def __init__(self, now: int, zone: tzinfo) -> None:
        self._zone = zone
        self._now_ns = now
        self._today = self._local(now).date()

    def _local(self, stamp: int) -> datetime:
        return datetime.fromtimestamp(stamp // 10**9, self._zone)

    def time(self, stamp: int) -> str:
        """Return a time of today, or with its day."""
        local = self._local(stamp)
        clock = local.strftime('%H:%M' if not local.second else '%H:%M:%S')
        if local.date() == self._today:
            return clock
        if local.date() == self._today - timedelta(days=1):
            return f'{clock} yesterday'
        return f'{clock} on {local.strftime("%A")} {local.date().isoformat()}'

    def part(self, stamp: int, unit: str) -> str:
        """
        Return the hour or the day that a time lies in.

        :param unit: ``hour`` or ``day``
        """
        local = self._local(stamp)
        day = local.strftime('%A ') + local.date().isoformat()
        if unit == 'day':
            return day
        return f'{local:%H}:00 to {(local.hour + 1) % 24:02}:00' + (
            '' if local.date() == self._today else f' on {day}')

    def span(self, span: Span) -> str:
        """Return a span as a clause, as "since 12:00"; empty where it is all time."""
        if span.begin is None and (span.end is None or span.end >= self._now_ns):
            return ''
        if span.around and span.begin is not None:
            if span.end is not None and span.end - span.begin > 60 * 10**9:
                return f' from {self.time(span.begin)} to {self.time(span.end)}'
            return f' at {self.time(span.begin)}'
        if span.end is None or span.end >= self._now_ns:
            assert span.begin is not None
            return f' since {self.time(span.begin)}'
        if span.begin is None:
            return f' before {self.time(span.end)}'
        return f' from {self.time(span.begin)} to {self.time(span.end)}'

    def times(self, events: Sequence[Event]) -> str:
        """Return when events ended; the last ones, where there are many."""
        shown = [self.time(event.ended) for event in events[-_SHOWN:]]
        told = shown[0] if len(shown) == 1 else f'{", ".join(shown[:-1])} and {shown[-1]}'
        return f'at {told}' if len(events) == len(shown) else f'the last {len(shown)} at {told}'

    def told(self, events: Sequence[Event]) -> str:
        """Return what events say and when."""
        several = len({event.camera for event in events}) > 1
        lines = [
            f'{self.time(event.ended)}{f" ({event.camera})" if several else ""}: '
            f'{event.text or event.instruction}' for event in events[-_SHOWN:]]
        more = len(events) - len(lines)
        return (f'{more} earlier ones; ' if more else '') + '; '.join(lines)

    def cameras(self, events: Sequence[Event]) -> str:
        """Return how many events each camera has, as a clause; empty where it is one camera."""
        counts = Counter(event.camera for event in events)
        if len(counts) < 2:
            return ''
        return ' (' + ', '.join(
            f'{count} by camera {camera}' for camera, count in sorted(counts.items())) + ')'

    @staticmethod
    def duration(nanoseconds: int) -> str:
        """Return a duration in its two largest units."""
        seconds = nanoseconds / 1e9
        if seconds < 60:
            return f'{seconds:.3g} s' if seconds < 10 else f'{round(seconds)} s'
        whole = round(seconds)
        parts = []
        for name, size in (('d', 86400), ('h', 3600), ('min', 60), ('s', 1)):
            count, whole = divmod(whole, size)
            if count:
                parts.append(f'{count} {name}')
        return ' '.join(parts[:2])


def count(number: int, singular: str, plural: str = '') -> str:
    """Return a number with its noun."""
    return f'{number} {singular if number == 1 else plural or singular + "s"}'
