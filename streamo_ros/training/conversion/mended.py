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
Raw annotations to turns and back, with a report of every correction.

A time belongs to the turn that ends at it or contains it: second 5 to ``<4s-5s>``, as the authors
count, at any rate. An event is Standby from its first turn to its last, and its answer comes at
the turn after; an answer with a ``time`` alone is due at that time's turn. Further,

- an answer is never lost: it overrides the Standby of other events, the second of two that are due
  at once comes a turn later, and an event that ends in the last turn is answered there;
- a question is asked once, at its time. The turns before it are silent, and an event that was over
  by then is answered as soon as the question is asked.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
import math

from streamo_ros.dialogue import State
from streamo_ros.dialogue import time_tag
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.sources.stream_file import check_words
from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.sources.stream_file import RecordedTurn
from streamo_ros.sources.stream_file import Turn
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import Question
from streamo_ros.training.conversion.raw_annotation import read_seconds
from streamo_ros.training.conversion.raw_annotation import Response

SLACK = 0.001
"""Seconds by which a time may pass a turn's end and still lie in it: tags have three decimals."""


@dataclass(frozen=True)
class Finding:
    """
    Something that was not taken as it stood.

    :param kind: a word for counting, such as ``late-answer``
    :param field: where in the record, such as ``response[1]``
    :param what: what was done, in a sentence
    """

    kind: str
    field: str
    what: str


@dataclass
class _Event:
    """
    A response with its turns.

    :param standby: the turns that stand by for it
    :param due: the turn that should answer, at most ``count``; None when it lies outside
    """

    field: str
    text: str
    standby: range
    due: int | None


def turn_of(seconds: float, fps: float) -> int:
    """Return the turn in which a time lies, from 0."""
    return max(0, math.ceil((seconds - SLACK) * fps) - 1)


def mended_turns(
    annotation: Annotation, count: int, fps: float, question: str = ''
) -> tuple[list[Turn], list[Finding]]:
    """
    Return the turns of one record, and the corrections.

    :param count: the number of turns
    :param fps: turns per second
    :param question: asked at the first turn of a record that has no question of its own
    :raises BadRecord: when a time is none, an answer has no time, or nothing is asked
    """
    return _Mended(annotation, count, fps, question).result()


class _Mended:

    def __init__(self, annotation: Annotation, count: int, fps: float, question: str) -> None:
        self._annotation = annotation
        self._count = count
        self._fps = fps
        self._question = question
        self._turns = [Turn() for _ in range(count)]
        self._findings: list[Finding] = []

    def result(self) -> tuple[list[Turn], list[Finding]]:
        asked = self._ask()
        events = [
            event for index, response in enumerate(self._annotation.responses)
            if (event := self._event(f'response[{index}]', response, asked))]
        for event in events:
            for index in event.standby:
                self._turns[index].state = State.STANDBY
        self._answer(events)
        return self._turns, self._findings

    def _find(self, kind: str, field: str, what: str) -> None:
        self._findings.append(Finding(kind, field, what))

    def _tag(self, turn: int) -> str:
        return time_tag(turn, self._fps)

    def _seconds(self, value: object, field: str) -> float | None:
        seconds = read_seconds(value, field)
        if seconds is not None and seconds < 0:
            self._find('negative-time', field, f'{seconds:g} s is taken as 0')
            return 0.0
        if seconds is not None and seconds != int(seconds):
            self._find(
                'fraction', field,
                f'{seconds:g} s lies in {self._tag(turn_of(seconds, self._fps))}; its fraction '
                'is not cut off')
        return seconds

    # -- questions ---------------------------------------------------------------------------

    def _ask(self) -> int:
        """Place the questions; return the turn of the first."""
        first: tuple[str, int] | None = None
        for index, question in enumerate(self._annotation.questions):
            field = f'question[{index}]'
            if not question.content.strip():
                self._find('empty-question', field, 'it has no words and is left out')
                continue
            check_words(question.content, f'{field}.content')
            seconds = self._seconds(question.time, f'{field}.time')
            turn = 0 if seconds is None else turn_of(seconds, self._fps)
            if turn >= self._count:
                self._find(
                    'question-beyond-end', field,
                    f'{seconds:g} s lies behind the last turn, {self._tag(self._count - 1)}: '
                    'it is left out')
                continue
            self._place(question.content, turn, field)
            first = first or (field, turn)
        asked = [index for index, turn in enumerate(self._turns) if turn.question]
        if first is None:
            if any(question.content.strip() for question in self._annotation.questions):
                raise BadRecord('question', 'nothing is asked before the video ends')
            if not self._question:
                raise BadRecord('question', 'nothing is asked: give a question for such records')
            self._turns[0].question = self._question
            return 0
        if asked[0] > 0:
            self._find(
                'question-once', first[0],
                f'it is asked at {self._tag(first[1])} alone, not at the start as well')
        return asked[0]

    def _place(self, content: str, index: int, field: str) -> None:
        turn = self._turns[index]
        if not turn.question:
            turn.question = content
        elif turn.question == content:
            self._find(
                'question-once', field, f'it is asked at {self._tag(index)} already')
        else:
            turn.question += f'\n{content}'
            self._find(
                'questions-joined', field, f'it follows another question at {self._tag(index)}')

    # -- answers -----------------------------------------------------------------------------

    def _event(self, field: str, response: Response, asked: int) -> _Event | None:
        start = self._seconds(response.st_time, f'{field}.st_time')
        end = self._seconds(response.end_time, f'{field}.end_time')
        time = self._seconds(response.time, f'{field}.time')
        if start is None and end is None and time is None:
            raise BadRecord(field, 'it has neither time nor st_time and end_time')
        if not response.content.strip():
            self._find('no-answer', field, 'it says nothing and is left out, Standby and all')
            return None
        check_words(response.content, f'{field}.content')
        if start is not None and end is not None:
            event = self._span(field, response.content, start, end)
            if time is not None and turn_of(time, self._fps) != event.due:
                self._find(
                    'time-unused', f'{field}.time', f'{time:g} s: st_time and end_time count')
        else:
            if time is None:
                time = start if end is None else end
                assert time is not None  # one of the two is there
                self._find('one-bound', field, f'{time:g} s alone is taken as its time')
            elif start is not None or end is not None:
                self._find(
                    'time-unused', f'{field}.{"end_time" if start is None else "st_time"}',
                    f'time, {time:g} s, counts')
            due = turn_of(time, self._fps)
            event = _Event(field, response.content, range(due, due), due)
        self._keep_within(event, asked)
        return event

    def _span(self, field: str, text: str, start: float, end: float) -> _Event:
        if end < start:
            self._find(
                'turned-round', field, f'it ends at {end:g} s and begins at {start:g} s: taken '
                'the other way round')
            start, end = end, start
        due = turn_of(end, self._fps) + 1
        return _Event(field, text, range(turn_of(start, self._fps), due), due)

    def _keep_within(self, event: _Event, asked: int) -> None:
        due = event.due
        assert due is not None
        # An event is over by its due turn: only one that ends in the last turn is due at `count`.
        if due > self._count or (due == self._count and not event.standby):
            self._find(
                'beyond-end', event.field,
                f'it is not over by the last turn, {self._tag(self._count - 1)}: no answer')
            event.due = None
        elif due == self._count:
            self._find(
                'last-turn', event.field,
                f'it ends in the last turn and is answered there, {self._tag(due - 1)}')
        if event.due is not None and due < asked:
            self._find(
                'asked-later', event.field,
                f'it is over before anything is asked: answered from {self._tag(asked)} on')
            event.due = asked
        elif event.standby and event.standby.start < min(asked, self._count):
            self._find(
                'asked-later', event.field,
                f'nothing is asked when it begins: no Standby before {self._tag(asked)}')
        event.standby = range(
            max(event.standby.start, asked), min(event.standby.stop, self._count))

    def _answer(self, events: Sequence[_Event]) -> None:
        taken: dict[int, str] = {}
        due = [(event.due, place) for place, event in enumerate(events) if event.due is not None]
        for due_turn, place in sorted(due):
            event = events[place]
            wanted = min(due_turn, self._count - 1)
            slot = next(
                (slot for slot in range(wanted, self._count) if slot not in taken),
                self._count - 1)
            turn = self._turns[slot]
            if slot in taken:
                self._find(
                    'answers-joined', event.field,
                    f'it follows the answer of {taken[slot]} at {self._tag(slot)}')
                turn.text += f' {event.text}'
                continue
            if slot != wanted:
                self._find(
                    'late-answer', event.field,
                    f'{taken[wanted]} is answered at {self._tag(wanted)}: this one at '
                    f'{self._tag(slot)}')
            turn.state, turn.text = State.RESPONSE, event.text
            taken[slot] = event.field
            over = [
                other.field for other in events if other is not event and slot in other.standby]
            if over:
                self._find(
                    'answer-kept', event.field,
                    f'its answer at {self._tag(slot)} stands over the Standby of '
                    f'{", ".join(over)}')


def recover_annotation(record: RecordedStream) -> tuple[Annotation, list[Finding]]:
    """
    Return the raw record of a stream, and what could not be taken as it stood.

    The inverse of ``mended_turns`` where that corrected nothing but a question asked once; times
    are the ends of turns. Where an answer stands over the Standby of the next event, that event
    begins a turn later than it did.

    :raises BadRecord: when the time tags do not advance
    """
    for index, (before, turn) in enumerate(pairwise(record.turns), 1):
        if turn.end <= before.end:
            raise BadRecord(
                f'{record.message(index, "user")}.content', 'its time tag does not advance')
    findings: list[Finding] = []
    questions = [
        Question(turn.question, _plain(turn.end)) for turn in record.turns if turn.question]
    if record.turns and record.turns[0].question:
        again = [asked for asked in questions[1:] if asked.content == questions[0].content]
        if again:  # as the authors' converter writes a question that is not asked at the start
            findings.append(Finding(
                'question-once', 'messages[1]', f'it is asked at {again[0].time} s, not here'))
            del questions[0]
    responses = list(_responses(record, findings))
    annotation = Annotation(
        record.video, tuple(questions), tuple(responses), record.video_name, record.task,
        record.source, _plain(record.turns[-1].end) if record.turns else 0)
    return annotation, findings


def _responses(record: RecordedStream, findings: list[Finding]) -> Iterator[Response]:
    began: int | None = None
    ends = [_plain(turn.end) for turn in record.turns]
    turns: list[RecordedTurn | Turn] = [*record.turns, Turn()]
    for index, turn in enumerate(turns):
        if turn.state is State.STANDBY:
            began = index if began is None else began
        elif turn.state is State.RESPONSE:
            if not turn.text:
                findings.append(Finding(
                    'no-answer', f'turn {index}', 'a Response without words'))
            if began is None:
                yield Response(turn.text, time=ends[index])
            else:
                yield Response(turn.text, ends[began], ends[index - 1])
            began = None
        elif began is not None:
            findings.append(Finding(
                'no-answer', f'turn {began}', f'Standby to {ends[index - 1]} s, and no Response'))
            yield Response('', ends[began], ends[index - 1])
            began = None


def _plain(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds
