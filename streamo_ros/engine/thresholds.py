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
When a probability is a Response: thresholds, where the likeliest state is not to decide alone.

A decision becomes part of the stream that the model reads later, so thresholds belong to the
engine; a bag that is evaluated with the same thresholds is decided as the node decides.
"""

from dataclasses import dataclass
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import State


@dataclass(frozen=True)
class Thresholds:
    """
    Thresholds on the probability of Response, with hysteresis between them.

    A tick that is no Response is Silence or Standby, whichever is likelier. By default both
    thresholds are off: a checkpoint's own response holds, and where it has none the likeliest
    state is decided, as in training.

    :param response: a probability from which on there is a Response, likeliest or not; 0: the
        checkpoint's own, or where it is the likeliest
    :param release: after a Response there is no other one until the probability has been below
        this at some tick, so that one that stays high is answered once; 0: no such wait
    :raises ValueError: when they are not 0 to 1, or the release lies above the response
    """

    response: float = 0.0
    release: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.response <= 1:
            raise ValueError(f'response_threshold is {self.response:g}: it must be 0 to 1')
        if not 0 <= self.release <= self.response:
            raise ValueError(
                f'release_threshold is {self.release:g}: it must be 0 to response_threshold, '
                f'which is {self.response:g}')

    def over(self, response: float) -> 'Thresholds':
        """Return these, with a checkpoint's own response where they have none."""
        return self if self.response else replace(self, response=response)

    def decide(self, probabilities: NDArray[np.float64], latched: bool) -> State:
        """
        Return the state of a tick.

        :param probabilities: (3,) probabilities of Silence, Standby and Response
        :param latched: whether the last Response has not been released yet
        """
        likeliest = State(int(probabilities.argmax()))
        due = probabilities[State.RESPONSE] >= self.response if self.response else (
            likeliest is State.RESPONSE)
        if due and not (latched and self.release):  # the release may be new
            return State.RESPONSE
        return State(int(probabilities[:State.RESPONSE].argmax()))

    def latches(self, probabilities: NDArray[np.float64], decided: State, latched: bool) -> bool:
        """Return whether the next Response has to wait until this one is released."""
        return self.release > 0 and (
            decided is State.RESPONSE
            or (latched and bool(probabilities[State.RESPONSE] >= self.release)))


LIKELIEST = Thresholds()
"""Both thresholds off."""
