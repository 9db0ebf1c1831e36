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

"""PAUC of hand-made replies, worked out by hand; silence is worth a quarter."""

import pytest

from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import area
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import marks
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import pauc
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import Turn
from streamo_ros.evaluation.benchmarks.proactive_videoqa.pauc import word_judge

TURN = Turn('a red door', (10.0, 20.0), 14.0)


def length(question, right, said):
    """Mark by the number of letters said."""
    return min(3, max(1, len(said.replace(' ', ''))))


@pytest.mark.parametrize('curve, omega, value', [
    ({}, 0.5, 0.25), ({10.0: 2}, 0, 1.0), ({20.0: 2}, 0, 0.25),
    ({15.0: 2}, 0, (5 * 0.5 + 5 * 2) / 20), ({15.0: 2}, 0.5, (2.5 * 0.5 + 7.5 * 2) / 20),
    ({15.0: 2}, 1, 1.0), ({12.0: 0, 16.0: 2}, 0, (2 * 0.5 + 0 + 4 * 2) / 20)])
def test_a_turn_has_the_area_below_its_curve(curve, omega, value):
    assert area(curve, (10.0, 20.0), omega) == pytest.approx(value)


def test_replies_are_judged_together_once_each_and_within_the_span():
    said = [(9.0, 'abc'), (11.0, 'a'), (12.0, 'a'), (13.0, 'b'), (21.0, 'abc')]
    assert marks(TURN, '', said, length) == {11.0: 0, 13.0: 1}


def test_a_worse_mark_counts_only_while_it_is_about_what_is_asked():
    def falling(question, right, said):
        return {'ab': 3, 'ab c': 1, 'ab c d': 3}[said]

    said = [(11.0, 'ab'), (15.0, 'c'), (16.0, 'd')]
    assert marks(TURN, '', said, falling) == {11.0: 2, 16.0: 2}
    assert marks(Turn('', (10.0, 20.0), 15.5), '', said, falling) == {11.0: 2, 15.0: 0, 16.0: 2}


def test_silence_has_25_for_every_omega_and_speaking_outside_costs_nothing():
    for said in ([], [(1.0, 'red door'), (30.0, 'blue')]):
        assert pauc([('', [TURN, TURN], said)], word_judge) == {
            'omega 0': 25.0, 'omega 0.5': 25.0, 'omega 1': 25.0, 'turns': 2, 'answered_turns': 0}


def test_the_stand_in_marks_by_the_share_of_right_words():
    assert [word_judge('', 'a red door opens', said) for said in (
        'the red door', 'a door', 'nothing', 'red')] == [3, 2, 1, 2]
