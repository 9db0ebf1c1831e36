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

"""How many things or people some answers speak of: "two parcels were left" are two."""

from collections.abc import Sequence

from streamo_ros.events.amounts import SMALL
from streamo_ros.events.event import Event
from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.words import Meaning
from streamo_ros.events.words import meaning
from streamo_ros.events.words import said
from streamo_ros.events.words import satisfies
from streamo_ros.events.words import stem

_ONE = ('a', 'an', 'one', 'another', 'the', 'this')
_ANYBODY = ('somebody', 'someone', 'anybody', 'anyone')
_REACH = 4  # words before a noun in which its number stands


def quantity(events: Sequence[Event], topic: Meaning) -> int:
    """
    Return how many of the topic's nouns all events together speak of.

    :raises UncertainError: when one does not say it
    """
    total = 0
    for event in events:
        number = _number(said(event.text), topic)
        if number is None:
            raise UncertainError(f'event {event.id} does not say how many')
        total += number
    return total


def _number(words: Sequence[str], topic: Meaning) -> int | None:
    for at, word in enumerate(words):
        concepts = meaning([word]).concepts
        if not any(satisfies(one, noun) for one in concepts for noun in topic.nouns):
            continue
        if word in _ANYBODY:
            return 1
        several = word.endswith('s') and stem(word) != word or word in (
            'people', 'men', 'women', 'children')
        for before in reversed(words[max(0, at - _REACH):at]):
            if before == ',':
                break
            if before in SMALL:
                return SMALL[before]
            if before.isdecimal():
                return int(before)
            if before in _ONE:
                return None if several else 1
        return None
    return None
