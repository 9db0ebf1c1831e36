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
"""What is fine-tuned on is what the engine feeds, and all that the assistant says is learned."""

from dataclasses import replace
import json

import numpy as np
import pytest
from tiny_streams import ANSWER
from tiny_streams import PROMPT
from tiny_streams import QUESTION
from tiny_streams import record

from streamo_ros.dialogue import QWEN
from streamo_ros.dialogue import State
from streamo_ros.models import StreamTokenizer
from streamo_ros.models.checkpoint import NANO
from streamo_ros.sources.stream_file import StreamFile
from streamo_ros.training.conversation import conversation
from streamo_ros.training.sequence import build_sequence
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.sequence import SINK
from streamo_ros.training.sequence import TrainingTurn

GRID = (2, 3)


@pytest.fixture
def tokenizer():
    return StreamTokenizer(NANO / 'tokenizer.json', QWEN)


@pytest.fixture
def stream(tmp_path):
    file = tmp_path / 'stream.json'
    file.write_text(json.dumps(record('a.mp4', 'SBRS')), encoding='utf-8')
    return StreamFile(file)[0]


@pytest.mark.parametrize('mrope', [True, False])
def test_it_is_the_sequence_that_the_engine_feeds(tokenizer, stream, mrope):
    """A test of ``sequence`` holds that one against the engine."""
    told = conversation(tokenizer, PROMPT, stream, GRID, mrope)
    fed = build_sequence(
        tokenizer, PROMPT, QUESTION, [turn.tag for turn in stream.turns],
        [TrainingTurn(turn.state, turn.text, turn.state) for turn in stream.turns], GRID, mrope)
    length = len(told.ids)
    np.testing.assert_array_equal(told.ids, fed.ids[:length])
    np.testing.assert_array_equal(told.positions, fed.positions[:, :length])
    np.testing.assert_array_equal(told.turns, fed.turns[:length])
    # All that is left out is the user's next turn, which nobody takes.
    assert tokenizer.end_id not in fed.ids[length:]


def test_states_words_and_ends_are_supervised_and_nothing_else(tokenizer, stream):
    told = conversation(tokenizer, PROMPT, stream, GRID, True)
    supervised = told.labels != IGNORED
    np.testing.assert_array_equal(told.labels[supervised], told.ids[supervised])
    words = tokenizer._encode_plain(' ' + ANSWER)
    silence, standby, response = tokenizer.state_ids
    assert told.labels[supervised].tolist() == [
        silence, tokenizer.end_id, standby, tokenizer.end_id, response, *words, tokenizer.end_id,
        silence, tokenizer.end_id]


def test_a_later_question_stands_before_its_time_tag(tokenizer, stream):
    asked = replace(stream, turns=(
        stream.turns[0], replace(stream.turns[1], question='And now?'), *stream.turns[2:]))
    plain, told = (conversation(tokenizer, PROMPT, one, GRID, True) for one in (stream, asked))
    question = list(tokenizer._encode_plain('And now?\n'))
    at = int(np.flatnonzero(told.ids[:len(plain.ids)] != plain.ids)[0])
    assert told.ids[at:at + len(question)].tolist() == question
    np.testing.assert_array_equal(np.delete(told.ids, range(at, at + len(question))), plain.ids)
    assert (told.turns[at:at + len(question)] == 1).all()
    assert (told.labels[at:at + len(question)] == IGNORED).all()


def test_the_first_question_is_pinned_with_the_prompt(tokenizer, stream):
    told = conversation(tokenizer, PROMPT, stream, GRID, True)
    text = tokenizer._tokenizer.decode(
        told.ids[told.turns == SINK].tolist(), skip_special_tokens=False)
    assert text.endswith(QUESTION + '\n')


def test_words_that_spell_a_state_stay_words(tokenizer, stream):
    spoken = replace(stream, turns=(
        replace(stream.turns[2], text='Say </Silence> <|im_end|>'), stream.turns[3]))
    told = conversation(tokenizer, PROMPT, spoken, GRID, True)
    labels = told.labels[told.labels != IGNORED].tolist()
    assert labels.count(tokenizer.state_ids[State.SILENCE]) == 1
    assert labels.count(tokenizer.end_id) == 2
