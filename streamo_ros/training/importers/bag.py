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
Your own robot's bags: what was asked of them, and what is true, as ``streamo evaluate`` reads it.

Each instruction is asked of each camera that it is meant for, at its time, or at once where it
stands when a film begins. An event is answered in its own words; of one that is not over when its
film ends only Standby is left. An instruction of which nobody says what is true is a bad record.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import InstructionError
from streamo_ros.output import OutputFolder
from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_cameras import bag_cameras
from streamo_ros.sources.source_error import SourceError
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.training.conversion.mended import Finding
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.importers.bag_films import BagFilms
from streamo_ros.training.importers.bag_films import CameraFilm
from streamo_ros.training.importers.events import Event
from streamo_ros.training.importers.events import second_of
from streamo_ros.training.importers.importer import Importer
from streamo_ros.training.importers.importer import Note
from streamo_ros.training.importers.importer import nothing
from streamo_ros.training.importers.importer import OnRead
from streamo_ros.training.importers.tasks import asked
from streamo_ros.training.importers.tasks import EVENT_CAPTION
from streamo_ros.training.importers.tasks import over
from streamo_ros.training.importers.videos import Film
from streamo_ros.training.importers.videos import Videos
from streamo_ros.training.json_records import FileError

SOURCE = 'bag'
DONE = 'It has happened.'
"""The answer to an event that comes without words."""


@dataclass(frozen=True)
class RecordedBag:
    """
    A bag to learn from.

    :param name: unique among all
    """

    path: Path
    name: str
    annotations: Annotations


@dataclass(frozen=True)
class _Record:
    """
    An instruction and a film that it is asked of.

    :param zero: the annotations' second of the film's start
    :param findings: about the bag's films, with its first record
    """

    bag: str
    asked: Asked
    film: CameraFilm
    zero: float
    findings: tuple[Finding, ...] = ()


def importer(bags: Sequence[RecordedBag], films: OutputFolder, fps: float) -> Importer:
    """
    Return the importer of bags, which makes their films on the way.

    :param films: where they go
    :param fps: frames a second that are sampled
    """
    by_path = {bag.path: bag for bag in bags}
    return Importer(
        lambda path, on_read: enumerate(_read(by_path[path], films, fps, on_read)), _convert,
        nothing)


def _read(
    bag: RecordedBag, folder: OutputFolder, fps: float, on_read: OnRead,
) -> Iterator[_Record | BadRecord]:
    asked = bag.annotations.instructions
    if not asked:
        yield BadRecord('instructions', 'nothing is asked of this bag')
        return
    findings: list[Finding] = []
    try:
        films, first = _films(bag, folder, fps, findings, on_read)
    except SourceError as error:
        raise FileError(str(error)) from error
    offset = first * 1e-9 if bag.annotations.absolute else 0.0
    for one in asked:
        shown = [
            film for film in films if one.camera in ('', film.camera)
            and one.asked - offset < film.start + film.seconds]
        for film in shown:
            yield _Record(bag.name, one, film, film.start + offset, tuple(findings))
            findings.clear()
        if not shown:
            yield BadRecord('camera' if one.camera else 'asked', (
                f'{one.id!r} is asked of no camera that has a frame by then: left out'))


def _films(
    bag: RecordedBag, folder: OutputFolder, fps: float, findings: list[Finding], on_read: OnRead,
) -> tuple[list[CameraFilm], int]:
    """
    Make the films of a bag; return them, and the stamp of its first frame.

    :raises SourceError: when there is none
    """
    with Bag(bag.path) as opened:
        # As it is evaluated: cameras that nobody names do not count, nor do their first frames.
        cameras, passed_over = bag_cameras(
            opened, {one.camera for one in bag.annotations.instructions})
        findings += [
            Finding(kind.replace(' ', '-'), 'camera', what) for kind, what in passed_over]
        with BagFilms(bag.name, list(cameras), fps, folder, findings.append) as films:
            for message in opened.messages(list(cameras.items())):
                films.take(message)
                on_read(len(message.raw))
            made = films.finish()
        findings += [
            Finding(kind.replace(' ', '-'), '', what) for kind, what in opened.troubles]
    if films.first is None:
        raise SourceError(f'{bag.path} holds no frame that can be used')
    return made, films.first


def _convert(record: _Record, videos: Videos, note: Note) -> Iterable[Annotation]:
    for finding in record.findings:
        note(finding)
    one, shown = record.asked, record.film
    if one.events is None:
        raise BadRecord('events', f'what is true of {one.id!r} is not known: mark it')
    try:
        question = clean_instruction(one.text)
    except InstructionError as error:
        raise BadRecord('text', str(error)) from error
    answers = []
    for place, expected in enumerate(one.events):
        field = f'{one.id}.events[{place}]'
        start, end = expected.start - record.zero, expected.end - record.zero
        if end < 0 or start >= shown.seconds:
            note(Finding('outside', field, f'it is not in {shown.path}: left out there'))
            continue
        if not expected.answer.strip():
            note(Finding('no-answer', field, f'it is answered with {DONE!r}'))
        answers.append(over(
            Event(max(start, 0.0), end), expected.answer.strip() or DONE))
    yield asked(
        Film(SOURCE, shown.path, shown.seconds), one.task or EVENT_CAPTION, question, answers,
        second_of(max(one.asked - record.zero, 0.0)))
