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

"""Scores of answers to an offline benchmark: by each of its rules, by task, blind ones beside."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import load_lines
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.item import Rule
from streamo_ros.evaluation.benchmarks.offline.item import Verdict

Answers = Mapping[str, str]
"""By item."""


def score(items: Iterable[Item], answers: Answers, rule: Rule) -> dict[str, Any]:
    """
    Return percentages over questions: of all, and of each row of each table.

    Questions without an answer in ``answers``, or whose right option is not published, are left
    out.

    :returns: ``total``, ``questions`` (in the denominator), ``unread`` (answers in which no option
        was found, whatever they count as), and by table and row ``parts`` (percentage, questions)
    """
    everything: list[Verdict] = []
    parts: dict[str, dict[str, list[Verdict]]] = {}
    for item in items:
        if item.key not in answers or item.right is None:
            continue
        verdict = rule(item, answers[item.key])
        everything.append(verdict)
        for table, row in (item.parts or {}).items():
            parts.setdefault(table, {}).setdefault(row, []).append(verdict)
    total, questions = _percent(everything)
    return {
        'total': total, 'questions': questions,
        'unread': sum(not verdict.read for verdict in everything),
        'parts': {
            table: {row: list(_percent(verdicts)) for row, verdicts in rows.items()}
            for table, rows in parts.items()}}


def by_letter(item: Item, said: str) -> Verdict:
    """Judge a label that was chosen by its probability."""
    assert item.right is not None
    return Verdict(float(said == item.labels[item.right]))


def scores(
    benchmark: Benchmark, items: Sequence[Item], answers: Answers,
) -> dict[str, dict[str, Any]]:
    """Return the scores of answers by each rule, and of the blind ones to the same questions."""
    found = {name: score(items, answers, rule) for name, rule in benchmark.rules.items()}
    there = [item for item in items if item.key in answers]
    for who, say in benchmark.blind.items():
        said = {item.key: say(item) for item in there}
        for name, rule in benchmark.rules.items():
            found[f'{who}: {name}'] = score(there, said, rule)
    return found


def read_predictions(file: Path, items: Sequence[Item]) -> dict[str, str]:
    """
    Read predictions: lines of JSON, ``{"key": "action_sequence 0", "response": "(A)"}``.

    :raises BenchmarkError: naming the line and what is wrong with it
    """
    known = {item.key for item in items}
    answers: dict[str, str] = {}
    for number, found in enumerate(load_lines(file), 1):
        if not isinstance(found, dict) or not isinstance(found.get('response'), str):
            raise BenchmarkError(
                f'{file}, record {number} is not of the form {{"key": ..., "response": "A"}}')
        key = found.get('key')
        if key not in known:
            raise BenchmarkError(f'{file}, record {number}: key: {key!r:.60} is no question')
        if key in answers:
            raise BenchmarkError(f'{file}, record {number}: key: {key!r:.60} was given before')
        answers[key] = found['response']
    if not answers:
        raise BenchmarkError(f'{file} holds no predictions')
    return answers


def _percent(verdicts: Sequence[Verdict]) -> tuple[float | None, int]:
    counted = [verdict.score for verdict in verdicts if verdict.score is not None]
    return (round(100 * fmean(counted), 2) if counted else None), len(counted)
