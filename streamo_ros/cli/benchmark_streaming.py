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

"""``streamo benchmark interactionbench`` and ``proactivevideoqa``: when to speak in a stream."""

import argparse
from pathlib import Path
from typing import Any

from streamo_ros.cli.benchmark_run import add_run
from streamo_ros.cli.benchmark_run import add_source
from streamo_ros.cli.benchmark_run import files_in
from streamo_ros.cli.benchmark_run import report
from streamo_ros.cli.benchmark_run import require_out
from streamo_ros.cli.benchmark_run import settings
from streamo_ros.cli.benchmark_run import watching


def add_parsers(benchmarks: Any) -> None:
    """Add a command for each of the two."""
    interaction = benchmarks.add_parser(
        'interactionbench', help='InteractionBench: when to answer, and when to stay silent',
        description='InteractionBench from its own annotations, and its answer key where it is '
                    'there. Scores are those of its code without a judge.')
    interaction.set_defaults(run=_run_interaction)
    interaction.add_argument(
        'data', type=Path, metavar='DIR', help='with annotations/, and mcq/ for the choices')
    add_source(interaction, 'preds.jsonl in its form')
    add_run(interaction)
    proactive = benchmarks.add_parser(
        'proactivevideoqa', help='ProactiveVideoQA: PAUC, with the 25 of silence beside',
        description='ProactiveVideoQA from its own annotations. A stand-in judges the words.')
    proactive.set_defaults(run=_run_proactive)
    proactive.add_argument(
        'data', type=Path, metavar='DIR', help='with EGO/, TV/, VAD/ and WEB/, or some of them')
    add_source(
        proactive, 'lines of JSON: {"key": "EGO q1", "replies": [{"t": 12, "content": "..."}]}')
    add_run(proactive)


def _run_interaction(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks.interactionbench import run
    from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
    items = read_items(options.data)
    if options.predictions:
        figures = run.figures(items, run.read_predictions(options.predictions, items))
    else:
        figures = run.run(
            items, options.videos, require_out(options), *watching(options),
            {**settings(options, files_in(options.data)), 'window_turns': options.window})
    report(options, figures, run.table(figures))


def _run_proactive(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks.proactive_videoqa import records
    from streamo_ros.evaluation.benchmarks.proactive_videoqa import run
    found = records.read_records(options.data)
    if options.predictions:
        figures = run.figures(found, records.read_predictions(options.predictions, found))
    else:
        figures = run.run(
            found, options.videos, require_out(options), *watching(options),
            {**settings(options, sorted(options.data.glob('*/anno.json'))),
             'window_turns': options.window})
    report(options, figures, run.table(figures))
