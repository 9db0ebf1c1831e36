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

"""Stamps alone decide which frames are sampled, on a grid that never drifts."""

import numpy as np
import pytest

from streamo_ros.sources.sampler import GAP_NS
from streamo_ros.sources.sampler import LATE_NS
from streamo_ros.sources.sampler import Sampler
from streamo_ros.sources.sampler import SLACK_NS
from streamo_ros.sources.sampler import Verdict

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def sampled(sampler, stamps):
    """Return the stamps that are sampled, in seconds after the start."""
    taken = []
    for stamp in stamps:
        if sampler.judge(stamp) is Verdict.DUE:
            sampler.take(stamp)
            taken.append((stamp - START) / SECOND)
    return taken


def camera(rate, seconds):
    return [START + round(index * SECOND / rate) for index in range(int(rate * seconds))]


def test_the_first_frame_is_due_whatever_its_stamp():
    for stamp in (0, 1, START):
        assert Sampler(1.0).judge(stamp) is Verdict.DUE


@pytest.mark.parametrize('rate', [5.0, 15.0, 29.97, 30.0, 60.0])
@pytest.mark.parametrize('fps', [0.5, 1.0, 2.0, 5.0])
def test_so_many_frames_a_second_are_sampled_and_each_soon_after_it_is_due(rate, fps):
    taken = sampled(Sampler(fps), camera(rate, 60))
    due = np.arange(60 * fps) / fps
    assert len(taken) == len(due)
    late = np.array(taken) - due
    assert late.min() >= -SLACK_NS / SECOND
    assert late.max() <= 1 / rate + 1e-6


def test_an_hour_at_an_odd_rate_does_not_drift():
    taken = sampled(Sampler(3.0), camera(10.0, 3600))
    assert len(taken) == 3 * 3600
    assert taken[-1] == pytest.approx(3600 - 1 / 3, abs=0.1 + 1e-6)


def test_a_camera_at_the_sampled_rate_loses_no_frame_to_rounded_stamps():
    stamps = [START + int(index * 1000 / 30) * 1_000_000 for index in range(300)]
    assert len(sampled(Sampler(30.0), stamps)) == 300


def test_a_camera_slower_than_fps_is_sampled_whole():
    assert len(sampled(Sampler(10.0), camera(4.0, 30))) == 120


def test_a_gap_is_not_made_up_for():
    stamps = camera(10.0, 2) + [stamp + 10 * SECOND for stamp in camera(10.0, 2)]
    assert sampled(Sampler(1.0), stamps) == [0.0, 1.0, 10.0, 11.0]


def test_a_late_frame_does_not_move_the_ones_after_it():
    stamps = [START + round(at * SECOND) for at in (0.0, 1.4, 1.9, 2.0, 2.9, 3.1)]
    assert sampled(Sampler(1.0), stamps) == [0.0, 1.4, 2.0, 3.1]


def test_a_due_frame_that_is_not_taken_leaves_its_place_to_the_next():
    sampler = Sampler(1.0)
    sampler.take(START)
    assert sampler.judge(START + SECOND) is Verdict.DUE
    assert sampler.judge(START + SECOND + SECOND // 30) is Verdict.DUE


def test_a_stamp_that_does_not_advance_is_stale():
    sampler = Sampler(1.0)
    sampler.judge(START)
    assert sampler.judge(START) is Verdict.STALE
    assert sampler.judge(START - LATE_NS) is Verdict.STALE


@pytest.mark.parametrize('stamp', [START - LATE_NS - 1, 0, START + GAP_NS + 1])
def test_a_jump_is_told_until_the_sampler_is_reset(stamp):
    sampler = Sampler(1.0)
    sampler.judge(START)
    sampler.take(START)
    assert sampler.judge(stamp) is Verdict.JUMP
    assert sampler.judge(stamp) is Verdict.JUMP
    sampler.reset()
    assert sampler.judge(stamp) is Verdict.DUE


def test_a_reset_starts_a_new_grid():
    sampler = Sampler(1.0)
    sampled(sampler, camera(10.0, 1))
    sampler.reset()
    stamps = [START + round(at * SECOND) for at in (1.3, 2.0, 2.3, 3.0, 3.3)]
    assert sampled(sampler, stamps) == [1.3, 2.3, 3.3]


def test_another_rate_goes_on_at_multiples_of_its_period_from_the_same_origin():
    sampler = Sampler(1.0)
    stamps = iter(camera(30.0, 60))

    def taken(count):
        """Return when the next frames are sampled, of those that come."""
        found = []
        while len(found) < count:
            found += sampled(sampler, [next(stamps)])
        return [round(at, 6) for at in found]

    assert taken(3) == [0, 1, 2]
    sampler.reconfigure(2.0)
    assert taken(3) == [2.5, 3, 3.5]
    sampler.reconfigure(1.0)
    assert taken(2) == [4, 5]
    sampler.reconfigure(0.5)
    assert taken(2) == [6, 8]
    sampler.reconfigure(30.0)
    assert taken(2) == [8.033333, 8.066667]
    sampler.reconfigure(0.25)
    assert taken(2) == [12, 16]


@pytest.mark.parametrize('fps', [0.0, -1.0, float('nan')])
def test_fps_must_be_above_zero(fps):
    with pytest.raises(ValueError, match='above 0'):
        Sampler(fps)
    with pytest.raises(ValueError, match='above 0'):
        Sampler(1.0).reconfigure(fps)
