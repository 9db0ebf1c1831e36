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
An engine that is asked: it watches, and answers the moment somebody wants to know.

Benchmarks of offline video understanding ask once, after the video. The question then stands for
the window's frames as if it had been there and silent, and is answered in the turn of the last
frame whatever the state of that turn: the state token is not in the cache yet, so that of
Response takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
import math

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.dialogue import Text
from streamo_ros.engine.answering import Answer
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.engine.decision import MAX_INSTRUCTION_TOKENS
from streamo_ros.engine.sequence import Sequence as Standing
from streamo_ros.engine.stream_engine import StreamEngine

MAX_QUESTION_TOKENS = 2048
"""Of a question with its options; where the backend's shapes are fixed, as of an instruction."""


@dataclass(frozen=True)
class Reply:
    """
    What was answered.

    :param text: behind the opening
    :param labels: the probability of each label among all; empty where none were given
    :param state: what had been decided, had nobody asked
    """

    text: str
    labels: tuple[float, ...]
    state: State


class AskedEngine(StreamEngine):
    """A ``StreamEngine`` that speaks only through ``ask``."""

    def ask_after(
        self, frames: Sequence[tuple[float, NDArray[np.uint8]]], questions: Sequence[str],
        labels: Sequence[Sequence[str]], opening: str = '', window_turns: int | None = None,
    ) -> list[Reply]:
        """
        Watch frames as a new stream, and answer questions on them.

        A time tag is that of a frame's second, or the next one where frames are closer.

        :param frames: seconds, growing, and (H, W, 3) uint8 RGB pictures; one at least
        :param questions: no more than an engine takes instructions
        :param labels: for each question, how an answer may begin behind the opening
        :param opening: how every answer begins
        :param window_turns: frames that are in view; None takes all, or as many as the backend's
            shapes have where these are fixed
        :raises InstructionError: when a question is too long
        :raises ModelError: when what the model computes is not finite
        """
        if not self._backend.static_shapes:
            self.window_turns = window_turns or max(2, len(frames))
        self.restart()
        for seconds, picture in frames[:-1]:
            self.step(picture, seconds)
        self._apply_pending()
        for question in questions:
            self._put(question)
        decisions = self.step(frames[-1][1], frames[-1][0])
        return [
            self._asked(slot, decided.state, labels[slot], opening)
            for slot, decided in enumerate(decisions)]

    def tokens_of(self, question: str) -> list[int]:
        """
        Return a question's token ids.

        :raises InstructionError: when they are more than a question may have
        """
        tokens = self.checkpoint.tokenizer.encode(instruction_segments(question))
        most = MAX_INSTRUCTION_TOKENS if self._backend.static_shapes else MAX_QUESTION_TOKENS
        if len(tokens) > most:
            raise InstructionError(
                f'the question has {len(tokens)} tokens and may have {most}: it is not asked')
        return tokens

    def _put(self, question: str) -> None:
        """Let a question stand, word for word, as if it had stood since the window began."""
        tokens = self.tokens_of(question)
        slot = len(self._sequences)
        watch = self.watch('a question', str(slot))
        self._sequences[slot] = Standing(watch, slot, tokens)
        if self._encoder:
            self._sinks.prefill(slot, self._sequences[slot])
            self._look_back(slot, self._encoder)

    def _layout_for(self, frame: tuple[int, int]) -> CacheLayout:
        layout = super()._layout_for(frame)
        if self._backend.static_shapes:
            return layout
        return replace(
            layout, sink_rows=layout.sink_rows - MAX_INSTRUCTION_TOKENS + MAX_QUESTION_TOKENS)

    def _answer(self, slot: int, opening: str = '') -> Answer:
        return Answer([])  # nobody has asked

    def _asked(self, slot: int, state: State, labels: Sequence[str], opening: str) -> Reply:
        chances = self._chances(slot, labels, opening)
        answer = super()._answer(slot, opening and f' {opening}')
        text = self.checkpoint.tokenizer.decode(answer.ids)
        return Reply(text, chances, state)

    def _chances(self, slot: int, labels: Sequence[str], opening: str) -> tuple[float, ...]:
        """Return how likely each label begins the answer; nothing of it stays in the cache."""
        if not labels:
            return ()
        tokenizer = self.checkpoint.tokenizer
        before = tokenizer.encode([
            tokenizer.chat.states[State.RESPONSE], Text(opening and f' {opening}')])
        spellings = [tokenizer.encode([Text(('' if opening else ' ') + label)])
                     for label in labels]
        self._sequences[slot].window.reserve(
            len(before) + max(len(spelled) for spelled in spellings) - 1)
        found: dict[tuple[int, ...], NDArray[np.float64]] = {}
        logs = []
        for spelled in spellings:
            log = 0.0
            for place, token in enumerate(spelled):
                fed = (*before, *spelled[:place])
                if fed not in found:
                    found[fed] = self._log_probabilities(slot, list(fed))
                log += float(found[fed][token])
            logs.append(log)
        shares = [math.exp(log - max(logs)) for log in logs]
        return tuple(share / sum(shares) for share in shares)

    def _log_probabilities(self, slot: int, fed: list[int]) -> NDArray[np.float64]:
        """Return those of the token behind some; they are not committed, so the next go there."""
        planned = self._batcher.plan([self._sequences[slot].window], [(fed, [])], None)
        outputs = self._backend.step(slot, self._batcher.inputs(planned, None))
        logits = self._backend.compute_logits(outputs.hidden)[0].astype(np.float64)
        shifted = logits - logits.max()
        return np.asarray(shifted - np.log(np.exp(shifted).sum()))
