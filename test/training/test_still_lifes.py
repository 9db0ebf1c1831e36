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

import itertools

import numpy as np
import pytest

pytest.importorskip('cv2', reason='the worlds are rendered with OpenCV')
pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')

from streamo_ros.training import still_lifes  # noqa: E402
from streamo_ros.training.still_lifes import looks  # noqa: E402
from streamo_ros.worlds.names import COLOURS  # noqa: E402

SIZE, GRID = (112, 112), (4, 4)


def some(count, seed=0):
    return list(itertools.islice(looks(np.random.default_rng(seed), SIZE, GRID), count))


def test_looks_are_frames_of_a_tick_that_differ_by_no_more_than_the_camera_does():
    for look in some(16):
        before, now = look.pair
        assert before.shape == now.shape == (*SIZE, 3) and before.dtype == np.uint8
        assert 0 < np.abs(before.astype(int) - now).mean() < 8


def test_no_two_looks_are_alike():
    shown = some(16)
    assert len({look.pair[1].tobytes() for look in shown}) == 16
    assert len({look.names.tobytes() for look in shown}) == 16


def test_a_look_tells_kinds_or_colours_but_never_which_kind_has_which_colour():
    told = [[np.isfinite(part).all() for part in np.split(look.names, [len(COLOURS)])]
            for seed in range(24) for look in some(1, seed)]
    assert {tuple(one) for one in told} == {(True, False), (False, True)}
    assert sum(kinds for _, kinds in told) > 12


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('side', [16, 17, 22, 24])
def test_shares_are_told_of_what_a_cut_shows(side, mirrored):
    """A picture whose units are all black or white has the share of white that is told of it."""
    rng = np.random.default_rng(side)
    units = (rng.random((1, 24, 24)) < 0.5).astype(np.float32)
    picture = np.repeat(np.repeat(units[0], 7, 0), 7, 1)[..., None].repeat(3, -1)
    cut = still_lifes._Cut(24 - side, (24 - side) // 2, side, mirrored)
    shown = cut.frame((picture * 255).astype(np.uint8), SIZE) / 255
    expected = shown[..., 0].reshape(4, 28, 4, 28).mean((1, 3))
    assert np.abs(cut.shares(units, GRID)[0] - expected).max() < 0.01


def test_a_seed_gives_the_same_looks():
    for one, other in zip(some(3, seed=4), some(3, seed=4), strict=True):
        assert np.array_equal(one.pair[0], other.pair[0])
        assert np.array_equal(one.names, other.names, equal_nan=True)
