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
Whether an entry of the log is about what was asked for: yes, no, or that is not certain.

An answer says what happened; what it leaves out, such as the door in "It opened.", its instruction
says, unless that speaks of several things. An entry that is about something else says so by
another thing or another deed; one that only says too little is not certain.
"""

from collections.abc import Collection
from enum import Enum

from streamo_ros.events.words import animate
from streamo_ros.events.words import GENERAL_VERBS
from streamo_ros.events.words import GROUPS
from streamo_ros.events.words import Meaning
from streamo_ros.events.words import PARENTS
from streamo_ros.events.words import satisfies
from streamo_ros.events.words import VERBS

_ANYBODY = ('person', 'man', 'woman', 'child', 'boy', 'girl')


class Verdict(Enum):
    """How an entry stands to a topic."""

    MATCH = 'match'
    OTHER = 'other'
    UNSURE = 'unsure'


def judge(
    topic: Meaning, instruction: Meaning, answer: Meaning,
    together: Collection[frozenset[str]] = (),
) -> Verdict:
    """
    Return whether an entry is about a topic.

    :param together: pairs of things that answers name together, so that one may be told by the
        other
    """
    wanted = topic.concepts
    if not wanted:
        return Verdict.MATCH
    if answer.doubtful:
        told = any(_has(answer, one) or _has(instruction, one) for one in wanted)
        return Verdict.UNSURE if told else Verdict.OTHER
    if any(_excludes(answer, one) for one in wanted):
        return Verdict.OTHER
    missing = [one for one in wanted if not _has(answer, one)]
    if answer.passive and 'person' in missing and VERBS & {*wanted}:
        missing = [one for one in missing if one != 'person']  # what was done, somebody did
    if not missing:
        named = not VERBS & {*wanted} and not any(
            animate(one) and one not in _ANYBODY for one in wanted)
        return Verdict.UNSURE if answer.denied and named else _ordered(topic, answer)
    if answer.denies:
        # What it says did not happen, and what it leaves unsaid, is not what was asked for.
        return Verdict.OTHER
    left = [one for one in missing if not _told_by(instruction, one, wanted, answer)]
    if not left:
        return Verdict.MATCH
    return Verdict.UNSURE if _says_too_little(
        wanted, left, instruction, answer, together) else Verdict.OTHER


def _has(meaning: Meaning, wanted: str) -> bool:
    return any(satisfies(one, wanted) for one in meaning.concepts)


def _excludes(answer: Meaning, wanted: str) -> bool:
    """Return whether an answer says the opposite, or another kind of the same."""
    if _has(answer, wanted):
        return False
    return bool(GROUPS.get(wanted, frozenset()) & {*answer.concepts})


def _told_by(
    instruction: Meaning, missing: str, wanted: tuple[str, ...], answer: Meaning
) -> bool:
    """Return whether what an answer leaves out is clear from its instruction."""
    if not _has(instruction, missing):
        return False
    if missing in VERBS:
        others = [one for one in instruction.concepts if one in VERBS]
        return len(others) == 1
    if instruction.alternatives and len(instruction.nouns) > 1:
        return False
    # What an answer names first is what it is about: "a cup fell" is not about a ball.
    first = answer.nouns[:1]
    return not first or first[0] in instruction or any(
        satisfies(first[0], one) for one in wanted)


def _says_too_little(
    wanted: tuple[str, ...], left: list[str], instruction: Meaning, answer: Meaning,
    together: Collection[frozenset[str]],
) -> bool:
    """Return whether an entry may be about the topic, though it does not say so."""
    said = [*answer.concepts] or [*instruction.concepts]
    kept = [one for one in wanted if one not in left]
    same = any(one not in VERBS and one not in _ANYBODY and one not in GROUPS for one in kept)
    if not kept:  # it shares nothing; but it may speak of the same in general words
        return any(satisfies(one, general) for one in left for general in said) and (
            len(left) == len(wanted) == 1)
    for one in left:
        if _has(instruction, one) and not (instruction.alternatives and answer.nouns):
            continue
        if one in VERBS and _has(instruction, one) and not any(
                other in VERBS - GENERAL_VERBS and _has(instruction, other)
                for other in answer.concepts):
            continue  # it was asked for, and may be what the answer means by a word of its own
        if any(satisfies(one, general) for general in said if general in PARENTS.values()):
            continue  # "a person" where a man is asked for
        if one in VERBS:
            if any(other in VERBS for other in answer.concepts):
                return False
            if same:
                continue  # it is about that, in words of its own
        elif animate(one):
            if any(animate(other) and not satisfies(one, other) for other in answer.concepts):
                return False
        if not animate(one) and same:
            continue  # of the same thing it leaves that unsaid
        if any(other not in wanted and other not in VERBS and not animate(other)
               and frozenset((one, other)) not in together
               and not any(satisfies(other, other_wanted) for other_wanted in wanted)
               for other in answer.concepts) and not animate(one):
            return False  # it speaks of another thing
    return True


def _ordered(topic: Meaning, answer: Meaning) -> Verdict:
    """Return whether those who act do so in the same order: "the dog bit the man"."""
    actors = [one for one in topic.concepts if animate(one)]
    if len(actors) < 2:
        return Verdict.MATCH
    places = [
        min(place for place, one in enumerate(answer.concepts) if satisfies(one, actor))
        for actor in actors]
    return Verdict.MATCH if places == sorted(places) else Verdict.UNSURE
