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

"""Without state tokens a stream reads as before, with a word in the place of each."""

import pytest

from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import Control
from streamo_ros.dialogue import INTERNVL
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import QWEN
from streamo_ros.dialogue import SMOLVLM
from streamo_ros.dialogue import State
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import zero_shot_chat
from streamo_ros.dialogue import ZERO_SHOT_PROMPT

WORDS = {State.SILENCE: 'No', State.STANDBY: 'Wait', State.RESPONSE: 'Yes:'}


def spelled(pieces):
    return ''.join(
        piece.text if isinstance(piece, Text) else piece.token if isinstance(piece, Control)
        else '<image>' for piece in pieces)


def turn(state, chat):
    return spelled([*open_turn('<0s-1s>', chat), *close_turn(state, chat)])


@pytest.mark.parametrize('state', State)
@pytest.mark.parametrize('chat', [QWEN, INTERNVL, SMOLVLM])
def test_a_word_stands_where_the_state_token_would(chat, state):
    assert turn(state, zero_shot_chat(chat)) == turn(state, chat).replace(
        state.token, WORDS[state])


@pytest.mark.parametrize('chat', [QWEN, INTERNVL, SMOLVLM])
def test_no_state_token_is_asked_of_the_tokenizer(chat):
    assert set(zero_shot_chat(chat).control_tokens) == (
        set(chat.control_tokens) - set(STATE_TOKENS))


def test_the_space_before_a_word_is_the_words():
    assert spelled(open_turn('<0s-1s>', zero_shot_chat(SMOLVLM))).endswith('\nAssistant:')
    assert spelled(close_turn(State.STANDBY, zero_shot_chat(SMOLVLM))).startswith(' Wait')


def test_the_prompt_explains_every_word_at_the_start_of_a_line():
    lines = ZERO_SHOT_PROMPT.splitlines()
    for word in WORDS.values():
        assert any(line.startswith(word + ' ') for line in lines)
