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

"""What a soak finds missing in what it heard."""

from dataclasses import replace

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.nodes.tools.soak_record import Answer
from streamo_ros.nodes.tools.soak_record import differences
from streamo_ros.nodes.tools.soak_record import faults
from streamo_ros.nodes.tools.soak_record import Heard
from streamo_ros.nodes.tools.soak_record import Life
from streamo_ros.nodes.tools.soak_record import Record
from streamo_ros.nodes.tools.soak_record import SLACK_TICKS

ANCHOR, OTHER, ONCE = ('anchor', 'Light?'), ('other', 'Motion?'), ('once', 'Rain?')
TICKS = 30
STOOD = range(5, 20)
CUT_AT = 12


def shares(state):
    return tuple(0.5 if other is state else 0.25 for other in State)


def decided(tick):
    return State(tick % 3)


@pytest.fixture
def record():
    """Return what was heard of 30 frames in two epochs, in good order."""
    record = Record(ANCHOR, lives={ANCHOR: Life(since=0)})
    for index in range(TICKS):
        epoch, tick = divmod(index, 18)
        for key in (ANCHOR, OTHER, ONCE):
            if key == OTHER and index not in STOOD or key == ONCE and not 5 <= index <= 8:
                continue
            state, number = decided(tick), 100 + len(record.numbers)
            if state is State.RESPONSE:
                record.answers.append(Answer(
                    len(record.answers) + 1, epoch, index, key, f'{key[0]} {index}', True))
            record.numbers.append(number)
            record.add(Heard(
                number, epoch, tick, index, key, state, shares(state), len(record.answers)))
    record.lives[OTHER] = Life(since=STOOD.start - 1, until=STOOD.stop)
    record.lives[ONCE] = Life(once=True, since=4, until=9)
    return record


def drop(record, key, *ticks):
    record.states = [state for state in record.states
                     if (state.key, state.stamp) not in {(key, tick) for tick in ticks}]


def test_what_is_complete_has_no_faults(record):
    assert record.ticks == TICKS
    assert faults(record) == {}


@pytest.mark.parametrize('key, ticks, kind', [
    (ANCHOR, (7,), 'missing_states'),
    (OTHER, (7, 10), 'missing_states'),
    (OTHER, (STOOD.stop - 1,), 'missing_states'),  # before its end was asked for
])
def test_a_state_that_is_not_there_is_missed(record, key, ticks, kind):
    drop(record, key, *ticks)
    assert faults(record)[kind] == len(ticks)


def test_an_instruction_that_is_never_judged_is_missed(record):
    drop(record, OTHER, *STOOD)
    assert faults(record)['missing_states'] == len(STOOD) + 1 - SLACK_TICKS


def test_one_that_is_judged_no_more_though_nobody_withdrew_it_is_missed(record):
    record.lives[OTHER].until = None
    assert faults(record) == {'missing_states': TICKS - STOOD.stop}


def test_one_that_comes_late_but_within_the_slack_is_not(record):
    drop(record, OTHER, *range(STOOD.start, STOOD.start + SLACK_TICKS - 2))
    assert 'missing_states' not in faults(record)


def test_a_once_only_instruction_ends_with_its_answer_and_not_before(record):
    assert record.states[[s.key for s in record.states].index(ONCE)].stamp == 5
    drop(record, ONCE, 8)  # that of its answer; the life was to last until then
    found = faults(record)
    assert found['missing_states'] == 1 and found['stray_answers'] == 1


def test_a_state_that_is_there_twice_is_found(record):
    record.states.append(record.states[3])
    assert faults(record) == {'doubled_states': 1}


def test_a_message_that_never_came_is_found(record):
    del record.numbers[10]
    assert faults(record) == {'lost_messages': 1}


def test_an_answer_that_never_came_is_lost(record):
    lost = record.answers.pop(2)
    assert faults(record) == {'lost_messages': 1, 'lost_answers': 1}
    record.answers.append(replace(lost, stamp=lost.stamp + 1))
    assert faults(record) == {'lost_answers': 1, 'stray_answers': 1}


class Told:
    """An engine that decides as the record was made, and remembers what it was told."""

    def __init__(self):
        self.tick = -1
        self.told = []
        self.watches = []

    def reset(self):
        self.tick = -1
        self.told.append('reset')

    def watch(self, text):
        return _Watch(self, text)

    def step(self, frame, stamp):
        self.tick += 1
        state = decided(self.tick)
        return [Decision(
            watch.instruction_id, state, shares(state),
            f'{watch.instruction_id} {frame[0, 0, 0]}' if state is State.RESPONSE else '', True,
            stamp) for watch in self.watches]


class _Watch:
    def __init__(self, engine, text):
        (self.instruction_id,) = (id for id, said in (ANCHOR, OTHER, ONCE) if said == text)
        self._engine = engine
        engine.watches.append(self)
        engine.told.append(text)

    def cancel(self):
        self._engine.watches.remove(self)
        self._engine.told.append(f'no {self.instruction_id}')


def found(record, engine=None):
    return list(differences(
        record, engine or Told(), lambda stamp: np.full((2, 2, 3), stamp, np.uint8)))


def test_an_engine_that_is_shown_the_same_agrees(record):
    engine = Told()
    assert found(record, engine) == []
    assert engine.told == [
        'reset', 'Light?', 'Motion?', 'Rain?', 'no once', 'reset', 'no other', 'no anchor']


def test_an_answer_that_was_due_and_not_given_is_found(record):
    index = next(n for n, state in enumerate(record.states) if state.state is State.RESPONSE)
    record.states[index] = replace(
        record.states[index], state=State.SILENCE, probabilities=shares(State.SILENCE))
    ((state, why),) = found(record)
    assert state is record.states[index] and why.startswith('RESPONSE')


def test_other_probabilities_and_other_words_are_found(record):
    record.states[0] = replace(record.states[0], probabilities=(0.51, 0.24, 0.25))
    record.answers[1] = replace(record.answers[1], text='The door opened.')
    assert len(found(record)) == 2


def test_an_answer_that_was_cut_is_the_beginning_of_the_one_that_was_due(record):
    whole = record.answers[1]
    record.answers[1] = replace(whole, text=whole.text[:3], complete=False)
    assert found(record) == []
    record.answers[1] = replace(whole, text=whole.text[:3])
    assert len(found(record)) == 1
