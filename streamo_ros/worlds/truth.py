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
The right answer at each tick, by a rule that never asks for foresight.

An event is answered at the first tick from which it can be known: its end has passed and, for
events known only from stillness, the tick before lies after it had settled. From its first
visible sign until then the model stands by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from streamo_ros.dialogue import State
from streamo_ros.worlds.sentry import Event
from streamo_ros.worlds.tasks import ANSWERS


@dataclass(frozen=True)
class Truth:
    """
    What is right at one tick.

    :param counted: False where a careful person could say either; such a tick trains nothing
    """

    state: State
    text: str = ''
    counted: bool = True


def due_tick(event: Event, ticks: Sequence[float]) -> int | None:
    """Return the index of the tick that should answer the event; None beyond the last tick."""
    for index, stamp in enumerate(ticks):
        if stamp < event.end:
            continue
        if event.settled is None or (index and ticks[index - 1] >= event.settled):
            return index
    return None


def truths(
    events: Sequence[Event], skills: Sequence[str], ticks: Sequence[float]
) -> list[Truth]:
    """
    Return the truth of an instruction that asks for some skills, tick by tick.

    :param events: all events of the stream
    :param ticks: the stamps of the sampled frames, in seconds, ascending
    """
    states = [State.SILENCE] * len(ticks)
    counted = [True] * len(ticks)
    texts: list[list[str]] = [[] for _ in ticks]
    for event in events:
        if event.skill not in skills:
            continue
        due = due_tick(event, ticks)
        last = len(ticks) if due is None else due
        for index in range(last):
            if ticks[index] < event.start:
                continue
            if event.skill == 'start':
                counted[index] = False  # it moves, by less than can be seen
            elif states[index] is State.SILENCE:
                states[index] = State.STANDBY
        if due is not None:
            states[due] = State.RESPONSE
            texts[due].append(ANSWERS[event.skill])
    return [
        Truth(state, ' '.join(text), seen or state is State.RESPONSE)
        for state, text, seen in zip(states, texts, counted, strict=True)]
