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

"""StreamPro-F1 of hand-made trajectories, worked out by hand."""

import pytest

from streamo_ros.evaluation.benchmarks.streampro import Due
from streamo_ros.evaluation.benchmarks.streampro import F1
from streamo_ros.evaluation.benchmarks.streampro import mean
from streamo_ros.evaluation.benchmarks.streampro import TASKS
from streamo_ros.evaluation.benchmarks.streampro import time_score
from streamo_ros.evaluation.benchmarks.streampro import trajectory


@pytest.mark.parametrize('task, time, score', [
    ('event understanding', 9.9, None), ('event understanding', 10, 1), (
        'event understanding', 20, 1), ('event understanding', 22, 0.5),
    ('event understanding', 23.1, None),
    ('object understanding', 17, 0.25), ('object understanding', 20, 1),
    ('object understanding', 16.9, None), ('anomaly alert', 19, None),
    ('anomaly alert', 23, 0.5), ('anomaly alert', 25, 1 / 6),
    ('goal planning', 18, 0.5), ('goal planning', 20.5, None),
    ('risk forecasting', 19, 0.5), ('risk forecasting', 22, 0.5)])
def test_a_response_is_timed_by_the_papers_windows(task, time, score):
    found = time_score(TASKS[task], Due(10, 20), time)
    assert found == score if score is None else found == pytest.approx(score)


def right(due, words):
    return 1.0 if words == due.text else 0.5


def test_what_is_said_too_often_and_what_is_missed_both_cost():
    due = [Due(5, 5, 'a'), Due(15, 15, 'b')]
    moment = TASKS['object understanding']
    assert trajectory(moment, due, [(5, 'a'), (15, 'b')], right) == F1(1, 1, 1)
    assert trajectory(moment, due, [(5, 'a')], right) == F1(1, 0.5, 2 / 3)
    assert trajectory(moment, due, [(5, 'a'), (6, 'a'), (10, 'x'), (15, 'x')], right) == F1(
        1.5 / 4, 0.75, 0.5)
    assert trajectory(moment, due, [], right) == F1(0, 0, 0)
    assert trajectory(moment, [], [(3, 'x')], right) == F1(0, 0, 0)
    assert trajectory(moment, [], [], right) is None


def test_a_response_goes_to_the_first_window_that_it_lies_in():
    # 7 s lies in both windows, is the first one's, and the second stays without.
    due = [Due(5, 5, 'a'), Due(8, 8, 'b')]
    found = trajectory(TASKS['object understanding'], due, [(7, 'a')], right)
    assert found == F1(0.5, 0.25, 1 / 3)


def test_the_mean_is_over_trajectories_that_count():
    assert mean([F1(1, 0.5, 0.6), None, F1(0, 0, 0)]) == {
        'precision': 50.0, 'recall': 25.0, 'f1': 30.0, 'trajectories': 2}
    assert mean([None]) == {'precision': None, 'recall': None, 'f1': None, 'trajectories': 0}
