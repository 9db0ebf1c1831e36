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

"""``streamo convert``: raw annotations to the stream format that models train on, or back."""

import argparse
from pathlib import Path
import sys

from streamo_ros.cli.arguments import Commands
from streamo_ros.number_arguments import frame_rate


def add_parser(commands: Commands) -> None:
    """Add the command."""
    convert = commands.add_parser('convert')
    convert.set_defaults(run=run)
    convert.add_argument(
        'source', type=Path, metavar='RAW', help='a JSON array, one object, or JSON lines')
    convert.add_argument(
        'target', type=Path, metavar='STREAM', help='written as JSON, or as lines if *.jsonl')
    how = convert.add_mutually_exclusive_group()
    how.add_argument(
        '--compat', action='store_true',
        help="exactly as the authors' converter does, defects included")
    how.add_argument(
        '--back', action='store_true', help='the other way: RAW is read as a stream file')
    convert.add_argument(
        '--fps', type=frame_rate, default=1.0, help='turns per second; 1 if not given')
    convert.add_argument(
        '--videos', type=Path, default=Path(), metavar='DIR',
        help="what the records' paths are relative to; the working directory if not given")
    convert.add_argument(
        '--durations', type=Path, metavar='FILE',
        help='for videos that are not there: JSON, {"path or name": seconds}; a record may also '
        'have a field "duration"')
    prompt = convert.add_mutually_exclusive_group()
    prompt.add_argument(
        '--system-prompt', type=Path, metavar='FILE', help='a text, taken to the letter')
    prompt.add_argument(
        '--checkpoint', default='nano', help='take its system prompt; "nano" if not given')
    convert.add_argument(
        '--question', default='', metavar='TEXT', help='asked where a record asks nothing')
    convert.add_argument(
        '--json', type=Path, metavar='FILE', help='write every correction and bad record here')


def run(options: argparse.Namespace) -> None:
    """Convert a file; bad records are named and left out."""
    from streamo_ros.cli.progress import Progress
    from streamo_ros.training.conversion.files import convert_file
    from streamo_ros.training.conversion.files import read_durations
    from streamo_ros.training.conversion.files import to_annotation
    from streamo_ros.training.conversion.files import ToStream
    from streamo_ros.training.json_records import FileError
    if options.back:
        convert = to_annotation
    else:
        convert = ToStream(
            system_prompt=_system_prompt(options),
            fps=options.fps,
            compat=options.compat,
            videos=options.videos,
            durations=read_durations(options.durations) if options.durations else {},
            question=options.question)
    size = options.source.stat().st_size if options.source.is_file() else None
    with Progress(size, unit='B', unit_scale=True) as progress:
        summary = convert_file(
            options.source, options.target, convert, options.json, progress.advance,
            lambda sentence: progress.print(f'bad record: {sentence}', sys.stderr))
    print('\n'.join(summary.lines(options.source)))
    if summary.bad:
        raise FileError(
            f'{summary.bad} of {summary.records} records were bad: {options.target} is without '
            'them')


def _system_prompt(options: argparse.Namespace) -> str:
    from streamo_ros.models import read_checkpoint
    from streamo_ros.training.json_records import FileError
    if not options.system_prompt:
        return read_checkpoint(options.checkpoint).system_prompt
    try:
        return options.system_prompt.read_bytes().decode()
    except (OSError, ValueError) as error:
        raise FileError(f'{options.system_prompt} cannot be read as text ({error})') from error
