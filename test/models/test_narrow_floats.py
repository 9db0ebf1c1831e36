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

"""Matrices in FP8 and NVFP4 are near what they were made of."""

import numpy as np
import pytest

from streamo_ros.models.blocks import stacked
from streamo_ros.models.narrow_floats import FP4
from streamo_ros.models.narrow_floats import FP4_BLOCK
from streamo_ros.models.narrow_floats import fp4_numbers
from streamo_ros.models.narrow_floats import fp4_pairs
from streamo_ros.models.narrow_floats import in_fp8
from streamo_ros.models.narrow_floats import in_nvfp4
from streamo_ros.models.narrow_floats import largest
from streamo_ros.models.narrow_floats import MOST_FP4
from streamo_ros.models.narrow_floats import MOST_FP8

MATRIX = np.random.default_rng(0).normal(0, 0.05, (6, 4 * FP4_BLOCK)).astype(np.float32)


def test_a_number_in_fp8_is_off_by_half_of_its_last_digit():
    narrow = in_fp8(MATRIX, largest([MATRIX]), 5.0)
    # Three digits behind the first; the smallest are multiples of the smallest.
    allowed = np.maximum(np.abs(MATRIX) / 16, narrow.scale * 2.0 ** -10)
    assert (np.abs(narrow.floats() - MATRIX) <= 1.001 * allowed).all()
    assert np.abs(narrow.numbers.astype(np.float32)).max() == MOST_FP8
    assert narrow.input_scale == pytest.approx(5.0 / MOST_FP8)


def test_a_number_in_nvfp4_is_off_by_half_a_step_of_its_block():
    narrow = in_nvfp4(MATRIX, largest([MATRIX]), 5.0)
    blocks = MATRIX.reshape(6, 4, FP4_BLOCK)
    off = np.abs(narrow.floats().reshape(blocks.shape) - blocks)
    greatest = np.abs(blocks).max(-1, keepdims=True)
    # The widest step is from 4 to 6; a scale is off by a sixteenth at most.
    assert (off <= greatest * (1 / MOST_FP4 + 1 / 16)).all()
    assert np.sqrt(np.square(off).mean()) < 0.12 * np.sqrt(np.square(MATRIX).mean())
    assert narrow.scales.shape == (6, 4)
    assert narrow.input_scale == pytest.approx(5.0 / (MOST_FP8 * MOST_FP4))


def test_what_shares_a_scale_reaches_less_of_it_and_a_block_of_nothing_stays_nothing():
    small = np.where(np.arange(MATRIX.shape[1]) < FP4_BLOCK, 0, MATRIX / 50).astype(np.float32)
    most = largest([MATRIX, small])
    assert most == np.abs(MATRIX).max()
    for put in (in_fp8, in_nvfp4):
        read = put(small, most, 1.0).floats()
        assert (read[:, :FP4_BLOCK] == 0).all()
        assert np.abs(read - small).max() < 0.2 * np.abs(small).max()


@pytest.mark.parametrize('put', [in_fp8, in_nvfp4])
def test_a_factor_is_exact_and_a_stack_is_its_parts(put):
    narrow = put(MATRIX, largest([MATRIX]), 1.0)
    factor = np.float32(0.08838835)
    assert (narrow * factor).floats() == pytest.approx(narrow.floats() * factor, rel=1e-6)
    both = stacked(narrow * factor, narrow)
    assert np.array_equal(both.floats()[6:], narrow.floats())
    assert len(both.parts) == 2


def test_pairs_hold_what_was_packed():
    codes = np.arange(256, dtype=np.uint8).reshape(4, 64) % 16
    numbers = codes.view(FP4)
    assert np.array_equal(fp4_numbers(fp4_pairs(numbers)).view(np.uint8), codes)
    assert fp4_pairs(numbers)[0, 0] == 0x10     # the first one is lower


def test_rows_that_do_not_come_in_blocks_are_refused():
    with pytest.raises(ValueError, match='blocks of 16'):
        in_nvfp4(MATRIX[:, :20], 1.0, 1.0)
