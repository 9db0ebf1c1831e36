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

"""What is asked for a record, and at which turns it stands."""

import math

from ovo_records import choice
from ovo_records import clue
from ovo_records import count
from ovo_records import PUBLISHED
from ovo_records import published
from ovo_records import steps
from ovo_records import write

from streamo_ros.evaluation.benchmarks.ovo_bench.questions import last_turn
from streamo_ros.evaluation.benchmarks.ovo_bench.questions import questions
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records


def asked(tmp_path, fields):
    record = read_records(write(tmp_path, [fields]))[0]
    return questions(record), last_turn(record)


def test_a_choice_comes_at_its_second_with_lettered_options_and_some_grace(tmp_path):
    for realtime, last in ((2, 7), (2.4, 7), (0, 5)):
        (question,), end = asked(tmp_path, choice(0, realtime=realtime))
        assert question.text.startswith('Is the lamp on? A. on B. off C. unseen ')
        assert (question.first, question.last, end) == (int(realtime), last, last)


def test_a_count_is_a_choice_of_ten_and_stands_from_the_beginning(tmp_path):
    (question,), end = asked(tmp_path, count(0))
    assert 'turning the lamp off' in question.text and 'A. 1 ' in question.text
    assert 'J. 10' in question.text
    assert (question.first, question.last, end) == (0, math.inf, 8)


def test_each_step_is_asked_for_and_then_the_tutorial_in_words(tmp_path):
    found, end = asked(tmp_path, steps(0))
    assert [question.text.split(': ')[1] for question in found] == [
        'reach', 'lift', 'lift the cup']
    assert {question.first for question in found} == {0} and end == 7


def test_a_clue_is_asked_for_as_it_stands_at_its_time(tmp_path):
    (question,), end = asked(tmp_path, clue(0))
    assert (question.text, question.first, end) == ('What comes next?', 2, 35)


@published
def test_no_published_record_asks_more_than_an_engine_takes():
    from streamo_ros.engine.decision import MAX_INSTRUCTIONS
    assert max(len(questions(record)) for record in read_records(PUBLISHED)) <= MAX_INSTRUCTIONS
