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

"""``summary.html``: benchmarks on one page, one checkpoint or two side by side."""

from collections.abc import Mapping
from typing import Any

from streamo_ros.evaluation.benchmarks.summary import BenchmarkReport
from streamo_ros.evaluation.benchmarks.summary import by_checkpoint
from streamo_ros.evaluation.benchmarks.summary import Row
from streamo_ros.evaluation.pages.page import page

_ALL = 'all'


def summary_page(reports: list[BenchmarkReport]) -> str:
    """
    Return the page.

    :raises BenchmarkError: when the reports are of more than two checkpoints
    """
    runs = by_checkpoint(reports)
    names = list(runs)
    benchmarks = list(dict.fromkeys(report.benchmark for report in reports))
    notes = [
        f'{report.title} of {report.checkpoint}: {report.watched:,} of {report.records:,} '
        'records could be watched, and the scores are over these.'
        for report in reports if report.watched < report.records]
    sections = [{'id': 'totals', 'title': 'Totals', 'tables': [_totals(runs, benchmarks)]}]
    for benchmark in benchmarks:
        there = {name: found[benchmark] for name, found in runs.items() if benchmark in found}
        first = next(iter(there.values()))
        sections.append({'id': benchmark, 'title': first.title, 'tables': [
            _table(measure, names, there)
            for measure in dict.fromkeys(row.measure for one in there.values() for row in one.rows)
        ]})
    return page({
        'title': 'Benchmarks of ' + ' and '.join(names),
        'subtitle': f'{len(benchmarks)} benchmarks; all figures are percentages, and beside them '
                    'stands what those get who do not look',
        'notes': notes, 'runs': names, 'before': sections, 'streams': [], 'after': []})


def _totals(
    runs: Mapping[str, Mapping[str, BenchmarkReport]], benchmarks: list[str],
) -> dict[str, Any]:
    names = list(runs)
    rows = []
    for benchmark in benchmarks:
        there = {name: found[benchmark] for name, found in runs.items() if benchmark in found}
        totals = {name: {row.measure: row for row in report.rows if not row.part}
                  for name, report in there.items()}
        for measure in dict.fromkeys(one for found in totals.values() for one in found):
            both = [totals.get(name, {}).get(measure) for name in names]
            rows.append({'cells': [
                next(iter(there.values())).title, measure, *_cells(both)]})
    return {'columns': ['benchmark', 'measure', *_columns(names)], 'rows': rows}


def _table(
    measure: str, names: list[str], there: Mapping[str, BenchmarkReport],
) -> dict[str, Any]:
    found = {name: {row.part: row for row in report.rows if row.measure == measure}
             for name, report in there.items()}
    parts = dict.fromkeys(part for rows in found.values() for part in rows)
    return {
        'title': measure, 'columns': ['part', *_columns(names)], 'rows': [
            {'cells': [part or _ALL, *_cells([
                found.get(name, {}).get(part) for name in names])]} for part in parts]}


def _columns(names: list[str]) -> list[str]:
    difference = ['B − A'] if len(names) == 2 else []
    return ['of', *names, *difference, '', 'best blind', 'who']


def _cells(both: list[Row | None]) -> list[Any]:
    """Return the cells of a figure of one checkpoint or two, with the best of the blind ones."""
    values = [None if row is None else row.value for row in both]
    rows = [row for row in both if row is not None]
    blind = {who: value for row in rows[:1] for who, value in row.blind.items()
             if value is not None}
    best = max(blind, key=lambda who: blind[who]) if blind else ''
    cells: list[Any] = [rows[0].count, *({'value': value} for value in values)]
    if len(both) == 2:
        one, other = values
        cells.append({'value': None if one is None or other is None else round(other - one, 2),
                      'signed': True})
    return [
        *cells, {'value': values[-1], 'low': None, 'high': None, 'scale': [0, 100],
                 'marks': [*blind.values(), *values[:-1]]},
        {'value': blind.get(best)}, best]
