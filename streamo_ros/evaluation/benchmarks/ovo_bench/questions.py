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
What a streaming model is asked for a record of OVO-Bench, and when.

Ours: the words are our own, the forms of the answers those that Streamo is trained to give. Of
choice, the letter and the option, asked at the second of the test point; REC, a count, as
one of ten options; SSR, the time span of each step; CRR, the question as it stands, at its time.
REC and SSR name no time of asking, and come with the first frame: a question that came just
before its event would give away that nothing was to be seen until then.
"""

import math
import re

from streamo_ros.evaluation.benchmarks.ovo_bench.records import LETTERS
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Record
from streamo_ros.evaluation.benchmarks.watching import Question

GRACE_TURNS = 5
"""Turns beyond the test point in which a question of choice may still be answered."""

COUNTS = {letter: str(count) for count, letter in enumerate('ABCDEFGHIJ', 1)}


def questions(record: Record) -> list[Question]:
    """
    Return the questions, one turn being one second.

    One; of SSR one for each step, and last one for all of the tutorial, whose answers are timed.
    """
    first = int(record.asked)
    if record.options:
        letters = ' '.join(
            f'{letter}. {option}'
            for letter, option in zip(LETTERS, record.options, strict=False))
        return [Question(
            f'{record.subject} {letters} Give the letter of the right one, then what it says.',
            first, last_turn(record))]
    if record.task == 'REC':
        letters = ' '.join(f'{letter}. {count}' for letter, count in COUNTS.items())
        return [Question(
            f'How often has this been done so far: {record.subject}? {letters} Give the letter '
            'and the number, and again whenever the number has changed.')]
    if record.task == 'SSR':
        tutorial = re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', record.subject).lower()
        return [
            *(Question(
                f'Find when this is done, and give its time span once it is over: {step}')
              for step in record.steps),
            Question(f'Tell me each step of this as soon as you see it: {tutorial}')]
    return [Question(record.subject, first)]


def last_turn(record: Record) -> int:
    """Return the last turn that any test point looks at; a turn is one second."""
    end = math.ceil(max(point.realtime for point in record.points))
    return max(end - 1, int(record.asked)) + (GRACE_TURNS if record.options else 0)
