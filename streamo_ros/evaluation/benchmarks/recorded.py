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
Streams in the authors' format, evaluated: a model's states and answers against the record's.

A record is one conversation, in which a question stands until another one is asked; the same
question again (the authors' converter puts one at the first turn, too) changes nothing. Turns
before the first question are no part of the score.

Beside the tally stand the measures of Streamo-Bench, over the same streams: those that ground an
event, and those that answer questions; and StreamPro-F1 over all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.benchmarks.journal import Journal
from streamo_ros.evaluation.benchmarks.streamo_bench import Grounding
from streamo_ros.evaluation.benchmarks.streamo_bench import grounding_miou
from streamo_ros.evaluation.benchmarks.streamo_bench import overlap
from streamo_ros.evaluation.benchmarks.streamo_bench import time_span
from streamo_ros.evaluation.benchmarks.streamo_bench import TimedAnswer
from streamo_ros.evaluation.benchmarks.streamo_bench import TimedQuestion
from streamo_ros.evaluation.benchmarks.streamo_bench import tsqa
from streamo_ros.evaluation.benchmarks.streampro import Due
from streamo_ros.evaluation.benchmarks.streampro import F1
from streamo_ros.evaluation.benchmarks.streampro import mean
from streamo_ros.evaluation.benchmarks.streampro import TASKS
from streamo_ros.evaluation.benchmarks.streampro import trajectory
from streamo_ros.evaluation.benchmarks.undone import do_undone
from streamo_ros.evaluation.benchmarks.watching import Heard
from streamo_ros.evaluation.benchmarks.watching import heard_in
from streamo_ros.evaluation.benchmarks.watching import Question
from streamo_ros.evaluation.benchmarks.watching import Session
from streamo_ros.evaluation.spread import Spread
from streamo_ros.evaluation.tally import Scores
from streamo_ros.evaluation.tally import tally
from streamo_ros.metrics.likeness import likeness
from streamo_ros.sources.stream_file import DataError
from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.sources.stream_file import RecordedTurn
from streamo_ros.sources.stream_file import StreamFile
from streamo_ros.worlds.question import Question as Asked
from streamo_ros.worlds.question import Truth


@dataclass(frozen=True)
class Record:
    """A record's place: the file, and the number within it."""

    file: StreamFile
    index: int
    key: str


def find_records(data: Path) -> list[Record]:
    """
    Return the records of a file, or of all ``.json`` and ``.jsonl`` files below a folder.

    :raises DataError: when one of the files cannot be read or holds no record
    """
    files = [data]
    if data.is_dir():
        files = sorted(
            file for file in data.rglob('*') if file.suffix in ('.json', '.jsonl'))
    if not files:
        raise DataError(f'{data} holds no .json and no .jsonl: give streams as `streamo convert` '
                        'writes them')
    found = []
    for name in files:
        file = StreamFile(name)
        label = name.relative_to(data).as_posix() if data.is_dir() else name.name
        found += [Record(file, index, f'{label} {index}') for index in range(len(file))]
    return found


def questions(stream: RecordedStream) -> list[Question]:
    """Return the questions of a record, each up to the turn before the next."""
    asked: list[Question] = []
    for turn, recorded in enumerate(stream.turns):
        if recorded.question and (not asked or recorded.question != asked[-1].text):
            if asked:
                asked[-1] = Question(asked[-1].text, asked[-1].first, turn - 1)
            asked.append(Question(recorded.question, turn))
    return asked


def rate(stream: RecordedStream) -> float:
    """Return the turns a second, from the first two turns; 1 where there is but one."""
    starts = [turn.start for turn in stream.turns[:2]]
    return round(1 / (starts[1] - starts[0]), 6) if starts[-1] > starts[0] else 1.0


def run(
    records: list[Record], videos: Path, out: Path,
    new_engine: Callable[[float], StreamEngine], over: Spread, settings: dict[str, Any],
) -> dict[str, Any]:
    """
    Watch what has not been watched before, and score all that has.

    Writes ``watched.jsonl``, states and answers of each record as it is done.

    :param videos: the folder that the records' paths start from
    :param new_engine: gives an engine for turns a second
    :param over: where they are watched
    :param settings: what the decisions depend on
    :returns: the scores, those of an answerer who is always silent, which videos are absent and
        which records were left out, and why
    :raises JournalError: when ``out`` holds a run with other settings
    """
    journal = Journal(out, settings)
    scores, silent = Scores(), Scores()
    grounded: list[Grounding] = []
    answered: list[TimedQuestion] = []
    timed: list[F1 | None] = []
    absent: list[str] = []
    left_out: dict[str, str] = {}
    sessions: dict[str, Session] = {}
    for record in records:
        try:
            session = _session(record, videos)
        except DataError as error:
            left_out[record.key] = str(error)
            continue
        if record.key in journal.entries or session.video.is_file():
            sessions[record.key] = session
        else:
            absent.append(record.file[record.index].video)
    left_out.update(do_undone(partial(heard_in, new_engine), sessions, journal, over))
    watched = missing = 0
    for record in records:
        if record.key not in sessions or record.key in left_out:
            continue
        stream, session = record.file[record.index], sessions[record.key]
        watched += 1
        for question, kept in zip(
                session.questions, journal.entries[record.key]['heard'], strict=True):
            told = Heard.from_json(kept)
            missing += _add(stream, question, told, session.fps, scores, silent)
            timed.append(_trajectory(stream, question, told))
            if _grounds(stream):
                grounded += _grounding(stream, question, told)
            elif 'qa' in stream.task.lower():
                answered.append(_answers(stream, question, told))
    return {
        'benchmark': 'streams', 'title': "Streams in the authors' format",
        **settings,
        'records': len(records),
        'watched': watched,
        'absent_videos': sorted(set(absent)),
        'records_of_absent_videos': len(absent),
        'left_out': {
            record.key: left_out[record.key] for record in records if record.key in left_out},
        'turns_that_the_videos_lack': missing,
        **_figures(scores),
        'streamo_bench': {'grounding_miou': grounding_miou(grounded), 'tsqa': tsqa(answered)},
        'streampro_f1': mean(timed),
        'baselines': {'always_silent': _figures(silent)}}


def _session(record: Record, videos: Path) -> Session:
    """
    Return what is to be watched for a record.

    :raises DataError: when it cannot be read, or asks nothing
    """
    stream = record.file[record.index]
    asked = questions(stream)
    if not asked:
        raise DataError('nothing is asked in it')
    starts = [turn.start for turn in stream.turns]
    if any(after <= before for before, after in pairwise(starts)):
        raise DataError('its time tags do not advance')
    return Session((videos / stream.video).absolute(), asked, starts, rate(stream))


def _add(
    stream: RecordedStream, asked: Question, heard: Heard, fps: float, scores: Scores,
    silent: Scores,
) -> int:
    """Count a question; return how many of its turns the video did not reach."""
    count = len(heard.states)
    turns = _turns(stream, asked)
    missing = len(turns) - count
    turns = turns[:count]
    if count:
        task = 'grounding' if _grounds(stream) else stream.task or 'unnamed'
        question = Asked(task, '', asked.text, fps, tuple(
            Truth(turn.state, turn.text) for turn in turns))
        seconds = turns[-1].start - turns[0].start
        texts = [heard.answers.get(asked.first + at, '') for at in range(count)]
        scores.add('', question, tally(question, heard.states, texts, seconds))
        silent.add('', question, tally(question, [State.SILENCE] * count, [''] * count, seconds))
    return missing


def _turns(stream: RecordedStream, asked: Question) -> tuple[RecordedTurn, ...]:
    return stream.turns[asked.first:int(min(asked.last + 1, len(stream.turns)))]


def _grounds(stream: RecordedStream) -> bool:
    return 'grounding' in stream.task.lower()


def _grounding(stream: RecordedStream, asked: Question, heard: Heard) -> list[Grounding]:
    right = [span for turn in _turns(stream, asked) if (span := time_span(turn.text))]
    said = [span for text in heard.answers.values() if (span := time_span(text))]
    # A question that the converter repeats at the first turn was asked where it comes last.
    time = max(turn.start for turn in _turns(stream, asked) if turn.question)
    # One event is asked for, and the first answer counts.
    return [Grounding(time, right[0], said[0] if said else None)] if right else []


def _answers(stream: RecordedStream, asked: Question, heard: Heard) -> TimedQuestion:
    return TimedQuestion(
        tuple(TimedAnswer(turn.start, turn.text)
              for turn in _turns(stream, asked) if turn.state is State.RESPONSE),
        tuple(TimedAnswer(stream.turns[turn].start, text)
              for turn, text in heard.answers.items()))


def _trajectory(stream: RecordedStream, asked: Question, heard: Heard) -> F1 | None:
    turns = _turns(stream, asked)
    due = []
    begun: float | None = None
    for turn in turns:
        begun = None if turn.state is State.SILENCE else turn.start if begun is None else begun
        if turn.state is State.RESPONSE:
            due.append(Due(turn.start if begun is None else begun, turn.start, turn.text))
            begun = None
    said = [(stream.turns[turn].start, text) for turn, text in sorted(heard.answers.items())]
    if _grounds(stream):
        return trajectory(TASKS['temporal grounding'], due, said, _spans)
    kind = 'object understanding' if 'qa' in stream.task.lower() else 'event understanding'
    return trajectory(TASKS[kind], due, said, lambda one, words: likeness(one.text, words))


def _spans(due: Due, said: str) -> float:
    right = time_span(due.text)
    return overlap(time_span(said), right) if right else 0.0


def _figures(scores: Scores) -> dict[str, Any]:
    return {**scores.total.figures(), 'tasks': {
        name: counts.figures() for name, counts in sorted(scores.parts['tasks'].items())}}
