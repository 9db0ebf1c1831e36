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

"""How the decisions of a stream answer test points: our rule, case by case."""

from ovo_records import choice
from ovo_records import clue
from ovo_records import count
from ovo_records import steps
from ovo_records import write
import pytest

from streamo_ros.dialogue import State
from streamo_ros.evaluation.benchmarks.ovo_bench.projection import responses
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.evaluation.benchmarks.watching import Heard


def record(tmp_path, fields):
    return read_records(write(tmp_path, [fields]))[0]


def heard(answers=None, first=0, states=''):
    return Heard(first, tuple(State('SBR'.index(letter)) for letter in states), answers or {})


@pytest.mark.parametrize('answers, response', [
    ({2: 'B. off'}, 'B'), ({3: '(C) unseen'}, 'C'), ({2: 'B'}, 'B'),
    ({2: 'off'}, 'B'), ({2: 'Off.'}, 'B'),
    ({2: 'A. on', 3: 'B. off'}, 'A'),          # the first counts
    ({7: 'B'}, 'B'), ({8: 'B'}, None),         # five turns of grace from second 2 on
    ({2: 'A lamp that is off'}, None),         # an article is no letter
    ({2: 'I believe so'}, None), ({}, None)])
def test_a_choice_is_the_option_that_the_first_answer_names(tmp_path, answers, response):
    assert responses(record(tmp_path, choice(0)), [heard(answers, 2)]) == [response]


@pytest.mark.parametrize('answers, expected', [
    ({}, ['0', '0', '0']),
    ({4: 'A. 1', 8: 'B. 2'}, ['0', '1', '2']),
    ({5: '1 time'}, ['0', '1', '1']),          # turn 5 ends at 6, and 5.5 is rounded up to it
    ({6: '1'}, ['0', '0', '1']),
    ({1: 'J', 8: 'I am not sure.'}, ['10', '10', '10']),
    ({2: '3'}, ['0', '3', '3'])])              # turn 2 ends at 3, behind the point at 2
def test_a_count_is_the_last_one_answered(tmp_path, answers, expected):
    assert responses(record(tmp_path, count(0)), [heard(answers)]) == expected


def test_a_step_goes_on_while_the_model_stands_by_or_a_span_covers_the_point(tmp_path):
    points = ((2, 0, 0), (3, 0, 0), (4, 0, 1), (6, 0, 0), (4, 1, 0), (9, 1, 1))
    first = heard({5: 'Given event occurred between 3s to 6s.'}, states='SSBSSR')
    second = heard({8: 'Given event occurred between 4s to 9s.'}, states='SSSSSSSSR')
    assert responses(record(tmp_path, steps(0, points)), [first, second, heard()]) == [
        'No',    # turn 1: silent
        'Yes',   # turn 2: stands by
        'No',    # turn 3: silent; the span that covers it comes later
        'Yes',   # turn 5 has answered 3..6
        'No', 'Yes']


def test_a_clue_is_seen_from_the_first_answer_on(tmp_path):
    one = record(tmp_path, clue(0))
    assert responses(one, [heard({}, 2)]) == ['No'] * 5
    assert responses(one, [heard({7: 'A ball.'}, 2)]) == ['No', 'No', 'Yes', 'Yes', 'Yes']
    assert responses(one, [heard({8: 'A ball.', 9: 'Again.'}, 2)]) == [
        'No', 'No', 'No', 'Yes', 'Yes']
