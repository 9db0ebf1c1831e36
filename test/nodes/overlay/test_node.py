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

"""The overlay as a process over real DDS: at work while somebody looks, and only then."""

from contextlib import contextmanager
from pathlib import Path
import signal
import sys

import cv2
import numpy as np
import pytest
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
import yaml

from streamo_ros.dialogue import State
from streamo_ros.msg import StreamState
from streamo_ros.nodes.overlay.drawing import COLOURS
from streamo_ros.nodes.overlay.node import SPECIFICATION

CONFIG = Path(__file__).parents[3] / 'config' / 'streamo.yaml'
TOPIC = '/streamo_overlay/overlay/compressed'
SIZE = (240, 320)
RATE = 5.0


def start(graph, **parameters):
    options = [
        option for name, value in parameters.items() for option in ('-p', f'{name}:={value}')]
    return graph.run(
        sys.executable, '-m', 'streamo_ros.nodes.overlay.node',
        *(['--ros-args', *options] if options else []))


def takes_pictures(graph, topic='/image'):
    """Return whether the overlay is among the readers of the camera."""
    return 'streamo_overlay' in {
        info.node_name for info in graph.node.get_subscriptions_info_by_topic(topic)}


@contextmanager
def looking(graph, reliability=ReliabilityPolicy.RELIABLE):
    """Subscribe as a console does, for as long as the context lasts; give what arrives."""
    pictures = []
    subscription = graph.node.create_subscription(
        CompressedImage, TOPIC, pictures.append, QoSProfile(depth=10, reliability=reliability))
    try:
        yield pictures
    finally:
        graph.node.destroy_subscription(subscription)


def decoded(message):
    return cv2.cvtColor(
        cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def state_of(message):
    """Return the state whose colour the bar at the lower left has."""
    seen = decoded(message)[-20:-10, 0:2].mean(axis=(0, 1))
    return min(COLOURS, key=lambda state: np.abs(seen - COLOURS[state]).sum())


def stamp_ns(message):
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def test_the_config_file_has_its_parameters_with_their_defaults_and_ranges():
    configured = yaml.safe_load(CONFIG.read_text())['/**']['ros__parameters']
    # The name of the camera is the launch file's to give: it differs between overlays.
    assert configured.items() >= {
        name: parameter.default for name, parameter in SPECIFICATION.items()
        if name != 'camera'}.items()
    (allowed,) = SPECIFICATION['rate'].descriptor().floating_point_range
    assert f'{allowed.from_value} to {allowed.to_value}.\n    rate:' in CONFIG.read_text()


def test_it_works_while_somebody_looks_and_only_then(graph):
    graph.start(fault='well', fps=5.0, instruction='Tell me when the door opens.')
    overlay = start(graph, rate=RATE)
    console = graph.console()
    camera = graph.camera(size=SIZE)

    def ticks(count):
        seen = len(console.fresh)
        graph.wait(lambda: len(console.fresh) >= seen + count, 'decisions')

    with camera.running(20):
        graph.wait(lambda: graph.node.count_publishers(TOPIC), 'the overlay')
        ticks(5)
        assert not takes_pictures(graph)

        with looking(graph) as pictures:
            for state in State:
                graph.wait(
                    lambda state=state: any(state_of(picture) is state for picture in pictures),
                    f'a picture in the colour of {state.name}')
            assert takes_pictures(graph)
        graph.wait(lambda: not takes_pictures(graph), 'the end of taking pictures')
        seen = len(pictures)
        ticks(5)
        assert not takes_pictures(graph)
        assert len(pictures) == seen

        with looking(graph, ReliabilityPolicy.BEST_EFFORT) as again:
            graph.wait(lambda: len(again) > 3, 'pictures for who looks again')
        overlay.send(signal.SIGINT)
        assert overlay.wait() == 0

    for message in (*pictures, *again):
        assert message.header.frame_id == 'optical'
        assert decoded(message).shape == (*SIZE, 3)
        assert message.format.endswith('jpeg compressed bgr8')
    for messages in (pictures, again):
        stamps = [stamp_ns(message) for message in messages]
        assert stamps == sorted(set(stamps))
        assert len(stamps) - 2 <= (stamps[-1] - stamps[0]) / 1e9 * RATE


def test_it_fits_itself_to_a_camera_that_is_compressed_and_lossy_and_needs_no_node(graph):
    start(graph)
    camera = graph.camera('/image/compressed', reliable=False, kind=CompressedImage)
    _, jpeg = cv2.imencode('.jpg', np.full((*SIZE, 3), 200, np.uint8))
    sent = set()
    with looking(graph) as pictures:
        def shown():
            sent.add(camera.send(format='jpeg', data=jpeg.tobytes()))
            return pictures
        graph.wait(shown, 'a picture')
    assert {stamp_ns(message) for message in pictures} <= sent
    assert decoded(pictures[0])[:100].mean() == pytest.approx(200, abs=3)
    assert state_of(pictures[0]) is None


def test_of_several_cameras_it_shows_the_states_of_its_own(graph):
    start(graph, rate=RATE, camera='rear')
    speaker = graph.node.create_publisher(StreamState, '/streamo/state', QoSProfile(
        depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    graph.wait(speaker.get_subscription_count, 'a reader of the states')
    camera = graph.camera(size=SIZE)
    with looking(graph) as pictures, camera.running(20):
        for seq, (name, state) in enumerate([
                ('rear', State.STANDBY), ('front', State.RESPONSE)], 1):
            speaker.publish(StreamState(
                seq=seq, camera=name, instruction_id='door', instruction='The door.',
                state=int(state), probability_silence=1.0))
        graph.wait(lambda: len(pictures) > 3 and state_of(pictures[-1]) is State.STANDBY, 'it')
        seen = len(pictures)
        graph.wait(lambda: len(pictures) > seen + 2, 'more')
    assert {state_of(picture) for picture in pictures[seen:]} == {State.STANDBY}


def test_it_says_why_there_is_nothing_to_show(graph):
    overlay = start(graph)
    with looking(graph):
        graph.wait(lambda: 'nobody publishes /image' in overlay.log, 'the reason in the log')


@pytest.mark.parametrize('name, value', [('rate', 0.0), ('image_transport', 'jpeg')])
def test_a_parameter_that_makes_no_sense_ends_it_with_a_sentence(graph, name, value):
    overlay = start(graph, **{name: value})
    graph.wait(lambda: not overlay.runs, 'its end')
    assert overlay.wait() == 2
    assert f'overlay_node: parameter {name}' in overlay.log
    assert 'Traceback' not in overlay.log
