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
from collections.abc import Iterable
import hashlib
import json
from pathlib import Path
import sys
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import add_zero_shot
from streamo_ros.cli.arguments import Commands

if TYPE_CHECKING:
    from streamo_ros.engine import StreamEngine


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
    what = ovo.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--videos', type=Path, metavar='DIR', help="where the records' paths start from")
    what.add_argument(
        '--predictions', type=Path, metavar='FILE',
        help='lines of JSON: {"id": 0, "responses": ["B"]}, one response a test point')
    streams = benchmarks.add_parser(
        'streams', help="a file or folder in the authors' stream format",
        description="States and answers held against those of streams in the authors' format.")
    streams.set_defaults(run=_run_streams)
    streams.add_argument('data', type=Path, metavar='DATA', help='a .json, .jsonl, or folder')
    streams.add_argument(
        '--videos', type=Path, required=True, metavar='DIR',
        help="where the records' paths start from")
    for command in (ovo, streams):
        command.add_argument(
            '--out', type=Path, metavar='DIR', required=command is streams,
            help='what is watched and the report go here; a run that was cut off goes on')
        command.add_argument(
            '--checkpoint', default='nano', help='"nano", if not given, or a directory')
        add_zero_shot(command)
        add_backend(command)
        add_window(command)
        command.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def _run_ovo(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks.ovo_bench import official
    from streamo_ros.evaluation.benchmarks.ovo_bench import report
    from streamo_ros.evaluation.benchmarks.ovo_bench import run
    from streamo_ros.evaluation.benchmarks.ovo_bench.records import BenchmarkError
    from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
    records = read_records(options.annotations)
    if options.predictions:
        predictions = official.read_predictions(options.predictions, records)
        figures = {
            'official': official.score(records, predictions),
            'baselines': official.baselines(
                [record for record in records if record.id in predictions])}
    else:
        if not options.out:
            raise BenchmarkError('--videos takes --out: give a folder for what is watched')
        engine = _engine(options, 1.0)
        figures = run.run(
            records, options.videos, options.out, engine,
            {**_settings(options, [options.annotations]), 'window_turns': engine.window_turns},
            _progress)
    _report(options, figures, report.lines(figures))


def _run_streams(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks import recorded
    records = recorded.find_records(options.data)
    files = dict.fromkeys(record.file.file for record in records)
    figures = recorded.run(
        records, options.videos, options.out, lambda fps: _engine(options, fps),
        {**_settings(options, files), 'window_turns': options.window}, _progress)
    _report(options, figures, (
        f'{name:34} {value}' for name, value in figures.items()
        if not isinstance(value, dict | list)))


def _engine(options: argparse.Namespace, fps: float) -> 'StreamEngine':
    from streamo_ros.engine import StreamEngine
    return StreamEngine.from_pretrained(
        options.checkpoint, backend=options.backend, window_turns=options.window, fps=fps,
        zero_shot=options.zero_shot)


def _settings(options: argparse.Namespace, files: Iterable[Path]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return {
        'data_sha256': digest.hexdigest(), 'checkpoint': options.checkpoint,
        'zero_shot': options.zero_shot, 'backend': options.backend, 'look_back': True}


def _progress(records: list[Any]) -> Iterable[Any]:
    from tqdm import tqdm
    return tqdm(records, unit=' record', leave=False, disable=not sys.stderr.isatty())


def _report(options: argparse.Namespace, figures: dict[str, Any], lines: Iterable[str]) -> None:
    """Write the figures, name what was not watched, and print the lines if anything was."""
    from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
    from streamo_ros.evaluation.benchmarks.ovo_bench.records import BenchmarkError
    from streamo_ros.output import write_json
    for video in figures.get('absent_videos', ()):
        print(f'absent: {video}', file=sys.stderr)
    for record, reason in figures.get('left_out', {}).items():
        print(f'left out: {record}: {reason}', file=sys.stderr)
    if options.out:
        with benchmark_folder(options.out) as folder:
            folder.write_text(
                'report.json', json.dumps(figures, indent=2, ensure_ascii=False) + '\n')
    if options.json:
        write_json(options.json, figures)
    if figures.get('watched') == 0:
        raise BenchmarkError(
            f'none of {figures["records"]} records could be watched: '
            f'{len(figures["absent_videos"])} videos are not below {options.videos}, '
            f'{len(figures["left_out"])} records cannot be used')
    print('\n'.join(lines))
