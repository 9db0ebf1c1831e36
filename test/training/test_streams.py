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

"""A training example is made from its index alone; streams without questions teach the eyes."""

import numpy as np
import pytest

pytest.importorskip('torch', reason='training needs torch')
pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')

from streamo_ros.dialogue import State  # noqa: E402
from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.training import streams  # noqa: E402
from streamo_ros.training.sequence import build_sequence  # noqa: E402
from streamo_ros.training.sequence import TrainingTurn  # noqa: E402
from streamo_ros.training.streams import misnamed  # noqa: E402
from streamo_ros.training.streams import StreamDataset  # noqa: E402
from streamo_ros.worlds.names import COLOURS  # noqa: E402

TURNS = 3


def examples(questions, count, first=0):
    dataset = StreamDataset(
        load_checkpoint('nano'), seed=5, count=first + count, turns=TURNS, questions=questions,
        first=first)
    return [dataset[index] for index in range(len(dataset))]


def test_an_example_is_the_same_from_wherever_a_run_begins():
    whole, late = examples((1, 0), 4), examples((1, 0), 2, first=2)
    for one, other in zip(whole[2:], late, strict=True):
        assert np.array_equal(one.patches, other.patches)
        assert np.array_equal(one.names, other.names, equal_nan=True)
        assert len(one.sequences) == len(other.sequences)
    assert [len(example.sequences) for example in whole] == [1, 0, 1, 0]


def test_still_lifes_are_shown_in_place_of_a_stream_and_name_what_they_show():
    (example,) = examples((None,), 1)
    assert example.patches.shape[0] == TURNS and not example.sequences
    assert not example.pairs.any() and not example.cells[:, 0].any()  # nothing happens
    assert example.cells[:, 1].max() > 0.2
    assert np.nanmax(example.names) > 0.1


def test_a_stream_tells_colours_and_leaves_kinds_to_still_lifes(monkeypatch):
    """In a stream, a colour comes in the training split's kinds only."""
    monkeypatch.setattr(streams, 'TABLETOP', 1.0)
    for example in examples((1, 0), 2):
        colours, kinds = np.split(example.names, [len(COLOURS)], axis=1)
        assert np.isfinite(colours).all() and colours.max() > 0.1
        assert np.isnan(kinds).all()


def test_a_colour_may_be_read_as_another_but_is_learned_as_it_is(monkeypatch):
    monkeypatch.setattr(streams, 'MISNAMED', 1.0)
    tokenizer = load_checkpoint('nano').tokenizer
    told = 'A red cube and a blue can.'
    turns = [TrainingTurn(State.RESPONSE, told, State.RESPONSE)] * 8
    right = build_sequence(
        tokenizer, 'Watch.', 'Where is the red cube?', ['<0s>'] * 8, turns, (1, 1))
    read = misnamed(np.random.default_rng(4), tokenizer, right)
    assert np.array_equal(read.text_labels, right.text_labels)
    changed = np.flatnonzero(read.ids != right.ids)
    assert 10 < len(changed) <= 16
    assert {tokenizer.decode([right.ids[place]]) for place in changed} == {'red', 'blue'}
    assert (read.turns[changed] >= 0).all()  # what was asked is read as it was asked
    assert {tokenizer.decode([read.ids[place]]) for place in changed} <= set(COLOURS)
