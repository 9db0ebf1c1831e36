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


@pytest.mark.parametrize('grid', [(9, 13), (8, 15), (4, 4), (15, 8)])
@pytest.mark.parametrize('family', ['qwen2_5_vl', 'qwen3_vl'])
def test_positions_equal_hugging_faces(family, grid):
    torch = pytest.importorskip('torch', reason='the reference positions need torch')
    from random_model import new_model
    model = new_model(family)
    image = model.config.image_token_id
    frame = [image] * (grid[0] * grid[1])
    ids = np.asarray([9] * 7 + frame + [9] * 11 + frame + [9] * 3)
    is_image = ids == image
    expected, _ = model.model.get_rope_index(
        input_ids=torch.from_numpy(ids)[None],
        mm_token_type_ids=torch.from_numpy(is_image.astype(np.int64))[None],
        image_grid_thw=torch.tensor([[1, grid[0] * 2, grid[1] * 2]] * 2))
    np.testing.assert_array_equal(stream_positions(is_image, grid, 0)[0], expected[:, 0].numpy())
