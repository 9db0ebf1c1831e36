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
LongVideoBench (arXiv 2407.15754): questions on a moment of videos of up to an hour.

``lvb_val.json`` or ``lvb_test_wo_gt.json``, a list of::

    {"id": "86CxyhFV9MI_0", "video_path": "86CxyhFV9MI.mp4", "subtitle_path": "..._en.json",
     "duration": 190.16, "starting_timestamp_for_subtitles": 0, "question": "...",
     "candidates": ["...", "..."], "correct_choice": 1, "duration_group": 600,
     "question_category": "S2E"}

or rows as the Hub has them, with ``option0`` to ``option4`` ("N/A" where there are fewer) in place
of ``candidates``. The test set has no ``correct_choice``: its answers are written, not scored.

Frames: 16 at most, the beginnings of equal segments, and no subtitles: lmms-eval's
``longvideobench_val_v``. Rules: the authors publish no scorer and point at lmms-eval, whose own
(``longvideobench/utils.py`` at 03a5823) gives an answer without a letter one at random, as the
paper does; here it is drawn from the question's id. Beside it the same with such answers wrong.
"""

from collections.abc import Mapping
from pathlib import Path
import random
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load
from streamo_ros.evaluation.benchmarks.fields import load_lines
from streamo_ros.evaluation.benchmarks.fields import optional
from streamo_ros.evaluation.benchmarks.fields import path
from streamo_ros.evaluation.benchmarks.fields import records
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.fields import whole
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.item import first_label
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.item import lettered
from streamo_ros.evaluation.benchmarks.offline.item import longest_option
from streamo_ros.evaluation.benchmarks.offline.item import nothing
from streamo_ros.evaluation.benchmarks.offline.item import Verdict
from streamo_ros.evaluation.benchmarks.offline.letters import letter_in
from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling

PREFIXES = (
    'The best answer is', 'The correct answer is', 'The answer is', 'The answer',
    'The best option is', 'The correct option is', 'Best answer:', 'Best option:')

_MOST = 5


def read(file: Path) -> list[Item]:
    """
    Return the questions of a file.

    :raises BenchmarkError: when it cannot be read, or a record is not as published
    """
    found = load_lines(file) if file.suffix == '.jsonl' else load(file)
    items = records(found, file, _item)
    if len({item.key for item in items}) < len(items):
        raise BenchmarkError(f'{file} has an id twice: give one file of annotations')
    return items


def _item(fields: Mapping[str, Any], index: int) -> Item:
    if 'candidates' in fields:
        options = each(fields, 'candidates', text)
    else:
        hub = [optional(fields, f'option{place}', text, 'N/A') for place in range(_MOST)]
        options = tuple(hub[:hub.index('N/A')] if 'N/A' in hub else hub)
    if not 2 <= len(options) <= _MOST:
        raise BadField(f'candidates: {len(options)} in place of 2 to {_MOST}')
    right = optional(fields, 'correct_choice', whole, -1) if fields.get(
        'correct_choice') != -1 else -1
    if right >= len(options):
        raise BadField(f'correct_choice: {right} is no index of the {len(options)} candidates')
    question = field(fields, 'question', text)
    labels = lettered(options)
    listed = '\n'.join(
        f'{letter}. {option}' for letter, option in zip(labels, options, strict=True))
    group = fields.get('duration_group')
    return Item(
        key=field(fields, 'id', text), video=(field(fields, 'video_path', path),),
        prompt=f'Question: {question}\n{listed}\n'
               "Answer with the option's letter from the given choices directly.",
        options=options, labels=labels, right=None if right < 0 else right,
        answer='' if right < 0 else labels[right], question=question,
        parts={'duration group': f'{group} s' if group is not None else 'not told',
               'question category': optional(fields, 'question_category', text, 'not told')})


def official(item: Item, said: str) -> Verdict:
    """
    Judge by the first capital A to E; where there is none, draw an option.

    A letter beyond the last option is read, and wrong.
    """
    letter = letter_in(said, PREFIXES, 'ABCDE')
    return Verdict(float((letter or drawn(item)) == item.answer), bool(letter))


def drawn(item: Item) -> str:
    """Return the option that is drawn for a question, the same one every time."""
    return random.Random(f'LongVideoBench {item.key}').choice(item.labels)


def without_draws(item: Item, said: str) -> Verdict:
    """Judge by the first capital A to E; where there is none, it is wrong."""
    letter = letter_in(said, PREFIXES, 'ABCDE')
    return Verdict(float(letter == item.answer), bool(letter))


LONGVIDEOBENCH = Benchmark(
    name='longvideobench', title='LongVideoBench', read=read, sampling=Sampling('starts', 16),
    rules={'official (lmms-eval)': official, 'no draws': without_draws},
    blind={'always A': first_label, 'longest option': longest_option, 'says nothing': nothing})
