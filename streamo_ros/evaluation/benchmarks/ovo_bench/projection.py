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
A stream's decisions turned into responses to OVO-Bench's test points.

Ours, not the benchmark's nor Streamo's authors', who have published no such rule: figures that
come through here compare with each other, and not with published ones. A point at second r sees
the turns that end by ceil(r).

- of choice: the option that the first answer names, up to ``GRACE_TURNS`` turns later
- REC: the count last answered, 0 before the first
- SSR: Yes while the model stands by, or once a time span that it answered covers r
- CRR: Yes from the first answer on
"""

from collections.abc import Sequence
import math
import re

from streamo_ros.dialogue import State
from streamo_ros.evaluation.benchmarks.ovo_bench.questions import COUNTS
from streamo_ros.evaluation.benchmarks.ovo_bench.questions import last_turn
from streamo_ros.evaluation.benchmarks.ovo_bench.records import LETTERS
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Point
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Record
from streamo_ros.evaluation.benchmarks.streamo_bench import option_letter
from streamo_ros.evaluation.benchmarks.streamo_bench import time_span
from streamo_ros.evaluation.benchmarks.watching import Heard


def responses(record: Record, heard: Sequence[Heard]) -> list[str | None]:
    """
    Return a response to each test point, as the official scores take them.

    :param heard: of the questions of ``questions``; one turn is one second
    """
    if record.options:
        said = _said(heard[0], last_turn(record))
        return [_option(said[0], record.options) if said else None]
    if record.task == 'REC':
        return [_count(_said(heard[0], _last(point))) for point in record.points]
    if record.task == 'SSR':
        return [_yes(_in_step(heard[point.step], point)) for point in record.points]
    return [_yes(bool(_said(heard[0], _last(point)))) for point in record.points]


def _last(point: Point) -> int:
    """Return the last turn that ends by the point's second; turn 0 ends at second 1."""
    return math.ceil(point.realtime) - 1


def _said(heard: Heard, last: int) -> list[str]:
    return [text for turn, text in heard.answers.items() if turn <= last]


def _option(text: str, options: Sequence[str]) -> str | None:
    named = [letter for letter, option in zip(LETTERS, options, strict=False)
             if text.strip(' .').lower() == option.strip(' .').lower()]
    return named[0] if named else option_letter(text)


def _count(said: Sequence[str]) -> str:
    for text in reversed(said):
        if count := COUNTS.get(option_letter(text) or ''):
            return count
        if digits := re.search(r'\d+', text):
            return digits[0]
    return '0'


def _in_step(heard: Heard, point: Point) -> bool:
    at = _last(point) - heard.first
    if 0 <= at < len(heard.states) and heard.states[at] is State.STANDBY:
        return True
    spans = [time_span(text) for text in _said(heard, _last(point))]
    return any(span is not None and span[0] <= point.realtime <= span[1] for span in spans)


def _yes(said: bool) -> str:
    return 'Yes' if said else 'No'
