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

"""InteractionBench watched as streams, one an item, at a turn a second."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import json
import math
from pathlib import Path
from typing import Any

from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load_lines
from streamo_ros.evaluation.benchmarks.fields import mapping
from streamo_ros.evaluation.benchmarks.fields import optional
from streamo_ros.evaluation.benchmarks.fields import records
from streamo_ros.evaluation.benchmarks.fields import seconds
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.fields import whole
from streamo_ros.evaluation.benchmarks.interactionbench.records import Item
from streamo_ros.evaluation.benchmarks.interactionbench.scores import blind
from streamo_ros.evaluation.benchmarks.interactionbench.scores import Predictions
from streamo_ros.evaluation.benchmarks.interactionbench.scores import Said
from streamo_ros.evaluation.benchmarks.interactionbench.scores import score
from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.watching import Question
from streamo_ros.evaluation.benchmarks.watching import Session
from streamo_ros.evaluation.benchmarks.watching import watch_undone
from streamo_ros.evaluation.spread import Spread

ASKED_S = 10
"""Seconds that a question of type A stands."""

_LONGEST_S = 86400  # of a video whose length is not told


def session(item: Item, video: Path) -> Session:
    """Return how an item is watched: B and C stand from the first frame on, A from its second."""
    if item.kind == 'A':
        first = math.ceil(item.asked)
        return Session(
            video, [Question(item.prompt, first, first + ASKED_S)], range(first + ASKED_S + 1))
    return Session(
        video, [Question(item.prompt)], range((int(item.duration) or _LONGEST_S) + 1))


def run(
    items: Sequence[Item], videos: Path, out: Path,
    new_engine: Callable[[float], StreamEngine], over: Spread, settings: dict[str, Any],
) -> dict[str, Any]:
    """
    Watch what has not been watched before, and score all that has.

    Writes ``preds.jsonl`` in the benchmark's form: what was said is of the second of the latest
    frame.

    :param videos: the folder that the items' paths start from
    :param new_engine: gives an engine for turns a second
    :param over: where they are watched
    :param settings: what the decisions depend on
    :raises JournalError: when ``out`` holds a run with other settings
    """
    journal = Journal(out, settings)
    found = watch_undone({
        item.key: (item.video, session(item, (videos / item.video).absolute()))
        for item in items}, new_engine, journal, over)
    predictions = {
        key: [Said(float(turn), words) for turn, words in sorted(heard.answers.items())]
        for key, (heard,) in found.heard.items()}
    watched = [item for item in items if item.key in predictions]
    with benchmark_folder(out) as folder:
        folder.write_text('preds.jsonl', ''.join(
            json.dumps({
                'video_id': item.video_id, 'item_index': item.index,
                'model': settings.get('checkpoint', ''),
                'emissions': [{'t': said.time, 'content': said.content}
                              for said in predictions[item.key]]}, ensure_ascii=False) + '\n'
            for item in watched))
    return {
        **figures(watched, predictions), **settings, 'records': len(items), **found.counts()}


def figures(items: Sequence[Item], predictions: Predictions) -> dict[str, Any]:
    """Return the scores of items, and beside them those of who does not look."""
    return {
        'benchmark': 'interactionbench', 'title': 'InteractionBench',
        'scores': score(items, predictions),
        'baselines': {name: score(items, said) for name, said in blind(items).items()}}


def read_predictions(file: Path, items: Sequence[Item]) -> Predictions:
    """
    Read predictions in the benchmark's form, one item a line; an item without a line is silent.

    :raises BenchmarkError: naming the record and the field that is not as published
    """
    known = {item.key for item in items}
    found: dict[str, list[Said]] = {}

    def said(one: Any) -> Said:
        fields = mapping(one)
        return Said(field(fields, 't', seconds), optional(fields, 'content', str, ''))

    def of(fields: Any, index: int) -> None:
        key = f'{field(fields, "video_id", text)}#{optional(fields, "item_index", whole, 0)}'
        if key not in known:
            raise BadField(f'video_id: {key} is no item')
        if key in found:
            raise BadField(f'video_id: {key} was given before')
        found[key] = list(each(fields, 'emissions', said)) if fields.get('emissions') else []

    records(load_lines(file), file, of)
    return found


def table(found: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of the figures."""
    if 'watched' in found:
        yield (f'{found["watched"]} of {found["records"]} items watched; '
               f'{found["records_of_absent_videos"]} wait for {len(found["absent_videos"])} '
               f'absent videos, {len(found["left_out"])} left out')
    yield 'TA timing accuracy, SC silence compliance; free answers are judged by their words'
    yield (f'{"":24} {"items":>6} {"score":>7} {"accuracy":>9} {"TA":>7} {"SC":>7} {"missed":>7}'
           + ''.join(f'  {name:>15}' for name in found['baselines']))
    rows = [('all', [one['overall'] for one in (found['scores'], *found['baselines'].values())])]
    for of, parts in found['scores']['parts'].items():
        rows += [(f'{of} {name}', [one['parts'][of][name] for one in (
            found['scores'], *found['baselines'].values())]) for name in parts]
    for name, (mine, *others) in rows:
        yield (f'{name:24} {mine["items"]:>6} {_cell(mine["total"]):>7} '
               f'{_cell(mine["accuracy"]):>9} {_cell(mine["timing"]):>7} '
               f'{_cell(mine["silence"]):>7} {_cell(mine["missed"]):>7}'
               + ''.join(f'  {_cell(other["total"]):>15}' for other in others))


def _cell(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'
