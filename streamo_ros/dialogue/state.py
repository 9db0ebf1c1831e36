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

"""The three states a watcher can be in, and the tokens that say so."""

from enum import IntEnum

STATE_TOKENS = ('</Silence>', '</Standby>', '</Response>')
"""The tokens as checkpoints register them, slash included (paper, Table 10), in State's order."""


class State(IntEnum):
    """What the model decided about one instruction at one tick; the values of StreamState.msg."""

    SILENCE = 0
    STANDBY = 1
    RESPONSE = 2

    @property
    def token(self) -> str:
        """Return the state's token, such as ``</Silence>``."""
        return STATE_TOKENS[self]
