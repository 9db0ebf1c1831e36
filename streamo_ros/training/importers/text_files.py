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

"""Files of text lines of any size."""

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.json_records import FileError

LONGEST = 1 << 20
"""Bytes that a line may have."""


def lines(file: Path, on_read: Callable[[int], object]) -> Iterator[tuple[int, str | BadRecord]]:
    """
    Yield the lines that are not blank, without space around them, and their numbers from 0.

    :param on_read: called with the size of each line, in bytes
    :raises FileError: when the file cannot be read
    """
    try:
        with file.open('rb') as binary:
            index = 0
            while line := binary.readline(LONGEST):
                on_read(len(line))
                if index == 0:
                    line = line.removeprefix(b'\xef\xbb\xbf')
                if len(line) == LONGEST:
                    yield index, BadRecord('', 'the line never ends: nothing behind was read')
                    return
                try:
                    text: str | BadRecord = line.decode().strip()
                except UnicodeDecodeError as error:
                    text = BadRecord('', f'it is no UTF-8 ({error.reason}): {line[:60]!r}')
                if text:
                    yield index, text
                    index += 1
    except OSError as error:
        raise FileError(f'{file} cannot be read ({error.strerror or error})') from error
