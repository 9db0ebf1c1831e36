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
How often something may happen: a bucket of tokens that fills with steady time.

Steady, because under simulated time, or when somebody sets the clock, a limit must neither open
nor shut.
"""

from collections.abc import Callable
import threading
import time


class RateLimiter:
    """
    Allows ``burst`` at once and ``per_s`` a second in the long run; safe to use from any thread.

    :param now: steady time in seconds
    """

    def __init__(
        self, burst: int, per_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst = burst
        self.per_s = per_s
        self._now = now
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._counted_at = now()

    def take(self) -> bool:
        """Return whether one more may pass now; it is counted if so."""
        with self._lock:
            now = self._now()
            self._tokens = min(
                self.burst, self._tokens + (now - self._counted_at) * self.per_s)
            self._counted_at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
