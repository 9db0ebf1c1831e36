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
The span of an event, followed state by state: from the first Standby to the answer.

It is here, beneath all who report decisions, because it is a matter of the three states alone;
stamps may be whatever a caller counts time in.
"""

from dataclasses import dataclass
from typing import Generic
from typing import TypeVar

from streamo_ros.dialogue.state import State

Stamp = TypeVar('Stamp')


@dataclass
class EventSpan(Generic[Stamp]):
    """
    What one instruction on one camera waits for, and what it said last.

    :param standby_since: stamp of the first frame of the present run of Standby; None without one
    :param response_seq: number of the last answer, set by who numbers them; 0 before the first
    """

    standby_since: Stamp | None = None
    response_seq: int = 0

    def follow(self, state: State, stamp: Stamp) -> Stamp | None:
        """
        Take what was decided about the next frame.

        :returns: of an answer, the stamp at which its event began: the first frame of the Standby
            that led to it, else its own frame; None of any other state
        """
        if state is State.STANDBY:
            if self.standby_since is None:
                self.standby_since = stamp
            return None
        began, self.standby_since = self.standby_since, None
        if state is not State.RESPONSE:
            return None
        return stamp if began is None else began

    def begin_epoch(self) -> None:
        """Forget the Standby that a break in the stream has cut off; answers stay numbered."""
        self.standby_since = None
