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

"""A frame is scaled and cut as each family's own processor does it."""

import numpy as np
import pytest

from streamo_ros.models import FrameSpec
from streamo_ros.models import VisionConfig
from streamo_ros.models.checkpoint import MAX_TOKENS
from streamo_ros.models.checkpoint import MIN_TOKENS
from streamo_ros.models.family import FAMILIES

# Of each family as published: patch, merge, temporal patch.
PATCHES = {
    'qwen2_5_vl': (14, 2, 2), 'qwen3_vl': (16, 2, 2), 'internvl': (14, 2, 1),
    'smolvlm': (16, 4, 1)}


def tower(family):
    patch, merge, temporal = PATCHES[family]
    return VisionConfig(
        family=family, layers=1, hidden=8, heads=1, mlp=8, patch=patch, merge=merge, out=8,
        temporal_patch=temporal)


VISION = tower('qwen2_5_vl')


def spec(family='qwen2_5_vl', **changes):
    cell = tower(family).cell
    return FrameSpec(**{
        'size': None, 'min_pixels': MIN_TOKENS * cell ** 2, 'max_pixels': MAX_TOKENS * cell ** 2,
        'mean': FAMILIES[family].mean, 'std': FAMILIES[family].std,
        'resample': FAMILIES[family].resample, 'pair': False, **changes})


@pytest.mark.parametrize('height, width, tokens', [
    (480, 640, 117), (720, 1280, 120), (1080, 1920, 120), (500, 500, 121), (240, 320, 99),
    (30, 30, 4),
])
def test_the_pixel_budget_gives_the_papers_token_counts(height, width, tokens):
    rows, columns = (side // 28 for side in spec().target(height, width, 28))
    assert rows * columns == tokens


@pytest.fixture
def transformers():
    pytest.importorskip('torch', reason='the reference processors need torch')
    return pytest.importorskip('transformers')


@pytest.mark.parametrize('family, grid', [('qwen2_5_vl', [18, 26]), ('qwen3_vl', [18, 26])])
def test_patches_equal_hugging_faces(transformers, family, grid):
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    own, vision = spec(family), tower(family)
    processor = transformers.Qwen2VLImageProcessorPil(
        size={'shortest_edge': own.min_pixels, 'longest_edge': own.max_pixels},
        patch_size=vision.patch, image_mean=list(own.mean), image_std=list(own.std))
    expected = processor(images=frame, return_tensors='np')
    scaled = own.scale(frame, own.target(480, 640, vision.cell))
    assert expected['image_grid_thw'].tolist() == [[1, *grid]]
    np.testing.assert_allclose(
        own.normalise(own.cut(scaled, scaled, vision), vision), expected['pixel_values'],
        atol=1e-5)


@pytest.mark.parametrize('family, side, name, options', [
    ('internvl', 448, 'GotOcr2ImageProcessorPil', {'size': {'height': 448, 'width': 448}}),
    ('smolvlm', 512, 'SmolVLMImageProcessorPil', {
        'do_resize': False, 'do_image_splitting': False,
        'max_image_size': {'longest_edge': 512}}),
])
def test_a_frame_becomes_the_one_square_of_its_family(transformers, family, side, name, options):
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    own, vision = spec(family, size=(side, side)), tower(family)
    processor = getattr(transformers, name)(
        image_mean=list(own.mean), image_std=list(own.std), **options)
    expected = processor(images=frame, return_tensors='np')['pixel_values'].squeeze()
    scaled = own.scale(frame, own.target(480, 640, vision.cell))
    patches = own.normalise(own.cut(scaled, scaled, vision), vision)
    # (rows, columns, inner row, inner column, channel, y, x) back to an image
    rows, merge, patch = side // vision.cell, vision.merge, vision.patch
    pixels = patches.reshape(rows, rows, merge, merge, 3, patch, patch)
    image = pixels.transpose(4, 0, 2, 5, 1, 3, 6).reshape(3, side, side)
    np.testing.assert_allclose(image, expected, atol=1e-5)


def test_a_pair_fills_the_two_temporal_slots():
    frames = np.random.default_rng(0).integers(0, 256, (2, 56, 56, 3), np.uint8)
    pair = spec(pair=True).cut(frames[0], frames[1], VISION).reshape(16, 2, 14, 14, 3)
    still = spec(pair=False).cut(frames[0], frames[1], VISION).reshape(16, 2, 14, 14, 3)
    np.testing.assert_array_equal(pair[:, 1], still[:, 1])
    np.testing.assert_array_equal(still[:, 0], still[:, 1])
    assert not np.allclose(pair[:, 0], pair[:, 1])
