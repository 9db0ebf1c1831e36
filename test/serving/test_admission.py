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

"""A stream is admitted where there is time for it."""

import pytest

from streamo_ros.serving.admission import LATEST
from streamo_ros.serving.admission import Load
from streamo_ros.serving.admission import MOST
from streamo_ros.serving.admission import TickTime


@pytest.mark.parametrize('fps, tick_s, more, admitted', [
    (0.0, 0.1, 1.0, True), (7.0, 0.1, 1.0, True), (7.0, 0.1, 1.5, False),
    (1.0, 0.5, 1.0, False), (0.0, 1.0, 1.0, False), (1e6, 0.0, 1.0, True)])
def test_a_stream_that_would_make_others_late_is_refused_with_the_reason(
        fps, tick_s, more, admitted):
    refusal = Load(1, 3, 16, fps, tick_s).refusal(more)
    assert bool(refusal) is not admitted
    if refusal:
        assert f'{(fps + more) * tick_s:.0%}' in refusal
        assert f'{MOST:.0%}' in refusal


def test_memory_holds_so_many_streams_and_no_more():
    assert not Load(1, 15, 16, 0.0, 0.0).refusal(1.0)
    assert '16 streams' in Load(1, 16, 16, 0.0, 0.0).refusal(1.0)


def test_a_tick_takes_what_the_latest_took():
    time = TickTime(10.0)
    assert time.mean_s == 10.0
    for _ in range(LATEST):
        time.note(0.2)
    assert time.mean_s == pytest.approx(0.2)


def test_more_ticks_of_the_streams_that_there_are_need_time_alone():
    full = Load(1, 16, 16, 4.0, 0.1)
    assert full.refusal(1.0)
    assert not full.lateness(4.0)
    assert '90%' in full.lateness(5.0)
