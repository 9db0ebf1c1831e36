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
Instructions, whichever way they come: what may come, what stands, and who is refused.

It knows the messages, and neither the graph nor the engine, so all of it can be tested without
either.
"""

from collections.abc import Callable
from collections.abc import Sequence
import time

from std_msgs.msg import String

from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import InstructionError
from streamo_ros.engine import Engine
from streamo_ros.engine.instruction_table import GOAL
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.engine.instruction_table import PARAMETER
from streamo_ros.engine.instruction_table import Refusal
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.engine.instruction_table import TOPIC
from streamo_ros.msg import Instruction
from streamo_ros.msg import StructuredInstruction
from streamo_ros.nodes.rate_limiter import RateLimiter
from streamo_ros.nodes.state_file import StateFileThread

BURST, PER_S = 20, 5.0
"""Instructions that each way of asking is open to at once, and a second; refusals said aloud."""

TEXT_ID = 'instruction_text'
"""The id, and the source, of the one instruction of ``~/instruction_text``."""


class InstructionIntake:
    """
    The node's instructions, from its topics, goals, parameter and state file.

    ``take_message``, ``take_structured``, ``take_text`` and ``take_goal`` belong to the executor,
    one at a time; ``restore`` and ``add_parameter`` to whoever makes the node. ``reconcile`` and
    ``find`` belong to the engine's thread, ``detach`` to it or, when it has ended, to whoever
    ended it. All else may be called from any thread. The callbacks are called from whichever
    thread it was.

    :param table: what stands
    :param state_file: where it is kept for the next start
    :param on_change: called when other instructions stand than before
    :param on_refusal: called with each refusal, and whether it is to be said aloud: a flood of
        instructions must not become a flood of refusals
    :param now: steady time in seconds
    """

    def __init__(
        self, table: InstructionTable, state_file: StateFileThread, on_change: Callable[[], None],
        on_refusal: Callable[[Refusal, bool], None], now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refused = 0
        """Instructions that were refused."""
        self.last_refusal = ''
        """Its reason."""
        self._table = table
        self._state_file = state_file
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._rates = {
            way: RateLimiter(BURST, PER_S, now)
            for way in (
                'instruction', 'structured_instruction', 'instruction_text', 'watch_for')}
        self._aloud = RateLimiter(BURST, PER_S, now)

    @property
    def standing(self) -> tuple[StandingInstruction, ...]:
        """Return the standing instructions, oldest first."""
        return self._table.standing

    def add_parameter(self, text: str) -> None:
        """
        Have the instruction of the node's parameter stand; an empty one is none.

        :raises InstructionError: when it cannot
        """
        if text:
            self._table.add(PARAMETER, text, PARAMETER, origin=PARAMETER)

    def restore(self) -> None:
        """Have stand what stood when the node ended."""
        self._state_file.read(self._apply_all)

    def keep(self) -> None:
        """Keep what stands for the next start, without waiting for the file."""
        self._state_file.write(self.standing)

    def finish(self, timeout_s: float) -> None:
        """Wait until what stands is kept, but not longer; the node ends."""
        self._state_file.finish(timeout_s)

    @property
    def unkept(self) -> str:
        """Return in a sentence why what stands is not kept; empty while it is."""
        return self._state_file.trouble

    def take_message(self, message: Instruction) -> None:
        """Do what a message on ``~/instruction`` asks."""
        # Whoever floods the topic must not keep others from withdrawing what stands.
        if message.action in (Instruction.CANCEL, Instruction.CLEAR) or self._allows(
                'instruction', _of(message)):
            self._apply(message)

    def take_structured(self, message: StructuredInstruction) -> None:
        """Do what a message on ``~/structured_instruction`` asks."""
        asked = message.instruction
        if asked.action in (Instruction.CANCEL, Instruction.CLEAR):
            self._apply(asked)
        elif self._allows('structured_instruction', _of(asked)):
            self._apply_structured(message)

    def take_text(self, message: String) -> None:
        """Have a text of ``~/instruction_text`` take the place of the last; empty: withdraw it."""
        text = message.data if message.data.strip() else ''
        asked = StandingInstruction(TEXT_ID, text, TEXT_ID)
        if not text:
            self._change(lambda: self._table.cancel(TEXT_ID), asked)
        elif self._allows('instruction_text', asked):
            self._change(lambda: self._table.add(TEXT_ID, text, TEXT_ID), asked)

    def take_goal(self, message: Instruction) -> None:
        """Have the instruction of a goal of ``~/watch_for`` stand."""
        if self._allows('watch_for', _of(message)):
            self._apply(message, GOAL)

    def withdraw(self, id: str) -> None:
        """Withdraw an instruction, if it stands."""
        try:
            self._table.cancel(id)
        except InstructionError:
            return  # its sender was quicker
        self._on_change()

    def stands_for_goal(self, id: str) -> bool:
        """Return whether an instruction of that id stands on behalf of a goal."""
        return any(
            instruction.id == id and instruction.origin == GOAL for instruction in self.standing)

    def reconcile(self, *engines: Engine) -> None:
        """
        Have each camera's engine watch for what stands; what an engine refuses does not stand.

        :raises EngineFailure: when an engine is lost
        """
        for refusal in self._table.reconcile(*engines):
            self._refuse(refusal)

    def find(self, watch_id: str) -> StandingInstruction | None:
        """Return the instruction that a decision of an engine is about, if it still stands."""
        return self._table.request_of(watch_id)

    def detach(self) -> None:
        """Forget the engines, which are gone; what stands stays."""
        self._table.detach()

    def _apply(self, message: Instruction, origin: str = TOPIC) -> None:
        self._change(lambda: self._table.apply(message, origin), _of(message))

    def _apply_structured(self, message: StructuredInstruction) -> None:
        asked = message.instruction
        self._change(
            lambda: self._table.apply(
                asked, answer=answer_format(message.choices, message.json_schema)), _of(asked))

    def _apply_all(self, messages: Sequence[StructuredInstruction]) -> None:
        for message in messages:
            self._apply_structured(message)

    def _allows(self, way: str, asked: StandingInstruction) -> bool:
        """Return whether one more instruction may come this way now; refuse it if not."""
        if self._rates[way].take():
            return True
        self._refuse(Refusal(
            asked, f'too many at once on ~/{way}, where {PER_S:g} a second may come: send it '
            'again later'))
        return False

    def _change(self, change: Callable[[], None], asked: StandingInstruction) -> None:
        before = self.standing
        try:
            change()
        except InstructionError as error:
            self._refuse(Refusal(asked, str(error)))
        else:
            if self.standing != before:  # else there was nothing to be cleared
                self._on_change()

    def _refuse(self, refusal: Refusal) -> None:
        self.refused += 1
        self.last_refusal = refusal.reason
        self._on_refusal(refusal, self._aloud.take())


def _of(message: Instruction) -> StandingInstruction:
    """Return what a message asks for, as far as a refusal repeats it."""
    return StandingInstruction(message.id, message.text, message.source, camera=message.camera)
