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
How many messages may wait in DDS for a camera's subscription: of large ones one.

Fast DDS gives each that may wait, and one more, the memory of the largest ever, and keeps it for
as long as the subscription lasts: with raw pictures of 60 MB that was most of the node's memory.
The executor hands them on at once; the queue is that of ``picture_thread``, where few would fit.
"""

from collections.abc import Callable
import math
import time

DEPTH = 5
"""Messages, unless they are large."""

LARGE_BYTES = 2**25
"""An 8-bit RGB image of 4K has less."""

CALM_S = 60.0
"""Without a large message, before as many may wait as of others."""


class ReaderDepth:
    """
    The depth that fits the messages that came.

    :param now: steady time in seconds
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.reset()

    @property
    def messages(self) -> int:
        """Return how many may wait."""
        return 1 if self._now() - self._large_at < CALM_S else DEPTH

    def take(self, size: int) -> None:
        """Heed a message of so many bytes."""
        if size > LARGE_BYTES:
            self._large_at = self._now()

    def reset(self) -> None:
        """Forget what came."""
        self._large_at = -math.inf
