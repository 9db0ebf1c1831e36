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
"""How well the states are told in an evaluation, the right history given at each turn."""

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
import statistics

from streamo_ros.dialogue import State
from streamo_ros.metrics.events import EventScore
from streamo_ros.metrics.events import match

TOLERANCE = 1
"""Turns that an answer may come early or late."""


@dataclass
class StateTally:
    """What was counted over the streams."""

    states: dict[State, EventScore] = field(
        default_factory=lambda: {state: EventScore() for state in State})
    events: EventScore = EventScore()
    delays: list[int] = field(default_factory=list)

    def add(self, due: Iterable[State], said: Iterable[State]) -> None:
        """Count one stream: the right and the told state of each turn."""
        due, said = list(due), list(said)
        for state in State:
            self.states[state] += EventScore(
                due.count(state), said.count(state),
                sum(one is two is state for one, two in zip(due, said, strict=True)))
        answers, told = (
            [turn for turn, state in enumerate(states) if state is State.RESPONSE]
            for states in (due, said))
        pairs = match(answers, told, TOLERANCE)
        self.events += EventScore(len(answers), len(told), len(pairs))
        self.delays += [told[two] - answers[one] for one, two in pairs]

    def figures(self) -> dict[str, float]:
        """Return the scores by name; no median delay where no event was met."""
        figures: dict[str, float] = {}
        for state, score in self.states.items():
            name = state.name.lower()
            figures |= {f'{name}_precision': score.precision, f'{name}_recall': score.recall,
                        f'{name}_f1': score.f1}
        figures['state_macro_f1'] = statistics.mean(
            score.f1 for score in self.states.values())
        figures['event_f1'] = self.events.f1
        if self.delays:
            figures['delay_turns_median'] = float(statistics.median(self.delays))
        return figures
