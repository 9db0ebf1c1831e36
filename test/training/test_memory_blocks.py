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

"""A model is trained with the memory that the engine shows it, token for token."""

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.batch import Batcher
from streamo_ros.models import load_checkpoint
from streamo_ros.sources.stream_file import RecordedStream
from streamo_ros.sources.stream_file import RecordedTurn
from streamo_ros.training.conversation import conversation
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import SINK
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.training.sequence import window_mask

ROOM = 100
ASKED, SAID = 'Tell me when the light goes off.', 'The light went off.'
STATES = [State.SILENCE, State.STANDBY, State.RESPONSE, State.SILENCE, State.RESPONSE,
          State.STANDBY, State.RESPONSE, State.SILENCE]


class Led:
    """A backend that decides and says what it is told to."""

    def __init__(self, backend, tokenizer):
        self._backend = backend
        self._states = iter(STATES)
        self._tokens = [*tokenizer.encode([Text(' ' + SAID)]), tokenizer.end_id]
        self._said = 0

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def step(self, first, inputs):
        outputs = self._backend.step(first, inputs)
        if inputs.is_new_turn.any():
            outputs.states[:] = -1.0
            outputs.states[:, next(self._states)] = 1.0
        return outputs

    def compute_logits(self, hidden):
        logits = np.zeros_like(self._backend.compute_logits(hidden))
        logits[:, self._tokens[self._said % len(self._tokens)]] = 1.0
        self._said += 1
        return logits


@pytest.fixture(scope='module')
def nano():
    return load_checkpoint('nano')


@pytest.fixture
def fed(nano, monkeypatch):
    """Return (into the sink?, ids, positions) of each chunk that an engine fed."""
    chunks, inputs = [], Batcher.inputs

    def keeping(self, planned, features, into_sink=False):
        chunks.extend(
            (into_sink, part.ids.tolist(), part.chunk.positions) for part in planned)
        return inputs(self, planned, features, into_sink)

    monkeypatch.setattr(Batcher, 'inputs', keeping)
    engine = StreamEngine(
        nano, Led(OnnxRuntimeBackend(nano), nano.tokenizer), memory_tokens=ROOM)
    engine.watch(ASKED)
    for tick in range(len(STATES)):
        engine.step(np.zeros((112, 112, 3), np.uint8), float(tick))
    return chunks


@pytest.fixture
def sequence(nano):
    turns = [TrainingTurn(state, SAID if state is State.RESPONSE else '', state)
             for state in STATES]
    return build_sequence(
        nano.tokenizer, nano.system_prompt, ASKED,
        [time_tag(tick, 1.0) for tick in range(len(STATES))], turns, (4, 4), True, ROOM)


def test_the_blocks_are_those_that_the_engine_prefills_where_it_does(fed, sequence):
    sinks = [(ids, positions) for into_sink, ids, positions in fed if into_sink]
    assert len(sinks) == 1 + 3
    for number, (ids, positions) in enumerate(sinks):
        at = (sequence.turns == SINK) & (sequence.blocks == number)
        assert sequence.ids[at].tolist() == ids
        np.testing.assert_array_equal(sequence.positions[:, at], positions)


def test_turns_are_those_of_the_engine_and_see_the_block_that_it_held(fed, sequence):
    of_turns = [(ids, positions) for into_sink, ids, positions in fed if not into_sink]
    ids = sum((ids for ids, _ in of_turns), [])
    at = np.flatnonzero(sequence.turns != SINK)[:len(ids)]
    assert sequence.ids[at].tolist() == ids
    np.testing.assert_array_equal(
        sequence.positions[:, at], np.concatenate([positions for _, positions in of_turns], 1))
    held, expected = 0, []
    for into_sink, chunk, _ in fed[1:]:
        held += into_sink
        expected += [] if into_sink else [held] * len(chunk)
    assert sequence.blocks[at].tolist() == expected


def test_the_mask_shows_one_block_to_a_turn_and_no_turn_to_a_block(sequence):
    mask = window_mask(sequence.turns, 3, sequence.blocks)
    in_sink = sequence.turns == SINK
    for row in np.flatnonzero(~in_sink):
        seen = {*sequence.blocks[mask[row] & in_sink].tolist()}
        assert seen == {0, int(sequence.blocks[row])}
    assert not mask[np.ix_(in_sink, ~in_sink)].any()
    last = np.flatnonzero((sequence.blocks == 2) & in_sink)
    assert not mask[np.ix_(last, (sequence.blocks == 1) & in_sink)].any()


def test_a_conversation_has_the_same_tokens_and_blocks(nano, sequence):
    stream = RecordedStream('video', nano.system_prompt, tuple(
        RecordedTurn(
            '' if tick else ASKED, time_tag(tick, 1.0), float(tick), tick + 1.0, state,
            SAID if state is State.RESPONSE else '')
        for tick, state in enumerate(STATES)))
    talk = conversation(nano.tokenizer, nano.system_prompt, stream, (4, 4), True, ROOM)
    length = len(talk.ids)
    for name in ('ids', 'turns', 'blocks'):
        assert getattr(talk, name).tolist() == getattr(sequence, name)[:length].tolist(), name
    np.testing.assert_array_equal(talk.positions, sequence.positions[:, :length])


def test_without_a_memory_nothing_changes(nano):
    turns = [TrainingTurn(State.RESPONSE, SAID, State.RESPONSE)] * 2
    tags = [time_tag(tick, 1.0) for tick in range(2)]
    plain = build_sequence(nano.tokenizer, 'Watch.', ASKED, tags, turns, (4, 4))
    assert not plain.blocks.any()
    np.testing.assert_array_equal(
        window_mask(plain.turns, 1, plain.blocks), window_mask(plain.turns, 1))
