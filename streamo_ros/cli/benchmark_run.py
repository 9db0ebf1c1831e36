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

"""What the commands of ``streamo benchmark`` share: options, engines, and how figures are told."""

import argparse
from collections.abc import Iterable
import hashlib
import json
from pathlib import Path
import sys
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_spread
from streamo_ros.cli.arguments import add_threads
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import add_zero_shot

if TYPE_CHECKING:
    from streamo_ros.evaluation.benchmarks.watching import EngineOptions
    from streamo_ros.evaluation.spread import Spread


def add_source(command: argparse.ArgumentParser, predictions: str) -> None:
    """Add ``--videos`` and ``--predictions``, one of which is given."""
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--videos', type=Path, metavar='DIR', help="where the records' paths start from")
    what.add_argument('--predictions', type=Path, metavar='FILE', help=predictions)


def add_run(command: argparse.ArgumentParser, out_required: bool = False) -> None:
    """Add what says how videos are watched and where figures go."""
    command.add_argument(
        '--out', type=Path, metavar='DIR', required=out_required,
        help='what is watched and the report go here; a run that was cut off goes on')
    command.add_argument(
        '--checkpoint', default='nano', help='"nano", if not given, or a directory')
    add_zero_shot(command)
    add_backend(command)
    add_threads(command)
    add_window(command)
    add_spread(command, 'videos')
    command.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def require_out(options: argparse.Namespace) -> Path:
    """
    Return the folder of a run.

    :raises BenchmarkError: when none was given
    """
    from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
    if not options.out:
        raise BenchmarkError('--videos takes --out: give a folder for what is watched')
    return Path(options.out)


def watching(options: argparse.Namespace) -> 'tuple[EngineOptions, Spread]':
    """Return what makes the engine, in whichever process, and where videos are watched."""
    from streamo_ros.evaluation.benchmarks.watching import EngineOptions
    from streamo_ros.evaluation.spread import Spread
    from streamo_ros.models.checkpoint import absolute_name
    return EngineOptions(
        absolute_name(options.checkpoint), options.backend, options.window, options.zero_shot,
        options.threads), Spread(options.jobs, options.ray)


def settings(options: argparse.Namespace, files: Iterable[Path]) -> dict[str, Any]:
    """Return what a run depends on."""
    from streamo_ros.models.checkpoint import checkpoint_directory
    from streamo_ros.models.digest import checkpoint_digest
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return {
        'data_sha256': digest.hexdigest(), 'checkpoint': options.checkpoint,
        'checkpoint_sha256': checkpoint_digest(checkpoint_directory(options.checkpoint)),
        'zero_shot': options.zero_shot, 'backend': options.backend, 'look_back': True}


def files_in(path: Path) -> list[Path]:
    """Return a file, or the annotations below a folder."""
    return [path] if path.is_file() else sorted(
        file for pattern in ('*.json', '*.jsonl', '*.parquet') for file in path.rglob(pattern)
        if file.is_file())


def report(options: argparse.Namespace, figures: dict[str, Any], lines: Iterable[str]) -> None:
    """Write the figures, name what was not watched, and print the lines if anything was."""
    from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
    from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
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
