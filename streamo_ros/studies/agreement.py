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
How often a sliding cache decides as a window that is prefilled again at every tick.

The two are not equal: keys and values that stay in the cache were computed while evicted turns
were still visible. At every tick the turns in the window are prefilled into an empty cache (the
same visual tokens, time tags, states and answers as in the cached run, contiguous positions), and
the states are compared. The streams are those of ``streamo study scores``.
"""

import argparse
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine.rereading import RecordingEngine
from streamo_ros.engine.rereading import RereadingEngine
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.studies.scores import QUESTIONS_A_STREAM
from streamo_ros.studies.scores import TURNS
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import RATES


@dataclass
class Agreement:
    """
    Pairs of probabilities (cached, prefilled again), one for each tick and instruction.

    :param full: before the first eviction, where both must be equal
    :param slid: after it
    """

    window_turns: int = 0
    full: list[NDArray[np.float64]] = field(default_factory=list)
    slid: list[NDArray[np.float64]] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Return the figures by name."""
        pairs = np.concatenate(self.slid)
        cached, anew = pairs.argmax(2).T
        same = cached == anew
        spoken = (cached != State.SILENCE) | (anew != State.SILENCE)
        return {
            'window_turns': self.window_turns,
            'decisions': len(pairs),
            'agreement': round(float(same.mean()), 4),
            'decisions_not_both_silence': int(spoken.sum()),
            'agreement_not_both_silence': round(float(same[spoken].mean()), 4),
            'probability_difference_mean': round(float(_differences(pairs).mean()), 4),
            'probability_difference_p95': round(float(np.quantile(_differences(pairs), 0.95)), 4),
            'probability_difference_max_before_sliding': float(
                _differences(np.concatenate(self.full)).max()),
        }


def run(checkpoint: str, split: str, streams: int, seed: int) -> Agreement:
    """Run streams with a sliding cache, and prefill each of their windows again."""
    engines = {
        # Without a memory: it is no part of what is read anew.
        rate: (RecordingEngine.from_pretrained(checkpoint, fps=rate, memory_tokens=0),
               RereadingEngine.from_pretrained(checkpoint, fps=rate, memory_tokens=0))
        for rate in set(RATES)}
    found = Agreement()
    for index in tqdm(range(streams), unit=' stream'):
        stream = draw_stream(
            np.random.default_rng([seed, index]), split=split, turns=TURNS,
            questions=QUESTIONS_A_STREAM, world='sentry')
        cached, anew = engines[stream.rate]
        asked = [question.text for question in stream.questions]
        cached.restart(asked)
        anew.restart(asked)
        cached.runs.clear()
        found.window_turns = window = cached.window_turns
        opened: list[int] = []
        for tick, stamp in enumerate(stream.stamps):
            opened.append(len(cached.runs))
            decisions = cached.step(stream.frames[tick], stamp)
            if tick == 0:
                anew.step(stream.frames[tick], stamp)  # makes its cache
            alive = cached.runs[opened[max(0, tick - window + 1)]:opened[-1] + 1]
            probabilities = [decision.probabilities for decision in decisions]
            (found.slid if tick >= window else found.full).append(
                np.stack([np.asarray(probabilities), anew.reread(alive)], 1))
    return found


def _differences(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.abs(pairs[:, 0] - pairs[:, 1]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument('--streams', type=positive_count, default=60)
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print the figures, and write them if asked."""
    figures = run(options.checkpoint, options.split, options.streams, options.seed).figures()
    figures['streams'] = options.streams
    for name, value in figures.items():
        print(f'{name:42} {value}')
    if options.json:
        write_json(options.json, figures)
