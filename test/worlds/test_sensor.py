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

"""The camera's own doing stays below what counts as an event; covers cover."""

import numpy as np

from streamo_ros.worlds.sensor import Cover
from streamo_ros.worlds.sensor import dice
from streamo_ros.worlds.sensor import Sensor

SIZE = 112, 112
GREY = np.full((*SIZE, 3), 120, np.float32)


def sensors(count=60):
    return [Sensor(np.random.default_rng([seed, 4]), SIZE) for seed in range(count)]


def test_sway_is_under_one_percent_and_often_absent():
    reach = [max(max(map(abs, sensor.sway(step * 0.13))) for step in range(60))
             for sensor in sensors()]
    assert max(reach) < 0.01
    assert 0.2 < np.mean([value == 0 for value in reach]) < 0.9
    assert max(reach) > 0.002


def test_exposure_unrest_is_no_change_of_light():
    for sensor in sensors(40):
        levels = [sensor.expose(GREY, step * 0.7, 0.0).mean() for step in range(16)]
        assert max(levels) - min(levels) < 0.3 * np.mean(levels) + 2


def test_a_moment_has_its_noise():
    for sensor in sensors(8):
        one, same, other = (sensor.expose(GREY, time, 0.0) for time in (1.0, 1.0, 1.5))
        assert np.array_equal(one, same)
        assert sensor.noise < 1.5 or not np.array_equal(one, other)


def test_noise_grows_in_the_dark_and_never_brightens():
    noisy = max(sensors(), key=lambda sensor: sensor.noise)
    lit, dark = (noisy.expose(GREY, 1.0, hunger).astype(float) for hunger in (0.0, 1.0))
    assert (dark - dark.mean(axis=(0, 1))).std() > (lit - lit.mean(axis=(0, 1))).std()
    assert abs(dark.mean() - lit.mean()) < 4


def test_the_scene_is_left_as_it_was():
    scene = GREY.copy()
    for sensor in sensors(10):
        sensor.expose(scene, 1.0, 0.5)
    assert np.array_equal(scene, GREY)


def test_dice_are_even_and_belong_to_their_moment():
    assert dice(7, 1.5, 3) == dice(7, 1.5, 3) != dice(7, 1.5001, 3)
    throws = [dice(7, step * 0.1, 2)[1] for step in range(2000)]
    counts, _ = np.histogram(throws, bins=10, range=(0, 1))
    assert 140 < counts.min() <= counts.max() < 260


def covers(count=40):
    return [Cover(np.random.default_rng([seed, 5]), 'test', SIZE, 1.0) for seed in range(count)]


def test_a_cover_grows_from_nothing_to_everything():
    kinds = set()
    for cover in covers():
        kinds.add(cover.kind)
        changed = []
        for share in (0.0, 0.2, 0.5, 0.8, 1.0):
            result = cover.over(GREY, share, 2.0)
            assert result.shape == GREY.shape
            changed.append(float(np.abs(result - GREY).mean()))
        assert changed[0] < 0.5
        assert changed == sorted(changed)
        assert np.abs(cover.over(GREY, 0.5, 2.0) - cover.over(GREY * 0, 0.5, 2.0)).mean() > 10
        whole = cover.over(GREY, 0.99999, 2.0)
        assert np.abs(whole - cover.over(GREY * 0 + 30, 1.0, 2.0)).mean() < 3
    assert kinds == {'hand', 'cloth', 'cap', 'board', 'pane'}
