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

"""What a tick's time goes into, told apart by a clock that only the work itself advances."""

import functools

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.engine import EngineProcess
from streamo_ros.engine import stopwatch
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.stopwatch import PARTS
from streamo_ros.engine.stopwatch import shares
from streamo_ros.engine.stopwatch import Stopwatch
from streamo_ros.models import load_checkpoint
from streamo_ros.models.frame import FrameSpec

FRAME = np.zeros((112, 112, 3), np.uint8)


class Clock:
    """Stands still but for the work that is done."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def advancing(self, by, work):
        def worked(*arguments, **options):
            self.now += by
            return work(*arguments, **options)
        return worked


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(stopwatch, 'time', clock)
    return clock


def test_parts_within_parts_count_for_themselves_alone(clock):
    watch = Stopwatch()
    with watch.part('other'):
        clock.now += 1
        with watch.part('step'):
            clock.now += 10
            with watch.part('sampling'):
                clock.now += 100
        with pytest.raises(ValueError, match='on the way'), watch.part('step'):
            clock.now += 1000
            raise ValueError('on the way')
        clock.now += 10_000
    assert {part: seconds for part, seconds in watch.seconds.items() if seconds} == {
        'other': 10_001, 'step': 1010, 'sampling': 100}


def test_shares_are_of_all_that_was_counted():
    assert set(shares()) == set(PARTS) and not any(shares({}).values())
    found = shares({'decode': 1.0}, {'step': 5.0, 'other': 1.0}, {'step': 1.0})
    assert (found['decode'], found['step'], found['other']) == (0.125, 0.75, 0.125)


def test_the_seconds_of_steps_go_where_they_were_spent(clock, monkeypatch):
    checkpoint = load_checkpoint('nano')
    backend = OnnxRuntimeBackend(checkpoint)
    engine = StreamEngine(checkpoint, backend, max_answer_tokens=3)
    engine.watch('Tell me when the light goes off.')
    engine.step(FRAME, 0.0)  # opens the stream, and prefills
    step = backend.step

    def responding(first, inputs):
        outputs = step(first, inputs)
        outputs.states[:, State.RESPONSE] = 1e6
        return outputs

    monkeypatch.setattr(FrameSpec, 'scale', clock.advancing(1, FrameSpec.scale))
    monkeypatch.setattr(backend, 'encode_image', clock.advancing(10, backend.encode_image))
    monkeypatch.setattr(backend, 'step', clock.advancing(100, step))
    engine.step(255 - FRAME, 1.0)
    spent = {'resize': 1, 'image_encoder': 10, 'step': 100}
    assert {part: seconds for part, seconds in engine.seconds.items() if seconds} == spent
    monkeypatch.setattr(backend, 'step', clock.advancing(100, responding))
    words, = engine.step(FRAME, 2.0)
    assert words.state is State.RESPONSE
    assert engine.seconds['step'] == 200
    assert engine.seconds['sampling'] > 0 and engine.seconds['sampling'] % 100 == 0


def test_an_engines_process_tells_of_its_own():
    make = functools.partial(StreamEngine.from_pretrained, 'nano')
    with EngineProcess(make, 60.0) as engine:
        assert not engine.seconds
        engine.watch('Tell me when the light goes off.')
        engine.step(FRAME, 0.0)
        assert set(engine.seconds) == set(PARTS)
        assert engine.seconds['image_encoder'] > 0 and engine.seconds['step'] > 0
