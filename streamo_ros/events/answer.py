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

"""What a question about the event log is answered with."""

from dataclasses import dataclass
from enum import IntEnum


class AnswerKind(IntEnum):
    """The kinds of answers, with the values of ``Ask.action``."""

    DECLINED = 0
    LIST = 1
    COUNT = 2
    YES_NO = 3
    FIRST = 4
    LAST = 5
    DURATION = 6
    COMPARISON = 7


@dataclass(frozen=True)
class Answer:
    """
    An answer.

    :param text: one or two sentences for people
    :param event_ids: the events that it rests on, in the order of time
    """

    kind: AnswerKind
    text: str
    event_ids: tuple[int, ...] = ()
