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
What the static-scene options save, and what they do to the decisions.

The gate and the dropping of visual tokens, each alone and together, on the streams of
``streamo study scores``.
"""

import argparse
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.tally import tally
from streamo_ros.metrics.events import EventScore
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.studies.scores import QUESTIONS_A_STREAM
from streamo_ros.studies.scores import TURNS
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import RATES

SCENES = (None, *(
    StillScene(gate=gate, drop=drop)
    for gate, drop in ((2, 0), (4, 0), (0, 2), (0, 4), (0, 8), (2, 2), (4, 4))))


@dataclass
class Saving:
    """What one setting saved; ``pairs`` are states (without, with) it."""

    scene: StillScene | None
    pairs: list[tuple[State, State]] = field(default_factory=list)
    events: EventScore = EventScore()
    visual_tokens_pruned: list[float] = field(default_factory=list)
    skipped: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return the figures by name."""
        without, with_ = np.asarray(self.pairs).T
        spoken = (without != State.SILENCE) | (with_ != State.SILENCE)
        same = without == with_
        return {
            'scene': self.scene and asdict(self.scene),
            'agreement': round(float(same.mean()), 4),
            'agreement_not_both_silence': round(float(same[spoken].mean()), 4),
            'event_f1': round(self.events.f1, 4),
            'drop_ratio': round(float(np.mean(self.visual_tokens_pruned)), 4),
            'skipped_frames': round(float(np.mean(self.skipped)), 4),
        }


def run(
    checkpoint: str, split: str, streams: int, seed: int,
    scenes: tuple[StillScene | None, ...] = SCENES,
) -> list[Saving]:
    """Run streams with each setting; the others are compared with the first."""
    savings = [Saving(scene) for scene in scenes]
    engines = {
        rate: [StreamEngine.from_pretrained(checkpoint, fps=rate, still=scene) for scene in scenes]
        for rate in set(RATES)}
    for index in tqdm(range(streams), unit=' stream'):
        stream = draw_stream(
            np.random.default_rng([seed, index]), split=split, turns=TURNS,
            questions=QUESTIONS_A_STREAM, world='sentry')
        without: list[list[State]] = []
        for engine, saving in zip(engines[stream.rate], savings, strict=True):
            engine.restart(question.text for question in stream.questions)
            ticks = [engine.step(*seen) for seen in zip(stream.frames, stream.stamps, strict=True)]
            states = [
                [ticked[place].state for ticked in ticks]
                for place in range(len(stream.questions))]
            without = without or states
            saving.visual_tokens_pruned.append(engine.visual_tokens_pruned)
            saving.skipped.append(engine.skipped_frames / len(stream.frames))
            for question, got, reference in zip(
                    stream.questions, states, without, strict=True):
                saving.pairs += zip(reference, got, strict=True)
                saving.events += tally(question, got, [''] * len(got), 0.0).events
    return savings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument('--streams', type=positive_count, default=60)
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print a row for each setting, and write them if asked."""
    found = [saving.figures() for saving in run(
        options.checkpoint, options.split, options.streams, options.seed)]
    print('gate  drop  agreement  where not both silence  event F1  tokens dropped  looks saved')
    for row in found:
        scene = row['scene'] or {'gate': '-', 'drop': '-'}
        print(f'{scene["gate"]:>4}  {scene["drop"]:>4}  {row["agreement"]:9.3f}  '
              f'{row["agreement_not_both_silence"]:22.3f}  {row["event_f1"]:8.3f}  '
              f'{row["drop_ratio"]:14.1%}  {row["skipped_frames"]:11.1%}')
    if options.json:
        write_json(options.json, {'streams': options.streams, 'settings': found})
