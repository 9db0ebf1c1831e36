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
A checkpoint on all benchmarks, in their published forms, over films whose truth is known.

The real sets are large and under licences of their own; this runs every path from annotation to
table, and tells how a checkpoint of ours does where it can do something. The figures compare with
each other and with the blind answers beside them, never with those of the real sets.
"""

import argparse
from collections.abc import Callable
from collections.abc import Mapping
from functools import partial
import json
from pathlib import Path
from typing import Any

from streamo_ros.evaluation.benchmarks import recorded
from streamo_ros.evaluation.benchmarks.interactionbench import run as interaction
from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
from streamo_ros.evaluation.benchmarks.offline.answering import AskedEngineOptions
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.longvideobench import LONGVIDEOBENCH
from streamo_ros.evaluation.benchmarks.offline.mvbench import MVBENCH
from streamo_ros.evaluation.benchmarks.offline.run import run as run_offline
from streamo_ros.evaluation.benchmarks.offline.tempcompass import TEMPCOMPASS
from streamo_ros.evaluation.benchmarks.offline.videomme import VIDEOMME
from streamo_ros.evaluation.benchmarks.ovo_bench import run as ovo
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.evaluation.benchmarks.proactive_videoqa import records as proactive_records
from streamo_ros.evaluation.benchmarks.proactive_videoqa import run as proactive
from streamo_ros.evaluation.benchmarks.summary import BenchmarkReport
from streamo_ros.evaluation.benchmarks.summary import read_report
from streamo_ros.evaluation.benchmarks.watching import EngineOptions
from streamo_ros.evaluation.pages.page import made_here
from streamo_ros.evaluation.pages.summary import summary_page
from streamo_ros.evaluation.spread import Spread
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_text
from streamo_ros.studies.made_set import write_set

_OFFLINE = (
    (MVBENCH, 'mvbench'), (TEMPCOMPASS, 'tempcompass'), (VIDEOMME, 'videomme/rows.json'),
    (LONGVIDEOBENCH, 'longvideobench/lvb_val.json'))

Run = Callable[[Path], dict[str, Any]]
"""Runs a benchmark into a folder, and returns its figures."""


def runs_of(made: Path, checkpoint: str, settings: Mapping[str, Any], over: Spread) -> (
        dict[str, Run]):
    """
    Return what runs each benchmark of a made set, by its name.

    :param made: the folder that ``write_set`` wrote
    :param settings: what names the set in a run's folder
    """
    films = made / 'films'
    watching, asking = EngineOptions(checkpoint), AskedEngineOptions(checkpoint)
    told = {'checkpoint': checkpoint, **settings}
    found: dict[str, Run] = {
        benchmark.name: partial(_offline, benchmark, made / name, films, asking, over, told)
        for benchmark, name in _OFFLINE}
    return {
        **found,
        'interactionbench': lambda out: interaction.run(
            read_items(made / 'interactionbench'), films, out, watching, over, told),
        'proactivevideoqa': lambda out: proactive.run(
            proactive_records.read_records(made / 'proactivevideoqa'), made / 'sets', out,
            watching, over, told),
        'ovo': lambda out: ovo.run(
            read_records(made / 'ovo' / 'ovo.json'), films, out, watching, over, told),
        'streams': lambda out: recorded.run(
            recorded.find_records(made / 'streams'), films, out, watching, over, told)}


def _offline(
    benchmark: Benchmark, annotations: Path, films: Path, asking: AskedEngineOptions,
    over: Spread, told: dict[str, Any], out: Path,
) -> dict[str, Any]:
    return run_offline(
        benchmark, benchmark.read(annotations), films, out, asking, over, told)


def evaluate(
    out: Path, films: int, seed: int, checkpoints: list[str], over: Spread,
    names: list[str] | None = None,
) -> list[BenchmarkReport]:
    """
    Write the set, run the benchmarks with each checkpoint, and write ``summary.html``.

    :param names: of benchmarks; None for all
    """
    made = out / 'set'
    write_set(made, films, seed)
    reports = []
    for place, checkpoint in enumerate(checkpoints, 1):
        for name, run in runs_of(
                made, checkpoint, {'films': films, 'seed': seed}, over).items():
            if names is not None and name not in names:
                continue
            folder = out / f'checkpoint-{place}' / name
            figures = run(folder)
            with benchmark_folder(folder) as kept:
                kept.write_text('report.json', json.dumps(
                    figures, indent=2, ensure_ascii=False) + '\n')
            reports.append(read_report(folder))
    write_text(out / 'summary.html', summary_page(reports), made_here)
    return reports


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('out', type=Path, help='receives set and runs; goes on if cut off')
    parser.add_argument(
        '--checkpoint', nargs='+', default=['nano'], help='one, or two to compare')
    parser.add_argument('--films', type=positive_count, default=40)
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--jobs', type=positive_count, default=1, help='videos at a time')
    parser.add_argument(
        '--benchmarks', nargs='+', metavar='NAME', help='only these; all if not given')


def main(options: argparse.Namespace) -> None:
    """Run it all, and print the totals."""
    reports = evaluate(
        options.out, options.films, options.seed, options.checkpoint, Spread(options.jobs),
        options.benchmarks)
    for report in reports:
        print(f'{report.title}, {report.checkpoint}: {report.watched} of {report.records}')
        for row in report.rows:
            if not row.part:
                blind = ', '.join(f'{who} {value}' for who, value in row.blind.items())
                print(f'  {row.measure:34} {row.count:5} {row.value!s:>8}   {blind}')
    print(options.out / 'summary.html')
