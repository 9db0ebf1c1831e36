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

"""Figures: visible, whole, on their feet, and with a gait."""

from dataclasses import replace

import numpy as np
import pytest

from streamo_ros.worlds.figures import Figure
from streamo_ros.worlds.figures import KINDS
from streamo_ros.worlds.tracks import Pose

STANDING = Pose(0.5, 0.8, 0.3)


@pytest.mark.parametrize('kind', KINDS)
def test_a_figure_stands_on_its_foot_at_its_full_height(kind):
    for seed in range(8):
        figure = Figure(seed, 'test', kind)
        foot_x, foot_y, unit = figure.frame(80)
        body = figure.sheet(STANDING, 80).body > 60
        rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
        assert abs(rows[0] - (foot_y - unit)) < 0.12 * unit
        assert abs(rows[-1] - foot_y) < 0.1 * unit
        assert abs((columns[0] + columns[-1]) / 2 - foot_x) < 0.3 * unit * figure.width
        assert 0 < columns[0]
        assert columns[-1] < body.shape[1] - 1


@pytest.mark.parametrize('kind', ['person', 'animal'])
def test_walking_swings_the_legs_and_standing_does_not(kind):
    figure = Figure(3, 'test', kind)
    still = [figure.sheet(replace(STANDING, gait=gait), 80).body for gait in (0.0, 0.3, 0.6)]
    walking = [figure.sheet(replace(STANDING, gait=gait, stride=1.0), 80).body
               for gait in (0.0, 0.25, 0.5)]
    assert np.array_equal(still[0], still[1])
    assert np.array_equal(still[1], still[2])
    assert (walking[0] != walking[1]).mean() > 0.01


def test_paint_is_premultiplied_and_its_shadow_is_no_body():
    sheet = Figure(5, 'test', 'person').sheet(STANDING, 80)
    colours, alpha = sheet.paint[..., :3], sheet.paint[..., 3]
    assert not colours[alpha == 0].any()
    assert (sheet.body <= alpha.astype(int) + 1).all()
    assert ((alpha > 0) & (sheet.body == 0)).any()


def test_a_pose_is_painted_once():
    figure = Figure(5, 'test', 'person')
    assert figure.sheet(STANDING, 40) is figure.sheet(replace(STANDING, x=0.1), 40)


def test_contrast_makes_a_figure_lighter():
    figure = Figure(5, 'test', 'box')
    before = figure.sheet(STANDING, 40)
    figure.contrast(60.0)
    after = figure.sheet(STANDING, 40)
    assert after.paint[..., :3].mean() > before.paint[..., :3].mean() + 5


def test_figures_are_of_many_kinds_and_looks():
    figures = [Figure(seed, 'test') for seed in range(120)]
    assert {figure.kind for figure in figures} == set(KINDS)
    colours = [figure.sheet(STANDING, 24).paint[..., :3].mean() for figure in figures]
    assert np.std(colours) > 8
