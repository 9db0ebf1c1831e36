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

"""A video watched with questions that come at their time, and what was decided of each."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from functools import partial
import math
from pathlib import Path
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.undone import do_undone
from streamo_ros.evaluation.spread import Spread
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.sampler import SLACK_NS
from streamo_ros.sources.source_error import SourceError

_LETTERS = 'SBR'  # Silence, Standby (standing by), Response


@dataclass(frozen=True)
class EngineOptions:
    """
    What an engine is made of, for every process that makes its own.

    :param checkpoint: a name or a directory
    :param window_turns: None takes the checkpoint's own number
    :param threads: as in ``given_threads``
    """

    checkpoint: str = 'nano'
    backend: str = 'auto'
    window_turns: int | None = None
    zero_shot: bool = False
    threads: int = 0

    def __call__(self, fps: float) -> StreamEngine:
        """Return this process's engine for turns a second."""
        return _engine(self, fps)


@lru_cache(maxsize=2)
def _engine(options: EngineOptions, fps: float) -> StreamEngine:
    return StreamEngine.from_pretrained(
        options.checkpoint, backend=options.backend, window_turns=options.window_turns, fps=fps,
        zero_shot=options.zero_shot, threads=options.threads)


@dataclass(frozen=True)
class Question:
    """
    A question and the turns that it stands at.

    :param first: the turn with whose frame it comes
    :param last: the last turn it stands at
    """

    text: str
    first: int = 0
    last: float = math.inf


@dataclass(frozen=True)
class Heard:
    """
    What was decided of a question.

    :param first: the turn that it came at
    :param states: one a turn from there on; fewer than it stood for where the video ended before
    :param answers: what was said, by turn of the video
    """

    first: int
    states: tuple[State, ...]
    answers: dict[int, str]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {
            'first': self.first, 'states': ''.join(_LETTERS[state] for state in self.states),
            'answers': {str(turn): text for turn, text in self.answers.items()}}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> 'Heard':
        """Return what ``to_json`` kept."""
        return cls(
            found['first'], tuple(State(_LETTERS.index(letter)) for letter in found['states']),
            {int(turn): text for turn, text in found['answers'].items()})


@dataclass(frozen=True)
class Session:
    """
    A video to be watched.

    :param starts: the second at which each turn's frame is due, growing
    :param fps: turns a second
    """

    video: Path
    questions: Sequence[Question]
    starts: Sequence[float]
    fps: float = 1.0


@dataclass(frozen=True)
class Watched:
    """
    What came of sessions.

    :param heard: by key, of each question of a session; not of those that were not watched
    :param absent: keys of the sessions whose videos are not there, with the videos' names
    :param left_out: by key, why a session could not be watched
    """

    heard: dict[str, list[Heard]]
    absent: dict[str, str]
    left_out: dict[str, str]

    def counts(self) -> dict[str, Any]:
        """Return what a report says of it."""
        return {
            'watched': len(self.heard),
            'absent_videos': sorted(set(self.absent.values())),
            'records_of_absent_videos': len(self.absent),
            'left_out': self.left_out}


def watch_undone(
    sessions: Mapping[str, tuple[str, Session]], new_engine: Callable[[float], StreamEngine],
    journal: Journal, over: Spread,
) -> Watched:
    """
    Watch what the journal does not have yet.

    :param sessions: by key, the name of the video and how it is watched
    :param new_engine: gives an engine for turns a second
    :param over: where they are watched
    """
    there = {key: session for key, (_, session) in sessions.items()
             if key in journal.entries or session.video.is_file()}
    absent = {key: name for key, (name, _) in sessions.items() if key not in there}
    left_out = do_undone(partial(heard_in, new_engine), there, journal, over)
    return Watched({
        key: [Heard.from_json(one) for one in journal.entries[key]['heard']]
        for key in sessions if key in journal.entries}, absent, left_out)


def heard_in(
    new_engine: Callable[[float], StreamEngine], session: Session,
) -> dict[str, Any]:
    """
    Watch a video; return what was decided as an entry of a journal.

    :param new_engine: gives the engine for turns a second
    :raises SourceError: as ``watch`` does
    :raises InstructionError: likewise
    """
    found = watch(
        new_engine(session.fps), session.video, session.questions, session.starts)
    return {'heard': [one.to_json() for one in found]}


def watch(
    engine: StreamEngine, video: Path, questions: Sequence[Question], starts: Sequence[float],
) -> list[Heard]:
    """
    Watch a video from its beginning, turn by turn, as a new stream.

    A question is given to the engine at its turn, and sees the turns of the window before: what
    it asks may be of what has been.

    :param starts: the second at which each turn's frame is due, growing
    :raises SourceError: when the video cannot be read
    :raises InstructionError: when a question cannot be taken
    """
    engine.restart()
    states: dict[str, list[State]] = {str(index): [] for index in range(len(questions))}
    answers: dict[str, dict[int, str]] = {name: {} for name in states}
    for turn, picture in enumerate(pictures_at(video, starts)):
        for watch in engine.watches:
            if turn > questions[int(watch.instruction_id)].last:
                watch.cancel()
        for index, question in enumerate(questions):
            if question.first == turn:
                engine.watch(question.text, str(index), look_back=True)
        for decision in engine.step(picture, starts[turn]):
            states[decision.instruction_id].append(decision.state)
            if decision.state is State.RESPONSE:
                answers[decision.instruction_id][turn] = decision.text.strip()
    return [
        Heard(question.first, tuple(states[str(index)]), answers[str(index)])
        for index, question in enumerate(questions)]


def pictures_at(
    video: Path, starts: Sequence[float], folder_fps: float = 1.0,
) -> Iterator[NDArray[np.uint8]]:
    """
    Yield a picture for each time, the first at or after it, until the video ends.

    :param starts: seconds since the first frame, growing
    :param folder_fps: of a video that is a folder of pictures
    :raises SourceError: when the video cannot be read
    """
    due = 0
    bad, reason = 0, ''
    recording = open_recording(video, folder_fps)
    for frame in recording.frames:
        if due == len(starts):
            break
        try:
            frame.check()
            while due < len(starts) and frame.stamp >= round(starts[due] * 1e9) - SLACK_NS:
                yield frame.picture()
                due += 1
        except ImageError as error:
            bad, reason = bad + 1, str(error)
    if bad and not due:
        raise SourceError(f'{video} holds no frame that can be used: {reason}')
    if bad:
        print(f'streamo: {video}: {bad} bad images were passed over: {reason}', file=sys.stderr)
    for notice in recording.notices:
        print(f'streamo: {notice}', file=sys.stderr)
