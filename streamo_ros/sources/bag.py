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
A rosbag2 in MCAP or SQLite3, compressed or not: its topics and messages, in the order recorded.

Bags come from robots that lost power, disks that filled and tools of other years. What can be
read is read; ``Bag.troubles`` says what cannot.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Generator
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
import heapq
import itertools
import os
from pathlib import Path
from types import TracebackType
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.sources import bounded_unpacking
from streamo_ros.sources.cut_mcap import CutMcap
from streamo_ros.sources.database_path import DatabasePath
from streamo_ros.sources.database_path import read_logs
from streamo_ros.sources.expanding_yaml import check_aliases
from streamo_ros.sources.expanding_yaml import read_bounded
from streamo_ros.sources.source_error import SourceError

if TYPE_CHECKING:  # rosbags is loaded with the first bag: robots have none to read
    from rosbags.rosbag2 import Reader
    from rosbags.typesys.store import Typestore

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
INSTRUCTION = 'streamo_ros/msg/Instruction'
STRUCTURED_INSTRUCTION = 'streamo_ros/msg/StructuredInstruction'
STATE = 'streamo_ros/msg/StreamState'
RESPONSE = 'streamo_ros/msg/Response'
STRING = 'std_msgs/msg/String'

STORAGES = ('.mcap', '.db3')

_STILL = 10  # messages at the beginning of a topic that all have one stamp: nobody sets it
_LATEST = 2**63 - 2  # nanoseconds of recording that rosbags can write again
_AT_ONCE = 1_000_000_000  # bytes of chunks that may lie unpacked beside one another


class MessageError(ValueError):
    """A message that is not what its type says; the message says which."""


@dataclass(frozen=True)
class BagMessage:
    """
    One message as it lies in a bag.

    :param logged: when it was recorded, nanoseconds
    :param raw: as it went over the wire (CDR)
    :param stamped: whether the driver of this topic sets stamps
    """

    topic: str
    type: str
    logged: int
    raw: bytes
    stamped: bool = True

    @property
    def stamp(self) -> int:
        """
        Return the stamp of a message that begins with a header, in nanoseconds.

        Where the driver sets none, it is when the message was recorded.

        :raises MessageError: when it is too short for one
        """
        return self._header_stamp() if self.stamped else self.logged

    def _header_stamp(self) -> int:
        if len(self.raw) < 12:
            raise MessageError(f'a message on {self.topic} has {len(self.raw)} bytes')
        order: Any = 'little' if self.raw[1] & 1 else 'big'
        return (int.from_bytes(self.raw[4:8], order, signed=True) * 10**9
                + int.from_bytes(self.raw[8:12], order))

    def deserialize(self) -> Any:
        """
        Return the message with the fields that its type has.

        :raises MessageError: when it cannot be read as one
        """
        try:
            return typestore().deserialize_cdr(self.raw, self.type)
        except Exception as error:  # of many kinds: the file may hold any bytes
            raise MessageError(
                f'a message on {self.topic} cannot be read as {self.type} ({error!r})') from error


@cache
def typestore() -> 'Typestore':
    """Return the message types of ROS 2 Jazzy and this package's own."""
    from rosbags.typesys import get_types_from_msg
    from rosbags.typesys import get_typestore
    from rosbags.typesys import Stores
    store = get_typestore(Stores.ROS2_JAZZY)
    for name in (INSTRUCTION, STRUCTURED_INSTRUCTION, STATE, RESPONSE):
        file = f'{name.rsplit("/", 1)[1]}.msg'
        found = next((folder / file for folder in _definitions() if (folder / file).is_file()),
                     None)
        if found is None:
            raise SourceError(
                f'{file} is nowhere: run from a checkout, or source the install/setup.bash of '
                'the workspace that streamo_ros was built in')
        store.register(get_types_from_msg(found.read_text(encoding='utf-8'), name))
    return store


def _definitions() -> Iterator[Path]:
    """Yield where messages' definitions may lie: beside the sources, or where they are built."""
    yield Path(__file__).resolve().parents[2] / 'msg'
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        yield Path(prefix) / 'share' / 'streamo_ros' / 'msg'


class Bag:
    """
    A bag opened for reading; to be used in a ``with``.

    :param path: a bag's directory, or one of its files
    :raises SourceError: when nothing of it can be read
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.troubles: list[tuple[str, str]] = []
        """What of it cannot be read: the kind in two words, and a sentence."""
        self._opened = ExitStack()
        self._stamped: dict[str, bool] = {}
        bounded_unpacking.install()
        read_logs()
        self._readers = self._open(_parts(path, self._trouble))
        if not self._readers and (path / 'metadata.yaml').is_file():
            # By metadata.yaml, one bad file makes the reader refuse all; and it may itself be
            # from a later release, or name files that were renamed. Each file is tried alone.
            refused = self.troubles[:]
            self._readers = self._open(storage_files(path))
            if self._readers:
                self.troubles = [
                    ('bad metadata', f'{sentence}: its files were read without metadata.yaml')
                    for _, sentence in refused] + self.troubles[len(refused):]
        if not self._readers:
            raise SourceError('; '.join(dict.fromkeys(
                sentence for kind, sentence in self.troubles if kind == 'unreadable')))

    def __enter__(self) -> 'Bag':
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all files."""
        self._opened.close()

    def _trouble(self, kind: str, sentence: str) -> None:
        self.troubles.append((kind, sentence))

    def _open(self, paths: Iterable[Path]) -> 'list[Reader]':
        from rosbags.rosbag2 import Reader
        readers = []
        for path in paths:
            try:
                if path.is_dir():
                    pipes = [file.name for file in path.iterdir() if file.is_fifo()]
                    if pipes:  # opening one waits for whoever writes to it
                        raise ValueError(f'{pipes[0]} in it is a pipe')
                    check_aliases(read_bounded(path / 'metadata.yaml'))
                reader = self._opened.enter_context(Reader(DatabasePath(path)))
                if any(_at_once(one) > _AT_ONCE for one in getattr(
                        reader.storage, 'storages', ())):
                    raise ValueError('its chunks overlap too much to be read together')
                readers.append(reader)
            except Exception as error:  # of many kinds: the file may hold any bytes
                whole = self._salvage(path) if path.suffix == '.mcap' else None
                if whole:
                    readers.append(whole)
                else:
                    self._trouble('unreadable', f'{path} cannot be read as a bag ({error})')
        return readers

    def _salvage(self, path: Path) -> 'Reader | None':
        """Return a reader of what a file holds up to where it was cut off, if it was."""
        from rosbags.rosbag2 import Reader
        try:
            cut: Any = CutMcap(path)
            reader = self._opened.enter_context(Reader(cut))
        except Exception:  # of many kinds: the file may hold any bytes
            return None
        self._trouble(
            'cut off', f'{path} was cut off while it was written: what lies before its last '
            f'{cut.lost} bytes was read')
        return reader

    @property
    def topics(self) -> dict[str, set[str]]:
        """Return the types of each topic; a well-kept topic has one."""
        found: dict[str, set[str]] = {}
        for reader in self._readers:
            for connection in reader.connections:
                found.setdefault(connection.topic, set()).add(connection.msgtype)
        return dict(sorted(found.items()))

    @property
    def start(self) -> int:
        """Return when the first message was recorded, nanoseconds."""
        return min(reader.start_time for reader in self._readers)

    @property
    def duration(self) -> int:
        """Return the nanoseconds from the first message to the last, as they were recorded."""
        return max(0, max(reader.end_time for reader in self._readers) - self.start)

    def messages(
        self, topics: Collection[tuple[str, str]], start: int | None = None,
        stop: int | None = None,
    ) -> Generator[BagMessage, None, None]:
        """
        Yield the messages of some (topic, type) in the order recorded.

        Where a file breaks off, so do its messages: ``troubles`` then says so.

        :param start: when recorded, nanoseconds
        :param stop: likewise, exclusive
        """
        for topic, type in topics:
            if type in (IMAGE, COMPRESSED_IMAGE) and topic not in self._stamped:
                self._stamped[topic] = self._has_stamps(topic, type)
        yield from heapq.merge(
            *(self._messages(reader, topics, start, stop) for reader in self._readers),
            key=lambda message: message.logged)

    def _has_stamps(self, topic: str, type: str) -> bool:
        """Say whether a driver sets stamps: whether those of its first messages differ."""
        self._stamped[topic] = True
        stamps = []
        messages = self.messages([(topic, type)])
        for message in itertools.islice(messages, _STILL):
            with suppress(MessageError):
                stamps.append(message.stamp)
        messages.close()
        if len(stamps) < 2 or len(set(stamps)) > 1:
            return True
        if len(stamps) < _STILL and stamps[0]:
            return True  # a picture that was sent again
        self._trouble(
            'no stamps', f'the stamps on {topic} all are {stamps[0] / 1e9:.3f} s: the times of '
            'recording were taken in their place; the driver must set header.stamp')
        return False

    def _messages(
        self, reader: 'Reader', topics: Collection[tuple[str, str]], start: int | None,
        stop: int | None,
    ) -> Iterator[BagMessage]:
        connections = [
            one for one in reader.connections if (one.topic, one.msgtype) in topics]
        if not connections:
            return
        try:
            # Without an index the reader demands messages in order of time; those of a cut file
            # lie in the order in which they were written.
            scan = getattr(reader.storage, 'messages_scan', None)
            read = scan if scan and (
                isinstance(reader.path, CutMcap) or _at_once(reader.storage) > _AT_ONCE
                ) else reader.messages
            for one, logged, raw in read(connections, start=start, stop=stop):
                yield BagMessage(
                    one.topic, one.msgtype, min(max(logged, 0), _LATEST), bytes(raw),
                    self._stamped.get(one.topic, True))
        except Exception as error:  # of many kinds: the file may hold any bytes
            self._trouble(
                'breaks off', f'{reader.path} cannot be read to its end ({error!r}): the rest of '
                'it is left out')


def _parts(path: Path, trouble: Callable[[str, str], None]) -> list[Path]:
    if not path.exists():
        raise SourceError(f'{path} does not exist: give a bag')
    if not path.is_dir() and not path.is_file():
        raise SourceError(f'{path} is neither a directory nor a file on a disk: give a bag')
    if not path.is_dir() or (path / 'metadata.yaml').is_file():
        return [path]
    files = storage_files(path)
    if not files:
        raise SourceError(
            f'{path} is no bag: it has neither metadata.yaml nor files *.mcap or *.db3')
    trouble('no metadata', f'{path} has no metadata.yaml: its files were read without')
    return files


def storage_files(path: Path) -> list[Path]:
    """Return the files of a directory that may be a bag's; hidden ones and pipes are none."""
    return sorted(
        file for file in path.iterdir()
        if file.suffix in STORAGES and not file.name.startswith('.') and file.is_file())


def _at_once(storage: Any) -> int:
    """Return the bytes of an MCAP file's chunks that a reader unpacks at once, as they overlap."""
    moments = sorted(
        (time, size) for chunk in getattr(storage, 'chunks', ())
        for time, size in ((chunk.message_start_time, chunk.uncompressed_size),
                           (chunk.message_end_time + 1, -chunk.uncompressed_size)))
    return max(itertools.accumulate(size for _, size in moments), default=0)
