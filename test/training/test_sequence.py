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

"""What is trained is what the engine feeds, and only the model's own words are learned."""

import numpy as np
import pytest

from streamo_ros.dialogue import QWEN
from streamo_ros.dialogue import State
from streamo_ros.dialogue import time_tag
from streamo_ros.models import StreamTokenizer
from streamo_ros.models.checkpoint import NANO
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.sequence import SINK
from streamo_ros.training.sequence import TrainingTurn
from streamo_ros.training.sequence import window_mask


@pytest.fixture
def tokenizer():
    return StreamTokenizer(NANO / 'tokenizer.json', QWEN)


@pytest.fixture
def sequence(tokenizer):
    turns = [
        TrainingTurn(State.SILENCE, '', State.STANDBY),  # shown wrong on purpose
        TrainingTurn(State.STANDBY, '', State.STANDBY, counted=False),
        TrainingTurn(State.RESPONSE, 'The light went off.', State.RESPONSE),
        TrainingTurn(State.SILENCE, '', State.SILENCE)]
    tags = [time_tag(tick, 1.0) for tick in range(4)]
    return build_sequence(tokenizer, 'Watch.', 'Tell me when it is dark.', tags, turns, (2, 3))


def test_each_counted_state_is_due_where_the_assistants_turn_opens(tokenizer, sequence):
    at = np.flatnonzero(sequence.state_labels != IGNORED)
    assert [list(tokenizer.state_ids).index(label) for label in sequence.state_labels[at]] == [
        State.SILENCE, State.RESPONSE, State.SILENCE]
    assert [sequence.ids[place + 1] for place in at] == [
        tokenizer.state_ids[State.STANDBY],  # the history shows the wrong one
        tokenizer.state_ids[State.RESPONSE], tokenizer.state_ids[State.SILENCE]]


def test_the_answer_and_its_end_are_learned_token_by_token(tokenizer, sequence):
    at = np.flatnonzero(sequence.text_labels != IGNORED)
    assert np.array_equal(sequence.text_labels[at], sequence.ids[at + 1])
    assert sequence.ids[at[0]] == tokenizer.state_ids[State.RESPONSE]
    assert sequence.text_labels[at[-1]] == tokenizer.end_id
    assert tokenizer.decode(sequence.text_labels[at]) == 'The light went off.'


def test_frames_stand_in_the_sequence_as_image_tokens(tokenizer, sequence):
    assert sequence.is_image.sum() == 4 * 6
    assert np.array_equal(sequence.is_image, sequence.ids == tokenizer.image_id)
    assert sequence.positions.shape == (3, len(sequence.ids))


def test_every_token_belongs_to_the_sink_or_to_a_turn_whose_close_it_may_be(tokenizer, sequence):
    turns = sequence.turns
    assert len(turns) == len(sequence.ids) and (np.diff(turns) >= 0).all()
    assert set(turns) == {SINK, 0, 1, 2, 3}
    frames = turns[sequence.is_image]
    assert frames.tolist() == sorted([0, 1, 2, 3] * 6)
    at = np.flatnonzero(sequence.state_labels != IGNORED)
    assert (turns[at] == turns[at + 1]).all()  # the state closes its own turn


def test_the_mask_of_training_shows_what_the_engines_window_shows():
    turns = np.asarray([SINK, SINK, 0, 0, 1, 1, 2, 3])
    assert window_mask(turns, 2).astype(int).tolist() == [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 0, 0],
        [1, 1, 0, 0, 1, 1, 1, 0],
        [1, 1, 0, 0, 0, 0, 1, 1]]
