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

"""The bootstrap: reproducible, and as wide as theory has it."""

import numpy as np
import pytest

from streamo_ros.metrics.intervals import draw
from streamo_ros.metrics.intervals import interval
from streamo_ros.metrics.intervals import quantile
from streamo_ros.metrics.intervals import RESAMPLES


def test_the_first_row_counts_everything_once_and_others_draw_as_many():
    counts = draw(7, 0)
    assert counts.shape == (1 + RESAMPLES, 7)
    assert (counts[0] == 1).all()
    assert (counts.sum(axis=1) == 7).all()
    assert (counts[1:].std(axis=0) > 0).all()
    np.testing.assert_array_equal(counts, draw(7, 0))
    assert (draw(7, 1) != counts).any()


def test_the_interval_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(0).normal(3, 2, 400)
    counts = draw(400, 0)
    low, high = interval(counts @ values / 400)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05)
    assert high == pytest.approx(values.mean() + half, abs=0.05)


def test_resamples_in_which_there_is_nothing_are_left_out():
    assert interval(np.array([0.5, np.nan, 0.5, 0.5])) == (0.5, 0.5)
    assert interval(np.array([0.5, np.nan])) is None
    assert interval(np.array([0.5])) is None


def test_a_quantile_is_that_of_the_values_drawn():
    values, units = np.array([5.0, 1.0, 3.0, 2.0]), np.array([0, 0, 1, 2])
    counts = np.array([[1, 1, 1], [0, 2, 0], [2, 0, 0], [0, 0, 0]])
    # 1 2 3 5; 3 3; 1 1 5 5; none
    np.testing.assert_array_equal(quantile(values, units, counts, 0.5), [2, 3, 1, np.nan])
    np.testing.assert_array_equal(quantile(values, units, counts, 0.9), [5, 3, 5, np.nan])
    assert np.isnan(quantile(np.array([]), np.array([], int), counts, 0.5)).all()
