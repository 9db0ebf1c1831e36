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

"""Answers held against events: one answer to one event, close in time."""

from bisect import bisect_left
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EventScore:
    """Counts of a comparison; they add up over streams."""

    true: int = 0
    said: int = 0
    hits: int = 0

    def __add__(self, other: 'EventScore') -> 'EventScore':
        """Return the counts of both."""
        return EventScore(
            self.true + other.true, self.said + other.said, self.hits + other.hits)

    @property
    def precision(self) -> float:
        """Return the share of answers that met an event; 1 when nothing was said."""
        return self.hits / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        """Return the share of events that were answered; 1 when there were none."""
        return self.hits / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        total = self.true + self.said
        return 2 * self.hits / total if total else 1.0


def match(due: Sequence[int], said: Sequence[int], tolerance: int) -> list[tuple[int, int]]:
    """
    Pair answers with events, closest first, each at most once.

    :param due: ticks (or nanoseconds) at which an answer is right
    :param said: ticks at which one was given
    :param tolerance: ticks that the two may lie apart
    :returns: (index in due, index in said) of each pair
    """
    order = sorted(range(len(said)), key=said.__getitem__)
    ticks = [said[index] for index in order]
    candidates = []
    for one, tick in enumerate(due):
        near = slice(bisect_left(ticks, tick - tolerance), bisect_right(ticks, tick + tolerance))
        candidates += [(abs(tick - said[two]), one, two) for two in order[near]]
    pairs: list[tuple[int, int]] = []
    met: set[int] = set()
    used: set[int] = set()
    for _, one, two in sorted(candidates):
        if one not in met and two not in used:
            pairs.append((one, two))
            met.add(one)
            used.add(two)
    return pairs
