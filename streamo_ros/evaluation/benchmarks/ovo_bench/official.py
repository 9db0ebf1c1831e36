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
OVO-Bench's own scores, quirks included.

The rules are those of ``utils/OVOBenchScore.py`` in JoeLeelyf/OVO-Bench at c34093f9. Every test
point is answered on its own; that an answerer may not know when to speak stays unseen, and an
answerer who always says Yes does well: ``baselines`` gives what such ones get.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
import re
from statistics import fmean
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.ovo_bench.records import GROUPS
from streamo_ros.evaluation.benchmarks.ovo_bench.records import LETTERS
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Record
from streamo_ros.evaluation.benchmarks.ovo_bench.records import TASKS
from streamo_ros.strict_json import parse_json

Predictions = Mapping[int, Sequence[str | None]]
"""By record, one response a test point; None for one that was not given."""


def is_right(task: str, truth: str, response: str | None) -> bool:
    """
    Judge one response as the official script does.

    - of choice: right if the letter stands anywhere in it, so also at the head of any word
    - REC: right if all its digits, strung together, spell the count
    - SSR, CRR: right if it is exactly Y or N, or else if Yes or No stands anywhere in it
    """
    if response is None:
        return False
    if task == 'REC':
        return ''.join(re.findall(r'\d+', response)) == truth
    if task in ('SSR', 'CRR') and response == truth[0]:
        return True
    return truth in response


def score(records: Iterable[Record], predictions: Predictions) -> dict[str, Any]:
    """
    Return percentages: a task's over its points, a group's over its tasks, the total's over three.

    Records without a prediction are left out, which ``points`` tells. A group that lacks one of
    its tasks has None, and so has then the total.
    """
    marks: dict[str, list[bool]] = {task: [] for task in TASKS}
    of: dict[str, int] = dict.fromkeys(TASKS, 0)
    for record in records:
        of[record.task] += len(record.points)
        if record.id in predictions:
            marks[record.task] += [
                is_right(record.task, point.truth, response)
                for point, response in zip(record.points, predictions[record.id], strict=True)]
    tasks = {task: fmean(given) if given else None for task, given in marks.items()}
    groups = {
        group: _mean([tasks[task] for task in members]) for group, members in GROUPS.items()}
    return {
        'tasks': {task: _percent(share) for task, share in tasks.items()},
        'groups': {group: _percent(share) for group, share in groups.items()},
        'total': _percent(_mean(list(groups.values()))),
        'points': {task: [len(marks[task]), of[task]] for task in TASKS}}


def baselines(records: Sequence[Record]) -> dict[str, Any]:
    """Return the scores of those who do not look: they belong beside every other."""
    return {
        name: score(records, {
            record.id: [_blind(record, choice, count, said)] * len(record.points)
            for record in records})
        for name, (choice, count, said) in {
            'always A, 1, Yes': (0, '1', 'Yes'), 'always the last option, 0, No': (-1, '0', 'No'),
        }.items()}


def _blind(record: Record, choice: int, count: str, said: str) -> str:
    if record.options:
        return LETTERS[range(len(record.options))[choice]]
    return count if record.task == 'REC' else said


def read_predictions(file: Path, records: Sequence[Record]) -> Predictions:
    """
    Read predictions: lines of JSON, ``{"id": 0, "responses": ["B"]}``, one response a test point.

    :raises BenchmarkError: naming the line and the field
    """
    points = {record.id: len(record.points) for record in records}
    predictions: dict[int, list[str | None]] = {}
    try:
        lines = file.read_bytes().decode().removesuffix('\n').split('\n')
    except (OSError, ValueError) as error:
        raise BenchmarkError(f'{file} cannot be read ({error})') from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = parse_json(line)
            index, responses = found['id'], found['responses']
        except (ValueError, TypeError, KeyError) as error:
            raise BenchmarkError(
                f'{file}, line {number} is not of the form '
                '{"id": 0, "responses": ["B"]}') from error
        if not isinstance(index, int) or index not in points:
            raise BenchmarkError(f'{file}, line {number}: id: {index!r:.60} is no record')
        if index in predictions:
            raise BenchmarkError(f'{file}, line {number}: id: {index} was given before')
        if not isinstance(responses, list) or len(responses) != points[index] or not all(
                response is None or isinstance(response, str) for response in responses):
            raise BenchmarkError(
                f'{file}, line {number}: responses: record {index} has {points[index]} test '
                'points and takes a list of as many texts')
        predictions[index] = responses
    if not predictions:
        raise BenchmarkError(f'{file} holds no predictions')
    return predictions


def _mean(shares: Sequence[float | None]) -> float | None:
    there = [share for share in shares if share is not None]
    return fmean(there) if len(there) == len(shares) else None


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)
