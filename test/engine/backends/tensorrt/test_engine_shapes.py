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

"""Engines are built for what the stream engine asks for."""

import numpy as np
import pytest

from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.backends.tensorrt.engine_shapes import padded
from streamo_ros.engine.backends.tensorrt.engine_shapes import shapes_of
from streamo_ros.models import load_checkpoint


class Watching(OnnxRuntimeBackend):
    static_shapes = True

    def __init__(self, checkpoint):
        super().__init__(checkpoint)
        self.steps, self.cache, self.grid = [], None, None

    def encode_image(self, patches, grid):
        self.grid = grid
        return super().encode_image(patches, grid)

    def allocate(self, *cache):
        self.cache = cache
        super().allocate(*cache)

    def step(self, first, inputs):
        self.steps.append(inputs)
        return super().step(first, inputs)


@pytest.fixture(scope='module')
def watched():
    checkpoint = load_checkpoint('nano')
    backend = Watching(checkpoint)
    engine = StreamEngine(checkpoint, backend, window_turns=4)
    engine.watch('word ' * 60)
    frame = np.zeros((120, 160, 3), np.uint8)
    for stamp in range(12):
        engine.step(frame, float(stamp))
        if stamp == 5:
            engine.watch('Tell me when something starts moving.')
    return backend, shapes_of(checkpoint, frame.shape[:2], 4)


def test_they_are_what_the_stream_engine_asks_for(watched):
    backend, shapes = watched
    assert (shapes.max_batch, shapes.sink_rows, shapes.ring_rows) == backend.cache
    assert (shapes.grid, shapes.window_turns, shapes.fps) == (backend.grid, 4, 1)
    assert shapes.chunk == max(inputs.embeds.shape[1] for inputs in backend.steps)
    assert shapes.frame == (112, 112)


def test_every_step_of_a_stream_is_within_a_profile(watched):
    backend, shapes = watched
    for inputs in backend.steps:
        batch, chunk = inputs.embeds.shape[:2]
        names = {'embeds': (-1, -1, inputs.embeds.shape[2]), 'opens': (-1, -1),
                 'near_mask': (-1, -1, -1), 'ring_mask': (-1, 2, -1),
                 'ring_key_0': (-1, 2, -1, 64), 'last': (-1,), 'write_index': (-1,)}
        for name, dims in names.items():
            shape = shapes.filled(name, dims, batch, chunk)
            least, _, greatest = shapes.ranges(name, dims)[1 if chunk == 1 else 0]
            assert all(low <= length <= high for low, length, high in zip(
                least, shape, greatest, strict=True)), name
        assert shapes.filled('embeds', (-1, -1, 256), batch, chunk) == inputs.embeds.shape


def test_rows_are_padded_so_that_every_place_is_aligned(watched):
    _, shapes = watched
    assert [padded(rows) for rows in (1, 16, 17, 500)] == [16, 16, 32, 512]
    for name in ('sink_value_3', 'ring_key_0'):
        rows, dim, two_bytes = shapes.fixed(name, (-1, 1, -1, 8))[2:] + (2,)
        assert rows * dim * two_bytes % 256 == 0
