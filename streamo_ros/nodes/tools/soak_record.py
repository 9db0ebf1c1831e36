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
What a node published during a soak, and what of it is missing or wrong.

Did every instruction get one state at every frame that was judged while it stood? One instruction
stands from beginning to end, so its states say which frames were judged. And was each state, and
each answer, the right one? An engine in this process, shown the same frames with the same
instructions, says which was due.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import StreamEngine

SLACK_TICKS = 4
"""Ticks, from its acknowledgement on, until an instruction has to be judged: frames may wait."""

TOLERANCE = 1e-3
"""Of a probability: a batch of another size adds up in another order."""

Key = tuple[str, str]
"""An instruction, by its id and text; in a soak no pair of them is ever asked for twice."""


@dataclass(frozen=True)
class Heard:
    """
    A fresh state.

    :param stamp: of its frame, nanoseconds
    :param answer: number of the latest answer to its instruction
    """

    number: int
    epoch: int
    tick: int
    stamp: int
    key: Key
    state: State
    probabilities: tuple[float, float, float]
    answer: int


@dataclass(frozen=True)
class Answer:
    """An answer, and whether the model ended it itself."""

    number: int
    epoch: int
    stamp: int
    key: Key
    text: str
    complete: bool


@dataclass
class Life:
    """
    When an instruction stood, counted in ticks that had been heard of.

    :param since: when it was acknowledged
    :param until: when its end was asked for; None if it never was
    """

    once: bool = False
    since: int | None = None
    until: int | None = None


@dataclass
class Record:
    """
    All that was heard.

    :param anchor: the instruction that stands from beginning to end
    :param numbers: of all states, repeats and refusals included
    """

    anchor: Key
    numbers: list[int] = field(default_factory=list)
    states: list[Heard] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    lives: dict[Key, Life] = field(default_factory=dict)
    ticks: int = 0

    def add(self, state: Heard) -> None:
        """Take a fresh state."""
        self.states.append(state)
        self.ticks += state.key == self.anchor


def faults(record: Record) -> Counter[str]:
    """
    Return what is missing, or there twice, by kind; a kind that does not occur is left out.

    ``lost_messages``: numbers of states or answers that never came. ``missing_states`` and
    ``doubled_states``: at frames that were judged. ``lost_answers``: states of RESPONSE whose
    answer never came. ``stray_answers``: answers without such a state.
    """
    found = Counter({
        'lost_messages': _gaps(record.numbers) + _gaps(
            [0, *(answer.number for answer in record.answers)]),
        'doubled_states': len(record.states) - len({
            (state.epoch, state.tick, state.key) for state in record.states})})
    order = {tick: index for index, tick in enumerate(sorted(
        {(state.epoch, state.tick) for state in record.states}))}
    judged: dict[Key, list[Heard]] = {record.anchor: []}
    for state in record.states:
        judged.setdefault(state.key, []).append(state)
    for key in {*judged, *record.lives}:
        at = {order[state.epoch, state.tick]: state for state in judged.get(key, [])}
        life = record.lives.get(key, Life())
        due = set(range(min(at), max(at) + 1)) if at else set()
        end = len(order) if life.until is None else life.until
        if life.once and at and at[max(at)].state is State.RESPONSE:
            end = max(at) + 1
        if key == record.anchor:
            due = set(order.values())
        elif life.since is not None:
            due |= set(range(life.since + SLACK_TICKS, end))
        found['missing_states'] += len(due - at.keys())
    said = {(a.number, a.epoch, a.stamp, a.key) for a in record.answers}
    meant = {(s.answer, s.epoch, s.stamp, s.key) for s in record.states
             if s.state is State.RESPONSE}
    found['lost_answers'] = len(meant - said)
    found['stray_answers'] = len(said - meant)
    return +found


def _gaps(numbers: Iterable[int]) -> int:
    distinct = set(numbers)
    return max(distinct) - min(distinct) + 1 - len(distinct) if distinct else 0


def differences(
    record: Record, engine: StreamEngine, picture: Callable[[int], NDArray[np.uint8]],
) -> Iterator[tuple[Heard, str]]:
    """
    Show the same frames to an engine; yield each state that it would not have given, and why.

    :param engine: fresh, of the same checkpoint and settings as the node's
    :param picture: returns the picture of a stamp
    """
    answers = {answer.number: answer for answer in record.answers}
    states = sorted(record.states, key=lambda state: (state.epoch, state.tick, state.number))
    last = {state.key: state.number for state in states}
    watches = {}
    epoch = None
    for (now, _), group in groupby(states, lambda state: (state.epoch, state.tick)):
        about = {state.key: state for state in group}
        if now != epoch:
            engine.reset()
            epoch = now
        for key in about:
            if key not in watches:
                watches[key] = engine.watch(key[1])
        stamp = next(iter(about.values())).stamp
        given = {decision.instruction_id: decision
                 for decision in engine.step(picture(stamp), stamp / 1e9)}
        for key, state in about.items():
            decision = given[watches[key].instruction_id]
            if why := _difference(state, decision, answers.get(state.answer)):
                yield state, why
            if last[key] == state.number:
                watches.pop(key).cancel()


def _difference(state: Heard, decision: Decision, answer: Answer | None) -> str:
    if decision.state is not state.state or not np.allclose(
            decision.probabilities, state.probabilities, rtol=0, atol=TOLERANCE):
        return (f'{decision.state.name} {decision.probabilities} was due, '
                f'not {state.state.name} {state.probabilities}')
    if state.state is not State.RESPONSE or answer is None:
        return ''  # an answer that is not there is counted elsewhere
    fits = decision.text == answer.text if answer.complete else decision.text.startswith(
        answer.text)
    return '' if fits else f'the answer {decision.text!r} was due, not {answer.text!r}'
