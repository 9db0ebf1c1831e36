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
The lifecycle, along every edge: what succeeds, what refuses and what raises in each callback.

The node runs in this process, over the fake engine; faults come from a managed entity, as rclpy
has them, and from the node's own parts. What a lifecycle manager sees is tested over DDS below.
"""

import gc
import threading
import weakref

from fake_engine import FakeEngine
from fake_engine import GO_ON
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
import pytest
import rclpy
from rclpy.lifecycle import ManagedEntity
from rclpy.lifecycle import TransitionCallbackReturn
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from waiting import wait_for

from streamo_ros.msg import StreamState
from streamo_ros.nodes import streamo_node
from streamo_ros.nodes.tools.domain import own_domain

LIGHT = 'Tell me when the light goes off or on.'
SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR)


class Entity(ManagedEntity):
    """Says yes to every transition, but to those in ``says``; may raise."""

    def __init__(self):
        self.says = {}

    def _say(self, name):
        answer = self.says.get(name, SUCCESS)
        if isinstance(answer, Exception):
            raise answer
        return answer


for _name in ('configure', 'activate', 'deactivate', 'cleanup', 'shutdown', 'error'):
    setattr(Entity, f'on_{_name}', lambda self, state, name=f'on_{_name}': self._say(name))


class Driven:
    """A node in this process, and the engines that it has made."""

    def __init__(self, node, engines):
        self.node = node
        self.entity = Entity()
        node.add_managed_entity(self.entity)
        self._engines = engines

    @property
    def status(self):
        return self.node._health.status(self.node._condition())

    def drive(self, *transitions):
        """Make transitions, each of which must succeed."""
        for name in transitions:
            assert self.trigger(name) is SUCCESS

    def trigger(self, name):
        return self.node.transit(getattr(self.node, f'trigger_{name}'))

    def refuses(self, name):
        """Return whether a transition is refused and leaves the state as it was."""
        before = self.node.lifecycle
        # rclpy raises on Jazzy and returns an error on Kilted.
        return self.trigger(name) in (None, ERROR) and self.node.lifecycle == before

    @property
    def engines(self):
        """Return the engines in memory."""
        gc.collect()
        return [engine for made in self._engines if (engine := made()) is not None]

    def judges_a_frame(self):
        """Give the node a frame; return whether the engine gets it, with the instruction."""
        (stream,) = self.node._streams
        before = stream.tick
        self.node._epochs.take_frame(
            stream, np.zeros((4, 4, 3), np.uint8), Header(), (before + 1) * 10**9)
        (engine,) = self.engines
        wait_for(lambda: f'step {before}' in engine.calls, 'the step')
        return [watch.text for watch in engine.watches] == [LIGHT]

    def assert_whole(self, state):
        """See that the node is in this state, and is what the state says."""
        node = self.node
        assert node.lifecycle == state
        assert len(self.engines) == (state in ('inactive', 'active'))
        assert node._watching == (state == 'active')
        assert bool(node._idle()) == (state != 'active')
        assert [instruction.text for instruction in node._instructions.standing] == [LIGHT]


@pytest.fixture
def driven():
    engines = []

    class Known(FakeEngine):
        def __init__(self, mode='well'):
            super().__init__(mode)
            engines.append(weakref.ref(self))

    with own_domain() as domain:
        rclpy.init(domain_id=domain, args=['--ros-args', *(part for name, value in {
            'autostart': 'false', 'engine_process': 'false', 'checkpoint': 'well',
            'instruction': f'"{LIGHT}"'}.items() for part in ('-p', f'{name}:={value}'))])
        node = streamo_node.StreamoNode(Known.from_pretrained)
        yield Driven(node, engines)
        node.end()
        node.destroy_node()
        rclpy.shutdown()


def test_the_last_thing_that_is_said_is_waited_for_before_the_node_goes(driven, monkeypatch):
    order = []
    publisher = driven.node._streams[0].reports._publisher
    publish = publisher.publish_state

    def note(message):
        order.append(message.detail)
        publish(message)

    monkeypatch.setattr(publisher, 'publish_state', note)
    monkeypatch.setattr(
        driven.node, '_acknowledged', lambda timeout: order.append(timeout.nanoseconds))
    driven.node.end()
    assert order == ['the node shuts down', int(streamo_node.HEARD_S * 1e9)]


# callback, the way there, and the state after a success and after a failure
EDGES = [
    ('configure', (), 'inactive', 'unconfigured'),
    ('activate', ('configure',), 'active', 'inactive'),
    ('deactivate', ('configure', 'activate'), 'inactive', 'active'),
    ('cleanup', ('configure',), 'unconfigured', 'inactive'),
    ('shutdown', (), 'finalized', 'finalized'),
    ('shutdown', ('configure',), 'finalized', 'finalized'),
    ('shutdown', ('configure', 'activate'), 'finalized', 'finalized')]


@pytest.mark.parametrize('answer', [SUCCESS, FAILURE, ERROR, RuntimeError('it is on fire')])
@pytest.mark.parametrize('name, way, success, failure', EDGES)
def test_every_edge_ends_in_its_state_with_what_belongs_to_it_and_no_more(
        driven, name, way, success, failure, answer):
    driven.drive(*way)
    driven.entity.says[f'on_{name}'] = answer
    driven.trigger(name)
    broken = answer is ERROR or isinstance(answer, Exception)
    driven.assert_whole({SUCCESS: success, FAILURE: failure}.get(answer, 'unconfigured'))
    status = driven.status
    assert (status.code == StreamState.STATUS_ERROR) == broken
    assert (f'on_{name}' in status.detail) == broken
    assert ('it is on fire' in status.detail) == isinstance(answer, Exception)

    del driven.entity.says[f'on_{name}']
    rest = {'unconfigured': ('configure', 'activate'), 'inactive': ('activate',), 'active': ()}
    if driven.node.lifecycle in rest:  # whatever it was, it is over
        driven.drive(*rest[driven.node.lifecycle])
        driven.assert_whole('active')
        assert driven.status.code != StreamState.STATUS_ERROR
        assert driven.judges_a_frame()


def test_an_error_that_cannot_be_recovered_from_ends_the_node_with_both_reasons(
        driven, monkeypatch):
    def breaks():
        raise RuntimeError('it too')

    driven.drive('configure')
    driven.entity.says['on_activate'] = RuntimeError('it is on fire')
    with monkeypatch.context() as broken:
        broken.setattr(driven.node, '_stop_watching', breaks)
        assert driven.trigger('activate') is ERROR
    assert driven.node.lifecycle == 'finalized'
    assert driven.status.detail == (
        'on_activate failed: it is on fire; on_error failed: it too')


@pytest.mark.parametrize('name, way, owner, part', [
    ('configure', (), lambda node: streamo_node, 'Worker'),
    ('activate', ('configure',), lambda node: node._streams[0].camera, 'open'),
    ('deactivate', ('configure', 'activate'), lambda node: node._streams[0].camera, 'close'),
    ('cleanup', ('configure',), lambda node: node._instructions, 'detach')])
def test_a_part_of_the_node_that_raises_once_costs_the_transition_and_no_more(
        driven, monkeypatch, name, way, owner, part):
    driven.drive(*way)
    owner = owner(driven.node)
    whole = getattr(owner, part)

    def breaks(*arguments):
        monkeypatch.setattr(owner, part, whole)
        raise RuntimeError('it is on fire')

    monkeypatch.setattr(owner, part, breaks)
    assert driven.trigger(name) is ERROR
    driven.assert_whole('unconfigured')
    assert driven.status.detail == f'on_{name} failed: it is on fire'
    driven.drive('configure', 'activate')
    assert driven.judges_a_frame()


def test_deactivation_keeps_the_model_and_cleanup_frees_it(driven):
    driven.drive('configure', 'activate')
    (engine,) = driven.engines
    driven.drive('deactivate', 'activate', 'deactivate', 'activate')
    assert driven.engines == [engine]
    assert driven.judges_a_frame()
    del engine
    driven.drive('deactivate', 'cleanup')
    assert driven.engines == []


def test_what_the_present_state_does_not_allow_is_refused_and_so_are_two_at_once(driven):
    assert driven.refuses('activate')
    driven.drive('configure')
    assert driven.refuses('configure')
    driven.assert_whole('inactive')
    within = []
    driven.node.transit(lambda: within.append(driven.trigger('activate')))
    assert within == [None]
    driven.drive('activate')


def test_a_manager_is_answered_whatever_it_asks_and_while_the_checkpoint_loads(graph):
    process = graph.start(
        fault='"loads when told"', autostart=False, heartbeat_s=0.2, instruction=f'"{LIGHT}"')
    console = graph.console()
    console.await_any('inactivity', lambda s: s.status == StreamState.STATUS_INACTIVE)

    def change(id=0, label=''):
        return console.call(ChangeState, 'change_state', ChangeState.Request(
            transition=Transition(id=id, label=label))).success

    for id in (Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE,
               Transition.TRANSITION_CLEANUP, Transition.TRANSITION_ACTIVE_SHUTDOWN, 213):
        assert not change(id)
    assert not change(label='explode')
    assert console.lifecycle() == 'unconfigured'

    configured = []
    loading = threading.Thread(target=lambda: configured.append(change(label='configure')))
    loading.start()
    console.await_any('loading', lambda s: s.status == StreamState.STATUS_LOADING)
    assert console.lifecycle() == 'configuring'
    enabled = console.call(SetBool, 'enable', SetBool.Request(data=True))
    assert (enabled.success, enabled.message) == (False, 'the node is configuring')
    seen = len(console.states)
    graph.wait(lambda: len(console.states) > seen + 2, 'a heartbeat')
    assert not configured  # all that was while it loaded
    graph.folder.joinpath(GO_ON).touch()
    loading.join()
    assert configured == [True]
    assert change(Transition.TRANSITION_ACTIVATE)
    camera = graph.camera()
    camera.await_reader()
    camera.send()
    console.await_any('a decision', lambda s: s.age_s == 0 and s.instruction == LIGHT)
    assert process.runs and 'Traceback' not in process.log
