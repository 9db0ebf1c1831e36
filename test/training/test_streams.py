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

from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.training import streams  # noqa: E402
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


def test_in_false_colours_kinds_are_told_and_colours_are_not(monkeypatch):
    monkeypatch.setattr(streams, 'TABLETOP', 1.0)
    monkeypatch.setattr(streams, 'RECOLOURED', 0.0)
    plain = examples((0,), 6)
    monkeypatch.setattr(streams, 'RECOLOURED', 1.0)
    false = examples((0,), 6)
    for one, other in zip(plain, false, strict=True):
        assert np.isfinite(one.names).all()
        assert np.isnan(other.names[:, :len(COLOURS)]).all()
        assert np.array_equal(one.names[:, len(COLOURS):], other.names[:, len(COLOURS):])
    changed = [not np.array_equal(one.patches, other.patches)
               for one, other in zip(plain, false, strict=True)]
    assert sum(changed) > 3  # an exchange of channels may leave them where they were


def test_what_is_asked_about_is_shown_in_its_own_colours(monkeypatch):
    monkeypatch.setattr(streams, 'TABLETOP', 1.0)
    monkeypatch.setattr(streams, 'RECOLOURED', 1.0)
    assert all(np.isfinite(example.names).all() for example in examples((1,), 2))
