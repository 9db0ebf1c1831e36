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

"""An offline benchmark from videos to scores: what was answered before is not asked again."""

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from functools import partial
import json
from pathlib import Path
from typing import Any

from streamo_ros.engine.asked_engine import AskedEngine
from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.offline.answering import answered_in
from streamo_ros.evaluation.benchmarks.offline.answering import LAST
from streamo_ros.evaluation.benchmarks.offline.answering import Quiz
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.scores import by_letter
from streamo_ros.evaluation.benchmarks.offline.scores import score
from streamo_ros.evaluation.benchmarks.offline.scores import scores
from streamo_ros.evaluation.benchmarks.undone import do_undone
from streamo_ros.evaluation.spread import Spread

_VIEWS = {'all': '', 'last': f'last {LAST} frames: '}


def run(
    benchmark: Benchmark, items: Sequence[Item], videos: Path, out: Path,
    new_engine: Callable[[], AskedEngine], over: Spread, settings: dict[str, Any],
    window_turns: int | None = None,
) -> dict[str, Any]:
    """
    Answer what has not been answered before, and score all that has.

    Writes ``watched.jsonl``, answers by video as it is done, and ``predictions.jsonl``.

    :param videos: the folder that the items' paths start from
    :param new_engine: gives an engine, in whichever process
    :param over: where videos are watched
    :param settings: what the answers depend on
    :param window_turns: frames in view; None takes all that are shown
    :returns: the figures, and which videos are absent and which questions were left out, and why
    :raises JournalError: when ``out`` holds a run with other settings
    """
    journal = Journal(out, settings)
    quizzes, absent = _quizzes(benchmark, items, videos, window_turns)
    left_out = do_undone(partial(answered_in, new_engine), quizzes, journal, over)
    answers: dict[str, dict[str, Any]] = {}
    for key in quizzes:
        answers.update(journal.entries.get(key, {}).get('answers', {}))
    left_out.update({
        key: found['left_out'] for key, found in answers.items() if 'left_out' in found})
    answered = {key: found for key, found in answers.items() if 'left_out' not in found}
    with benchmark_folder(out) as folder:
        folder.write_text('predictions.jsonl', ''.join(
            json.dumps({'key': key, 'response': found['all']['text']}, ensure_ascii=False) + '\n'
            for key, found in answered.items()))
    return {
        'benchmark': benchmark.name, 'title': benchmark.title,
        **settings,
        'records': len(items),
        'watched': len(answered),
        'absent_videos': sorted(absent),
        'records_of_absent_videos': sum(absent.values()),
        'left_out': left_out,
        'decided_unasked': dict(sorted(Counter(
            found['all']['state'] for found in answered.values()).items())),
        'scores': _scores(benchmark, items, answered)}


def _quizzes(
    benchmark: Benchmark, items: Sequence[Item], videos: Path, window_turns: int | None,
) -> tuple[dict[str, Quiz], Counter[str]]:
    """Return by key what is asked of each video and span, and absent videos with their items."""
    found: dict[str, list[Item]] = {}
    places: dict[str, Path] = {}
    absent: Counter[str] = Counter()
    for item in items:
        there = [videos / name for name in item.video if (videos / name).exists()]
        if not there:
            absent[item.video[0]] += 1
            continue
        span = '' if item.span is None else f' {item.span[0]:g}-{item.span[1]:g} s'
        key = there[0].relative_to(videos).as_posix() + span
        places[key] = there[0].absolute()
        found.setdefault(key, []).append(item)
    return {
        key: Quiz(places[key], tuple(asked), benchmark.sampling, benchmark.opening,
                  benchmark.given_back, window_turns)
        for key, asked in found.items()}, absent


def _scores(
    benchmark: Benchmark, items: Sequence[Item], answered: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for view, name in _VIEWS.items():
        said = {key: one[view]['text'] for key, one in answered.items()}
        likeliest = {
            item.key: item.labels[_first_best(answered[item.key][view]['labels'])]
            for item in items if item.key in answered}
        by_rule = scores(benchmark, items, said)
        found.update({name + rule: by_rule.pop(rule) for rule in benchmark.rules})
        found[f'{name}likeliest label'] = score(items, likeliest, by_letter)
        blind = by_rule
    return {**found, **blind}


def _first_best(shares: Sequence[float]) -> int:
    return shares.index(max(shares))


def table(benchmark: Benchmark, figures: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of what ``run``, or ``scores`` of predictions, found."""
    found = figures['scores']
    first = next(iter(benchmark.rules))
    columns = [name for name in found if not any(
        name.startswith(f'{who}: ') for who in benchmark.blind)]
    columns += [f'{who}: {first}' for who in benchmark.blind]
    if 'watched' in figures:
        yield (f'{figures["watched"]} of {figures["records"]} questions answered; '
               f'{figures["records_of_absent_videos"]} wait for {len(figures["absent_videos"])} '
               f'absent videos, {len(figures["left_out"])} left out')
    for place, name in enumerate(columns, 1):
        unread = found[name]['unread']
        yield f'({place}) {name}' + (f'; {unread} answers name no option' if unread else '')
    yield f'{"":34} {"questions":>9}' + ''.join(
        f'{f"({place})":>8}' for place in range(1, len(columns) + 1))
    one = found[columns[0]]
    yield f'{"all":34} {one["questions"]:>9}' + ''.join(
        _cell(found[name]['total']) for name in columns)
    for of, rows in one['parts'].items():
        yield f'by {of}'
        for row, (_, questions) in rows.items():
            yield f'  {row:32} {questions:>9}' + ''.join(
                _cell(found[name]['parts'][of][row][0]) for name in columns)


def _cell(value: float | None) -> str:
    return f'{"-" if value is None else f"{value:.2f}":>8}'
