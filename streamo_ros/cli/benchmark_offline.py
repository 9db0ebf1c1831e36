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

"""``streamo benchmark mvbench`` and its siblings: one question after a whole video."""

import argparse
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from streamo_ros.cli.benchmark_run import add_run
from streamo_ros.cli.benchmark_run import add_source
from streamo_ros.cli.benchmark_run import files_in
from streamo_ros.cli.benchmark_run import report
from streamo_ros.cli.benchmark_run import require_out
from streamo_ros.cli.benchmark_run import settings
from streamo_ros.number_arguments import positive_count

BENCHMARKS = {
    'mvbench': 'MVBench, a folder of its 20 files or one of them',
    'tempcompass': 'TempCompass, its folder `questions`',
    'videomme': 'Video-MME, its Parquet, or the same rows as JSON',
    'longvideobench': 'LongVideoBench, lvb_val.json, or rows as the Hub has them',
}


def add_parsers(benchmarks: Any) -> None:
    """Add a command for each offline benchmark."""
    for name, what in BENCHMARKS.items():
        command = benchmarks.add_parser(
            name, help=f'{what}: answer after the whole video, or score answers',
            description=f'{what}. The frames of its protocol are shown, the question is asked '
                        "with the last one in the protocol's words, and answered at once. "
                        'Answers are judged by the official rule and by that of lmms-eval, '
                        'options also by the probabilities of their labels.')
        command.set_defaults(run=_run, benchmark=name)
        command.add_argument('annotations', type=Path, metavar='ANNOTATIONS', help=what)
        add_source(command, 'lines of JSON: {"key": "...", "response": "A"}; keys as in '
                            "predictions.jsonl of a run's folder")
        if name in ('videomme', 'longvideobench'):
            command.add_argument(
                '--frames', type=positive_count, metavar='N',
                help="shown of each video, or the most; the protocol's own if not given")
        add_run(command)


def _run(options: argparse.Namespace) -> None:
    from streamo_ros.evaluation.benchmarks.offline import scores
    from streamo_ros.evaluation.benchmarks.offline.answering import AskedEngineOptions
    from streamo_ros.evaluation.benchmarks.offline.run import run
    from streamo_ros.evaluation.benchmarks.offline.run import table
    from streamo_ros.evaluation.spread import Spread
    from streamo_ros.models.checkpoint import absolute_name
    module = import_module(f'streamo_ros.evaluation.benchmarks.offline.{options.benchmark}')
    benchmark = getattr(module, options.benchmark.upper())
    if getattr(options, 'frames', None):
        benchmark = replace(
            benchmark, sampling=replace(benchmark.sampling, frames=options.frames))
    items = benchmark.read(options.annotations)
    if options.predictions:
        answers = scores.read_predictions(options.predictions, items)
        figures = {'benchmark': benchmark.name, 'title': benchmark.title,
                   'scores': scores.scores(benchmark, items, answers)}
    else:
        figures = run(
            benchmark, items, options.videos, require_out(options),
            AskedEngineOptions(
                absolute_name(options.checkpoint), options.backend, options.zero_shot,
                options.threads),
            Spread(options.jobs, options.ray),
            {**settings(options, files_in(options.annotations)),
             'window_turns': options.window, 'frames': benchmark.sampling.frames,
             'sampling': benchmark.sampling.way},
            options.window)
    report(options, figures, table(benchmark, figures))
