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
What a memory of answers is worth, and what it costs (``streamo study memory``).

The streams ask what only who knows earlier answers can tell (``worlds.recall``), and these have
left the window. A checkpoint watches each of them without and with a memory. Beside it: always
silent; frame differencing, which is given the skills and has no memory; and perfect sight without
memory, which reports every event that is asked for at any time in plain words.

A checkpoint that was not trained with a memory is not expected to gain from one.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
import statistics
import time
from typing import Any

import numpy as np
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.evaluation.tally import Scores
from streamo_ros.evaluation.tally import tally
from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.studies.differencing import combined
from streamo_ros.studies.differencing import Differencing
from streamo_ros.worlds.recall import draw_recall
from streamo_ros.worlds.recall import Recall
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.streams import RATES
from streamo_ros.worlds.streams import Stream

TURNS = 48
MEMORY_TOKENS = 128
_ALWAYS, _NEVER = Thresholds(1e-9), Thresholds(1.0)


def run(
    checkpoint: str, split: str, streams: int, seed: int, window: int, memory: int,
) -> dict[str, Scores]:
    """
    Watch streams without and with a memory; return the scores, and those of the baselines.

    :param window: turns in view
    :param memory: tokens of the memory
    """
    engines = {
        (tokens, rate): StreamEngine.from_pretrained(
            checkpoint, fps=rate, window_turns=window, memory_tokens=tokens)
        for tokens in (0, memory) for rate in set(RATES)}
    found = {name: Scores() for name in (
        'without_memory', 'with_memory', 'always_silent', 'frame_differencing',
        'sight_without_memory')}
    for index in tqdm(range(streams), unit=' stream'):
        stream, recall = draw_recall(
            np.random.default_rng([seed, index]), split=split, turns=TURNS, apart=window)
        question = recall.question
        for name, tokens in (('without_memory', 0), ('with_memory', memory)):
            engine = engines[tokens, stream.rate]
            engine.restart([question.text])
            got = [engine.step(*seen)[0]
                   for seen in zip(stream.frames, stream.stamps, strict=True)]
            _add(found[name], stream, [decision.state for decision in got],
                 [decision.text for decision in got])
        _add_baselines(found, stream, recall)
    return found


def _add_baselines(found: dict[str, Scores], stream: Stream, recall: Recall) -> None:
    count = len(stream.stamps)
    _add(found['always_silent'], stream, [State.SILENCE] * count, [''] * count)
    differencing = Differencing()
    ticks = [differencing.step(frame) for frame in stream.frames]
    skills = recall.question.about
    _add(found['frame_differencing'], stream,
         [combined(states, skills) for states in ticks],
         [' '.join(ANSWERS[skill] for skill in skills if states[skill] is State.RESPONSE)
          for states in ticks])
    _add(found['sight_without_memory'], stream, [truth.state for truth in recall.plain],
         [truth.text for truth in recall.plain])


def _add(
    scores: Scores, stream: Stream, states: Sequence[State], texts: Sequence[str],
) -> None:
    (question,) = stream.questions
    scores.add(stream.kind, question, tally(
        question, states, texts, stream.stamps[-1] - stream.stamps[0]))


def tick_cost(checkpoint: str, window: int, memory: int, ticks: int) -> dict[str, float]:
    """
    Return the milliseconds of a silent tick without and with a full memory, tick by tick in turn.

    :param ticks: that are timed of each
    """
    engines = [
        StreamEngine.from_pretrained(
            checkpoint, window_turns=window, memory_tokens=tokens, max_answer_tokens=16,
            thresholds=_ALWAYS)
        for tokens in (0, memory)]
    spec = engines[0].checkpoint.frame
    size = spec.size or spec.target(480, 640, engines[0].checkpoint.vision.cell)
    frames = np.random.default_rng(0).integers(0, 256, (4, *size, 3), np.uint8)
    seconds: list[list[float]] = [[], []]
    for tick in range(window + 12 + ticks):
        for engine, found in zip(engines, seconds, strict=True):
            if tick == 0:
                engine.watch('Tell me when something starts moving.')
            elif tick == 10:
                engine.reconfigure(1.0, _NEVER)
            begin = time.perf_counter()
            engine.step(frames[tick % 4], float(tick))
            if tick >= window + 12:
                found.append(time.perf_counter() - begin)
    without, remembering = (statistics.median(found) * 1e3 for found in seconds)
    return {
        'tick_ms_without': round(without, 3), 'tick_ms_with': round(remembering, 3),
        'tick_ratio': round(remembering / without, 3)}


def figures(
    found: dict[str, Scores], cost: dict[str, float], **settings: Any,
) -> dict[str, Any]:
    """Return all figures by name."""
    return {**settings, **cost, **{name: scores.figures() for name, scores in found.items()}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument('--streams', type=positive_count, default=60)
    parser.add_argument(
        '--window', type=positive_count, default=8, metavar='TURNS', help='turns in view')
    parser.add_argument(
        '--memory', type=positive_count, default=MEMORY_TOKENS, metavar='TOKENS',
        help='of the memory')
    parser.add_argument(
        '--ticks', type=positive_count, default=200, help='that are timed of each')
    parser.add_argument('--seed', type=count, default=0)
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print the figures, and write them if asked."""
    found = run(options.checkpoint, options.split, options.streams, options.seed,
                options.window, options.memory)
    all_figures = figures(
        found, tick_cost(options.checkpoint, options.window, options.memory, options.ticks),
        checkpoint=options.checkpoint, streams=options.streams, window_turns=options.window,
        memory_tokens=options.memory)
    for name, value in all_figures.items():
        if not isinstance(value, dict):
            print(f'{name:24} {value}')
            continue
        right = value['answer_accuracy']
        print(f'{name:24} event F1 {value["event_f1"]:.3f}  ({value["hits"]} of '
              f'{value["events"]} events, {value["answers"]} answers'
              + (f', {right:.0%} of the hits in the right words)' if right is not None else ')'))
        for skill, part in value.get('skills', {}).items():
            print(f'  {skill.rsplit("/", 1)[1]:22} event F1 {part["event_f1"]:.3f}  '
                  f'({part["hits"]} of {part["events"]}, {part["answers"]} answers)')
    if options.json:
        write_json(options.json, all_figures)
