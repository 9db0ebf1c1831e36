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

"""Comparisons: which of two things happened more often, or at which of two times."""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
import re

from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.answering import Answering
from streamo_ros.events.event import Event
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.findings import Findings
from streamo_ros.events.findings import Topic
from streamo_ros.events.outcome import ids
from streamo_ros.events.places import spoken_name
from streamo_ros.events.question import Question
from streamo_ros.events.spans import LEFT_OVER
from streamo_ros.events.spans import Phrase
from streamo_ros.events.spans import Span
from streamo_ros.events.spans import together
from streamo_ros.events.spans import without_times
from streamo_ros.events.spoken_time import SpokenTimes
from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.wording import count
from streamo_ros.events.wording import Wording
from streamo_ros.events.words import GENERAL_VERBS
from streamo_ros.events.words import meaning
from streamo_ros.events.words import VERBS

EITHER = re.compile(
    r'^(?P<about>(?:did|does|do|has|have|was|were|is) .+?) more(?: often| frequently)? '
    r'(?P<one>(?:(?! or ).)+) or (?P<other>'
    r'(?:(?:on|at|in|by|since|yesterday|today|this|last|between|from) ?)?'
    r'(?:(?:the )?\w+(?: \w+)??))'
    r'(?P<rest>(?: (?:yesterday|today|this|since|on|in|after|before|between|from)\b.*)?)$')


def compares(words: Sequence[str]) -> bool:
    """Return whether a question says "more often than"."""
    return 'than' in words and bool({'more', 'less', 'fewer'} & {*words}) and (
        'often' in words or 'times' in words or 'frequently' in words)


class Comparisons:
    """
    Answers what has been understood.

    :param now: in nanoseconds
    :param zone: where clocks are read
    :param topic: returns what words are about
    """

    def __init__(
        self, log: EventReader, findings: Findings, wording: Wording, now: int, zone: tzinfo,
        topic: Callable[[Sequence[str]], Topic],
    ) -> None:
        self._log, self._findings, self._wording = log, findings, wording
        self._now, self._zone, self._topic = now, zone, topic

    def either(self, either: 're.Match[str]') -> Answer:
        """
        Answer "did A happen more often today or yesterday?", of two times or two cameras.

        :param either: what ``EITHER`` found
        :raises UncertainError: when that is not certain
        """
        about = re.sub(r'^(?:did|does|do|has|have|was|were|is) ', '', either['about'])
        places = [re.sub(r'^(?:on|at|in|by) (?:the )?', '', either[name]).strip(' ,')
                  for name in ('one', 'other')]
        cameras = {spoken_name(camera): camera for camera in self._log.cameras()}
        counts: list[list[Event]] = []
        if all(place in cameras for place in places):
            shared = SpokenTimes(either['rest'].split(), self._now, self._zone).find()
            spans = together(shared)
            if len(spans) > 1 or LEFT_OVER & {*without_times(either['rest'].split(), shared)}:
                raise UncertainError('')
            for place in places:
                counts.append(self._counted(
                    about, spans, Findings(self._log, cameras[place], self._now)))
        else:
            if either['rest'].strip(' ,'):
                raise UncertainError('')
            for name in ('one', 'other'):
                words = either[name].split()
                phrases = SpokenTimes(words, self._now, self._zone).find()
                if not phrases or without_times(words, phrases):
                    raise UncertainError('')
                counts.append(self._counted(about, together(phrases), self._findings))
        ones, others = map(len, counts)
        told_of = places[0] if ones > others else places[1]
        text = 'Equally often' if ones == others else told_of[:1].upper() + told_of[1:]
        text = (f'{text}: {count(ones, "time")} {places[0]} against '
                f'{count(others, "time")} {places[1]}.')
        return Answer(AnswerKind.COMPARISON, text, ids([*counts[0], *counts[1]]))

    def _counted(
        self, about: str, spans: Sequence[Span], findings: Findings,
    ) -> list[Event]:
        topic = findings.topic(about.split())
        if not topic.meaning.concepts or GENERAL_VERBS & {*topic.meaning.concepts}:
            raise UncertainError('')
        answering = Answering(self._log, findings, self._wording, self._now)
        found = [answering.counted(topic, span) for span in spans]
        if len({len(events) for events in found}) > 1:
            raise UncertainError('that time may mean several: say from when to when')
        return found[0]

    def compare(
        self, question: Question, listed: Sequence[str], phrases: list[Phrase],
    ) -> Answer:
        """
        Answer "did A happen more often than B?", of two topics or of two times.

        :param listed: the words of the question, its times among them
        :param phrases: its times
        :raises UncertainError: when that is not certain
        """
        if question.than is None:
            raise UncertainError('')
        than_at = [*listed].index('than')
        first = [one for one in phrases if one.place[0] < than_at]
        second = [one for one in phrases if one.place[0] > than_at]
        topic = self._topic(question.topic)
        other_words = [word for word in question.than if word not in ('the', 'a', 'in', 'on')
                       or word == 'on']
        if first and second:
            if other_words:
                raise UncertainError('')
            spans, topics = (together(first), together(second)), (topic, topic)
        elif not other_words:
            raise UncertainError('')
        else:
            both = together(phrases)
            spans, topics = (both, both), (topic, self._contrast(topic, question.than))
        results = []
        answering = Answering(self._log, self._findings, self._wording, self._now)
        for one in spans[0]:
            for other in spans[1] if spans[1] is not spans[0] else [one]:
                results.append(tuple(
                    answering.counted(about, span)
                    for about, span in zip(topics, (one, other))))
        numbers = {tuple(len(events) for events in result) for result in results}
        if len(numbers) > 1:
            raise UncertainError('that time may mean several: say from when to when')
        (one_events, other_events), (ones, others) = results[0], numbers.pop()
        holds = ones < others if question.fewer else ones > others
        whens = [self._wording.span(span[0]) for span in spans]
        text = (f'{"Yes" if holds else "No, equally often" if ones == others else "No"}: '
                f'{count(ones, "time")}{whens[0]} against {count(others, "time")}{whens[1]}.')
        return Answer(AnswerKind.COMPARISON, text, ids([*one_events, *other_events]))

    def _contrast(self, topic: Topic, words: Sequence[str]) -> Topic:
        """Return the topic that "than on", "than the window" means beside another one."""
        said = meaning([*words])
        if not said.concepts:
            said = meaning(['is', *words])
        if not said.concepts:
            raise UncertainError('')
        deeds = [one for one in topic.meaning.concepts if one in VERBS]
        things = [one for one in topic.meaning.concepts if one not in VERBS]
        if not said.nouns:
            concepts = (*things, *said.concepts)
        elif any(one in VERBS for one in said.concepts):
            concepts = said.concepts
        elif len(things) == len(said.nouns) == 1:
            concepts = (*said.concepts, *deeds)
        else:
            raise UncertainError('')
        return self._findings.topic_of(replace(topic.meaning, concepts=tuple(concepts)))
