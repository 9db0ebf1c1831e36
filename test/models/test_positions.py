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

"""Positions are each family's own, for frames of several sizes."""

import numpy as np
import pytest

from streamo_ros.models.positions import stream_positions


def test_a_frame_between_words_takes_one_step_in_time_and_its_longer_side_in_all():
    is_image = np.asarray([False, False] + [True] * 6 + [False])
    positions, following = stream_positions(is_image, (2, 3), 5)
    assert positions.tolist() == [
        [5, 6, 7, 7, 7, 7, 7, 7, 10],
        [5, 6, 7, 7, 7, 8, 8, 8, 10],
        [5, 6, 7, 8, 9, 7, 8, 9, 10]]
    assert following == 11


def test_with_plain_rope_a_visual_token_takes_a_position_like_a_word():
    is_image = np.asarray([False, False] + [True] * 6 + [False])
    positions, following = stream_positions(is_image, None, 5)
    assert positions.tolist() == [[5, 6, 7, 8, 9, 10, 11, 12, 13]] * 3
    assert following == 14


def ranges(*parts):
    """Return the numbers of (first, count, times in a row, times over all) one after another."""
    return [
        number for first, count, each, over in parts for _ in range(over)
        for number in range(first, first + count) for _ in range(each)]


# Two words, a frame, two words, a frame, one word, from position 100 on: what M-RoPE gives them.
# 117 and 120 tokens are what Qwen2.5-VL makes of 640x480 and 1280x720.
FROZEN = {
    (9, 13): (
        ranges((100, 2, 1, 1), (102, 1, 117, 1), (115, 2, 1, 1), (117, 1, 117, 1), (130, 1, 1, 1)),
        ranges((100, 2, 1, 1), (102, 9, 13, 1), (115, 2, 1, 1), (117, 9, 13, 1), (130, 1, 1, 1)),
        ranges((100, 2, 1, 1), (102, 13, 1, 9), (115, 2, 1, 1), (117, 13, 1, 9), (130, 1, 1, 1)),
        131),
    (8, 15): (
        ranges((100, 2, 1, 1), (102, 1, 120, 1), (117, 2, 1, 1), (119, 1, 120, 1), (134, 1, 1, 1)),
        ranges((100, 2, 1, 1), (102, 8, 15, 1), (117, 2, 1, 1), (119, 8, 15, 1), (134, 1, 1, 1)),
        ranges((100, 2, 1, 1), (102, 15, 1, 8), (117, 2, 1, 1), (119, 15, 1, 8), (134, 1, 1, 1)),
        135),
    (3, 2): (
        [100, 101, 102, 102, 102, 102, 102, 102, 105, 106, 107, 107, 107, 107, 107, 107, 110],
        [100, 101, 102, 102, 103, 103, 104, 104, 105, 106, 107, 107, 108, 108, 109, 109, 110],
        [100, 101, 102, 103, 102, 103, 102, 103, 105, 106, 107, 108, 107, 108, 107, 108, 110],
        111),
}


def two_frames(grid):
    frame = [True] * (grid[0] * grid[1])
    return np.asarray([False] * 2 + frame + [False] * 2 + frame + [False])


@pytest.mark.parametrize('grid', FROZEN)
def test_positions_are_the_frozen_ones(grid):
    *expected, following = FROZEN[grid]
    positions, end = stream_positions(two_frames(grid), grid, 100)
    assert positions.tolist() == expected
    assert end == following


@pytest.mark.parametrize('grid', FROZEN)
def test_positions_with_plain_rope_are_the_frozen_ones(grid):
    is_image = two_frames(grid)
    last = {(9, 13): 338, (8, 15): 344, (3, 2): 116}[grid]
    positions, end = stream_positions(is_image, None, 100)
    assert positions.tolist() == [list(range(100, last + 1))] * 3
    assert end == last + 1


@pytest.mark.parametrize('grid', FROZEN)
@pytest.mark.parametrize('family', ['qwen2_5_vl', 'qwen3_vl'])
def test_the_frozen_positions_are_hugging_faces(family, grid):
    is_image = two_frames(grid)
    expected = hugging_faces(family, is_image, grid)
    np.testing.assert_array_equal(np.asarray(FROZEN[grid][:3]) - 100, expected)


@pytest.mark.parametrize('grid', [(9, 13), (8, 15), (4, 4), (15, 8)])
@pytest.mark.parametrize('family', ['qwen2_5_vl', 'qwen3_vl'])
def test_positions_equal_hugging_faces(family, grid):
    frame = [True] * (grid[0] * grid[1])
    is_image = np.asarray([False] * 7 + frame + [False] * 11 + frame + [False] * 3)
    np.testing.assert_array_equal(
        stream_positions(is_image, grid, 0)[0], hugging_faces(family, is_image, grid))


def hugging_faces(family, is_image, grid):
    """Return the (3, S) that transformers gives to two frames and the words around them."""
    torch = pytest.importorskip('torch', reason='the reference positions need torch')
    from random_model import new_model
    model = new_model(family)
    positions, _ = model.model.get_rope_index(
        input_ids=torch.from_numpy(np.where(is_image, model.config.image_token_id, 9))[None],
        mm_token_type_ids=torch.from_numpy(is_image.astype(np.int64))[None],
        image_grid_thw=torch.tensor([[1, grid[0] * 2, grid[1] * 2]] * 2))
    return positions[:, 0].numpy()
