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

"""``streamo benchmark summary``: reports of several benchmarks as one page."""

import argparse
from pathlib import Path
from typing import Any


def add_parsers(benchmarks: Any) -> None:
    """Add the command."""
    summary = benchmarks.add_parser(
        'summary', help='put the reports of several benchmarks on one page',
        description='One page of the reports of runs, of one checkpoint or two side by side.')
    summary.set_defaults(run=_run)
    summary.add_argument(
        'runs', type=Path, nargs='+', metavar='DIR', help="folders that were a run's --out")
    summary.add_argument(
        '--out', type=Path, default=Path('summary.html'), metavar='FILE',
        help='the page; summary.html if not given')


def _run(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks.summary import read_report
    from streamo_ros.evaluation.pages.page import made_here
    from streamo_ros.evaluation.pages.summary import summary_page
    from streamo_ros.output import write_text
    write_text(
        options.out, summary_page([read_report(folder) for folder in options.runs]), made_here)
    print(options.out)
