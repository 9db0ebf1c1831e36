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
One awkward sequence of frames, shown to all who watch cameras: each admits the same of it.

The node's subscription gets it as messages over DDS, the evaluation and ``streamo watch`` as a
bag. What reaches their engines, and where these begin anew, must be the same, and so must the
counts of what was passed over.
"""

from collections import Counter
import re

import cv2
from graph import Graph
import numpy as np
import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from sensor_msgs.msg import CompressedImage
from tiny_bags import header
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.cli.main import main
from streamo_ros.engine import StreamEngine
from streamo_ros.evaluation.bags.run import watch_bag
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.nodes.camera import CameraSubscription
from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import typestore
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked

TOPIC = '/camera/image_raw/compressed'
FPS = 2.0
SECOND = 10**9


def png(height, width):
    return cv2.imencode('.png', np.full((height, width, 3), 90, np.uint8))[1].tobytes()


WIDE, TALL, LARGE = png(48, 64), png(64, 48), png(96, 128)
NOTHING = b''                               # seen to be bad without decoding it
CUT_OFF = WIDE[:len(WIDE) // 2]             # likewise
GARBLED = WIDE[:40] + bytes(60) + b'IEND'   # seen only by decoding it
ANEW = 'anew'

SEQUENCE = [
    # the stamp in seconds after START, the data, and what the engine is given
    (0.0, WIDE, [(0.0, 48, 64)]),
    (0.2, WIDE, []),
    (0.2, NOTHING, []),                     # bad, whatever its stamp
    (0.2, WIDE, []),                        # stale
    (0.15, WIDE, []),                       # stale
    (9000.0, CUT_OFF, []),                  # bad: nor does its stamp make a jump
    (0.3, CUT_OFF, []),                     # bad, though not due
    (0.5, GARBLED, []),                     # bad: its place goes to the next
    (0.6, WIDE, [(0.6, 48, 64)]),
    (1.0, LARGE, [(1.0, 96, 128)]),         # of another size: goes on
    (1.2, TALL, []),                        # not due, so its shape does not count
    (1.6, TALL, [ANEW, (1.6, 64, 48)]),     # of another aspect, on a grid of its own
    (2.0, TALL, []),
    (2.1, TALL, [(2.1, 64, 48)]),
    (7.3, TALL, [(7.3, 64, 48)]),           # a gap: goes on, on the same grid
    (7.6, TALL, [(7.6, 64, 48)]),
    (0.7, GARBLED, [ANEW]),                 # a jump back, of a frame that is bad
    (0.8, WIDE, [(0.8, 48, 64)]),           # any shape may follow it
    (0.8, GARBLED, []),                     # stale before it is looked at
    (95.0, WIDE, [ANEW, (95.0, 48, 64)]),   # a jump ahead
    (95.4, WIDE, []),
    (-START / SECOND, WIDE, [ANEW, (-START / SECOND, 48, 64)]),     # a stamp of zero
    (-START / SECOND, WIDE, []),            # stale
    (-START / SECOND, TALL, []),            # stale
    (96.0, TALL, [ANEW, (96.0, 64, 48)]),   # the clock is set at last
    (96.5, TALL, [(96.5, 64, 48)]),
]
GIVEN = [one for _, _, given in SEQUENCE for one in given]
BAD = {'zero size': 1, 'truncated': 2, 'undecodable': 2}
STALE = 5
CHANGES = {'jumped': 4, '48x64 now': 1, '128x96 now': 1}


def stamp_of(seconds):
    return max(0, START + round(seconds * SECOND))


@pytest.fixture
def bag(tmp_path):
    """Return a bag of the sequence, in the order in which it was sent."""
    path = tmp_path / 'bag'
    with TinyBag(path) as bag:
        for number, (seconds, data, _) in enumerate(SEQUENCE):
            bag.write(TOPIC, COMPRESSED_IMAGE, typestore().types[COMPRESSED_IMAGE](
                header=header(stamp_of(seconds)), format='png',
                data=np.frombuffer(data, np.uint8)), START + number * SECOND)
    return path


@pytest.fixture
def given(monkeypatch):
    """Return the list of what engines are given: frames, and that the stream begins anew."""
    given = []

    def step(self, frame, stamp):
        given.append((round(stamp - START / SECOND, 3), *frame.shape[:2]))
        return []

    monkeypatch.setattr(StreamEngine, 'step', step)
    monkeypatch.setattr(StreamEngine, 'reset', lambda self: given.append(ANEW))
    return given


def said(sentences):
    """Return how often each change is spoken of."""
    return {words: sum(words in one for one in sentences) for words in CHANGES}


def test_the_nodes_subscription(tmp_path):
    graph = Graph(tmp_path)
    given, reasons, logged = [], [], []

    def on_frame(picture, header, stamp):
        given.append((round((stamp - START) / SECOND, 3), *picture.shape[:2]))

    def on_jump(reason):
        given.append(ANEW)
        reasons.append(reason)

    try:
        camera = CameraSubscription(
            graph.node, TOPIC, FPS, 'auto', 'auto', on_frame, on_jump,
            MutuallyExclusiveCallbackGroup())
        graph.node.get_logger().info = logged.append
        sender = graph.camera(TOPIC, kind=CompressedImage)
        camera.open()
        graph.wait(lambda: camera.poll() or camera.source, 'the subscription')
        sender.await_reader()
        for number, (seconds, data, _) in enumerate(SEQUENCE, 1):
            sender.send(stamp_of(seconds), format='png', data=data)
            graph.wait(lambda number=number: camera.frames.received == number, 'the frame')
        graph.wait(lambda: len(given) == len(GIVEN), 'the last frame')
    finally:
        graph.close()
    assert given == GIVEN
    assert (camera.frames.bad, camera.frames.stale) == (BAD, STALE)
    assert said([*reasons, *logged]) == CHANGES


def test_the_evaluation_of_a_bag(bag, tmp_path, given):
    out = tmp_path / 'out'
    out.mkdir()
    found = watch_bag(
        bag, 'bag', Watching(fps=FPS), Annotations((Asked('door', 'Tell me.'),)), out)
    camera, = found.cameras
    assert given == GIVEN
    notices = {notice.kind: notice.count for notice in camera.notices}
    assert notices == {
        **{f'bad images ({cause})': count for cause, count in BAD.items()},
        'stale stamps': STALE, 'jumps of time': 4, 'changes of aspect': 1, 'changes of size': 1,
        'gaps': 1}
    frames_before = [Counter(GIVEN[:at])[ANEW] for at, one in enumerate(GIVEN) if one != ANEW]
    assert camera.ticks.epochs == frames_before


def test_streamo_watch(bag, given, capsys):
    assert main(['watch', str(bag), '-i', 'Tell me.', '--fps', str(FPS)]) == 0
    assert given == GIVEN
    printed = capsys.readouterr().err
    assert sorted(re.findall(r'bad image \(([\w ]+)\)', printed)) == sorted(BAD)  # once each
    assert f'{sum(BAD.values())} bad images were passed over' in printed
    assert f'{STALE} frames were passed over because their stamps do not advance' in printed
    assert said(printed.splitlines()) == CHANGES


@pytest.fixture
def two_clocks(tmp_path):
    """Return a bag of two cameras on one topic, one of which is an hour ahead."""
    path = tmp_path / 'bag'
    with TinyBag(path) as bag:
        for number in range(40):
            for ahead in (0, 3600):
                seconds = number / 4
                bag.write(TOPIC, COMPRESSED_IMAGE, typestore().types[COMPRESSED_IMAGE](
                    header=header(stamp_of(seconds + ahead)), format='png',
                    data=np.frombuffer(WIDE, np.uint8)), stamp_of(seconds + ahead / 1e5))
    return path


OF_ONE_CLOCK = [
    (0.0, 48, 64), ANEW, (3600.0, 48, 64), ANEW,
    *((0.25 + number / 2, 48, 64) for number in range(20))]


def test_of_two_clocks_in_a_bag_the_evaluation_follows_one(two_clocks, tmp_path, given):
    out = tmp_path / 'out'
    out.mkdir()
    found = watch_bag(
        two_clocks, 'bag', Watching(fps=FPS), Annotations((Asked('door', 'Tell me.'),)), out)
    assert given == OF_ONE_CLOCK
    notices = {notice.kind: notice.count for notice in found.cameras[0].notices}
    assert notices == {'jumps of time': 2, 'bad images (another clock)': 39}


def test_of_two_clocks_in_a_bag_streamo_watch_follows_one(two_clocks, given, capsys):
    assert main(['watch', str(two_clocks), '-i', 'Tell me.', '--fps', str(FPS)]) == 0
    assert given == OF_ONE_CLOCK
    assert 'of several publishers one is watched' in capsys.readouterr().err
