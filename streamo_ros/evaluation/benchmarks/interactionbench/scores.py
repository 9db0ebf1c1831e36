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
InteractionBench's scores, 0 to 100, as ``interactionbench/metrics.py`` at 768250e computes them.

- timing accuracy (TA): the mean of max(0, 1 - delay / 5 s) over the answers that are due; the
  stretch from an answer's time to the next one's, all of them begun 1 s early, belongs to it, and
  the first thing said there meets it
- silence compliance (SC): 1 - (said before the first stretch, or again in one) / answers due;
  not defined where nothing is said, so that silence earns nothing
- accuracy: of the choice, the final count, or else the words (there is no judge here, so these
  figures are not those of the paper, which has Qwen3-14B for free answers)

An item has the mean of accuracy and the harmonic mean of TA and SC; commentary and changes of
belief have accuracy alone, over the stretches; items of silence SC alone. Items are rounded to one
decimal before they are averaged, as there.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from streamo_ros.evaluation.benchmarks.interactionbench.records import Item
from streamo_ros.evaluation.benchmarks.interactionbench.records import TASKS
from streamo_ros.metrics.likeness import chose
from streamo_ros.metrics.likeness import last_number
from streamo_ros.metrics.likeness import likeness

DELAY_S = 5.0
EARLY_S = 1.0
_NEAR = 1e-9


@dataclass(frozen=True)
class Said:
    """
    Something said.

    :param time: of the latest frame that had been seen, in seconds
    """

    time: float
    content: str


Predictions = Mapping[str, Sequence[Said]]
"""By item; one that is not in it was silent."""


@dataclass(frozen=True)
class ItemScore:
    """
    The scores of one item, 0 to 100; None where one is not defined.

    :param total: what counts
    :param premature: said before anything was due
    :param redundant: said again
    :param spurious: said where silence was due
    :param missed: share of the answers due that were not given; None for items of silence
    """

    total: float
    accuracy: float | None = None
    timing: float | None = None
    silence: float | None = None
    premature: int = 0
    redundant: int = 0
    spurious: int = 0
    missed: float | None = None


def item_score(item: Item, said: Sequence[Said]) -> ItemScore:
    """Return the scores of one item."""
    spoken = sorted((one for one in said if one.content.strip()), key=lambda one: one.time)
    if item.silent:
        silence = round(100 * max(0.0, 1.0 - len(spoken)), 1)
        return ItemScore(silence, silence=silence, spurious=len(spoken))
    if item.kind == 'A':
        return _asked(item, spoken)
    if item.capability in ('LCG', 'BRC'):
        return _stretches(item, spoken)
    return _triggers(item, spoken)


def _judge(item: Item) -> Callable[[str, str], float]:
    if item.right is None:
        return likeness
    options, right = item.options, item.right
    return lambda due, given: chose(options, right, given)


def _asked(item: Item, said: Sequence[Said]) -> ItemScore:
    matched, timing = _timing([item.asked], said)
    accuracy = 0.0
    if 0 in matched:
        accuracy = round(100 * _judge(item)(item.contents[0], matched[0].content), 1)
    return _put_together(accuracy, timing)


def _triggers(item: Item, said: Sequence[Said]) -> ItemScore:
    matched, timing = _timing([due.time for due in item.due], said)
    if item.counting:
        right = next((number for content in reversed(item.contents)
                      if (number := last_number(content)) is not None), None)
        counts = [number for one in said if (number := last_number(one.content)) is not None]
        accuracy = None if right is None else 100.0 * bool(
            counts and abs(counts[-1] - right) < _NEAR)
        return _put_together(accuracy, timing)
    judge = _judge(item)
    marks = [judge(item.due[place].content, one.content) for place, one in matched.items()]
    return _put_together(round(100 * fmean(marks), 1) if marks else 0.0, timing)


def _stretches(item: Item, said: Sequence[Said]) -> ItemScore:
    judge = _judge(item)
    ends = [due.time for due in item.due[1:]]
    ends.append(max(item.duration, item.due[-1].time) + 1e-6)
    marks = []
    for due, end in zip(item.due, ends, strict=True):
        text = ' '.join(one.content for one in said if due.time <= one.time < end)
        marks.append(judge(due.content, text) if text else 0.0)
    _, timing = _timing([due.time for due in item.due], said)
    accuracy = round(100 * fmean(marks), 1)
    return ItemScore(**{**vars(timing), 'total': accuracy, 'accuracy': accuracy})


def _timing(
    due: Sequence[float], said: Sequence[Said],
) -> tuple[dict[int, Said], ItemScore]:
    """Return what met which answer, and the timing of all."""
    matched: dict[int, Said] = {}
    premature = redundant = 0
    for one in said:
        begun = [place for place, time in enumerate(due) if time <= one.time + EARLY_S]
        if not begun:
            premature += 1
        elif begun[-1] in matched:
            redundant += 1
        else:
            matched[begun[-1]] = one
    delays = [
        max(0.0, matched[place].time - time) if place in matched else DELAY_S
        for place, time in enumerate(due)]
    timing = round(100 * fmean(max(0.0, 1 - delay / DELAY_S) for delay in delays), 1)
    silence = round(100 * max(0.0, 1 - (premature + redundant) / len(due)), 1)
    return matched, ItemScore(
        0.0, timing=timing, silence=silence if said else None, premature=premature,
        redundant=redundant, missed=round(1 - len(matched) / len(due), 3))


def _put_together(accuracy: float | None, timing: ItemScore) -> ItemScore:
    one, other = timing.timing, timing.silence
    assert one is not None
    if other is None:
        both = one
    else:
        both = round(2 * one * other / (one + other), 1) if one + other else 0.0
    axes = [axis for axis in (accuracy, both) if axis is not None]
    return ItemScore(**{
        **vars(timing), 'total': round(fmean(axes), 1), 'accuracy': accuracy})


_AVERAGED = ('total', 'accuracy', 'timing', 'silence', 'premature', 'redundant', 'spurious',
             'missed')


def score(items: Iterable[Item], predictions: Predictions) -> dict[str, Any]:
    """Return means over items: of all, by capability, and by the paper's task."""
    found = [(item, item_score(item, predictions.get(item.key, ()))) for item in items]
    groups: dict[str, dict[str, list[ItemScore]]] = {'capability': {}, 'task': {}}
    for item, scored in found:
        groups['capability'].setdefault(item.capability, []).append(scored)
        groups['task'].setdefault(TASKS.get(item.capability, 'none'), []).append(scored)
    return {
        'overall': _means([scored for _, scored in found]),
        'parts': {
            table: {name: _means(scored) for name, scored in sorted(rows.items())}
            for table, rows in groups.items()}}


def _means(scored: Sequence[ItemScore]) -> dict[str, Any]:
    means: dict[str, Any] = {'items': len(scored)}
    for name in _AVERAGED:
        values = [value for one in scored if (value := getattr(one, name)) is not None]
        means[name] = round(fmean(values), 3) if values else None
    return means


def blind(items: Sequence[Item]) -> dict[str, Predictions]:
    """Return what those say who do not look: nothing, or something every second."""
    words = 'Something is happening.'
    return {
        'always silent': {},
        'always speaking': {
            item.key: [Said(float(second), words) for second in range(1, int(item.duration) + 1)]
            for item in items}}
