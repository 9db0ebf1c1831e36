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

"""Only changes of the state and a share of the rest are supervised; words always are."""

import numpy as np
import pytest
from tiny_streams import PROMPT
from tiny_streams import record

from streamo_ros.dialogue import Control
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.models import load_checkpoint
from streamo_ros.sources.stream_file import read_stream
from streamo_ros.training.conversation import conversation
from streamo_ros.training.sequence import IGNORED
from streamo_ros.training.transitions import thinned

SCRIPT = 'SSBBBRRSSS'
CHANGES = [0, 2, 5, 7]


@pytest.fixture(scope='module')
def tokenizer():
    return load_checkpoint('nano').tokenizer


@pytest.fixture(scope='module')
def stream():
    return read_stream(record('a.mp4', SCRIPT))


@pytest.fixture(scope='module')
def tokens(tokenizer, stream):
    return conversation(tokenizer, PROMPT, stream, (2, 2), mrope=True)


def states(tokenizer, tokens):
    """Return the turns whose state is supervised, and how many other tokens are."""
    ids = tokenizer.encode([Control(token) for token in STATE_TOKENS])
    is_state = np.isin(tokens.labels, ids)
    return tokens.turns[is_state].tolist(), int((tokens.labels != IGNORED).sum() - is_state.sum())


def test_without_a_share_the_changes_alone_are_supervised(tokenizer, stream, tokens):
    turns, others = states(tokenizer, tokens)
    assert turns == list(range(len(SCRIPT)))
    kept = thinned(tokens, stream, 0.0, np.random.default_rng(0))
    assert states(tokenizer, kept) == (CHANGES, others)
    is_kept = kept.labels != IGNORED
    np.testing.assert_array_equal(kept.labels[is_kept], tokens.labels[is_kept])
    np.testing.assert_array_equal(kept.ids, tokens.ids)


def test_with_all_nothing_is_left_out(stream, tokens):
    kept = thinned(tokens, stream, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(kept.labels, tokens.labels)


def test_a_share_of_the_others_is_drawn_anew_each_time(tokenizer, stream, tokens):
    counts = np.zeros(len(SCRIPT))
    for seed in range(400):
        turns, _ = states(tokenizer, thinned(tokens, stream, 0.275, np.random.default_rng(seed)))
        counts[turns] += 1
    others = [turn for turn in range(len(SCRIPT)) if turn not in CHANGES]
    assert (counts[CHANGES] == 400).all()
    # Four standard deviations of 400 draws are 0.09.
    assert np.abs(counts[others] / 400 - 0.275).max() < 0.09


def test_the_same_draw_is_the_same(stream, tokens):
    one, two = (thinned(tokens, stream, 0.5, np.random.default_rng((1, 2, 3))) for _ in range(2))
    np.testing.assert_array_equal(one.labels, two.labels)
