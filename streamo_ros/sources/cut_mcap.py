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
An MCAP file that was cut off while it was written, read as if it had been closed properly.

The format (https://mcap.dev/spec) is a sequence of records, each with its length. The whole ones
are kept and an empty footer is appended to them in memory, so that a reader goes through them one
by one, as in any file without an index. Nothing is written to disk.
"""

from collections.abc import Iterator
import io
from pathlib import Path
from typing import Any
from typing import BinaryIO

_MAGIC = b'\x89MCAP0\r\n'
_HEAD = 9  # opcode and length
_HOLDS_MESSAGES = (0x05, 0x06)  # a message, a chunk of them
_NO_DATA = (0x00, 0x0F)  # what was never written, and the end of the data
# A footer without an index: the offsets of the summary and its checksum are 0.
_END = b'\x02' + (20).to_bytes(8, 'little') + bytes(20) + _MAGIC


class CutMcap:
    """
    The path of such a file, which ``rosbags`` opens like any other.

    :raises OSError: when the file cannot be read
    :raises ValueError: when it is no MCAP, or holds no whole message
    """

    suffix = '.mcap'

    def __init__(self, path: Path) -> None:
        self._path = path
        size = path.stat().st_size
        with path.open('rb') as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise ValueError('it does not begin as an MCAP file does')
            records = list(_records(file, size))
        if not any(kind in _HOLDS_MESSAGES for kind, _ in records):
            raise ValueError('no message in it is whole')
        self._length = records[-1][1]
        self.lost = size - self._length
        """Bytes at the end of the file that make no whole record."""

    def __str__(self) -> str:
        """Return the path of the file itself."""
        return str(self._path)

    def exists(self) -> bool:
        """Say that it is there."""
        return True

    def is_dir(self) -> bool:
        """Say that it is a file."""
        return False

    def open(self, mode: str) -> io.BufferedReader:
        """Return the whole records, followed by the footer, for reading."""
        return io.BufferedReader(_Ended(self._path, self._length))


def _records(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Yield the kind of each whole record, and where it ends."""
    at = file.tell()
    while len(head := file.read(_HEAD)) == _HEAD and head[0] not in _NO_DATA:
        at += _HEAD + int.from_bytes(head[1:], 'little')
        if at > size:
            return
        yield head[0], at
        file.seek(at)


class _Ended(io.RawIOBase):
    """The first bytes of a file, followed by the footer."""

    def __init__(self, path: Path, length: int) -> None:
        self._file = path.open('rb')
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._length + len(_END))[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at < self._length:
            self._file.seek(self._at)
            part = self._file.read(min(len(buffer), self._length - self._at))
        else:
            behind = self._at - self._length
            part = _END[behind:behind + len(buffer)]
        buffer[:len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()
