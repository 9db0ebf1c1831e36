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
From which probability on a checkpoint should respond (``streamo study thresholds``).

Validation streams of all worlds are watched once; in half of them nothing happens that is asked
for. What each threshold would have decided is then read off the probabilities, and the lowest one
is proposed that gives at most one false alarm in five minutes of nothing. A decision is also what
the model sees of itself later, so the streams are watched again with it.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.evaluation.tally import Tally
from streamo_ros.evaluation.tally import tally
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import MORE_WORLDS
from streamo_ros.worlds.streams import Stream
from streamo_ros.worlds.streams import WORLDS

QUESTIONS_A_STREAM = 3
TURNS = 30
EVENTFUL, FREE = 0.5, 0.5
"""Shares of the instructions that ask for something that happens, and that are in free words."""

CANDIDATES = tuple(round(0.05 * step, 2) for step in range(1, 20)) + (0.97, 0.98, 0.99, 0.995)
ALLOWED = 1.0
"""False alarms in five minutes of nothing."""


@dataclass(frozen=True)
class Watched:
    """
    One question as it was watched.

    :param probabilities: (T, 3)
    :param seconds: from the first frame to the last
    """

    question: Question
    probabilities: NDArray[np.float64]
    seconds: float

    def tally(self, threshold: float) -> Tally:
        """Count what a threshold would have decided, its words apart; 0: the likeliest state."""
        states = [Thresholds(threshold).decide(probabilities, False)
                  for probabilities in self.probabilities]
        return tally(self.question, states, [''] * len(states), self.seconds)


def watch(
    checkpoint: str | Path, streams: Sequence[Stream], threshold: float,
) -> list[Watched]:
    """
    Watch streams, and return every question's probabilities.

    :param threshold: that decides, and so what the model sees of itself
    """
    engines: dict[float, StreamEngine] = {}
    found = []
    for stream in tqdm(streams, unit=' stream', desc=f'at {threshold:g}'):
        if stream.rate not in engines:
            engines[stream.rate] = StreamEngine.from_pretrained(
                checkpoint, fps=stream.rate, thresholds=Thresholds(threshold))
        engine = engines[stream.rate]
        engine.restart([question.text for question in stream.questions])
        ticks = [engine.step(*seen) for seen in zip(stream.frames, stream.stamps, strict=True)]
        found += [
            Watched(question, np.asarray([tick[place].probabilities for tick in ticks]),
                    stream.stamps[-1] - stream.stamps[0])
            for place, question in enumerate(stream.questions)]
    return found


def curve(watched: Sequence[Watched]) -> list[dict[str, Any]]:
    """Return the figures of each candidate, the lowest first."""
    return [{'threshold': threshold, **_counted(watched, threshold).figures()}
            for threshold in CANDIDATES]


def propose(points: Sequence[dict[str, Any]]) -> float:
    """Return the lowest threshold from which on false alarms are few enough; else the highest."""
    proposed = points[-1]['threshold']
    for point in reversed(points):
        alarms = point['false_alarms_per_5min_of_nothing']
        if alarms is not None and alarms > ALLOWED:
            break
        proposed = point['threshold']
    return float(proposed)


def _counted(watched: Sequence[Watched], threshold: float) -> Tally:
    counts = Tally()
    for one in watched:
        counts += one.tally(threshold)
    return counts


def draw(count: int, split: str, seed: int, worlds: Sequence[str]) -> Iterator[Stream]:
    """Yield streams of the worlds in turn; free words where the split has some."""
    for index in range(count):
        yield draw_stream(
            np.random.default_rng([seed, index]), split=split, turns=TURNS,
            questions=QUESTIONS_A_STREAM, world=worlds[index % len(worlds)], rate=None,
            eventful=EVENTFUL, free=0.0 if split == 'test' else FREE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--split', default='validation', choices=('validation', 'test'))
    parser.add_argument(
        '--world', action='append', choices=(*WORLDS, *MORE_WORLDS),
        help='only streams of this one; may be given again')
    parser.add_argument('--streams', type=positive_count, default=100)
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--json', type=Path, help='write the curve here')


def main(options: argparse.Namespace) -> None:
    """Print the curve and what is proposed."""
    streams = list(draw(
        options.streams, options.split, options.seed,
        options.world or (*WORLDS, *MORE_WORLDS)))
    # The model's own decisions shape what it says later: first as it speaks by itself.
    points = curve(watch(options.checkpoint, streams, 0.5))
    proposed = propose(points)
    again = _counted(watch(options.checkpoint, streams, proposed), proposed).figures()
    for point in points:
        print(_line(point['threshold'], point))
    print(f'proposed: {proposed:g}; watched again with it:')
    print(_line(proposed, again))
    if options.json:
        write_json(options.json, {'curve': points, 'proposed': proposed, 'again': again})


def _line(threshold: float, figures: dict[str, Any]) -> str:
    alarms = figures['false_alarms_per_5min_of_nothing']
    return (f'{threshold:5.3f}  event F1 {figures["event_f1"]:.3f}  '
            f'precision {figures["event_precision"]:.3f}  recall {figures["event_recall"]:.3f}  '
            f'false alarms in 5 min of nothing {"-" if alarms is None else f"{alarms:.2f}"}')
