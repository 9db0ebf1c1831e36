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


"""The mock engine decides what its script says, and has the face of the real one."""

import inspect
import json

import numpy as np
import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.mock.engine import Cue
from streamo_ros.mock.engine import MockEngine
from streamo_ros.mock.engine import read_script
from streamo_ros.mock.engine import ScriptError

PICTURE = np.zeros((4, 4, 3), np.uint8)
DOOR = 'Tell me when the door opens.'
LIGHT = 'Tell me when the light goes off or on.'
SILENCE, STANDBY, RESPONSE = State


def states(engine, *stamps):
    """Show frames; return what was decided about each instruction at each."""
    return [[decision.state for decision in engine.step(PICTURE, stamp)] for stamp in stamps]


@pytest.mark.parametrize('name', [
    'watch', 'step', 'reset', 'interrupt', 'reconfigure', 'new_stream'])
def test_it_is_called_as_the_real_engine_is(name):
    def parameters(engine):
        return list(inspect.signature(getattr(engine, name)).parameters.values())
    mock, real = parameters(MockEngine), parameters(StreamEngine)
    assert [(one.name, one.kind, one.default) for one in mock] == [
        (one.name, one.kind, one.default) for one in real]


def test_without_a_script_the_states_come_in_turn_with_an_answer():
    engine = MockEngine()
    watch = engine.watch(DOOR, 'door')
    decisions = [engine.step(PICTURE, float(stamp))[0] for stamp in range(4)]
    assert [decision.state for decision in decisions] == [SILENCE, STANDBY, RESPONSE, SILENCE]
    assert [bool(decision.text) for decision in decisions] == [False, False, True, False]
    for decision in decisions:
        assert (decision.instruction_id, decision.complete) == ('door', True)
        assert sum(decision.probabilities) == pytest.approx(1)
        assert max(decision.probabilities) == decision.probabilities[decision.state]
    assert engine.watches == (watch,)
    assert (engine.visual_tokens_pruned, engine.skipped_frames) == (0, 0)


def test_frames_are_counted_since_the_instruction_stands():
    engine = MockEngine([Cue(RESPONSE, 'It is open.', frame=1)])
    engine.watch(DOOR)
    assert states(engine, 0.0) == [[SILENCE]]
    engine.watch(LIGHT)
    assert states(engine, 1.0, 2.0, 3.0) == [
        [RESPONSE, SILENCE], [SILENCE, RESPONSE], [SILENCE, SILENCE]]


def test_a_stamp_is_met_by_the_first_frame_that_is_not_before_it():
    engine = MockEngine([Cue(RESPONSE, 'It is open.', stamp=10.5)])
    engine.watch(DOOR)
    assert states(engine, 10.0, 11.0, 12.0) == [[SILENCE], [RESPONSE], [SILENCE]]
    engine.reset()
    assert states(engine, 10.5) == [[RESPONSE]]


def test_a_cue_may_be_about_one_instruction_and_the_first_that_fits_counts():
    engine = MockEngine([
        Cue(RESPONSE, 'It is open.', frame=0, instruction=DOOR), Cue(STANDBY, frame=0)])
    engine.watch(LIGHT)
    engine.watch(DOOR)
    light, door = engine.step(PICTURE, 0.0)
    assert (light.state, light.text) == (STANDBY, '')
    assert (door.state, door.text) == (RESPONSE, 'It is open.')


def test_a_reset_counts_again_and_keeps_the_instructions():
    engine = MockEngine()
    engine.watch(DOOR)
    assert states(engine, 0.0, 1.0) == [[SILENCE], [STANDBY]]
    engine.reset()
    assert states(engine, 0.0, 1.0) == [[SILENCE], [STANDBY]]


def test_a_cancelled_instruction_is_not_judged_and_asked_again_begins_anew():
    engine = MockEngine()
    watch = engine.watch(DOOR, 'door')
    states(engine, 0.0)
    watch.cancel()
    assert watch.cancelled
    assert states(engine, 1.0) == [[]]
    engine.watch(DOOR, 'door')
    assert states(engine, 2.0) == [[SILENCE]]


def test_what_makes_no_sense_is_refused():
    engine = MockEngine()
    engine.watch(DOOR, 'door')
    for text, id in ((' ', None), (LIGHT, 'door')):
        with pytest.raises(InstructionError):
            engine.watch(text, id)
    assert len(engine.watches) == 1


def test_streams_share_the_script_and_nothing_else():
    engine = MockEngine([Cue(STANDBY, frame=0)])
    engine.watch(DOOR)
    states(engine, 0.0)
    other = engine.new_stream()
    assert other.watches == ()
    other.watch(DOOR)
    assert states(other, 0.0) == [[STANDBY]]


def test_other_rates_and_thresholds_change_nothing():
    engine = MockEngine([Cue(STANDBY, frame=1)])
    engine.watch(DOOR)
    states(engine, 0.0)
    engine.reconfigure(5.0, Thresholds())
    engine.interrupt()
    assert states(engine, 1.0) == [[STANDBY]]


@pytest.mark.parametrize('fields, reason', [
    ({}, 'a frame or a stamp'), ({'frame': 1, 'stamp': 2.0}, 'a frame or a stamp'),
    ({'frame': 1, 'text': 'It is open.'}, 'only a Response')])
def test_a_cue_that_makes_no_sense_is_an_error(fields, reason):
    with pytest.raises(ScriptError, match=reason):
        Cue(STANDBY, **fields)


def test_a_script_may_be_a_file(tmp_path):
    file = tmp_path / 'script.json'
    file.write_text(json.dumps([
        {'state': 'standby', 'frame': 0},
        {'state': 'response', 'text': 'It is open.', 'stamp': 1.5, 'instruction': DOOR}]))
    assert read_script(file) == [
        Cue(STANDBY, frame=0), Cue(RESPONSE, 'It is open.', stamp=1.5, instruction=DOOR)]
    engine = MockEngine.from_pretrained(str(file), fps=2.0)
    engine.watch(DOOR)
    assert states(engine, 1.0, 2.0) == [[STANDBY], [RESPONSE]]
    unscripted = MockEngine.from_pretrained('nano')
    unscripted.watch(DOOR)
    assert states(unscripted, 0.0, 1.0, 2.0) == [[SILENCE], [STANDBY], [RESPONSE]]


@pytest.mark.parametrize('content', [
    '', '{}', '[1]', '[{"frame": 1}]', '[{"state": "asleep", "frame": 1}]',
    '[{"state": "standby"}]', '[{"state": "standby", "frame": 1, "more": 2}]'])
def test_a_file_that_is_no_script_is_named_with_an_example(tmp_path, content):
    file = tmp_path / 'script.json'
    file.write_text(content)
    with pytest.raises(ScriptError, match=r'script.json is no script .*"state": "response"'):
        read_script(file)
    with pytest.raises(ScriptError, match='is no script'):
        read_script(tmp_path / 'nowhere.json')


@pytest.mark.parametrize('fields', [
    {'state': 7, 'frame': 1}, {'state': State.SILENCE, 'frame': 'soon'},
    {'state': State.SILENCE, 'stamp': 'soon'}, {'state': State.RESPONSE, 'text': 7, 'frame': 1},
    {'state': State.SILENCE, 'frame': 1, 'instruction': None}], ids=str)
def test_a_cue_of_other_types_is_refused(fields):
    with pytest.raises(ScriptError):
        Cue(**fields)
