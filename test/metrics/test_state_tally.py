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
"""The scores of an evaluation, by hand."""

import pytest

from streamo_ros.dialogue import State
from streamo_ros.metrics.state_tally import StateTally


def states(letters):
    return [State('SBR'.index(letter)) for letter in letters]


def test_scores_of_two_streams_add_up():
    tally = StateTally()
    tally.add(states('SBBRSS'), states('SSBSRS'))
    tally.add(states('SR'), states('SR'))
    figures = tally.figures()
    assert figures['silence_precision'] == 3 / 5
    assert figures['silence_recall'] == 3 / 4
    assert figures['standby_f1'] == pytest.approx(2 / 3)
    assert figures['response_f1'] == pytest.approx(1 / 2)
    assert figures['state_macro_f1'] == pytest.approx((2 / 3 + 2 / 3 + 1 / 2) / 3)
    assert figures['event_f1'] == 1.0  # one turn late is in time
    assert figures['delay_turns_median'] == 0.5


def test_answers_of_one_stream_do_not_meet_events_of_another():
    tally = StateTally()
    tally.add(states('SSR'), states('SSS'))
    tally.add(states('SS'), states('RS'))
    assert tally.figures()['event_f1'] == 0.0
    assert 'delay_turns_median' not in tally.figures()
