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

"""Of large messages one may wait in DDS, of others five; what the user overrides stays."""

import array

import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from streamo_ros.nodes.camera import CameraSubscription
from streamo_ros.nodes.reader_depth import CALM_S
from streamo_ros.nodes.reader_depth import DEPTH
from streamo_ros.nodes.reader_depth import LARGE_BYTES
from streamo_ros.nodes.reader_depth import ReaderDepth

TOPIC = '/image'
LARGE = {
    'height': 4000, 'width': 5000, 'step': 15_000, 'data': array.array('B', bytes(60_000_000))}
HALVED = 2000, 2500


def test_one_large_message_may_wait_until_none_has_come_for_long():
    now = 0.0
    depth = ReaderDepth(lambda: now)
    depth.take(LARGE_BYTES)
    assert depth.messages == DEPTH
    depth.take(LARGE_BYTES + 1)
    depth.take(1)
    assert depth.messages == 1
    now = CALM_S - 1
    assert depth.messages == 1
    depth.take(2 * LARGE_BYTES)
    now += CALM_S - 1
    assert depth.messages == 1
    now += 1
    assert depth.messages == DEPTH


def test_what_came_is_forgotten_for_another_source():
    depth = ReaderDepth()
    depth.take(2 * LARGE_BYTES)
    depth.reset()
    assert depth.messages == DEPTH


class Subscriber:
    """A camera's subscription in this process, and its camera."""

    def __init__(self, graph, **overrides):
        self.graph = graph
        self.shapes = []
        self.node = rclpy.create_node(
            'subscriber', context=graph.context, parameter_overrides=[
                Parameter(f'qos_overrides.{TOPIC}.subscription.{policy}', value=value)
                for policy, value in overrides.items()])
        self.executor = SingleThreadedExecutor(context=graph.context)
        self.executor.add_node(self.node)
        self.subscription = CameraSubscription(
            self.node, TOPIC, 10.0, 'auto', 'auto',
            lambda picture, header, stamp: self.shapes.append(picture.shape[:2]),
            lambda reason: None, MutuallyExclusiveCallbackGroup())
        self.camera = graph.camera(TOPIC)
        self.subscription.open()

    @property
    def depth(self):
        """Return how many messages may wait, as DDS was told."""
        return next(reader.qos_profile.depth for reader in self.node.subscriptions
                    if reader.topic_name == TOPIC)

    def see(self, fields, shape):
        """Send a picture until one of the shape is taken: a reader made anew misses some."""
        self.shapes.clear()

        def taken():
            self.camera.send(**fields)
            self.executor.spin_once(0.1)
            self.subscription.poll()
            return shape in self.shapes

        self.graph.wait(taken, f'a picture of {shape}')

    def close(self):
        self.subscription.close()
        self.executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def subscriber(graph, request):
    subscriber = Subscriber(graph, **getattr(request, 'param', {}))
    yield subscriber
    subscriber.close()


def test_the_subscription_is_made_anew_for_large_pictures_and_goes_on(subscriber):
    subscriber.see({}, (48, 64))
    assert subscriber.depth == DEPTH
    for fields, shape in ((LARGE, HALVED), (LARGE, HALVED), ({}, (48, 64))):
        subscriber.see(fields, shape)
        assert subscriber.depth == 1


@pytest.mark.parametrize('subscriber, depth', [
    ({'depth': 3}, 3), ({'history': 'keep_last'}, DEPTH), ({'reliability': 'best_effort'}, 1),
], indirect=['subscriber'])
def test_a_depth_that_the_user_gives_stays(subscriber, depth):
    for fields, shape in (({}, (48, 64)), (LARGE, HALVED), ({}, (48, 64))):
        subscriber.see(fields, shape)
    assert subscriber.depth == depth
