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

"""The truth of a tick asks for nothing that the frames up to it do not show."""

from streamo_ros.dialogue import State
from streamo_ros.worlds import Event
from streamo_ros.worlds.truth import due_tick
from streamo_ros.worlds.truth import grounding
from streamo_ros.worlds.truth import happenings

TICKS = [0.25, 1.25, 2.25, 3.25, 4.25, 5.25]
S, B, R = State.SILENCE, State.STANDBY, State.RESPONSE


def told(*events):
    return happenings(events, TICKS, lambda event: f'It was {event.skill}.')


def states(*events):
    return [truth.state for truth in told(*events)]


def test_an_event_is_stood_by_from_its_first_sign_and_answered_when_it_is_over():
    assert states(Event('light_off', 1.0, 3.0)) == [S, B, B, R, S, S]


def test_a_sudden_event_is_answered_at_the_next_tick():
    assert states(Event('light_off', 2.3, 2.3)) == [S, S, S, R, S, S]


def test_stillness_is_known_only_from_two_frames_after_it():
    # Still from 2.5 on: the frame of 3.25 differs from the one before, that of 4.25 does not.
    event = Event('stop', 1.0, 3.0, settled=2.5)
    assert states(event) == [S, B, B, B, R, S]
    assert due_tick(event, TICKS) == 4


def test_an_event_that_does_not_end_in_time_is_only_stood_by():
    assert states(Event('enter', 3.0, 9.0)) == [S, S, S, B, B, B]


def test_motion_too_small_to_see_counts_neither_way():
    got = told(Event('start', 1.2, 1.6))
    assert [truth.state for truth in got] == [S, S, R, S, S, S]
    assert [truth.counted for truth in got] == [True, False, True, True, True, True]


def test_an_answer_outranks_standing_by_for_the_next_event():
    assert states(Event('start', 2.0, 2.1), Event('stop', 2.0, 9.0, 8.5)) == [S, S, R, B, B, B]


def test_two_events_of_one_tick_are_answered_together_whichever_was_first():
    one, other = Event('light_off', 2.4, 2.5), Event('enter', 2.3, 3.0)
    assert told(one, other)[3].text == told(other, one)[3].text == (
        'It was enter. It was light_off.')


def test_a_grounded_event_spans_the_ticks_from_its_first_sign_to_its_answer():
    right = grounding([Event('cover', 1.1, 3.0)], TICKS)
    assert [truth.state for truth in right] == [S, B, B, R, S, S]
    assert right[3].span == (1, 3)
    assert grounding([Event('cover', 2.3, 2.3)], TICKS)[3].span == (3, 3)


def test_an_event_that_happens_twice_or_had_begun_before_cannot_be_grounded():
    assert grounding([Event('cover', 1.0, 1.5), Event('cover', 4.0, 4.5)], TICKS) is None
    assert grounding([Event('cover', 0.1, 1.5)], TICKS) is None
    assert {truth.state for truth in grounding([], TICKS)} == {S}
