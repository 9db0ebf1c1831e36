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

"""Where an event began, followed state by state."""

from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import State

SILENCE, STANDBY, RESPONSE = State


def followed(span, *states, start=0):
    return [span.follow(state, stamp) for stamp, state in enumerate(states, start)]


def test_an_event_begins_with_the_standby_that_led_to_the_answer():
    span = EventSpan()
    assert followed(span, SILENCE, STANDBY, STANDBY, RESPONSE) == [None, None, None, 1]
    assert span.standby_since is None


def test_without_standby_it_is_the_answers_own_frame():
    assert followed(EventSpan(), STANDBY, SILENCE, RESPONSE, RESPONSE) == [None, None, 2, 3]


def test_it_may_begin_at_a_stamp_of_zero():
    span = EventSpan()
    followed(span, STANDBY, STANDBY)
    assert span.standby_since == 0
    assert span.follow(RESPONSE, 2) == 0


def test_a_break_in_the_stream_cuts_standby_off_and_keeps_the_number_of_the_answer():
    span = EventSpan(response_seq=4)
    span.follow(STANDBY, 1)
    span.begin_epoch()
    assert (span.standby_since, span.response_seq) == (None, 4)
    assert span.follow(RESPONSE, 3) == 3
