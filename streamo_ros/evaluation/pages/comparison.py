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


"""Two runs side by side on one page: differences, and the frames on which they disagree."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamo_ros.dialogue import State
from streamo_ros.evaluation.bags.comparison import Difference
from streamo_ros.evaluation.bags.comparison import differences
from streamo_ros.evaluation.bags.comparison import Pair
from streamo_ros.evaluation.bags.comparison import pairs
from streamo_ros.evaluation.bags.comparison import SHARES
from streamo_ros.evaluation.bags.frames import frames_at
from streamo_ros.evaluation.bags.report_data import Figure
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.pages.page import made_here
from streamo_ros.evaluation.pages.page import page
from streamo_ros.evaluation.pages.report import configuration_lines
from streamo_ros.evaluation.pages.report import latency
from streamo_ros.evaluation.pages.report import moments
from streamo_ros.evaluation.pages.thumbnails import Frames
from streamo_ros.evaluation.pages.thumbnails import Thumbnails
from streamo_ros.evaluation.pages.timeline import axis
from streamo_ros.evaluation.pages.timeline import disagreements
from streamo_ros.evaluation.pages.timeline import Row
from streamo_ros.evaluation.pages.timeline import timelines
from streamo_ros.output import write_text

MOST_ROWS = 200
"""Disagreements in the table; the timelines have all."""

_PARTS = {'task': 'By task', 'skill': 'By skill', 'text': 'By instruction'}


def write_comparison_page(
    first: Report, second: Report, file: Path, frames: Frames = frames_at,
) -> None:
    """
    Write the page that compares two runs, A and B.

    :param file: of HTML; it needs nothing beside it
    :param frames: reads the pictures, from where A read them
    :raises ComparisonError: when there is nothing that both watched
    """
    write_text(file, page(comparison_data(first, second, frames)), made_here)


def comparison_data(first: Report, second: Report, frames: Frames) -> dict[str, Any]:
    """Return what the page shows of two reports."""
    compared, left_out = pairs(first, second)
    runs = (first.configuration, second.configuration)
    cameras: dict[tuple[str, str], list[Pair]] = {}
    for pair in compared:
        cameras.setdefault((pair.bags[0].name, pair.cameras[0].topic), []).append(pair)
    pictures = Thumbnails(frames, len(cameras), 'disagreements')
    streams: list[dict[str, Any]] = []
    found: list[tuple[bool, float, dict[str, Any]]] = []
    latencies = []
    ticks = 0
    for (bag, topic), here in cameras.items():
        seen = here[0].cameras
        try:
            stamps, places = axis(seen)
        except ValueError as error:
            left_out.append(f'{bag} {topic} is not drawn: {error}')
            continue
        wrong, others = moments([one for pair in here for one in pair.runs])
        differing = [disagreements(*pair.runs, places) for pair in here]
        shots = pictures.of(
            here[0].bags[0], seen[0], [stamps[at] for ats in differing for at in ats],
            [*wrong, *others])
        ticks += sum(_both(pair.runs, places) for pair in here)
        for index, (pair, ats) in enumerate(zip(here, differing, strict=True)):
            for at in ats:
                at_ticks = [run[at] for run in places]
                spoke = [_state(one, tick) is State.RESPONSE
                         for one, tick in zip(pair.runs, at_ticks, strict=True)]
                found.append((spoke[0] == spoke[1], stamps[at], {
                    'cells': _disagreement(bag, topic, pair, at_ticks, stamps[at], shots),
                    'go': [len(streams), index, round(stamps[at], 3)]}))
        streams += timelines(
            f'{bag}  {topic}', f'{len(stamps):,} ticks', seen,
            [Row(pair.runs, _summary(pair)) for pair in here], min(run.fps for run in runs),
            shots)
        latencies += [
            {'cells': [
                f'{bag}  {topic}', 'AB'[run],
                *latency(camera.ticks.latencies_s, runs[run].fps)]}
            for run, camera in enumerate(seen) if camera.ticks.latencies_s]
    found.sort(key=lambda one: one[:2])
    names = [f'{letter}: {run.checkpoint}, {run.fps:g} fps, {run.window_turns} turns'
             for letter, run in zip('AB', runs, strict=True)]
    return {
        'title': 'Two evaluations compared',
        'subtitle': '; '.join(names),
        'notes': _left_out(left_out) + pictures.notes(),
        'runs': names,
        'before': [
            {'id': 'differences', 'title': 'Differences', 'tables': list(
                _tables(compared, first, second))},
            {'id': 'disagreements', 'title': 'Disagreements', 'tables': [{
                'note':
                    f'{len(found):,} of {ticks:,} decisions differ'
                    + (f'; the first {MOST_ROWS} are listed, the timelines have all'
                       if len(found) > MOST_ROWS else '')
                    + '. Those come first where one spoke and the other did not.',
                'columns': ['at', 'frame', 'instruction', 'camera', 'true', 'A', 'B'],
                'rows': [row for *_, row in found[:MOST_ROWS]]}]},
        ],
        'streams': streams,
        'after': [
            {'id': 'latency', 'title': 'Latency', 'tables': [{
                'note': 'Milliseconds that the model took for a tick; A on '
                        f'{first.machine}, B on {second.machine}.',
                'columns': ['camera', 'run', 'ticks', 'p50', 'p95', 'p99', 'most',
                            'slower than frames come'],
                'rows': latencies}]},
            {'id': 'configuration', 'title': 'Configuration', 'tables': [], 'lists': [
                ['Configuration; what differs is shaded', _beside(
                    configuration_lines(runs[0]), configuration_lines(runs[1]))],
                ['Versions', _beside(*(
                    [['machine', report.machine], *map(list, report.versions.items())]
                    for report in (first, second)))]]},
        ],
    }


def _tables(compared: list[Pair], first: Report, second: Report) -> list[dict[str, Any]]:
    run = first.configuration
    fps = (run.fps, second.configuration.fps)

    def of(some: list[Pair]) -> list[Difference]:
        return differences(some, fps, run.interval_unit == 'bag', run.seed)

    known = sum(pair.runs[0].events is not None for pair in compared)
    tables = [{
        'title': 'All together',
        'note':
            f'Over {known:,} instructions that both watched, events within '
            f'±{run.tolerances_s[-1]:g} s. Brackets and bars: 95 % intervals, the same units '
            f'({run.interval_unit}) drawn for both; a difference is sure where its interval '
            'leaves out 0.',
        'columns': ['score', 'A', 'B', 'B − A', '', 'sure'],
        'rows': _rows([(one.name, one) for one in of(compared)])}]
    for attribute, title in _PARTS.items():
        parts: dict[str, list[Pair]] = {}
        for pair in compared:
            name = getattr(pair.runs[0], attribute)
            if name and pair.runs[0].events is not None:
                parts.setdefault(name, []).append(pair)
        if parts:
            tables.append({
                'title': f'{title}: event F1',
                'columns': [title.removeprefix('By '), 'A', 'B', 'B − A', '', 'sure'],
                'rows': _rows([(name, of(some)[0]) for name, some in parts.items()])})
    return tables


def _rows(named: list[tuple[str, Difference]]) -> list[dict[str, Any]]:
    ends = [
        abs(end) for _, one in named if one.name in SHARES
        for end in (one.difference.low, one.difference.high) if end is not None]
    far = max(0.1, *ends, 0.0)  # all bars of a table to one scale
    rows = []
    for name, one in named:
        difference = _figure(one.difference)
        rows.append({'cells': [
            name, _figure(one.first), _figure(one.second), {**difference, 'signed': True},
            {**difference, 'scale': [-far, far], 'marks': [0]} if one.name in SHARES else '',
            'yes' if one.sure else 'no']})
    return rows


def _figure(figure: Figure) -> dict[str, Any]:
    return {'value': figure.value, 'low': figure.low, 'high': figure.high}


def _summary(pair: Pair) -> str:
    marks = []
    for letter, one in zip('AB', pair.runs, strict=True):
        f1 = None if one.scored is None else one.scored.model.within[-1].f1.value
        marks.append(f'{letter} {len(one.answers)} answers' if f1 is None
                     else f'{letter} F1 {f1:.2f}')
    return ', '.join(marks)


def _state(one: Instruction, tick: int | None) -> State | None:
    if tick is None or not 0 <= tick - one.first_tick < len(one.states):
        return None
    return State(one.states[tick - one.first_tick])


def _both(runs: Sequence[Instruction], places: Sequence[Sequence[int | None]]) -> int:
    """Return at how many ticks both decided."""
    return sum(
        all(_state(one, tick) is not None for one, tick in zip(runs, ticks, strict=True))
        for ticks in zip(*places, strict=True))


def _disagreement(
    bag: str, topic: str, pair: Pair, ticks: Sequence[int | None], stamp: float,
    shots: dict[float, str],
) -> list[Any]:
    said = []
    for one, tick in zip(pair.runs, ticks, strict=True):
        state = _state(one, tick)
        text = next((answer.text for answer in one.answers if answer.tick == tick), '')
        said.append((state.name.lower() if state is not None else '–')
                    + (f': {text}' if text else ''))
    truth = pair.runs[0]
    true = None if truth.true_states is None or ticks[0] is None \
        else truth.true_states[ticks[0] - truth.first_tick]
    return [
        f'{stamp:.2f} s',
        {'image': shots[stamp], 'alt': f'the frame at {stamp:.2f} s'} if stamp in shots else '–',
        truth.text, f'{bag}  {topic}', '–' if true is None else State(true).name.lower(), *said]


def _left_out(reasons: list[str]) -> list[str]:
    if len(reasons) <= 5:
        return [f'Not compared: {reason}.' for reason in reasons]
    return [f'Not compared: {reason}.' for reason in reasons[:4]] + [
        f'{len(reasons) - 4} more were not compared.']


def _beside(one: list[list[str]], two: list[list[str]]) -> list[list[Any]]:
    """Return names with both values, or the one that both have; whether they differ."""
    values = [dict(lines) for lines in (one, two)]
    return [
        [name, both[0] if both[0] == both[1] else f'A {both[0]}; B {both[1]}', both[0] != both[1]]
        for name in dict.fromkeys([*values[0], *values[1]])
        for both in [tuple(side.get(name, '–') for side in values)]]
