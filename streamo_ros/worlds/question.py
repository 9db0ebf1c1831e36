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
What is asked of a stream, and the right answer to it at each tick.

The five tasks are the paper's (Streamo, arXiv 2512.21334, Table 14 and section 4): narration,
event caption, action caption, event grounding, time-sensitive question answering.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import math

from streamo_ros.dialogue import State

TASKS = ('narration', 'event_caption', 'action_caption', 'grounding', 'tsqa')

GROUNDED = 'Given event occurred between {}s to {}s.'
"""The form of a grounding answer in the paper's Figures 1 and 4."""


@dataclass(frozen=True)
class Truth:
    """
    What is right at one tick.

    :param counted: False where a careful person could say either; such a tick trains nothing
    :param span: for a grounding answer, the ticks of the first sign and of the answer; the words
        follow from the time tags
    """

    state: State
    text: str = ''
    counted: bool = True
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Question:
    """
    One instruction with its truth.

    :param task: one of TASKS
    :param skill: a finer name, for tables
    :param text: the instruction, in the split's words
    :param rate: ticks per second of the stream
    :param right: one truth a tick; use ``truths``, which knows the time tags
    :param about: the names of the things that it is about, so that it can be put in other words
    """

    task: str
    skill: str
    text: str
    rate: float
    right: tuple[Truth, ...]
    about: tuple[str, ...] = ()

    def truths(self, first: int = 0) -> tuple[Truth, ...]:
        """
        Return one truth a tick.

        :param first: number of the first tick, as its tag is ``time_tag(first, rate)``
        """
        return tuple(
            truth if truth.span is None
            else replace(truth, text=grounded(first, truth.span, self.rate))
            for truth in self.right)

    @property
    def eventful(self) -> bool:
        """Say whether something is to be answered beyond a first answer at the beginning."""
        answers = sum(truth.state is State.RESPONSE for truth in self.right)
        return answers > (self.task == 'tsqa')


def grounded(first: int, span: tuple[int, int], rate: float) -> str:
    """
    Return the grounding answer of an event, in the whole seconds that hold it.

    From the beginning of the tag of the first sign to the end of the tag of the answer.
    """
    begin, end = ((first + span[0]) / rate, (first + span[1] + 1) / rate)
    return GROUNDED.format(math.floor(begin), math.ceil(end))


def changing(answers: Sequence[str | None]) -> tuple[Truth, ...]:
    """
    Return the truth of a time-sensitive question.

    It is answered at the first tick at which it can be, and again whenever the answer is another.

    :param answers: the right answer at each tick; None while it is just changing, '' while there
        is none to give
    """
    last: str | None = None
    right = []
    for answer in answers:
        if answer is None:
            right.append(Truth(State.STANDBY))
        elif answer and answer != last:
            right.append(Truth(State.RESPONSE, answer))
            last = answer
        else:
            right.append(Truth(State.SILENCE))
    return tuple(right)
