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

"""The console's end of a node, over a node that is killed and started again."""

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile

from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredInstruction
from streamo_ros.nodes.console import link as link_module
from streamo_ros.nodes.console.link import Link

NODE = '/watcher'


def linked(graph):
    return Link(graph.node, NODE, MutuallyExclusiveCallbackGroup(), lambda event: None,
                lambda camera, picture: None)


def reader(graph, kind=Instruction):
    heard = []
    topic = 'instruction' if kind is Instruction else 'structured_instruction'
    graph.node.create_subscription(kind, f'{NODE}/{topic}', heard.append, 10)
    return heard


class Lossy:
    """A publisher whose first messages reach nobody: its readers are known, and not matched."""

    def __init__(self, publisher, lost):
        self._publisher = publisher
        self._lost = lost

    def publish(self, message):
        self._lost -= 1
        if self._lost < 0:
            self._publisher.publish(message)

    def __getattr__(self, name):
        return getattr(self._publisher, name)


@pytest.mark.parametrize('data', [
    {}, {'choices': ('open', 'shut')}, {'json_schema': '{"type": "boolean"}'}])
def test_what_reached_nobody_is_sent_again_until_a_state_tells_of_it(graph, monkeypatch, data):
    monkeypatch.setattr(link_module, 'EVERY_S', 0.0)
    link = linked(graph)
    name = '_structured' if data else '_instructions'
    heard = reader(graph, StructuredInstruction if data else Instruction)
    graph.wait(lambda: getattr(link, name).get_subscription_count() == 1, 'the reader')
    publisher = Lossy(getattr(link, name), 3)
    setattr(link, name, publisher)
    link.instruct('Tell me.', '', False, lambda id, trouble: None, **data)

    def looked_after():
        link.look_after()
        return heard
    graph.wait(looked_after, 'the instruction')
    asked = heard[0].instruction if data else heard[0]
    assert (asked.text, asked.source) == ('Tell me.', 'console')
    if data:
        assert tuple(heard[0].choices) == data.get('choices', ())
        assert heard[0].json_schema == data.get('json_schema', '')
    link._take_state(StreamState(instruction_id=asked.id, seq=1))
    sent = publisher._lost
    link.look_after()
    assert publisher._lost == sent


@pytest.mark.parametrize('choices, json_schema, reason', [
    (['x'] * 2, '', 'each once'), (map(str, range(65)), '', '65 choices: give at most 64'),
    (['x' * 201], '', 'longer than 200'), (['a\nb'], '', 'not printable'),
    ([], '"' + 'x' * 16384 + '"', 'has 16386 characters and may have 16384'),
    ([], '{', 'is no JSON'), (['open'], '{"type": "string"}', 'either choices or')])
def test_data_that_makes_no_sense_is_refused_before_it_is_sent(
        graph, choices, json_schema, reason):
    link, choices, told = linked(graph), list(choices), []
    link.check(choices, json_schema, lambda id, trouble: told.append(trouble))
    link.instruct('Tell me.', '', False, lambda id, trouble: told.append(trouble),
                  choices=choices, json_schema=json_schema)
    assert len(told) == 2 and all(reason in trouble for trouble in told)
    assert link._unheard == {}


def test_a_node_that_is_heard_and_does_not_hear_yet_is_told_once_it_does(graph, monkeypatch):
    monkeypatch.setattr(link_module, 'EVERY_S', 0.0)
    link, told = linked(graph), []
    link._take_state(StreamState(instruction_id='door', seq=1))
    link.instruct('Tell me.', '', False, lambda id, trouble: told.append((id, trouble)))
    ((id, trouble),) = told
    assert id and not trouble
    heard = reader(graph)

    def looked_after():
        link.look_after()
        return heard
    graph.wait(looked_after, 'the instruction')
    assert heard[0].id == id


def test_what_nobody_is_there_to_hear_is_not_sent_later(graph):
    link, told = linked(graph), []
    link.instruct('Tell me.', '', False, lambda id, trouble: told.append((id, trouble)))
    assert told == [(None, f'{NODE} is not there to hear it')]
    assert link._unheard == {}


def test_what_a_dead_process_was_told_the_next_one_is_told(graph):
    link = linked(graph)
    dead = reader(graph)    # of a process that was killed: DDS does not know yet
    graph.wait(link._instructions.get_subscription_count, 'the reader')
    answers = []
    link.instruct('Tell me now that you are back.', '', False,
                  lambda id, trouble: answers.append(id))
    graph.wait(lambda: dead, 'the instruction')
    again = reader(graph)

    def looked_after():
        link.look_after()
        return again
    graph.wait(looked_after, 'the instruction, at the next one')
    message = again[0]
    assert (message.id, message.action) == (answers[0], Instruction.ADD)
    states = graph.node.create_publisher(StreamState, f'{NODE}/state', QoSProfile(
        depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    states.publish(StreamState(instruction_id=message.id, seq=1))
    graph.wait(lambda: link.board.present, 'the state')
    third = reader(graph)
    graph.wait(lambda: link._instructions.get_subscription_count() == 3, 'a third')
    link.look_after()
    link.instruct('Tell me again.', '', False, lambda id, trouble: None)
    graph.wait(lambda: third, 'an instruction')
    assert [message.text for message in third] == ['Tell me again.']


def test_of_a_node_that_began_anew_the_parameters_are_asked_for_again(graph):
    link = linked(graph)
    link._asked_parameters = True
    for seq in (7, 1):
        link._take_state(StreamState(instruction_id='door', seq=seq))
        link.look_after()
        assert link._asked_parameters == (seq == 7)
