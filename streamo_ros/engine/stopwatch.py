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

"""Where the time goes: seconds spent on each part of some work."""

from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
import time

PARTS = ('decode', 'resize', 'image_encoder', 'step', 'sampling', 'publication', 'other')
"""
Of a tick: looking at messages or reading a film, and decoding what is due; scaling it; the vision
tower; the language model up to its state; the words of answers; messages; and all else.
"""


class Stopwatch:
    """
    Counts the seconds of parts; for one thread.

    ``seconds`` are by part, so far.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self._counted = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done within; parts inside it count for themselves alone."""
        begin, before = time.perf_counter(), self._counted
        try:
            yield
        finally:
            passed = time.perf_counter() - begin
            self.seconds[name] += passed - (self._counted - before)
            self._counted = before + passed


def shares(*seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the share of each of ``PARTS`` in some seconds, which add up; 0 of none."""
    sums = {part: sum(one.get(part, 0.0) for one in seconds) for part in PARTS}
    total = sum(sums.values())
    return {part: sum_ / total if total else 0.0 for part, sum_ in sums.items()}
