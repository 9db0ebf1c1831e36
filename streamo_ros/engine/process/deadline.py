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

"""How long a caller waits for an engine elsewhere, in a process of its own or on a server."""

from collections.abc import Callable
import threading
import time

POLL_S = 0.1        # how often a waiting caller looks whether it still should wait
END_S = 0.5         # how long an answer may take when the caller ends
CUT = 0.8           # share of the deadline after which an answer is cut


class Deadline:
    """
    Until when an answer is waited for; it begins when it is made.

    :param seconds: that the answer may take; at four fifths of them it is cut
    :param ended: set by the caller when it ends: the answer is then cut at once, and waited for
        no longer than ``END_S``
    :param interrupt: cuts the answer
    """

    def __init__(
        self, seconds: float, ended: threading.Event, interrupt: Callable[[], None],
    ) -> None:
        now = time.monotonic()
        self._ended = ended
        self._interrupt = interrupt
        self._interrupted = False
        self._cut = now + CUT * seconds
        self._end = now + seconds
        self.ending = False     # it is the caller's end that is waited for, not the answer

    def wait_s(self) -> float:
        """
        Return for how many seconds to wait before asking again; 0 when the time is over.

        The answer is cut here, when it is time for that.
        """
        now = time.monotonic()
        if self._ended.is_set() and not self.ending:
            self.ending, self._cut, self._end = True, now, min(self._end, now + END_S)
        if now >= self._cut and not self._interrupted:
            self._interrupted = True
            self._interrupt()
        left = self._end - now
        return max(1e-3, min(POLL_S, left)) if left > 0 else 0.0
