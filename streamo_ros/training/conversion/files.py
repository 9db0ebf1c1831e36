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
A file of raw annotations to a file of the stream format, or back, record by record.

Memory does not grow with the file: corrections are counted, the first ones kept, and all written
to the report as they are found.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import field
import os
from pathlib import Path
from typing import Any

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.sources.stream_file import read_stream
from streamo_ros.sources.stream_file import stream_json
from streamo_ros.strict_json import parse_json
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.mended import mended_turns
from streamo_ros.training.conversion.mended import recover_annotation
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import read_annotation
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.conversion.reference import reference_turns
from streamo_ros.training.conversion.report import report_in
from streamo_ros.training.conversion.turn_count import turns_by_stride
from streamo_ros.training.conversion.turn_count import turns_by_time
from streamo_ros.training.conversion.turn_count import turns_of_seconds
from streamo_ros.training.conversion.turn_count import video_length
from streamo_ros.training.conversion.turn_count import VideoError
from streamo_ros.training.json_records import FileError
from streamo_ros.training.json_records import read_records
from streamo_ros.training.json_records import RecordWriter
from streamo_ros.training.json_records import written_whole

Converted = tuple[dict[str, Any], list[Finding]]
MOST_TURNS = 1_000_000
"""Eleven days at a turn a second: more is a broken length, and would not fit into memory."""
KEPT = 20
"""Findings that the summary shows."""


@dataclass(frozen=True)
class ToStream:
    """
    Converts one raw record; a call raises BadRecord when it cannot.

    :param system_prompt: the words that every conversation begins with
    :param fps: turns per second
    :param compat: exactly as the authors' converter does
    :param videos: the folder that the records' paths are relative to
    :param durations: by a video's path or name, for videos that are not there
    :param question: asked where a record asks nothing
    """

    system_prompt: str
    fps: float = 1.0
    compat: bool = False
    videos: Path = Path()
    durations: Mapping[str, object] = field(default_factory=dict)
    question: str = ''

    def __call__(self, record: object) -> Converted:
        annotation = read_annotation(record)
        count, findings = self._count(annotation)
        if count < 1:
            raise BadRecord('video_path', f'the video has no whole turn at {self.fps:g} fps')
        if count > MOST_TURNS:
            raise BadRecord('video_path', f'{count} turns are no stream: is its length right?')
        if self.compat:
            turns = reference_turns(annotation, count, self.fps, self.question)
        else:
            turns, mended = mended_turns(annotation, count, self.fps, self.question)
            findings += mended
        # The authors' tags count turns, whatever the rate.
        return stream_json(
            turns, 1.0 if self.compat else self.fps, self.system_prompt, annotation.video_path,
            vars(annotation)), findings

    def _count(self, annotation: Annotation) -> tuple[int, list[Finding]]:
        names = [name for name in (annotation.video_path, annotation.video_name) if name]
        for name in names:
            # Not a Path: those keep every name for good in Python's table of interned strings.
            file = os.path.join(self.videos, name)
            if os.path.isfile(file):
                try:
                    length = video_length(file)
                except VideoError as error:
                    raise BadRecord('video_path', str(error)) from error
                stride = turns_by_stride(length, self.fps)
                if self.compat:
                    return stride, []
                turns = turns_by_time(length, self.fps)
                return turns, [] if turns == stride else [Finding(
                    'sampling', 'video_path',
                    f'{turns} turns by time, not {stride} by a stride of whole frames')]
        known = [(self.durations[name], 'duration') for name in names if name in self.durations]
        for value, where in [*known, (annotation.duration, 'duration')]:
            seconds = read_seconds(value, where)
            if seconds is not None:
                return turns_of_seconds(seconds, self.fps, self.compat), []
        raise BadRecord(
            'video_path', f'{annotation.video_path} is not in {self.videos}, and its duration is '
            'not given: name the folder of the videos, or give durations')


def to_annotation(record: object) -> Converted:
    """
    Convert one record of the stream format back.

    :raises BadRecord: when it is not of that format
    """
    annotation, findings = recover_annotation(read_stream(record))
    return annotation.to_json(), findings


def read_durations(file: Path) -> Mapping[str, object]:
    """
    Return durations by a video's path or name, from a JSON object.

    :raises FileError: when the file holds none
    """
    try:
        durations = parse_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise FileError(f'{file} cannot be read as JSON ({error})') from error
    if not isinstance(durations, dict):
        raise FileError(f'{file} should hold an object, such as {{"clip.mp4": 61.5}}')
    return durations


@dataclass
class Summary:
    """
    What became of a file.

    :param records: how many it has, bad ones included
    :param corrections: how many of each kind
    :param first: the first findings, as (index of the record, finding)
    """

    records: int = 0
    bad: int = 0
    corrections: Counter[str] = field(default_factory=Counter)
    first: list[tuple[int, Finding]] = field(default_factory=list)

    def lines(self, source: Path) -> list[str]:
        """Return the summary as lines to print: counts, then what was done where."""
        rows = [f'{self.records - self.bad} of {self.records} records converted, '
                f'{self.corrections.total()} corrections']
        rows += [f'{count:8}  {kind}' for kind, count in self.corrections.most_common()]
        for index, finding in self.first:
            rows.append(
                f'{source} record {index}  {finding.field}  {finding.kind}: {finding.what}')
        if (more := self.corrections.total() - len(self.first)) > 0:
            rows.append(f'and {more} more: --json lists all')
        return rows


def convert_file(
    source: Path,
    target: Path,
    convert: Callable[[object], Converted],
    report: Path | None = None,
    on_read: Callable[[int], object] = lambda count: None,
    on_bad: Callable[[str], object] = lambda sentence: None,
) -> Summary:
    """
    Convert a file; a bad record is reported and left out.

    :param convert: ``ToStream`` or ``to_annotation``
    :param report: where to write every finding and the counts, as JSON
    :param on_read: called with the size of each piece read, in bytes
    :param on_bad: called with a sentence for each bad record
    :raises FileError: when a file cannot be read or written
    """
    summary = Summary()
    with ExitStack() as files:
        writer = RecordWriter(
            files.enter_context(written_whole(target)), lines=target.suffix == '.jsonl')
        noted = files.enter_context(report_in(report))
        for index, record in enumerate(read_records(source, on_read)):
            summary.records += 1
            try:
                if isinstance(record, BadRecord):
                    raise record
                converted, corrections = convert(record)
                writer.write(converted)
            except BadRecord as error:
                summary.bad += 1
                on_bad(f'{source} record {index}: {error}')
                noted.note(source, index, Finding('bad-record', error.field, error.what))
                continue
            for finding in corrections:
                summary.corrections[finding.kind] += 1
                if len(summary.first) < KEPT:
                    summary.first.append((index, finding))
                noted.note(source, index, finding)
        writer.finish()
        noted.finish({
            'records': summary.records, 'bad': summary.bad,
            'corrections': dict(summary.corrections)})
    return summary
