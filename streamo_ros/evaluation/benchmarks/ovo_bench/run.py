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

"""OVO-Bench watched as streams, one a record, and scored by way of our projection."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.ovo_bench import official
from streamo_ros.evaluation.benchmarks.ovo_bench.projection import responses
from streamo_ros.evaluation.benchmarks.ovo_bench.questions import GRACE_TURNS
from streamo_ros.evaluation.benchmarks.ovo_bench.questions import last_turn
from streamo_ros.evaluation.benchmarks.ovo_bench.questions import questions
from streamo_ros.evaluation.benchmarks.ovo_bench.records import Record
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import answer_times
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import streampro_f1
from streamo_ros.evaluation.benchmarks.ovo_bench.timing import timing
from streamo_ros.evaluation.benchmarks.watching import Heard
from streamo_ros.evaluation.benchmarks.watching import Session
from streamo_ros.evaluation.benchmarks.watching import watch_undone
from streamo_ros.evaluation.spread import Spread

PROJECTION = 'streams projected onto the test points by a rule of our own, official scores'


def run(
    records: list[Record], videos: Path, out: Path,
    new_engine: Callable[[float], StreamEngine], over: Spread, settings: dict[str, Any],
) -> dict[str, Any]:
    """
    Watch what has not been watched before, and score all that has.

    Writes ``watched.jsonl``, states and answers of each record as it is done, and
    ``predictions.jsonl``, responses in the form that the official scores are made from.

    :param videos: the folder that the records' paths start from
    :param new_engine: gives an engine for turns a second
    :param over: where they are watched
    :param settings: what the decisions depend on
    :returns: the figures, and which videos are absent and which records were left out, and why
    :raises JournalError: when ``out`` holds a run with other settings
    """
    journal = Journal(out, settings)
    found = watch_undone({
        str(record.id): (record.video, Session(
            (videos / record.video).absolute(), questions(record), range(last_turn(record) + 1)))
        for record in records}, new_engine, journal, over)
    watched = {int(key): heard for key, heard in found.heard.items()}
    seen = [record for record in records if record.id in watched]
    predictions = {record.id: responses(record, watched[record.id]) for record in seen}
    with benchmark_folder(out) as folder:
        folder.write_text('predictions.jsonl', ''.join(
            json.dumps({'id': index, 'responses': given}) + '\n'
            for index, given in predictions.items()))
    said = {record.id: answer_times(watched[record.id]) for record in seen if not record.options}
    return {
        'benchmark': 'ovo', 'title': 'OVO-Bench',
        **settings,
        'records': len(records),
        **found.counts(),
        'cut_short': [record.id for record in seen if _cut_short(record, watched[record.id])],
        'projected': {'how': PROJECTION, **official.score(records, predictions)},
        'baselines': official.baselines(seen),
        'timing': timing(seen, said),
        'streampro_f1': streampro_f1(seen, said)}


def _cut_short(record: Record, heard: list[Heard]) -> bool:
    """Say whether the video ended before the last test point that was to be seen."""
    end = last_turn(record) - (GRACE_TURNS if record.options else 0)
    return any(one.first + len(one.states) <= end for one in heard)
