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

"""Places: the same at any size, never without a mark to see a moved camera by."""

import cv2
import numpy as np

from streamo_ros.worlds.backgrounds import place
from streamo_ros.worlds.backgrounds import Region


def painted(seed, rows, columns, split='test'):
    region = Region(-0.2, -0.1, 1.2, 1.1, columns / 1.4, rows / 1.2)
    image, glow = place(np.random.default_rng([seed, 9]), split, region, 0.5)
    assert image.dtype == np.uint8
    assert image.shape[:2] == glow.shape == region.shape
    return image, glow


def test_a_place_is_the_same_at_any_size():
    for seed in range(30):
        small, large = painted(seed, 120, 140)[0], painted(seed, 480, 560)[0]
        large = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        likeness = np.corrcoef(
            cv2.blur(small, (9, 9)).ravel(), cv2.blur(large, (9, 9)).ravel())[0, 1]
        assert likeness > 0.85, seed


def test_places_differ_and_each_has_something_to_see():
    images = [painted(seed, 120, 140)[0].astype(float) for seed in range(60)]
    for image in images:
        assert image.std() > 5
        shifted = np.roll(image, 14, axis=1)
        assert np.abs(shifted - image).mean() > 1.0
    assert np.std([image.mean() for image in images]) > 20


def test_some_places_have_windows_that_glow_in_the_dark():
    glows = [painted(seed, 60, 70)[1] for seed in range(60)]
    lit = sum(glow.max() > 0 for glow in glows)
    assert 3 <= lit <= 40
    assert max(glow.max() for glow in glows) <= 1
