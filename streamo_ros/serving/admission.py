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
Which streams a device still has time for.

A device's time is what its ticks take, and ticks come at the rates that its streams asked for.
What a tick takes is measured: by a probe before there are streams, and then by those that there
are, with their instructions, and as much as they are run in one forward. A stream is refused that
would fill more than ``MOST`` of the time, for it would make others late.
"""

from collections import deque
from dataclasses import dataclass

MOST = 0.8
"""Of a device's time may be asked for; the rest is for answers, and ticks that come at once."""

LATEST = 256
"""Ticks that what a tick takes is the mean of."""


@dataclass(frozen=True)
class Load:
    """
    What a device has to do.

    :param pid: its process id
    :param streams: that it holds
    :param most_streams: that its memory can hold
    :param fps: ticks a second of all of them together
    :param tick_s: seconds that it is busy with a tick, on the average
    """

    pid: int
    streams: int
    most_streams: int
    fps: float
    tick_s: float

    @property
    def share(self) -> float:
        """Return the share of the device's time that is asked for."""
        return self.fps * self.tick_s

    def refusal(self, fps: float) -> str:
        """Return why another stream of so many ticks a second has no place; empty if it has."""
        if self.streams >= self.most_streams:
            return f'its memory holds {self.most_streams} streams'
        return self.lateness(fps)

    def lateness(self, fps: float) -> str:
        """Return why so many more ticks a second would make it late; empty if they do not."""
        share = (self.fps + fps) * self.tick_s
        if share > MOST:
            return (f'{self.fps + fps:g} ticks a second of {self.tick_s:.3f} s would take '
                    f'{share:.0%} of its time, and {MOST:.0%} is the most')
        return ''


class TickTime:
    """
    What a tick takes, of late.

    :param probe_s: seconds that one took before there were streams
    """

    def __init__(self, probe_s: float) -> None:
        self._ticks: deque[float] = deque([probe_s], maxlen=LATEST)
        self._sum = probe_s

    def note(self, busy_s: float) -> None:
        """Note that the device was busy so many seconds with a tick."""
        if len(self._ticks) == LATEST:
            self._sum -= self._ticks[0]
        self._ticks.append(busy_s)
        self._sum += busy_s

    @property
    def mean_s(self) -> float:
        """Return the mean, in seconds."""
        return max(0.0, self._sum) / len(self._ticks)
