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

"""Decisions travel whole, and nothing else is taken for one."""

import json

import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine.decision import ModelError
from streamo_ros.engine.decision import StampError
from streamo_ros.engine.process.protocol import EngineFailure
from streamo_ros.engine.process.protocol import read_decision
from streamo_ros.engine.process.protocol import read_error
from streamo_ros.engine.process.protocol import write_decision
from streamo_ros.engine.process.protocol import write_error

DECISION = Decision('light', State.RESPONSE, (0.1, 0.2, 0.7), 'It went off.', False, 2.5)


def sent(decision):
    return json.loads(json.dumps(write_decision(decision)))


def test_a_decision_that_is_written_is_read_as_it_was():
    assert read_decision(2.5, sent(DECISION)) == DECISION


@pytest.mark.parametrize('at, value', [
    (1, 3), (1, 'RESPONSE'), (2, [0.5, 0.5]), (2, [0.1, 0.2, float('nan')]), (2, [0.0, 0.0, 1.1]),
    (2, [-0.1, 0.4, 0.7]), (2, None)])
def test_what_is_no_decision_is_an_error(at, value):
    fields = sent(DECISION)
    fields[at] = value
    with pytest.raises((ModelError, ValueError, TypeError)):
        read_decision(2.5, fields)


def test_a_field_too_few_is_an_error():
    with pytest.raises(ValueError):
        read_decision(2.5, sent(DECISION)[:-1])


@pytest.mark.parametrize('error, kind, sentence', [
    (InstructionError('no text'), InstructionError, 'no text'),
    (StampError('too early'), StampError, 'too early'),
    (ModelError('not a number'), EngineFailure, 'not a number'),
    (MemoryError('no room'), EngineFailure, 'MemoryError: no room')])
def test_a_refusal_stays_one_and_anything_else_is_a_failure(error, kind, sentence):
    read = read_error(json.loads(json.dumps(write_error(error)))['error'])
    assert (type(read), str(read)) == (kind, sentence)


@pytest.mark.parametrize('error', [None, 7, [], ['a'], ['a', 'b', 'c']])
def test_what_is_no_error_is_one(error):
    with pytest.raises((TypeError, ValueError)):
        read_error(error)
