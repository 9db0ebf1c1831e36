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

"""The error of checkpoints."""

from streamo_ros.errors import UserError


class CheckpointError(UserError, ValueError):
    """A checkpoint that cannot be used; the message says why and what to do."""

    def __init__(self, message: str = '') -> None:
        # Names and values come from files of others, and reach terminals and logs.
        super().__init__(''.join(
            letter if letter.isprintable() else letter.encode('unicode_escape').decode()
            for letter in message))


def brief(error: BaseException) -> str:
    """Return an error of another library in one line: its first words, or its kind."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
