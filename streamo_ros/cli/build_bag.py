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

"""``streamo build bag``: your own robot's bags as raw annotations, and as films to train on."""

import argparse
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import add_annotations_out
from streamo_ros.number_arguments import frame_rate

if TYPE_CHECKING:
    from streamo_ros.sources.bag_annotation import Annotations
    from streamo_ros.training.importers.bag import RecordedBag


def add_arguments(bag: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    bag.set_defaults(run=run)
    bag.add_argument(
        'bags', type=Path, nargs='+', metavar='BAG',
        help='a directory, .mcap or .db3; or what streamo evaluate --out received, whose answers '
        'are then taken for what is true')
    bag.add_argument(
        '--annotations', type=Path, metavar='FILE',
        help="of all bags; if not given, annotations.yaml in each bag's directory")
    bag.add_argument(
        '--videos', type=Path, required=True, metavar='DIR',
        help='a folder, new or of an earlier run, that receives a film for each camera')
    add_annotations_out(bag)
    bag.add_argument(
        '--fps', type=frame_rate, default=1.0, help='frames sampled per second; 1 if not given')


def run(options: argparse.Namespace) -> None:
    """Import bags; what cannot be learned from is named and left out."""
    from streamo_ros.cli.progress import Progress
    from streamo_ros.output import OutputFolder
    from streamo_ros.training.importers.bag import importer
    from streamo_ros.training.importers.build import build
    from streamo_ros.training.importers.build import findings_of
    from streamo_ros.training.importers.videos import Videos
    from streamo_ros.training.json_records import FileError
    bags = _bags(options)
    with OutputFolder(options.videos, 'films') as films, Progress(
            None, unit='B', unit_scale=True) as progress:
        built = build(
            importer(bags, films, options.fps), [bag.path for bag in bags],
            Videos(options.videos), options.out, progress.advance,
            lambda sentence: progress.print(f'bad record: {sentence}', sys.stderr))
    print('\n'.join(built.lines()))
    print(f'every finding is in {findings_of(options.out)}')
    if built.bad:
        raise FileError(
            f'{built.bad} of {built.records} records were bad: {options.out} is without them')


def _bags(options: argparse.Namespace) -> 'list[RecordedBag]':
    from streamo_ros.evaluation.bags.annotations_of_run import annotations_of_run
    from streamo_ros.evaluation.bags.evaluate import REPORT
    from streamo_ros.evaluation.bags.report_data import read_report
    from streamo_ros.sources.bag_annotation import AnnotationError
    from streamo_ros.sources.bag_annotation import annotations_beside
    from streamo_ros.sources.bag_annotation import bag_names
    from streamo_ros.sources.bag_annotation import read_annotations
    from streamo_ros.training.importers.bag import RecordedBag
    given = read_annotations(options.annotations) if options.annotations else None
    found: list[tuple[Path, Annotations]] = []
    for path in options.bags:
        if (path / REPORT).is_file():
            found += [
                (Path(bag.path), annotations_of_run(bag))
                for bag in read_report(path / REPORT).bags if not bag.error]
            continue
        beside = None if given else annotations_beside(path)
        if given is None and beside is None:
            raise AnnotationError(
                f'nothing says what is true of {path}: mark it with `streamo annotate {path}`, '
                'or give --annotations')
        found.append((path, given or read_annotations(beside or path)))
    places = [os.path.realpath(path) for path, _ in found]
    for place in places:
        if places.count(place) > 1:
            raise AnnotationError(f'{place} is given twice: give each bag once')
    return [
        RecordedBag(path, name, annotations.of(name)) for (path, annotations), name in zip(
            found, bag_names(path for path, _ in found), strict=True)]
