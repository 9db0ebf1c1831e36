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

"""A window is read anew as the cache read it, but for what the cache remembers."""

import numpy as np
import pytest

from streamo_ros.studies.agreement import Agreement
from streamo_ros.studies.agreement import run


def test_both_decide_alike_until_turns_go_and_differ_a_little_then():
    found = run('nano', 'test', streams=1, seed=0)
    figures = found.figures()
    assert len(found.full) == figures['window_turns'] == 8
    assert figures['decisions'] == 3 * (30 - 8)
    assert figures['probability_difference_max_before_sliding'] < 1e-4
    assert 0 < figures['probability_difference_mean'] < 0.1


def test_what_is_counted():
    silent, standing = [0.8, 0.2, 0.0], [0.2, 0.8, 0.0]
    found = Agreement(full=[np.array([[silent, silent]])], slid=[
        np.array([[silent, silent], [standing, standing]]),
        np.array([[silent, standing], [silent, silent]])])
    figures = found.figures()
    assert figures['agreement'] == 0.75
    assert figures['decisions_not_both_silence'] == 2
    assert figures['agreement_not_both_silence'] == 0.5
    assert figures['probability_difference_mean'] == pytest.approx(0.1)
    assert figures['probability_difference_max_before_sliding'] == 0
