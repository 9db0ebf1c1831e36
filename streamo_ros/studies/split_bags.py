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

"""
Rendered streams of the test split as bags, and one report of all of them.

Each stream becomes a bag of its frames, with annotations of what is asked and what is true, for
every task and in the words of the split. The streams are those of ``streamo study scores``, but
at one frame rate, since a report has only one. Ticks at which a careful person could decide either
way, which the scores leave out, count here.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys

import numpy as np
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.evaluation.bags.evaluate import evaluate
from streamo_ros.evaluation.bags.evaluate import evaluation_folder
from streamo_ros.evaluation.bags.evaluate import table
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.evaluation.pages.report import write_report_page
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import NAMES
from streamo_ros.sources.bag_annotation import write_annotations
from streamo_ros.sources.source_error import SourceError
from streamo_ros.studies.sample_bag import write_pictures
from streamo_ros.studies.scores import QUESTIONS_A_STREAM
from streamo_ros.studies.scores import TURNS
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import WORLDS

FPS = 1.0


def write_split_bag(path: Path, world: str, seed: int, index: int, fps: float = FPS) -> None:
    """
    Render a stream of the test split into a new bag, with its annotations beside.

    :param world: one of WORLDS
    :param index: of the stream among those of a seed
    :raises WorldError: when the world cannot be rendered here
    """
    stream = draw_stream(
        np.random.default_rng([seed, index]), split='test', turns=TURNS,
        questions=QUESTIONS_A_STREAM, world=world, rate=fps)
    # On the grid of the ticks: the camera's jitter is in the pictures, not in their stamps.
    write_pictures(path, stream.frames, fps)
    # Written last: a bag without it was not finished.
    write_annotations(Annotations(tuple(
        Asked(id=str(number), text=question.text, task=question.task, skill=question.skill,
              events=expected(question))
        for number, question in enumerate(stream.questions, 1))), path / NAMES[0])


def expected(question: Question) -> tuple[Expected, ...]:
    """Return the answers that are due, in seconds after the first tick."""
    events, first = [], None
    for tick, truth in enumerate(question.truths()):
        if truth.state is State.SILENCE:
            first = None
            continue
        first = tick if first is None else first
        if truth.state is State.RESPONSE:
            events.append(Expected(first / question.rate, tick / question.rate, truth.text))
            first = None
    return tuple(events)


def report(
    out: Path, worlds: Sequence[str], streams: int, *, checkpoint: str = 'nano', seed: int = 0,
    jobs: int = 1,
) -> Report:
    """
    Write the bags that are not there yet, evaluate all, and write the report and its page.

    :param streams: of each world
    :raises WorldError: when a world cannot be rendered here
    """
    with evaluation_folder(out):
        pass  # it is ours
    bags = []
    for world in worlds:
        for index in tqdm(range(streams), unit=' bag', desc=world, leave=False,
                          disable=not sys.stderr.isatty()):
            bags.append(out / 'recorded' / f'{world}-{seed}-{index}')
            if not (bags[-1] / NAMES[0]).is_file():
                write_split_bag(bags[-1], world, seed, index)
    found = evaluate(bags, out, Watching(checkpoint, fps=FPS), jobs=jobs)
    write_report_page(found, out / 'report.html')
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('out', type=Path, help='receives bags and report; goes on if cut off')
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--world', choices=WORLDS, help='only streams of this one')
    parser.add_argument('--streams', type=positive_count, default=100, help='of each world')
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--jobs', type=positive_count, default=1, help='bags watched at a time')


def main(options: argparse.Namespace) -> None:
    """
    Write bags and report, print the scores.

    :raises SourceError: after that, when a bag could not be watched
    """
    found = report(
        options.out, [options.world] if options.world else WORLDS, options.streams,
        checkpoint=options.checkpoint, seed=options.seed, jobs=options.jobs)
    print('\n'.join(table(found)))
    print(options.out / 'report.html')
    failed = [f'{bag.name}: {bag.error}' for bag in found.bags if bag.error]
    if failed:
        raise SourceError(f'{len(failed)} bags could not be watched: ' + '; '.join(failed))
