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

"""The report of a conversion: every finding as it comes, and the counts behind them."""

from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict
import json
import os
from pathlib import Path
from typing import Any
from typing import TextIO

from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.json_records import RecordWriter
from streamo_ros.training.json_records import written_whole


class Report:
    """
    A report that is being written.

    :param file: None where none is wanted
    """

    def __init__(self, file: TextIO | None) -> None:
        self._file = file
        if file:
            file.write('{"findings":\n')
            self._findings = RecordWriter(file)

    def note(self, source: Path, index: int, finding: Finding) -> None:
        """Write what was found in a record of a file."""
        if self._file:
            name = os.fsencode(source).decode(errors='replace')  # names of files may be any bytes
            self._findings.write({'file': name, 'record': index, **asdict(finding)})

    def finish(self, counts: Mapping[str, Any]) -> None:
        """Write the counts, and close the JSON."""
        if self._file:
            self._findings.finish()
            self._file.write(',\n' + json.dumps(counts, indent=2)[2:] + '\n')


@contextmanager
def report_in(target: Path | None) -> Iterator[Report]:
    """
    Give a report to write that takes its place when all is written; None for none.

    :raises OutputError: as ``written_whole`` does
    """
    if target is None:
        yield Report(None)
        return
    with written_whole(target) as file:
        yield Report(file)
