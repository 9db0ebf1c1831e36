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


"""An engine that decides by a script, whatever it is shown; it needs neither a model nor ROS."""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import Thresholds
from streamo_ros.engine import Watch
from streamo_ros.strict_json import parse_json

CERTAINTY = 0.8
"""The probability of what is decided; the other two states share the rest."""


class ScriptError(ValueError):
    """A script that cannot be followed; the message says why."""


@dataclass(frozen=True)
class Cue:
    """
    A decision of the script; what no cue is about is decided as Silence.

    :param state: what is decided
    :param text: the answer, where the state is Response
    :param data: its data as JSON, where the instruction asks for that
    :param frame: when: the number of the frame, from 0 on, since the instruction stands or the
        stream was reset
    :param stamp: or when: at the first frame that is not before this, in seconds
    :param instruction: the text of the instruction that it is about; empty: any
    :raises ScriptError: when it makes no sense
    """

    state: State
    text: str = ''
    frame: int | None = None
    stamp: float | None = None
    instruction: str = ''
    data: str = ''

    def __post_init__(self) -> None:
        if (self.frame is None) == (self.stamp is None):
            raise ScriptError(f'{self} must have either a frame or a stamp')
        if not (isinstance(self.state, State)
                and isinstance(self.text, str) and isinstance(self.instruction, str)
                and isinstance(self.data, str)
                and isinstance(self.frame, int | None)
                and isinstance(self.stamp, int | float | None)):
            raise ScriptError(f'{self} has a field of the wrong type')
        if (self.text or self.data) and self.state is not State.RESPONSE:
            raise ScriptError(f'{self} has a text or data: only a Response says something')
        if self.data:
            try:
                parse_json(self.data)
            except ValueError as error:
                raise ScriptError(f'{self} has data that is no JSON: {error}') from error


def read_script(file: Path) -> list[Cue]:
    """
    Return the cues of a JSON file: a list of objects with the fields of ``Cue``.

    :raises ScriptError: when the file is none
    """
    try:
        script = parse_json(file.read_text(encoding='utf-8'))
        if not isinstance(script, list):
            raise TypeError('it is not a list')
        return [Cue(State[fields.pop('state').upper()], **fields) for fields in script]
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise ScriptError(
            f'{file} is no script ({error!r}): it must be a list of objects such as '
            '{"state": "response", "text": "It is open.", "frame": 2}') from error


class MockEngine:
    """
    An engine with the public face of ``StreamEngine``.

    :param script: what it decides; None: Silence, Standby and Response in turn
    """

    visual_tokens_pruned = 0.0
    skipped_frames = 0
    seconds: Mapping[str, float] = {}
    link: Mapping[str, str] = {}

    def __init__(self, script: Sequence[Cue] | None = None) -> None:
        self.watches: tuple[Watch, ...] = ()
        self._script = script
        self._names = (f'watch-{number}' for number in itertools.count(1))
        self._answers: dict[str, AnswerFormat] = {}
        self._frames: dict[str, int] = {}   # that each instruction has been judged at
        self._stamp = -math.inf             # of the frame before

    @classmethod
    def from_pretrained(cls, name: str | Path = '', **options: Any) -> 'MockEngine':
        """
        Return an engine, as ``StreamEngine.from_pretrained`` does.

        :param name: a JSON file with its script; what does not end in ``.json`` is no script
        :param options: are not heeded
        :raises ScriptError: when the file is none
        """
        file = Path(name)
        return cls(read_script(file) if file.suffix == '.json' else None)

    def new_stream(self) -> 'MockEngine':
        """Return an engine for another stream, by the same script."""
        return type(self)(self._script)

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
        answer: AnswerFormat | None = None,
    ) -> Watch:
        """
        Add a standing instruction; it is judged from the next frame on.

        :raises InstructionError: when it is empty or its id is taken
        """
        text = clean_instruction(text)
        id = instruction_id or next(self._names)
        if any(watch.instruction_id == id for watch in self.watches):
            raise InstructionError(
                f'instruction id {id!r} is taken: cancel it first or use another')
        watch = Watch(id, text, self._cancel)
        self.watches += (watch,)
        if answer:
            self._answers[id] = answer
        return watch

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """Decide about each instruction what the script says of this frame."""
        decisions = []
        for watch in self.watches:
            number = self._frames.get(watch.instruction_id, 0)
            self._frames[watch.instruction_id] = number + 1
            cue = self._decide(watch.text, number, stamp)
            state, data, trouble = cue.state, '', ''
            if state is State.RESPONSE and (answer := self._answers.get(watch.instruction_id)):
                data = cue.data
                if self._script is None and answer.choices:
                    data = json.dumps(answer.choices[0])
                trouble = '' if data else 'the script says nothing of its data'
            rest = (1 - CERTAINTY) / 2
            silence, standby, response = (
                CERTAINTY if other is state else rest for other in State)
            decisions.append(Decision(
                watch.instruction_id, state, (silence, standby, response), cue.text, True, stamp,
                data, trouble))
        self._stamp = stamp
        return decisions

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """Go on: the script knows neither rates nor thresholds."""

    def reset(self) -> None:
        """Start a new stream: frames are counted from 0 again, the instructions stay."""
        self._frames = {}
        self._stamp = -math.inf

    def interrupt(self) -> None:
        """Cut nothing: an answer of the script is out at once."""

    def check(self) -> None:
        """Find out nothing: a script is always there."""

    def _cancel(self, watch: Watch) -> None:
        watch.cancelled = True
        self.watches = tuple(other for other in self.watches if other is not watch)
        self._frames.pop(watch.instruction_id, None)
        self._answers.pop(watch.instruction_id, None)

    def _decide(self, instruction: str, number: int, stamp: float) -> Cue:
        if self._script is None:
            state = State(number % len(State))
            text = f'It happened at {stamp:.3f}.' if state is State.RESPONSE else ''
            return Cue(state, text, stamp=stamp)
        for cue in self._script:
            due = cue.frame == number if cue.stamp is None else self._stamp < cue.stamp <= stamp
            if due and cue.instruction in ('', instruction):
                return cue
        return Cue(State.SILENCE, stamp=stamp)
