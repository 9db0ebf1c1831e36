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

"""The decisions' bag holds what the node would have published."""

from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader
from std_msgs.msg import Header
from tiny_bags import START

from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.evaluation.bags.decisions_bag import DecisionsBag
from streamo_ros.nodes.state_publisher import SequencedPublisher
from streamo_ros.nodes.state_publisher import StatePublisher
from streamo_ros.nodes.state_publisher import Status
from streamo_ros.nodes.worker import Frame
from streamo_ros.nodes.worker import Step

S, B, R = State.SILENCE, State.STANDBY, State.RESPONSE
UNMEASURED = {'inference_s', 'latency_s', 'age_s'}


def plain(message):
    """Return a message's fields as numbers and texts, those apart that a clock goes into."""
    if hasattr(message, 'get_fields_and_field_types'):
        names = message.get_fields_and_field_types()
    else:
        names = [name for name in message.__dataclass_fields__
                 if name.islower() and name != '__msgtype__']
    return {
        name: plain(value) if hasattr(value, 'sec') or hasattr(value, 'stamp')
        else round(value, 5) if isinstance(value, float) else value
        for name in names if name not in UNMEASURED
        for value in [getattr(message, name)]}


def test_messages_are_those_of_the_node(tmp_path):
    request, published = StandingInstruction('light', 'Tell me.', 'test'), []
    reports = StatePublisher(
        '/camera', SequencedPublisher(
            [published.append], [lambda response, data: published.append(response)]), lambda: 0)
    with DecisionsBag(tmp_path / 'decisions', 'room') as bag:
        span = EventSpan()
        for tick, state in enumerate((S, B, B, R, R, B, S, B)):
            stamp = START + tick * 10**9
            shares = tuple(0.8 if state is other else 0.1 for other in State)
            decision = Decision(
                'watch-1', state, shares, 'Now.' if state is R else '', state is R,
                stamp * 1e-9)
            header = Header(frame_id='optical')
            header.stamp.sec, header.stamp.nanosec = divmod(stamp, 10**9)
            reports.step(
                Step(Frame(None, header, stamp, 0, tick), [decision], 0.0),
                [(request, decision)], Status(), 0)
            event_start = span.follow(state, stamp)
            bag.decide(
                request, decision, '/camera', 'optical', stamp, stamp + 5, 0, tick, span,
                event_start)
    with AnyReader([tmp_path / 'decisions']) as reader:
        written = [
            reader.deserialize(raw, connection.msgtype)
            for connection, _, raw in reader.messages()]
    assert sum('event_start' in plain(message) for message in written) == 2
    assert sorted(map(str, map(plain, written))) == sorted(map(str, map(plain, published)))


def test_the_bag_names_what_was_watched(tmp_path):
    with DecisionsBag(tmp_path / 'decisions', 'room') as bag:
        bag.ask(StandingInstruction('light', 'Tell me.', 'test', once=True), '/camera', START)
    with Reader(tmp_path / 'decisions') as reader:
        assert reader.storage.metadata.custom == {'evaluated_bag': 'room'}
        assert {connection.topic: connection.msgtype for connection in reader.connections} == {
            '/streamo/instruction': 'streamo_ros/msg/Instruction',
            '/streamo/state': 'streamo_ros/msg/StreamState',
            '/streamo/response': 'streamo_ros/msg/Response'}
        (_, logged, _), = reader.messages()
        assert logged == START
