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
How well a checkpoint does on rendered streams of all worlds and tasks (``streamo study scores``).

The engine runs on frames alone, as in the node, with its own answers in its context. Objects,
textures and words are those of the test split, which no checkpoint is trained on.

``--strangers-words`` asks for events in the words of ``stranger_phrasings.json`` and scores these
questions alone. Whoever wrote them had not read what checkpoints are trained on; whoever writes
what checkpoints are trained on does not read them.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.tally import Scores
from streamo_ros.evaluation.tally import tally
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.studies.baselines import Baselines
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import MORE_WORLDS
from streamo_ros.worlds.streams import RATES
from streamo_ros.worlds.streams import WORLDS

QUESTIONS_A_STREAM = 3
PHRASINGS = Path(__file__).parent / 'stranger_phrasings.json'
TURNS = 30


def run(
    checkpoint: str, split: str, streams: int, seed: int, world: str | None = None,
    strangers_words: bool = False,
) -> tuple[Scores, Baselines]:
    """
    Run streams; return the scores, and those of the baselines on the same streams.

    :param strangers_words: ask for events in a stranger's words, and score these questions alone
    """
    phrasings = json.loads(PHRASINGS.read_text(encoding='utf-8')) if strangers_words else {}
    engines = {rate: StreamEngine.from_pretrained(checkpoint, fps=rate) for rate in set(RATES)}
    scores, baselines = Scores(), Baselines()
    for index in tqdm(range(streams), unit=' stream'):
        stream = draw_stream(
            np.random.default_rng([seed, index]), split=split, turns=TURNS,
            questions=QUESTIONS_A_STREAM, world=world)
        if strangers_words:
            stream = replace(stream, questions=tuple(
                _in_strangers_words(question, phrasings, index)
                for question in stream.questions
                if question.task == 'event_caption' and question.skill in phrasings))
            if not stream.questions:
                continue
        engine = engines[stream.rate]
        engine.restart(question.text for question in stream.questions)
        ticks = [engine.step(*seen) for seen in zip(stream.frames, stream.stamps, strict=True)]
        for place, question in enumerate(stream.questions):
            got = [decisions[place] for decisions in ticks]
            scores.add(stream.kind, question, tally(
                question, [decision.state for decision in got],
                [decision.text or '' for decision in got], stream.stamps[-1] - stream.stamps[0]))
        baselines.add(stream)
    return scores, baselines


def _in_strangers_words(
    question: Question, phrasings: Mapping[str, Sequence[str]], index: int,
) -> Question:
    texts = phrasings[question.skill]
    return replace(question, text=texts[index % len(texts)])


def _table(parts: dict[str, dict[str, Any]], differencing: dict[str, dict[str, Any]]
           ) -> Iterator[str]:
    for name, score in parts.items():
        beside = differencing.get(name)
        yield (f'{name:44} event F1 {score["event_f1"]:.2f}  '
               f'({score["hits"]} of {score["events"]} events, {score["answers"]} answers)'
               + (f'  frame differencing {beside["event_f1"]:.2f}' if beside else ''))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument(
        '--world', choices=(*WORLDS, *MORE_WORLDS), help='only streams of this one')
    parser.add_argument('--streams', type=positive_count, default=200)
    parser.add_argument(
        '--strangers-words', action='store_true',
        help='ask for events in words whose writer had not read what checkpoints train on')
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--json', type=Path, help='write the scores here')


def main(options: argparse.Namespace) -> None:
    """Print the scores, and write them if asked."""
    scores, baselines = run(
        options.checkpoint, options.split, options.streams, options.seed, options.world,
        options.strangers_words)
    figures = {**scores.figures(), 'baselines': baselines.figures()}
    for name, value in figures.items():
        if not isinstance(value, dict):
            print(f'{name:34} {value}')
    for part in ('worlds', 'tasks', 'skills'):
        # Differencing answers only some skills, so only scores by skill can be compared.
        beside = figures['baselines'].get('frame_differencing', {}) if part == 'skills' else {}
        print(*_table(figures.get(part, {}), beside.get(part, {})), sep='\n')
    for name, baseline in figures['baselines'].items():
        print(f'{name:34} event F1 {baseline["event_f1"]}, macro-F1 {baseline["state_macro_f1"]}')
    print('delays in ticks:', dict(sorted(Counter(scores.total.delays).items())))
    if options.json:
        write_json(options.json, figures)
