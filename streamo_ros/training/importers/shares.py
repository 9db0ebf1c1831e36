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

"""How many records of each task and source make a mix of given shares."""

from collections.abc import Mapping
import math
from typing import TypeVar

from streamo_ros.errors import UserError

Cell = tuple[str, str]
"""A task and a source."""
_Key = TypeVar('_Key')


class MixError(UserError, ValueError):
    """A mix that cannot be drawn; the message says why."""


def quotas(
    available: Mapping[Cell, int], tasks: Mapping[str, float], sources: Mapping[str, float],
    total: int | None,
) -> dict[Cell, int]:
    """
    Return how many records to draw of each task and source.

    Tasks get their shares of all, sources theirs of each task that they have. A source that has
    too few leaves the rest to the others of its task; a task that has too few gets what there is.

    :param available: how many there are
    :param tasks: shares, in any unit; tasks that are not named are left out. Empty: as there are
    :param sources: likewise
    :param total: None for as many as the shares allow
    """
    of_task: dict[str, dict[Cell, int]] = {}
    for cell, count in available.items():
        if count and (not tasks or tasks.get(cell[0])) and (not sources or sources.get(cell[1])):
            of_task.setdefault(cell[0], {})[cell] = count
    weights = {
        task: {cell: sources[cell[1]] if sources else count for cell, count in cells.items()}
        for task, cells in of_task.items()}
    room = {task: _room(cells, weights[task]) for task, cells in of_task.items()}
    of_tasks = {task: tasks[task] if tasks else room[task] for task in of_task}
    if total is None:
        total, caps = _room(room, of_tasks), room
    else:
        caps = {task: sum(cells.values()) for task, cells in of_task.items()}
    drawn: dict[Cell, int] = {}
    for task, count in _rounded(total, of_tasks).items():
        drawn |= _apportioned(min(count, caps[task]), weights[task], of_task[task])
    return drawn


def check_named(kind: str, named: Mapping[str, float], there: set[str]) -> None:
    """
    Refuse shares of what no record has.

    :param kind: in words, such as ``task``
    :raises MixError: when there is such a one
    """
    if missing := sorted(named.keys() - there):
        raise MixError(
            f'no record has the {kind} {", ".join(missing)}: there is '
            f'{", ".join(sorted(there)) or "none"}')


def _room(available: Mapping[_Key, int], weights: Mapping[_Key, float]) -> int:
    """Return how many there can be with all shares kept."""
    whole = sum(weights.values())
    return math.floor(min(
        (count * whole / weights[key] for key, count in available.items()), default=0) + 1e-9)


def _rounded(total: int, weights: Mapping[_Key, float]) -> dict[_Key, int]:
    """Return whole numbers in these shares; what is left goes to those cut off most."""
    whole = sum(weights.values())
    exact = {key: total * weight / whole for key, weight in weights.items()}
    counts = {key: math.floor(value + 1e-9) for key, value in exact.items()}
    by_rest = sorted(exact, key=lambda key: counts[key] - exact[key])
    for key in by_rest[:total - sum(counts.values())]:
        counts[key] += 1
    return counts


def _apportioned(
    total: int, weights: Mapping[_Key, float], caps: Mapping[_Key, int],
) -> dict[_Key, int]:
    """Return whole numbers in these shares, none above its cap: the others take its rest."""
    drawn = dict.fromkeys(weights, 0)
    total = min(total, sum(caps.values()))
    while left := total - sum(drawn.values()):
        open_ = {key: weight for key, weight in weights.items() if drawn[key] < caps[key]}
        for key, count in _rounded(left, open_).items():
            drawn[key] = min(caps[key], drawn[key] + count)
    return drawn
