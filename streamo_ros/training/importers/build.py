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
Runs an importer over a file, or over a folder of files: raw annotations, and a list of findings.

Nothing is left out in silence. A record of which nothing can be used is bad, an event that cannot
be is left out; each has its file, place and field in the list. Memory does not grow with the
files: what was seen already and where films lie is kept on disk.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import field
from importlib import import_module
from pathlib import Path
from typing import Any

from streamo_ros.output import check_replaceable
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.report import report_in
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.seen import Seen
from streamo_ros.training.importers.summary import Summary
from streamo_ros.training.importers.videos import Videos
from streamo_ros.training.json_records import FileError
from streamo_ros.training.json_records import RecordWriter
from streamo_ros.training.json_records import written_whole


@dataclass
class Built:
    """
    What became of a data set.

    :param files: how many were read
    :param records: how many they have, bad ones included
    :param findings: how many of each kind
    :param summary: of what was written
    """

    files: int = 0
    records: int = 0
    bad: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    summary: Summary = field(default_factory=Summary)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as they stand behind the findings."""
        return {'files': self.files, 'records': self.records, 'bad': self.bad,
                'kinds': dict(self.findings), **self.summary.to_json()}

    def lines(self) -> list[str]:
        """Return the table as lines to print."""
        rows = [f'{self.files:8}  files', f'{self.records:8}  records', f'{self.bad:8}  bad ones']
        rows += self.summary.lines()
        return rows + [
            f'{count:8}  findings: {kind}' for kind, count in self.findings.most_common()]


def importer_of(source: str) -> Importer:
    """Return the importer of a data set by the name that the command line has for it."""
    module = import_module(f'streamo_ros.training.importers.{source.replace("-", "_")}')
    importer: Importer = module.IMPORTER
    return importer


def findings_of(target: Path) -> Path:
    """Return where the list of findings of a built file is."""
    return target.parent / f'{target.stem}.findings.json'  # '.' has no name to be replaced


def build(
    importer: Importer, files: Sequence[Path], videos: Videos, target: Path,
    on_read: Callable[[int], object] = lambda count: None,
    on_bad: Callable[[str], object] = lambda sentence: None,
) -> Built:
    """
    Import a data set, and write its raw annotations and, beside them, the list of findings.

    :param files: of its annotations, as ``files_in`` finds them
    :param target: an array, or lines if its name ends in ``.jsonl``
    :param on_read: called with the size of each piece read, in bytes
    :param on_bad: called with a sentence for each bad record
    :raises FileError: when nothing can be read
    :raises OutputError: when a file that is to be written is there already
    """
    for out in (target, findings_of(target)):
        check_replaceable(out)
    built = Built(files=len(files))
    seen = Seen()
    with ExitStack() as opened:
        writer = RecordWriter(
            opened.enter_context(written_whole(target)), lines=target.suffix == '.jsonl')
        report = opened.enter_context(report_in(findings_of(target)))
        for file in files:
            for index, record in _records(importer, file, on_read, len(files) == 1):
                built.records += 1

                def note(finding: Finding, file: Path = file, index: int = index) -> None:
                    built.findings[finding.kind] += 1
                    report.note(file, index, finding)

                try:
                    _check_new(importer, file, record, seen)
                    made = list(importer.convert(record, videos, note))
                    if not made:
                        raise BadRecord('', 'nothing is asked in it')
                except BadRecord as error:
                    built.bad += 1
                    note(Finding('bad-record', error.field, error.what))
                    on_bad(f'{file} record {index}: {error}')
                    continue
                _write(made, writer, built.summary, note)
        writer.finish()
        report.finish(built.to_json())
    return built


def files_in(annotations: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """
    Return the file itself, or the files of a folder and of those in it, in order.

    :raises FileError: when there is none
    """
    if not annotations.is_dir():
        return [annotations]
    found = sorted(
        path for path in annotations.rglob('*')
        if path.suffix.lower() in suffixes and path.is_file() and not any(
            part.startswith('.') for part in path.relative_to(annotations).parts))
    if not found:
        raise FileError(f'{annotations} holds no file that ends in {", ".join(suffixes)}')
    return found


def _records(
    importer: Importer, file: Path, on_read: Callable[[int], object], alone: bool,
) -> Any:
    """Yield a file's records; one of many that cannot be read is a bad record itself."""
    try:
        yield from importer.read(file, on_read)
    except FileError as error:
        if alone:
            raise
        yield 0, BadRecord('', str(error))


def _check_new(importer: Importer, file: Path, record: Any, seen: Seen) -> None:
    if isinstance(record, BadRecord):
        raise record
    where, value = importer.identity(record)
    # An identifier counts within a file: two annotators may write about the same film.
    if value is not None and seen.again(str(file), where, value):
        raise BadRecord(where, f'{value!r:.60} was there already: left out')
    try:
        if seen.again(record):
            raise BadRecord('', 'the same record was there already: left out')
    except RecursionError:
        raise BadRecord('', 'it is too deep to be read') from None


def _write(
    made: list[Annotation], writer: RecordWriter, summary: Summary,
    note: Callable[[Finding], None],
) -> None:
    for annotation in made:
        try:
            summary.add(annotation)
        except BadRecord as error:
            note(Finding('not-a-stream', error.field, f'{error.what}: left out'))
            continue
        writer.write(annotation.to_json())
