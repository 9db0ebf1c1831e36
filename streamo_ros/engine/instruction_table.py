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
The standing instructions, whoever asked for them and whatever happens to the engine.

The node has such a table, and so has an evaluation of what a node would have decided. Any thread
may change it; the engine's own thread then makes the engine's watches equal to it. The table
outlives the engine, so instructions survive a reset, a deactivation and a reload of the checkpoint
without being sent again.
"""

from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import itertools
import threading
from typing import Protocol

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import InstructionError
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.protocol import EngineFailure

MAX_CHARACTERS = 4096
"""Longer texts are refused before they are read; the engine's own limit, in tokens, is tighter."""

MAX_ID_CHARACTERS = 64

TRIALS = 2
"""How many engines may fail when they are given a new instruction; then it is refused."""

TOPIC = 'topic'
"""Came by a message; only these are remembered beyond the life of the node."""

PARAMETER = 'parameter'
"""Came by the node's parameters, at each start."""

GOAL = 'goal'
"""Came by a goal of ``~/watch_for``, and ends with it."""


class InstructionMessage(Protocol):
    """streamo_ros/Instruction, deserialised by rclpy or by the reader of a bag."""

    ADD: int
    REPLACE: int
    CANCEL: int
    CLEAR: int
    action: int
    id: str
    text: str
    source: str
    camera: str
    once: bool


@dataclass(frozen=True, eq=False)
class StandingInstruction:
    """
    One standing instruction.

    :param id: its name, unique among those standing
    :param text: what to watch for, cleaned
    :param source: who asked, for logs
    :param once: withdraw it after its first answer
    :param origin: how it came: TOPIC, PARAMETER or GOAL
    :param replaced: the instructions it replaced, which are restored if the engine refuses it
    :param camera: the one to watch; empty: all
    :param answer: what its answers have beside their words
    """

    id: str
    text: str
    source: str = ''
    once: bool = False
    origin: str = TOPIC
    replaced: tuple['StandingInstruction', ...] = field(default=(), repr=False)
    camera: str = ''
    answer: AnswerFormat | None = None

    def watches(self, camera: str) -> bool:
        """Return whether the camera of that name is to be watched."""
        return self.camera in ('', camera)


@dataclass(frozen=True)
class Refusal:
    """An instruction that the engine refused, and the reason in a sentence."""

    request: StandingInstruction
    reason: str


class InstructionTable:
    """
    The table of standing instructions of some cameras; safe to use from any thread.

    ``reconcile``, ``request_of`` and ``detach`` belong to the thread that owns the engine.

    :param cameras: the node's names for its cameras
    :param limit: how many may stand
    """

    def __init__(self, *cameras: str, limit: int = MAX_INSTRUCTIONS) -> None:
        self._cameras = cameras
        self._limit = limit
        self._lock = threading.Lock()
        self._desired: dict[str, StandingInstruction] = {}
        self._watches: dict[str, tuple[str, StandingInstruction, Watch]] = {}
        self._lost: Counter[tuple[str, StandingInstruction]] = Counter()
        self._proven: set[tuple[str, StandingInstruction]] = set()
        self._numbers = itertools.count(1)
        self._watch_numbers = itertools.count(1)

    @property
    def standing(self) -> tuple[StandingInstruction, ...]:
        """Return the standing instructions, oldest first."""
        with self._lock:
            return tuple(self._desired.values())

    def apply(
        self, message: InstructionMessage, origin: str = TOPIC,
        answer: AnswerFormat | None = None,
    ) -> None:
        """
        Do what an Instruction message asks.

        :param origin: TOPIC, or GOAL for one that was made from a goal
        :param answer: what its answers have beside their words
        :raises InstructionError: when the message cannot be followed; the table is as before
        """
        if message.camera not in ('', *self._cameras):
            raise InstructionError(
                f'there is no camera {message.camera[:40]!r} here: this node has '
                f'{", ".join(map(repr, self._cameras))}, and an empty name means all')
        if message.action == message.CLEAR:
            with self._lock:
                for request in self._only_about(message.camera):
                    del self._desired[request.id]
        elif message.action == message.CANCEL:
            self.cancel(message.id)
        elif message.action in (message.ADD, message.REPLACE):
            self.add(
                message.id, message.text, message.source, message.once,
                taken=message.action == message.REPLACE, origin=origin, camera=message.camera,
                answer=answer)
        else:
            raise InstructionError(
                f'action {message.action} is unknown: use ADD, REPLACE, CANCEL or CLEAR')

    def add(
        self, id: str, text: str, source: str = '', once: bool = False, taken: bool = True,
        origin: str = TOPIC, camera: str = '', answer: AnswerFormat | None = None,
    ) -> None:
        """
        Add an instruction, or replace others by it.

        :param id: its name; empty assigns one
        :param taken: whether the name may be in use, and its instruction is then replaced; with an
            empty name, all instructions are replaced that watch no other camera
        :param origin: TOPIC, PARAMETER or GOAL
        :param camera: one of the cameras; empty: all
        :param answer: what its answers have beside their words
        :raises InstructionError: when the request makes no sense; the table is as before
        """
        if len(text) > MAX_CHARACTERS:
            raise InstructionError(
                f'the instruction has {len(text)} characters: say it in at most {MAX_CHARACTERS}')
        text = clean_instruction(text)
        if len(id) > MAX_ID_CHARACTERS or not id.isprintable():
            raise InstructionError(
                f'the id is not printable or longer than {MAX_ID_CHARACTERS} characters: '
                'choose a shorter one, or leave it empty')
        with self._lock:
            if id in self._desired and not taken:
                raise InstructionError(
                    f'the id {id!r} is in use: choose another, or REPLACE the instruction')
            replaced = tuple(
                request for request in self._only_about('' if id else camera)
                if taken and id in ('', request.id))
            if not replaced and len(self._desired) >= self._limit:
                raise InstructionError(
                    f'{self._limit} instructions stand already: withdraw one first, or REPLACE '
                    'one')
            if not id:
                id = next(
                    name for number in self._numbers
                    if (name := f'instruction-{number}') not in self._desired)
            source = ''.join(filter(str.isprintable, source[:MAX_ID_CHARACTERS]))
            request = StandingInstruction(
                id, text, source, once, origin,
                tuple(replace(old, replaced=()) for old in replaced), camera, answer)
            for old in replaced:
                if old.id != id:
                    del self._desired[old.id]
            self._desired[id] = request

    def cancel(self, id: str) -> None:
        """
        Withdraw an instruction.

        :raises InstructionError: when none of that name stands
        """
        with self._lock:
            if self._desired.pop(id, None) is None:
                raise InstructionError(
                    f'no instruction {id[:MAX_ID_CHARACTERS]!r} stands: nothing to cancel')

    def reconcile(self, *engines: Engine) -> list[Refusal]:
        """
        Make the engines' watches equal to the table; return what was refused.

        What one camera's engine refuses, no camera watches for.

        :param engines: one a camera, in the order of the cameras
        :raises EngineFailure: when the engine is lost; the instructions stay for the next one
        """
        refusals: list[Refusal] = []
        while True:
            standing = self.standing
            self._proven = {(camera, request) for camera, request in self._proven
                            if request in standing}
            for name, (_, request, watch) in list(self._watches.items()):
                if request not in standing:
                    del self._watches[name]
                    watch.cancel()
            watched = {(camera, request) for camera, request, _ in self._watches.values()}
            missing = [
                (camera, engine, request) for request in standing
                for camera, engine in zip(self._cameras, engines, strict=True)
                if request.watches(camera) and (camera, request) not in watched]
            if not missing:
                self._lost.clear()
                return refusals
            for camera, engine, request in missing:
                if any(refusal.request is request for refusal in refusals):
                    continue  # by the engine of another camera
                try:
                    watch = self._watch(engine, camera, request)
                except EngineFailure:
                    self._lost[camera, request] += (camera, request) not in self._proven
                    raise
                except Exception as error:  # of any kind: the instruction cannot stand
                    refusals.append(Refusal(request, str(error)))
                    self._restore(request)
                else:
                    self._proven.add((camera, request))
                    self._watches[watch.instruction_id] = camera, request, watch

    def _only_about(self, camera: str) -> list[StandingInstruction]:
        """Return the instructions that watch no other camera than this one; empty: all."""
        return [
            request for request in self._desired.values()
            if not camera or all(
                name == camera for name in self._cameras if request.watches(name))]

    def _watch(self, engine: Engine, camera: str, request: StandingInstruction) -> Watch:
        if self._lost[camera, request] == TRIALS:
            raise InstructionError(
                f'{TRIALS} engines failed when they were given this instruction: say it '
                'otherwise, or withdraw others if memory is short')
        # A name of its own in all engines: a decision then shows which instruction it is about.
        return engine.watch(
            request.text, f'watch-{next(self._watch_numbers)}', answer=request.answer)

    def _restore(self, refused: StandingInstruction) -> None:
        with self._lock:
            if self._desired.get(refused.id) is not refused:
                return
            del self._desired[refused.id]
            for request in refused.replaced:
                if request.origin != GOAL:  # a goal whose instruction is taken away ends for good
                    self._desired.setdefault(request.id, request)

    def request_of(self, watch_id: str) -> StandingInstruction | None:
        """Return the instruction that a decision of the engine is about, if it still stands."""
        _, request, _ = self._watches.get(watch_id, (None, None, None))
        return request if request in self.standing else None

    def detach(self) -> None:
        """Forget the watches of an engine that is lost; the table stays."""
        self._watches.clear()
