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

"""``streamo annotate``: what happens in a bag is marked on a page, or a file of it checked."""

import argparse
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import Commands
from streamo_ros.number_arguments import count

if TYPE_CHECKING:
    from streamo_ros.annotate.document import Document


def add_parser(commands: Commands) -> None:
    """Add the command."""
    annotate = commands.add_parser(
        'annotate', description='A page of this machine alone, on which you go through a bag '
        'frame by frame and mark what should be answered, by keys. What is marked is saved at '
        'once, as streamo evaluate and streamo build bag read it.')
    annotate.set_defaults(run=run)
    annotate.add_argument(
        'bag', type=Path, metavar='BAG', help='a directory, .mcap or .db3')
    annotate.add_argument(
        '--annotations', type=Path, metavar='FILE',
        help="YAML, or JSON if *.json, new or to go on with; annotations.yaml in the bag's "
        'directory if not given')
    annotate.add_argument(
        '--port', type=count, default=0, help='to listen at; any that is free if not given')
    annotate.add_argument(
        '--check', action='store_true',
        help='show no page: hold the file against the bag, and say what is wrong')


def run(options: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C, or check the file."""
    from streamo_ros.annotate.document import Document
    from streamo_ros.sources.bag_annotation import AnnotationError
    from streamo_ros.sources.bag_annotation import annotations_beside
    from streamo_ros.sources.bag_annotation import bag_names
    from streamo_ros.sources.bag_annotation import NAMES
    bag = options.bag
    if not options.annotations and not bag.is_dir():
        raise AnnotationError(
            f'{bag} is a file, in which none of annotations fits: give one with --annotations')
    file = options.annotations or annotations_beside(bag) or bag / NAMES[0]
    if options.check:
        _check(bag, file)
        return
    document = Document(file, bag_names([bag])[0])
    _serve(bag, document, options.port)
    print(file)


def _serve(bag: Path, document: 'Document', port: int) -> None:
    from streamo_ros.annotate.server import Server

    def tell(address: str) -> None:
        print(f'mark {bag} at {address} (Ctrl-C ends)', flush=True)

    Server(bag, document, port, tell).run()


def _check(bag: Path, file: Path) -> None:
    from streamo_ros.annotate.bag_film import BagFilm
    from streamo_ros.annotate.checking import check
    from streamo_ros.sources.bag_annotation import AnnotationError
    from streamo_ros.sources.bag_annotation import bag_names
    from streamo_ros.sources.bag_annotation import read_annotations
    annotations = read_annotations(file).of(bag_names([bag])[0])
    film = BagFilm(bag, {one.camera for one in annotations.instructions} - {''})
    try:
        troubles = check(annotations, film)
    finally:
        film.close()
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    if troubles:
        raise AnnotationError(f'{file} has {len(troubles)} things that do not fit {bag}')
    events = sum(len(one.events or ()) for one in annotations.instructions)
    print(f'{file}: {len(annotations.instructions)} instructions with {events} events fit {bag}')
