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
A checkpoint on real film, which none is trained on, beside frame differencing.

``film_annotations.json`` holds the events of the clips, marked by hand by the definitions of the
rendered worlds; where a careful person could decide either way, an answer is not counted. Events
that the clips lack are edited into them at known moments and reported apart. The clips come with
other packages and are not part of this one.
"""

import argparse
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import importlib.util
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.errors import UserError
from streamo_ros.metrics.events import EventScore
from streamo_ros.metrics.events import match
from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.sampler import SLACK_NS
from streamo_ros.studies.differencing import Differencing
from streamo_ros.worlds.labels import Event
from streamo_ros.worlds.truth import due_tick

ANNOTATIONS = Path(__file__).parent / 'film_annotations.json'

# Each in words of the test split
INSTRUCTIONS = {
    'start': 'Notify me whenever something begins moving.',
    'stop': 'Notify me whenever something comes to a stop.',
    'enter': 'Notify me whenever an object comes into view.',
    'leave': 'Notify me whenever an object goes out of view.',
    'light_off': 'Notify me whenever the lights go off.',
    'light_on': 'Notify me whenever the lights go on.',
    'cover': 'Notify me whenever the lens is covered.',
    'uncover': 'Notify me whenever the lens is uncovered.',
    'move': 'Notify me whenever the camera is shifted.',
}

TOLERANCE_S = 1.0
"""How far an answer may lie from the tick that is due."""

_AT_ONCE = 5  # instructions of a run: all nine are more than an engine takes
_RAMP = 0.4  # seconds that an edit takes
_SETTLE = 0.5  # seconds of stillness after which motion counts as over, as in the worlds
_COVERS = {'black': (14, 13, 12), 'skin': (142, 92, 74), 'blur': None}


class FilmError(UserError):
    """A film that is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class Ignored:
    """A span of seconds in which a careful person could decide either way on some skills."""

    skills: tuple[str, ...]
    start: float
    end: float


@dataclass(frozen=True)
class Edit:
    """
    A change made to real footage.

    :param kind: 'dark', 'cover', 'shift' or 'freeze'
    :param start: second of the clip at which it begins
    :param end: second at which it begins to be undone
    :param gain: of 'dark': what is left of the brightness
    :param look: of 'cover': 'black', 'skin' or 'blur'
    :param to: of 'shift': the crop that is shown meanwhile
    """

    kind: str
    start: float
    end: float
    gain: float = 1.0
    look: str = ''
    to: tuple[float, ...] = ()

    def events(self) -> tuple[Event, Event]:
        """Return the events that it makes, exact by construction."""
        one, other = self.start, self.end
        if self.kind == 'freeze':
            return (Event('stop', one, one + _SETTLE, one),
                    Event('start', other, other + _SETTLE))
        if self.kind == 'shift':
            settled = one + _RAMP, other + _RAMP
            return (Event('move', one, settled[0] + _SETTLE, settled[0]),
                    Event('move', other, settled[1] + _SETTLE, settled[1]))
        skills = {'dark': ('light_off', 'light_on'), 'cover': ('cover', 'uncover')}[self.kind]
        return Event(skills[0], one, one + _RAMP), Event(skills[1], other, other + _RAMP)

    def share(self, time: float) -> float:
        """Return how much of it is applied at a second, 0..1."""
        return float(np.interp(
            time, (self.start, self.start + _RAMP, self.end, self.end + _RAMP), (0, 1, 1, 0)))


@dataclass(frozen=True)
class Clip:
    """
    A stretch of film from its beginning, and what happens in it.

    :param film: name of the file
    :param fps: frames a second to watch
    :param crop: left, top, right, bottom of what is shown, 0..1 of the film's frame
    """

    name: str
    film: str
    fps: float
    seconds: float
    crop: tuple[float, ...] = (0.0, 0.0, 1.0, 1.0)
    events: tuple[Event, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Annotations:
    """The marked clips, the edited ones, and where each film comes from."""

    sources: dict[str, dict[str, str]]
    clips: tuple[Clip, ...]
    edited: tuple[Clip, ...]


def load_annotations(file: Path = ANNOTATIONS) -> Annotations:
    """Read the annotations; the events and ignored spans of edited clips follow from the edits."""
    read = json.loads(file.read_text(encoding='utf-8'))

    def clip(row: dict[str, Any], **more: Any) -> Clip:
        return Clip(
            row['name'], row['film'], row['fps'], row['seconds'],
            tuple(row.get('crop', Clip.crop)), **more)

    clips = tuple(
        clip(row, events=tuple(
            Event(one['skill'], one['start'], one['end'], one.get('settled'))
            for one in row['events']), ignored=tuple(
                Ignored(tuple(one['skills']), one['start'], one['end'])
                for one in row['ignored']))
        for row in read['clips'])
    edited = []
    for row in read['edited']:
        edits = tuple(
            Edit(one['kind'], one['start'], one['end'], one.get('gain', 1.0),
                 one.get('look', ''), tuple(one.get('to', ())))
            for one in row['edits'])
        frozen = all(edit.kind == 'freeze' for edit in edits)
        # The footage has motion, arrivals and departures of its own that are not marked.
        unmarked = ('enter', 'leave') if frozen else ('enter', 'leave', 'start', 'stop')
        edited.append(clip(
            row, edits=edits, events=tuple(event for edit in edits for event in edit.events()),
            ignored=(Ignored(unmarked, 0, row['seconds']),
                     Ignored(('start', 'stop'), 0, min(2.0, row['seconds'])))))
    return Annotations(read['sources'], clips, tuple(edited))


def find_film(name: str, sources: Mapping[str, Mapping[str, str]], folder: Path | None) -> Path:
    """
    Return where a film is.

    :param folder: where to look first, at any depth
    :raises FilmError: when it is nowhere
    """
    if folder is not None:
        for found in sorted(folder.rglob(name)):
            return found
    source = sources[name]
    root = Path('/')
    if 'module' in source:
        package = importlib.util.find_spec(source['module'])  # found, never imported
        if package is None or package.origin is None:
            raise FilmError(f'{name} of {source["package"]} is not here: {source["get"]}')
        root = Path(package.origin).parent
    if not (root / source['path']).is_file():
        raise FilmError(
            f'{name} of {source["package"]} is not here: `{source["get"]}`, or name a folder that '
            'holds it with --films')
    return root / source['path']


def frames(clip: Clip, film: Path) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Yield the clip's frames, (H, W, 3) RGB, cropped and edited, with their stamps in seconds."""
    recording = open_recording(film, folder_fps=clip.fps).frames
    newest, shown = None, np.zeros((0, 0, 3), np.uint8)
    for tick in range(int(clip.seconds * clip.fps)):
        due = tick / clip.fps
        frozen = [edit for edit in clip.edits if edit.kind == 'freeze' and edit.start < due]
        held = any(due < edit.end for edit in frozen)
        # The film waits while it is frozen.
        at = due - sum(min(due, edit.end) - edit.start for edit in frozen)
        late = 0.0
        if newest is None or newest < at - SLACK_NS * 1e-9:
            taken = next((one for one in recording if one.stamp >= at * 1e9 - SLACK_NS), None)
            if taken is None:
                return
            newest, shown = taken.stamp * 1e-9, taken.picture()
            late = newest - at
        elif not held:
            continue  # no new frame: the last one was already shown for this moment
        yield _edited(shown, clip, due + late, tick), due + late


def _edited(
    picture: NDArray[np.uint8], clip: Clip, time: float, seed: int,
) -> NDArray[np.uint8]:
    crop = np.asarray(clip.crop)
    for edit in clip.edits:
        if edit.kind == 'shift':
            crop = crop + edit.share(time) * (np.asarray(edit.to) - crop)
    height, width = picture.shape[:2]
    left, top = int(crop[0] * width), int(crop[1] * height)
    columns = int((clip.crop[2] - clip.crop[0]) * width)
    rows = int((clip.crop[3] - clip.crop[1]) * height)
    shown = picture[top:top + rows, left:left + columns]
    for edit in clip.edits:
        share = edit.share(time)
        if share == 0 or edit.kind not in ('dark', 'cover'):
            continue
        if edit.kind == 'dark':
            changed = shown * (1 - share * (1 - edit.gain))
        else:
            colour = _COVERS[edit.look]
            if colour is None:
                cover = cv2.GaussianBlur(shown, (0, 0), 0.2 * columns).astype(np.float64)
            else:
                # Brighter on one side, where some light comes in.
                cover = np.asarray(colour) * np.linspace(0.8, 1.3, columns)[None, :, None]
            changed = (1 - share) * shown + share * cover
        noise = np.random.default_rng(seed).normal(0, 2, shown.shape)
        shown = np.clip(changed + noise, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(shown)


@dataclass
class Said:
    """The answers on one clip: their ticks by skill, and the stamps of all ticks."""

    stamps: list[float]
    ticks: dict[str, list[int]] = field(
        default_factory=lambda: {skill: [] for skill in INSTRUCTIONS})


def watch(engine: StreamEngine, shown: Sequence[tuple[NDArray[np.uint8], float]]) -> Said:
    """Run the engine for every skill, some instructions at a time."""
    said = Said([stamp for _, stamp in shown])
    skills = list(INSTRUCTIONS)
    for first in range(0, len(skills), _AT_ONCE):
        part = skills[first:first + _AT_ONCE]
        engine.restart(INSTRUCTIONS[skill] for skill in part)
        for tick, (frame, stamp) in enumerate(shown):
            for skill, decision in zip(part, engine.step(frame, stamp), strict=True):
                if decision.state is State.RESPONSE:
                    said.ticks[skill].append(tick)
    return said


def difference(shown: Sequence[tuple[NDArray[np.uint8], float]]) -> Said:
    """Run frame differencing for every skill."""
    said, differencing = Said([stamp for _, stamp in shown]), Differencing()
    for tick, (frame, _) in enumerate(shown):
        for skill, state in differencing.step(frame).items():
            if state is State.RESPONSE:
                said.ticks[skill].append(tick)
    return said


def score(clip: Clip, said: Said) -> dict[str, EventScore]:
    """
    Return the counts of due answers, given answers and hits by skill.

    An answer counts as a hit within ``TOLERANCE_S`` of the tick that is due. One that hits nothing
    and lies in an ignored span is left out.
    """
    scores = {}
    for skill, ticks in said.ticks.items():
        due = [
            tick for event in clip.events if event.skill == skill
            if (tick := due_tick(event, said.stamps)) is not None]
        pairs = match(due, ticks, tolerance=round(TOLERANCE_S * clip.fps))
        hits = {index for _, index in pairs}
        false = [
            tick for index, tick in enumerate(ticks)
            if index not in hits and not _is_ignored(clip, skill, said.stamps[tick])]
        scores[skill] = EventScore(len(due), len(pairs) + len(false), len(pairs))
    return scores


def _is_ignored(clip: Clip, skill: str, stamp: float) -> bool:
    return any(
        skill in span.skills and span.start <= stamp <= span.end for span in clip.ignored)


Scores = dict[str, dict[str, EventScore]]  # by watcher and skill


def run(
    checkpoint: str, clips: Sequence[Clip], sources: Mapping[str, Mapping[str, str]],
    folder: Path | None,
) -> tuple[Scores, list[dict[str, Any]], list[str]]:
    """
    Watch the clips.

    :returns: the scores; every answer with its clip; and what could not be watched, in sentences
    """
    scores: Scores = {
        watcher: dict.fromkeys(INSTRUCTIONS, EventScore())
        for watcher in (checkpoint, 'differencing', 'always silent')}
    answers: list[dict[str, Any]] = []
    missing: dict[str, None] = {}
    engines: dict[float, StreamEngine] = {}
    for clip in tqdm(clips, unit=' clip'):
        try:
            film = find_film(clip.film, sources, folder)
        except FilmError as error:
            missing[str(error)] = None
            continue
        shown = list(frames(clip, film))
        if clip.fps not in engines:
            engines[clip.fps] = StreamEngine.from_pretrained(checkpoint, fps=clip.fps)
        for watcher, said in (
                (checkpoint, watch(engines[clip.fps], shown)), ('differencing', difference(shown)),
                ('always silent', Said([stamp for _, stamp in shown]))):
            for skill, counted in score(clip, said).items():
                scores[watcher][skill] += counted
                answers += [
                    {'clip': clip.name, 'watcher': watcher, 'skill': skill,
                     'stamp': round(said.stamps[tick], 2)} for tick in said.ticks[skill]]
    return scores, answers, list(missing)


def figures(scores: Scores) -> dict[str, Any]:
    """Return the scores by watcher, all skills together and each."""
    def row(score: EventScore) -> dict[str, Any]:
        return {'event_f1': round(score.f1, 4), 'events': score.true, 'answers': score.said,
                'hits': score.hits}

    return {
        watcher: {**row(sum(skills.values(), EventScore())),
                  'skills': {skill: row(score) for skill, score in skills.items()}}
        for watcher, skills in scores.items()}


def table(title: str, scores: Scores) -> str:
    """Return hits, answers and event F1 of the watchers side by side, a row a skill."""
    watchers = list(scores)
    lines = [f'{title:18}{"events":>6}' + ''.join(f'{name:>20}' for name in watchers),
             ' ' * 24 + f'{"hits/said   F1":>20}' * len(watchers)]
    for skill in (*INSTRUCTIONS, 'all'):
        row = [
            sum(scores[watcher].values(), EventScore()) if skill == 'all'
            else scores[watcher][skill] for watcher in watchers]
        cells = ''
        for counted in row:
            # Without events there is no F1, only false answers.
            f1 = f'{counted.f1:.2f}' if counted.true else '-'
            cells += f'{f"{counted.hits}/{counted.said}":>14}{f1:>6}'
        lines.append(f'{skill:18}{row[0].true:6}{cells}')
    return '\n'.join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--films', type=Path, help='a folder that holds films not installed')
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """
    Print the tables, and write the figures and every answer if asked.

    :raises FilmError: after that, when films are missing
    """
    annotations = load_annotations()
    written: dict[str, Any] = {}
    unwatched: dict[str, None] = {}
    for title, clips in (
            ('real film', annotations.clips), ('edited real film', annotations.edited)):
        scores, answers, missing = run(
            options.checkpoint, clips, annotations.sources, options.films)
        unwatched.update(dict.fromkeys(missing))
        print(table(title, scores), end='\n\n')
        written[title.replace(' ', '_')] = {**figures(scores), 'answers': answers}
    if options.json:
        options.json.write_text(json.dumps(written, indent=2) + '\n', encoding='utf-8')
    if unwatched:
        raise FilmError('; '.join(unwatched))
