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
InteractionBench's items, as published on the Hub (812 videos, 1,060 items).

``annotations/<domain>/<video_id>.json``, one a video::

    {"video_id": "abc", "domain": "cooking", "video": "videos/cooking/abc.mp4",
     "duration_s": 183.4, "items": [
        {"capability": "PTR", "time_type": "B", "interaction_type": "INS",
         "range_length": "1-5min", "sub_tag": null, "is_negative": false, "auto_number": false,
         "question": "Tell me when ...", "question_time_s": 0,
         "answers": [{"time_s": 41.2, "content": "...", "evidence_time_s": 12.0}]}]}

``time_type`` A is asked at ``question_time_s`` and answered at once; B and C stand from second 0,
and are answered once or many times. An item is named ``<video_id>#<index>``. Items that are to
stay silent have ``is_negative``, or SHOULD_REMAIN_SILENT for content.
``mcq/mcq_options_v4.jsonl`` has ``{"item_id", "stem", "options"}`` of 688 items, and
``mcq/mcq_key_v4.jsonl`` their ``{"item_id", "correct_index", "answer_text", "distractors"}``.

As read in Espere-1119-Song/InteractionBench at 3bf1601; its licence is not stated there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
from streamo_ros.evaluation.benchmarks.fields import whole

SILENT = 'SHOULD_REMAIN_SILENT'

TASKS = {
    'IVQA': 'Look', 'LVM': 'Recall', 'CIR': 'Recall', 'TOA': 'Time', 'PTR': 'Alert',
    'CST': 'Track', 'BRC': 'Track', 'LCG': 'Commentate'}
"""By capability, the paper's task."""

_LETTERS = 'ABCDEF'


@dataclass(frozen=True)
class Due:
    """
    An answer that is due.

    :param time: seconds into the video
    """

    time: float
    content: str


@dataclass(frozen=True)
class Item:
    """
    One item. All times are seconds into the video.

    :param key: ``<video_id>#<index>``
    :param asked: when the question comes; the scores of types B and C take it for 0
    :param due: by time, those that share one put together; none of an item of silence
    :param contents: of all answers that are due, in the order of the file
    :param counting: whether answers are a running count
    :param options: of choice; ``right`` is the index of the right one
    :param stem: of choice, the question in place of ``question``
    """

    key: str
    video_id: str
    index: int
    video: str
    duration: float
    capability: str
    kind: str
    question: str
    asked: float
    due: tuple[Due, ...]
    contents: tuple[str, ...]
    silent: bool
    counting: bool
    options: tuple[str, ...] = ()
    right: int | None = None
    stem: str = ''

    @property
    def prompt(self) -> str:
        """Return what is asked, with options where it has them."""
        if not self.options:
            return self.question
        listed = ' '.join(
            f'{letter}. {option}'
            for letter, option in zip(_LETTERS, self.options, strict=False))
        return f'{self.stem or self.question} {listed} Answer with the letter of the option alone.'


def read_items(root: Path) -> list[Item]:
    """
    Return the items below a folder, in the order of domains and videos.

    Items that nothing can be scored of are left out, as the benchmark's own code does.

    :param root: with ``annotations``, and ``mcq`` where choices are to be scored as such
    :raises BenchmarkError: when there are none, or a record is not as published
    """
    folder = root / 'annotations' if (root / 'annotations').is_dir() else root
    files = sorted(
        folder.rglob('*.json'), key=lambda file: (*file.parent.parts, file.stem))
    choices = _choices(root / 'mcq')
    items: list[Item] = []
    for file in files:
        video = load(file)
        if isinstance(video, dict) and not video.get('items'):
            continue
        try:
            fields = mapping(video)
            items += [
                item for index, found in enumerate(each(fields, 'items', mapping))
                if (item := _item(fields, found, index, file.stem, choices))]
        except BadField as error:
            raise BenchmarkError(f'{file}: {error}') from error
    if not items:
        raise BenchmarkError(
            f'{root} holds no annotations/<domain>/<video_id>.json with items: give the folder '
            'that the benchmark was downloaded to')
    return items


def _item(
    video: Mapping[str, Any], fields: Mapping[str, Any], index: int, stem: str,
    choices: Mapping[str, dict[str, Any]],
) -> Item | None:
    try:
        kind = fields.get('time_type')
        answers = [
            (optional(answer, 'time_s', seconds, -1.0), optional(answer, 'content', str, ''))
            for answer in map(mapping, fields.get('answers') or [])]
        silences = [SILENT in content.upper() for _, content in answers]
        timed = [(time, content) for (time, content), silence in zip(
            answers, silences, strict=True) if time >= 0 and not silence]
        silent = bool(fields.get('is_negative')) or (bool(silences) and all(silences))
        if kind not in ('A', 'B', 'C') or not (silent or timed):
            return None
        at_once: dict[float, list[str]] = {}
        for time, content in timed:
            at_once.setdefault(time, []).append(content)
        name = str(video.get('video_id') or stem)
        key = f'{name}#{index}'
        return Item(
            key=key, video_id=name, index=index, video=field(video, 'video', path),
            duration=optional(video, 'duration_s', seconds, 0.0),
            capability=optional(fields, 'capability', text, 'UNKNOWN'), kind=kind,
            question=field(fields, 'question', text),
            asked=optional(fields, 'question_time_s', seconds, 0.0),
            due=tuple(Due(time, '; '.join(filter(None, contents)))
                      for time, contents in sorted(at_once.items())),
            contents=tuple(content for _, content in timed), silent=silent,
            counting=bool(fields.get('auto_number')) or fields.get('sub_tag') == 'counting',
            **choices.get(key, {}))
    except BadField as error:
        raise BadField(f'items[{index}].{error}') from error


def _choices(folder: Path) -> dict[str, dict[str, Any]]:
    """Return by item its options, stem, and the right index where the key is there."""
    def options_of(fields: Mapping[str, Any], index: int) -> tuple[str, dict[str, Any]]:
        return field(fields, 'item_id', text), {
            'options': each(fields, 'options', text), 'stem': optional(fields, 'stem', text, '')}

    def key_of(fields: Mapping[str, Any], index: int) -> tuple[str, dict[str, Any]]:
        options = list(each(fields, 'distractors', text))
        right = field(fields, 'correct_index', whole)
        if right > len(options):
            raise BadField(f'correct_index: {right} is no index of {len(options) + 1} options')
        options.insert(right, field(fields, 'answer_text', text))
        return field(fields, 'item_id', text), {'options': tuple(options), 'right': right}

    found: dict[str, dict[str, Any]] = {}
    for pattern, read in (('mcq_options*.jsonl', options_of), ('mcq_key*.jsonl', key_of)):
        for file in sorted(folder.glob(pattern))[-1:]:  # the latest version
            for name, fields in records(load_lines(file), file, read):
                found.setdefault(name, {}).update(fields)
    return found
