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

"""The answer to a question for one reading of its times."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamo_ros.events.answer import Answer
from streamo_ros.events.event import Event


@dataclass(frozen=True)
class Outcome:
    """
    An answer of one reading of the times.

    :param key: what has to be the same for each reading
    """

    answer: Answer
    key: object


def ids(events: Sequence[Event]) -> tuple[int, ...]:
    """Return the numbers of events, each once, in the order of time."""
    return tuple(dict.fromkeys(
        event.id for event in sorted(events, key=lambda event: (event.ended, event.id))))
