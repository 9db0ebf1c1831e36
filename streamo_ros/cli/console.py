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

"""``streamo console``: what the nodes see and decide, in a terminal."""

import argparse

from streamo_ros.cli.arguments import Commands


def add_parser(commands: Commands) -> None:
    """Add the command."""
    console = commands.add_parser(
        'console', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    console.set_defaults(run=run)
    console.add_argument(
        'nodes', nargs='*', metavar='NODE', default=['streamo'],
        help='the nodes to show, such as /front/streamo')
    console.add_argument(
        '--json', action='store_true',
        help='print what happens as lines of JSON, for pipes')


def run(options: argparse.Namespace) -> None:
    """Show the nodes, and tell them what is typed."""
    from streamo_ros.nodes.text_console.main import run
    run(options.nodes, options.json)
