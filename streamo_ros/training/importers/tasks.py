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
Events of a film as the paper's tasks, in raw annotations.

An event [s, e) stands by from second floor(s) + 1 and is answered a turn after second ceil(e),
seconds counted from 1. All is asked at the start unless a question has a time of its own.
"""

from collections.abc import Sequence

from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import Question
from streamo_ros.training.conversion.raw_annotation import Response
from streamo_ros.training.conversion.turn_count import turns_of_seconds
from streamo_ros.training.importers import wordings
from streamo_ros.training.importers.events import Event
from streamo_ros.training.importers.events import second_of
from streamo_ros.training.importers.videos import Film
from streamo_ros.training.importers.wordings import chosen
from streamo_ros.worlds.question import GROUNDED

NARRATION, EVENT_CAPTION, ACTION_CAPTION = 'narration', 'event_caption', 'action_caption'
GROUNDING, TSQA = 'grounding', 'tsqa'
QA = 'qa'
"""Asked about all of a film, at its end: the paper's offline questions."""
TASKS = (NARRATION, EVENT_CAPTION, ACTION_CAPTION, GROUNDING, TSQA, QA)


def asked(
    film: Film, task: str, question: str, responses: Sequence[Response], second: int = 1,
) -> Annotation:
    """
    Return a question with its answers.

    :param second: when it is asked, counted from 1
    """
    return Annotation(
        film.path, (Question(question, second),), tuple(responses), film.name, task, film.source,
        '' if film.duration is None else round(film.duration, 3))


def over(event: Event, answer: str) -> Response:
    """Return the answer to an event: once it is over, and Standby until then."""
    return Response(answer, event.begins, event.ends)


def at(second: int, answer: str) -> Response:
    """Return an answer that is said in a second, counted from 1."""
    return Response(answer, time=second)


def grounded(event: Event) -> str:
    """Return the answer of the paper's grounding: the bounds of the event's turns."""
    return GROUNDED.format(event.begins - 1, event.ends)


def narration(film: Film, events: Sequence[Event]) -> Annotation:
    """Return a running account."""
    return _told(film, NARRATION, wordings.NARRATION, events)


def action_caption(film: Film, events: Sequence[Event]) -> Annotation:
    """Return the steps, each when it is done."""
    return _told(film, ACTION_CAPTION, wordings.ACTION_CAPTION, events)


def event_caption(film: Film, events: Sequence[Event]) -> Annotation:
    """Return the events, each when it is over."""
    return _told(film, EVENT_CAPTION, wordings.EVENT_CAPTION, events)


def _told(
    film: Film, task: str, words: tuple[str, ...], events: Sequence[Event],
) -> Annotation:
    return asked(
        film, task, chosen(words, film.path, task),
        [over(event, event.text) for event in events])


def grounding(film: Film, what: str, events: Sequence[Event]) -> Annotation:
    """Return the spans of all that a description fits."""
    return asked(
        film, GROUNDING, chosen(wordings.GROUNDING, film.path, what).format(what),
        [over(event, grounded(event)) for event in events])


def latest(film: Film, events: Sequence[Event]) -> Annotation:
    """Return what happened last, an answer that changes."""
    return _told(film, TSQA, wordings.LATEST, events)


def following(film: Film, events: Sequence[Event]) -> Annotation:
    """Return which step comes next, after each step but the last."""
    return asked(
        film, TSQA, chosen(wordings.FOLLOWING, film.path),
        [over(event, after.text) for event, after in zip(events, events[1:], strict=False)])


def count(film: Film, what: str, events: Sequence[Event]) -> Annotation:
    """Return how often something has happened so far."""
    return asked(
        film, TSQA, chosen(wordings.COUNT, film.path, what).format(what),
        [over(event, f'{number}') for number, event in enumerate(events, 1)])


def happened(film: Film, what: str, event: Event) -> Annotation:
    """Return whether something has happened: no at first, then yes."""
    question = chosen(wordings.HAPPENED, film.path, what)
    turned = 'still to come' in question
    return asked(
        film, TSQA, question.format(what),
        [at(1, 'Yes.' if turned else 'No.'), over(event, 'No.' if turned else 'Yes.')])


def notify(film: Film, what: str, events: Sequence[Event]) -> Annotation:
    """Return a sign for each event; for none, silence to the end."""
    told = chosen(wordings.TOLD, film.path, what)
    return asked(
        film, TSQA, chosen(wordings.NOTIFY, film.path, what).format(what),
        [over(event, told.format(event.begins - 1, event.ends)) for event in events])


def highlights(film: Film, what: str, events: Sequence[Event]) -> Annotation:
    """Return the passages that show something especially well."""
    told = chosen(wordings.TOLD, film.path, what)
    return asked(
        film, TSQA, chosen(wordings.HIGHLIGHT, film.path, what).format(what),
        [over(event, told.format(event.begins - 1, event.ends)) for event in events])


def now(film: Film, event: Event) -> Annotation:
    """Return the question, asked when an event begins or in its midst, what it is."""
    return asked(
        film, TSQA, chosen(wordings.NOW, film.path, event.start), [over(event, event.text)],
        event.begins)


def not_now(film: Film, event: Event) -> Annotation:
    """Return the question whether something goes on in a stretch in which it does not."""
    question = chosen(wordings.WHETHER, film.path, event.start).format(event.text)
    return asked(film, TSQA, question, [over(event, 'No.')], event.begins)


def awaited(film: Film, question: str, answer: str, event: Event) -> Annotation:
    """Return a question asked before what answers it is seen."""
    return asked(
        film, TSQA, chosen(wordings.STILL, film.path, question).format(question),
        [over(event, answer)])


def remembered(
    film: Film, task: str, question: str, answer: str, moment: float,
) -> Annotation:
    """
    Return a question that is answered at once.

    :param moment: seconds from the film's start
    """
    second = second_of(moment)
    return asked(film, task, question, [at(second, answer)], second)


def last_second(duration: float) -> int:
    """Return the last second of a film, counted from 1, as streamo convert counts turns."""
    return max(1, turns_of_seconds(duration, 1.0, compat=False))


def at_the_end(film: Film, question: str, answer: str) -> Annotation:
    """
    Return a question about all of a film, asked and answered in its last turn.

    :param film: of a known duration
    """
    assert film.duration is not None
    second = last_second(film.duration)
    return asked(film, QA, question, [at(second, answer)], second)
