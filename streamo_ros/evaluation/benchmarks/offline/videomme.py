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
Video-MME (BradyFU, arXiv 2405.21075): 900 videos of 11 seconds to an hour, 2,700 questions.

Parquet as the Hub has it, or the same rows as JSON or JSON lines::

    {"video_id": "001", "duration": "short", "domain": "Knowledge", "sub_category": "Astronomy",
     "url": "...", "videoID": "fFjv93ACGo8", "question_id": "001-1", "task_type": "OCR Problems",
     "question": "When ...?", "options": ["A. x", "B. y", "C. z", "D. w"], "answer": "C"}

A video's file is named after ``videoID``. A file of results in the authors' form
(``output_test_template.json``: the rows of a video with its ``questions``) is read as well, its
videos named after ``video_id`` where it has no ``videoID``.

Frames: the protocol leaves their number open; evenly from the first to the last, as lmms-eval
takes them for subtitles. No subtitles: this is the table without. Rules: ``eval_your_results.py``,
which the authors' page links (thanku-all/parse_answer; read in a copy at afd52cf): it takes the
first capital A to D behind the usual prefixes, and lets an answer without one leave the
denominator; and ``videomme/utils.py`` of lmms-eval at 75571cfe, which looks for the surest of many
forms, and in which an answer without a letter is wrong.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load
from streamo_ros.evaluation.benchmarks.fields import load_lines
from streamo_ros.evaluation.benchmarks.fields import mapping
from streamo_ros.evaluation.benchmarks.fields import optional
from streamo_ros.evaluation.benchmarks.fields import path
from streamo_ros.evaluation.benchmarks.fields import records
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.item import first_label
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.item import longest_option
from streamo_ros.evaluation.benchmarks.offline.item import nothing
from streamo_ros.evaluation.benchmarks.offline.item import Verdict
from streamo_ros.evaluation.benchmarks.offline.letters import letter_in
from streamo_ros.evaluation.benchmarks.offline.letters import ranked_letter
from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling

DURATIONS = ('short', 'medium', 'long')
LETTERS = ('A', 'B', 'C', 'D')

PREFIXES = (
    'The best answer is', 'The correct answer is', 'The answer is', 'The answer',
    # Two commas are missing in the scorer: these are never found but together.
    'The best option isThe correct option is', 'Best answer:Best option:',
    'Answer:', 'Option:', 'The correct answer', 'The correct option')

_TASK = (
    'Select the best answer to the following multiple-choice question based on the video. '
    'Respond with only the letter (A, B, C, or D) of the correct option.\n')


def read(file: Path) -> list[Item]:
    """
    Return the questions of a file; of a folder, those of all its Parquet files.

    :raises BenchmarkError: when there is none, or a row is not as published
    """
    items: list[Item] = []
    for one in sorted(file.rglob('*.parquet')) if file.is_dir() else [file]:
        for rows in records(_rows(one), one, _of_row):
            items += rows
    if not items:
        raise BenchmarkError(f"{file} holds no .parquet: give Video-MME's own")
    twice = {item.key for item in items}
    if len(twice) < len(items):
        raise BenchmarkError(f'{file} has a question_id twice: give one file of annotations')
    return items


def _rows(file: Path) -> Any:
    if file.suffix == '.parquet':
        from pyarrow import ArrowException
        from pyarrow import parquet
        try:
            return parquet.read_table(file).to_pylist()
        except (OSError, ArrowException) as error:
            raise BenchmarkError(f'{file} cannot be read as Parquet ({error})') from error
    return load_lines(file) if file.suffix == '.jsonl' else load(file)


def _of_row(fields: Mapping[str, Any], index: int) -> list[Item]:
    if 'questions' in fields:
        return [_item({**fields, **question}) for question in each(fields, 'questions', mapping)]
    return [_item(fields)]


def _item(fields: Mapping[str, Any]) -> Item:
    duration = field(fields, 'duration', text)
    if duration not in DURATIONS:
        raise BadField(f'duration: {duration!r:.60} is none of {", ".join(DURATIONS)}')
    options = each(fields, 'options', text)
    if len(options) != len(LETTERS):
        raise BadField(f'options: {len(options)} in place of 4')
    answer = field(fields, 'answer', text)
    if answer not in LETTERS:
        raise BadField(f'answer: {answer!r:.60} is none of A, B, C, D')
    question = field(fields, 'question', text)
    name = optional(fields, 'videoID', path, '') or field(fields, 'video_id', path)
    listed = '\n'.join(options)
    return Item(
        key=field(fields, 'question_id', text),
        video=tuple(f'{name}{suffix}' for suffix in ('.mp4', '.MP4', '.mkv')),
        prompt=f'{_TASK}{question}\n{listed}\nThe best answer is:', options=options,
        labels=LETTERS, right=LETTERS.index(answer), answer=answer, question=question,
        parts={'duration': duration, 'domain': field(fields, 'domain', text),
               'task type': field(fields, 'task_type', text)})


def official(item: Item, said: str) -> Verdict:
    """Judge by the first capital A to D; an answer without one leaves the denominator."""
    letter = letter_in(said, PREFIXES, 'ABCD')
    return Verdict(float(letter == item.answer) if letter else None, bool(letter))


def lmms_eval(item: Item, said: str) -> Verdict:
    """Judge by the letter in the surest form; an answer without one is wrong."""
    letter = ranked_letter(said, 'ABCD')
    return Verdict(float(letter == item.answer), bool(letter))


VIDEOMME = Benchmark(
    name='videomme', title='Video-MME', read=read, sampling=Sampling('ends', 32),
    rules={'official': official, 'lmms-eval': lmms_eval},
    blind={'always A': first_label, 'longest option': longest_option, 'says nothing': nothing})
