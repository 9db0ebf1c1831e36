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

"""Questions on one video, answered by the engine after it has seen the frames of the protocol."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from streamo_ros.dialogue import InstructionError
from streamo_ros.engine.asked_engine import AskedEngine
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.sampling import clip_of
from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling
from streamo_ros.evaluation.benchmarks.offline.sampling import shown

LAST = 4
"""Frames of the baseline that sees only the end (SimpleStream, as SelectStream tabulates it)."""

_LETTERS = 'SBR'  # Silence, Standby (standing by), Response


@dataclass(frozen=True)
class AskedEngineOptions:
    """
    What an engine is made of, for every process that makes its own.

    :param threads: as in ``given_threads``
    """

    checkpoint: str = 'nano'
    backend: str = 'auto'
    zero_shot: bool = False
    threads: int = 0

    def __call__(self) -> AskedEngine:
        """Return this process's engine."""
        return _engine(self)


@lru_cache(maxsize=1)
def _engine(options: AskedEngineOptions) -> AskedEngine:
    return AskedEngine.from_pretrained(
        options.checkpoint, backend=options.backend, zero_shot=options.zero_shot,
        threads=options.threads)


@dataclass(frozen=True)
class Quiz:
    """
    A video and what is asked after it.

    :param items: of one span of the video
    :param opening: as in ``Benchmark``; so is ``given_back``
    :param window_turns: frames in view; None takes all that are shown
    """

    video: Path
    items: tuple[Item, ...]
    sampling: Sampling
    opening: str = ''
    given_back: str = ''
    window_turns: int | None = None


def answered_in(new_engine: Callable[[], AskedEngine], quiz: Quiz) -> dict[str, Any]:
    """
    Answer the questions on a video, as an entry of a journal.

    Beside each answer stand the probabilities of the labels and the state that the engine had
    decided on; and the same with only the last frames shown. A question that is too long has the
    reason in their place.

    :param new_engine: gives this process's engine
    :raises SourceError: when the video cannot be read
    """
    times = quiz.sampling.times(clip_of(quiz.video), quiz.items[0].span)
    frames = shown(quiz.video, times)
    engine = new_engine()
    answers: dict[str, dict[str, Any]] = {}
    fit = []
    for item in quiz.items:
        try:
            engine.tokens_of(item.prompt)
            fit.append(item)
        except InstructionError as error:
            answers[item.key] = {'left_out': str(error)}
    for first in range(0, len(fit), MAX_INSTRUCTIONS):
        asked = fit[first:first + MAX_INSTRUCTIONS]
        for view, seen in {'all': frames, 'last': frames[-LAST:]}.items():
            found = engine.ask_after(
                seen, [item.prompt for item in asked], [item.labels for item in asked],
                quiz.opening, quiz.window_turns)
            for item, answer in zip(asked, found, strict=True):
                text = answer.text
                if quiz.given_back:  # as the notebook does, which takes the first line alone
                    text = quiz.given_back + text.strip().split('\n')[0]
                answers.setdefault(item.key, {})[view] = {
                    'text': text, 'labels': [round(share, 6) for share in answer.labels],
                    'state': _LETTERS[answer.state]}
    return {'frames': len(frames), 'answers': answers}
