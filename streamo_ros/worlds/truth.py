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
The right state at each tick of what asks for events, by a rule that never asks for foresight.

An event is answered at the first tick from which it can be known: its end has passed and, for
events known only from stillness, the tick before lies after it had settled. From its first
visible sign until then the model stands by.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Protocol
from typing import TypeVar

from streamo_ros.dialogue import State
from streamo_ros.worlds.question import Truth


class Happening(Protocol):
    """What truth needs to know of an event of any world; times in seconds of the world."""

    @property
    def start(self) -> float:
        """Return when the first sign of it can be seen."""

    @property
    def end(self) -> float:
        """Return from when it is complete and visible."""

    @property
    def settled(self) -> float | None:
        """Return when it came to rest, for what is known from stillness alone."""

    @property
    def faint(self) -> bool:
        """Say whether, until its end, it is there but too small to see."""


Event = TypeVar('Event', bound=Happening)


def due_tick(event: Happening, ticks: Sequence[float]) -> int | None:
    """Return the index of the tick that should answer the event; None beyond the last tick."""
    for index, stamp in enumerate(ticks):
        if stamp < event.end:
            continue
        if event.settled is None or (index and ticks[index - 1] >= event.settled):
            return index
    return None


def happenings(
    events: Iterable[Event], ticks: Sequence[float], tell: Callable[[Event], str],
) -> tuple[Truth, ...]:
    """
    Return the truth of an instruction that asks for some events, tick by tick.

    :param events: those asked for
    :param ticks: the stamps of the sampled frames, in seconds, ascending
    :param tell: what to say of an event; sayings of one tick come in the order of their letters,
        for the order of events within a tick cannot be seen
    """
    states = [State.SILENCE] * len(ticks)
    counted = [True] * len(ticks)
    texts: list[list[str]] = [[] for _ in ticks]
    for event in events:
        due = due_tick(event, ticks)
        for index in range(len(ticks) if due is None else due):
            if ticks[index] < event.start:
                continue
            if event.faint:
                counted[index] = False
            elif states[index] is State.SILENCE:
                states[index] = State.STANDBY
        if due is not None:
            states[due] = State.RESPONSE
            if tell(event) not in texts[due]:
                texts[due].append(tell(event))
    return tuple(
        Truth(state, ' '.join(sorted(text)), seen or state is State.RESPONSE)
        for state, text, seen in zip(states, texts, counted, strict=True))


def grounding(events: Sequence[Event], ticks: Sequence[float]) -> tuple[Truth, ...] | None:
    """
    Return the truth of an instruction to ground an event.

    :param events: those that the instruction's words describe
    :returns: None where more than one does, or it was under way before the first tick: then the
        instruction has no one answer
    """
    seen = [event for event in events if event.start <= ticks[-1]]
    if len(seen) > 1 or any(event.start < ticks[0] for event in seen):
        return None
    right = list(happenings(seen, ticks, lambda event: ''))
    for event in seen:
        due = due_tick(event, ticks)
        if due is not None:
            first = next(index for index, stamp in enumerate(ticks) if stamp >= event.start)
            right[due] = Truth(State.RESPONSE, span=(first, due))
    return tuple(right)
