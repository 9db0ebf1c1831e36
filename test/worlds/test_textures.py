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

"""Surfaces: the same at any size, photographs by split, no photographs needed."""

import cv2
import numpy as np
import pytest

from streamo_ros.worlds import textures


def draws(count=40):
    return [np.random.default_rng([seed, 3]) for seed in range(count)]


@pytest.mark.parametrize('paint', [textures.pattern, lambda rng, rows, columns: textures.surface(
    rng, 'test', rows, columns)])
def test_a_surface_is_the_same_at_any_size(paint):
    for one, other in zip(draws(), draws(), strict=True):
        small, large = paint(one, 60, 80), paint(other, 300, 400)
        large = cv2.resize(large, (80, 60), interpolation=cv2.INTER_AREA)
        assert np.abs(small.mean(axis=(0, 1)) - large.mean(axis=(0, 1))).max() < 14
        assert one.random() == other.random()


def test_surfaces_are_many():
    means = np.array([textures.surface(rng, 'test', 32, 32).mean(axis=(0, 1)) for rng in draws()])
    assert means.std(axis=0).min() > 25


def test_no_photograph_serves_two_splits():
    names = [set(group) for group in textures.PHOTOGRAPHS.values()]
    assert len(set().union(*names)) == sum(map(len, names))
    assert not textures.PHOTOGRAPHS['test']


def test_without_photographs_there_is_still_a_surface(monkeypatch):
    monkeypatch.setattr(textures, 'photographs', lambda split: ())
    rng = np.random.default_rng(0)
    assert textures.photograph(rng, 'train', 20, 30) is None
    for rng in draws(10):
        assert textures.surface(rng, 'train', 20, 30, photographic=1.0).shape == (20, 30, 3)


def test_a_photograph_is_cut_to_any_shape():
    pytest.importorskip('skimage')
    for rng in draws(20):
        piece = textures.photograph(rng, 'train', 40, 90)
        assert piece.shape == (40, 90, 3)
        assert piece.dtype == np.uint8


def test_packages_that_are_missing_are_passed_over(monkeypatch):
    monkeypatch.setattr(textures, 'PHOTOGRAPHS', {'train': (('no_such_package', 'x', 'y.png'),)})
    textures.installed.cache_clear()
    assert textures.photographs('train') == ()
    textures.installed.cache_clear()
