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
Questions about an event log of known truth (``streamo study questions``).

They are in free words, by somebody who knew neither the planner nor its vocabulary. An answer is
right that gives the truth, or that is declined where the log does not tell; wrong is every other
one, and what is merely declined is neither.
"""

import argparse
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from streamo_ros.dialogue import State
from streamo_ros.events.answer import Answer
from streamo_ros.events.answer import AnswerKind
from streamo_ros.events.asking import ask
from streamo_ros.events.event import Event
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_log import EventLog
from streamo_ros.events.event_reader import EventReader

_BOUNDS = Bounds(days=36500.0, bytes=2**30, events=10**6)


@dataclass(frozen=True)
class Truth:
    """
    What a question should be answered with.

    :param kind: the answer's; empty: any that rests on the events, or says what is to be said
    :param events: that it rests on, by their numbers; None: those do not matter
    :param said: what its text has in it; of a question without all three, the log tells nothing
    """

    question: str
    kind: str = ''
    events: tuple[int, ...] | None = None
    said: str = ''

    def judge(self, answer: Answer) -> str:
        """Return ``right``, ``declined`` or ``wrong``."""
        answerable = self.events is not None or bool(self.said)
        if answer.kind is AnswerKind.DECLINED:
            return 'declined' if answerable else 'right'
        right = answerable and self.said in answer.text and (
            self.kind in ('', answer.kind.name)) and self.events in (None, answer.event_ids)
        return 'right' if right else 'wrong'


def run(record: dict[str, Any]) -> list[tuple[Truth, Answer]]:
    """Answer the questions of a record: its log, what is now there, and each question's truth."""
    zone = record['zone']
    truths = [
        Truth(one['question'], one.get('kind', ''),
              None if one.get('events') is None else tuple(one['events']), one.get('said', ''))
        for one in record['questions']]
    with TemporaryDirectory() as folder:
        path = Path(folder) / 'log'
        with EventLog(path, _BOUNDS) as log:
            log.add([(_event(*entry, zone=zone), ()) for entry in record['events']])
        with EventReader(path) as reader:
            now = _ns(record['now'], zone)
            return [(truth, ask(reader, truth.question, now, zone)) for truth in truths]


def _event(when: str, camera: str, instruction: str, text: str, *, zone: str) -> Event:
    ended = _ns(when, zone)
    return Event(State.RESPONSE, ended - 2 * 10**9, ended, camera, instruction, instruction, text,
                 logged=ended)


def _ns(when: str, zone: str) -> int:
    moment = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * 10**9


def recorded() -> dict[str, Any]:
    """Return the log and the questions that come with the package."""
    text = (files('streamo_ros.studies') / 'blind_questions.json').read_text()
    record: dict[str, Any] = json.loads(text)
    return record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        '--all', action='store_true', help='show all answers, not only the wrong ones')


def main(options: argparse.Namespace) -> None:
    """Answer the questions, show the wrong ones, and count."""
    counts = {'right': 0, 'declined': 0, 'wrong': 0}
    for truth, answer in run(recorded()):
        judged = truth.judge(answer)
        counts[judged] += 1
        if options.all or judged == 'wrong':
            print(f'{judged}: {truth.question}\n    {answer.kind.name}: {answer.text}')
    print(', '.join(f'{number} {judged}' for judged, number in counts.items()))
