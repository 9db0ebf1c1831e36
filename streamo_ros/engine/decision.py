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
What an engine is asked and what it decides, wherever it runs.

``Engine`` is the contract between an engine and its callers. ``StreamEngine`` keeps it in the
caller's process, ``ProcessStream`` for an engine in a process of its own, and ``RemoteEngine`` for
one on another machine.
"""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import State
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.errors import UserError

MAX_INSTRUCTIONS = 8
MAX_INSTRUCTION_TOKENS = 256
MAX_ANSWER_TOKENS = 128


class StampError(ValueError):
    """A frame whose stamp does not lie after the one before."""


class ModelError(UserError, ArithmeticError):
    """A step that came to no numbers: nothing is decided from it."""


def check_finite(*computed: NDArray[np.float32]) -> None:
    """
    Hold that a step came to numbers.

    :raises ModelError: when it did not: NaN is below every threshold, and would be Silence
    """
    # One that is not makes the sum so, and in float64 no sum of others overflows.
    if not all(math.isfinite(numbers.sum(dtype=np.float64)) for numbers in computed):
        raise ModelError(
            'the model computed what is not a number, so nothing was decided: run it in a wider '
            'precision (float32), or take another checkpoint')


@dataclass(frozen=True)
class Decision:
    """
    What the model decided about one instruction at one tick.

    :param probabilities: of Silence, Standby and Response, among the three
    :param text: the answer; empty unless the state is Response
    :param complete: False when the answer was cut by its limit or an interrupt
    :param stamp: of the frame, in seconds
    :param data: of the answer, as JSON, where its instruction asked for that; else empty
    :param data_error: why there is none though it was asked for, in a sentence
    :param stand_in: of what stood in for the engine that was asked for, and why; else empty
    """

    instruction_id: str
    state: State
    probabilities: tuple[float, float, float]
    text: str
    complete: bool
    stamp: float
    data: str = ''
    data_error: str = ''
    stand_in: str = ''

    def __post_init__(self) -> None:
        """
        Refuse what is no probability; NaN would be decided with as Silence.

        :raises ModelError: then
        """
        if not all(-1e-6 <= probability <= 1 + 1e-6 for probability in self.probabilities):
            raise ModelError(
                f'probabilities {self.probabilities} are none, so nothing was decided')


@dataclass
class Watch:
    """A standing instruction; ``cancel`` ends it."""

    instruction_id: str
    text: str
    _cancel: Callable[['Watch'], None] = field(repr=False)
    cancelled: bool = field(default=False, init=False)

    def cancel(self) -> None:
        """Withdraw the instruction, from any thread; cancelling twice is no error."""
        self._cancel(self)


class Engine(Protocol):
    """
    Watches one stream for standing instructions.

    ``watch``, ``step`` and ``reconfigure`` belong to one thread. ``interrupt``, ``reset`` and a
    watch's ``cancel`` may come from any thread at any time.
    """

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return what the seconds of all steps so far went into, by ``stopwatch.PARTS``."""

    @property
    def link(self) -> Mapping[str, str]:
        """Return how the link to it is, where it runs on another machine; else nothing."""
        return {}

    def new_stream(self) -> 'Engine':
        """Return an engine for another stream, over the same weights and for the same thread."""

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
        answer: AnswerFormat | None = None,
    ) -> Watch:
        """
        Add a standing instruction; it watches from the next frame on.

        :param instruction_id: a name of the caller's; None gives one
        :param look_back: see the window's earlier frames too, as if it had stood and been silent
            since; costs a tick of the language model for each of them, at once
        :param answer: what its answers have beside their words
        :raises InstructionError: when it is empty, too long, one too many, or its id is taken,
            and when no answer can be of that format
        """

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Take one frame and decide.

        :param frame: (H, W, 3) RGB; the first frame after a reset fixes the size that later
            ones are scaled to
        :param stamp: seconds, growing from call to call
        :returns: one decision per standing instruction, in the order they were given; none for
            one that was cancelled meanwhile
        :raises StampError: when the stamp does not grow; ``reset`` starts a new stream
        :raises ModelError: when what the model computes is not finite
        """

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """
        Go on at another rate and with other thresholds, from the next frame on.

        :param fps: ticks per second
        """

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""

    def check(self) -> None:
        """
        Find out whether what it runs in is still there, a process or a server.

        :raises EngineFailure: when it is not
        """
        return None  # that is all where it runs in this process
