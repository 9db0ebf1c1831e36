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
Two evaluations of the same bags: how far apart they are, and where they decided otherwise.

Both are counted anew over what both watched, by the rules of ``bag_scores``, and the same units
are drawn for both: what makes a part of a bag hard makes it hard for both, so that the interval of
the difference is narrower than those of the two scores would make believe.
"""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Figure
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.bags.report_data import ReportError
from streamo_ros.evaluation.bags.scores import Tallies
from streamo_ros.evaluation.bags.scores import tallies
from streamo_ros.evaluation.tally import Tally
from streamo_ros.metrics.intervals import draw
from streamo_ros.metrics.intervals import interval

SCORES = (
    'event F1', 'event precision', 'event recall', 'states, macro-F1', 'false alarms per hour',
    'delay, mean (s)', 'right words')
"""What is compared; events within the widest tolerance."""

SHARES = frozenset(SCORES) - {'false alarms per hour', 'delay, mean (s)'}
"""Those that lie between 0 and 1."""


class ComparisonError(ReportError):
    """Two reports that have nothing in common; the message says what differs."""


@dataclass(frozen=True)
class Pair:
    """One instruction on one camera of one bag, as each run decided it."""

    bags: tuple[Bag, Bag]
    cameras: tuple[Camera, Camera]
    runs: tuple[Instruction, Instruction]


@dataclass(frozen=True)
class Difference:
    """
    A score of both runs.

    :param difference: the second less the first, with the 95 % interval of the paired bootstrap
    """

    name: str
    first: Figure
    second: Figure
    difference: Figure

    @property
    def sure(self) -> bool:
        """Return whether the interval leaves out that there is none."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > 0 or high < 0)


def pairs(first: Report, second: Report) -> tuple[list[Pair], list[str]]:
    """
    Return what both runs watched, by bag, camera and instruction, and what is left out and why.

    :raises ComparisonError: when there is nothing that both watched
    """
    found = []
    left_out = []
    others = dict(_instructions(second))
    for key, (bag, camera, one) in _instructions(first):
        name = f'{bag.name} {camera.topic} {one.id}'
        other = others.pop(key, None)
        if other is None:
            left_out.append(f'{name}: only A watched it')
        elif other[0].start_ns != bag.start_ns:
            left_out.append(f'{name}: the two bags of this name begin at other times')
        elif (other[2].text, _truth(other[2])) != (one.text, _truth(one)):
            left_out.append(f'{name}: the two asked otherwise, or hold other things for true')
        else:
            found.append(Pair((bag, other[0]), (camera, other[1]), (one, other[2])))
    left_out += [
        f'{bag.name} {camera.topic} {one.id}: only B watched it'
        for bag, camera, one in others.values()]
    if not found:
        raise ComparisonError(
            'the two reports have no instruction in common: compare runs over the same bags'
            + (f' ({left_out[0]})' if left_out else ''))
    return found, left_out


def differences(
    compared: Sequence[Pair], fps: tuple[float, float], by_bag: bool, seed: int,
) -> list[Difference]:
    """
    Return the scores of both runs and their differences; none where no truth is known.

    :param fps: ticks per second of each run
    :param by_bag: whether the intervals are drawn over bags, or over blocks of them
    """
    counted: tuple[Tallies, Tallies] = ({}, {})
    for pair in compared:
        if pair.runs[0].events is None or pair.runs[1].events is None:
            continue
        for run, mine in enumerate(counted):
            one = pair.runs[run]
            for unit, more in tallies(
                    pair.bags[0].name, pair.cameras[run], one, one.states, one.answers, fps[run],
                    by_bag).items():
                mine.setdefault(unit, Tally()).__iadd__(more)
    units = sorted(counted[0].keys() | counted[1].keys())
    if not units:
        return []
    weights = draw(len(units), seed)
    first, second = (
        _scores([mine.get(unit, Tally()) for unit in units], weights) for mine in counted)
    return [
        Difference(
            name, _figure(first[place]), _figure(second[place]),
            _figure(second[place] - first[place]))
        for place, name in enumerate(SCORES)]


def _instructions(
    report: Report,
) -> Iterator[tuple[tuple[str, str, str, int], tuple[Bag, Camera, Instruction]]]:
    """Yield all instructions by bag, camera, id, and which of this id it is: some are replaced."""
    for bag in report.bags:
        for camera in bag.cameras:
            seen: Counter[str] = Counter()
            for one in camera.instructions:
                yield (bag.name, camera.topic, one.id, seen[one.id]), (bag, camera, one)
                seen[one.id] += 1


def _truth(one: Instruction) -> object:
    return (one.asked, None if one.events is None else [
        (event.start, event.end, event.answer) for event in one.events])


def _scores(tallies: Sequence[Tally], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    Return SCORES of units together, in each resample; NaN where there is nothing to be scored.

    :param weights: as of ``intervals.draw``
    :returns: (scores, resamples)
    """
    def added(values: Sequence[float]) -> NDArray[np.float64]:
        return (weights @ np.asarray(values)).astype(np.float64)

    confusion = np.tensordot(weights, np.stack([one.confusion for one in tallies]), axes=1)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    both = confusion.sum(1) + confusion.sum(2)
    states = np.where(both > 0, 2 * right / np.maximum(both, 1), 0.0).sum(1)
    events = added([one.events.true for one in tallies])
    said = added([one.events.said for one in tallies])
    hits = added([one.events.hits for one in tallies])
    seconds = added([one.seconds for one in tallies])
    return np.stack([
        _share(2 * hits, events + said, 1.0),
        _share(hits, said, 1.0),
        _share(hits, events, 1.0),
        _share(states, (both > 0).sum(1).astype(np.float64)),
        _share(3600 * (said - hits), seconds),
        _share(added([math.fsum(one.delays) for one in tallies]), hits),
        _share(added([one.normalised_words for one in tallies]),
               added([one.worded for one in tallies])),
    ])


def _share(
    part: NDArray[np.float64], whole: NDArray[np.float64], nothing: float = math.nan,
) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), nothing)


def _figure(values: NDArray[np.float64]) -> Figure:
    if np.isnan(values[0]):
        return Figure()
    low, high = interval(values) or (None, None)
    return Figure(float(values[0]), low, high)
