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
The rows that the overlay shows, from what the node publishes.

There is no message that lists the standing instructions; they are read from ~/state. Anybody may
publish there, so what comes is checked and bounded: messages with a state that is none are passed
over, texts are cut, and of very many instructions the latest ``MOST`` are kept.
"""

from dataclasses import dataclass
import math

from streamo_ros.dialogue import State
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.overlay.drawing import MAX_CHARACTERS
from streamo_ros.nodes.overlay.drawing import Row

LINGER_S = 5.0
"""How long an instruction is shown after it is withdrawn, as by its answer."""

MOST = 64
"""As many instructions as the node latches with four cameras."""

MAX_LATENCY_S = 60.0
"""A larger one is a difference of clocks, as with a bag played without simulated time."""


_STATES = {int(state) for state in State}


@dataclass
class _Heard:
    """The latest state and answer of an instruction."""

    state: StreamState
    at: float
    answer: str = ''
    answered_at: float = 0.0
    left_at: float | None = None


class OverlayRows:
    """
    The instructions that stand, in the order in which they were first heard of.

    :param topic: where the states are heard, for when none are
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._heard: dict[str, _Heard] = {}
        self._seq = 0

    def take_state(self, message: StreamState, now: float) -> None:
        """Take a state, heard at the steady time ``now``."""
        if message.status == StreamState.STATUS_REFUSED:
            return  # about an instruction that does not stand, or that stands as it did
        if message.state not in _STATES or not math.isfinite(message.age_s):
            return
        message.instruction = message.instruction[:MAX_CHARACTERS]
        message.detail = message.detail[:MAX_CHARACTERS]
        if message.seq <= self._seq:
            self._heard.clear()  # the node was started again
        self._seq = message.seq
        before = self._heard.get(message.instruction_id)
        heard = self._heard[message.instruction_id] = _Heard(message, now)
        while len(self._heard) > MOST:
            del self._heard[next(iter(self._heard))]
        if before is not None and before.state.instruction == message.instruction:
            heard.answer, heard.answered_at = before.answer, before.answered_at
        for id, other in self._heard.items():
            # A node that is not active says so of all instructions, and one that is only of an
            # instruction that was withdrawn. With the empty id it says that none stands.
            if other is not heard and other.left_at is None and (
                    not id or not message.instruction_id
                    or (other.state.status == StreamState.STATUS_INACTIVE
                        and message.status != StreamState.STATUS_INACTIVE)):
                other.left_at = now

    def take_response(self, message: Response, now: float) -> None:
        """Take an answer, heard at the steady time ``now``."""
        heard = self._heard.get(message.instruction_id)
        if heard is not None and heard.state.instruction == message.instruction[:MAX_CHARACTERS]:
            heard.answer, heard.answered_at = message.text[:MAX_CHARACTERS], now

    def rows(self, now: float) -> list[Row]:
        """Return what to show at the steady time ``now``: one row at least."""
        for id, heard in list(self._heard.items()):
            if heard.left_at is not None and (not id or now - heard.left_at >= LINGER_S):
                del self._heard[id]
        if not self._heard:
            return [Row(f'Nothing is heard on {self._topic}.', None)]
        return [_row(heard, now) for heard in self._heard.values()]


def _row(heard: _Heard, now: float) -> Row:
    message = heard.state
    decided = any((
        message.probability_silence, message.probability_standby, message.probability_response))
    return Row(
        instruction=message.instruction or 'No instruction stands.',
        state=State(message.state) if decided else None,
        age_s=message.age_s + now - heard.at,
        latency_s=message.latency_s if 0 < message.latency_s < MAX_LATENCY_S else None,
        answer=heard.answer,
        answer_age_s=now - heard.answered_at,
        trouble=message.detail)
