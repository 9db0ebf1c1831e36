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

"""One standing instruction as the engine runs it: its window, and what it has yet to be fed."""

from dataclasses import dataclass
from dataclasses import field

from streamo_ros.dialogue import AnswerMemory
from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import State
from streamo_ros.engine.constrained import AnswerGrammar
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.window import WindowPlan


@dataclass
class Sequence:
    """
    What occupies one batch slot.

    :param number: in the order in which instructions were given
    :param instruction_ids: token ids of the instruction, which follow the system prompt
    :param grammar: of its answers' data; None where they have none
    :param plan: of its cache rows; None until the stream's first frame
    :param close: token ids that end the last turn; they are fed at the front of the next chunk
    :param latched: whether the next Response waits until the last one is released
    :param span: of the event that is waited for, in seconds of the stream
    :param remembered_more: whether there is more to remember than the sink's rows hold
    """

    watch: Watch
    number: int
    instruction_ids: list[int]
    grammar: AnswerGrammar | None = None
    plan: WindowPlan | None = None
    close: list[int] = field(default_factory=list)
    latched: bool = False
    span: EventSpan[float] = field(default_factory=EventSpan)
    remembered_more: bool = False
    _memory: AnswerMemory | None = None

    @property
    def window(self) -> WindowPlan:
        """Return the plan, which is there once the stream has begun."""
        assert self.plan is not None
        return self.plan

    @property
    def memory(self) -> AnswerMemory:
        """Return what it was answered with, once the stream has begun."""
        assert self._memory is not None
        return self._memory

    def begin(self, plan: WindowPlan, memory: AnswerMemory) -> None:
        """Begin a stream: nothing was fed, decided or said."""
        self.plan, self._memory = plan, memory
        self.close, self.latched, self.remembered_more = [], False, False
        self.span = EventSpan()

    def remember(self, state: State, seconds: float, text: str) -> None:
        """
        Take what was decided about a turn.

        :param seconds: of the stream, at which the turn began
        """
        began = self.span.follow(state, seconds)
        if began is not None:
            self.memory.remember(began, seconds, text)
            self.remembered_more = True
