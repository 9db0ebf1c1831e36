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

"""What is counted of decisions: states, events, words, delays, spans, false alarms."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import re
import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import State
from streamo_ros.metrics.events import EventScore
from streamo_ros.metrics.events import match
from streamo_ros.worlds.question import GROUNDED
from streamo_ros.worlds.question import Question

_SPAN = re.compile(re.escape(GROUNDED).replace(re.escape('{}'), r'(\d+)'))


@dataclass
class Tally:
    """
    What was counted over questions; ``+=`` adds what was counted over others.

    :param delays: of the hits, in ticks of rendered streams and in seconds of bags
    :param right_words: hits that say what is right, to the letter
    :param overlaps: of the spans that answers name in words with the right ones
    :param worded: hits on events whose words are known; by evaluations of bags alone, as are
    :param normalised_words: those that say it but for case, punctuation, articles and spaces
    :param letters: those that are options, and
    :param right_letters: of these, those that name the right one
    :param marks: that a judge gave, 0 to 1
    :param spans: overlaps of the spans from Standby to the answer with the events'
    """

    events: EventScore = EventScore()
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 3), np.int64))
    delays: list[float] = field(default_factory=list)
    right_words: int = 0
    overlaps: list[float] = field(default_factory=list)
    worded: int = 0
    normalised_words: int = 0
    letters: int = 0
    right_letters: int = 0
    marks: list[float] = field(default_factory=list)
    spans: list[float] = field(default_factory=list)
    seconds: float = 0.0
    blank_seconds: float = 0.0
    blank_answers: int = 0

    def __iadd__(self, other: 'Tally') -> 'Tally':
        """Add another's counts."""
        self.events += other.events
        self.confusion = self.confusion + other.confusion
        self.delays = self.delays + other.delays
        self.right_words += other.right_words
        self.overlaps = self.overlaps + other.overlaps
        self.worded += other.worded
        self.normalised_words += other.normalised_words
        self.letters += other.letters
        self.right_letters += other.right_letters
        self.marks = self.marks + other.marks
        self.spans = self.spans + other.spans
        self.seconds += other.seconds
        self.blank_seconds += other.blank_seconds
        self.blank_answers += other.blank_answers
        return self

    def figures(self) -> dict[str, Any]:
        """Return the scores by name; None where nothing was there to be scored."""
        found = np.diag(self.confusion)
        both = self.confusion.sum(0) + self.confusion.sum(1)
        events = self.events
        return {
            'state_macro_f1': round(float(np.mean(2 * found / np.maximum(both, 1))), 4),
            'event_f1': round(events.f1, 4),
            'event_precision': round(events.precision, 4),
            'event_recall': round(events.recall, 4),
            'events': events.true,
            'answers': events.said,
            'hits': events.hits,
            'delay_ticks_median': statistics.median(self.delays) if self.delays else None,
            'grounding_miou':
                round(statistics.fmean(self.overlaps), 4) if self.overlaps else None,
            'answer_accuracy':
                round(self.right_words / events.hits, 4) if events.hits else None,
            'false_alarms_per_5min': round(
                (events.said - events.hits) / max(self.seconds, 1e-9) * 300, 3),
            'false_alarms_per_5min_of_nothing': round(
                self.blank_answers / self.blank_seconds * 300, 3) if self.blank_seconds else None,
        }


def tally(
    question: Question, states: Sequence[State], texts: Sequence[str], seconds: float,
) -> Tally:
    """
    Count one question.

    An answer meets an event when it is given at the tick that is due or one beside it.

    :param states: those given, one a tick
    :param texts: what was said, one a tick
    :param seconds: from the first frame to the last
    """
    right = question.truths()
    counts = Tally(seconds=seconds)
    for truth, state in zip(right, states, strict=True):
        if truth.counted:
            counts.confusion[truth.state, state] += 1
    due = [tick for tick, truth in enumerate(right) if truth.state is State.RESPONSE]
    said = [tick for tick, state in enumerate(states) if state is State.RESPONSE]
    pairs = match(due, said, tolerance=1)
    counts.events = EventScore(len(due), len(said), len(pairs))
    counts.delays = [said[two] - due[one] for one, two in pairs]
    counts.right_words = sum(
        texts[said[two]].strip() == right[due[one]].text for one, two in pairs)
    if question.task == 'grounding':
        counts.overlaps = [
            max((overlap(texts[at], right[tick].text) for at in said), default=0.0)
            for tick in due]
    if not due:
        counts.blank_seconds = seconds
        counts.blank_answers = len(said)
    return counts


def overlap(said: str, right: str) -> float:
    """Return the intersection over union of two grounding answers; 0 if one is not to be read."""
    spans = [_SPAN.fullmatch(text.strip()) for text in (said, right)]
    if spans[0] is None or spans[1] is None:
        return 0.0
    one, other = ((int(span[1]), int(span[2])) for span in spans if span is not None)
    return intersection_over_union(one, other)


def intersection_over_union(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the overlap of two spans as the paper has it (supplement C); 0 of empty ones."""
    union = max(one[1], other[1]) - min(one[0], other[0])
    return max(0, min(one[1], other[1]) - max(one[0], other[0])) / union if union > 0 else 0.0


@dataclass
class Scores:
    """Tallies of all questions together, and by world, task and skill."""

    total: Tally = field(default_factory=Tally)
    parts: dict[str, dict[str, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally)))

    def add(self, world: str, question: Question, counts: Tally) -> None:
        """Add what was counted of a question."""
        self.total += counts
        for part, name in (
                ('worlds', world), ('tasks', question.task),
                ('skills', f'{world}/{question.task}/{question.skill}')):
            self.parts[part][name] += counts

    def figures(self) -> dict[str, Any]:
        """Return the scores by name, and below 'worlds', 'tasks' and 'skills' those of parts."""
        return {**self.total.figures(), **{
            part: {name: counts.figures() for name, counts in sorted(tallies.items())}
            for part, tallies in sorted(self.parts.items())}}
