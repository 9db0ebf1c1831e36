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
Cameras misbehave, the node says what is wrong and goes on: over real DDS.

Each test says what it injects, waits for what the node says of it in state, diagnostics and log,
sees it decide again, and looks whether its instruction and every answer are still there. Broken
images, jumps of the stamps, late readers and nodes in namespaces are in nodes/test_streamo_node.
"""

from collections import Counter
from contextlib import contextmanager
import os
from pathlib import Path
import signal
import time

import cv2
from graph import Graph
from graph import stamp_ns
import numpy as np
import pytest
from rclpy._rclpy_pybind11 import RCLError
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image
from std_msgs.msg import String
from std_srvs.srv import Trigger

from streamo_ros.action import WatchFor
from streamo_ros.action_client import ActionClient
from streamo_ros.engine import StreamEngine
from streamo_ros.msg import Instruction
from streamo_ros.msg import StreamState

LIGHT = 'Tell me when the light goes off or on.'
MOTION = 'Tell me when something starts or stops moving.'
SECOND = 10**9
RATE = 20
AGAIN_S = 0.5
JPEG = cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes()


class Robot:
    """A node with an instruction, and the console beside it."""

    def __init__(self, graph, *remaps, instructed=True, **parameters):
        self.graph = graph
        self.process = graph.start(*remaps, **{
            'fault': 'well', 'fps': 10.0, 'heartbeat_s': 0.5, 'engine_process': False,
            **parameters})
        self.console = graph.console()
        if instructed:
            self.console.ask(LIGHT, 'light')
            self.console.await_any('the instruction', lambda s: s.instruction_id == 'light')

    def await_silence(self, reason, part='stream'):
        """Wait until state, diagnostics and log say that no frame comes, and why."""
        told = self.console.await_state('the silence', lambda state: (
            state.status == StreamState.STATUS_NO_FRAMES and reason in state.detail))
        assert told.detail.startswith('no usable frame for ') and ' because ' in told.detail
        self.graph.wait(lambda: reason in self.message(part), 'the silence in the diagnostics')
        self.graph.wait(lambda: f'] [streamo]: {told.detail}' in self.process.log, 'it in the log')

    def message(self, part):
        """Return what the newest diagnostics say about a part."""
        return next((status.message for array in self.console.diagnostics[-1:]
                     for status in array.status if status.name == f'/streamo: {part}'), '')

    @property
    def source(self):
        """Return what the newest diagnostics say is subscribed to."""
        return self.console.values('stream').get('source', '')

    def await_decision(self, camera='image'):
        """Wait for a new, sound decision about the instruction."""
        return self.console.await_state(
            f'a decision about {camera}', lambda state: sound(state, camera))

    def decide(self, camera, stamp=None, name='image', **fields):
        """Have a picture sent until it is seen, and wait for the decision about it."""
        camera.await_reader()
        stamps, sent_at = set(), float('-inf')

        def decided():
            nonlocal sent_at
            # Again: the reader may not know the camera yet, or the picture was not due.
            if time.monotonic() - sent_at > AGAIN_S:
                stamps.add(camera.send(stamp, **fields))
                sent_at = time.monotonic()
            return next((state for state in self.console.states
                         if sound(state, name) and stamp_ns(state) in stamps), None)

        return self.graph.wait(decided, f'the decision about a picture of {name}')

    def assert_nothing_lost(self):
        """See that states and answers have been numbered and heard without a gap."""
        # Those of before the console was there it cannot have heard.
        numbers = [state.seq for state in self.console.states]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        answered = [state for state in self.console.fresh
                    if state.state == StreamState.RESPONSE]
        self.graph.wait(lambda: len(self.console.responses) >= len(answered), 'every answer')
        assert [answer.seq for answer in self.console.responses[:len(answered)]] == [
            state.response_seq for state in answered]
        assert self.process.runs
        assert 'Traceback' not in self.process.log


def patiently(graph, make):
    """Make a publisher as soon as DDS has let go of the type that its topic had here before."""
    def attempt():
        try:
            return make()
        except RCLError:
            return None
    return graph.wait(attempt, 'a publisher')


def sound(state, camera):
    return state.age_s == 0 and state.status == StreamState.STATUS_OK and (
        state.instruction_id, state.camera) == ('light', camera)


@contextmanager
def there(graph, *arguments, **options):
    """Have a camera in the graph for as long as the context lasts."""
    camera = patiently(graph, lambda: graph.camera(*arguments, **options))
    try:
        yield camera
    finally:
        camera.close()


@pytest.fixture(scope='module')
def shared(tmp_path_factory):
    graph = Graph(tmp_path_factory.mktemp('cameras'))
    yield Robot(graph)
    graph.close()


@pytest.fixture
def robot(shared):
    """Return the shared robot, with its instruction and without a camera."""
    shared.console.await_report()   # DDS may take its time to notice that the last one has gone
    shared.graph.wait(
        lambda: shared.console.values('stream').get('publishers') == '0', 'the end of cameras')
    yield shared
    shared.assert_nothing_lost()


@pytest.fixture
def camera(robot):
    with there(robot.graph) as made:
        yield made


def test_without_a_publisher_it_says_so_and_sees_the_one_that_comes(robot):
    robot.await_silence('nobody publishes /image or /image/compressed')
    with there(robot.graph) as camera, camera.running(RATE):
        robot.await_decision()
        robot.graph.wait(lambda: robot.message('stream') == 'frames arrive', 'good news')
    robot.graph.wait(lambda: 'frames come again on /image, after' in robot.process.log, 'it')


def test_a_camera_that_stops_is_missed_and_heard_when_it_resumes(robot, camera):
    with camera.running(RATE):
        before = robot.await_decision()
    robot.await_silence('has a publisher, but it sends nothing')
    with camera.running(RATE):
        after = robot.await_decision()
    assert (after.epoch, after.tick > before.tick) == (before.epoch, True)  # the window stays


def test_a_topic_that_carries_another_type_of_image_is_followed(robot):
    for kind in (Image, CompressedImage, Image):
        with there(robot.graph, kind=kind) as camera:
            robot.graph.wait(lambda kind=kind: robot.source.startswith(
                f'sensor_msgs/msg/{kind.__name__} '), kind.__name__)
            robot.decide(
                camera, **({'format': 'jpeg', 'data': JPEG} if kind is CompressedImage else {}))


def test_what_is_no_image_is_named_and_the_camera_beside_it_found(robot):
    words = patiently(robot.graph, lambda: robot.graph.node.create_publisher(
        String, '/image', 10))
    robot.await_silence('/image carries std_msgs/msg/String, which is not an image')
    with there(robot.graph, '/image/compressed', kind=CompressedImage) as camera:
        robot.decide(camera, format='jpeg', data=JPEG)
    robot.graph.node.destroy_publisher(words)


def test_raw_images_are_taken_before_compressed_ones_and_these_when_they_are_gone(robot):
    with there(robot.graph, '/image/compressed', kind=CompressedImage) as beside:
        with there(robot.graph) as raw, raw.running(RATE):
            robot.graph.wait(
                lambda: robot.source.startswith('sensor_msgs/msg/Image '), 'raw images')
            robot.await_decision()
        robot.graph.wait(lambda: robot.source.startswith(
            'sensor_msgs/msg/CompressedImage '), 'compressed images')
        robot.decide(beside, format='jpeg', data=JPEG)


@pytest.mark.parametrize('stamp', [0, 7 * SECOND])
def test_stamps_that_are_zero_or_repeated_are_named(robot, camera, stamp):
    camera.await_reader()
    for _ in range(3):
        camera.send(stamp)
    robot.await_silence('the stamps on /image do not advance')
    with camera.running(RATE):
        robot.await_decision()


def test_pictures_of_another_shape_begin_a_new_epoch_and_of_another_size_do_not(robot, camera):
    def send(stamp, height, width):
        return robot.decide(
            camera, stamp * SECOND, height=height, width=width, step=3 * width,
            data=bytes(3 * height * width))

    first = send(50, 48, 64)
    larger = send(51, 96, 128)
    turned = send(52, 64, 48)
    assert (larger.epoch, larger.tick) == (first.epoch, first.tick + 1)
    assert (turned.epoch, turned.tick) == (first.epoch + 1, 0)
    log = robot.process.log
    assert 'the pictures on /image are 128x96 now, and were 64x48' in log
    assert 'are 48x64 now, and were 128x96: watching goes on in a new epoch' in log


def test_two_publishers_on_one_topic_are_named_and_both_heard(robot, camera):
    camera.await_reader()
    with there(robot.graph) as other:
        robot.graph.wait(
            lambda: robot.console.values('stream').get('publishers') == '2', 'both of them')
        stamps = range(2000 * SECOND, 2006 * SECOND, SECOND)
        decided = [robot.decide(sender, stamp) for sender, stamp in zip(
            3 * [camera, other], stamps, strict=True)]
        assert [state.tick for state in decided] == list(range(6))
        assert '/image has 2 publishers' in robot.process.log
    robot.graph.wait(
        lambda: robot.console.values('stream').get('publishers') == '1', 'one left')


def test_of_two_publishers_with_two_clocks_one_is_followed_and_both_are_named(robot, camera):
    camera.await_reader()
    with there(robot.graph) as other:
        robot.graph.wait(
            lambda: robot.console.values('stream').get('publishers') == '2', 'both of them')
        first = robot.decide(camera, 5000 * SECOND)
        for number in range(1, 60):
            camera.send(5000 * SECOND + number * SECOND // 2)
            other.send(9000 * SECOND + number * SECOND // 2)
        last = robot.decide(camera, 5040 * SECOND)
        # Until both are known, and when the one that was followed ends: not one a frame.
        assert last.epoch - first.epoch <= 6
        robot.graph.wait(lambda: 'clocks that differ' in robot.message('stream'), 'the reason')
        assert int(robot.console.values('stream')['bad_images (another clock)']) > 0


def test_an_override_that_no_publisher_fits_is_named_until_one_comes(graph):
    robot = Robot(graph, **{'qos_overrides./image.subscription.reliability': 'reliable'})
    lossy = graph.camera(reliable=False)
    with lossy.running(RATE):
        robot.await_silence('does not offer the reliability that is asked for')
        graph.wait(lambda: robot.console.values('stream').get('incompatible_qos') == '1', 'count')
    assert 'incompatible quality of service' in robot.process.log
    reliable = graph.camera()
    with reliable.running(RATE):
        robot.await_decision()
    assert robot.source.endswith(' reliable')
    robot.assert_nothing_lost()


def test_an_override_that_makes_no_sense_is_named_and_the_node_stays(graph):
    robot = Robot(graph, **{'qos_overrides./image.subscription.reliability': 'sometimes'})
    graph.camera()
    robot.await_silence('cannot be subscribed to')
    assert robot.console.last('light').detail.endswith('mend its qos_overrides')
    assert robot.process.log.count('/image: it cannot be subscribed to') == 1
    assert robot.console.call(Trigger, 'reset').success
    robot.assert_nothing_lost()


def test_publishers_that_change_are_matched_again_unless_overridden(graph):
    robot = Robot(graph, **{'qos_overrides./image.subscription.depth': 3})
    for reliable, name in ((True, 'reliable'), (False, 'best effort'), (True, 'reliable')):
        with there(graph, reliable=reliable) as camera, camera.running(RATE):
            graph.wait(lambda name=name: robot.source.endswith(f' {name}'), name)
            robot.await_decision()
    robot.assert_nothing_lost()


class Pair(Robot):
    """A robot with a camera ahead and one behind."""

    def __init__(self, graph, **parameters):
        super().__init__(graph, 'front:=/ahead', cameras='[front, rear]', **parameters)
        self.front, self.rear = graph.camera('/ahead'), graph.camera('/rear')
        self.front.await_reader()
        self.rear.await_reader()


def test_two_cameras_decide_as_each_would_alone(graph):
    robot = Pair(graph, instructed=False, fault='', fps=1.0, engine_process=True)
    robot.console.ask(LIGHT, 'light')
    robot.console.ask(MOTION, 'motion', camera='rear')
    robot.console.await_any('the instruction', lambda state: state.instruction_id == 'motion')
    pictures = np.random.default_rng(5).integers(0, 256, (2, 3, 48, 64, 3), np.uint8)
    for tick in range(3):
        for camera, seen in zip((robot.front, robot.rear), pictures, strict=True):
            camera.send((1000 + tick) * SECOND, data=seen[tick].tobytes())
        graph.wait(lambda tick=tick: len(robot.console.fresh) == 3 * (tick + 1), 'all states')
    for number, (name, texts) in enumerate([('front', [LIGHT]), ('rear', [LIGHT, MOTION])]):
        alone = StreamEngine.from_pretrained('nano', fps=1.0)
        for text in texts:
            alone.watch(text)
        expected = [
            [(tick, int(decision.state), *map(np.float32, decision.probabilities))
             for tick in range(3)
             for decision in [alone_step[index] for alone_step in [steps[tick]]]]
            for steps in [[alone.step(pictures[number, t], 1000.0 + t) for t in range(3)]]
            for index in range(len(texts))]
        told = [
            [(state.tick, state.state, *map(np.float32, (
                state.probability_silence, state.probability_standby,
                state.probability_response)))
             for state in robot.console.fresh
             if (state.camera, state.instruction) == (name, text)]
            for text in texts]
        assert told == expected
    robot.assert_nothing_lost()


def test_a_camera_that_fails_leaves_the_other_alone_and_is_told_by_its_name(graph):
    robot = Pair(graph)
    robot.console.ask(MOTION, 'ahead', camera='front')
    robot.console.await_any('the instruction', lambda state: state.instruction_id == 'ahead')
    with robot.front.running(RATE):
        robot.await_decision('front')
        robot.await_silence('/rear has a publisher, but it sends nothing', 'stream rear')
        graph.wait(lambda: robot.message('stream front') == 'frames arrive' and (
            robot.message('stream rear').startswith('no usable frame')), 'both at once')
        first = robot.await_decision('front')
        robot.rear.send(50 * SECOND)
        robot.rear.send(40 * SECOND)  # a jump, of the rear's stamps alone
        robot.console.await_any('its epoch', lambda s: (
            s.age_s == 0 and (s.camera, s.epoch) == ('rear', 2)))
        assert robot.await_decision('front').epoch == first.epoch == 1
        graph.wait(lambda: Counter(
            answer.instruction_id for answer in robot.console.responses)['ahead'] > 1, 'answers')
    assert {(state.instruction_id, state.camera) for state in robot.console.fresh} == {
        ('light', 'front'), ('light', 'rear'), ('ahead', 'front')}
    robot.assert_nothing_lost()


def test_a_camera_that_is_not_there_is_refused_by_name_and_clear_keeps_to_its_own(graph):
    robot = Pair(graph)
    robot.console.ask(MOTION, 'left', camera='left')
    refused = robot.console.await_any('the refusal', lambda state: (
        state.status == StreamState.STATUS_REFUSED))
    assert "no camera 'left' here: this node has 'front', 'rear'" in refused.detail
    robot.console.ask(MOTION, 'behind', camera='rear')
    robot.console.await_any('the instruction', lambda state: state.instruction_id == 'behind')
    robot.console.ask(action=Instruction.CLEAR, camera='rear')
    robot.console.await_any('leave', lambda state: (
        (state.instruction_id, state.camera) == ('behind', 'rear') and 'with' in state.detail))
    robot.front.send()
    robot.decide(robot.rear, name='rear')
    robot.assert_nothing_lost()


def test_a_goal_about_all_cameras_hears_the_newest_of_any_and_ends_with_one_answer(graph):
    robot = Pair(graph, heartbeat_s=0.1, fps=2.0)
    client = ActionClient(graph.node, WatchFor, '/streamo/watch_for')
    graph.wait(client.server_is_ready, 'the action server')
    robot.console.await_discovery()
    with robot.front.running(RATE):
        robot.await_decision('front')
        heard = []
        sent = client.send_goal_async(
            WatchFor.Goal(instruction=MOTION),
            feedback_callback=lambda message: heard.append(message.feedback))
        graph.wait(sent.done, 'word on the goal')
        ended = sent.result().get_result_async()
        graph.wait(ended.done, 'the answer')
    answer = ended.result().result.response
    assert (answer.camera, answer.instruction) == ('front', MOTION)
    stamps = [stamp_ns(one) for one in list(heard)]
    assert stamps == sorted(stamps) and len(set(stamps)) > 1  # though the rear's repeats go on
    client.destroy()


def test_a_killed_engine_comes_back_with_all_its_cameras(graph):
    robot = Pair(graph, engine_process=True)
    with robot.front.running(RATE), robot.rear.running(RATE):
        robot.await_decision('front')
        robot.await_decision('rear')
        (engine,) = [int(folder.name) for folder in Path('/proc').glob('[0-9]*')
                     if parent_of(folder) == robot.process.pid]
        os.kill(engine, signal.SIGKILL)
        for camera in ('front', 'rear'):
            robot.console.await_any(f'{camera} again', lambda state, camera=camera: (
                state.age_s == 0 and (state.camera, state.epoch) == (camera, 2)))
        graph.wait(lambda: robot.console.values('model').get('restarts') == '1', 'the restart')


def parent_of(folder):
    try:
        return int((folder / 'stat').read_text().rpartition(')')[2].split()[1])
    except OSError:
        return 0  # it ended meanwhile


@pytest.mark.parametrize('cameras, hint', [
    ('[front, front]', 'each camera once'), ('["no name"]', 'parameter cameras')])
def test_names_that_cannot_be_are_refused_at_the_start(graph, cameras, hint):
    process = graph.start(cameras=cameras)
    graph.wait(lambda: not process.runs, 'its end')
    assert process.wait() == 2
    assert hint in process.log and 'Traceback' not in process.log
