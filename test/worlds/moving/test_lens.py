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

"""Dirt, rain and wires spoil a picture and never hide it."""

import numpy as np

from streamo_ros.worlds import SentryWorld
from streamo_ros.worlds.moving.lens import Lens


def test_what_is_seen_through_a_lens_is_still_seen():
    changed = 0
    for seed in range(60):
        clean = SentryWorld(seed, 6.0, 'validation').render(1.0)
        lens = Lens(np.random.default_rng(seed), clean.shape[:2], 6.0)
        seen = lens.through(clean.copy(), 1.0)
        assert seen.shape == clean.shape and seen.dtype == np.uint8
        assert 0.5 * clean.mean() < seen.mean() + 1 and seen.mean() < 1.6 * clean.mean() + 80
        if clean.std() > 20:
            assert np.corrcoef(clean.ravel(), seen.ravel())[0, 1] > 0.5
        changed += not np.array_equal(clean, seen)
    assert 30 < changed < 60


def test_the_same_moment_is_the_same_bytes():
    frame = SentryWorld(3, 6.0).render(1.0)
    for seed in range(10):
        one, other = (Lens(np.random.default_rng(seed), frame.shape[:2], 6.0) for _ in range(2))
        other.through(frame.copy(), 4.0)
        assert np.array_equal(one.through(frame.copy(), 2.0), other.through(frame.copy(), 2.0))
