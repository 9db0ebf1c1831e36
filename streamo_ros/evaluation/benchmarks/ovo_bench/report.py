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

"""OVO-Bench's figures as a table."""

from collections.abc import Iterator
from typing import Any

from streamo_ros.evaluation.benchmarks.ovo_bench.records import GROUPS


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table of what ``run`` or the official scores found."""
    projected = 'projected' in figures
    scores = figures['projected' if projected else 'official']
    columns = [scores, *figures['baselines'].values()]
    if projected:
        yield f'{figures["watched"]} of {figures["records"]} records watched; ' + (
            f'{figures["records_of_absent_videos"]} wait for {len(figures["absent_videos"])} '
            f'absent videos, {len(figures["left_out"])} left out, '
            f'{len(figures["cut_short"])} with a video that ends too early')
        yield scores['how']
    yield f'{"":10} {"points":>10}' + ''.join(
        f'  {name:>10}' for name in ('projected' if projected else 'official',
                                     *figures['baselines']))
    for group, tasks in GROUPS.items():
        for task in tasks:
            there, of = scores['points'][task]
            yield f'{task:10} {f"{there}/{of}":>10}' + _row(
                figures['baselines'], [column['tasks'][task] for column in columns])
        yield f'{group:10} {"":10}' + _row(
            figures['baselines'], [column['groups'][group] for column in columns])
    yield f'{"total":10} {"":10}' + _row(
        figures['baselines'], [column['total'] for column in columns])
    if projected:
        timing = figures['timing']
        for task, found in timing['tasks'].items():
            yield (f'OVO-Timing {task}: F1 {found["f1"]}, recall {found["recall"]}, precision '
                   f'{found["precision"]}')
        first = timing['crr_first_answer']
        yield f'OVO-Timing: F1 {timing["mean_f1"]}; CRR first answered ' + ', '.join(
            f'{count} {name}' for name, count in first.items())
        yield f'StreamPro-F1 of the timing: {figures["streampro_f1"]["mean_f1"]}; ' + ', '.join(
            f'{task} {found["f1"]}' for task, found in figures['streampro_f1']['tasks'].items())


def _row(baselines: dict[str, Any], values: list[float | None]) -> str:
    widths = [10, *(max(10, len(name)) for name in baselines)]
    return ''.join(
        f'  {"-" if value is None else f"{value:.2f}":>{width}}'
        for value, width in zip(values, widths, strict=True))
