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
An annotation file while it is marked on a page.

The page counts seconds from the earliest frame of the bag; the file from the first frame of the
cameras that it names, or as in the headers. What the file says of other bags stays as it is.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from streamo_ros.annotate.bag_film import BagFilm
from streamo_ros.output import check_replaceable
from streamo_ros.output import OutputError
from streamo_ros.output import write_text
from streamo_ros.sources.bag_annotation import AnnotationError
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import annotations_of
from streamo_ros.sources.bag_annotation import annotations_text
from streamo_ros.sources.bag_annotation import answer_fields
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import read_annotations

_HEAD_BYTES = 1 << 16
_MOST_COPIES = 100


class Document:
    """
    A file and what is said of one bag in it.

    :param file: it need not be there yet
    :param name: of the bag
    :raises AnnotationError: when the file is there and cannot be used
    :raises OutputError: when it could not be written
    """

    def __init__(self, file: Path, name: str) -> None:
        self.file = file
        self.version = 0
        """Grows with each save."""
        self._name = name
        self._content = b''
        self._copied = True
        self.annotations = Annotations(())
        if file.exists():
            self._content = file.read_bytes()
            self.annotations = read_annotations(file)
            # Comments and the like are lost when it is written anew: a copy keeps them.
            self._copied = self._content == annotations_text(self.annotations, file).encode()
        check_replaceable(file, self._is_ours)

    @property
    def cameras(self) -> set[str]:
        """Return the cameras that are named for this bag; '' for all of them."""
        return {one.camera for one in self.annotations.of(self._name).instructions}

    def to_page(self, film: BagFilm) -> list[dict[str, Any]]:
        """Return what is said of the bag, in the page's seconds."""
        offset = self._offset(film, self.cameras)
        return [{
            **{name: getattr(one, name) for name in ('id', 'text', 'camera', 'task', 'skill')},
            **answer_fields(one.answer),
            'asked': one.asked + offset if one.asked else 0.0,
            'events': None if one.events is None else [
                {'start': event.start + offset, 'end': event.end + offset,
                 'answer': event.answer} for event in one.events],
        } for one in self.annotations.of(self._name).instructions]

    def mark(self, stamp: int, film: BagFilm) -> float:
        """
        Return the page's second of a frame as it is marked: a whole millisecond of the file.

        What begins with a frame must have begun by its stamp, so it is never after it.
        """
        if self.annotations.absolute:  # floating point has no place for their nanoseconds
            return (stamp - 1000) // 1_000_000 / 1000 - film.zero * 1e-9
        zero = film.first_stamp(self.cameras)
        return (stamp - zero) // 1_000_000 / 1000 + (zero - film.zero) * 1e-9

    def save(self, said: object, film: BagFilm) -> None:
        """
        Write what the page says of the bag.

        :param said: as ``to_page`` has it
        :raises AnnotationError: when something in it makes no sense; the file is as it was
        :raises OutputError: when it cannot be written, or another program has changed it
        """
        read = annotations_of({'instructions': said}, 'the page').instructions
        offset = self._offset(film, {one.camera for one in read})
        changed = [self._from_page(one, offset) for one in read]
        annotations = replace(self.annotations, instructions=tuple(self._merged(changed)))
        for id, count in Counter(one.id for one in annotations.instructions).items():
            if count > 1:
                raise AnnotationError(f'{self.file} has the id {id!r} already, of another bag')
        content = annotations_text(annotations, self.file)
        if content.encode() != self._content:
            if not self._copied:
                self._copy()
            try:
                write_text(self.file, content, self._is_ours)
            except OutputError as error:
                if self.file.exists() and self.file.read_bytes() != self._content:
                    raise OutputError(
                        f'{self.file} was changed by something else: close this page and start '
                        'again') from error
                raise
            self._content = content.encode()
        self.annotations = annotations
        self.version += 1

    def _merged(self, changed: Sequence[Asked]) -> list[Asked]:
        """Return all instructions: those of other bags stay where they are."""
        mine = {one.id for one in self.annotations.of(self._name).instructions}
        others = [one for one in self.annotations.instructions if one.id not in mine]
        bags = {one.id: one.bag for one in self.annotations.instructions}
        return others + [replace(one, bag=bags.get(one.id, '')) for one in changed]

    def _from_page(self, one: Asked, offset: float) -> Asked:
        return replace(
            one, asked=round(one.asked - offset, 6) if one.asked > 0 else 0.0,
            events=None if one.events is None else tuple(sorted(
                (Expected(round(event.start - offset, 6), round(event.end - offset, 6),
                          event.answer) for event in one.events),
                key=lambda event: (event.start, event.end))))

    def _offset(self, film: BagFilm, cameras: set[str]) -> float:
        """Return what is to be added to the file's seconds for the page's."""
        if self.annotations.absolute:
            return -film.zero * 1e-9
        return (film.first_stamp(cameras) - film.zero) * 1e-9

    def _is_ours(self, head: bytes) -> bool:
        return head == self._content[:_HEAD_BYTES]

    def _copy(self) -> None:
        for number in range(1, _MOST_COPIES):
            place = self.file.with_name(
                f'{self.file.name}.orig{"" if number == 1 else number}')
            if not place.exists():
                write_text(place, self._content.decode())
                self._copied = True
                return
        raise OutputError(f'there are {_MOST_COPIES} copies of {self.file}: move some away')

