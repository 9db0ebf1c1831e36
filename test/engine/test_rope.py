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

"""Cosines and sines that are kept are those that would be computed anew."""

import numpy as np
import pytest

from streamo_ros.engine.rope import Rope
from streamo_ros.models import load_checkpoint


@pytest.fixture
def new_rope():
    decoder = load_checkpoint('nano').decoder
    return lambda: Rope(decoder, np.dtype(np.float64))


def test_positions_rotate_by_themselves_whatever_was_asked_before(new_rope):
    rope, rng = new_rope(), np.random.default_rng(0)
    against_sink = rng.integers(0, 40, (3, 7))
    for tick in range(50):
        for positions in (against_sink, against_sink + 1000 * tick):
            cos, sin = rope(positions)
            anew = new_rope()(positions)
            assert (cos == anew[0]).all() and (sin == anew[1]).all()
            angles = positions[rope._axes].T * rope.frequencies
            np.testing.assert_allclose(cos, np.cos(angles), atol=1e-9)
            np.testing.assert_allclose(sin, np.sin(angles), atol=1e-9)


def test_what_recurs_is_computed_once_and_few_are_kept(new_rope, monkeypatch):
    rope = new_rope()
    computed, compute = [], rope._angles

    def counting(positions):
        computed.append(positions)
        return compute(positions)

    monkeypatch.setattr(rope, '_angles', counting)
    against_sink = np.arange(30).reshape(3, 10)
    for tick in range(1, 101):
        rope(against_sink)
        rope(against_sink + tick)
    assert len(computed) == 101
    assert len(rope._kept) <= 16


def test_nobody_can_change_what_is_kept(new_rope):
    cos, _ = new_rope()(np.zeros((3, 4), np.int64))
    with pytest.raises(ValueError, match='read-only'):
        cos[:] = 0
