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
One clock of several on a topic: that of one publisher is followed.

Two drivers on one topic whose clocks differ would make every frame a jump of time. A frame whose
stamp continues those before it, by the sampler's rule for jumps, is of the clock that is followed.
Any other is a jump, and believed at once, but for one that goes back to a clock which was followed
before and has never stopped: that is how two publishers look. rclpy does not say who published a
message, but which of its publisher's messages it is: the next one after the latest is a jump of
the same publisher. A bag says neither that nor how many published: there the other clock must
have kept time with the recorder's, and both have come back before, which one clock that is set
and set back does not. When the clock that is followed falls silent, any other is followed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import time

from streamo_ros.sources.sampler import GAP_NS
from streamo_ros.sources.sampler import LATE_NS

SILENT_S = 2.0
"""A clock without a frame for so long is not followed any more."""

TOLD_S = 5.0
"""How long after the last frame of another clock there are said to be several."""

LOST = 100
"""As many messages of a publisher may be lost before one that is taken for its next."""

UNKNOWN = 2**63
"""Numbers from here on, and 0, are those of a middleware that does not number its messages."""

MOST = 4
"""Clocks that are remembered."""

_APART_NS = 1_000_000_000   # of the same clock against steady time


@dataclass
class _Clock:
    """
    A clock by its newest stamp, and when that was heard by steady time; both nanoseconds.

    :param returned: whether it is followed for another time
    """

    newest: int
    heard: int
    returned: bool = False

    def keeps_time(self, stamp: int, now: int) -> bool:
        """Return whether it would show this time now if it went as steady time does."""
        return abs((stamp - now) - (self.newest - self.heard)) <= _APART_NS

    def continues(self, stamp: int) -> bool:
        """Return whether a stamp is no jump, by the sampler's rule."""
        return self.newest - LATE_NS <= stamp <= self.newest + GAP_NS


class OneClock:
    """
    Tells the frames of the clock that is followed from all others.

    :param publishers: returns how many publish on the topic now; None: nobody can tell
    :param now: steady time in seconds
    """

    def __init__(
        self, publishers: Callable[[], int] | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._publishers = publishers
        self._now = now
        self.reset()

    @property
    def several(self) -> bool:
        """Return whether frames of another clock have come lately."""
        return self._now() - self._other_at < TOLD_S

    def reset(self) -> None:
        """Know no clock, and follow that of the next frame."""
        self._followed: _Clock | None = None
        self._others: deque[_Clock] = deque(maxlen=MOST)
        self._number = 0
        self._other_at = float('-inf')

    def admits(self, stamp: int, number: int = UNKNOWN) -> bool:
        """
        Return whether a frame is of the clock that is followed.

        :param stamp: its stamp in nanoseconds
        :param number: of the message among those of its publisher
        """
        now, followed = round(self._now() * 1e9), self._followed
        if followed is not None:
            continues = followed.continues(stamp)
            other = None if followed.keeps_time(stamp, now) else next((
                one for one in self._others
                if one.keeps_time(stamp, now)
                or self._publishers and not continues and one.continues(stamp)), None)
            lives = now - followed.heard < SILENT_S * 1e9
            if (other is not None and lives and not self._is_next(number)
                    and (followed.returned if self._publishers is None
                         else self._publishers() > 1)):
                other.newest, other.heard = stamp, now
                self._other_at = self._now()
                return False
            if not continues or other is not None and self._publishers is None:
                if other is not None:
                    self._others.remove(other)
                self._others.append(followed)
                followed = _Clock(stamp, now, other is not None)
        self._followed = followed or _Clock(stamp, now)
        self._followed.newest, self._followed.heard = max(self._followed.newest, stamp), now
        self._number = number if 0 < number < UNKNOWN else 0
        return True

    def _is_next(self, number: int) -> bool:
        """Return whether a message is one of the next of the publisher that is followed."""
        return (0 < number < UNKNOWN and self._number > 0
                and 0 < number - self._number <= LOST)
