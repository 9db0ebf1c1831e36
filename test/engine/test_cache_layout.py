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

"""What a stream asks of its backend is what its layout says, and no more."""

from dataclasses import replace
import itertools

import numpy as np
import pytest

from streamo_ros.dialogue import AnswerMemoryError
from streamo_ros.dialogue import State
from streamo_ros.engine import cache_layout as cache_layout_module
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.cache_layout import cache_layout
from streamo_ros.models import load_checkpoint

LONGEST_STREAM_S = 10.0**7


class Recording:
    """A backend that computes nothing and keeps what it is asked for; every third turn answers."""

    dtype = np.dtype(np.float32)

    def __init__(self, checkpoint, static_shapes):
        self.static_shapes = static_shapes
        self.allocated, self.grown, self.grids, self.steps = [], [], set(), []
        self._decoder = checkpoint.decoder
        self._turns = itertools.count()

    def encode_image(self, patches, grid):
        self.grids.add(grid)
        return np.zeros(
            (1 + self._decoder.deepstack, grid[0] * grid[1], self._decoder.hidden), np.float32)

    def embed(self, ids):
        return np.zeros((len(ids), self._decoder.hidden), np.float32)

    def compute_logits(self, hidden):
        return np.zeros((len(hidden), self._decoder.vocab), np.float32)

    def allocate(self, *rows):
        self.allocated.append(rows)

    def grow(self, ring_rows):
        self.grown.append(ring_rows)

    def step(self, first, inputs):
        self.steps.append((first, inputs))
        states = np.zeros((len(inputs.lengths), 3), np.float32)
        if inputs.is_new_turn.any():
            states[:, State.RESPONSE if next(self._turns) % 3 == 2 else State.SILENCE] = 1
        return StepOutputs(states, np.zeros((len(states), self._decoder.hidden), np.float32))

    def copy(self, source, target):
        pass

    def copy_sink(self, source, target):
        pass


@pytest.fixture(scope='module')
def checkpoint():
    nano = load_checkpoint('nano')
    return replace(nano, frame=replace(nano.frame, size=None))  # frames of any size


def watch_for_long(engine, camera):
    """Watch in the first second and in the last that rings are sized for, with a full batch."""
    frame = np.zeros((*camera, 3), np.uint8)
    for number in range(3):
        engine.watch('word ' * (10 + 30 * number))
    for stamp in (0.0, *(LONGEST_STREAM_S + np.arange(14) / engine.fps)):
        if len(engine.watches) < 8:
            engine.watch('Tell me when something starts moving.', look_back=True)
        engine.step(frame, stamp)


@pytest.mark.parametrize('static', [False, True], ids=['free', 'static'])
@pytest.mark.parametrize('fps', [1.0, 3.0, 0.5, 7.3])
@pytest.mark.parametrize('camera, window', [
    ((480, 640), 1), ((480, 640), 6), ((1080, 1920), 4), ((7, 5), 4), ((1, 1000), 4)])
def test_a_stream_asks_for_no_shape_that_its_layout_does_not_name(
        checkpoint, camera, window, fps, static):
    backend = Recording(checkpoint, static)
    engine = StreamEngine(
        checkpoint, backend, window_turns=window, fps=fps, max_answer_tokens=5)
    watch_for_long(engine, camera)
    cell = checkpoint.vision.cell
    layout = cache_layout(checkpoint, checkpoint.frame.target(*camera, cell), fps, window)
    assert backend.allocated == [(layout.max_batch, layout.sink_rows, layout.ring_rows)]
    assert not backend.grown
    assert backend.grids == {layout.grid}
    for first, inputs in backend.steps:
        batch, width = inputs.embeds.shape[:2]
        assert first + batch <= layout.max_batch
        # Where shapes are free, the prompt is one chunk.
        assert width <= layout.turn_rows or inputs.into_sink and not static
        assert inputs.ring_mask.shape == (batch, 2, layout.ring_rows)
        assert inputs.sink_chunk_mask.shape[2] - width <= layout.sink_rows
        rows = layout.sink_rows if inputs.into_sink else layout.ring_rows
        assert (inputs.cache_offsets + inputs.lengths <= rows).all()
    # Not a row too many, either: the longest turn is as long as it says.
    assert max(
        int(inputs.lengths.max()) for _, inputs in backend.steps
        if not inputs.into_sink) == layout.turn_rows


def test_a_further_rate_makes_room_for_its_tags_beside_the_first_ones(checkpoint):
    backend = Recording(checkpoint, static_shapes=False)
    engine = StreamEngine(checkpoint, backend, window_turns=4)
    engine.watch('Tell me when something starts moving.')
    engine.step(np.zeros((480, 640, 3), np.uint8), 0.0)
    engine.reconfigure(3.0, Thresholds())
    engine.reconfigure(0.5, Thresholds())
    frame = checkpoint.frame.target(480, 640, checkpoint.vision.cell)
    assert backend.grown == [cache_layout(checkpoint, frame, 3.0, 4).ring_rows]


def test_a_memory_has_rows_of_its_own_and_is_run_once_an_answer(checkpoint):
    backend = Recording(checkpoint, static_shapes=False)
    engine = StreamEngine(checkpoint, backend, window_turns=4, max_answer_tokens=5,
                          memory_tokens=100)
    engine.watch('Tell me when something starts moving.')
    frame = np.zeros((48, 64, 3), np.uint8)
    decided = [engine.step(frame, float(tick))[0] for tick in range(12)]
    size = checkpoint.frame.target(48, 64, checkpoint.vision.cell)
    plain, roomy = (cache_layout(checkpoint, size, 1.0, 4, tokens) for tokens in (0, 100))
    assert roomy == replace(plain, sink_rows=plain.sink_rows + 100)
    assert backend.allocated == [(roomy.max_batch, roomy.sink_rows, roomy.ring_rows)]
    sinks = [inputs for _, inputs in backend.steps if inputs.into_sink]
    answers = sum(decision.state is State.RESPONSE for decision in decided)
    # After the last answer, which the last tick gave, no frame came.
    assert (answers, len(sinks)) == (4, 1 + 3)
    assert len({int(inputs.cache_offsets[0]) for inputs in sinks[1:]}) == 1
    assert all(inputs.lengths[0] <= 100 for inputs in sinks[1:])


def test_a_memory_is_off_unless_the_checkpoint_or_the_user_says_so(checkpoint):
    backend = Recording(checkpoint, static_shapes=False)
    assert StreamEngine(checkpoint, backend).memory_tokens == 0
    trained = replace(checkpoint, memory_tokens=128)
    assert StreamEngine(trained, backend).memory_tokens == 128
    assert StreamEngine(trained, backend, memory_tokens=0).memory_tokens == 0
    with pytest.raises(AnswerMemoryError):
        StreamEngine(checkpoint, backend, memory_tokens=10)


def test_without_a_window_of_ones_own_it_is_the_one_that_was_trained(checkpoint):
    frame = checkpoint.frame.target(480, 640, checkpoint.vision.cell)
    assert cache_layout(checkpoint, frame, 1.0).window_turns == checkpoint.window_turns


def test_rates_that_are_over_cost_nothing(checkpoint, monkeypatch):
    tags = []
    count = cache_layout_module.time_tag
    monkeypatch.setattr(
        cache_layout_module, 'time_tag', lambda *of: tags.append(of) or count(*of))
    engine = StreamEngine(checkpoint, Recording(checkpoint, static_shapes=False), window_turns=4)
    engine.watch('Tell me when something starts moving.')
    engine.step(np.zeros((48, 64, 3), np.uint8), 0.0)
    costs = []
    for number in range(300):
        tags.clear()
        engine.reconfigure(0.1 + number / 10, Thresholds())
        costs.append(len(tags))
    assert set(costs) == {costs[0]}
