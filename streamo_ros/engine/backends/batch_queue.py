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
What streams wait for, and what is computed next.

Between two things that were asked for, encodings and the like go before steps, because
the streams that get their visual tokens come to a step next, and steps are run together. For a
step, at most as many others go first as there are streams: then it is run with those that are
there by then. Steps are run in the order in which they came, each with all that are alike. The LM
head is run for all who wait for it.
Streams that were served meanwhile are about to come with a step: ``ready`` says whether they have.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Protocol

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.padded_batch import alike


class Stream(Protocol):
    """Who asks."""

    number: int

    def take_slots(self, first: int, count: int) -> list[int]:
        """Return where some of its slots lie."""


@dataclass(eq=False)
class Request:
    """
    What a stream asked for, and what its thread waits for.

    :param stream: that asks
    :param run: does it, alone, and returns what comes of it
    :param first: of the stream's slots of a step
    :param inputs: of a step that may be run together with others; None for anything else
    :param hidden: (B, hidden) of what needs nothing but the LM head, likewise
    """

    stream: Stream
    run: Callable[[], Any]
    first: int = 0
    inputs: StepInputs | None = None
    hidden: Floats | None = None
    future: 'Future[Any]' = field(default_factory=Future)
    passed: int = 0


class BatchQueue:
    """
    The requests that wait; for one thread at a time.

    ``served`` are those who got what was no step since the last step, and may come with one next.
    """

    def __init__(self) -> None:
        self._waiting: list[Request] = []
        self.served: set[Stream] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, request: Request) -> None:
        """Put a request behind the others."""
        self._waiting.append(request)

    def ready(self) -> bool:
        """Say whether it is time to take, or better to wait a little for further steps."""
        return any(not request.inputs for request in self._waiting) or self.served <= {
            request.stream for request in self._waiting}

    def take(self, streams: int) -> list[Request]:
        """
        Return what is to be computed next: one request, or several to be run together.

        :param streams: how many there are, open
        """
        steps = [request for request in self._waiting if request.inputs]
        other = next((request for request in self._waiting if not request.inputs), None)
        if other and not (steps and steps[0].passed >= streams):
            for step in steps:
                step.passed += 1
            taken = [other] if other.hidden is None else [
                request for request in self._waiting if request.hidden is not None]
            self.served.update(request.stream for request in taken)
        else:
            taken = []
            self.served.clear()
            widths: list[int] = []
            for step in steps:
                assert step.inputs
                width = step.inputs.embeds.shape[1]
                if alike([*widths, width]):
                    taken.append(step)
                    widths.append(width)
        self._waiting = [request for request in self._waiting if request not in taken]
        return taken

    def empty(self) -> list[Request]:
        """Return all that wait, and forget them."""
        waiting, self._waiting = self._waiting, []
        return waiting
