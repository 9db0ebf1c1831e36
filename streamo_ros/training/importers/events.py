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

"""Events of a film, and the turns that they are seen in."""

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
import math
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.importers import fields
from streamo_ros.training.importers.videos import Film

_SLACK = 1e-6
"""Seconds that a sum of fractions may be off."""


@dataclass(frozen=True)
class Event:
    """
    What happens from one second on, until another.

    :param start: seconds from the film's start
    :param end: likewise; the event is over by then
    :param text: what it is; empty where the question says it
    """

    start: float
    end: float
    text: str = ''

    @property
    def begins(self) -> int:
        """The first second that stands by, counted from 1."""
        return math.floor(self.start + _SLACK) + 1

    @property
    def ends(self) -> int:
        """The last one, counted from 1; the answer comes a turn later."""
        return max(self.begins, math.ceil(self.end - _SLACK))


def second_of(moment: float) -> int:
    """Return the second in which something is said, counted from 1."""
    return max(0, math.floor(moment + _SLACK)) + 1


def placed(
    start: float, end: float, text: str, film: Film, field: str, note: Callable[[Finding], None],
) -> Event | None:
    """
    Return an event within its film; None when it lies outside.

    What is turned round, too long, before the start or of no length is put right and told.

    :param field: where its times stand
    """
    if end < start:
        note(Finding(
            'turned-round', field,
            f'it begins at {start:g} s and ends at {end:g} s: taken the other way round'))
        start, end = end, start
    length = math.inf if film.duration is None else film.duration
    if start >= length or end < 0 or start < 0 == end:
        note(Finding(
            'outside', field,
            f'from {start:g} s to {end:g} s, it is not in a film of {length:g} s: left out'))
        return None
    if start < 0:
        note(Finding('negative-time', field, f'{start:g} s is taken as 0'))
        start = 0.0
    if end > length:
        note(Finding(
            'beyond-end', field, f'it ends at {end:g} s, the film at {length:g} s: cut off there'))
        end = length
    if end == start:
        note(Finding('no-length', field, f'begin and end are {start:g} s: taken as one turn'))
    return Event(start, end, text)


def segments(
    items: Iterable[tuple[str, Any]], name: str, film: Film, note: Callable[[Finding], None],
) -> list[Event]:
    """
    Return the events of objects that have a ``segment`` and a text; as ``usable`` does.

    :param name: of the text
    """
    def read(where: str, item: Any) -> Event | None:
        record = fields.mapping(item, where)
        return placed(
            *fields.segment(record.get('segment'), f'{where}.segment'),
            fields.text(record, name, where), film, f'{where}.segment', note)

    return usable(items, read, note)


def usable(
    items: Iterable[tuple[str, Any]], read: Callable[[str, Any], Event | None],
    note: Callable[[Finding], None],
) -> list[Event]:
    """
    Return the events that can be used, in the order in which they are over; tell of the others.

    :param items: what stands for an event, with its place
    :param read: makes an event of such an item
    :raises BadRecord: when none is left
    """
    kept = []
    field = ''
    for where, item in items:
        field = field or where.partition('[')[0]
        try:
            event = read(where, item)
        except BadRecord as error:
            note(Finding('bad-event', error.field, f'{error.what}: left out'))
            continue
        if event is not None:
            kept.append(event)
    if not kept:
        raise BadRecord(field, 'no event in it can be used')
    return sorted(kept, key=lambda event: (event.end, event.start))


def by_text(events: Iterable[Event]) -> dict[str, list[Event]]:
    """Return the events that go by the same words, in order."""
    alike: dict[str, list[Event]] = {}
    for event in events:
        alike.setdefault(event.text, []).append(event)
    return alike
