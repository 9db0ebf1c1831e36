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

"""What makes a Response, from the probabilities alone."""

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.engine import Thresholds

S, B, R = State


def decided(thresholds, probabilities):
    """Return what is decided of ticks whose probabilities are these."""
    held, states = False, []
    for one in map(np.asarray, probabilities):
        state = thresholds.decide(one, held)
        held = thresholds.latches(one, state, held)
        states.append(state)
    return states


def responding(*probabilities):
    """Return shares with these probabilities of Response, the rest mostly Silence."""
    return [((1 - one) * 0.7, (1 - one) * 0.3, one) for one in probabilities]


def test_by_default_the_likeliest_state_is_decided_ties_included():
    probabilities = np.random.default_rng(0).dirichlet((1, 1, 1), 1000)
    probabilities[:6] = np.array([
        (0.4, 0.4, 0.2), (0.4, 0.2, 0.4), (0.2, 0.4, 0.4), (1, 1, 1), (0, 0, 1), (0.3, 0.3, 0.4)])
    assert decided(Thresholds(), probabilities) == [
        State(int(one.argmax())) for one in probabilities]


def test_a_response_is_decided_from_the_threshold_on_likeliest_or_not():
    assert decided(Thresholds(0.25), [
        (0.5, 0.25, 0.25), (0.76, 0.0, 0.24), (0.1, 0.66, 0.24), (0.0, 0.1, 0.9)]) == [R, S, B, R]
    assert decided(Thresholds(0.9), [(0.1, 0.05, 0.85), (0.05, 0.1, 0.85)]) == [S, B]


def test_a_checkpoints_own_threshold_holds_where_none_is_given():
    assert Thresholds().over(0.7) == Thresholds(0.7)
    assert Thresholds(0.4, 0.2).over(0.7) == Thresholds(0.4, 0.2)
    assert Thresholds().over(0.0) == Thresholds()


def test_without_a_release_every_tick_above_the_threshold_is_a_response():
    assert decided(Thresholds(0.5), responding(0.6, 0.9, 0.5, 0.4, 0.5)) == [R, R, R, S, R]


def test_a_response_waits_until_the_one_before_it_was_released():
    assert decided(Thresholds(0.5, 0.2), responding(
        0.6, 0.9, 0.3, 0.7, 0.2, 0.8, 0.19, 0.4, 0.5, 0.9)) == [R, S, S, S, S, S, S, S, R, S]


@pytest.mark.parametrize('response, release, reason', [
    (-0.1, 0, 'response_threshold is -0.1: it must be 0 to 1'),
    (1.1, 0, 'response_threshold is 1.1'),
    (float('nan'), 0, 'response_threshold is nan'),
    (0.5, 0.6, 'release_threshold is 0.6: it must be 0 to response_threshold, which is 0.5'),
    (0.5, -0.1, 'release_threshold is -0.1'),
    (0.5, float('nan'), 'release_threshold is nan'),
    (0.0, 0.1, 'release_threshold is 0.1')])
def test_thresholds_that_make_no_sense_are_refused(response, release, reason):
    with pytest.raises(ValueError, match=reason):
        Thresholds(response, release)
