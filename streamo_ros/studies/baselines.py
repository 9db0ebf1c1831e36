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
The baselines beside a score, on the same streams.

Always silent; always the most frequent state of the skill that is asked for; and, for the skills
of the sentry world, frame differencing, which is given the skill and reads no words.
"""

from dataclasses import dataclass
from dataclasses import field
from typing import Any

import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.evaluation.tally import Scores
from streamo_ros.evaluation.tally import Tally
from streamo_ros.evaluation.tally import tally
from streamo_ros.metrics.events import EventScore
from streamo_ros.studies.differencing import combined
from streamo_ros.studies.differencing import Differencing
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.streams import Stream


@dataclass
class Baselines:
    """Scores of the baselines, added up over streams."""

    silent: Scores = field(default_factory=Scores)
    differencing: Scores = field(default_factory=Scores)

    def add(self, stream: Stream) -> None:
        """Add one stream."""
        seconds = stream.stamps[-1] - stream.stamps[0]
        count = len(stream.stamps)
        for question in stream.questions:
            self.silent.add(stream.kind, question, tally(
                question, [State.SILENCE] * count, [''] * count, seconds))
        answered = {
            question: skills for question in stream.questions
            if stream.kind == 'sentry' and (skills := skills_of(question))}
        if answered:
            differencing = Differencing()
            ticks = [differencing.step(frame) for frame in stream.frames]
            for question, skills in answered.items():
                self.differencing.add(stream.kind, question, tally(
                    question, [combined(states, skills) for states in ticks],
                    [' '.join(ANSWERS[skill] for skill in skills
                              if states[skill] is State.RESPONSE) for states in ticks], seconds))

    def figures(self) -> dict[str, Any]:
        """Return the scores of each baseline that had a question, named as in ``Scores``."""
        scores = {
            'always_silent': self.silent, 'majority_state': majority(self.silent),
            'frame_differencing': self.differencing}
        return {name: each.figures() for name, each in scores.items() if each.parts['worlds']}


def skills_of(question: Question) -> tuple[str, ...]:
    """Return the sentry skills that a question asks for; empty for other questions."""
    if question.task == 'narration':
        return tuple(SKILLS)
    return tuple(question.skill.split('/')) if question.task == 'event_caption' else ()


def majority(silent: Scores) -> Scores:
    """Return the scores of always giving a skill's most frequent state, without words."""
    found = Scores()
    for name, counts in silent.parts['skills'].items():
        world, task, _ = name.split('/', 2)
        true = counts.confusion.sum(1)
        state = State(int(true.argmax()))
        confusion = np.zeros((3, 3), np.int64)
        confusion[:, state] = true
        # Response is never the most frequent state, so this baseline never answers.
        assert state is not State.RESPONSE
        constant = Tally(
            EventScore(true=counts.events.true), confusion, overlaps=counts.overlaps,
            seconds=counts.seconds, blank_seconds=counts.blank_seconds)
        found.total += constant
        for part, key in (('worlds', world), ('tasks', task), ('skills', name)):
            found.parts[part][key] += constant
    return found
