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
Which frames the engine sees, decided from the stamps in the messages alone.

A replay at any speed then samples the same frames. The grid of due times starts at the first
frame and never drifts: a late frame does not move the ones after it.
"""

from enum import Enum

SLACK_NS = 1_000_000
"""A frame this little before its due time counts as due: stamps are rounded on their way."""

LATE_NS = 100_000_000
"""A stamp that far back is a late or repeated frame; further back, time itself jumped."""

GAP_NS = 60_000_000_000
"""A stream that was away that long goes on as a new one."""


class Verdict(Enum):
    """What is to be done with a frame."""

    SKIP = 'skip'      # not due
    DUE = 'due'        # to be sampled; say so with ``take``
    STALE = 'stale'    # its stamp does not advance
    JUMP = 'jump'      # time jumped: reset everything, then ask again


class Sampler:
    """
    Picks the first frame at or after each due time, ``fps`` times a second.

    ``judge`` changes nothing but the newest stamp, so that a due frame which turns out to be bad
    leaves its place to the next one; ``take`` moves on to the next due time.

    :param fps: frames per second to sample
    """

    def __init__(self, fps: float) -> None:
        self.reset()
        self.reconfigure(fps)

    def reset(self) -> None:
        """Forget the past: the next frame is due and starts a new grid."""
        self._origin: int | None = None
        self._taken = 0
        self._newest: int | None = None
        self._last: int | None = None

    def reconfigure(self, fps: float) -> None:
        """
        Sample at another rate from now on.

        The grid keeps its origin: the next frame is due at the first multiple of the new period
        after the last one that was taken, as the engine's time tags have it.
        """
        if not fps > 0:
            raise ValueError(f'fps is {fps}: it must be above 0')
        self._fps = fps
        if self._last is not None:
            self._taken = self._periods(self._last) + 1

    def judge(self, stamp: int) -> Verdict:
        """Return what to do with the frame of this stamp (nanoseconds)."""
        if self._newest is not None:
            if stamp < self._newest - LATE_NS or stamp > self._newest + GAP_NS:
                return Verdict.JUMP
            if stamp <= self._newest:
                return Verdict.STALE
        self._newest = stamp
        if self._origin is None or stamp >= self._due() - SLACK_NS:
            return Verdict.DUE
        return Verdict.SKIP

    def take(self, stamp: int) -> None:
        """Count the frame of this stamp as sampled."""
        if self._origin is None:
            self._origin = stamp
        self._last = stamp
        self._taken = max(self._taken, self._periods(stamp)) + 1

    def _periods(self, stamp: int) -> int:
        """Return how many periods of the grid are over."""
        assert self._origin is not None
        return int((stamp + SLACK_NS - self._origin) * self._fps / 1e9)

    def _due(self) -> int:
        assert self._origin is not None
        return self._origin + round(self._taken * 1e9 / self._fps)
