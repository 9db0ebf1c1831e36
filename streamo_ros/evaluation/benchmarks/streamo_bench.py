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
The measures of Streamo-Bench (Streamo, arXiv 2512.21334, section 5.4 and supplement C).

Its data are not published; the measures take any that are of the same kind. As published, they
punish nothing that was said beside the truth.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
import re
from statistics import fmean
from typing import Protocol

TOLERANCE_S = 3.0

_SPAN = re.compile(
    r'(\d+(?:\.\d+)?)\s*(?:s|seconds?)?\s*(?:-|–|to|and|until)\s*(\d+(?:\.\d+)?)\s*s', re.I)
_LETTER = re.compile(r'\(?([A-Z])(?:[.):,]|$)')

Span = tuple[float, float]


def time_span(text: str) -> Span | None:
    """Return the first time span that a text names, in seconds; None if it names none."""
    found = _SPAN.search(text)
    return (float(found[1]), float(found[2])) if found else None


def option_letter(text: str) -> str | None:
    """Return the letter that an answer opens with, alone or before a full stop or bracket."""
    found = _LETTER.match(text.strip())
    return found[1] if found else None


def overlap(said: Span | None, right: Span) -> float:
    """Return the intersection over union of two spans; 0 for none, or one that ends too early."""
    if said is None:
        return 0.0
    union = max(said[1], right[1]) - min(said[0], right[0])
    common = min(said[1], right[1]) - max(said[0], right[0])
    return max(0.0, common) / union if union > 0 else 0.0


@dataclass(frozen=True)
class Grounding:
    """
    One event that was asked for, in seconds.

    :param asked: when the question came
    :param said: None if there was no answer with a span
    """

    asked: float
    right: Span
    said: Span | None


def grounding_miou(answers: Sequence[Grounding]) -> dict[str, float | None]:
    """
    Return the mean overlap, forward and backward; None for a kind that was not asked.

    Forward asks before the event, backward after it. What is asked while it goes on is neither.
    """
    kinds = {
        'forward': [answer for answer in answers if answer.asked <= answer.right[0]],
        'backward': [answer for answer in answers if answer.asked >= answer.right[1]]}
    return {
        kind: fmean(overlap(answer.said, answer.right) for answer in found) if found else None
        for kind, found in kinds.items()}


@dataclass(frozen=True)
class TimedAnswer:
    """An answer and its second."""

    time: float
    text: str


@dataclass(frozen=True)
class TimedQuestion:
    """
    A question whose answer changes.

    :param right: the answers that were due
    :param said: those given
    """

    right: tuple[TimedAnswer, ...]
    said: tuple[TimedAnswer, ...]


def same_answer(said: str, right: str) -> bool:
    """Compare by the option's letter where the right answer has one, else by the words."""
    letter = option_letter(right)
    return option_letter(said) == letter if letter else _words(said) == _words(right)


def _words(text: str) -> list[str]:
    return re.findall(r'\w+', text.lower())


def hits(question: TimedQuestion, same: Callable[[str, str], bool] = same_answer) -> int:
    """Return how many of the answers due were given within the tolerance of their time."""
    return sum(
        any(abs(said.time - right.time) <= TOLERANCE_S and same(said.text, right.text)
            for said in question.said)
        for right in question.right)


def tsqa(
    questions: Sequence[TimedQuestion], same: Callable[[str, str], bool] = same_answer,
) -> dict[str, float | None]:
    """
    Return accuracy, the share of all answers due, and recall, the mean of the questions' shares.

    Both are None where no answer was due; questions without one count for neither.
    """
    shares = [(hits(question, same), len(question.right))
              for question in questions if question.right]
    if not shares:
        return {'accuracy': None, 'recall': None}
    return {
        'accuracy': sum(met for met, _ in shares) / sum(count for _, count in shares),
        'recall': fmean(met / count for met, count in shares)}


class Judge(Protocol):
    """Someone who compares two captions of a video; the benchmark's is a language model."""

    def prefer(self, instruction: str, one: str, other: str) -> int:
        """Return above 0 if the one is better, below 0 if the other is, 0 for neither."""


def win_rate(judge: Judge, contests: Sequence[tuple[str, str, str]]) -> float | None:
    """
    Return how often ours is preferred, a draw counting half; None for no contest.

    Each is judged in both orders, since judges favour a place.

    :param contests: instruction, our caption, the rival's
    """
    wins = []
    for instruction, ours, rival in contests:
        for verdict in (
                judge.prefer(instruction, ours, rival), -judge.prefer(instruction, rival, ours)):
            wins.append(1.0 if verdict > 0 else 0.5 if verdict == 0 else 0.0)
    return fmean(wins) if wins else None
