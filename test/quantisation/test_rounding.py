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

"""Columns still to be rounded make up for what was lost, as far as their inputs go together."""

import numpy as np
import pytest

from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.blocks import MOST
from streamo_ros.quantisation.calibration import Flow
from streamo_ros.quantisation.rounding import inverse_hessian_factor
from streamo_ros.quantisation.rounding import rounded

OUT, WIDTH = 24, 4 * BLOCK


@pytest.fixture
def matrix():
    return np.random.default_rng(0).standard_normal((OUT, WIDTH)).astype(np.float32)


def flow(inputs):
    floats = inputs.astype(np.float32)
    return Flow(np.abs(inputs).sum(0), np.abs(floats).max(0), list(floats), len(inputs))


def factor_of(inputs):
    return inverse_hessian_factor(flow(inputs), np.ones(WIDTH, np.float32))


def going_together(count, seed=1):
    """Return inputs that a quarter as many numbers tell nearly all of."""
    rng = np.random.default_rng(seed)
    few = rng.standard_normal((count, WIDTH // 4))
    return few @ np.random.default_rng(2).standard_normal((WIDTH // 4, WIDTH)) + (
        0.1 * rng.standard_normal((count, WIDTH)))


def lost(matrix, made, inputs):
    exact = inputs @ matrix.T
    return np.square(inputs @ made.floats().T - exact).sum() / np.square(exact).sum()


def test_inputs_that_do_not_go_together_are_rounded_to_the_nearest(matrix):
    inputs = np.sqrt(WIDTH) * np.eye(WIDTH)
    made = rounded(matrix, factor_of(inputs), 4)
    scales = np.repeat(made.scales, BLOCK, 1)
    assert np.array_equal(made.levels, np.rint(matrix / scales).clip(-MOST[4], MOST[4]))


def test_inputs_that_go_together_lose_less_of_what_they_were_not_rounded_by_too(matrix):
    made = rounded(matrix, factor_of(going_together(2048)), 4)
    others = going_together(2048, seed=3)
    assert lost(matrix, made, others) < 0.25 * lost(matrix, in_blocks(matrix, 4), others)


def test_each_step_is_the_least_squares_of_what_is_left(matrix):
    inputs = going_together(2048)
    factor = factor_of(inputs)
    together = np.linalg.inv(factor.T @ factor)
    first, rest = together[0, 0], together[1:, 1:]
    # With column 0 wrong by 1, the later ones that leave least of it.
    best = np.linalg.solve(rest, together[1:, 0])
    assert factor[0, 1:] / factor[0, 0] == pytest.approx(-best, rel=1e-6, abs=1e-9)
    assert factor[0, 0] ** -2 == pytest.approx(first - together[0, 1:] @ best)


def test_a_channel_that_never_flowed_is_rounded_as_well(matrix):
    inputs = going_together(64)
    inputs[:, 5] = 0
    made = rounded(matrix, factor_of(inputs), 4)
    assert np.isfinite(made.floats()).all()
    nothing = rounded(matrix, factor_of(np.zeros((8, WIDTH))), 4)
    assert np.abs(nothing.floats() - matrix).max() < 0.5


def test_a_number_that_is_too_large_for_the_scales_is_refused(matrix):
    matrix[3, 70] = 1e6
    with pytest.raises(ValueError, match='too large'):
        rounded(matrix, factor_of(going_together(64)), 4)
