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
Questions about what has been, answered from the event log alone.

A small exact planner: the times of a question, its form, and what it is about, each understood
whole or not at all. Every event that may be meant must be known to be meant or not to be; where
one is not, where a time has several readings that differ, or where a word is left over, the
question is declined. Nothing is estimated, and each answer names its events.

A language model that answers what is declined here begins behind ``ask``: of a declined answer the
text says what the log holds of that time, and ``event_ids`` are the entries it would read.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from datetime import timezone
from datetime import tzinfo
import os
from pathlib import Path
import re
from zoneinfo import ZoneInfo

from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.answering import Answering
from streamo_ros.events.comparing import compares
from streamo_ros.events.comparing import Comparisons
from streamo_ros.events.comparing import EITHER
from streamo_ros.events.days import TimeError
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.findings import Findings
from streamo_ros.events.findings import Topic
from streamo_ros.events.outcome import ids
from streamo_ros.events.phrasing import PLAIN
from streamo_ros.events.phrasing import plainly
from streamo_ros.events.places import Places
from streamo_ros.events.question import Form
from streamo_ros.events.question import Question
from streamo_ros.events.question import read
from streamo_ros.events.sentences import asked
from streamo_ros.events.spans import EVER
from streamo_ros.events.spans import intersection
from streamo_ros.events.spans import LEFT_OVER
from streamo_ros.events.spans import Phrase
from streamo_ros.events.spans import Span
from streamo_ros.events.spans import together
from streamo_ros.events.spelling import mended
from streamo_ros.events.spoken_time import SpokenTimes
from streamo_ros.events.uncertain import UncertainError
from streamo_ros.events.wording import count
from streamo_ros.events.wording import Wording
from streamo_ros.events.words import GENERAL_VERBS
from streamo_ros.events.words import meaning
from streamo_ros.events.words import satisfies
from streamo_ros.events.words import VERBS

LONGEST_QUESTION = 500
"""Characters; nobody asks longer questions that can be understood here."""

_AWAY = re.compile(
    r'\b(?:(?:while|when|whilst|as) (?:i|we) (?:was|were|have been|had been|have|been) '
    r'(?:away|out|gone|not here|not there|absent|elsewhere)|(?:in|during) (?:my|our) absence|'
    r'since (?:i|we) (?:left|went away|went out|have been away|was last here|have been gone|'
    r'been gone|been away|last (?:asked|looked|checked))|'
    r'since (?:the|my) last (?:question|check|visit)|i (?:was|have been|been) (?:away|out|'
    r'gone))\b')
_LEFT = re.compile(r'\bi (?:left|went away|went out)\b')
_BACK = re.compile(
    r'\b(?:and )?(?:i )?(?:have )?(?:just )?(?:came|got|come|am|was) back\b|'
    r'\b(?:and )?(?:i )?returned\b')
_SINCE_THEN = re.compile(
    r'\b(?:after me|since then|in between|meanwhile|in the meantime|'
    r'during that time|in that time|since)\b')
_UNTIL_NOW = re.compile(r'\b(?:until now|up to now|up until now|till now|by now|so far)\b')
_IT_IS_DARK = re.compile(r'\bit(?= (?:(?:get|got|become|became|go|went) )?(?:dark|bright)\b)')
_MISSED = re.compile(r'\bi (?:have )?miss(?:ed)?\b')
_PRONOUNS = {'it', 'they', 'them', 'he', 'she', 'him', 'her', 'i', 'we', 'me', 'us', 'you'}
_ORDER = re.compile(r'\b(?:the )?(last|first)(?: time)?(?: that)?\b')
_HOME = ('house', 'building', 'flat', 'apartment')
_HERE = (*_HOME, 'room', 'place', 'scene', 'view', 'picture', 'frame')
_GAP = re.compile(
    r'^how (?:long|much time) (?:(?:was|is|were|did|does|has|had|it|there|take|took|passed|'
    r'elapsed|'
    r'pass|elapse|went|go|gone|by|lay|lie|the|time) )*(?:between|from) (.+) (?:and|to|until|till) '
    r'(.+)$')
_MOST_ANCHORS = 50
_ANCHORS = ('since', 'after', 'before', 'between')


def ask(
    log: EventReader, question: str, now: int, zone: str = '', away_since: int | None = None,
) -> Answer:
    """
    Answer a question from the log.

    :param question: in English
    :param now: what counts as now, in nanoseconds
    :param zone: where clocks are read, as ``Europe/Berlin``; empty: where the machine is
    :param away_since: when "while I was away" began, in nanoseconds; None: that is not known
    :raises EventLogError: when the log cannot be read
    """
    try:
        where: tzinfo = ZoneInfo(zone) if zone else local_zone()
    except (KeyError, ValueError, OSError):
        return Answer(AnswerKind.DECLINED, f'The time zone {zone!r} is not known here.')
    if now <= 0:
        return Answer(AnswerKind.DECLINED, 'There is no time yet by the clock of this node.')
    return _Planner(log, now, where, away_since).answer(question)


def local_zone() -> tzinfo:
    """Return the zone of this machine, with its summer times."""
    try:
        if name := os.environ.get('TZ', '').lstrip(':'):
            return ZoneInfo(name)
        with Path('/etc/localtime').open('rb') as file:
            return ZoneInfo.from_file(file)
    except (KeyError, ValueError, OSError):
        return datetime.now().astimezone().tzinfo or timezone.utc


class _Planner:
    """One question's way to its answer."""

    def __init__(
        self, log: EventReader, now: int, zone: tzinfo, away_since: int | None
    ) -> None:
        self._log = log
        self._now = now
        self._zone = zone
        self._away_since = away_since
        self._wording = Wording(now, zone)
        self._findings = Findings(log, '', now)
        self._until_now = Span(None, now + 1)
        self._span = self._until_now        # for what is said when the question is declined

    def answer(self, text: str) -> Answer:
        try:
            if len(text) > LONGEST_QUESTION:
                raise UncertainError(f'it is longer than {LONGEST_QUESTION} characters')
            return self._noted(self._answer(text))
        except (UncertainError, TimeError) as error:
            return self._declined(str(error))
        except (OverflowError, ValueError, OSError):  # dates beyond those that there are
            self._span = self._until_now
            return self._declined('')

    def _answer(self, text: str) -> Answer:
        told, question_words = asked(text)
        question_words = mended(question_words, self._findings.words())
        words = ' '.join(question_words)
        places = Places(self._log.cameras(), self._findings.speaks_of)
        if not re.search(r'\b(?:which|what) cameras?\b', words):
            words = places.without_camera(words)
        words, twist = plainly(re.sub(r'^[ ,]+', '', re.sub(' +', ' ', words)))
        words = places.without_place(places.without_camera(words))
        if places.camera:
            self._findings = Findings(self._log, places.camera, self._now)
        words = re.sub(r'^(?:[ ,]+)|(?:[ ,]+)$', '', words)
        if not words:
            raise UncertainError('')
        words = _IT_IS_DARK.sub(' ', _UNTIL_NOW.sub(' ', words))
        whole = ' '.join([*told, ',', words])
        away = _AWAY.search(whole)
        left = _LEFT.search(_AWAY.sub(' , ', whole))
        back = left and _BACK.search(whole)
        told, question_words = (
            (_LEFT.sub(' , ', _BACK.sub(' , ', _AWAY.sub(' , ', text))) if left
             else _AWAY.sub(' , ', text)).split()
            for text in (' '.join(told), words))
        listed = [*told, *question_words]
        phrases = SpokenTimes(listed, self._now, self._zone).find()
        own = [phrase for phrase in phrases if phrase.place[0] >= len(told)]
        if told and own and not left:
            phrases = own  # when something was else is not what is asked for
        if left:
            away, back = None, back if len(phrases) == 2 else None
            phrases = self._departure(phrases, bool(back))
        if (away or (_MISSED.search(words) and self._away_since)) and not phrases:
            if self._away_since is None:
                raise UncertainError('it is not known since when you were away: say since when')
            phrases = [Phrase((0, 0), [Span(self._away_since, self._now + 1)])]
        if phrases and not self._log.stamped_by_the_clock():
            raise UncertainError(
                'its frames were stamped by another clock than the one that times are told by')
        rest = [
            word for at, word in enumerate(listed)
            if at >= len(told) and not any(
                phrase.place[0] <= at < phrase.place[1] for phrase in phrases)]
        if left or (told and phrases):
            rest = _SINCE_THEN.sub(' ', ' '.join(rest)).split()
        if twist is PLAIN and (either := EITHER.search(' '.join(listed[len(told):]))) is not None:
            return self._comparisons().either(either)
        if compares(listed):
            if twist is not PLAIN:
                raise UncertainError('')
            return self._comparisons().compare(self._read(rest), listed, phrases)
        readings = together(phrases)
        self._span = readings[0]
        if twist is PLAIN and (between := _GAP.search(' '.join(rest))) is not None:
            return self._gap(between, readings)
        rest, anchored = self._anchor(rest, readings[0] if len(phrases) == 1 else EVER)
        if anchored and _tells_when(listed, phrases):
            readings = [EVER]  # "after it opened at 3": a time of that alone
        elif anchored and _tells_when(listed, phrases, exactly=False):
            readings = [*readings, EVER]  # "after it opened yesterday": until then, or until now
        if anchored:
            readings = [intersection(one, other) for one in readings for other in anchored]
            self._span = readings[0]
        question = replace(self._read(rest), twist=twist)
        if len(anchored) > 1 and question.form is not Form.WHETHER:
            raise UncertainError(f'{len(anchored)} events may be meant by "{rest[-1]} ..."')
        if twist.per_s and not phrases:
            raise UncertainError('say of which time')
        topic = self._topic(question.topic)
        if question.things and len({
                any(map(_is_person, nouns)) for nouns in topic.nouns}) > 1 and (
                    {'ENTER', 'LEAVE'} & {*topic.meaning.concepts}):
            raise UncertainError('people and things did: ask who, or which')
        if question.still and topic.meaning.concepts and not VERBS & {*topic.meaning.concepts}:
            # "was somebody in the room?": what is logged is what happened, not what was.
            if question.form is not Form.WHETHER:
                raise UncertainError('')
            readings = [one for one in readings if self._findings.events(topic, one, sure=False)]
            if not readings or not {'there', 'here', 'around'} & {*rest}:
                raise UncertainError('')
        answering = self._answering()
        outcomes = [answering.outcome(question, topic, one) for one in readings]
        if any(outcome.key != outcomes[0].key for outcome in outcomes):
            raise UncertainError('that time may mean several: say from when to when')
        # Of several times that may be meant, the events of the narrowest
        return min(
            (outcome.answer for outcome in outcomes), key=lambda one: len(one.event_ids))

    def _comparisons(self) -> Comparisons:
        return Comparisons(
            self._log, self._findings, self._wording, self._now, self._zone, self._topic)

    def _answering(self) -> Answering:
        return Answering(self._log, self._findings, self._wording, self._now)

    def _read(self, rest: Sequence[str]) -> Question:
        question = read(rest)
        if question is None or LEFT_OVER & {*question.topic, *(question.than or ())}:
            raise UncertainError('')
        return question

    def _topic(self, words: Sequence[str]) -> Topic:
        if _PRONOUNS & {*words}:
            raise UncertainError('')
        topic = self._findings.topic(self._without_place(words))
        if {*_HOME} & {*words} and len({
                event.camera for event in self._findings.events(
                    topic, self._until_now, sure=False)}) > 1:
            raise UncertainError('several cameras tell of it: say which')
        if GENERAL_VERBS & {*topic.meaning.concepts}:
            raise UncertainError('that may be said of several deeds')
        if not topic.meaning.concepts and {*words} - {'a', 'the', 'any'} - {
                'anything', 'something', 'was', 'were', 'did', 'has', 'have', 'been', 'is',
                'there', 'to', 'for', 'all', 'in', 'on', 'here', 'of', 'at', 'my'}:
            raise UncertainError('')
        return topic

    def _without_place(self, words: Sequence[str]) -> Sequence[str]:
        """Leave out "the room" that somebody entered: it is where the camera is."""
        if not {'ENTER', 'LEAVE'} & {*meaning([*words]).concepts}:
            return words
        return [word for word in words if word not in _HERE]

    # What is said beside the topic

    def _departure(self, phrases: list[Phrase], back: bool) -> list[Phrase]:
        """Understand "I left at noon", and "and came back at two"."""
        if len(phrases) != 1 + back or any(
                not phrase.readings[0].around for phrase in phrases):
            raise UncertainError('')
        begins = [one.begin for one in phrases[0].readings]
        ends = [one.begin for one in phrases[1].readings] if back else [self._now + 1]
        spans = [Span(begin, end) for begin in begins for end in ends
                 if begin is not None and end is not None and begin < end]
        if not spans:
            raise UncertainError('')
        return [replace(phrase, readings=spans) for phrase in phrases]

    def _gap(self, between: 're.Match[str]', readings: Sequence[Span]) -> Answer:
        """Answer "how long was it between A and B?"."""
        topics = [self._topic(clause.split()) for clause in between.groups()]
        answering = self._answering()
        outcomes = [answering.gap(topics[0], topics[1], one) for one in readings]
        if any(outcome.key != outcomes[0].key for outcome in outcomes):
            raise UncertainError('that time may mean several: say from when to when')
        return outcomes[0].answer

    def _anchor(self, rest: list[str], span: Span) -> tuple[list[str], list[Span]]:
        """
        Understand "since the door opened": the times that an event of the log may give.

        :param span: that the question speaks of
        """
        places = [at for at, word in enumerate(rest) if word in _ANCHORS]
        if not places:
            return rest, []
        at = places[0]
        word = rest[at]
        if read(rest[:at]) is None and at > 0 and word == 'since' and not rest[:at][-1:] == [',']:
            return rest, []  # "how long is it since": the form says it
        end = rest.index(',', at) if ',' in rest[at:] else len(rest)
        clause, others = rest[at + 1:end], rest[:at] + rest[end:]
        if word == 'between':
            return others, [self._between(clause, span)]
        if len(places) > 1 or LEFT_OVER & {*clause} or not clause:
            raise UncertainError('')
        text = ' '.join(clause)
        order = _ORDER.search(text)
        topic = self._findings.topic(_ORDER.sub(' ', text).split())
        if not topic.meaning.concepts:
            raise UncertainError('')
        events = self._findings.events(topic, span) or self._findings.events(
            topic, self._until_now)
        if not events:
            raise UncertainError(f'it holds none to tell what {text!r} means')
        if order is not None or word == 'since':
            events = [events[0 if order is not None and order[1] == 'first' else -1]]
        if len(events) > _MOST_ANCHORS:
            raise UncertainError(f'there are {len(events)} events that {text!r} may mean')
        if word == 'before':
            return others, [Span(None, event.ended) for event in events]
        return others, [Span(event.ended + 1, self._now + 1) for event in events]

    def _between(self, clause: Sequence[str], span: Span) -> Span:
        """Understand "between the man leaving and the ball falling"."""
        if clause.count('and') != 1 or LEFT_OVER & {*clause}:
            raise UncertainError('')
        at = [*clause].index('and')
        found = [self._findings.events(self._topic(part), span)
                 for part in (clause[:at], clause[at + 1:])]
        if any(len(events) != 1 for events in found):
            raise UncertainError('there are several of them, or none')
        begin, end = sorted(events[0].ended for events in found)
        return Span(begin + 1, end)

    # What is said beside the answer

    def _noted(self, answer: Answer) -> Answer:
        """Say what the log cannot know of the time in question."""
        notes = []
        missing = sum(gap.count for gap in self._log.gaps(self._span.begin, self._span.end))
        if missing:
            notes.append(f'{count(missing, "event")} of about that time could not be logged')
        oldest = self._log.oldest()
        if oldest is not None and oldest.id > 1 and (self._span.begin or 0) < oldest.ended:
            notes.append(f'what was before {self._wording.time(oldest.ended)} has been removed')
        if not notes:
            return answer
        return replace(answer, text=f'{answer.text.rstrip(".")} (but {", and ".join(notes)}).')

    def _declined(self, reason: str) -> Answer:
        """Say what the log holds of the time in question, and that it is no answer."""
        try:
            events = self._findings.all_in(self._span)
        except UncertainError:
            events = []
        more = 'at least ' if len(events) == 1000 else ''
        text = (f'The log holds {more}{count(len(events), "event")}'
                f'{self._wording.span(self._span)}, but I cannot answer that')
        return Answer(
            AnswerKind.DECLINED, f'{text}{f": {reason}" if reason else ""}.', ids(events))


def _is_person(concept: str) -> bool:
    return satisfies(concept, 'person')


def _tells_when(
    listed: Sequence[str], phrases: Sequence[Phrase], *, exactly: bool = True
) -> bool:
    """
    Return whether the moment that a question names is told of what it goes by.

    :param exactly: False: a day of it will do
    """
    begins = [at for at, word in enumerate(listed) if word in _ANCHORS and not any(
        phrase.place[0] <= at < phrase.place[1] for phrase in phrases)]
    return bool(begins) and any(
        phrase.place[0] > begins[0] and (phrase.readings[0].around or not exactly)
        for phrase in phrases)
