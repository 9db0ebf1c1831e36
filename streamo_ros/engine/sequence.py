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

from streamo_ros.engine.decision import Watch
from streamo_ros.engine.window import WindowPlan


@dataclass
class Sequence:
    """
    What occupies one batch slot.

    :param number: in the order in which instructions were given
    :param instruction_ids: token ids of the instruction, which follow the system prompt
    :param plan: of its cache rows; None until the stream's first frame
    :param close: token ids that end the last turn; they are fed at the front of the next chunk
    :param latched: whether the next Response waits until the last one is released
    """

    watch: Watch
    number: int
    instruction_ids: list[int]
    plan: WindowPlan | None = None
    close: list[int] = field(default_factory=list)
    latched: bool = False

    @property
    def window(self) -> WindowPlan:
        """Return the plan, which is there once the stream has begun."""
        assert self.plan is not None
        return self.plan
