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

"""A frame is scaled and cut as Qwen2.5-VL's own processor does it."""

import numpy as np
import pytest

from streamo_ros.models import FrameSpec
from streamo_ros.models import VisionConfig
from streamo_ros.models.checkpoint import MAX_PIXELS
from streamo_ros.models.checkpoint import MEAN
from streamo_ros.models.checkpoint import MIN_PIXELS
from streamo_ros.models.checkpoint import STD

VISION = VisionConfig(
    layers=1, hidden=8, heads=1, mlp=8, patch=14, merge=2, temporal_patch=2, channels=3,
    window=112, full_attention=(0,), out=8)


def spec(**changes):
    return FrameSpec(**{
        'size': None, 'min_pixels': MIN_PIXELS, 'max_pixels': MAX_PIXELS, 'mean': MEAN,
        'std': STD, 'pair': False, **changes})


@pytest.mark.parametrize('height, width, tokens', [
    (480, 640, 117), (720, 1280, 120), (1080, 1920, 120), (500, 500, 121), (240, 320, 99),
    (30, 30, 4),
])
def test_the_pixel_budget_gives_the_papers_token_counts(height, width, tokens):
    rows, columns = (side // 28 for side in spec().target(height, width, 28))
    assert rows * columns == tokens


def test_patches_equal_hugging_faces(monkeypatch):
    pytest.importorskip('torch', reason='the reference processor needs torch')
    transformers = pytest.importorskip('transformers')
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    processor = transformers.Qwen2VLImageProcessorPil(
        size={'shortest_edge': MIN_PIXELS, 'longest_edge': MAX_PIXELS},
        image_mean=list(MEAN), image_std=list(STD))
    expected = processor(images=frame, return_tensors='np')
    own = spec()
    scaled = own.scale(frame, own.target(480, 640, 28))
    patches = own.patches(scaled, scaled, VISION)
    assert expected['image_grid_thw'].tolist() == [[1, 18, 26]]
    np.testing.assert_allclose(patches, expected['pixel_values'], atol=1e-5)


def test_a_pair_fills_the_two_temporal_slots():
    frames = np.random.default_rng(0).integers(0, 256, (2, 56, 56, 3), np.uint8)
    pair = spec(pair=True).patches(frames[0], frames[1], VISION).reshape(16, 3, 2, 14, 14)
    still = spec(pair=False).patches(frames[0], frames[1], VISION).reshape(16, 3, 2, 14, 14)
    np.testing.assert_array_equal(pair[:, :, 1], still[:, :, 1])
    np.testing.assert_array_equal(still[:, :, 0], still[:, :, 1])
    assert not np.allclose(pair[:, :, 0], pair[:, :, 1])
