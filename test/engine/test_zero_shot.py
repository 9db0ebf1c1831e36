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

"""A plain instruct model is asked in words, and what it is given is exact all the same."""

import numpy as np
import pytest

from streamo_ros.dialogue import Control
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import time_tag
from streamo_ros.dialogue import ZERO_SHOT_PROMPT
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.factory import new_backend

QUESTION = 'Tell me when the light goes off.'
STATES = [State.SILENCE, State.STANDBY, State.RESPONSE, State.SILENCE, State.RESPONSE,
          State.RESPONSE, State.STANDBY, State.SILENCE]
WHOLE, CUT, UNBEGUN = 2, 4, 5
ANSWER_TOKENS = 7


class Deciding:
    """A backend that logs the states' logits and lets turns end as ``STATES`` says."""

    def __init__(self, backend, tokenizer):
        self._backend, self._tokenizer = backend, tokenizer
        self.static_shapes, self.dtype = backend.static_shapes, backend.dtype
        self.logits, self.probabilities, self.said = [], [], {}

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def step(self, first, inputs):
        outputs = self._backend.step(first, inputs)
        if inputs.is_new_turn.any():
            self.logits.append(outputs.states[0].copy())
            self.probabilities.append(outputs.probabilities[0])
            outputs.states[:, STATES[len(self.logits) - 1]] = 1e9
            if len(self.logits) - 1 == UNBEGUN:
                self.engine.interrupt()
        return outputs

    def compute_logits(self, hidden):
        logits = self._backend.compute_logits(hidden)
        said = self.said.setdefault(len(self.logits) - 1, [])
        logits[:, sorted(self._tokenizer.control_ids)] = -1e9
        if len(self.logits) - 1 == WHOLE and len(said) == 3:
            logits[:, self._tokenizer.end_id] = 1e9
        else:
            said.append(int(logits[0].argmax()))
        return logits


@pytest.mark.parametrize('kind, padded', [
    ('onnxruntime', False), ('onnxruntime', True), ('torch', False)])
def test_a_stream_in_words_equals_hugging_faces_forward_over_it(plain_model, kind, padded):
    checkpoint = plain_model.checkpoint
    tokenizer, chat = checkpoint.tokenizer, checkpoint.tokenizer.chat
    backend = Deciding(new_backend(kind, checkpoint), tokenizer)
    backend.static_shapes = padded
    engine = backend.engine = StreamEngine(
        checkpoint, backend, window_turns=16, max_answer_tokens=ANSWER_TOKENS)
    engine.watch(QUESTION)
    frames = plain_model.frames(len(STATES))
    decisions = [
        decision for stamp, frame in enumerate(frames)
        for decision in engine.step(frame, float(stamp))]
    assert [decision.state for decision in decisions] == STATES
    assert {tick: len(said) for tick, said in backend.said.items()} == {
        WHOLE: 3, CUT: ANSWER_TOKENS}
    assert [tick for tick, decision in enumerate(decisions) if not decision.complete] == [
        CUT, UNBEGUN]

    space = ' ' if plain_model.family == 'smolvlm' else ''
    words = {State.SILENCE: 'No', State.STANDBY: 'Wait', State.RESPONSE: 'Yes:'}
    ids = tokenizer.encode(
        system_segments(ZERO_SHOT_PROMPT, chat) + instruction_segments(QUESTION))
    rows, columns = plain_model.grid
    due = []
    for tick, state in enumerate(STATES):
        ids += tokenizer.encode(open_turn(time_tag(tick, 1.0), chat), rows * columns)
        due.append(len(ids) - 1)
        ids += tokenizer.encode([Text(space + words[state])])
        ids += backend.said.get(tick, [])
        ids += tokenizer.encode([Control(chat.end), *chat.user])
    expected = plain_model.logits(ids, due, frames)
    np.testing.assert_allclose(np.stack(backend.logits), expected, rtol=0, atol=1e-4)
    # Among the three words alone, each by its first token.
    assert list(tokenizer.state_ids) == [
        tokenizer.encode([Text(space + word)])[0] for word in words.values()]
    np.testing.assert_allclose(
        np.stack(backend.probabilities), np.exp(expected) / np.exp(expected).sum(1, keepdims=True),
        atol=1e-4)


def test_a_plain_directory_is_watched_with_at_once(plain_model):
    engine = StreamEngine.from_pretrained(plain_model.directory, zero_shot=True)
    engine.watch(QUESTION)
    for stamp, frame in enumerate(plain_model.frames(3)):
        (decision,) = engine.step(frame, float(stamp))
        assert sum(decision.probabilities) == pytest.approx(1)
        assert decision.state == np.argmax(decision.probabilities)
