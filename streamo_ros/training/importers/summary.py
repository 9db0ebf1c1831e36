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

"""What raw annotations hold: how many, events, tasks, lengths, and the states' shares."""

from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from streamo_ros.dialogue import State
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.sources.stream_file import Turn
from streamo_ros.training.conversion.files import MOST_TURNS
from streamo_ros.training.conversion.mended import mended_turns
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.conversion.turn_count import turns_of_seconds

_BOUNDS = (30, 60, 120, 240)
LENGTHS = ('0-30 s', '30-60 s', '60-120 s', '120-240 s', '240 s and more', 'not known')
"""The paper's classes of lengths."""


@dataclass
class Summary:
    """
    Counts over raw annotations.

    :param written: how many
    :param events: answers that are due in them
    :param tasks: how many of each task
    :param lengths: likewise of each class of ``LENGTHS``
    :param states: turns at one frame per second; of annotations of known length
    """

    written: int = 0
    events: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    lengths: Counter[str] = field(default_factory=Counter)
    states: Counter[State] = field(default_factory=Counter)

    def add(self, annotation: Annotation) -> None:
        """
        Count an annotation.

        :raises BadRecord: when it could not be made a stream of
        """
        seconds = read_seconds(annotation.duration, 'duration')
        self.states.update(turn.state for turn in turns_of(annotation) or ())
        self.written += 1
        self.events += len(annotation.responses)
        self.tasks[annotation.task_type] += 1
        self.lengths[_class(seconds)] += 1

    def shares(self) -> dict[str, float]:
        """Return each state's share of the turns."""
        turns = self.states.total()
        return {
            state.name.lower(): self.states[state] / turns if turns else 0.0 for state in State}

    def to_json(self) -> dict[str, Any]:
        """Return the counts as they stand in a report."""
        return {
            'written': self.written, 'events': self.events, 'tasks': dict(self.tasks),
            'lengths': {name: self.lengths[name] for name in LENGTHS if self.lengths[name]},
            'states': {name: round(share, 4) for name, share in self.shares().items()}}

    def lines(self) -> list[str]:
        """Return the table as lines to print."""
        rows = [f'{self.written:8}  annotations', f'{self.events:8}  answers']
        rows += [f'{count:8}  {task}' for task, count in sorted(self.tasks.items())]
        rows += [f'{self.lengths[name]:8}  {name}' for name in LENGTHS if self.lengths[name]]
        rows += [f'{share:8.1%}  {name}' for name, share in self.shares().items()]
        return rows


def turns_of(annotation: Annotation) -> list[Turn] | None:
    """
    Return the turns of an annotation, one a second; None when its length is not known.

    :raises BadRecord: when it could not be made a stream of
    """
    seconds = read_seconds(annotation.duration, 'duration')
    if seconds is None:
        return None
    count = turns_of_seconds(seconds, 1.0, compat=False)
    if not 1 <= count <= MOST_TURNS:
        raise BadRecord('duration', f'{seconds:g} s is the length of no film')
    return mended_turns(annotation, count, 1.0)[0]


def _class(seconds: float | None) -> str:
    if seconds is None:
        return LENGTHS[-1]
    return LENGTHS[sum(seconds >= bound for bound in _BOUNDS)]
