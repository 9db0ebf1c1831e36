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

"""``streamo evaluate``: recorded bags are watched, and what was decided is scored."""

import argparse
from pathlib import Path
import sys

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_memory
from streamo_ros.cli.arguments import add_spread
from streamo_ros.cli.arguments import add_threads
from streamo_ros.cli.arguments import add_thresholds
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.arguments import thresholds
from streamo_ros.errors import one_line
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import frame_rate


def add_parser(commands: Commands) -> None:
    """Add the command."""
    evaluate = commands.add_parser(
        'evaluate',
        description='Watch bags as the node would have, and score it where the truth is known. '
                    'A run that was cut off is taken up by the same command.',
        epilog='`python -m pydoc streamo_ros.sources.bag_annotation` shows how '
               'annotations are written; `make sample-bag` makes a bag to try it on.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    evaluate.set_defaults(run=run)
    evaluate.add_argument(
        'bags', type=Path, nargs='*', metavar='BAG', help='a directory, .mcap or .db3')
    evaluate.add_argument(
        '--out', type=Path, metavar='DIR',
        help='receives report.html, report.json, scores.json, decisions.jsonl, and a bag of the '
             'decisions; with --compare the page, comparison.html if not given')
    evaluate.add_argument(
        '--compare', type=Path, nargs=2, metavar=('A', 'B'),
        help='watch nothing; two folders that --out received become a page that compares them')
    evaluate.add_argument(
        '--annotations', type=Path, metavar='FILE',
        help='what is asked and what is true, YAML or JSON; if not given, annotations.yaml in '
             "each bag's directory, or else the instructions that were recorded")
    evaluate.add_argument(
        '--checkpoint', default='nano', help='"nano" or a checkpoint\'s directory')
    add_backend(evaluate)
    add_threads(evaluate)
    evaluate.add_argument('--fps', type=frame_rate, default=1.0, help='frames sampled per second')
    add_window(evaluate)
    add_memory(evaluate)
    add_thresholds(evaluate)
    add_spread(evaluate, 'bags')
    evaluate.add_argument('--seed', type=count, default=0, help='of the intervals')
    evaluate.add_argument('--json', type=Path, metavar='FILE', help='write the scores here, too')


def run(options: argparse.Namespace) -> None:
    """Watch bags and write the report, or compare two reports."""
    if options.compare:
        if options.bags:
            options.refuse('--compare takes two folders and no bags')
        first, second = options.compare
        _compare(first, second, options.out or Path('comparison.html'))
        return
    if not options.bags or options.out is None:
        options.refuse('give bags, and --out DIR')
    from streamo_ros.evaluation.bags.evaluate import evaluate
    from streamo_ros.evaluation.bags.evaluate import scores_of
    from streamo_ros.evaluation.bags.evaluate import table
    from streamo_ros.evaluation.bags.run import Watching
    from streamo_ros.evaluation.pages.report import write_report_page
    from streamo_ros.sources.source_error import SourceError
    report = evaluate(
        options.bags, options.out, Watching(
            options.checkpoint, options.backend, options.fps, options.window,
            thresholds=thresholds(options), memory_tokens=options.memory,
            threads=options.threads),
        annotations=options.annotations, jobs=options.jobs, ray=options.ray,
        seed=options.seed)
    for bag in report.bags:
        for notice in [*bag.notices, *(one for camera in bag.cameras for one in camera.notices)]:
            print(
                one_line(f'{bag.name}: {notice.count} {notice.kind}: {notice.sentence}'),
                file=sys.stderr)
    print('\n'.join(table(report) if report.groups else ['nothing is known of what is true']))
    write_report_page(report, options.out / 'report.html')
    print(options.out / 'report.json')
    print(options.out / 'report.html')
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, scores_of(report))
    failed = [bag for bag in report.bags if bag.error]
    if failed:
        raise SourceError(
            f'{len(failed)} of {len(report.bags)} bags could not be watched: '
            + '; '.join(f'{bag.name}: {bag.error}' for bag in failed))


def _compare(first: Path, second: Path, out: Path) -> None:
    from streamo_ros.evaluation.bags.evaluate import REPORT
    from streamo_ros.evaluation.bags.report_data import read_report
    from streamo_ros.evaluation.pages.comparison import write_comparison_page
    reports = [
        read_report(path / REPORT if path.is_dir() else path) for path in (first, second)]
    write_comparison_page(reports[0], reports[1], out)
    print(out)
