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
PAUC, the score of ProactiveVideoQA: how good what has been said is, over the time it was due.

As ``pvqa_scoring.py`` in MCG-NJU/OneStreamer at f0a610b computes it. Of each turn's replies within
its span, the distinct ones so far are marked 1 to 3 together by a judge, which gives a step curve
of 0 to 2 over the span that begins at 0.5; the turn's score is the area below it, with the times
of replies drawn together by omega, over that of a curve of 2. A turn without replies has a
quarter: **silence is worth 25 of 100**, and what is said outside the spans costs nothing.

The benchmark's judge is a language model; ``word_judge`` is our stand-in, and figures made with it
do not compare with published ones.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from streamo_ros.metrics.likeness import words_of

OMEGAS = (0.0, 0.5, 1.0)
START = 0.5
BEST = 2

Judge = Callable[[str, str, str], int | None]
"""Marks a question's right answer against what was said, 1 to 3; None where it cannot."""

Replies = Sequence[tuple[float, str]]
"""The seconds and words of all that was said to a question, in order."""


@dataclass(frozen=True)
class Turn:
    """
    One answer that is due.

    :param span: seconds in which it may be given
    :param related_end: the second until which later replies may lower its mark
    """

    content: str
    span: tuple[float, float]
    related_end: float


def marks(turn: Turn, question: str, replies: Replies, judge: Judge) -> dict[float, int]:
    """
    Return the curve of a turn: by second of a reply, 0 to 2.

    A reply whose words were said before is not judged; one whose mark is below that of the last
    one before ``related_end`` is left out when it comes later.
    """
    curve: dict[float, int] = {}
    said: list[str] = []
    for time, words in replies:
        if turn.span[0] <= time <= turn.span[1] and words not in said:
            said.append(words)
            mark = judge(question, turn.content, ' '.join(said))
            if mark is not None:
                curve[time] = mark - 1
    if len(curve) < 2:
        return curve
    floor = 0
    kept = {}
    for time, mark in sorted(curve.items()):
        if time <= turn.related_end:
            floor = mark
        elif mark < floor:
            continue
        kept[time] = mark
    return kept


def area(curve: Mapping[float, int], span: tuple[float, float], omega: float) -> float:
    """Return the score of a turn, 0 to 1; of an empty curve a quarter."""
    if not curve:
        return START / BEST
    length = span[1] - span[0]
    steps = [((time - span[0]) * (1 - omega), mark) for time, mark in sorted(curve.items())]
    height, last, total = START, 0.0, 0.0
    for time, mark in [*steps, (length, steps[-1][1])]:
        total += (time - last) * height
        last, height = time, mark
    return total / (length * BEST) if length > 0 else 0.0


def pauc(
    asked: Sequence[tuple[str, Sequence[Turn], Replies]], judge: Judge,
) -> dict[str, float | int | None]:
    """
    Return the mean over turns for each omega, 0 to 100, and how many turns there are.

    :param asked: question, its turns, and the replies to it
    """
    curves = [
        (marks(turn, question, replies, judge), turn.span)
        for question, turns, replies in asked for turn in turns]
    found: dict[str, float | int | None] = {
        f'omega {omega:g}': round(100 * fmean(
            area(curve, span, omega) for curve, span in curves), 2) if curves else None
        for omega in OMEGAS}
    return {**found, 'turns': len(curves), 'answered_turns': sum(bool(one) for one, _ in curves)}


def word_judge(question: str, right: str, said: str) -> int:
    """Mark by the share of the right words that were said: from two thirds on 3, from one 2."""
    due = set(words_of(right))
    share = len(due & set(words_of(said))) / len(due) if due else 0.0
    return 3 if share >= 2 / 3 else 2 if share >= 1 / 3 else 1
