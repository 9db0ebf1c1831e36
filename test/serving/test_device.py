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

"""A device watches streams that come as JPEG, each as if it were alone."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
import io
import threading

import numpy as np
from PIL import Image
import pytest

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.process.protocol import read_error
from streamo_ros.engine.remote.picture import PictureSize
from streamo_ros.engine.remote.protocol import FRAME_HEAD
from streamo_ros.engine.remote.protocol import Served
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.thresholds import LIKELIEST
from streamo_ros.mock.engine import MockEngine
from streamo_ros.serving.device import Device
from streamo_ros.serving.served_model import LoadCheckpoint
from streamo_ros.worlds.streams import draw_stream

SIZE = 112, 112
TOLERANCE = 1e-4


def film(seed, turns=14):
    stream = draw_stream(
        np.random.default_rng(seed), split='test', turns=turns, questions=1, world='sentry',
        rate=1.0, size=SIZE)
    return stream.questions[0].text, stream.frames


def messages(frames):
    size = PictureSize()
    return [FRAME_HEAD.pack(float(tick), *SIZE) + size.encode(frame, SIZE, 1.0).jpeg
            for tick, frame in enumerate(frames)]


def jpeg(height, width, mode='RGB'):
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, 'JPEG')
    return out.getvalue()


def seen(message):
    return np.asarray(Image.open(io.BytesIO(message[FRAME_HEAD.size:])).convert('RGB'))


@pytest.fixture(scope='module')
def device():
    return Device(LoadCheckpoint('nano', threads=1))


def watched(device, name, text, frames):
    assert device.open(name, StreamOptions(), 4) == {}
    assert device.watch(name, text, 'one', False, ([], ''))['text'] == text
    replies = [device.step(name, message) for message in messages(frames)]
    device.close(name)
    return [reply['decisions'] for reply in replies]


def alone(text, frames):
    engine = StreamEngine.from_pretrained('nano', threads=1)
    engine.watch(text, 'one')
    return [engine.step(seen(message), float(tick))
            for tick, message in enumerate(messages(frames))]


def assert_same(given, expected):
    for (fields,), (decision,) in zip(given, expected, strict=True):
        assert fields[0] == decision.instruction_id
        assert State(fields[1]) is decision.state
        assert fields[2] == pytest.approx(decision.probabilities, abs=TOLERANCE)
        assert fields[3] == decision.text


def test_each_of_several_streams_is_decided_about_as_if_it_were_alone(device):
    films = [film(seed) for seed in range(4)]
    with ThreadPoolExecutor(len(films)) as pool:
        given = list(pool.map(
            lambda number: watched(device, f'robot/{number}', *films[number]), range(len(films))))
    for (text, frames), decisions in zip(films, given, strict=True):
        assert_same(decisions, alone(text, frames))
    assert device.load().streams == 0


def test_a_frame_that_is_none_ends_its_stream_and_no_other(device):
    text, frames = film(0, 3)
    for name in ('one', 'other'):
        device.open(name, StreamOptions(), 4)
        device.watch(name, text, None, False, ([], ''))
    good, = messages(frames[:1])
    head = FRAME_HEAD.pack(0.0, *SIZE)
    for bad in (b'', head, head + b'GIF89a', head + good[FRAME_HEAD.size:200],
                FRAME_HEAD.pack(0.0, 0, 5) + good[FRAME_HEAD.size:],
                FRAME_HEAD.pack(0.0, 224, 224) + good[FRAME_HEAD.size:],
                head + jpeg(113, 112), head + jpeg(28, 224), head + jpeg(112, 112, 'L'),
                FRAME_HEAD.pack(0.0, 60000, 60000) + good[FRAME_HEAD.size:]):
        device.open('one', StreamOptions(), 4)
        assert device.step('one', bad)['error'][0] == ''
        assert 'started anew' in device.step('one', good)['error'][1]
    assert len(device.step('other', good)['decisions']) == 1
    # A link that carries little sends less than is shown.
    small = FRAME_HEAD.pack(1.0, *SIZE) + jpeg(40, 56)
    assert len(device.step('other', small)['decisions']) == 1
    device.close('other')


def test_what_an_engine_refuses_is_told_and_the_stream_goes_on(device):
    text, frames = film(0, 2)
    first, second = messages(frames)
    device.open('one', StreamOptions(), instructions=2)
    assert device.watch('one', ' ', None, False, ([], ''))['error'][0] == 'InstructionError'
    for _ in range(2):
        assert 'error' not in device.watch('one', text, None, False, ([], ''))
    assert 'gives this robot no more' in device.watch(
        'one', text, None, False, ([], ''))['error'][1]
    assert len(device.step('one', first)['decisions']) == 2
    assert device.step('one', first)['error'][0] == 'StampError'
    assert len(device.step('one', second)['decisions']) == 2
    device.close('one')


def test_controls_are_heeded_and_unknown_streams_harm_nobody(device):
    text, frames = film(0, 3)
    first, second, third = messages(frames)
    device.open('one', StreamOptions(), 4)
    for id in ('a', 'b'):
        device.watch('one', text, id, False, ([], ''))
    assert len(device.step('one', second)['decisions']) == 2
    device.control('one', 'cancel', 'a')
    device.control('one', 'cancel', 'never given')
    device.control('nobody', 'reset', '')
    device.close('nobody')
    device.control('one', 'reset', '')
    reply = device.step('one', first)   # an earlier stamp: a stream that began anew takes it
    assert [fields[0] for fields in reply['decisions']] == ['b']
    device.close('one')


def test_a_device_says_what_it_has_to_do(device):
    before = device.load()
    assert before.tick_s > 0
    device.open('one', StreamOptions(fps=2.0), 4)
    device.open('two', StreamOptions(fps=0.5), 4)
    assert (device.load().streams, device.load().fps) == (2, 2.5)
    assert device.reconfigure('two', 3.0, LIKELIEST) == {}
    device.open('one', StreamOptions(fps=1.0), 4)  # again: the one before ends
    assert (device.load().streams, device.load().fps) == (2, 4.0)
    for name in ('one', 'two'):
        device.close(name)
    assert device.load().streams == 0


class Failing(MockEngine):
    """An engine that runs out of memory."""

    def step(self, frame, stamp):
        raise MemoryError('no room for another window')


class FailingModel:
    served = Served('script', 'a script', 28, SIZE, 1, 10**6, 3, 8, 0)
    most_streams = 4
    turn = nullcontext()

    def probe(self):
        return 0.01

    def new_engine(self, options):
        return Failing() if options.fps == 5.0 else MockEngine()

    def free(self, engine):
        pass


def test_an_engine_that_fails_takes_its_own_stream_with_it_alone():
    device = Device(FailingModel)
    frame, = messages(film(0, 1)[1])
    device.open('bad', StreamOptions(fps=5.0), 4)
    device.open('good', StreamOptions(), 4)
    device.watch('good', 'Tell me when it rains.', None, False, ([], ''))
    assert 'MemoryError: no room' in str(read_error(device.step('bad', frame)['error']))
    assert device.load().streams == 1
    assert len(device.step('good', frame)['decisions']) == 1


class OneAtATime(FailingModel):
    """A model whose engines must not compute at once; each says when it does."""

    def __init__(self):
        self.turn = threading.Lock()
        self.at_once, self.most = 0, 0

    def new_engine(self, options):
        model = self

        class Watched(MockEngine):
            def step(self, frame, stamp):
                model.at_once += 1
                model.most = max(model.most, model.at_once)
                beside.wait(0.2)
                model.at_once -= 1
                return []
        beside = threading.Event()
        return Watched()


def test_engines_that_do_not_compute_together_take_turns():
    model = OneAtATime()
    device = Device(lambda: model)
    frame, = messages(film(0, 1)[1])
    names = [str(number) for number in range(3)]
    for name in names:
        device.open(name, StreamOptions(), 4)
    with ThreadPoolExecutor(len(names)) as pool:
        replies = list(pool.map(lambda name: device.step(name, frame), names))
    assert all('decisions' in reply for reply in replies)
    assert model.most == 1
    assert LoadCheckpoint('nano', threads=1, batched=False)().turn.acquire(blocking=False)
