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

"""The trivial answers are scored as a checkpoint's are."""

import numpy as np
import pytest

from streamo_ros.evaluation.baselines import Baselines
from streamo_ros.evaluation.baselines import macro_f1
from streamo_ros.evaluation.baselines import table
from streamo_ros.worlds.sentry import Event


@pytest.fixture
def found():
    """Watch a light go off in a scene that, by the truth given, moves for six ticks of eight."""
    picture = np.random.default_rng(0).integers(40, 220, (12, 16, 3)).astype(np.uint8)
    lit = picture.repeat(8, 0).repeat(8, 1)
    frames = [lit] * 3 + [lit // 6] * 5
    events = (
        Event('light_off', 2.2, 2.8), Event('stop', 0.0, 6.5, 6.0), Event('start', 4.5, 5.5))
    baselines = Baselines()
    baselines.add(
        frames, [float(tick) for tick in range(8)], events,
        [('light_off',), ('stop',), ('start',)])
    return baselines.figures()


def test_differencing_is_scored_by_what_it_says(found):
    light = found['frame_differencing']['tasks']['light_off']
    assert (light['events'], light['answers'], light['hits']) == (1, 1, 1)
    assert found['frame_differencing']['tasks']['stop']['hits'] == 0
    assert found['frame_differencing']['event_f1'] == 0.5  # one hit, three events


def test_who_is_always_silent_answers_nothing(found):
    silent = found['always_silent']
    assert silent['event_f1'] == 0
    assert silent['tasks']['light_off'] == {
        'state_macro_f1': round(2 * 7 / 15 / 3, 4), 'event_f1': 0.0, 'events': 1, 'answers': 0,
        'hits': 0}


def test_the_majority_is_that_of_what_is_asked(found):
    majority = found['majority_state']['tasks']
    assert majority['light_off'] == found['always_silent']['tasks']['light_off']
    assert majority['stop']['state_macro_f1'] == round(2 * 7 / 15 / 3, 4)  # standing by
    assert found['always_silent']['tasks']['stop']['state_macro_f1'] == 0


def test_a_tick_that_could_be_seen_either_way_is_not_counted(found):
    start = found['always_silent']['tasks']['start']  # six silent ticks and the answer of eight
    assert start['state_macro_f1'] == round(2 * 6 / 13 / 3, 4)


def test_macro_f1_is_the_mean_over_the_states():
    assert macro_f1(np.diag([5, 2, 1])) == 1
    assert macro_f1(np.array([[6, 0, 0], [1, 1, 0], [2, 0, 0]])) == pytest.approx(
        (12 / 15 + 2 / 3 + 0) / 3)


def test_every_task_has_a_row(found):
    rows = table(found).splitlines()
    assert [row.split()[0] for row in rows[2:]] == ['light_off', 'start', 'stop', 'all']
