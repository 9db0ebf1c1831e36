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

"""What the time of ``streamo watch`` goes into, for ``--profile``."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import TypeVar

from streamo_ros.engine.stopwatch import shares
from streamo_ros.engine.stopwatch import Stopwatch

T = TypeVar('T')


class TimeSpent:
    """
    Counts what a recording is watched with.

    :param live: pictures come when they do, and waiting for them is no work
    """

    def __init__(self, live: bool) -> None:
        self._live = live
        self.stopwatch = Stopwatch()

    def reading(self, frames: Iterable[T]) -> Iterator[T]:
        """Yield the frames of a recording; reading them counts as decoding."""
        if self._live:
            yield from frames
            return
        rest = iter(frames)
        while True:
            with self.stopwatch.part('decode'):
                frame = next(rest, None)
            if frame is None:
                return
            yield frame

    def lines(self, engines: Iterable[Mapping[str, float]], ticks: int) -> Iterator[str]:
        """
        Yield a table.

        :param engines: their seconds, by part
        :param ticks: of all of them
        """
        spent = [self.stopwatch.seconds, *engines]
        for part, share in shares(*spent).items():
            seconds = sum(one[part] for one in spent)
            yield f'{part:14}{share:7.1%}{1e3 * seconds / max(ticks, 1):10.2f} ms a tick'
