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
How often a quantised checkpoint decides as the one that it was made of.

Both watch the same rendered streams, each with its own states and answers in its window. A tick's
time is a ratio, the two engines taking turns frame by frame.
"""

import argparse
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
import time

import numpy as np
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import StreamEngine
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.studies.scores import QUESTIONS_A_STREAM
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import RATES

TURNS = 40


@dataclass
class Compared:
    """Decisions of both, pair by pair, and the seconds of each one's ticks."""

    pairs: list[tuple[Decision, Decision]] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the figures by name."""
        states = np.asarray([(int(one.state), int(two.state)) for one, two in self.pairs])
        differences = np.abs(np.asarray([
            np.subtract(one.probabilities, two.probabilities) for one, two in self.pairs])).max(1)
        spoken = (states != State.SILENCE).any(1)
        both = [(one.text, two.text) for one, two in self.pairs
                if one.state is two.state is State.RESPONSE]
        same = states[:, 0] == states[:, 1]
        return {
            'decisions': len(states),
            'agreement': round(float(same.mean()), 4),
            'decisions_not_both_silence': int(spoken.sum()),
            'agreement_not_both_silence': round(float(same[spoken].mean()), 4),
            'probability_difference_mean': round(float(differences.mean()), 4),
            'probability_difference_p95': round(float(np.quantile(differences, 0.95)), 4),
            'answers_of_both': len(both),
            'answers_equal': round(
                float(np.mean([one == two for one, two in both])) if both else 1.0, 4),
            'tick_ratio': round(float(
                np.median([two for _, two in self.seconds])
                / np.median([one for one, _ in self.seconds])), 3),
        }


def run(checkpoint: str, quantised: str, split: str, streams: int, seed: int) -> Compared:
    """Watch streams with both."""
    engines = {
        rate: tuple(StreamEngine.from_pretrained(name, fps=rate)
                    for name in (checkpoint, quantised))
        for rate in set(RATES)}
    found = Compared()
    for index in tqdm(range(streams), unit=' stream'):
        stream = draw_stream(
            np.random.default_rng([seed, index]), split=split, turns=TURNS,
            questions=QUESTIONS_A_STREAM, world='sentry')
        for engine in engines[stream.rate]:
            engine.restart([question.text for question in stream.questions])
        for tick, stamp in enumerate(stream.stamps):
            frame, taken, decided = stream.frames[tick], [], []
            for engine in engines[stream.rate]:
                begin = time.perf_counter()
                decided.append(engine.step(frame, stamp))
                taken.append(time.perf_counter() - begin)
            found.pairs += zip(*decided, strict=True)
            found.seconds.append((taken[0], taken[1]))
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('quantised', help='what `streamo quantize` wrote')
    parser.add_argument('--checkpoint', default='nano', help='what it was made of')
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument('--streams', type=positive_count, default=40)
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print the figures, and write them if asked."""
    figures = run(
        options.checkpoint, options.quantised, options.split, options.streams,
        options.seed).figures()
    for name, value in figures.items():
        print(f'{name:42} {value}')
    if options.json:
        write_json(options.json, {'streams': options.streams, **figures})
