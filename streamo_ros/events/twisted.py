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
The answers to what is asked beyond a plain question: which time, at least how often, by hour.

Each combination of a form and a twist that is not written down here is declined.
"""

from collections.abc import Sequence
from dataclasses import replace

from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.event import Event
from streamo_ros.events.findings import Findings
from streamo_ros.events.findings import Topic
from streamo_ros.events.outcome import ids
from streamo_ros.events.outcome import Outcome
from streamo_ros.events.phrasing import Twist
from streamo_ros.events.question import Form
from streamo_ros.events.question import Question
from streamo_ros.events.spans import Span
from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.wording import count
from streamo_ros.events.wording import Wording


class TwistedAnswers:
    """
    Answers what has been understood.

    :param now: in nanoseconds
    """

    def __init__(self, findings: Findings, wording: Wording, now: int) -> None:
        self._findings = findings
        self._wording = wording
        self._now = now

    def outcome(self, question: Question, topic: Topic, span: Span) -> Outcome:
        """
        Return the answer, for one reading of the times.

        :raises UncertainError: when there is none that is certain
        """
        twist, form = question.twist, question.form
        events = self._findings.events(topic, span)
        self._findings.check_distinct(events)
        if twist == Twist(cameras=True) and form is Form.WHETHER:
            return self._cameras(events, span)
        if twist == Twist(negated=True) and form is Form.WHETHER:
            return self._negated(events, span)
        if twist == Twist(ordinal=twist.ordinal) and form in (Form.WHEN, Form.FIRST):
            return self._ordinal(events, span, twist.ordinal)
        if twist == Twist(newest=twist.newest, oldest=twist.oldest) and form in (
                Form.LIST, Form.WHEN):
            return self._some(events, span, twist)
        if twist == Twist(per_s=twist.per_s) and form is Form.COUNT:
            return self._rate(events, span, twist.per_s)
        if twist == Twist(most_of=twist.most_of) and form in (Form.LIST, Form.WHEN):
            return self._most_of(events, span, twist.most_of)
        if replace(twist, bare=False) == Twist(least=twist.least, most=twist.most) and (
                form is Form.WHETHER):
            return self._bounded(events, span, twist)
        raise UncertainError('')

    def _cameras(self, events: Sequence[Event], span: Span) -> Outcome:
        cameras = sorted({event.camera for event in events})
        if not cameras:
            raise UncertainError('it holds none')
        told = ' and '.join(cameras)
        text = (f'{"Cameras" if len(cameras) > 1 else "Camera"} {told}{self._wording.span(span)}: '
                f'{self._wording.told(events)}')
        return Outcome(Answer(AnswerKind.LIST, text, ids(events)), (told, ids(events)))

    def _negated(self, events: Sequence[Event], span: Span) -> Outcome:
        clause = self._wording.span(span)
        text = (f'No, it did {count(len(events), "time")}{clause}: {self._wording.told(events)}'
                if events else f'Right: the log holds no such event{clause}.')
        return Outcome(Answer(AnswerKind.YES_NO, text, ids(events)), bool(events))

    def _most_of(self, events: Sequence[Event], span: Span, unit: str) -> Outcome:
        groups: dict[str, list[Event]] = {}
        for event in events:
            name = event.camera if unit == 'camera' else self._wording.part(event.ended, unit)
            groups.setdefault(name, []).append(event)
        if not groups:
            raise UncertainError('it holds none')
        most = max(map(len, groups.values()))
        names = [name for name, group in groups.items() if len(group) == most]
        chosen = [event for name in names for event in groups[name]]
        text = (f'{" and ".join(names)}{self._wording.span(span)}: {count(most, "event")}'
                f'{" each" if len(names) > 1 else ""} of {len(events)}.')
        return Outcome(Answer(AnswerKind.LIST, text, ids(chosen)), tuple(names))

    def _ordinal(self, events: Sequence[Event], span: Span, number: int) -> Outcome:
        clause = self._wording.span(span)
        if len(events) < number:
            text = f'Never: it was {count(len(events), "time")}{clause}.'
            return Outcome(Answer(AnswerKind.LIST, text, ids(events)), 0)
        chosen = [events[number - 1]]
        text = f'Number {number} of {len(events)}{clause}: {self._wording.told(chosen)}'
        return Outcome(Answer(AnswerKind.LIST, text, ids(chosen)), ids(chosen))

    def _some(self, events: Sequence[Event], span: Span, twist: Twist) -> Outcome:
        chosen = [*(events[-twist.newest:] if twist.newest else events[:twist.oldest])]
        if not chosen:
            raise UncertainError('it holds none')
        text = f'{count(len(chosen), "event")}: {self._wording.told(chosen)}'
        return Outcome(Answer(AnswerKind.LIST, text, ids(chosen)), ids(chosen))

    def _rate(self, events: Sequence[Event], span: Span, per_s: int) -> Outcome:
        end = self._now if span.end is None else min(span.end, self._now)
        if span.begin is None or span.around or end <= span.begin:
            raise UncertainError('say from when to when')
        seconds = (end - span.begin) / 1e9
        unit = {60: 'minute', 3600: 'hour', 86400: 'day'}[per_s]
        text = (f'{len(events) / seconds * per_s:.3g} times a {unit}: '
                f'{count(len(events), "time")} in {self._wording.duration(end - span.begin)}'
                f'{self._wording.span(span)}.')
        return Outcome(Answer(AnswerKind.COUNT, text, ids(events)), (len(events), seconds))

    def _bounded(self, events: Sequence[Event], span: Span, twist: Twist) -> Outcome:
        if twist.bare and len(events) > twist.least:
            raise UncertainError(f'it was {count(len(events), "time")}: say "at least" or "just"')
        holds = twist.least <= len(events) and (twist.most is None or len(events) <= twist.most)
        text = (f'{"Yes" if holds else "No"}, it was {count(len(events), "time")}'
                f'{self._wording.span(span)}'
                + (f': {self._wording.times(events)}.' if events else '.'))
        return Outcome(Answer(AnswerKind.YES_NO, text, ids(events)), (holds, len(events)))
