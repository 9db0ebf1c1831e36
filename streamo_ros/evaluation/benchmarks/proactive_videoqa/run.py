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

"""ProactiveVideoQA watched as streams, one a question, at a turn a second."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import json
import math
from pathlib import Path
from statistics import fmean
from typing import Any

from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import Judge
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import OMEGAS
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import pauc
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import Replies
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import word_judge
from streamo_ros.evaluation.benchmarks.proactive_videoqa.records import Record
from streamo_ros.evaluation.benchmarks.proactive_videoqa.records import SETS
from streamo_ros.evaluation.benchmarks.watching import Question
from streamo_ros.evaluation.benchmarks.watching import Session
from streamo_ros.evaluation.benchmarks.watching import watch_undone
from streamo_ros.evaluation.spread import Spread

JUDGE = 'the share of right words, a stand-in for the language model of the benchmark'


def session(record: Record, video: Path) -> Session:
    """Return how a question is watched: each of the user's turns stands until the next."""
    firsts = [int(time) for time, _ in record.asked]
    lasts = [first - 1 for first in firsts[1:]] + [math.inf]
    return Session(video, [
        Question(words, first, last)
        for (_, words), first, last in zip(record.asked, firsts, lasts, strict=True)
    ], range(record.seconds))


def run(
    records: Sequence[Record], videos: Path, out: Path,
    new_engine: Callable[[float], StreamEngine], over: Spread, settings: dict[str, Any],
) -> dict[str, Any]:
    """
    Watch what has not been watched before, and score all that has.

    Writes ``predictions.jsonl``; a reply is of the end of its turn.

    :param videos: the folder with the four sets
    :param new_engine: gives an engine for turns a second
    :param over: where they are watched
    :param settings: what the decisions depend on
    :raises JournalError: when ``out`` holds a run with other settings
    """
    journal = Journal(out, settings)
    found = watch_undone({
        record.key: (record.video, session(record, (videos / record.video).absolute()))
        for record in records}, new_engine, journal, over)
    replies: dict[str, Replies] = {
        key: sorted(
            (turn + 1.0, words) for one in heard for turn, words in one.answers.items())
        for key, heard in found.heard.items()}
    with benchmark_folder(out) as folder:
        folder.write_text('predictions.jsonl', ''.join(
            json.dumps({'key': key, 'replies': [
                {'t': time, 'content': words} for time, words in said]}, ensure_ascii=False) + '\n'
            for key, said in replies.items()))
    return {
        **figures(records, replies), **settings, 'records': len(records), **found.counts()}


def figures(records: Sequence[Record], replies: Mapping[str, Replies]) -> dict[str, Any]:
    """Return PAUC of replies, and beside it that of who does not look: silence has 25."""
    there = [record for record in records if record.key in replies]
    return {
        'benchmark': 'proactivevideoqa', 'title': 'ProactiveVideoQA', 'judge': JUDGE,
        'scores': score(there, replies, word_judge),
        'baselines': {name: score(there, said, word_judge) for name, said in blind(there).items()}}


def score(
    records: Sequence[Record], replies: Mapping[str, Replies], judge: Judge,
) -> dict[str, Any]:
    """
    Return PAUC of each set and the mean of the sets.

    :param replies: by record; those that are not in it are left out
    """
    parts = {}
    for part in SETS:
        asked = [
            (record.asked[0][1], record.turns, replies[record.key])
            for record in records if record.part == part and record.key in replies]
        if asked:
            parts[part] = pauc(asked, judge)
    names = [f'omega {omega:g}' for omega in OMEGAS]
    return {'sets': parts, 'mean': {
        name: round(fmean(float(part[name] or 0) for part in parts.values()), 2)
        if parts else None for name in names}}


def blind(records: Iterable[Record]) -> dict[str, dict[str, Replies]]:
    """Return what those reply who do not look: nothing, or the same words every second."""
    return {
        'always silent': {record.key: [] for record in records},
        'always speaking': {
            record.key: [
                (float(second), 'Something is happening.')
                for second in range(1, record.seconds + 1)]
            for record in records}}


def table(found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of the figures."""
    if 'watched' in found:
        yield (f'{found["watched"]} of {found["records"]} questions watched; '
               f'{found["records_of_absent_videos"]} wait for {len(found["absent_videos"])} '
               f'absent videos, {len(found["left_out"])} left out')
    yield f'PAUC, judged by {found["judge"]}; a turn without replies has 25'
    names = [f'omega {omega:g}' for omega in OMEGAS]
    yield f'{"":28} {"turns":>6} {"answered":>9}' + ''.join(f'{name:>10}' for name in names)
    for who, scores in {'': found['scores'], **found['baselines']}.items():
        label = f'{who}: ' if who else ''
        for part, one in scores['sets'].items():
            yield (f'{label + part:28} {one["turns"]:>6} {one["answered_turns"]:>9}'
                   + ''.join(f'{one[name]:>10.2f}' for name in names))
        if scores['sets']:
            yield f'{label + "mean of sets":28} {"":>6} {"":>9}' + ''.join(
                f'{scores["mean"][name]:>10.2f}' for name in names)
