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

"""What a score counts, on answers whose worth is plain."""

import pytest

from streamo_ros.dialogue import State
from streamo_ros.evaluation.tally import overlap
from streamo_ros.evaluation.tally import Scores
from streamo_ros.evaluation.tally import tally
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth

S, B, R = State.SILENCE, State.STANDBY, State.RESPONSE


def span(first, last):
    return f'Given event occurred between {first}s to {last}s.'


@pytest.mark.parametrize(('said', 'share'), [
    (span(2, 6), 1.0), (span(4, 6), 0.5), (span(4, 8), 1 / 3), (span(6, 9), 0.0),
    (' ' + span(2, 6), 1.0), ('It was at 2s.', 0.0), ('', 0.0), (span(6, 2), 0.0)])
def test_overlap_is_intersection_over_union_of_what_can_be_read(said, share):
    assert overlap(said, span(2, 6)) == pytest.approx(share)


def test_a_grounding_question_is_scored_by_its_answer_whenever_it_came():
    question = Question('grounding', 'cover', 'When?', 1.0, (
        Truth(S), Truth(B), Truth(B), Truth(R, span=(1, 3)), Truth(S), Truth(S)))
    late = tally(question, [S, S, B, B, B, R], ['', '', '', '', '', span(2, 4)], 5.0)
    assert late.figures()['grounding_miou'] == 1 / 1 * round(2 / 3, 4)
    assert late.figures()['hits'] == 0
    missed = tally(question, [S, S, B, B, B, B], [''] * 6, 5.0)
    assert missed.figures()['grounding_miou'] == 0.0


def test_answers_are_right_only_word_for_word_and_alarms_count_per_time():
    question = Question('tsqa', 'light', 'Is it on?', 1.0, (
        Truth(R, 'Yes.'), Truth(S), Truth(S), Truth(R, 'No.'), Truth(S), Truth(S)))
    figures = tally(
        question, [R, S, S, R, S, R], ['Yes.', '', '', 'Yes.', '', 'No.'], 5.0).figures()
    assert (figures['events'], figures['answers'], figures['hits']) == (2, 3, 2)
    assert figures['answer_accuracy'] == 0.5
    assert figures['false_alarms_per_5min'] == 60.0
    assert figures['grounding_miou'] is None
    assert figures['false_alarms_per_5min_of_nothing'] is None


def test_what_counts_neither_way_is_left_out_and_nothing_asked_for_is_nothing():
    question = Question('event_caption', 'start', 'When?', 1.0, (
        Truth(S), Truth(S, counted=False), Truth(S)))
    counts = tally(question, [S, B, R], ['', '', 'It moved.'], 2.0)
    assert counts.confusion.sum() == 2
    assert counts.figures()['false_alarms_per_5min_of_nothing'] == 150.0


def test_parts_add_up_to_the_whole():
    scores = Scores()
    for task, skill in (('tsqa', 'light'), ('tsqa', 'covered'), ('narration', 'all')):
        question = Question(task, skill, '', 1.0, (Truth(R, 'Yes.'), Truth(S)))
        scores.add('sentry', question, tally(question, [R, S], ['Yes.', ''], 1.0))
    figures = scores.figures()
    assert figures['events'] == 3 and figures['tasks']['tsqa']['events'] == 2
    assert set(figures['skills']) == {
        'sentry/tsqa/light', 'sentry/tsqa/covered', 'sentry/narration/all'}
    assert figures['worlds']['sentry']['state_macro_f1'] == figures['state_macro_f1']
