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
The answers of each form of question, of one topic in one span of time.

Each rests on the events that it names, and is given only where it is certain that these are all
that matter. Where there is none, the latest one before that time is named.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace

from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.event import Event
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.findings import Findings
from streamo_ros.events.findings import OPPOSITE
from streamo_ros.events.findings import Topic
from streamo_ros.events.outcome import ids
from streamo_ros.events.outcome import Outcome
from streamo_ros.events.phrasing import PLAIN
from streamo_ros.events.quantity import quantity
from streamo_ros.events.question import Form
from streamo_ros.events.question import Question
from streamo_ros.events.spans import Span
from streamo_ros.events.twisted import TwistedAnswers
from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.wording import count
from streamo_ros.events.wording import Wording


class Answering:
    """
    Answers what has been understood.

    :param now: in nanoseconds
    """

    def __init__(
        self, log: EventReader, findings: Findings, wording: Wording, now: int
    ) -> None:
        self._log = log
        self._findings = findings
        self._wording = wording
        self._now = now
        self._until_now = Span(None, now + 1)
        self._twisted = TwistedAnswers(findings, wording, now)

    def counted(self, topic: Topic, span: Span) -> list[Event]:
        """Return the events of a topic in a span, each of a happening of its own."""
        events = self._findings.events(topic, span)
        self._findings.check_distinct(events)
        return events

    def outcome(self, question: Question, topic: Topic, span: Span) -> Outcome:
        """
        Return the answer to a question about a topic, for one reading of its times.

        :raises UncertainError: when there is none that is certain
        """
        if question.twist is not PLAIN:
            return self._twisted.outcome(question, topic, span)
        forms: dict[Form, Callable[[Question, Topic, Span], Outcome]] = {
            Form.COUNT: self._count, Form.WHEN: self._when, Form.FIRST: self._first,
            Form.LAST: self._last, Form.AGO: self._ago, Form.WHETHER: self._whether,
            Form.NOW: self._is_now,
            Form.LIST: self._list, Form.STATE: self._state, Form.STAY: self._stay,
            Form.SPAN: self._duration}
        return forms[question.form](question, topic, span)

    def _none(self, kind: AnswerKind, said: str, topic: Topic, span: Span) -> Outcome:
        """Answer that there was none in that time, and when the latest one was before."""
        clause = self._wording.span(span)
        earlier = None if span.begin is None else self._findings.extreme(
            topic, Span(None, span.begin), last=True)[0]
        more = '' if earlier is None else (
            f'; the last one before was at {self._wording.time(earlier.ended)}')
        return Outcome(Answer(
            kind, f'{said}: the log holds no such event{clause}{more}.',
            () if earlier is None else (earlier.id,)), 0)

    def _count(self, question: Question, topic: Topic, span: Span) -> Outcome:
        events = self.counted(topic, span)
        if not events:
            return self._none(AnswerKind.COUNT, '0 times', topic, span)
        if question.each:
            number = quantity(events, topic.meaning)
            text = (f'{number} in {count(len(events), "event")}{self._wording.span(span)}: '
                    f'{self._wording.told(events)}')
            return Outcome(Answer(AnswerKind.COUNT, text, ids(events)), number)
        text = (f'{count(len(events), "time")}{self._wording.span(span)}'
                f'{self._wording.cameras(events)}: {self._wording.times(events)}.')
        return Outcome(Answer(AnswerKind.COUNT, text, ids(events)), len(events))

    def _when(self, question: Question, topic: Topic, span: Span) -> Outcome:
        events = self._findings.events(topic, span)
        if not events:
            return self._none(AnswerKind.LIST, 'Never', topic, span)
        times = self._wording.times(events)
        text = (f'{times[0].upper()}{times[1:]}' if len(events) == 1 else
                f'{count(len(events), "time")}{self._wording.span(span)}: {times}')
        return Outcome(Answer(AnswerKind.LIST, f'{text}.', ids(events)), ids(events))

    def _list(self, question: Question, topic: Topic, span: Span) -> Outcome:
        events = self._findings.events(topic, span)
        if not events:
            return self._none(AnswerKind.LIST, 'Nothing', topic, span)
        text = f'{count(len(events), "event")}{self._wording.span(span)}: '
        return Outcome(
            Answer(AnswerKind.LIST, text + self._wording.told(events), ids(events)), ids(events))

    def _whether(self, question: Question, topic: Topic, span: Span) -> Outcome:
        events = self._findings.events(topic, span, sure=False)
        if not events:
            self._findings.events(topic, span)  # none of which it is not certain, either
            return self._none(AnswerKind.YES_NO, 'No', topic, span)
        text = (f'Yes, {count(len(events), "time")}{self._wording.span(span)}: '
                f'{self._wording.told(events)}')
        return Outcome(Answer(AnswerKind.YES_NO, text, ids(events)), 1)

    def _extreme(self, topic: Topic, span: Span, *, last: bool) -> list[Event]:
        """Return the first or last event alone, if it is certain that it is that; or none."""
        found, doubtful = self._findings.extreme(topic, span, last=last)
        if found is None:
            if doubtful is not None:
                self._findings.events(topic, span)
            return []
        if doubtful is not None and (
                doubtful.ended >= found.ended if last else doubtful.ended <= found.ended):
            raise UncertainError('it is not certain which one that is')
        return [found]

    def _first(self, question: Question, topic: Topic, span: Span) -> Outcome:
        events = self._extreme(topic, span, last=False)
        if not events:
            return self._none(AnswerKind.FIRST, 'Never', topic, span)
        text = f'First at {self._wording.told(events)}'
        return Outcome(Answer(AnswerKind.FIRST, text, ids(events)), ids(events))

    def _last(self, question: Question, topic: Topic, span: Span) -> Outcome:
        events = self._extreme(topic, span, last=True)
        if not events:
            return self._none(AnswerKind.LAST, 'Never', topic, span)
        text = f'Last at {self._wording.told(events)}'
        return Outcome(Answer(AnswerKind.LAST, text, ids(events)), ids(events))

    def _ago(self, question: Question, topic: Topic, span: Span) -> Outcome:
        if not self._log.stamped_by_the_clock():
            raise UncertainError('its frames were stamped by another clock')
        events = self._extreme(topic, span, last=True)
        if not events:
            return self._none(AnswerKind.LAST, 'Never', topic, span)
        ago = self._wording.duration(self._now - events[0].ended)
        return Outcome(Answer(
            AnswerKind.LAST, f'{ago} ago, at {self._wording.told(events)}', ids(events)),
            ids(events))

    def _duration(self, question: Question, topic: Topic, span: Span) -> Outcome:
        order = {'last', 'first'} & {*question.topic}
        if order:
            raise UncertainError('')
        events = self._findings.events(topic, span)
        if not events:
            return self._none(AnswerKind.DURATION, 'Never', topic, span)
        if len(events) > 1:
            raise UncertainError('there are several: ask about one')
        (event,) = events
        if event.began == event.ended:
            raise UncertainError('nothing was seen of its begin')
        text = (f'{self._wording.duration(event.ended - event.began)}: from '
                f'{self._wording.time(event.began)} to {self._wording.told(events)}')
        return Outcome(Answer(AnswerKind.DURATION, text, ids(events)), ids(events))

    def _changes(self, topic: Topic) -> list[tuple[Event, bool]]:
        """Return what began and what ended a state, in the order of time, and whether it began."""
        ended = self._findings.opposite(topic)
        begins = self._findings.events(topic, self._until_now)
        ends = self._findings.events(ended, self._until_now)
        changes = sorted(
            [*((event, True) for event in begins), *((event, False) for event in ends)],
            key=lambda change: change[0].ended)
        self._findings.check_distinct([event for event, _ in changes])
        if len({event.camera for event, _ in changes}) > 1:
            raise UncertainError('several cameras tell of it')
        return changes

    def _state(self, question: Question, topic: Topic, span: Span) -> Outcome:
        """Answer whether something was so, from what changed last."""
        changes = self._changes(topic)
        begin, end = span.begin, self._now + 1 if span.end is None else span.end
        inside = [one for one in changes if begin is None or begin <= one[0].ended < end]
        before = [one for one in changes if begin is not None and one[0].ended < begin][-1:]
        if inside and (span.around or question.lasting):
            raise UncertainError('it changed in that time')
        proofs = [event for event, is_on in [*before, *inside] if is_on]
        if not proofs and (begin is None or not before):
            raise UncertainError('it is not known how it was at first')
        holds = bool(proofs)
        used = proofs or [before[0][0]]
        text = (f'{"Yes" if holds else "No"}{self._wording.span(span)}: '
                f'{self._wording.told(used)}')
        return Outcome(Answer(AnswerKind.YES_NO, text, ids(used)), (holds, ids(used)))

    def _is_now(self, question: Question, topic: Topic, span: Span) -> Outcome:
        """Answer whether something is so, as far as what changed last tells."""
        if span.begin is not None:
            raise UncertainError('')
        changes = self._changes(topic)
        if not changes:
            raise UncertainError('it is not known how it was at first')
        event, is_on = changes[-1]
        text = (f'{"Yes" if is_on else "No"}, as far as is logged, since '
                f'{self._wording.told([event])}')
        return Outcome(Answer(AnswerKind.YES_NO, text, (event.id,)), event.id)

    def gap(self, one: Topic, other: Topic, span: Span) -> Outcome:
        """Return how long it was between two events of a span, each the only one of its topic."""
        if not self._log.stamped_by_the_clock():
            raise UncertainError('its frames were stamped by another clock')
        found = [self.counted(topic, span) for topic in (one, other)]
        if any(not events for events in found):
            raise UncertainError('it holds none of one of them')
        if any(len(events) > 1 for events in found):
            raise UncertainError('there are several of them: ask about two')
        first, second = sorted((found[0][0], found[1][0]), key=lambda event: event.ended)
        text = (f'{self._wording.duration(second.ended - first.ended)}: '
                f'{self._wording.told([first, second])}')
        return Outcome(
            Answer(AnswerKind.DURATION, text, ids([first, second])), second.ended - first.ended)

    def _stay(self, question: Question, topic: Topic, span: Span) -> Outcome:
        """Answer how long a state lasted, from what began and what ended it."""
        if not self._log.stamped_by_the_clock():
            raise UncertainError('its frames were stamped by another clock')
        if not {*OPPOSITE} & {*topic.meaning.concepts}:
            return self._visit(topic, span)
        changes = self._changes(topic)
        if question.lasting and span.begin is None:
            return self._lasting(changes)
        start = changes[0][0].ended if changes and span.begin is None else span.begin
        end = min(self._now, span.end or self._now)
        before = [change for change in changes if change[0].ended <= (start or 0)]
        inside = [change for change in changes if (start or 0) < change[0].ended < end]
        if not changes or start is None or not (before or inside and inside[0][1]):
            raise UncertainError('it is not known how it was at first')
        relevant = [*before[-1:], *inside]  # what began in that time was not so before
        if any(one[1] == other[1] for one, other in zip(relevant, relevant[1:])):
            raise UncertainError('what was between two of them is not logged')
        if span.begin is None and relevant[-1][1]:
            raise UncertainError('it lasts still: ask how long it has been so')
        total, spells, used = 0, 0, []
        for at, (event, is_on) in enumerate(relevant):
            used.append(event)
            if is_on:
                until = relevant[at + 1][0].ended if at + 1 < len(relevant) else end
                total += until - max(start, event.ended)
                spells += 1
        if not spells:
            return self._none(AnswerKind.DURATION, '0 s', topic, span)
        text = (f'{self._wording.duration(total)}{" in all" if spells > 1 else ""}'
                f'{self._wording.span(span)}, {count(spells, "time")}: '
                f'{self._wording.told(used)}')
        return Outcome(Answer(AnswerKind.DURATION, text, ids(used)), total)

    def _visit(self, topic: Topic, span: Span) -> Outcome:
        """Answer how long somebody stayed, who came and went once in that time."""
        if not topic.meaning.concepts:
            raise UncertainError('')
        came, went = (
            self._findings.topic_of(replace(
                topic.meaning, concepts=(*topic.meaning.concepts, deed)))
            for deed in ('ENTER', 'LEAVE'))
        outcome = self.gap(came, went, span)
        first, last = outcome.answer.event_ids
        if first not in {event.id for event in self._findings.events(came, span)}:
            raise UncertainError('they left before they came')
        return outcome

    def _lasting(self, changes: Sequence[tuple[Event, bool]]) -> Outcome:
        if not changes:
            raise UncertainError('')
        event, is_on = changes[-1]
        if is_on:
            text = (f'For {self._wording.duration(self._now - event.ended)}, since '
                    f'{self._wording.told([event])}')
        else:
            text = f'Not any more, since {self._wording.told([event])}'
        return Outcome(Answer(AnswerKind.DURATION, text, (event.id,)), event.id)


