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

"""
Annotations to turns: what the authors' converter does, its defects, and how they are mended.

Turns are written as a word: S for Silence, B for Standby; answers stand in brackets.
"""

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.sources.stream_file import BadRecord
from streamo_ros.sources.stream_file import read_stream
from streamo_ros.sources.stream_file import stream_json
from streamo_ros.training.conversion.mended import mended_turns
from streamo_ros.training.conversion.mended import recover_annotation
from streamo_ros.training.conversion.mended import turn_of
from streamo_ros.training.conversion.raw_annotation import Annotation
from streamo_ros.training.conversion.raw_annotation import Question
from streamo_ros.training.conversion.raw_annotation import read_annotation
from streamo_ros.training.conversion.raw_annotation import Response
from streamo_ros.training.conversion.reference import reference_turns

ASKED = (Question('What?', 1),)
LABELS = {'video_name': 'a', 'task_type': 'QA', 'source': 'x'}


def event(start, end, text='A', time=''):
    return Response(text, start, end, time)


def word(turns):
    """Return the turns' states and answers as one word."""
    letters = {State.SILENCE: 'S', State.STANDBY: 'B'}
    assert not any(turn.text for turn in turns if turn.state is not State.RESPONSE)
    return ''.join(
        f'[{turn.text}]' if turn.state is State.RESPONSE else letters[turn.state]
        for turn in turns)


def questions(turns):
    return {index: turn.question for index, turn in enumerate(turns) if turn.question}


def reference(*responses, asked=ASKED, count=8, fps=1.0, question=''):
    return reference_turns(Annotation('a', tuple(asked), responses), count, fps, question)


def mended(*responses, asked=ASKED, count=8, fps=1.0, question=''):
    return mended_turns(Annotation('a', tuple(asked), responses), count, fps, question)


def kinds(findings):
    return [finding.kind for finding in findings]


# -- what both do ----------------------------------------------------------------------------

@pytest.mark.parametrize('responses, expected', [
    ([], 'SSSSSSSS'),
    ([event(5, 6)], 'SSSSBB[A]S'),
    ([event(5, 5)], 'SSSSB[A]SS'),
    ([event(0, 2)], 'BB[A]SSSSS'),
    ([event(1, 2)], 'BB[A]SSSSS'),
    ([event('', None, time=5)], 'SSSS[A]SSS'),
    ([event('', '', time='00:05')], 'SSSS[A]SSS'),
    ([event('0', '0:02')], 'BB[A]SSSSS'),
    ([event(1, 2), event(5, 6, 'B')], 'BB[A]SBB[B]S'),
])
def test_second_t_is_turn_t_minus_one_and_the_answer_follows_the_event(responses, expected):
    assert word(reference(*responses)) == expected
    turns, findings = mended(*responses)
    assert (word(turns), findings) == (expected, [])


def test_times_beside_a_span_are_not_used_and_the_mended_one_says_so():
    assert word(reference(event(5, 6, time=2))) == 'SSSSBB[A]S'
    turns, findings = mended(event(5, 6, time=2))
    assert word(turns) == 'SSSSBB[A]S'
    assert kinds(findings) == ['time-unused']
    assert mended(event(5, 6, time=7))[1] == []


@pytest.mark.parametrize('time, turn', [(0, 0), (1, 0), (5, 4), ('00:05', 4), (5.0, 4)])
def test_a_question_is_asked_in_the_turn_that_ends_at_its_time(time, turn):
    asked = (Question('What?', time),)
    assert questions(mended(asked=asked)[0]) == {turn: 'What?'}
    assert turn in questions(reference(asked=asked))


def test_a_record_that_asks_nothing_is_asked_the_question_given_or_is_bad():
    for convert in (reference, lambda **options: mended(**options)[0]):
        assert questions(convert(asked=(), question='Say what happens.')) == {
            0: 'Say what happens.'}
        with pytest.raises(BadRecord) as raised:
            convert(asked=())
        assert raised.value.field == 'question'


# -- defects of the reference, and how each is mended ----------------------------------------

def test_a_later_question_is_asked_twice_by_the_reference_and_once_when_mended():
    asked = (Question('What?', 5),)
    assert questions(reference(asked=asked)) == {0: 'What?', 4: 'What?'}
    turns, findings = mended(asked=asked)
    assert questions(turns) == {4: 'What?'}
    assert word(turns[:4]) == 'SSSS'
    assert kinds(findings) == ['question-once']


def test_the_reference_repeats_the_first_question_of_the_list_at_the_start():
    asked = (Question('What?', 5), Question('Who?', 3))
    assert questions(reference(asked=asked)) == {0: 'What?', 2: 'Who?', 4: 'What?'}
    assert questions(mended(asked=asked)[0]) == {2: 'Who?', 4: 'What?'}


def test_of_two_questions_on_one_turn_the_reference_keeps_the_last_mended_keeps_both():
    asked = (Question('What?', 1), Question('Who?', 0))
    assert questions(reference(asked=asked)) == {0: 'Who?'}
    turns, findings = mended(asked=asked)
    assert questions(turns) == {0: 'What?\nWho?'}
    assert kinds(findings) == ['questions-joined']


def test_the_same_question_twice_on_one_turn_is_asked_once():
    turns, findings = mended(asked=ASKED * 2)
    assert questions(turns) == {0: 'What?'}
    assert kinds(findings) == ['question-once']


def test_a_question_without_a_time_is_asked_at_the_start():
    asked = (Question('What?'), Question('Who?'))
    assert questions(reference(asked=asked)) == {0: 'What?'}
    assert questions(mended(asked=asked)[0]) == {0: 'What?\nWho?'}


def test_a_question_beyond_the_end_is_told_and_makes_the_record_bad_if_it_is_the_only_one():
    late = Question('Late?', 9)
    assert questions(reference(asked=(late,))) == {0: 'Late?'}
    with pytest.raises(BadRecord):
        mended(asked=(late,))
    turns, findings = mended(asked=(late, *ASKED))
    assert questions(turns) == {0: 'What?'}
    assert kinds(findings) == ['question-beyond-end']


@pytest.mark.parametrize('first, second, lost, kept', [
    ((1, 3), (4, 6), 'BBBBBB[B]S', 'BBB[A]BB[B]S'),   # contiguous
    ((1, 3), (3, 6), 'BBBBBB[B]S', 'BBB[A]BB[B]S'),   # the end of one is the other's begin
    ((1, 4), (2, 6), 'BBBBBB[B]S', 'BBBB[A]B[B]S'),   # overlapping
])
def test_contiguous_events_lose_the_first_answer_and_keep_it_when_mended(
        first, second, lost, kept):
    events = event(*first), event(*second, 'B')
    assert word(reference(*events)) == lost
    assert word(reference(*events[::-1])) == kept
    for order in (events, events[::-1]):
        turns, findings = mended(*order)
        assert word(turns) == kept
        assert kinds(findings) == ['answer-kept']


def test_of_two_answers_due_at_once_the_reference_keeps_the_last_mended_shifts_it():
    events = event(2, 4), event(3, 4, 'B')
    assert word(reference(*events)) == 'SBBB[B]SSS'
    turns, findings = mended(*events)
    assert word(turns) == 'SBBB[A][B]SS'
    assert kinds(findings) == ['late-answer']
    turns, findings = mended(*events, event('', '', 'C', 6))
    assert word(turns) == 'SBBB[A][B][C]S'
    assert kinds(findings) == ['late-answer', 'late-answer']


def test_answers_that_no_turn_is_left_for_are_joined():
    turns, findings = mended(event(6, 7), event(6, 7, 'B'), event('', '', 'C', 8))
    assert word(turns) == 'SSSSSBB[A B C]'
    assert kinds(findings) == ['answers-joined', 'answers-joined']


def test_an_event_that_ends_in_the_last_second_loses_its_answer_and_keeps_it_when_mended():
    assert word(reference(event(7, 8))) == 'SSSSSSBB'
    turns, findings = mended(event(7, 8))
    assert word(turns) == 'SSSSSSB[A]'
    assert kinds(findings) == ['last-turn']


@pytest.mark.parametrize('response, expected', [
    (event(7, 9), 'SSSSSSBB'), (event(9, 12), 'SSSSSSSS'), (event('', '', 'A', 9), 'SSSSSSSS')])
def test_what_is_not_over_when_the_video_ends_has_no_answer_and_is_told(response, expected):
    assert word(reference(response)) == expected
    turns, findings = mended(response)
    assert word(turns) == expected
    assert kinds(findings) == ['beyond-end']


def test_an_end_before_the_begin_has_no_standby_and_is_turned_round_when_mended():
    assert word(reference(event(5, 2))) == 'SS[A]SSSSS'
    turns, findings = mended(event(5, 2))
    assert word(turns) == 'SBBBB[A]SS'
    assert kinds(findings) == ['turned-round']


def test_an_event_without_words_is_stood_by_for_and_left_out_when_mended():
    assert word(reference(event(2, 3, ''))) == 'SBBSSSSS'
    assert word(reference(event('', '', '', 3))) == 'SSSSSSSS'
    turns, findings = mended(event(2, 3, ' '))
    assert word(turns) == 'SSSSSSSS'
    assert kinds(findings) == ['no-answer']


def test_an_answer_may_precede_its_question_and_waits_for_it_when_mended():
    asked = (Question('What?', 5),)
    assert word(reference(event(1, 2), asked=asked)) == 'BB[A]SSSSS'
    turns, findings = mended(event(1, 2), event('', '', 'B', 3), asked=asked)
    assert word(turns) == 'SSSS[A][B]SS'
    assert kinds(findings) == ['question-once', 'asked-later', 'asked-later', 'late-answer']


def test_nothing_stands_by_before_it_is_asked():
    asked = (Question('What?', 5),)
    assert word(reference(event(3, 6), asked=asked)) == 'SSBBBB[A]S'
    turns, findings = mended(event(3, 6), asked=asked)
    assert word(turns) == 'SSSSBB[A]S'
    assert kinds(findings) == ['question-once', 'asked-later']


def test_one_bound_alone_is_ignored_and_taken_as_the_time_when_mended():
    for response in (event(5, ''), event('', 5)):
        assert word(reference(response)) == 'SSSSSSSS'
        turns, findings = mended(response)
        assert word(turns) == 'SSSS[A]SSS'
        assert kinds(findings) == ['one-bound']


def test_one_bound_beside_a_time_is_told():
    assert word(reference(event(3, '', time=5))) == 'SSSS[A]SSS'
    turns, findings = mended(event(3, '', time=5))
    assert word(turns) == 'SSSS[A]SSS'
    assert kinds(findings) == ['time-unused']


def test_an_answer_without_any_time_is_ignored_and_bad_when_mended():
    assert word(reference(event('', ''))) == 'SSSSSSSS'
    with pytest.raises(BadRecord) as raised:
        mended(event(1, 1), event('', ''))
    assert raised.value.field == 'response[1]'


def test_what_is_no_time_is_ignored_and_bad_when_mended():
    assert word(reference(event('soon', 5))) == 'SSSSSSSS'
    with pytest.raises(BadRecord) as raised:
        mended(event('soon', 5))
    assert raised.value.field == 'response[0].st_time'


def test_fractions_are_cut_off_and_kept_when_mended():
    assert word(reference(event('', '', time=5.7))) == 'SSSS[A]SSS'
    turns, findings = mended(event('', '', time=5.7))
    assert word(turns) == 'SSSSS[A]SS'
    assert kinds(findings) == ['fraction']


def test_a_negative_time_is_the_start():
    assert word(reference(event('', '', time=-3))) == '[A]SSSSSSS'
    turns, findings = mended(event('', '', time=-3))
    assert word(turns) == '[A]SSSSSSS'
    assert kinds(findings) == ['negative-time']


def test_at_two_turns_a_second_the_reference_goes_by_type_and_the_mended_by_time():
    assert word(reference(event('', '', time='3'), fps=2.0)) == 'SS[A]SSSSS'
    assert word(reference(event('', '', time='3.0'), fps=2.0)) == 'SSSSS[A]SS'
    for time in (3, 3.0, '3', '3.0', '00:03'):
        turns, findings = mended(event('', '', time=time), asked=(Question('What?', 0),), fps=2.0)
        assert (word(turns), findings) == ('SSSSS[A]SS', [])


@pytest.mark.parametrize('token', [
    '<stream>', '<image>', '</Silence>', '</Standby>', '</Response>'])
def test_words_that_would_become_a_frame_or_a_state_make_a_record_bad(token):
    with pytest.raises(BadRecord) as raised:
        mended(asked=(Question(f'What {token}?', 1),))
    assert raised.value.field == 'question[0].content'
    with pytest.raises(BadRecord) as raised:
        mended(event(1, 2, f'A {token}'))
    assert raised.value.field == 'response[0].content'


# -- and back --------------------------------------------------------------------------------

def back(turns, fps=1.0):
    record = read_stream(stream_json(turns, fps, 'Prompt.', 'a', LABELS))
    return recover_annotation(record)


@pytest.mark.parametrize('fps', [0.5, 1.0, 2.0, 3.0, 29.97])
def test_the_end_of_a_turn_lies_in_it_at_any_rate(fps):
    record = read_stream(stream_json(mended(count=200)[0], fps, '', 'a', LABELS))
    assert [turn_of(turn.end, fps) for turn in record.turns] == list(range(200))


def test_a_question_that_the_reference_repeats_is_taken_back_once():
    annotation, findings = back(reference(event(5, 6), asked=(Question('What?', 5),)))
    assert annotation.questions == (Question('What?', 5),)
    assert annotation.responses == (Response('A', 5, 6, ''),)
    assert kinds(findings) == ['question-once']


def test_standby_without_an_answer_comes_back_without_words_and_is_told():
    annotation, findings = back(reference(event(2, 3, ''), event(7, 8)))
    assert annotation.responses == (Response('', 2, 3), Response('', 7, 8))
    assert kinds(findings) == ['no-answer', 'no-answer']


def draw(rng, fps, count):
    """Return a record with times on the ends of turns; every word in it comes once."""
    def time():
        return float(rng.integers(1, count + 1)) / fps

    asked = tuple(
        Question(f'What, {index}?\n(a) this', time()) for index in range(rng.integers(1, 3)))
    responses = []
    for index in range(rng.integers(0, 5)):
        start, end = sorted((time(), time()))
        responses.append(
            Response(f'answer{index}', start, end, '') if rng.random() < 0.7
            else Response(f'answer{index}', '', '', end))
    return Annotation('a', asked, tuple(responses), 'a', 'QA', 'x', count / fps)


def test_round_trips_keep_every_event_and_word():
    rng = np.random.default_rng(4)
    exact = 0
    for _ in range(400):
        fps = float(rng.choice([0.5, 1.0, 2.0]))
        count = int(rng.integers(4, 60))
        annotation = draw(rng, fps, count)
        turns, findings = mended_turns(annotation, count, fps)
        again, lost = back(turns, fps)
        assert lost == []
        said = ' '.join(response.content for response in again.responses)
        assert sorted(said.split()) == sorted(
            response.content for response in annotation.responses)
        asked = '\n'.join(question.content for question in again.questions)
        assert sorted(asked.split('\n')) == sorted(
            line for question in annotation.questions for line in question.content.split('\n'))
        # A second time around nothing changes any more.
        assert mended_turns(read_annotation(again.to_json()), count, fps)[0] == turns
        if set(kinds(findings)) <= {'question-once', 'fraction'}:
            exact += 1
            assert again.duration == annotation.duration
            assert set(again.questions) == set(annotation.questions)
            assert set(again.responses) == set(annotation.responses)
    assert exact > 100
