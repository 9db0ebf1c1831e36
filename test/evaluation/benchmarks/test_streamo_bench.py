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

"""The measures of Streamo-Bench, on answers whose worth is worked out by hand."""

import pytest

from streamo_ros.evaluation.benchmarks.streamo_bench import Grounding
from streamo_ros.evaluation.benchmarks.streamo_bench import grounding_miou
from streamo_ros.evaluation.benchmarks.streamo_bench import hits
from streamo_ros.evaluation.benchmarks.streamo_bench import option_letter
from streamo_ros.evaluation.benchmarks.streamo_bench import overlap
from streamo_ros.evaluation.benchmarks.streamo_bench import same_answer
from streamo_ros.evaluation.benchmarks.streamo_bench import time_span
from streamo_ros.evaluation.benchmarks.streamo_bench import TimedAnswer
from streamo_ros.evaluation.benchmarks.streamo_bench import TimedQuestion
from streamo_ros.evaluation.benchmarks.streamo_bench import tsqa
from streamo_ros.evaluation.benchmarks.streamo_bench import win_rate


@pytest.mark.parametrize('text, span', [
    ('Given event occurred between 3s to 12s.', (3, 12)), ('From 3.5s until 4s', (3.5, 4)),
    ('between 3 seconds and 12 seconds', (3, 12)), ('3-12 s', (3, 12)),
    ('It was at 3s.', None), ('step 1 to 2', None), ('', None)])
def test_a_time_span_is_read_in_the_forms_that_models_write(text, span):
    assert time_span(text) == span


@pytest.mark.parametrize('said, share', [
    ((2, 6), 1), ((4, 6), 0.5), ((4, 8), 1 / 3), ((6, 9), 0), ((8, 9), 0), ((6, 2), 0), (None, 0)])
def test_overlap_is_intersection_over_union(said, share):
    assert overlap(said, (2, 6)) == pytest.approx(share)


def test_grounding_is_forward_before_the_event_and_backward_after_it():
    right = (2.0, 6.0)
    assert grounding_miou([
        Grounding(0, right, (2, 6)), Grounding(2, right, None),     # forward: 1, 0
        Grounding(3, right, (2, 6)),                                # while it goes on: neither
        Grounding(6, right, (4, 6)), Grounding(9, right, (4, 8)),   # backward: 1/2, 1/3
    ]) == {'forward': 0.5, 'backward': pytest.approx(5 / 12)}
    assert grounding_miou([]) == {'forward': None, 'backward': None}


@pytest.mark.parametrize('text, letter', [
    ('B. A cup', 'B'), (' (C) x', 'C'), ('D', 'D'), ('A cup', None), ('Cup', None), ('', None)])
def test_an_option_is_a_letter_that_opens_the_answer(text, letter):
    assert option_letter(text) == letter


@pytest.mark.parametrize('said, right, same', [
    ('B', 'B. A red cup', True), ('A. A red cup', 'B. A red cup', False),
    ('red cup', 'B. A red cup', False), ('a RED cup!', 'A red cup.', True),
    ('A blue cup.', 'A red cup.', False)])
def test_answers_are_the_same_by_letter_or_else_by_their_words(said, right, same):
    assert same_answer(said, right) is same


def question(right, said):
    return TimedQuestion(
        tuple(TimedAnswer(*one) for one in right), tuple(TimedAnswer(*one) for one in said))


def test_accuracy_is_over_answers_and_recall_over_questions():
    many = question([(10, 'A'), (20, 'B'), (30, 'A'), (40, 'C')],
                    [(13, 'A'), (16.9, 'B'), (30, 'B'), (37, 'C'), (5, 'D')])
    one = question([(5, 'Yes')], [(8, 'yes.')])
    assert (hits(many), hits(one)) == (2, 1)
    assert tsqa([many, one, question([], [(3, 'A')])]) == {
        'accuracy': 3 / 5, 'recall': (2 / 4 + 1) / 2}
    assert tsqa([question([], [])]) == {'accuracy': None, 'recall': None}


def test_nothing_is_lost_by_saying_everything():
    assert hits(question([(10, 'A')], [(10, letter) for letter in 'ABCD'])) == 1


def test_how_answers_compare_can_be_given():
    assert tsqa([question([(1, 'one')], [(1, 'two')])], lambda said, right: True)['recall'] == 1


class Longest:
    """A judge who takes the longer caption."""

    def prefer(self, instruction, one, other):
        return len(one) - len(other)


class First:
    """A judge who takes what is shown first."""

    def prefer(self, instruction, one, other):
        return 1


def test_wins_are_counted_in_both_orders_and_draws_by_half():
    contests = [('Tell.', 'long one', 'short'), ('Tell.', 'a', 'bb'), ('Tell.', 'x', 'y')]
    assert win_rate(Longest(), contests) == pytest.approx(0.5)
    assert win_rate(Longest(), contests[:1]) == 1.0
    assert win_rate(First(), contests) == 0.5    # a judge's habit is worth nothing
    assert win_rate(Longest(), []) is None
