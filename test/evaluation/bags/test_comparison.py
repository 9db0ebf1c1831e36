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

"""How far two runs are apart, on counts that can be worked out by hand."""

import copy

from made_report import FPS
from made_report import instruction
from made_report import report
import pytest

from streamo_ros.evaluation.bags.comparison import ComparisonError
from streamo_ros.evaluation.bags.comparison import differences
from streamo_ros.evaluation.bags.comparison import pairs

DUE = [20 + 60 * place for place in range(20)]  # twice a minute, for ten minutes


def compared(first, second, by_bag=False):
    found, left_out = pairs(report(first), report(second))
    assert left_out == []
    return {one.name: one for one in differences(found, (FPS, FPS), by_bag, 0)}


def test_scores_and_differences_by_hand():
    # A: 20 of 20, a tick late; B: 10 of 20 and 5 false alarms
    first = instruction('one', 1200, DUE, [tick + 1 for tick in DUE])
    second = instruction('one', 1200, DUE, [*DUE[:10], *(tick + 30 for tick in DUE[:5])])
    second.answers[0].text = 'The light came on.'
    found = compared(first, second)
    values = {
        name: (one.first.value, one.second.value, one.difference.value)
        for name, one in found.items()}
    f1 = 20 / 35
    assert values['event F1'] == pytest.approx((1.0, f1, f1 - 1))
    assert values['event precision'] == pytest.approx((1.0, 10 / 15, -1 / 3))
    assert values['event recall'] == pytest.approx((1.0, 0.5, -0.5))
    assert values['false alarms per hour'] == pytest.approx((0, 30, 30))
    assert values['delay, mean (s)'] == pytest.approx((0.5, 0.0, -0.5))
    assert values['right words'] == pytest.approx((1.0, 0.9, -0.1))
    # A's states lag a tick: of 40 standby ticks half are met, of 20 responses none.
    right = 1200 - 60 - 20
    silence = 2 * right / (1140 + 1140)
    assert found['states, macro-F1'].first.value == pytest.approx((silence + 0.5 + 0) / 3)


def test_a_run_compared_with_itself_does_not_differ_at_all():
    one = instruction('one', 1200, DUE, [*DUE[::3], 50])
    for difference in compared(one, copy.deepcopy(one)).values():
        assert (difference.difference.value, difference.difference.low,
                difference.difference.high) == (0, 0, 0)
        assert not difference.sure
        assert difference.first == difference.second


def test_what_is_hard_for_both_does_not_widen_the_difference():
    # Both are good in some minutes and bad in others; B misses one event more in every minute.
    easy = [tick for tick in range(6, 2400, 12) if tick // 120 % 2 == 0]
    due = list(range(6, 2400, 12))
    first = instruction('one', 2400, due, easy)
    second = instruction('one', 2400, due, [tick for tick in easy if tick // 12 % 10])
    recall = compared(first, second)['event recall']
    assert recall.sure
    width = recall.difference.high - recall.difference.low
    assert 0 < width < (recall.first.high - recall.first.low) / 3


def test_a_single_unit_has_no_interval_and_an_unknown_truth_no_scores():
    one = instruction('one', 1200, DUE, DUE)
    assert compared(one, one, by_bag=True)['event F1'].difference.low is None
    blind = copy.deepcopy(one)
    blind.events = blind.true_states = blind.scored = None
    assert compared(blind, blind) == {}


def test_what_only_one_watched_or_both_hold_otherwise_is_left_out_and_named():
    one, two = instruction('one', 20, [5], [5]), instruction('two', 20, [5], [5])
    three = instruction('three', 20, [5], [5])
    moved = instruction('two', 20, [9], [9])
    found, left_out = pairs(report(one, two), report(one, moved, three))
    assert [pair.runs[0].id for pair in found] == ['one']
    assert left_out == [
        'room /camera two: the two asked otherwise, or hold other things for true',
        'room /camera three: only B watched it']
    with pytest.raises(ComparisonError, match='over the same bags'):
        pairs(report(one, name='hall'), report(one))
