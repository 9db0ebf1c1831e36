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
OVO-Timing: whether the answers to OVO-Bench's forward tasks come when they are due.

As MCG-NJU/OneStreamer (arXiv 2610.01762) defines it: an answer is due at CRR's clue and two
seconds into each occurrence of REC and each step of SSR, and meets it within two seconds. Recall
and precision are averaged over records, F1 is of these means, the whole the mean of the tasks.
The questions are ours (``questions``), and an answer's time is the end of its turn.
"""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from streamo_ros.evaluation.benchmarks.ovo_bench.records import GROUPS
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Record
from streamo_ros.evaluation.benchmarks.streampro import Due
from streamo_ros.evaluation.benchmarks.streampro import mean
from streamo_ros.evaluation.benchmarks.streampro import TASKS
from streamo_ros.evaluation.benchmarks.streampro import trajectory
from streamo_ros.evaluation.benchmarks.watching import Heard

TOLERANCE_S = 2.0


def due(record: Record) -> list[float]:
    """Return the seconds at which a forward record's answers are due."""
    if record.task == 'CRR':
        return [record.clue]
    return [start + 2 for start in record.starts]


def answer_times(heard: Sequence[Heard]) -> list[float]:
    """Return the seconds at which a record was answered; of SSR, on the whole tutorial."""
    return [turn + 1.0 for turn in heard[-1].answers]


def recall_precision(right: Sequence[float], said: Sequence[float]) -> tuple[float, float]:
    """
    Return the share of due times that were met, and of answers that met one; 0 for none of none.

    Each due time in turn takes the first answer left that lies within the tolerance.
    """
    left = list(said)
    for time in right:
        met = next((other for other in left if abs(other - time) <= TOLERANCE_S), None)
        if met is not None:
            left.remove(met)
    hits = len(said) - len(left)
    return hits / len(right) if right else 0.0, hits / len(said) if said else 0.0


def timing(records: Sequence[Record], said: Mapping[int, Sequence[float]]) -> dict[str, Any]:
    """
    Return recall, precision and F1 by task, their means, and when CRR was first answered.

    :param said: the times of answers by record; records that are not in it are left out
    """
    tasks = {}
    for task in GROUPS['forward']:
        pairs = [
            recall_precision(due(record), said[record.id])
            for record in records if record.task == task and record.id in said]
        if pairs:
            recall, precision = (fmean(shares) for shares in zip(*pairs, strict=True))
            both = recall + precision
            tasks[task] = {
                'recall': recall, 'precision': precision,
                'f1': 2 * recall * precision / both if both else 0.0}
    first = Counter(
        _first(record.clue, said[record.id])
        for record in records if record.task == 'CRR' and record.id in said)
    return {
        'tasks': {
            task: {name: round(100 * share, 2) for name, share in found.items()}
            for task, found in tasks.items()},
        **{f'mean_{name}': round(100 * fmean(found[name] for found in tasks.values()), 2)
           if tasks else None for name in ('recall', 'precision', 'f1')},
        'crr_first_answer': {name: first[name] for name in ('early', 'hit', 'late', 'none')}}


def streampro_f1(
    records: Sequence[Record], said: Mapping[int, Sequence[float]],
) -> dict[str, Any]:
    """
    Return StreamPro-F1 of the answers' timing by task, and the mean of the tasks.

    The paper tabulates it of these tasks and does not say with which windows: REC and SSR are
    taken for events, CRR for a moment, and words count as right.
    """
    tasks = {}
    for task in GROUPS['forward']:
        tolerance = TASKS['object understanding' if task == 'CRR' else 'event understanding']
        found = [
            trajectory(
                tolerance,
                [Due(record.clue, record.clue)] if task == 'CRR' else [
                    Due(start, end)
                    for start, end in sorted(zip(record.starts, record.ends, strict=True))],
                [(time, '') for time in said[record.id]], lambda due, words: 1.0)
            for record in records if record.task == task and record.id in said]
        if found:
            tasks[task] = mean(found)
    return {'tasks': tasks, 'mean_f1': round(
        fmean(float(one['f1'] or 0) for one in tasks.values()), 2) if tasks else None}


def _first(clue: float, said: Sequence[float]) -> str:
    if not said:
        return 'none'
    if abs(said[0] - clue) <= TOLERANCE_S:
        return 'hit'
    return 'early' if said[0] < clue else 'late'
