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


"""Instructions by every way: which may come, what is refused and told, and what is kept."""

from fake_engine import FakeEngine
import pytest
from rclpy.logging import get_logger
from std_msgs.msg import String

from streamo_ros.dialogue import InstructionError
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.msg import Instruction
from streamo_ros.nodes.instruction_intake import BURST
from streamo_ros.nodes.instruction_intake import InstructionIntake
from streamo_ros.nodes.instruction_intake import PER_S
from streamo_ros.nodes.state_file import StateFileThread
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S

DOOR = 'Tell me when the door opens.'
LIGHT = 'Tell me when the light goes off or on.'


class Watched:
    """An intake, its clock, and what it has told."""

    def __init__(self, state_file=''):
        self.now = 100.0
        self.changes = 0
        self.refusals = []
        self.intake = InstructionIntake(
            InstructionTable('front', 'rear'),
            StateFileThread(str(state_file), '/streamo', get_logger('test')),
            self.count_change, lambda *refusal: self.refusals.append(refusal), lambda: self.now)

    def count_change(self):
        self.changes += 1

    def send(self, text='', id='', action=Instruction.ADD, **fields):
        self.intake.take_message(Instruction(text=text, id=id, action=action, **fields))

    def say(self, text):
        self.intake.take_text(String(data=text))

    @property
    def standing(self):
        return {instruction.id: instruction.text for instruction in self.intake.standing}

    @property
    def reasons(self):
        return [refusal.reason for refusal, _ in self.refusals]


@pytest.fixture
def watched():
    return Watched()


def test_each_change_of_what_stands_is_told_once(watched):
    watched.send(LIGHT, 'light')
    assert (watched.standing, watched.changes) == ({'light': LIGHT}, 1)
    watched.send(id='light', action=Instruction.CANCEL)
    assert (watched.standing, watched.changes) == ({}, 2)
    watched.send(action=Instruction.CLEAR)  # nothing stood
    assert (watched.changes, watched.refusals) == (2, [])


def test_a_text_takes_the_place_of_the_last_one_and_an_empty_one_withdraws_it(watched):
    watched.send(DOOR, 'door')
    watched.say(LIGHT)
    watched.say('Say when someone leaves.')
    assert watched.standing == {'door': DOOR, 'instruction_text': 'Say when someone leaves.'}
    watched.say(' \n')
    assert watched.standing == {'door': DOOR}
    watched.say('')  # there is none to withdraw
    assert len(watched.refusals) == 1


def test_a_refusal_repeats_what_was_asked_and_says_why(watched):
    watched.send(LIGHT, 'light', source='console', camera='left')
    ((refusal, aloud),) = watched.refusals
    asked = refusal.request
    assert (asked.id, asked.text, asked.source, asked.camera, aloud) == (
        'light', LIGHT, 'console', 'left', True)
    assert "no camera 'left'" in refusal.reason
    assert (watched.intake.refused, watched.intake.last_refusal) == (1, refusal.reason)
    assert (watched.standing, watched.changes) == ({}, 0)


@pytest.mark.parametrize('way, ask', [
    ('instruction', lambda watched, text: watched.send(text, 'one', Instruction.REPLACE)),
    ('instruction_text', lambda watched, text: watched.say(text)),
    ('watch_for', lambda watched, text: watched.intake.take_goal(Instruction(
        text=text, id='one', action=Instruction.REPLACE))),
])
def test_each_way_of_asking_has_a_limit_of_its_own_that_time_lifts(watched, way, ask):
    for number in range(BURST + 1):
        ask(watched, f'Tell me {number}.')
    assert list(watched.standing.values()) == [f'Tell me {BURST - 1}.']
    (reason,) = watched.reasons
    assert f'too many at once on ~/{way}' in reason
    for other in ('instruction', 'instruction_text', 'watch_for'):
        if other == 'instruction':
            watched.send(LIGHT, 'other')
        elif other == 'instruction_text':
            watched.say(LIGHT)
        else:
            watched.intake.take_goal(Instruction(text=LIGHT, id='goal'))
    assert [f'~/{way}' in reason for reason in watched.reasons] == [True, True]
    watched.now += 1 / PER_S
    ask(watched, 'Tell me at last.')
    assert 'Tell me at last.' in watched.standing.values()


def test_a_flood_neither_hinders_a_withdrawal_nor_is_every_refusal_of_it_told_aloud(watched):
    watched.send(LIGHT, 'light')
    for _ in range(5 * BURST):
        watched.send(DOOR, 'flood', Instruction.REPLACE)
    assert sum(aloud for _, aloud in watched.refusals) == BURST
    assert watched.intake.refused == len(watched.refusals) == 4 * BURST + 1
    watched.send(id='light', action=Instruction.CANCEL)
    assert list(watched.standing) == ['flood']
    watched.send(action=Instruction.CLEAR)
    assert watched.standing == {}
    watched.say('')
    assert watched.refusals[-1][1] is False  # counted, not told


def test_only_the_instruction_of_a_goal_stands_for_one(watched):
    watched.send(LIGHT, 'light')
    watched.intake.take_goal(Instruction(text=DOOR, id='goal-1', source='watch_for', once=True))
    assert watched.intake.stands_for_goal('goal-1')
    assert not watched.intake.stands_for_goal('light')
    watched.intake.withdraw('goal-1')
    assert not watched.intake.stands_for_goal('goal-1')


def test_withdrawing_what_does_not_stand_is_no_change_and_no_refusal(watched):
    watched.intake.withdraw('nobody')
    assert (watched.changes, watched.refusals) == (0, [])


def test_what_an_engine_refuses_is_told_its_sender_and_does_not_stand(watched):
    watched.send(LIGHT, 'light')
    watched.send('this is too long', 'long', source='console', camera='rear')
    front, rear = FakeEngine(), FakeEngine()
    watched.intake.reconcile(front, rear)
    ((refusal, _),) = watched.refusals
    assert (refusal.request.id, refusal.request.source, refusal.request.camera) == (
        'long', 'console', 'rear')
    assert 'too long' in refusal.reason
    assert watched.standing == {'light': LIGHT}
    (watch,) = front.watches
    assert watched.intake.find(watch.instruction_id).id == 'light'
    watched.intake.withdraw('light')
    assert watched.intake.find(watch.instruction_id) is None


def test_instructions_outlive_the_engines(watched):
    watched.send(LIGHT, 'light')
    watched.intake.reconcile(FakeEngine(), FakeEngine())
    watched.intake.detach()
    others = FakeEngine(), FakeEngine()
    watched.intake.reconcile(*others)
    assert [watch.text for engine in others for watch in engine.watches] == [LIGHT, LIGHT]


def test_what_stands_is_kept_and_stands_again_but_for_goals_and_the_parameters(tmp_path):
    before = Watched(tmp_path / 'state.json')
    before.intake.restore()
    before.send(LIGHT, 'light', source='console')
    before.intake.add_parameter(DOOR)
    before.intake.take_goal(Instruction(text=DOOR, id='goal-1'))
    before.intake.keep()
    before.intake.finish(PATIENCE_S)
    after = Watched(tmp_path / 'state.json')
    after.intake.restore()
    assert (after.standing, after.changes) == ({'light': LIGHT}, 1)


def test_a_parameter_that_cannot_stand_is_an_error(watched):
    with pytest.raises(InstructionError, match='no text'):
        watched.intake.add_parameter(' ')
    assert watched.refusals == []
