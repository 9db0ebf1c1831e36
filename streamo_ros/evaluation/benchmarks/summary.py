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

"""Reports of several benchmarks put together: one checkpoint, or two side by side."""

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import load

REPORT = 'report.json'

Percent = float | None


@dataclass(frozen=True)
class Row:
    """
    One figure of a report.

    :param measure: what it is, such as a rule's name
    :param part: of what, such as a task; '' for all
    :param count: questions, items, turns or points that it is over
    :param value: 0 to 100
    :param blind: what those get who do not look, by name
    """

    measure: str
    part: str
    count: int
    value: Percent
    blind: Mapping[str, Percent]


@dataclass(frozen=True)
class BenchmarkReport:
    """A run's report, read."""

    folder: Path
    benchmark: str
    title: str
    checkpoint: str
    records: int
    watched: int
    figures: Mapping[str, Any]

    @property
    def rows(self) -> list[Row]:
        """Return its figures."""
        return list(_ROWS[self.benchmark](self.figures))


def read_report(folder: Path) -> BenchmarkReport:
    """
    Read the report that a benchmark's run left in its folder.

    :raises BenchmarkError: when there is none
    """
    file = folder / REPORT
    found = load(file)
    if not isinstance(found, dict) or found.get('benchmark') not in _ROWS or (
            'watched' not in found):
        raise BenchmarkError(
            f'{file} is no report of `streamo benchmark ... --out`: give the folder of a run')
    return BenchmarkReport(
        folder, found['benchmark'], found['title'], str(found['checkpoint']),
        int(found['records']), int(found['watched']), found)


def by_checkpoint(reports: list[BenchmarkReport]) -> dict[str, dict[str, BenchmarkReport]]:
    """
    Return reports by checkpoint, in the order given, and benchmark.

    :raises BenchmarkError: when there are more than two checkpoints, or one was run twice
    """
    found: dict[str, dict[str, BenchmarkReport]] = {}
    for report in reports:
        runs = found.setdefault(report.checkpoint, {})
        if report.benchmark in runs:
            raise BenchmarkError(
                f'{report.folder} and {runs[report.benchmark].folder} are runs of one benchmark '
                'and checkpoint: leave one out')
        runs[report.benchmark] = report
    if len(found) > 2:
        raise BenchmarkError(
            f'these are runs of {len(found)} checkpoints ({", ".join(found)}): give those of one '
            'or of two')
    return found


def _offline(figures: Mapping[str, Any]) -> Iterator[Row]:
    scores = figures['scores']
    looked = [name for name in scores if ': ' not in name or name.startswith('last ')]
    for name in looked:
        rule = name.rpartition(': ')[2]
        # A chosen label is judged as the official rule judges one that is said.
        rule = rule if f'says nothing: {rule}' in scores else next(iter(scores))
        blind = {other.removesuffix(f': {rule}'): scores[other] for other in scores
                 if other.endswith(f': {rule}') and not other.startswith('last ')}
        yield Row(name, '', scores[name]['questions'], scores[name]['total'], {
            who: one['total'] for who, one in blind.items()})
        for table, rows in scores[name]['parts'].items():
            for part, (value, count) in rows.items():
                yield Row(name, f'{table}: {part}', count, value, {
                    who: one['parts'][table][part][0] for who, one in blind.items()})


def _ovo(figures: Mapping[str, Any]) -> Iterator[Row]:
    projected, beside = figures['projected'], figures['baselines']

    def of(kind: str, name: str, count: int) -> Row:
        return Row('projected by our rule', name, count, projected[kind][name], {
            who: one[kind][name] for who, one in beside.items()})

    points = sum(there for there, _ in projected['points'].values())
    yield Row('projected by our rule', '', points, projected['total'], {
        who: one['total'] for who, one in beside.items()})
    for group in projected['groups']:
        yield of('groups', group, points)
    for task, (there, _) in projected['points'].items():
        yield of('tasks', task, there)
    timing = figures['timing']
    yield Row('OVO-Timing F1', '', len(timing['tasks']), timing['mean_f1'], {})
    for task, found in timing['tasks'].items():
        yield Row('OVO-Timing F1', task, 1, found['f1'], {})
    yield Row('StreamPro-F1', '', len(figures['streampro_f1']['tasks']),
              figures['streampro_f1']['mean_f1'], {})
    for task, found in figures['streampro_f1']['tasks'].items():
        yield Row('StreamPro-F1', task, found['trajectories'], found['f1'], {})


def _streams(figures: Mapping[str, Any]) -> Iterator[Row]:
    silent = figures['baselines']['always_silent']
    for measure, name in (('event F1', 'event_f1'), ('macro-F1 of states', 'state_macro_f1')):
        yield Row(measure, '', figures['events'], _percent(figures[name]), {
            'always silent': _percent(silent[name])})
        for task, found in figures['tasks'].items():
            yield Row(measure, task, found['events'], _percent(found[name]), {
                'always silent': _percent(silent['tasks'][task][name])})
    bench = figures['streamo_bench']
    for kind, value in bench['grounding_miou'].items():
        yield Row('Streamo-Bench grounding mIoU', kind, figures['watched'], _percent(value), {})
    for kind, value in bench['tsqa'].items():
        yield Row('Streamo-Bench TSQA', kind, figures['watched'], _percent(value), {})
    timed = figures['streampro_f1']
    yield Row('StreamPro-F1', '', timed['trajectories'], timed['f1'], {})


def _interaction(figures: Mapping[str, Any]) -> Iterator[Row]:
    names = {'total': 'score', 'accuracy': 'accuracy', 'timing': 'timing accuracy',
             'silence': 'silence compliance'}
    scores, beside = figures['scores'], figures['baselines']
    for name, measure in names.items():
        mine = scores['overall']
        yield Row(measure, '', mine['items'], mine[name], {
            who: one['overall'][name] for who, one in beside.items()})
        for table, rows in scores['parts'].items():
            for part, found in rows.items():
                yield Row(measure, f'{table}: {part}', found['items'], found[name], {
                    who: one['parts'][table][part][name] for who, one in beside.items()})


def _proactive(figures: Mapping[str, Any]) -> Iterator[Row]:
    scores, beside = figures['scores'], figures['baselines']
    turns = sum(one['turns'] for one in scores['sets'].values())
    for name, value in scores['mean'].items():
        yield Row(f'PAUC, {name}', '', turns, value, {
            who: one['mean'][name] for who, one in beside.items()})
        for part, found in scores['sets'].items():
            yield Row(f'PAUC, {name}', part, found['turns'], found[name], {
                who: one['sets'][part][name] for who, one in beside.items()})


def _percent(share: float | None) -> Percent:
    return None if share is None else round(100 * share, 2)


_ROWS = {
    **dict.fromkeys(('mvbench', 'tempcompass', 'videomme', 'longvideobench'), _offline),
    'ovo': _ovo, 'streams': _streams, 'interactionbench': _interaction,
    'proactivevideoqa': _proactive}
