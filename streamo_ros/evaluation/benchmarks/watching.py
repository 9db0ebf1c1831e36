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

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.sampler import SLACK_NS

_LETTERS = 'SBR'  # Silence, Standby (standing by), Response


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


def pictures_at(video: Path, starts: Sequence[float]) -> Iterator[NDArray[np.uint8]]:
    """
    Yield a picture for each time, the first at or after it, until the video ends.

    :param starts: seconds since the first frame, growing
    :raises SourceError: when the video cannot be read
    """
    due = 0
    for frame in open_recording(video, 1.0).frames:
        while due < len(starts) and frame.stamp >= round(starts[due] * 1e9) - SLACK_NS:
            yield frame.picture()
            due += 1
        if due == len(starts):
            return
