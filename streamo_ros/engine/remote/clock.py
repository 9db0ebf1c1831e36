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
Another machine's clock, seen over a link, and where the time of a step went.

The clocks are steady ones that began anywhere. Of several questions "what time is it there?" the
one that came back fastest says most: its answer was given in the middle of the time that it took,
but for half of that at most (as in NTP, RFC 5905 section 8).
"""

from collections import deque
from dataclasses import dataclass

KEPT = 8
"""Answers of which the fastest counts."""


@dataclass(frozen=True)
class Split:
    """Seconds that one step spent on the way up, waiting, in the model, and on the way down."""

    up_s: float
    queue_s: float
    model_s: float
    down_s: float


class RemoteClock:
    """The clock of the other end."""

    def __init__(self) -> None:
        self._answers: deque[tuple[float, float]] = deque(maxlen=KEPT)  # round trip, offset

    def take(self, sent: float, received: float, replied: float, returned: float) -> None:
        """
        Take the times of a message and its answer.

        :param sent: by this clock; ``returned`` as well
        :param received: by the other one; ``replied`` as well
        """
        round_trip = (returned - sent) - (replied - received)
        self._answers.append((round_trip, ((received - sent) + (replied - returned)) / 2))

    @property
    def offset(self) -> float:
        """Return what the other clock is ahead, in seconds; 0 before anything is known."""
        return min(self._answers)[1] if self._answers else 0.0

    @property
    def one_way_s(self) -> float:
        """Return the seconds that the shortest message takes one way; 0 as long as unknown."""
        return max(0.0, min(self._answers)[0] / 2) if self._answers else 0.0

    def split(
        self, sent: float, received: float, replied: float, returned: float, model_s: float,
    ) -> Split:
        """
        Return where the time of a step went; its parts add up to all of it.

        :param model_s: seconds that the model took
        """
        there = max(0.0, replied - received)
        link = max(0.0, returned - sent - there)
        up = min(max(0.0, received - sent - self.offset), link)
        model = min(max(0.0, model_s), there)
        return Split(up, there - model, model, link - up)
