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

"""The table of instructions: what stands, whoever changes it, and what the engine makes of it."""

from fake_engine import FakeEngine
from fake_engine import MAX_INSTRUCTIONS
import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.engine import EngineFailure
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.engine.instruction_table import MAX_CHARACTERS
from streamo_ros.engine.instruction_table import TRIALS
from streamo_ros.msg import Instruction

ADD, REPLACE, CANCEL, CLEAR = (
    Instruction.ADD, Instruction.REPLACE, Instruction.CANCEL, Instruction.CLEAR)


@pytest.fixture
def table():
    return InstructionTable('image')


@pytest.fixture
def engine():
    return FakeEngine()


def send(table, action, id='', text='', **fields):
    table.apply(Instruction(action=action, id=id, text=text, **fields))


def standing(table):
    return {instruction.id: instruction.text for instruction in table.standing}


def watched(engine):
    return [watch.text for watch in engine.watches]


def test_instructions_stand_side_by_side_in_the_order_of_their_coming(table, engine):
    send(table, ADD, 'b', 'Tell me when the door opens.', source='console', once=True)
    send(table, ADD, 'a', 'Tell me when it rains.')
    assert list(standing(table)) == ['b', 'a']
    assert (table.standing[0].source, table.standing[0].once) == ('console', True)
    assert table.reconcile(engine) == []
    assert watched(engine) == ['Tell me when the door opens.', 'Tell me when it rains.']


def test_a_nameless_instruction_gets_a_name_that_is_free(table):
    send(table, ADD, 'instruction-1', 'one')
    send(table, ADD, '', 'two')
    send(table, ADD, '', 'three')
    assert standing(table) == {
        'instruction-1': 'one', 'instruction-2': 'two', 'instruction-3': 'three'}


def test_a_name_in_use_is_refused_and_its_instruction_stays(table):
    send(table, ADD, 'a', 'one')
    with pytest.raises(InstructionError, match="'a' is in use"):
        send(table, ADD, 'a', 'two')
    assert standing(table) == {'a': 'one'}


def test_replace_takes_the_place_of_one_and_leaves_the_others(table, engine):
    send(table, ADD, 'a', 'one')
    send(table, ADD, 'b', 'two')
    table.reconcile(engine)
    send(table, REPLACE, 'a', 'three')
    table.reconcile(engine)
    assert standing(table) == {'a': 'three', 'b': 'two'}
    assert sorted(watched(engine)) == ['three', 'two']


def test_replace_of_a_name_that_does_not_stand_adds_it(table):
    send(table, REPLACE, 'a', 'one')
    assert standing(table) == {'a': 'one'}


def test_replace_without_a_name_takes_the_place_of_all(table, engine):
    send(table, ADD, 'a', 'one')
    send(table, ADD, 'b', 'two')
    table.reconcile(engine)
    send(table, REPLACE, '', 'three')
    table.reconcile(engine)
    assert list(standing(table).values()) == watched(engine) == ['three']


def test_cancel_and_clear_withdraw(table, engine):
    for name in 'abc':
        send(table, ADD, name, name)
    send(table, CANCEL, 'b')
    table.reconcile(engine)
    assert watched(engine) == ['a', 'c']
    send(table, CLEAR)
    table.reconcile(engine)
    assert watched(engine) == []
    assert not table.standing


@pytest.mark.parametrize('message, reason', [
    (Instruction(action=CANCEL, id='x'), "no instruction 'x' stands"),
    (Instruction(action=ADD, text=''), 'no text'),
    (Instruction(action=ADD, text=' \t\n\x07'), 'no text'),
    (Instruction(action=ADD, text='a' * (MAX_CHARACTERS + 1)), 'at most'),
    (Instruction(action=ADD, id='i' * 65, text='one'), 'the id'),
    (Instruction(action=ADD, id='a\nb', text='one'), 'the id'),
    (Instruction(action=ADD, text='one', camera='rear'), "no camera 'rear'"),
    (Instruction(action=77, text='one'), 'action 77 is unknown'),
])
def test_what_makes_no_sense_is_refused_with_its_reason(table, message, reason):
    send(table, ADD, 'a', 'one')
    with pytest.raises(InstructionError, match=reason):
        table.apply(message)
    assert standing(table) == {'a': 'one'}


def test_this_camera_may_be_named(table):
    send(table, ADD, 'a', 'one', camera='image')
    assert standing(table) == {'a': 'one'}


def test_text_is_one_printable_line(table):
    send(table, ADD, 'a', ' Tell me\n\x1b[31mwhen </Response> \x00happens. ')
    assert standing(table) == {'a': 'Tell me [31mwhen </Response> happens.'}


def test_a_refusal_of_the_engine_takes_the_instruction_back(table, engine):
    send(table, ADD, 'a', 'one')
    send(table, ADD, 'b', 'this is too long')
    (refusal,) = table.reconcile(engine)
    assert (refusal.request.id, refusal.reason) == (
        'b', 'the instruction is too long: shorten it')
    assert standing(table) == {'a': 'one'}
    assert watched(engine) == ['one']


@pytest.mark.parametrize('name', ['a', ''])
def test_what_was_to_be_replaced_stands_on_when_the_new_one_is_refused(table, engine, name):
    send(table, ADD, 'a', 'one')
    send(table, ADD, 'b', 'two')
    table.reconcile(engine)
    send(table, REPLACE, name, 'this is too long')
    assert len(table.reconcile(engine)) == 1
    assert standing(table) == {'a': 'one', 'b': 'two'}
    assert sorted(watched(engine)) == ['one', 'two']


def test_one_too_many_is_refused_and_one_can_still_be_replaced(table, engine):
    for number in range(MAX_INSTRUCTIONS + 1):
        send(table, ADD, f'{number}', f'text {number}')
    (refusal,) = table.reconcile(engine)
    assert refusal.request.id == f'{MAX_INSTRUCTIONS}'
    send(table, REPLACE, '0', 'new')
    assert table.reconcile(engine) == []
    assert 'new' in watched(engine)
    assert 'text 0' not in watched(engine)


def test_no_more_than_the_limit_stand_though_no_engine_is_there_to_say_so():
    table = InstructionTable('image', limit=2)
    send(table, ADD, 'a', 'one')
    send(table, ADD, '', 'two')
    for action in (ADD, REPLACE):
        with pytest.raises(InstructionError, match='2 instructions stand already'):
            send(table, action, 'c', 'three')
    send(table, REPLACE, 'a', 'four')
    assert list(standing(table).values()) == ['four', 'two']
    send(table, REPLACE, '', 'five')
    assert list(standing(table).values()) == ['five']


def test_decisions_find_their_instruction_until_it_is_withdrawn(table, engine):
    send(table, ADD, 'a', 'one')
    table.reconcile(engine)
    name = engine.watches[0].instruction_id
    assert table.request_of(name).id == 'a'
    send(table, REPLACE, 'a', 'two')
    assert table.request_of(name) is None
    assert table.request_of('unheard of') is None


def test_instructions_outlive_the_engine(table, engine):
    send(table, ADD, 'a', 'one')
    table.reconcile(engine)
    table.detach()
    send(table, ADD, 'b', 'two')
    another = FakeEngine()
    table.reconcile(another)
    assert watched(another) == ['one', 'two']


class LostEngine(FakeEngine):
    """An engine that is lost over one text."""

    def watch(self, text, instruction_id=None, **options):
        if text == 'poison':
            raise EngineFailure('it is gone')
        return super().watch(text, instruction_id, **options)


def test_a_new_instruction_over_which_engine_after_engine_is_lost_is_refused(table):
    send(table, ADD, 'a', 'one')
    send(table, ADD, 'p', 'poison')
    send(table, ADD, 'b', 'two')
    for _ in range(TRIALS):
        with pytest.raises(EngineFailure):
            table.reconcile(LostEngine())
        table.detach()
        assert list(standing(table)) == ['a', 'p', 'b']
    engine = LostEngine()
    (refusal,) = table.reconcile(engine)
    assert (refusal.request.id, watched(engine)) == ('p', ['one', 'two'])
    assert 'engines failed' in refusal.reason
    assert list(standing(table)) == ['a', 'b']


def test_an_instruction_that_once_stood_is_not_to_blame_for_lost_engines(table):
    send(table, ADD, 'p', 'poison')
    table.reconcile(FakeEngine())
    for _ in range(2 * TRIALS):
        table.detach()
        with pytest.raises(EngineFailure):
            table.reconcile(LostEngine())
    assert list(standing(table)) == ['p']


def test_nothing_is_done_twice(table, engine):
    send(table, ADD, 'a', 'one')
    table.reconcile(engine)
    table.reconcile(engine)
    assert engine.calls == ['watch one']


@pytest.fixture
def pair():
    return InstructionTable('front', 'rear')


def test_an_instruction_watches_the_camera_it_names_or_all(pair):
    front, rear = FakeEngine(), FakeEngine()
    send(pair, ADD, 'a', 'one', camera='front')
    send(pair, ADD, 'b', 'two')
    send(pair, ADD, 'c', 'three', camera='rear')
    assert pair.reconcile(front, rear) == []
    assert (watched(front), watched(rear)) == (['one', 'two'], ['two', 'three'])
    named = [watch.instruction_id for watch in front.watches + rear.watches]
    assert [pair.request_of(name).id for name in named] == ['a', 'b', 'b', 'c']
    send(pair, REPLACE, 'a', 'one', camera='rear')
    pair.reconcile(front, rear)
    assert (watched(front), watched(rear)) == (['two'], ['two', 'three', 'one'])
    send(pair, CANCEL, 'b')
    pair.reconcile(front, rear)
    assert (watched(front), watched(rear)) == ([], ['three', 'one'])


def test_clear_and_replace_leave_alone_what_another_camera_watches_for(pair):
    for id, camera in (('a', 'front'), ('b', ''), ('c', 'rear')):
        send(pair, ADD, id, f'text {id}', camera=camera)
    send(pair, REPLACE, '', 'new', camera='front')
    assert list(standing(pair)) == ['b', 'c', 'instruction-1']
    send(pair, CLEAR, camera='rear')
    assert list(standing(pair)) == ['b', 'instruction-1']
    send(pair, CLEAR)
    assert standing(pair) == {}


def test_a_camera_that_is_not_there_is_refused_with_those_that_are(pair):
    with pytest.raises(InstructionError, match="no camera 'left' here.*'front', 'rear'"):
        send(pair, ADD, 'a', 'one', camera='left')
    assert standing(pair) == {}


def test_what_one_cameras_engine_refuses_no_camera_watches_for(pair):
    front, rear = FakeEngine(), FakeEngine()
    for number in range(4):  # as many as the fake engine takes
        send(pair, ADD, f'r{number}', f'text {number}', camera='rear')
    send(pair, ADD, 'both', 'one too many for the rear')
    (refusal,) = pair.reconcile(front, rear)
    assert refusal.request.id == 'both'
    assert watched(front) == []
    assert 'both' not in standing(pair)
