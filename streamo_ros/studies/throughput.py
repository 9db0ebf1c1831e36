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
Time and memory of ``streamo evaluate``, by the length of the bag.

Bags as of ``streamo study sample-bag``, short and long, each evaluated at 1 fps by a process of
its own, report page included.
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from dataclasses import dataclass
import multiprocessing
from pathlib import Path
import tempfile
import time

from streamo_ros.evaluation.bags.evaluate import evaluate
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.evaluation.pages.report import write_report_page
from streamo_ros.number_arguments import positive
from streamo_ros.output import write_json
from streamo_ros.studies.peak_memory import peak_mib
from streamo_ros.studies.sample_bag import write_sample_bag


@dataclass(frozen=True)
class Throughput:
    """
    The figures of one bag.

    :param frames_s: of the bag, a second
    :param times_real_time: seconds of the bag in one second
    :param peak_mib: the most that the process held
    """

    minutes: float
    frames_s: float
    times_real_time: float
    peak_mib: float


def measure(minutes: Sequence[float]) -> list[Throughput]:
    """Return the figures of a bag of each length."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for number, length in enumerate(minutes):
            bag = Path(folder) / str(number)
            write_sample_bag(bag, seconds=60 * length)
            # A process of its own each: what one took, another would go on to hold.
            with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
                found.append(pool.submit(_evaluate, bag, length).result())
        return found


def _evaluate(bag: Path, minutes: float) -> Throughput:
    begin = time.perf_counter()
    report = evaluate([bag], bag / 'out', Watching())
    write_report_page(report, bag / 'out' / 'report.html')
    seconds = time.perf_counter() - begin
    return Throughput(
        minutes, round(report.bags[0].cameras[0].frames / seconds, 1),
        round(60 * minutes / seconds, 1), round(peak_mib(), 1))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument(
        '--minutes', type=positive, nargs='+', default=(1.0, 10.0), help='lengths of the bags')
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print the figures, and write them if asked."""
    figures = measure(options.minutes)
    for one in figures:
        print(f'{one.minutes:g} min: {one.frames_s:g} frames/s, {one.times_real_time:g} times '
              f'real time, at most {one.peak_mib:g} MiB')
    if options.json:
        write_json(options.json, {'runs': [asdict(one) for one in figures]})
