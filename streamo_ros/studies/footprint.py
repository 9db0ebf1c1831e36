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

"""The memory that a checkpoint takes, beside what ``streamo info`` says that it does."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.engine.footprint import footprint
from streamo_ros.models import read_checkpoint
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.studies.peak_memory import peak_mib

FRAME = (480, 640)


def run(checkpoint: str, window_turns: int | None, ticks: int | None) -> dict[str, float]:
    """
    Load and watch with a checkpoint, answering at every tick; return both peaks in MiB.

    :param window_turns: in view; None for as many as it was trained on
    :param ticks: None to fill the window
    """
    said = footprint(read_checkpoint(checkpoint), window_turns=window_turns).peak_bytes / 2 ** 20
    engine = StreamEngine.from_pretrained(
        checkpoint, window_turns=window_turns, thresholds=Thresholds(response=1e-12),
        max_answer_tokens=1)
    engine.watch('Tell me when the light goes off.')
    random = np.random.default_rng(0)
    for tick in tqdm(range(ticks or engine.window_turns + 2), unit=' tick'):
        engine.step(random.integers(0, 256, (*FRAME, 3), np.uint8), float(tick))
    measured = peak_mib()
    return {
        'said_mib': round(said, 1), 'measured_mib': round(measured, 1),
        'ratio': round(measured / said, 3)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('checkpoint', help='"nano" or a directory')
    parser.add_argument(
        '--window', type=positive_count, metavar='TURNS', help='in view; as it was trained')
    parser.add_argument('--ticks', type=positive_count, help='to watch; those that fill it')
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print the figures, and write them if asked."""
    figures = run(options.checkpoint, options.window, options.ticks)
    for name, value in figures.items():
        print(f'{name:14} {value}')
    if options.json:
        write_json(options.json, figures)
