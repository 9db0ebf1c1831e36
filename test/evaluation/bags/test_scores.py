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

"""Decisions held against a truth made by hand: every figure is one that can be worked out."""

import pytest

from streamo_ros.dialogue import State
from streamo_ros.evaluation.bags import scores as bag_scores
from streamo_ros.evaluation.bags.report_data import Answer
from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Ticks
from streamo_ros.evaluation.bags.scores import hold_against_truth
from streamo_ros.evaluation.bags.scores import interval_unit
from streamo_ros.evaluation.bags.scores import score
from streamo_ros.sources.bag_annotation import Expected

S, B, R = 0, 1, 2


def watched(states, words=None, fps=1.0, expected=(), offset=0.0, stamps=None, **fields):
    """Return a bag with one camera and one instruction that was decided like this."""
    stamps = stamps or [index / fps for index in range(len(states))]
    words = words or {}
    since, answers = None, []
    for tick, state in enumerate(states):
        since = None if state == S else stamps[tick] if since is None else since
        if state == R:
            answers.append(Answer(
                tick, stamps[tick], since, words.get(tick, 'It did.'), True, 0.9))
            since = None
    found = Instruction(
        'one', fields.pop('text', 'Tell me when it does.'), 0.0, None, 'annotation',
        fields.pop('task', 'event_caption'), fields.pop('skill', 'it'), None, 0, list(states),
        [[1.0, 0.0, 0.0]] * len(states), None, answers, None)
    camera = Camera(
        '/camera', 'sensor_msgs/msg/Image', 4, 3, len(states),
        Ticks(stamps, [0] * len(stamps), [0.0] * len(stamps)), [found])
    hold_against_truth(camera, found, [Expected(*one) for one in expected], offset)
    return Bag(fields.pop('bag', 'bag'), '/bag', '', 0, stamps[-1], 0.0, '', [camera])


def instruction(bag):
    return bag.cameras[0].instructions[0]


def model(*bags, fps=1.0, **more):
    return score(bags, fps, 0, **more)[0].scored.model


def test_standby_is_right_from_the_first_sign_and_response_at_the_first_tick_after_the_end():
    found = instruction(watched([S] * 8, expected=[(1.5, 4.2, 'It did.')]))
    assert found.true_states == [S, S, B, B, B, R, S, S]
    assert found.events[0].met_by is None


def test_a_response_that_is_due_comes_before_the_standby_of_another_event():
    found = instruction(watched([S] * 8, expected=[(1.0, 3.0), (2.0, 5.0)]))
    assert found.true_states == [S, B, B, R, B, R, S, S]


def test_an_answer_meets_an_event_within_three_seconds_and_one_only():
    bag = watched([S, S, R, S, S, R, S, S, S, S, R], expected=[(1.0, 4.0), (1.0, 20.0)])
    found = instruction(bag)
    # That of 5 s is the closest; that of 2 s would do, too, but the event is met.
    assert [(one.event, one.delay) for one in found.answers] == [
        (None, None), (0, 1.0), (None, None)]
    assert [event.met_by for event in found.events] == [1]
    # Nobody can answer what ends after the last tick.
    assert [(one.kind, one.count) for one in bag.cameras[0].notices] == [
        ('events without end', 1)]


def test_event_scores_at_each_tolerance():
    bag = watched(
        [R, S, S, S, S, S, R, S, S, S, S, S, S, R, S, S, S, S, S, S, S, R],
        expected=[(0.0, 0.0), (2.0, 4.0), (9.0, 10.0), (16.0, 17.5)])
    figures = model(bag)
    assert (figures.events, figures.answers, figures.false_alarms) == (4, 4, 1)
    assert [(one.tolerance_s, one.hits) for one in figures.within] == [
        (1.0, 1), (2.0, 2), (3.0, 3)]
    assert [one.f1.value for one in figures.within] == [0.25, 0.5, 0.75]
    assert figures.delay.seconds == [0.0, 2.0, 3.0]
    assert figures.delay.median.value == 2.0
    assert figures.delay.mean.value == pytest.approx(5 / 3, abs=1e-4)
    assert figures.delay.p90.value == 3.0
    assert figures.false_alarms_per_hour.value == pytest.approx(3600 / 22, abs=1e-4)
    assert figures.seconds == 22


def test_state_scores():
    # True: S S B B R S; decided: S B B S R S
    figures = model(watched([S, B, B, S, R, S], expected=[(2.0, 4.0)])).states
    assert figures.confusion == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert [one.value for one in figures.precision] == [0.6667, 0.5, 1.0]
    assert [one.value for one in figures.recall] == [0.6667, 0.5, 1.0]
    assert figures.macro_f1.value == pytest.approx((2 / 3 + 0.5 + 1) / 3, abs=1e-4)


def test_a_state_that_never_occurs_is_not_in_the_mean():
    assert model(watched([S] * 4, expected=[])).states.macro_f1.value == 1.0


def test_the_span_of_an_event_overlaps_with_that_of_its_answer():
    # Decided 2..5, true 1..4: overlap 2 of 4. The second event is missed: 0.
    figures = model(watched(
        [S, S, B, B, B, R, S, S, S, S, S, S, S], expected=[(1.0, 4.0), (8.0, 10.0)]))
    assert figures.span_miou.value == 0.25
    assert figures.grounding_miou.value is None


def test_grounding_is_scored_by_the_words():
    figures = model(watched(
        [S, S, S, R, S], {3: 'Given event occurred between 1s to 3s.'}, task='grounding',
        expected=[(1.0, 3.0, 'Given event occurred between 1s to 4s.')]))
    assert figures.grounding_miou.value == pytest.approx(2 / 3, abs=1e-4)


def test_words_are_compared_to_the_letter_and_but_for_their_form():
    bag = watched(
        [S, R, S, S, S, R, S, S, S, R, S], {1: 'It did.', 5: 'it  DID', 9: 'It did not.'},
        expected=[(1.0, 1.0, 'It did.'), (5.0, 5.0, 'It did.'), (9.0, 9.0, 'It did.')])
    figures = model(bag).words
    assert (figures.compared, figures.letters) == (3, 0)
    assert (figures.exact.value, figures.normalised.value) == (0.3333, 0.6667)
    assert (figures.letter.value, figures.judged.value) == (None, None)
    assert [one.right for one in instruction(bag).answers] == [True, True, False]


def test_of_options_the_letter_counts():
    figures = model(watched(
        [S, R, S, S, S, R, S], {1: 'B) two cars', 5: 'A dog.'},
        expected=[(1.0, 1.0, 'B'), (5.0, 5.0, 'A')])).words
    assert (figures.letters, figures.letter.value, figures.exact.value) == (2, 0.5, 0.0)


def test_a_judge_marks_the_words():
    class Lenient:
        def mark(self, instruction, right, said):
            assert (instruction, right) == ('Tell me when it does.', 'It did.')
            return {'It did.': 1.0, 'Maybe.': 0.5}[said]

    figures = model(watched(
        [S, R, S, S, S, R, S], {5: 'Maybe.'},
        expected=[(1.0, 1.0, 'It did.'), (5.0, 5.0, 'It did.')]), judge=Lenient()).words
    assert figures.judged.value == 0.75


def test_events_without_words_are_met_by_any():
    figures = model(watched([S, R, S], expected=[(1.0, 1.0)]))
    assert figures.within[0].hits == 1
    assert figures.words.compared == 0


def test_what_ended_before_it_was_asked_for_is_due_at_once():
    bag = watched([S, R, S], stamps=[10.0, 11.0, 12.0], expected=[(2.0, 4.0, '')])
    found = instruction(bag)
    assert found.true_states == [R, S, S]
    assert found.answers[0].delay == 1.0


def test_after_a_jump_back_nothing_is_scored():
    bag = watched(
        [S, R, S, S, R, S], stamps=[0.0, 1.0, 2.0, 0.0, 1.0, 2.5], expected=[(1.0, 1.0)])
    found = instruction(bag)
    assert found.true_states == [S, R, S, None, None, S]
    assert [one.event for one in found.answers] == [0, None]
    figures = model(bag)
    assert (figures.ticks, figures.answers, figures.false_alarms) == (4, 1, 0)


def test_absolute_stamps_are_counted_from_the_first_frame():
    found = instruction(watched([S] * 4, expected=[(101.0, 102.0)], offset=100.0))
    assert (found.events[0].start, found.events[0].end) == (1.0, 2.0)


def test_trivial_watchers_stand_beside():
    bag = watched([S, B, B, B, R, S], expected=[(1.0, 4.0)])
    beside = score([bag], 1.0, 0)[0].scored.baselines
    silent, majority, response = (
        beside[name] for name in ('always_silent', 'majority_state', 'always_response'))
    assert (silent.answers, silent.within[-1].f1.value) == (0, 0.0)
    assert silent.states.macro_f1.value == pytest.approx(0.5 / 3, abs=1e-4)
    # True: S B B B R S, so Standby is most often right.
    assert majority.states.confusion == [[0, 2, 0], [0, 3, 0], [0, 1, 0]]
    assert (response.answers, response.within[0].hits) == (6, 1)
    assert response.within[0].precision.value == pytest.approx(1 / 6, abs=1e-4)
    assert response.false_alarms_per_hour.value == 5 * 600


def test_scores_of_parts_and_of_all():
    groups = score([
        watched([S, R, S], expected=[(1.0, 1.0)], skill='light', bag='a'),
        watched([S, S, S], expected=[(1.0, 1.0)], skill='motion', bag='b', text='Other.')],
        1.0, 0)
    assert [(group.kind, group.name, group.scored.model.within[0].hits) for group in groups] == [
        ('all', '', 1), ('task', 'event_caption', 1), ('skill', 'light', 1),
        ('skill', 'motion', 0), ('instruction', 'Other.', 0),
        ('instruction', 'Tell me when it does.', 1), ('bag', 'a', 1), ('bag', 'b', 0)]


def long_bag(name='bag'):
    """Return ten blocks; in every second one the event is missed."""
    states = [R if index % 60 == 10 else S for index in range(300)]
    return watched(
        states, expected=[(at, at) for at in range(10, 300, 30)], bag=name)


def test_intervals_are_drawn_over_blocks_of_a_bag():
    scored = score([long_bag()], 1.0, 0)[0].scored
    recall = scored.model.within[0].recall
    assert scored.units == 10
    assert recall.value == 0.5
    # Of ten blocks, half of them hits, a resample has Binomial(10, 0.5) hits.
    assert (recall.low, recall.high) == (0.2, 0.8)
    assert scored == score([long_bag()], 1.0, 0)[0].scored


def test_of_many_bags_intervals_are_drawn_over_bags():
    bags = [long_bag(f'bag{index}') for index in range(10)]
    scored = score(bags, 1.0, 0)[0].scored
    assert interval_unit(bags) == 'bag'
    assert interval_unit(bags[:9]) == f'{bag_scores.BLOCK_S:g} s of a bag'
    assert scored.units == 10
    recall = scored.model.within[0].recall
    assert recall.low == recall.high == 0.5     # for one bag is as the other


def test_few_blocks_have_no_interval():
    recall = model(watched([S, R, S], expected=[(1.0, 1.0)])).within[0].recall
    assert (recall.value, recall.low, recall.high) == (1.0, None, None)


def test_states_are_those_of_the_protocol():
    assert (S, B, R) == (State.SILENCE, State.STANDBY, State.RESPONSE)


def test_too_early_is_as_far_off_as_too_late():
    figures = model(watched([S, B, R, S, S, S], expected=[(1.0, 4.0)]))
    assert [one.hits for one in figures.within] == [0, 1, 1]
    assert figures.delay.seconds == [-2.0]
