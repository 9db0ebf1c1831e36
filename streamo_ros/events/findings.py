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

"""The events of a topic in a time, where it is certain which these are."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import itertools

from streamo_ros.events.event import Event
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.event_reader import Saying
from streamo_ros.events.spans import Span
from streamo_ros.events.spoken_time import AROUND_S
from streamo_ros.events.topic import judge
from streamo_ros.events.topic import Verdict
from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.words import animate
from streamo_ros.events.words import GROUPS
from streamo_ros.events.words import Meaning
from streamo_ros.events.words import meaning
from streamo_ros.events.words import said
from streamo_ros.events.words import satisfies
from streamo_ros.events.words import tokens
from streamo_ros.events.words import VERBS

MOST_SAYINGS = 50_000
"""More wordings than these are not looked through."""

MOST_EVENTS = 100_000
"""An answer names no more events than these."""

_CLOSE_NS = 10 * 10**9  # two instructions that answer so close together may speak of one thing

_GOING = frozenset({'LEAVE', 'DISAPPEAR', 'TAKE AWAY'})
"""Deeds of what has come before: whoever goes does not come."""

OPPOSITE = {
    one: other for group in {*GROUPS.values()} if len(group) == 2 and group <= VERBS
    for one in group for other in group - {one}}
"""What ends the state that a deed begins."""


@dataclass(frozen=True)
class Topic:
    """
    What is asked about, and which wordings of the log speak of it.

    :param certain: ids of those that do
    :param unsure: ids of those that may
    :param nouns: of each that does, what it speaks of
    """

    meaning: Meaning
    certain: frozenset[int]
    unsure: frozenset[int]
    nouns: frozenset[tuple[str, ...]] = frozenset()


def _watches(instruction: Meaning, asked: Meaning) -> bool:
    """Return whether an instruction asks for all that becomes of what is asked about."""
    things = [one for one in asked.nouns if one not in GROUPS]
    return not VERBS & {*instruction.concepts} and bool(things) and all(
        any(satisfies(known, one) for known in instruction.concepts) for one in things)


class Findings:
    """
    Finds events of a log.

    :param camera: only of this one; empty: of all
    :param now: in nanoseconds; what the log holds of later times, as after a clock was set back,
        is left out
    """

    def __init__(self, log: EventReader, camera: str, now: int) -> None:
        self._now = now
        self._log = log
        self._camera = camera
        self._sayings: list[tuple[Saying, Meaning, Meaning]] | None = None

    def topic(self, words: Sequence[str]) -> Topic:
        """
        Return what words of a question are about.

        :raises UncertainError: when one of them is not known to the log
        """
        asked = meaning(words)
        if 'run' in asked and len(asked.concepts) > 1 and not any(map(animate, asked.concepts)):
            asked = replace(asked, concepts=tuple(  # of a machine
                one for one in asked.concepts if one != 'run'))
        came = {'com', 'APPEAR'} & {*asked.concepts}
        if 'com' in asked and asked.nouns and not {
                'person', 'man', 'woman', 'child'} & {*asked.concepts}:
            asked = replace(asked, concepts=tuple(  # whoever is told of has come
                one for one in asked.concepts if one != 'com'))
        if 'APPEAR' in asked and any(
                animate(one) or one == 'package' for one in asked.concepts) and not any(
                'APPEAR' in instruction for _, instruction, _ in self._read()):
            # Whatever is told of something, it was there.
            asked = replace(asked, concepts=tuple(
                'BRING' if one == 'APPEAR' and 'package' in asked else one
                for one in asked.concepts if one != 'APPEAR' or 'package' in asked))
        return self.topic_of(asked, besides=_GOING if came - {*asked.concepts} else frozenset())

    def topic_of(self, asked: Meaning, besides: frozenset[str] = frozenset()) -> Topic:
        """
        Return the topic of a meaning; errors as of ``topic``.

        :param besides: deeds that an answer about it does not tell
        """
        either = self._alternatives(asked)
        together = {
            frozenset(pair) for _, _, answer in self._read()
            for pair in itertools.combinations(answer.nouns, 2)
            if {*asked.nouns} & {*pair}}
        certain, unsure, nouns, told = set(), set(), set(), not asked.concepts
        for saying, instruction, answer in self._read():
            if besides & {*answer.concepts}:
                continue
            verdicts = {judge(one, instruction, answer, together) for one in either}
            if Verdict.MATCH in verdicts:
                certain.add(saying.id)
                nouns.add(tuple(sorted({*answer.nouns} or {*instruction.nouns})))
            elif Verdict.UNSURE in verdicts:
                unsure.add(saying.id)
            told = told or any(
                all(any(satisfies(known, concept) for known in instruction.concepts)
                    for concept in one.concepts) for one in either) or (
                bool(asked.concepts) and _watches(instruction, asked))
        if not certain and not told:
            raise UncertainError('it holds none that is known to be about that')
        return Topic(asked, frozenset(certain), frozenset(unsure), frozenset(nouns))

    def opposite(self, topic: Topic) -> Topic:
        """
        Return the topic of what ends a state.

        :raises UncertainError: when the topic is no state, or its end is not logged
        """
        states = [one for one in topic.meaning.concepts if one in OPPOSITE]
        if len(states) != 1:
            raise UncertainError('that is no state whose end would be logged')
        ended = self.topic_of(replace(topic.meaning, concepts=tuple(
            OPPOSITE.get(one, one) for one in topic.meaning.concepts)))
        # Of one camera, what differs in its colour or size differs; "the window above the sink"
        # is the window.
        things = {
            tuple(one for one in nouns if not animate(one) and (
                one in GROUPS or not self._camera)) or (() if self._camera else nouns)
            for nouns in topic.nouns | ended.nouns}
        if len(things) > 1:
            raise UncertainError('several things may be meant')
        return ended

    def events(self, topic: Topic, span: Span, *, sure: bool = True) -> list[Event]:
        """
        Return the events of a topic that ended in a span, in the order of time.

        :param sure: whether those of which it is not certain matter
        :raises UncertainError: when it is not certain which these are, or there are too many
        """
        begin, end = span.begin, span.end
        if span.around:
            assert begin is not None and end is not None
            begin, end = begin - int(AROUND_S * 1e9), end + int(AROUND_S * 1e9)
        end = self._now + 1 if end is None else min(end, self._now + 1)
        found = self._log.answers(topic.certain, begin, end, self._camera, MOST_EVENTS + 1)
        if len(found) > MOST_EVENTS:
            raise UncertainError(f'they are more than {MOST_EVENTS}')
        if sure and topic.unsure:
            doubtful = self._log.answers(topic.unsure, begin, end, self._camera, 1)
            if doubtful:
                raise UncertainError(f'it is not certain whether event {doubtful[0].id} counts')
        if span.around:
            assert span.begin is not None and span.end is not None
            close = [event for event in found if not span.begin <= event.ended < span.end]
            if close:
                raise UncertainError('some are close to that time: say from when to when')
        return found

    def extreme(
        self, topic: Topic, span: Span, *, last: bool
    ) -> tuple[Event | None, Event | None]:
        """
        Return the last event of a topic in a span, and the last of which it is not certain.

        :param last: False: the first ones
        :raises UncertainError: when one is so close to the span that it may be meant
        """
        if span.around:
            events = self.events(topic, span, sure=False)
        else:
            end = self._now + 1 if span.end is None else min(span.end, self._now + 1)
            events = self._log.answers(topic.certain, span.begin, end, self._camera, 1, last)
        doubtful = self._log.answers(topic.unsure, span.begin, span.end, self._camera, 1, last)
        place = -1 if last else 0
        return events[place] if events else None, doubtful[0] if doubtful else None

    def all_in(self, span: Span) -> list[Event]:
        """Return all events that ended in a span; the latest, where there are very many."""
        everything = [saying.id for saying, _, _ in self._read()]
        return self._log.answers(everything, span.begin, span.end, self._camera, 1000)

    def check_distinct(self, events: Sequence[Event]) -> None:
        """
        See that each event stands for a happening of its own.

        :raises UncertainError: when two instructions may have spoken of the same
        """
        for one, other in zip(events, events[1:]):
            if (one.camera == other.camera and one.instruction != other.instruction
                    and other.began <= one.ended + _CLOSE_NS):
                raise UncertainError(
                    f'events {one.id} and {other.id} may tell of the same')

    def words(self) -> set[str]:
        """Return the words of all instructions and answers."""
        return {
            word for saying, _, _ in self._read()
            for word in tokens(f'{saying.instruction} , {saying.text}')}

    def speaks_of(self, name: str, besides: str) -> bool:
        """
        Return whether a name is among the words of an answer or an instruction.

        :param besides: the camera whose answers do not count
        """
        return any(
            f' {name} ' in f' {" ".join(tokens(f"{saying.instruction} , {saying.text}"))} '
            for camera in self._log.cameras() if camera != besides
            for saying in self._log.sayings(camera, MOST_SAYINGS))

    def _alternatives(self, asked: Meaning) -> list[Meaning]:
        """Return what "on or off" asks for, one by one."""
        exclusive = [one for one in asked.concepts
                     if GROUPS.get(one, frozenset()) & ({*asked.concepts} - {one})]
        if not exclusive and not asked.alternatives:
            return [asked]
        if not asked.alternatives or len(exclusive) != 2:
            raise UncertainError('')
        return [
            Meaning(tuple(concept for concept in asked.concepts if concept != left))
            for left in exclusive]

    def _read(self) -> list[tuple[Saying, Meaning, Meaning]]:
        if self._sayings is None:
            sayings = self._log.sayings(self._camera, MOST_SAYINGS + 1)
            if len(sayings) > MOST_SAYINGS:
                raise UncertainError(f'it has more than {MOST_SAYINGS} wordings')
            instructions: dict[str, Meaning] = {}
            for saying in sayings:
                if saying.instruction not in instructions:
                    instructions[saying.instruction] = meaning(
                        tokens(saying.instruction), asks=True)
            self._sayings = [
                (saying, instructions[saying.instruction], meaning(said(saying.text)))
                for saying in sayings]
        return self._sayings
