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
StreamPro-F1 (arXiv 2605.16381, section 3.3 and appendix A.2): timing and words, precision counted.

A response has a time score, 1 at the best moment of an answer and falling to 0 over tau seconds,
times an accuracy of 0 to 1. Each response goes to the first answer in whose window it lies; an
answer takes the best of those that came to it. Precision is the sum of these over all responses,
recall over all answers due, so that what is said too often and what is missed both cost. The paper
speaks of a trajectory; F1 is computed of each, and averaged over them.

Its own data and judge are not published, so accuracy here is the share of right words, or the
overlap of spans for grounding, and 1 where only the timing is known. The windows are the paper's
(Table 8); where a best moment "within the event" is meant, the time score is 1 all along.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True)
class Tolerance:
    """
    When an answer may be given, in seconds.

    :param early: before the best moment, or the beginning of the event
    :param late: after the best moment, or the end of the event
    :param tau: over which the time score falls to 0; ``tau_early`` before the best moment
    :param interval: whether all of the event is the best moment; else its end
    """

    early: float
    late: float
    tau: float
    tau_early: float
    interval: bool = False


TASKS = {
    'event understanding': Tolerance(0, 3, 4, 4, interval=True),
    'object understanding': Tolerance(3, 3, 4, 4),
    'anomaly alert': Tolerance(0, 5, 6, 6),
    'temporal perception': Tolerance(0, 3, 4, 4, interval=True),
    'temporal grounding': Tolerance(3, 3, 4, 4),
    'goal planning': Tolerance(3, 0, 4, 4),
    'risk forecasting': Tolerance(1, 3, 4, 2)}


@dataclass(frozen=True)
class Due:
    """
    An answer that is due.

    :param start: of its event, in seconds
    :param end: of its event, or its best moment
    """

    start: float
    end: float
    text: str = ''


@dataclass(frozen=True)
class F1:
    """Score-weighted precision, recall and F1 of one trajectory, 0 to 1."""

    precision: float
    recall: float
    f1: float


def time_score(tolerance: Tolerance, due: Due, time: float) -> float | None:
    """Return how well a response is timed, 0 to 1; None outside the answer's window."""
    first = due.start if tolerance.interval else due.end
    if not first - tolerance.early <= time <= due.end + tolerance.late:
        return None
    if time < first:
        return max(0.0, 1 - (first - time) / tolerance.tau_early)
    return max(0.0, 1 - max(0.0, time - due.end) / tolerance.tau)


def trajectory(
    tolerance: Tolerance, due: Sequence[Due], said: Sequence[tuple[float, str]],
    accuracy: Callable[[Due, str], float],
) -> F1 | None:
    """
    Return the scores of what was said in one stream; None where nothing was due, and nothing said.

    :param said: seconds and words, in order
    :param accuracy: how right words are for an answer, 0 to 1
    """
    if not due and not said:
        return None
    best = [0.0] * len(due)
    for time, words in said:
        for place, answer in enumerate(due):
            timing = time_score(tolerance, answer, time)
            if timing is not None:
                best[place] = max(best[place], timing * accuracy(answer, words))
                break
    precision = sum(best) / len(said) if said else 0.0
    recall = sum(best) / len(due) if due else 0.0
    both = precision + recall
    return F1(precision, recall, 2 * precision * recall / both if both else 0.0)


def mean(found: Sequence[F1 | None]) -> dict[str, float | int | None]:
    """Return percentages averaged over trajectories, and how many there are."""
    there = [one for one in found if one is not None]
    return {
        **{name: round(100 * fmean(getattr(one, name) for one in there), 2) if there else None
           for name in ('precision', 'recall', 'f1')},
        'trajectories': len(there)}
