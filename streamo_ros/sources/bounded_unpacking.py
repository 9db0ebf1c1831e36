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
Bounds on what a bag unpacks to, put into ``rosbags``, which has none.

A chunk of an MCAP file, a message of a compressed bag and a file of one may say, and hold, any
number of bytes for a few that lie on the disk. ``rosbags`` unpacks them whole, the files into the
folder for temporary ones, by functions that it finds in its modules when it reads; ``install``
puts bounded ones there.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
import os
import shutil
import tempfile
from types import SimpleNamespace
from types import TracebackType
from typing import Any

MAX_UNPACKED = 256_000_000
"""Bytes of one chunk or message; a raw picture of 20 million pixels is a quarter of it."""

MAX_RATIO = 1000
"""Bytes that each of a packed file may unpack to; pictures without noise reach hundreds."""


@cache
def install() -> None:
    """Have ``rosbags`` refuse what unpacks to more, from now on."""
    from rosbags.rosbag2 import reader
    from rosbags.rosbag2 import storage_mcap
    of_messages: Any = reader  # what it imports is no part of its types
    zstd = getattr(of_messages, 'zstd', None)
    if zstd is None or not hasattr(storage_mcap, 'DECOMPRESSORS'):
        return  # a release that is made otherwise: it is read as it reads
    lz4: Any = import_module('lz4.frame')

    def unpack_zstd(data: bytes, size: int) -> bytes:
        return _unpacked(zstd.ZstdDecompressor(), data, size)

    storage_mcap.DECOMPRESSORS.update({
        'zstd': unpack_zstd,
        'lz4': lambda data, size: _unpacked(lz4.LZ4FrameDecompressor(), data, size)})
    # A reader calls these two of zstd's functions: one for messages, one for whole files.
    of_messages.zstd = SimpleNamespace(
        open=lambda file, mode: _UnpackedFile(file, zstd.open(file, mode)),
        decompress=_message_unpacker(zstd))


class _UnpackedFile:
    """
    What a packed file holds, up to a bound: a multiple of its size, and half of the room there is.

    :param packed: the file
    :param unpacked: the same, as zstd opens it
    """

    def __init__(self, packed: Any, unpacked: Any) -> None:
        self._unpacked = unpacked
        self._name = packed.name
        size = os.fstat(packed.fileno()).st_size
        folder = tempfile.gettempdir()
        most = max(MAX_UNPACKED, MAX_RATIO * size)
        room = shutil.disk_usage(folder).free // 2
        self._left = min(most, room)
        self._cause = (
            f'{most} bytes, for {size} that it has' if most <= room
            else f'{room} bytes, half of what is free in {folder}')

    def __enter__(self) -> '_UnpackedFile':
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self._unpacked.close()

    def read(self, size: int) -> bytes:
        """
        Return the next bytes.

        :raises ValueError: when they are too many
        """
        data: bytes = self._unpacked.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(
                f'{self._name} unpacks to more than {self._cause}: if you trust it, unpack it '
                'with zstd -d and give that file')
        return data


def _message_unpacker(zstd: Any) -> Callable[[bytes], bytes]:
    def unpack(data: bytes) -> bytes:
        unpacked: bytes = zstd.ZstdDecompressor().decompress(data, max_length=MAX_UNPACKED + 1)
        if len(unpacked) > MAX_UNPACKED:
            raise ValueError(f'a message unpacks to more than {MAX_UNPACKED} bytes')
        return unpacked
    return unpack


def _unpacked(decompressor: Any, data: bytes, size: int) -> bytes:
    """
    Return what a packed chunk holds.

    :param size: what it says it holds
    :raises ValueError: when it holds more, or more than the bound
    """
    if size > MAX_UNPACKED:
        raise ValueError(f'a chunk unpacks to {size} bytes, and {MAX_UNPACKED} are the most')
    unpacked: bytes = decompressor.decompress(data, max_length=size + 1)
    if len(unpacked) > size:
        raise ValueError(f'a chunk unpacks to more than the {size} bytes that it says')
    return unpacked
