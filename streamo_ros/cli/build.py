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

"""``streamo build``: published annotations to raw annotations, and mixes of them."""

import argparse
from pathlib import Path
import sys

from streamo_ros.cli.arguments import add_annotations_out
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.build_bag import add_arguments as add_bag
from streamo_ros.cli.build_mix import add_arguments as add_mix

SOURCES = {
    'activitynet': 'ActivityNet Captions',
    'youcook2': 'YouCook2',
    'coin': 'COIN',
    'qvhighlights': 'QVHighlights',
    'didemo': 'DiDeMo',
    'hacs': 'HACS, segments and clips',
    'charades-sta': 'Charades-STA',
    'egotimeqa': 'EgoTimeQA, QaEgo4D',
    'llava-video': 'LLaVA-Video-178K',
    'et-instruct': 'ET-Instruct-164K',
    'streamo-instruct': 'Streamo-Instruct-465K',
    'thinkstream': 'ThinkStream',
}


def add_parser(commands: Commands) -> None:
    """Add the command, with a command for each data set."""
    build = commands.add_parser(
        'build', description='Raw annotations, for streamo convert, from those that a data set '
        'is published with. A FILE.findings.json beside says what was left out or put right.')
    sources = build.add_subparsers(required=True, metavar='SOURCE')
    add_mix(sources.add_parser('mix', help='a training set drawn from what was built'))
    add_bag(sources.add_parser('bag', help="your own robot's bags, annotated or evaluated"))
    for name, title in SOURCES.items():
        source = sources.add_parser(name, help=title)
        source.set_defaults(run=run, source=name)
        source.add_argument(
            'annotations', type=Path, metavar='ANNOTATIONS',
            help='a file as it is published, or a folder of such files')
        source.add_argument(
            '--videos', type=Path, required=True, metavar='DIR',
            help='the folder of the videos, folders within it included')
        add_annotations_out(source)
        source.add_argument(
            '--durations', type=Path, metavar='FILE',
            help='for videos that are not there: JSON, {"path or name": seconds}')


def run(options: argparse.Namespace) -> None:
    """Import a data set; bad records are named and left out."""
    from streamo_ros.cli.progress import Progress
    from streamo_ros.training.conversion.files import read_durations
    from streamo_ros.training.importers.build import build
    from streamo_ros.training.importers.build import files_in
    from streamo_ros.training.importers.build import findings_of
    from streamo_ros.training.importers.build import importer_of
    from streamo_ros.training.importers.videos import Videos
    from streamo_ros.training.json_records import FileError
    importer = importer_of(options.source)
    videos = Videos(
        options.videos, read_durations(options.durations) if options.durations else None)
    files = files_in(options.annotations, importer.suffixes)
    size = sum(file.stat().st_size for file in files if file.is_file())
    with Progress(size or None, unit='B', unit_scale=True) as progress:
        built = build(
            importer, files, videos, options.out, progress.advance,
            lambda sentence: progress.print(f'bad record: {sentence}', sys.stderr))
    print('\n'.join(built.lines()))
    print(f'every finding is in {findings_of(options.out)}')
    if built.bad:
        raise FileError(
            f'{built.bad} of {built.records} records were bad: {options.out} is without them')
