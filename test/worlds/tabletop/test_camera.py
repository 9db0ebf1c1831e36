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

"""Where a point lies in the frame of the camera over the table."""

import numpy as np
import pytest

from streamo_ros.worlds.tabletop.camera import Camera

CAMERA = Camera((0.0, -1.0, 1.0), (0.0, 0.0, 0.0), 40.0, 1.0)


def test_the_target_is_in_the_middle_and_right_and_up_are_where_they_belong():
    x, y = CAMERA.place(np.array([[0.0, 0, 0], [0.2, 0, 0], [0, 0, 0.2], [0, -0.2, 0]])).T
    assert np.allclose((x[0], y[0]), 0.5)
    assert x[1] > 0.6 and np.isclose(y[1], 0.5)
    assert np.isclose(x[2], 0.5) and y[2] < 0.4
    assert np.isclose(x[3], 0.5) and y[3] > 0.6


@pytest.mark.parametrize(('x', 'some', 'whole'), [
    (0.0, False, False), (0.45, False, False), (0.5, True, False), (0.62, True, True)])
def test_a_ball_is_outside_when_its_rim_or_all_of_it_is(x, some, whole):
    half = 2**0.5 * np.tan(np.radians(20))  # of the frame, metres at the target: 0.515
    assert 0.5 < half < 0.53
    for sign in (1, -1):
        assert CAMERA.outside(np.array([sign * x, 0.0, 0.0]), 0.05) == (some, whole)
