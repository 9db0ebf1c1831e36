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

"""What a long run has done so far, in a folder, so that the same command goes on with it."""

import json
from pathlib import Path
from typing import Any

from streamo_ros.errors import UserError
from streamo_ros.output import OutputFolder
from streamo_ros.strict_json import parse_json


class JournalError(UserError, ValueError):
    """A folder that holds another run; the message says what would help."""


def benchmark_folder(path: Path) -> OutputFolder:
    """Return the folder of a benchmark's run."""
    return OutputFolder(path, 'benchmark')


class Journal:
    """
    Entries by key, appended to ``watched.jsonl`` as they are made.

    :param settings: what the entries depend on; ``settings.json`` keeps it
    :raises JournalError: when the folder holds a run with other settings
    :raises OutputError: when it holds something else, or cannot be written
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._file = folder / 'watched.jsonl'
        kept = folder / 'settings.json'
        with benchmark_folder(folder):
            pass  # it is ours
        try:
            before = parse_json(kept.read_text(encoding='utf-8')) if kept.exists() else settings
            if not kept.exists():
                kept.write_text(json.dumps(settings, indent=2) + '\n', encoding='utf-8')
            self._file.touch()
            lines = self._file.read_bytes().splitlines(keepends=True)
        except (OSError, ValueError) as error:
            raise JournalError(f'{folder} cannot be used ({error}): give another') from error
        if before != settings:
            other = ', '.join(
                f'{name} {before.get(name)!r}' for name in settings
                if before.get(name) != settings[name])
            raise JournalError(f'{folder} holds a run with {other}: give another folder')
        if lines and not lines[-1].endswith(b'\n'):  # cut off while it was written
            lines.pop()
            self._file.write_bytes(b''.join(lines))
        self.entries: dict[str, Any] = {}
        for line in lines:
            entry = parse_json(line)
            self.entries[entry.pop('key')] = entry

    def add(self, key: str, entry: dict[str, Any]) -> None:
        """Keep an entry."""
        with self._file.open('a', encoding='utf-8') as file:
            file.write(json.dumps({'key': key, **entry}, ensure_ascii=False) + '\n')
        self.entries[key] = entry
