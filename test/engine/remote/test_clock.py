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

"""The time of a step is split over a link whose ends have clocks of their own."""

import pytest

from streamo_ros.engine.remote.clock import RemoteClock

AHEAD = 1234.5


def ask(clock, sent, up, down):
    """Ask for the time, over a link that takes so long each way."""
    arrived = sent + up + AHEAD
    clock.take(sent, arrived, arrived, sent + up + down)


def test_the_fastest_answer_tells_the_offset():
    clock = RemoteClock()
    for up, down in ((0.4, 0.02), (0.01, 0.01), (0.02, 0.5)):
        ask(clock, 100.0, up, down)
    assert clock.offset == pytest.approx(AHEAD)
    assert clock.one_way_s == pytest.approx(0.01)


def test_a_step_is_split_and_its_parts_add_up():
    clock = RemoteClock()
    ask(clock, 0.0, 0.01, 0.01)
    split = clock.split(10.0, 10.3 + AHEAD, 10.8 + AHEAD, 10.9, model_s=0.4)
    assert (split.up_s, split.queue_s, split.model_s, split.down_s) == pytest.approx(
        (0.3, 0.1, 0.4, 0.1))


@pytest.mark.parametrize('received, replied, model_s', [
    (-50.0, -50.0, 9.0),    # a clock that jumped, a model that took longer than all
    (10.5, 10.2, -1.0),     # an answer before its question
    (1e9, 2e9, 0.1)])
def test_no_part_is_negative_or_longer_than_the_whole(received, replied, model_s):
    split = RemoteClock().split(10.0, received, replied, 11.0, model_s)
    parts = split.up_s, split.queue_s, split.model_s, split.down_s
    assert min(parts) >= 0
    assert split.up_s + split.down_s <= 1.0
