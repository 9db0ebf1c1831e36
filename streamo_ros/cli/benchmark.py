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

"""``streamo benchmark``: published benchmarks, watched as streams or scored from predictions."""

import argparse
from pathlib import Path

from streamo_ros.cli import benchmark_offline
from streamo_ros.cli import benchmark_streaming
from streamo_ros.cli import benchmark_summary
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.benchmark_run import add_run
from streamo_ros.cli.benchmark_run import add_source
from streamo_ros.cli.benchmark_run import report
from streamo_ros.cli.benchmark_run import require_out
from streamo_ros.cli.benchmark_run import settings
from streamo_ros.cli.benchmark_run import watching


def add_parser(commands: Commands) -> None:
    """Add the command, with a command for each benchmark."""
    benchmarks = commands.add_parser('benchmark').add_subparsers(required=True, metavar='WHICH')
    ovo = benchmarks.add_parser(
        'ovo', help='OVO-Bench: watch its videos, or score predictions as it does',
        description='OVO-Bench from its own annotations. Videos are watched as streams, and the '
                    'decisions turned into responses by a rule of our own; predictions are scored '
                    'as they are.')
    ovo.set_defaults(run=_run_ovo)
    ovo.add_argument('annotations', type=Path, metavar='JSON', help='ovo_bench_new.json')
    add_source(ovo, 'lines of JSON: {"id": 0, "responses": ["B"]}, one response a test point')
    add_run(ovo)
    streams = benchmarks.add_parser(
        'streams', help="a file or folder in the authors' stream format",
        description="States and answers held against those of streams in the authors' format.")
    streams.set_defaults(run=_run_streams)
    streams.add_argument('data', type=Path, metavar='DATA', help='a .json, .jsonl, or folder')
    streams.add_argument(
        '--videos', type=Path, required=True, metavar='DIR',
        help="where the records' paths start from")
    add_run(streams, out_required=True)
    benchmark_streaming.add_parsers(benchmarks)
    benchmark_offline.add_parsers(benchmarks)
    benchmark_summary.add_parsers(benchmarks)


def _run_ovo(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks.ovo_bench import official
    from streamo_ros.evaluation.benchmarks.ovo_bench import report as ovo_report
    from streamo_ros.evaluation.benchmarks.ovo_bench import run
    from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
    from streamo_ros.models import load_checkpoint
    records = read_records(options.annotations)
    if options.predictions:
        predictions = official.read_predictions(options.predictions, records)
        figures = {
            'benchmark': 'ovo', 'title': 'OVO-Bench',
            'official': official.score(records, predictions),
            'baselines': official.baselines(
                [record for record in records if record.id in predictions])}
    else:
        out = require_out(options)
        window_turns = options.window or load_checkpoint(
            options.checkpoint, zero_shot=options.zero_shot).window_turns
        figures = run.run(records, options.videos, out, *watching(options), {
            **settings(options, [options.annotations]), 'window_turns': window_turns})
    report(options, figures, ovo_report.lines(figures))


def _run_streams(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks import recorded
    records = recorded.find_records(options.data)
    files = dict.fromkeys(record.file.file for record in records)
    figures = recorded.run(records, options.videos, options.out, *watching(options), {
        **settings(options, files), 'window_turns': options.window})
    report(options, figures, (
        f'{name:34} {value}' for name, value in figures.items()
        if not isinstance(value, dict | list)))
