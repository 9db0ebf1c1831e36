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


"""Which epoch and tick a frame belongs to, and what a new epoch leaves of the one before."""

import numpy as np
import pytest

from streamo_ros.nodes.epochs import Epochs

PICTURE = np.zeros((4, 4, 3), np.uint8)


class Worker:
    """A worker that keeps what is asked of it."""

    def __init__(self):
        self.frames = []
        self.calls = []
        self.interrupted = []

    def submit(self, frame):
        self.frames.append(frame)
        return len(self.frames) > 2  # two may wait

    def post(self, call):
        self.calls.append(call)

    def discard_frames(self, camera):
        left = [frame for frame in self.frames if frame.camera != camera]
        dropped, self.frames = len(self.frames) - len(left), left
        return dropped

    def interrupt(self, camera):
        self.interrupted.append(camera)


class Stream:
    """A stream that is its own camera and publisher, and counts what is done to it."""

    def __init__(self, number):
        self.number = number
        self.epoch = self.tick = self.dropped = 0
        self.begun = []
        self.restarts = 0
        self.closed = self.restarting = False
        self.camera = self.reports = self

    def begin_epoch(self, epoch):
        self.begun.append(epoch)

    def restart(self):
        self.restarts += 1

    def close(self):
        self.closed = True


class Engine:
    """An engine that counts its resets."""

    resets = 0

    def reset(self):
        self.resets += 1


class Log(list):
    """A logger that keeps what it warns of."""

    warning = list.append


class Watched:
    """The epochs of two streams."""

    def __init__(self):
        self.log = Log()
        self.worker = Worker()
        self.front, self.rear = self.streams = [Stream(0), Stream(1)]
        self.epochs = Epochs(self.streams, lambda: self.worker, self.log)

    def take(self, stream, count=1):
        for _ in range(count):
            self.epochs.take_frame(stream, PICTURE, None, 7)


@pytest.fixture
def watched():
    return Watched()


def test_frames_are_numbered_within_their_streams_epoch(watched):
    watched.take(watched.front, 2)
    watched.epochs.begin(watched.front)
    watched.take(watched.front)
    watched.take(watched.rear)
    assert [(frame.camera, frame.epoch, frame.tick) for frame in watched.worker.frames] == [
        (0, 1, 0), (1, 0, 0)]
    assert (watched.front.epoch, watched.front.tick, watched.rear.tick) == (1, 1, 1)


def test_frames_that_are_dropped_for_newer_ones_or_a_new_epoch_are_counted(watched):
    watched.take(watched.front, 3)
    assert watched.front.dropped == 1
    watched.epochs.begin(watched.front)
    assert watched.front.dropped == 4


def test_an_epoch_begins_for_the_engine_before_what_is_said_of_it(watched):
    watched.epochs.begin(watched.rear)
    assert (watched.rear.restarts, watched.rear.begun) == (1, [])  # in the engine's thread
    engines = Engine(), Engine()
    for call in watched.worker.calls:
        call(*engines)
    assert [engine.resets for engine in engines] == [0, 1]
    assert watched.rear.begun == [1]
    assert watched.worker.interrupted == [1]
    assert watched.front.epoch == 0


def test_without_a_worker_frames_are_left_and_epochs_begin_at_once(watched):
    watched.worker = None
    watched.take(watched.front)
    watched.epochs.begin_all()
    assert (watched.front.tick, watched.front.dropped) == (0, 0)
    assert [stream.begun for stream in watched.streams] == [[1], [1]]


def test_a_jump_is_logged_with_its_reason(watched):
    watched.epochs.take_jump(watched.rear, 'the stamps jumped')
    assert watched.log == ['the stamps jumped: watching goes on in a new epoch']
    assert (watched.rear.epoch, watched.rear.restarts) == (1, 0)  # it has begun anew by itself
    assert (watched.front.epoch, watched.rear.epoch) == (0, 1)


def test_closed_streams_keep_their_epoch_and_no_frame_waits(watched):
    watched.take(watched.front)
    watched.epochs.close()
    assert all(stream.closed for stream in watched.streams)
    assert (watched.front.epoch, watched.front.dropped, watched.worker.frames) == (0, 1, [])
    assert watched.worker.interrupted == [0, 1]
    watched.worker = None
    watched.epochs.close()
