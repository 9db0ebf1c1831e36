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
What an evaluation found, as it stands in ``report.json``.

All that tables, pages and comparisons are made from is here, but pictures:
``frames.frames_at`` reads those from the bag.

Stamps are seconds after ``Bag.start_ns``, rounded to the nanosecond, so that
``start_ns + round(stamp * 1e9)`` is the stamp in the message's header. Lists over ticks run in
parallel: ``instruction.states[i]`` is about ``camera.ticks.stamps[instruction.first_tick + i]``.
States are numbers: 0 Silence, 1 Standby, 2 Response.
"""

from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path

from streamo_ros.errors import UserError
from streamo_ros.evaluation.bags.dataclass_json import from_json
from streamo_ros.input import check_no_pipe
from streamo_ros.strict_json import parse_json

SCHEMA = 2


class ReportError(UserError, ValueError):
    """A file that is no report, or of another version; the message says which."""


@dataclass
class Figure:
    """
    One number and how far it can be trusted.

    :param value: None where nothing was there to be measured
    :param low: lower end of the 95 % bootstrap interval; None with fewer than five units
    :param high: its upper end
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass
class StateScores:
    """
    How often the states were right, tick by tick.

    :param confusion: ticks, [true state][decided state], 3 by 3
    :param precision: of each state
    :param recall: of each state
    :param f1: of each state
    :param macro_f1: mean of the f1 of all states that occur in either
    """

    confusion: list[list[int]]
    precision: list[Figure]
    recall: list[Figure]
    f1: list[Figure]
    macro_f1: Figure


@dataclass
class EventScores:
    """
    Answers that met an event, one to one, closest first.

    :param tolerance_s: how far an answer's stamp may lie from the event's end, either way
    :param hits: answers that met an event
    :param precision: hits among answers; 1 when nothing was said
    :param recall: hits among events; 1 when there were none
    """

    tolerance_s: float
    hits: int
    precision: Figure
    recall: Figure
    f1: Figure


@dataclass
class DelayScores:
    """
    How long after the end of the event the answers came that met one at the widest tolerance.

    :param seconds: of each, ascending; below 0: too early
    """

    seconds: list[float]
    mean: Figure
    median: Figure
    p90: Figure


@dataclass
class AnswerScores:
    """
    The words of the answers that met an event whose words are known (widest tolerance).

    :param compared: how many there are
    :param exact: share that say the same, character for character
    :param normalised: share that do without case, punctuation, articles and white space
    :param letters: how many of those compared are options, to be answered with a letter
    :param letter: share of those that name the right letter
    :param judged: mean mark of a judge, 0 to 1; None without one
    """

    compared: int
    exact: Figure
    normalised: Figure
    letters: int
    letter: Figure
    judged: Figure


@dataclass
class Scores:
    """
    How well one watcher did: the checkpoint, or a baseline.

    :param seconds: watched, added up over instructions and cameras
    :param ticks: decided and scored
    :param events: that should have been answered
    :param answers: that were given
    :param within: events met within each tolerance, narrowest first (1, 2, 3 s)
    :param false_alarms: answers that met nothing even at the widest tolerance
    :param false_alarms_per_hour: of watching
    :param span_miou: overlap (intersection over union) of the span from Standby to the answer
        with the event's, mean over all events, 0 for those not answered
    :param grounding_miou: overlap of the spans named in words, over events of task grounding
    :param words: of the answers
    """

    seconds: float
    ticks: int
    events: int
    answers: int
    states: StateScores
    within: list[EventScores]
    delay: DelayScores
    false_alarms: int
    false_alarms_per_hour: Figure
    span_miou: Figure
    grounding_miou: Figure
    words: AnswerScores


@dataclass
class Scored:
    """
    Scores, and what to compare them with.

    :param units: how many blocks the intervals were drawn from
    :param model: of the checkpoint
    :param baselines: of trivial watchers of the same ticks: ``always_silent``,
        ``majority_state`` (the state that is most often right for the skill), ``always_response``
    """

    units: int
    model: Scores
    baselines: dict[str, Scores] = field(default_factory=dict)


@dataclass
class Event:
    """
    Something that should be answered.

    :param start: stamp of its first sign
    :param end: stamp at which it is complete: an answer is due
    :param answer: the right words; empty where any will do
    :param met_by: index of the answer that met it at the widest tolerance; None if missed
    """

    start: float
    end: float
    answer: str = ''
    met_by: int | None = None


@dataclass
class Answer:
    """
    One time that the model spoke.

    :param tick: index into the camera's ticks
    :param stamp: of the frame that was answered
    :param started: stamp of the first frame of the Standby that led here, else ``stamp``
    :param text: what it said
    :param complete: False when it was cut
    :param probability: of Response
    :param event: index of the event it met at the widest tolerance; None: a false alarm, or, where
        ``Instruction.events`` is None, an answer of which nothing is known
    :param delay: seconds after that event's end, below 0 before it; None without an event
    :param right: whether the words are right, normalised; None where that is not known
    """

    tick: int
    stamp: float
    started: float
    text: str
    complete: bool
    probability: float
    event: int | None = None
    delay: float | None = None
    right: bool | None = None


@dataclass
class Instruction:
    """
    One instruction on one camera: what it asked, what is true, what was decided.

    :param id: as in the bag or in the annotations; one that was replaced has another entry
    :param asked: stamp from which it stands
    :param withdrawn: stamp from which it no longer stands; None: to the end
    :param origin: ``annotation`` or the topic it came on
    :param task: of the annotation, such as ``event_caption``; empty if not given
    :param skill: a finer name; empty if not given
    :param events: what should be answered; None where the truth is not known
    :param first_tick: index of the first tick that it was judged at
    :param states: decided, one a tick; ticks of its camera without a gap
    :param probabilities: of Silence, Standby, Response, one triple a tick
    :param true_states: right ones, one a tick, None where not scored; None as ``events``
    :param answers: in order
    :param scored: None where the truth is not known
    :param choices: one of which its answers have beside their words; empty: none
    :param json_schema: or what they have, as a JSON schema; empty: nothing
    """

    id: str
    text: str
    asked: float
    withdrawn: float | None
    origin: str
    task: str
    skill: str
    events: list[Event] | None
    first_tick: int
    states: list[int]
    probabilities: list[list[float]]
    true_states: list[int | None] | None
    answers: list[Answer]
    scored: Scored | None
    choices: list[str] = field(default_factory=list)
    json_schema: str = ''


@dataclass
class Ticks:
    """
    The sampled frames of a camera; lists of one length.

    :param stamps: of the frames
    :param epochs: 0, and one more with each new beginning of the stream, as in StreamState
    :param latencies_s: seconds that the model took
    """

    stamps: list[float]
    epochs: list[int]
    latencies_s: list[float]


@dataclass
class Notice:
    """
    Something in a bag that is not as it should be, and was passed over.

    :param kind: in a word or two, the same for all of its kind
    :param count: how often
    :param sentence: what it means, of the first one
    """

    kind: str
    count: int
    sentence: str


@dataclass
class Camera:
    """
    One camera of a bag.

    :param topic: its topic, and its name in ``frames.frames_at``
    :param width: of its first frame, in pixels; 0 where none could be used
    :param height: likewise
    :param frames: messages on the topic
    """

    topic: str
    type: str
    width: int
    height: int
    frames: int
    ticks: Ticks
    instructions: list[Instruction]
    notices: list[Notice] = field(default_factory=list)


@dataclass
class Bag:
    """
    One bag.

    :param name: unique in the report; names its folder in ``bags/``
    :param path: where it was read from, absolute
    :param error: why it could not be evaluated, in a sentence; empty if it was
    :param start_ns: what all stamps of the bag are counted from, nanoseconds: the stamp of the
        first frame. Above 2**53: not for JavaScript
    :param duration_s: from the first frame to the last, over all cameras
    :param elapsed_s: that the evaluation took
    :param written: the bag with states and answers, relative to report.json; empty if none
    """

    name: str
    path: str
    error: str
    start_ns: int
    duration_s: float
    elapsed_s: float
    written: str
    cameras: list[Camera] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


@dataclass
class Group:
    """
    Scores of some instructions together.

    :param kind: ``all``, ``task``, ``skill``, ``instruction`` (by its text) or ``bag``
    :param name: which of the kind; empty for ``all``
    """

    kind: str
    name: str
    scored: Scored


@dataclass
class Configuration:
    """
    All that decides what is decided.

    :param checkpoint: ``nano`` or a directory
    :param checkpoint_sha256: of its weights, configuration and prompt
    :param backend: what ran it
    :param fps: frames sampled per second
    :param window_turns: turns in view
    :param annotations: name of the file; empty without one
    :param tolerances_s: of events
    :param interval_unit: what the intervals are drawn over: ``30 s of a bag`` or ``bag``
    :param resamples: of the bootstrap
    :param seed: of the bootstrap
    :param response_threshold: of ``Thresholds``, as ``release_threshold``
    :param memory_tokens: for what was answered; 0: without a memory
    """

    checkpoint: str
    checkpoint_sha256: str
    backend: str
    fps: float
    window_turns: int
    max_answer_tokens: int
    annotations: str
    tolerances_s: list[float]
    interval_unit: str
    resamples: int
    seed: int
    response_threshold: float = 0.0
    release_threshold: float = 0.0
    memory_tokens: int = 0


@dataclass
class Report:
    """
    An evaluation.

    :param versions: of what it ran on: ``streamo_ros``, ``python``, ``numpy`` ...
    :param machine: the processor, in words
    :param groups: scores, ``all`` first; empty where no truth is known at all
    """

    configuration: Configuration
    versions: dict[str, str]
    machine: str
    bags: list[Bag]
    groups: list[Group]
    schema: int = SCHEMA


def report_json(report: Report) -> str:
    """
    Return the text of ``report.json``.

    :raises ValueError: for a figure that is no number
    """
    return json.dumps(asdict(report), ensure_ascii=False, allow_nan=False) + '\n'


def read_report(file: Path) -> Report:
    """
    Read ``report.json``.

    :raises ReportError: when it cannot be read, or another version wrote it
    """
    try:
        check_no_pipe(file)
        read = parse_json(file.read_text(encoding='utf-8', errors='surrogateescape'))
    except (OSError, ValueError) as error:
        raise ReportError(f'{file} cannot be read as a report ({error})') from error
    schema = read.get('schema') if isinstance(read, dict) else None
    if schema != SCHEMA:
        raise ReportError(
            f'{file} is of schema {schema}, not {SCHEMA}: evaluate again with this version')
    try:
        return from_json(Report, read)
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f'{file} is not a whole report ({error!r})') from error
