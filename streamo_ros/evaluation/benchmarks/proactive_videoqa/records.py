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
ProactiveVideoQA: questions asked ahead of what answers them, in four sets.

A folder with ``EGO``, ``TV``, ``VAD`` and ``WEB``, each with ``videos/`` and ``anno.json``::

    [{"question_id": "q1", "video": "a.mp4", "duration": 62.0,
      "conversation": [{"role": "user", "time": 0, "content": "What ...?"}],
      "answer": [{"content": "A door.", "reply_timespan": [10.0, 16.0],
                  "related_timespan": [10.0, 14.0]}]}]

A later user's turn in ``conversation`` takes the place of the question before it. A reply's time
is the end of its turn, as OneStreamer takes it. Scores: ``pauc``.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
import math
from pathlib import Path
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load
from streamo_ros.evaluation.benchmarks.fields import load_lines
from streamo_ros.evaluation.benchmarks.fields import mapping
from streamo_ros.evaluation.benchmarks.fields import optional
from streamo_ros.evaluation.benchmarks.fields import path
from streamo_ros.evaluation.benchmarks.fields import records
from streamo_ros.evaluation.benchmarks.fields import seconds
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import Replies
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import Turn

SETS = ('EGO', 'TV', 'VAD', 'WEB')


@dataclass(frozen=True)
class Record:
    """
    One question.

    :param key: ``<set> <question_id>``
    :param video: below the folder with the four sets
    :param duration: seconds; 0 where it is not told
    :param asked: the second and words of what the user says; the first is the question
    :param turns: the answers that are due
    """

    key: str
    part: str
    video: str
    duration: float
    asked: tuple[tuple[float, str], ...]
    turns: tuple[Turn, ...]

    @property
    def seconds(self) -> int:
        """Return how much of the video is watched: to the end of the last span."""
        last = math.ceil(self.turns[-1].span[1])
        return max(1, min(last, int(self.duration)) if self.duration else last)


def read_records(root: Path) -> list[Record]:
    """
    Return the questions of the sets that are there.

    :raises BenchmarkError: when none is, or a record is not as published
    """
    found: list[Record] = []
    for part in SETS:
        file = root / part / 'anno.json'
        if file.is_file():
            found += records(load(file), file, partial(_record, part))
    if not found:
        raise BenchmarkError(
            f'{root} holds none of {", ".join(f"{part}/anno.json" for part in SETS)}: give the '
            'folder that the benchmark was downloaded to')
    keys = {record.key for record in found}
    if len(keys) < len(found):
        raise BenchmarkError(f'{root} has a question_id twice in one set')
    return found


def _record(part: str, fields: Mapping[str, Any], index: int) -> Record:
    def said(found: Any) -> tuple[float, str] | None:
        turn = mapping(found)
        if optional(turn, 'role', text, 'user') != 'user':
            return None
        return optional(turn, 'time', seconds, 0.0), field(turn, 'content', text)

    def due(found: Any) -> Turn:
        turn = mapping(found)
        span = _span(turn, 'reply_timespan')
        related = _span(turn, 'related_timespan') if turn.get('related_timespan') else span
        return Turn(field(turn, 'content', text), span, related[1])

    asked = tuple(turn for turn in each(fields, 'conversation', said) if turn)
    if not asked:
        raise BadField('conversation: no user speaks in it')
    return Record(
        f'{part} {field(fields, "question_id", lambda found: text(str(found)))}', part,
        f'{part}/videos/{field(fields, "video", path)}',
        optional(fields, 'duration', seconds, 0.0), asked, each(fields, 'answer', due))


def _span(fields: Mapping[str, Any], name: str) -> tuple[float, float]:
    span = each(fields, name, seconds)
    if len(span) != 2 or span[0] > span[1]:
        raise BadField(f'{name}: {list(span)} is no beginning and end')
    return span[0], span[1]


def read_predictions(file: Path, found: Sequence[Record]) -> dict[str, Replies]:
    """
    Read predictions: lines of ``{"key": "EGO q1", "replies": [{"t": 12, "content": "..."}]}``.

    :raises BenchmarkError: naming the record that is not of this form
    """
    known = {record.key for record in found}
    replies: dict[str, Replies] = {}

    def reply(one: Any) -> tuple[float, str]:
        return field(mapping(one), 't', seconds), field(mapping(one), 'content', text)

    def of(fields: Mapping[str, Any], index: int) -> None:
        key = field(fields, 'key', text)
        if key not in known:
            raise BadField(f'key: {key!r:.60} is no question')
        if key in replies:
            raise BadField(f'key: {key!r:.60} was given before')
        replies[key] = sorted(each(fields, 'replies', reply) if fields.get('replies') else [])

    records(load_lines(file), file, of)
    return replies
