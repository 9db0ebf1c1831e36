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

Both are counted anew over what both watched, in the same units, and the units are drawn together:
what makes a minute hard is hard for both, so that the interval of the difference is narrower than
those of the two scores would make believe.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streamo_ros.evaluation.report_data import Bag
from streamo_ros.evaluation.report_data import Camera
from streamo_ros.evaluation.report_data import Figure
from streamo_ros.evaluation.report_data import Instruction
from streamo_ros.evaluation.report_data import Report

SCORES = (
    'event F1', 'event precision', 'event recall', 'states, macro-F1', 'false alarms per hour',
    'delay, mean (s)', 'right words')
"""What is compared; events within the widest tolerance."""

SHARES = frozenset(SCORES) - {'false alarms per hour', 'delay, mean (s)'}
"""Those that lie between 0 and 1."""

# What is counted of one unit and one run
_CONFUSION = slice(0, 9)
_EVENTS, _ANSWERS, _HITS, _ALARMS, _SECONDS, _DELAY, _COMPARED, _RIGHT = range(9, 17)
_COUNTS = 17


class ComparisonError(ValueError):
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
    others = {
        (bag.name, camera.topic, one.id): (bag, camera, one)
        for bag, camera, one in _instructions(second)}
    for bag, camera, one in _instructions(first):
        name = f'{bag.name} {camera.topic} {one.id}'
        other = others.pop((bag.name, camera.topic, one.id), None)
        if other is None:
            left_out.append(f'{name}: only A watched it')
        elif other[0].start_ns != bag.start_ns:
            left_out.append(f'{name}: the two bags of this name begin at other times')
        elif (other[2].text, _truth(other[2])) != (one.text, _truth(one)):
            left_out.append(f'{name}: the two asked otherwise, or hold other things for true')
        else:
            found.append(Pair((bag, other[0]), (camera, other[1]), (one, other[2])))
    left_out += [f'{" ".join(name)}: only B watched it' for name in others]
    if not found:
        raise ComparisonError(
            'the two reports have no instruction in common: compare runs over the same bags'
            + (f' ({left_out[0]})' if left_out else ''))
    return found, left_out


def differences(
    compared: Sequence[Pair], fps: tuple[float, float], unit: str, resamples: int, seed: int,
) -> list[Difference]:
    """
    Return the scores of both runs and their differences.

    :param compared: those without known truth count for nothing
    :param fps: ticks per second of each run
    :param unit: ``minute`` or ``bag``, as in Configuration
    """
    counts = _units([pair for pair in compared if pair.runs[0].events is not None], fps, unit)
    size = len(counts)
    if not size:
        return []
    draws = np.random.default_rng(seed).multinomial(size, [1 / size] * size, size=resamples)
    both = [_scores(counts[:, run].sum(0)[None])[0] for run in (0, 1)]
    drawn = [_scores(draws @ counts[:, run]) for run in (0, 1)]
    return [
        Difference(
            name, *(_figure(values[place], many[:, place], size)
                    for values, many in zip(both, drawn, strict=True)),
            _figure(both[1][place] - both[0][place], drawn[1][:, place] - drawn[0][:, place],
                    size))
        for place, name in enumerate(SCORES)]


def _instructions(report: Report) -> Iterator[tuple[Bag, Camera, Instruction]]:
    for bag in report.bags:
        for camera in bag.cameras:
            for one in camera.instructions:
                yield bag, camera, one


def _truth(one: Instruction) -> object:
    return (one.asked, None if one.events is None else [
        (event.start, event.end, event.answer) for event in one.events])


def _units(
    compared: Sequence[Pair], fps: tuple[float, float], unit: str,
) -> NDArray[np.float64]:
    """Return what is counted: (units, 2 runs, counts)."""
    counts: dict[tuple[str, int], NDArray[np.float64]] = {}
    for pair in compared:
        for run, (one, camera) in enumerate(zip(pair.runs, pair.cameras, strict=True)):
            for stamp, what, amount in _counted(one, camera, 1 / fps[run]):
                key = (pair.bags[0].name, int(stamp // 60) if unit == 'minute' else 0)
                counts.setdefault(key, np.zeros((2, _COUNTS)))[run, what] += amount
    return np.stack([counts[key] for key in sorted(counts)]) if counts else np.zeros((0, 2, 0))


def _counted(
    one: Instruction, camera: Camera, period: float,
) -> Iterator[tuple[float, int, float]]:
    """Yield a stamp, what is counted there, and how much of it."""
    for place, (state, true) in enumerate(zip(one.states, one.true_states or [], strict=True)):
        stamp = camera.ticks.stamps[one.first_tick + place]
        yield stamp, _SECONDS, period
        if true is not None:
            yield stamp, 3 * true + state, 1
    for event in one.events or []:
        yield event.end, _EVENTS, 1
    for answer in one.answers:
        yield answer.stamp, _ANSWERS, 1
        if answer.event is None:
            yield answer.stamp, _ALARMS, 1
            continue
        yield answer.stamp, _HITS, 1
        yield answer.stamp, _DELAY, answer.delay or 0.0
        if answer.right is not None:
            yield answer.stamp, _COMPARED, 1
            yield answer.stamp, _RIGHT, answer.right


def _scores(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Return SCORES, (resamples, scores), of counts (resamples, counts); NaN where there is none.

    Rules as in ``dialogue.events``: silence is precise, and where nothing happens all is recalled.
    """
    def share(part: NDArray[np.float64], whole: NDArray[np.float64], empty: float
              ) -> NDArray[np.float64]:
        return np.where(whole > 0, part / np.where(whole > 0, whole, 1), empty)

    confusion = counts[:, _CONFUSION].reshape(-1, 3, 3)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    states = share(2 * right, confusion.sum(1) + confusion.sum(2), 0.0).mean(1)
    events, answers, hits = counts[:, _EVENTS], counts[:, _ANSWERS], counts[:, _HITS]
    return np.stack([
        share(2 * hits, events + answers, 1.0),
        share(hits, answers, 1.0),
        share(hits, events, 1.0),
        np.where(confusion.sum((1, 2)) > 0, states, np.nan),
        share(3600 * counts[:, _ALARMS], counts[:, _SECONDS], np.nan),
        share(counts[:, _DELAY], hits, np.nan),
        share(counts[:, _RIGHT], counts[:, _COMPARED], np.nan),
    ], axis=1)


def _figure(value: float, drawn: NDArray[np.float64], units: int) -> Figure:
    if np.isnan(value):
        return Figure()
    known = drawn[~np.isnan(drawn)]
    if units < 2 or not len(known):
        return Figure(float(value))
    low, high = np.percentile(known, (2.5, 97.5))
    return Figure(float(value), float(low), float(high))
