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

"""One answer meets one event, the closest first."""

import pytest

from streamo_ros.metrics.events import EventScore
from streamo_ros.metrics.events import match


@pytest.mark.parametrize('due, said, pairs', [
    ([], [3], []),
    ([3], [], []),
    ([3], [3], [(0, 0)]),
    ([3], [5], []),
    ([3], [2, 3, 4], [(0, 1)]),
    ([3, 4], [4], [(1, 0)]),
    ([3, 5], [4, 4], [(0, 0), (1, 1)]),
    ([2, 8], [1, 9], [(0, 0), (1, 1)]),
])
def test_answers_are_paired_with_events(due, said, pairs):
    assert sorted(match(due, said, tolerance=1)) == pairs


def test_counts_add_up_and_give_the_usual_scores():
    score = EventScore(true=4, said=2, hits=1) + EventScore(true=1, said=2, hits=2)
    assert (score.precision, score.recall) == (3 / 4, 3 / 5)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))


def test_silence_where_nothing_happens_is_right():
    assert EventScore().f1 == 1.0
